"""scripts/poll: the real bot, answered from this machine; here "real" is the stand-in."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from emulators.telegram import Call, Delivery, Fault, Server, Telegram

from tests.support.programs import Script, copy_of_the_project, edit
from tests.support.telegram import OTHER_TOKEN, TOKEN

Start = Callable[..., Script]


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    telegram = Telegram(TOKEN)
    with Server(telegram):
        yield telegram


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_of_the_project(tmp_path)


@pytest.fixture
def poll(project: Path, telegram: Telegram) -> Iterator[Start]:
    """Start scripts/poll; whatever it writes, the token is not in it."""
    started: list[Script] = []

    def start(*arguments: str, **environment: str) -> Script:
        standard = {"TELEGRAM_API_URL": telegram.url, "TELEGRAM_BOT_TOKEN": TOKEN}
        started.append(Script(project, "poll", *arguments, **{**standard, **environment}))
        return started[-1]

    yield start
    for script in started:
        script.__exit__()
        assert TOKEN.partition(":")[2] not in script.output


def texts(telegram: Telegram) -> list[str]:
    """Return the texts of the messages that Telegram took from the bot."""
    return [
        c.params["text"] for c in telegram.calls if c.method == "sendMessage" and c.status == 200
    ]


def wait_for(telegram: Telegram, *wanted: str) -> None:
    telegram.wait(lambda: texts(telegram)[-len(wanted) :] == list(wanted))


def say(telegram: Telegram, text: str) -> None:
    telegram.send(telegram.message(text))


def set_webhook(telegram: Telegram) -> None:
    telegram.answer("setWebhook", {"url": "https://example.org/telegram"})


def test_messages_are_answered(poll: Start, telegram: Telegram) -> None:
    say(telegram, "before")
    script = poll()
    wait_for(telegram, "Heard: before")
    say(telegram, "while")
    wait_for(telegram, "Heard: before", "Heard: while")
    script.wait_for("update 900000002 · message · answered sendMessage")
    assert script.end(signal.SIGINT) == 0
    assert "Heard: " not in script.output  # nor anything else that somebody wrote
    assert "@echo_bot is answered from here; 1 updates wait" in script.output


def test_a_page_is_not_served_and_that_is_said(
    poll: Start, telegram: Telegram, project: Path
) -> None:
    (project / "lambda" / "app").mkdir()
    (project / "lambda" / "app" / "index.html").touch()
    script = poll()
    script.wait_for("the page in app/ isn't served: Telegram requires HTTPS")
    say(telegram, "hello")
    wait_for(telegram, "Heard: hello")


def test_what_is_handled_is_asked_for(poll: Start, telegram: Telegram) -> None:
    poll()
    say(telegram, "hello")
    wait_for(telegram, "Heard: hello")
    assert telegram.webhook["allowed_updates"] == ["message", "callback_query"]


def test_a_kind_of_update_that_does_not_exist_is_told(poll: Start, project: Path) -> None:
    edit(project, "HANDLED = ", "HANDLED = ['mesage'] or ")
    poll().wait_for("scripts/poll: HANDLED has mesage: ")


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_answered_twice_after_a_clean_end(
    poll: Start, telegram: Telegram, kind: signal.Signals
) -> None:
    script = poll()
    say(telegram, "hello")
    script.wait_for("· answered")
    assert script.end(kind, within=20) == 0  # long before Telegram would end the long poll
    assert telegram.pending() == 0
    again = poll()
    say(telegram, "again")
    again.wait_for("· answered")
    assert texts(telegram) == ["Heard: hello", "Heard: again"]


def test_an_update_that_is_being_answered_is_finished_first(
    poll: Start, telegram: Telegram
) -> None:
    script = poll()
    script.wait_for("Ctrl-C ends this")

    def interrupt(event: Call | Delivery) -> None:
        if isinstance(event, Call) and event.method == "sendMessage":
            script.process.send_signal(signal.SIGINT)

    telegram.watch = interrupt  # when the call was carried out, before it is answered
    say(telegram, "hello")
    assert script.end() == 0
    assert texts(telegram) == ["Heard: hello"]
    assert telegram.pending() == 0


def test_a_webhook_is_left_alone(poll: Start, telegram: Telegram) -> None:
    set_webhook(telegram)
    script = poll()
    assert script.end() == 1
    assert "a webhook, https://example.org/telegram, which receives its updates" in script.output
    assert "scripts/poll --take-over" in script.output
    assert telegram.webhook["url"] == "https://example.org/telegram"
    assert "deleteWebhook" not in [call.method for call in telegram.calls]


def test_a_webhook_is_taken_over_and_how_to_put_it_back_is_said(
    poll: Start, telegram: Telegram
) -> None:
    set_webhook(telegram)
    telegram.deliver = lambda *request: (503, {}, "")
    say(telegram, "waiting")
    script = poll("--take-over")
    wait_for(telegram, "Heard: waiting")
    script.wait_for("· answered")
    assert script.end(signal.SIGINT) == 0
    assert telegram.webhook["url"] == ""
    assert (
        "The webhook was https://example.org/telegram. To put it back: "
        "terraform apply -replace=aws_lambda_invocation.webhook (if a configuration calls "
        "the module, with module.NAME. before the address)" in script.output
    )


def test_network_failures_are_waited_out(poll: Start, telegram: Telegram) -> None:
    methods = ("getUpdates",)
    telegram.faults.append(Fault("refuse", 1, 502, "Bad Gateway", methods=methods))
    telegram.faults.append(Fault("lost", 1, methods=methods))
    say(telegram, "hello")
    script = poll()
    script.wait_for("tried again in 1 s")
    script.wait_for("tried again in 2 s")
    wait_for(telegram, "Heard: hello")
    assert script.output.count("Telegram can't be reached") == 2


def test_a_throttled_answer_comes_later_and_once(poll: Start, telegram: Telegram) -> None:
    methods = ("sendMessage",)
    telegram.faults.append(
        Fault("refuse", 1, 429, "Too Many Requests", {"retry_after": 1}, methods)
    )
    script = poll()
    say(telegram, "one")
    say(telegram, "two")
    script.wait_for("is not answered yet: throttled")
    script.wait_for("tried again in 1 s")
    wait_for(telegram, "Heard: one", "Heard: two")
    script.wait_for("update 900000002")
    assert len(texts(telegram)) == 2


def test_an_answer_whose_reply_was_lost_is_given_again(poll: Start, telegram: Telegram) -> None:
    telegram.faults.append(Fault("lost", 1, methods=("sendMessage",)))
    poll()
    say(telegram, "hello")
    wait_for(telegram, "Heard: hello", "Heard: hello")


def test_an_interrupted_update_stays_with_telegram(poll: Start, telegram: Telegram) -> None:
    telegram.faults.append(Fault("refuse", 99, 500, "Internal", methods=("sendMessage",)))
    script = poll()
    say(telegram, "hello")
    script.wait_for("is not answered yet")
    assert script.end(signal.SIGINT) == 0
    assert telegram.pending() == 1
    telegram.faults.clear()
    poll()
    wait_for(telegram, "Heard: hello")


def test_a_saved_change_is_live_at_the_next_message(
    poll: Start, telegram: Telegram, project: Path
) -> None:
    script = poll()
    say(telegram, "hello")
    wait_for(telegram, "Heard: hello")
    edit(project, "Heard: ", "Noted: ")
    say(telegram, "hello")
    wait_for(telegram, "Noted: hello")
    script.wait_for("loaded in")


def test_a_broken_change_is_told_and_costs_no_message(
    poll: Start, telegram: Telegram, project: Path
) -> None:
    script = poll()
    say(telegram, "hello")
    script.wait_for("· answered")
    edit(project, "def reply(", "def reply(:")
    say(telegram, "broken")
    script.wait_for("SyntaxError")
    edit(project, "def reply(:", "def reply(")
    wait_for(telegram, "Heard: hello", "Heard: broken")


def test_a_bot_that_fails_shows_where_and_goes_on(
    poll: Start, telegram: Telegram, project: Path
) -> None:
    edit(
        project,
        'text = message["text"]',
        'text = message["text"] + {"fail": 1}.get(message["text"], "")',
    )
    script = poll()
    say(telegram, "fail")
    script.wait_for("TypeError: can only concatenate str")
    say(telegram, "hello")
    wait_for(telegram, "Heard: hello")


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"TELEGRAM_BOT_TOKEN": ""}, "TELEGRAM_BOT_TOKEN is not set"),
        ({"TELEGRAM_BOT_TOKEN": f" {TOKEN}!"}, "does not look like a token"),
        ({"TELEGRAM_BOT_TOKEN": OTHER_TOKEN}, "Telegram doesn't know this token"),
        ({"TELEGRAM_API_URL": "http://127.0.0.1:9"}, "Telegram can't be reached"),
    ],
    ids=["no token", "no shape", "unknown token", "no network"],
)
def test_what_cannot_work_is_said_in_a_sentence(
    poll: Start, environment: dict[str, str], sentence: str
) -> None:
    script = poll(**environment)
    assert script.end() == 1
    assert sentence in script.output
    assert "Traceback" not in script.output
    assert OTHER_TOKEN.partition(":")[2] not in script.output


@pytest.mark.parametrize(
    ("description", "sentence"),
    [
        (
            "Conflict: terminated by other getUpdates request; "
            "make sure that only one bot instance is running",
            "another program polls this bot",
        ),
        (
            "Conflict: can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first",
            "a webhook was set meanwhile",
        ),
    ],
    ids=["another program", "a webhook"],
)
def test_a_conflict_ends_it(
    poll: Start, telegram: Telegram, description: str, sentence: str
) -> None:
    telegram.faults.append(Fault("refuse", 1, 409, description, methods=("getUpdates",)))
    script = poll()
    assert script.end() == 1
    assert f"scripts/poll: {sentence}" in script.output
