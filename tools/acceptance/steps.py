"""The steps of scripts/dev accept, in their order. Each returns if all is as the pages say,
and raises Differs otherwise.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from acceptance.deployment import Deployment

EXTRAS: dict[str, Any] = {"queue": True, "session_retention_in_days": 1}
ALARM_SECONDS = 600
PAUSE_SECONDS = 1.2  # between messages while a release goes on: Telegram takes about one a second
CALM_SECONDS = 60  # after a release, in which the previous version may still answer


class Differs(Exception):
    """The deployment isn't as the pages say. The text says how."""


class Step(NamedTuple):
    """What is tried: what it `expects`, in words, and the page of docs/ that says so.

    Some of it the emulated AWS can't answer: only a real account `is_real`.
    """

    name: str
    expects: str
    page: str
    run: Callable[[Deployment], None]
    is_real: bool = False


STEPS: list[Step] = []


def step(
    expects: str, page: str, is_real: bool = False
) -> Callable[[Callable[[Deployment], None]], None]:
    """Add a function to the steps. Its name is the step's."""

    def add(run: Callable[[Deployment], None]) -> None:
        STEPS.append(Step(run.__name__.replace("_", " "), expects, page, run, is_real))

    return add


def expect(what: str, found: Any, wanted: Any) -> None:
    """Raise Differs unless what was found is what the pages say."""
    if found != wanted:
        raise Differs(f"{what}: {found!r}, not {wanted!r}")


def expect_answer(deployment: Deployment, text: str, says: str) -> None:
    """Write a text: the update must get a 200, be answered once, and leave a line in the log."""
    update, status = deployment.write(text)
    expect("status", status, 200)
    expect("answers", deployment.heard(1), [f"{says}: {text}"])
    expect("outcomes in the log", deployment.outcomes(update)[-1:], ["answered"])


# With the defaults.


@step("the webhook is registered, and a plan then changes nothing", "first-bot.md")
def defaults_are_applied(deployment: Deployment) -> None:
    deployment.heard()
    deployment.write_bot("plain", "first")
    deployment.apply()
    expect("webhook", deployment.webhook()["url"], deployment.url)
    expect("what a plan changes", deployment.module.planned(), {})


@step("an update gets a 200, one answer, and `answered` in the log", "reference.md#the-log")
def an_update_is_answered(deployment: Deployment) -> None:
    expect_answer(deployment, "hello", "first")


# Releases.


@step("each update that comes during a release is answered once", "delivery.md")
def a_release_loses_no_update(deployment: Deployment) -> None:
    before = deployment.webhook()["url"]
    deployment.write_bot("plain", "second")
    with written(deployment) as told:
        deployment.apply()
        enough = len(told) + 2  # when the last of them begins, one has come wholly after the apply
        for _ in deployment.looks():
            if len(told) >= enough:
                break
        time.sleep(CALM_SECONDS if deployment.account.is_real else 0)
    heard = [text.partition(": ") for text in deployment.heard(len(told))]
    texts = sorted((text for _, _, text in heard), key=int)
    expect("texts", texts, [f"{number}" for number in range(len(told))])
    expect("versions that answered", {version for version, _, _ in heard}, {"first", "second"})
    expect("webhook", deployment.webhook()["url"], before)


@step("the former version answers again once the alias names it", "runbook.md#first")
def a_roll_back_answers(deployment: Deployment) -> None:
    functions, live = deployment.aws("lambda"), {"FunctionName": deployment.name, "Name": "live"}
    version = int(functions.get_alias(**live)["FunctionVersion"])
    functions.update_alias(**live, FunctionVersion=f"{version - 1}")
    expect_answer(deployment, "hello", "first")


@contextlib.contextmanager
def written(deployment: Deployment) -> Iterator[list[str]]:
    """Write 0, 1, 2 … until the block ends. Yields these texts."""
    told: list[str] = []
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            told.append(f"{len(told)}")
            deployment.write(told[-1])
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
def a_broken_release_is_refused(deployment: Deployment) -> None:
    deployment.write_bot("plain", "broken", broken=True)
    said = deployment.refusal()
    error = "ZeroDivisionError: division by zero at bot.py:1"
    expect("the error", error if error in said else said, error)
    expect_answer(deployment, "still there?", "first")


