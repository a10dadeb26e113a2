"""The steps of scripts/dev accept, in their order. Each returns if all is as the pages say.

Otherwise it raises Differs, or Skipped if it could not be tried.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from acceptance.world import World

EXTRAS: dict[str, Any] = {"queue": True, "session_retention_in_days": 1}
RETRIES_SECONDS = 75  # enough for several; Telegram keeps a tap for 150
ALARM_SECONDS = 600
PAUSE_SECONDS = 1.2  # between messages while a release goes on: Telegram takes about one a second
CALM_SECONDS = 60  # after a release, in which the previous version may still answer


class Differs(Exception):
    """The deployment isn't as the pages say. The text says how."""


class Skipped(Exception):
    """The step could not be tried. The text says why."""


class Step(NamedTuple):
    """What is tried: what it `expects`, in words, and the page of docs/ that says so."""

    name: str
    expects: str
    page: str
    run: Callable[[World], None]


STEPS: list[Step] = []


def step(expects: str, page: str) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
    """Add a function to the steps. Its name is the step's."""

    def add(run: Callable[[World], None]) -> Callable[[World], None]:
        STEPS.append(Step(run.__name__.replace("_", " "), expects, page, run))
        return run

    return add


def expect(what: str, found: Any, wanted: Any) -> None:
    """Raise Differs unless what was found is what the pages say."""
    if found != wanted:
        raise Differs(f"{what}: {found!r}, not {wanted!r}")


def expect_in(what: str, wanted: str, found: str) -> None:
    if wanted not in found:
        raise Differs(f"{what} must contain {wanted!r}: {found or 'nothing'}")


def expect_answer(world: World, text: str, says: str) -> None:
    """Write a text: the update must get a 200, be answered once, and leave a line in the log."""
    update, status = world.write(text)
    expect("status", status, 200)
    expect("answers", world.heard(1), [f"{says}: {text}"])
    expect("outcomes in the log", world.outcomes(update)[-1:], ["answered"])


# With the defaults.


@step("the webhook is registered, and a plan then changes nothing", "first-bot.md")
def defaults_are_applied(world: World) -> None:
    world.heard()
    world.write_bot("plain", "first")
    world.apply()
    expect("webhook", world.webhook()["url"], world.url)
    expect("what a plan changes", world.planned(), [])


@step("an update gets a 200, one answer, and `answered` in the log", "reference.md#the-log")
def an_update_is_answered(world: World) -> None:
    expect_answer(world, "hello", "first")


@step("Telegram retries a tap that got a 401, and it is answered", "delivery.md")
def telegram_retries_a_tap(world: World) -> None:
    secret = world.secret
    world.set_webhook("wrong")
    try:
        expect("status", world.write("button")[1], 200)
        if not world.await_press():
            expect("answers", world.heard(), ["first: button"])
            if world.account.press:
                raise Differs("Telegram names no delivery that failed")
            raise Skipped("nobody pressed the button")
        if world.account.is_real:
            time.sleep(RETRIES_SECONDS)
    finally:
        world.set_webhook(secret)
    expect("answers", world.heard(2), ["first: button", "first: pressed"])


# Releases.


@step("each update that comes during a release is answered once", "delivery.md")
def a_release_loses_no_update(world: World) -> None:
    before = world.webhook()["url"]
    world.write_bot("plain", "second")
    with written(world) as told:
        world.apply()
        enough = len(told) + 2  # when the last of them begins, one has come wholly after the apply
        for _ in world.looks():
            if len(told) >= enough:
                break
        time.sleep(CALM_SECONDS if world.account.is_real else 0)
    heard = [text.partition(": ") for text in world.heard(len(told))]
    texts = sorted((text for _, _, text in heard), key=int)
    expect("texts", texts, [f"{number}" for number in range(len(told))])
    expect("versions that answered", {version for version, _, _ in heard}, {"first", "second"})
    expect("webhook", world.webhook()["url"], before)


@step("the former version answers again once the alias names it", "runbook.md#first")
def a_roll_back_answers(world: World) -> None:
    world.move_alias(world.live_version() - 1)
    expect_answer(world, "hello", "first")


