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

from acceptance import starts
from acceptance.world import World

ONLY_REAL = "only real AWS answers this"
EXTRAS: dict[str, Any] = {
    "failed_retention_in_days": 1,
    "later": True,
    "queue": True,
    "session_retention_in_days": 1,
}
RETRIES_SECONDS = 75  # enough for several; Telegram keeps a tap for 150
ALARM_SECONDS = 600
PAUSE_SECONDS = 1.2  # between messages while a release goes on: Telegram takes about one a second
MEASURED_SECONDS = 60  # after a release, in which the previous version may still answer
BURST = 30  # messages


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


@step("a wrong secret gets a 401 and no answer", "security.md")
def a_stranger_is_refused(world: World) -> None:
    for secret in ("", "wrong", world.secret + "x"):
        expect("status", world.write("let me in", secret)[1], 401)
    expect("answers", world.heard(), [])


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
    at = [second / 1000 for second in world.refused_at()[3:]]  # after those of the strangers
    if at:
        pauses = [f"{after - before:.0f}" for before, after in zip(at, at[1:], strict=False)]
        world.figures["Telegram's pauses before its retries, s"] = ", ".join(pauses)


# Releases.


@step(
    "the apply fails and names the line, and the previous version answers",
    "how-to/roll-back.md",
)
def a_broken_release_is_refused(world: World) -> None:
    world.write_bot("plain", "broken", broken=True)
    expect_in("the refusal", "ZeroDivisionError: division by zero at bot.py:1", world.refusal())
    expect_answer(world, "still there?", "first")


@step("the new version answers, and the webhook stays", "how-to/roll-back.md")
def a_good_release_answers(world: World) -> None:
    before = world.webhook()["url"]
    world.write_bot("plain", "second")
    world.apply()
    expect("webhook", world.webhook()["url"], before)
    expect_answer(world, "hello", "second")


@step("each update that comes during a release is answered once", "delivery.md")
def a_release_loses_no_update(world: World) -> None:
    world.write_bot("plain", "third")
    with written(world) as told:
        world.apply()
        enough = len(told) + 2  # when the last of them begins, one has come wholly after the apply
        for _ in world.looks():
            if len(told) >= enough:
                break
        time.sleep(MEASURED_SECONDS if world.account.is_real else 0)
    heard = world.heard(len(told))
    texts = [text.partition(": ")[2] for text in heard]
    expect("texts", sorted(texts, key=int), [f"{number}" for number in range(len(told))])
    by = {text: version for version, _, text in (each.partition(": ") for each in heard)}
    new = [number for number in range(len(told)) if by[f"{number}"] == "third"]
    old = [number for number in range(len(told)) if by[f"{number}"] == "second"]
    if not (new and old):
        raise Differs(f"all {len(told)} updates were answered by {heard[0].partition(':')[0]}")
    lag = max(0.0, told[old[-1]] - told[new[0]])
    world.figures["the previous version answers after the new one's first answer, s"] = f"{lag:.1f}"


@contextlib.contextmanager
def written(world: World) -> Iterator[list[float]]:
    """Write 0, 1, 2 … until the block ends. Yields when each was written."""
    told: list[float] = []
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            told.append(time.monotonic())
            world.write(f"{len(told) - 1}")
            over.wait(PAUSE_SECONDS)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            yield told
        finally:
            over.set()
        writing.result()


@step("the version of `release` answers again", "how-to/roll-back.md")
def an_older_version_answers_again(world: World) -> None:
    older = world.live_version() - 1
    world.apply(release=older)
    expect("live version", world.live_version(), older)
    expect_answer(world, "hello", "second")


# With all that costs something.


@step("queue, sessions, failed updates, calls for later and alarms are made", "inputs.md")
def extras_are_applied(world: World) -> None:
    world.write_bot("everything", "extras")
    # CloudWatch takes a topic that doesn't exist: nobody is to be woken.
    topic = f"arn:aws:sns:{world.account.region}:{world.output('function_arn').split(':')[4]}:none"
    world.apply(release=None, alarm_actions=[topic], **EXTRAS)
    expect("alarms are there", {"bot_failed", "queue_waits"} <= {*world.alarms()}, True)
    expect("what a plan changes", world.planned(), [])


@step("a chat's updates are answered in order, and its session counts them", "how-to/queue.md")
def a_queue_keeps_the_order(world: World) -> None:
    sent = [world.write(text) for text in ["count"] * 3]
    expect("statuses", [status for _, status in sent], [200] * 3)
    expect("answers", world.heard(3), ["extras: count 1", "extras: count 2", "extras: count 3"])
    update, _ = sent[-1]
    expect("outcomes in the log", world.outcomes(update, 2), ["queued", "answered"])