# With all that costs something.


@step("a queue, sessions and alarms are made", "inputs.md")
def extras_are_applied(deployment: Deployment) -> None:
    deployment.write_bot("everything", "extras")
    # CloudWatch takes a topic that doesn't exist: nobody is to be woken.
    account = deployment.output("function_alias_arn").split(":")[4]
    topic = f"arn:aws:sns:{deployment.account.region}:{account}:none"
    deployment.apply(alarm_actions=[topic], **EXTRAS)
    expect("alarms are there", "dead_letters" in deployment.alarms(), True)
    expect("what a plan changes", deployment.module.planned(), {})


@step("a chat's updates are answered in order, and its session counts them", "how-to/queue.md")
def a_queue_keeps_the_order(deployment: Deployment) -> None:
    sent = [deployment.write(text) for text in ["count"] * 3]
    expect("statuses", [status for _, status in sent], [200] * 3)
    expect(
        "answers", deployment.heard(3), ["extras: count 1", "extras: count 2", "extras: count 3"]
    )
    update, _ = sent[-1]
    expect("outcomes in the log", deployment.outcomes(update, 2), ["queued", "answered"])


@step("a call is made when the bot wanted it", "how-to/schedule.md")
def a_call_for_later_is_made(deployment: Deployment) -> None:
    deployment.write("later")
    expect("answers", deployment.heard(2), ["extras: later", "extras: it is later"])


@step("an update at which bot.py raises is kept, and the chat goes on", "how-to/queue.md")
def a_failed_update_is_kept(deployment: Deployment) -> None:
    update, status = deployment.write("fail")
    expect("status", status, 200)
    expect("outcomes in the log", deployment.outcomes(update, 2), ["queued", "bot_error"])
    deployment.await_dead_letters(1)
    deployment.write("and then")
    expect("answers", deployment.heard(1), ["extras: and then"])


@step("the alarm of dead letters goes off", "monitoring.md#alarms", is_real=True)
def an_alarm_goes_off(deployment: Deployment) -> None:
    end = time.monotonic() + ALARM_SECONDS
    while deployment.alarms()["dead_letters"] != "ALARM":
        if time.monotonic() > end:
            raise Differs("it is silent")
        time.sleep(10)


@step("after the repair a redrive answers it, and nothing is kept any more", "how-to/queue.md")
def a_redrive_answers(deployment: Deployment) -> None:
    deployment.write_bot("everything", "repaired")
    deployment.apply()
    deployment.redrive()
    expect("answers", deployment.heard(1), ["repaired: fail"])
    deployment.await_dead_letters(0)


@step(
    "the bot answers with a token in Parameter Store, and the state has none", "deploy.md#the-token"
)
def the_token_moves(deployment: Deployment) -> None:
    token, name = deployment.account.token, deployment.parameter
    about = {"Name": name, "Value": token, "Type": "SecureString", "Overwrite": True}
    deployment.aws("ssm").put_parameter(**about)
    deployment.apply(telegram_bot_token=None, telegram_bot_token_parameter=name)
    state = (deployment.module.folder / "terraform.tfstate").read_text()
    expect("the token is in the state", token in state, False)
    deployment.write("hello")
    expect("answers", deployment.heard(1), ["repaired: hello"])


@step("updates in the queue are answered before it goes, later ones at once", "how-to/queue.md")
def the_queue_goes(deployment: Deployment) -> None:
    for text in ("one", "two"):
        deployment.write(text)
    deployment.write_bot("plain", "last")
    deployment.apply()
    deployment.apply(queue=False)
    answers = [text.partition(": ")[2] for text in deployment.heard(2)]
    expect("answers", answers, ["one", "two"])
    expect_answer(deployment, "three", "last")


# The end.


@step("a destroy removes the webhook and all resources", "deploy.md#destroy")
def a_destroy_leaves_nothing(deployment: Deployment) -> None:
    deployment.destroy()
    expect("webhook", deployment.webhook()["url"], "")
    expect("left", [f"{each}" for each in deployment.left()], [])