@contextlib.contextmanager
def written(world: World) -> Iterator[list[str]]:
    """Write 0, 1, 2 … until the block ends. Yields these texts."""
    told: list[str] = []
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            told.append(f"{len(told)}")
            world.write(told[-1])
            over.wait(PAUSE_SECONDS)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            yield told
        finally:
            over.set()
        writing.result()


@step(
    "the apply fails and names the line, and the previous version answers",
    "runbook.md#first",
)
def a_broken_release_is_refused(world: World) -> None:
    world.write_bot("plain", "broken", broken=True)
    expect_in("the refusal", "ZeroDivisionError: division by zero at bot.py:1", world.refusal())
    expect_answer(world, "still there?", "first")


# With all that costs something.


@step("a queue, sessions and alarms are made", "inputs.md")
def extras_are_applied(world: World) -> None:
    world.write_bot("everything", "extras")
    # CloudWatch takes a topic that doesn't exist: nobody is to be woken.
    account = world.output("function_alias_arn").split(":")[4]
    topic = f"arn:aws:sns:{world.account.region}:{account}:none"
    world.apply(alarm_actions=[topic], **EXTRAS)
    expect("alarms are there", "dead_letters" in world.alarms(), True)
    expect("what a plan changes", world.planned(), [])


@step("a chat's updates are answered in order, and its session counts them", "how-to/queue.md")
def a_queue_keeps_the_order(world: World) -> None:
    sent = [world.write(text) for text in ["count"] * 3]
    expect("statuses", [status for _, status in sent], [200] * 3)
    expect("answers", world.heard(3), ["extras: count 1", "extras: count 2", "extras: count 3"])
    update, _ = sent[-1]
    expect("outcomes in the log", world.outcomes(update, 2), ["queued", "answered"])


@step("a call is made when the bot wanted it", "how-to/schedule.md")
def a_call_for_later_is_made(world: World) -> None:
    world.write("later")
    expect("answers", world.heard(2), ["extras: later", "extras: it is later"])


@step("an update at which bot.py raises is kept, and the chat goes on", "how-to/queue.md")
def a_failed_update_is_kept(world: World) -> None:
    update, status = world.write("fail")
    expect("status", status, 200)
    expect("outcomes in the log", world.outcomes(update, 2), ["queued", "bot_error"])
    world.await_dead_letters(1)
    world.write("and then")
    expect("answers", world.heard(1), ["extras: and then"])


@step("the alarm of dead letters goes off", "monitoring.md#alarms")
def an_alarm_goes_off(world: World) -> None:
    if not world.account.is_real:
        raise Skipped("only real AWS answers this")
    end = time.monotonic() + ALARM_SECONDS
    while world.alarms()["dead_letters"] != "ALARM":
        if time.monotonic() > end:
            raise Differs("it is silent")
        time.sleep(10)


@step("after the repair a redrive answers it, and nothing is kept any more", "how-to/queue.md")
def a_redrive_answers(world: World) -> None:
    world.write_bot("everything", "repaired")
    world.apply()
    world.redrive()
    expect("answers", world.heard(1), ["repaired: fail"])
    world.await_dead_letters(0)


@step(
    "the bot answers with a token in Parameter Store, and the state has none", "deploy.md#the-token"
)
def the_token_moves(world: World) -> None:
    world.store_token()
    world.apply(telegram_bot_token=None, telegram_bot_token_parameter=world.parameter)
    expect("the token is in the state", world.account.token in world.state(), False)
    world.write("hello")
    expect("answers", world.heard(1), ["repaired: hello"])


@step("updates in the queue are answered before it goes, later ones at once", "how-to/queue.md")
def the_queue_goes(world: World) -> None:
    for text in ("one", "two"):
        world.write(text)
    world.write_bot("plain", "last")
    world.apply()
    world.apply(queue=False)
    answers = [text.partition(": ")[2] for text in world.heard(2)]
    expect("answers", answers, ["one", "two"])
    expect_answer(world, "three", "last")


# The end.


@step("a destroy removes the webhook and all resources", "deploy.md#destroy")
def a_destroy_leaves_nothing(world: World) -> None:
    world.destroy()
    expect("webhook", world.webhook()["url"], "")
    expect("left", [f"{each}" for each in world.left()], [])