@step("a call is made when the bot wanted it", "how-to/remind.md")
def a_call_for_later_is_made(world: World) -> None:
    world.write("later")
    expect("answers", world.heard(2), ["extras: later", "extras: it is later"])


@step("an update at which bot.py raises is kept, and the chat goes on", "how-to/replay.md")
def what_failed_is_kept(world: World) -> None:
    update, status = world.write("fail")
    expect("status", status, 200)
    expect("outcomes in the log", world.outcomes(update, 2), ["queued", "bot_failed"])
    lag = world.waiting("failed_queue_url", 1)
    world.figures["SQS counts a message after, s"] = f"{lag:.1f}"
    world.write("and then")
    expect("answers", world.heard(1), ["extras: and then"])


@step("`bot_failed` goes off, and no other alarm", "how-to/alarms.md")
def an_alarm_goes_off(world: World) -> None:
    if not world.account.is_real:
        raise Skipped(ONLY_REAL)
    end = time.monotonic() + ALARM_SECONDS
    while world.alarms().get("bot_failed") != "ALARM" and time.monotonic() < end:
        time.sleep(10)
    on = {name for name, state in world.alarms().items() if state == "ALARM"}
    expect("alarms that are on", on - {"failed"}, {"bot_failed"})  # "failed" counts what is kept


@step("after the repair a replay answers it, and nothing is kept any more", "how-to/replay.md")
def what_failed_is_replayed(world: World) -> None:
    world.write_bot("everything", "repaired")
    world.apply()
    done = {"done": 1, "failed": 0, "error": None, "more": False}
    expect("the replay's result", world.replay(), done)
    expect("answers", world.heard(1), ["repaired: fail"])
    lag = world.waiting("failed_queue_url", 0)
    world.figures["SQS counts no message after, s"] = f"{lag:.1f}"


@step("the old secret is refused, the new one isn't", "how-to/token.md#change-the-webhooks-secret")
def the_secret_is_changed(world: World) -> None:
    old = world.secret
    world.apply("-replace=terraform_data.webhook_secret")
    expect("status with the old secret", world.write("old", old)[1], 401)
    expect("status with the new one", world.write("new")[1], 200)
    expect("answers", world.heard(1), ["repaired: new"])


@step("the bot answers with a token in Parameter Store, and the state has none", "how-to/token.md")
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
    world.apply(queue=False)
    expect("answers", world.heard(2), ["repaired: one", "repaired: two"])
    expect_answer(world, "three", "repaired")


# What goes wrong.


@step("after an apply that was killed the bot answers, and the next apply goes on", "runbook.md")
def a_killed_apply_is_finished(world: World) -> None:
    world.write_bot("everything", "survived")
    if not world.kill_apply("aws_lambda_function.this: Modif"):
        raise Differs("the apply ended without changing the function")
    expect("status meanwhile", world.write("meanwhile")[1], 200)
    expect("there is an answer", [text[-11:] for text in world.heard(1)], [": meanwhile"])
    world.apply()
    expect_answer(world, "again", "survived")
    expect("what a plan changes", world.planned(), [])


@step("an apply makes a deleted role again, and the bot answers", "runbook.md")
def a_deleted_role_comes_back(world: World) -> None:
    world.delete_role()
    world.apply()
    expect_answer(world, "back?", "survived")


# Figures.


@step("first and warm answers are measured, with 128 and 256 MB", "performance.md")
def starts_are_measured(world: World) -> None:
    starts.measure(world)
    if not world.account.is_real:
        raise Skipped(ONLY_REAL)
    if not any("Init Duration" in name for name in world.figures):
        raise Differs("Lambda's log has no REPORT lines")


@step("it is measured how long, and the apply waits for it", "how-to/vpc.md")
def a_version_in_a_vpc_is_pending(world: World) -> None:
    if not world.account.vpc:
        raise Skipped("give --subnet and --security-group of a VPC to measure it")
    world.write_bot("everything", "in a VPC")
    with starts.pending(world) as seconds:
        refusal = world.refusal(vpc=world.account.vpc)
    world.figures["a version in a VPC is Pending, s"] = f"{seconds[0]:.0f}"
    world.apply(vpc=None)
    # Without a NAT gateway its check doesn't reach Telegram.
    if refusal and "Telegram" not in refusal:
        raise Differs(refusal)


@step(
    "messages are sent at once, until Telegram refuses one", "limits.md#how-often-a-bot-may-write"
)
def telegram_limits_a_burst(world: World) -> None:
    world.figures[f"of {BURST} messages at once Telegram takes"] = world.burst(BURST)
    if not world.account.is_real:
        raise Skipped(ONLY_REAL)


# The end.


@step("a destroy removes the webhook and all resources", "how-to/delete.md")
def a_destroy_leaves_nothing(world: World) -> None:
    world.destroy()
    expect("webhook", world.webhook()["url"], "")
    expect("left", [f"{each}" for each in world.left()], [])
