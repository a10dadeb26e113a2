"""scripts/poll: the real bot, answered from this machine; here "real" is the stand-in."""

import json
import os
import signal
import threading

import pytest
from telegram_stand_in import ADA, Call, Fault

from telegram_bot_aws.live import poll
from telegram_bot_aws.local.project import ROOT
from tests.support.programs import MAX_SECONDS, Script, copy_of_the_bot, run, save
from tests.support.telegram import OTHER_TOKEN, TOKEN


@pytest.fixture
def bot(tmp_path):
    return copy_of_the_bot(tmp_path / "bot")


@pytest.fixture
def polled(bot, telegram, connections):
    """Run scripts/poll to its end, or until the bot sends a message and `until()` is true.

    Then it is interrupted, before the function knows that Telegram accepted the message. Its output
    must not contain the token.
    """

    def interrupt():
        os.kill(os.getpid(), signal.SIGINT)

    def polled(*arguments, until=None, **environment):
        def watch(event):
            if isinstance(event, Call) and event.method == "sendMessage" and until and until():
                interrupt()

        telegram.watch = watch
        standard = {"TELEGRAM_API_URL": telegram.url, "TELEGRAM_BOT_TOKEN": TOKEN}
        hanging = threading.Timer(MAX_SECONDS, interrupt)
        hanging.start()
        ran = run(poll.main, "--bot", str(bot), *arguments, **{**standard, **environment})
        hanging.cancel()
        for token in (TOKEN, OTHER_TOKEN):
            assert token.partition(":")[2] not in ran.output
        return ran

    return polled


def texts(telegram):
    """Return the texts of the bot's messages that Telegram accepted."""
    return [
        c.params["text"] for c in telegram.calls if c.method == "sendMessage" and c.status == 200
    ]


def wait_for(telegram, *wanted):
    telegram.wait(lambda: texts(telegram)[-len(wanted) :] == list(wanted))


def say(telegram, text):
    telegram.send(telegram.message(text))


def set_webhook(telegram):
    telegram.answer("setWebhook", {"url": "https://example.org/telegram"})


def script(telegram, bot):
    """Start the script itself, for tests that act while it runs."""
    ours = {"TELEGRAM_API_URL": telegram.url, "TELEGRAM_BOT_TOKEN": TOKEN}
    return Script(ROOT, "poll", "--bot", str(bot), **ours)


@pytest.mark.slow
def test_poll_answers_and_follows_saved_changes(telegram, bot):
    (bot / "app").mkdir()
    (bot / "app" / "index.html").touch()
    say(telegram, "before")
    with script(telegram, bot) as polling:
        wait_for(telegram, "Heard: before")
        say(telegram, "while")
        polling.wait_for("update 900000002 · message · answered sendMessage")
        save(bot / "bot.py", "Heard: ", "Noted: ")
        say(telegram, "after")
        wait_for(telegram, "Heard: before", "Heard: while", "Noted: after")
        polling.wait_for("update 900000003")
        assert polling.end(signal.SIGHUP) == 0
    assert telegram.webhook["allowed_updates"] == ["message", "callback_query"]
    assert telegram.pending() == 0
    assert "@echo_bot is answered from here; updates that wait: 1." in polling.output
    assert "the page in app/ isn't served: Telegram requires HTTPS" in polling.output
    assert polling.output.count("loaded in") == 2
    assert "Heard: " not in polling.output  # no text of anybody
    assert TOKEN.partition(":")[2] not in polling.output


COUNTS = """
SESSION: str = "user"
ALLOWED_UPDATES = QUEUED_UPDATES = ["message"]


def reply(update, session):
    session["n"] = session.get("n", 0) + 1
    chat = update["message"]["chat"]["id"]
    return [{"method": "sendMessage", "chat_id": chat, "text": f"{session['n']} messages"}]
"""


def test_session_of_a_queued_update_survives_a_restart(telegram, bot, polled, tmp_path):
    (bot / "bot.py").write_text(COUNTS)
    for text in ("1 messages", "2 messages"):
        say(telegram, "hello")
        ran = polled(
            until=lambda text=text: texts(telegram)[-1:] == [text],
            XDG_STATE_HOME=str(tmp_path / "state"),
        )
        assert ran.code == 0
        steps = [line.split(" · ")[2] for line in ran.output.splitlines() if " · " in line]
        assert steps == ["queued", "answered sendMessage"]
    file = tmp_path / "state" / "telegram-bot" / f"{TOKEN.partition(':')[0]}.json"
    assert f"sessions are kept in {file}" in ran.output
    assert file.stat().st_mode & 0o077 == 0


def test_overdue_call_is_made_at_the_next_start(telegram, polled, tmp_path):
    say(telegram, "hello")  # or there would be no chat
    call = {"method": "sendMessage", "chat_id": ADA["id"], "text": "Tea"}
    file = tmp_path / "telegram-bot" / f"{TOKEN.partition(':')[0]}.schedules.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"once.tea": {"at": 1, "event": {"calls": [call]}}}))
    ran = polled(until=lambda: "Tea" in texts(telegram), XDG_STATE_HOME=str(tmp_path))
    assert ran.code == 0
    assert "at its time · sendMessage · answered" in ran.output
    assert json.loads(file.read_text()) == {}


@pytest.mark.slow
def test_broken_change_loses_no_message(telegram, bot):
    with script(telegram, bot) as polling:
        say(telegram, "hello")
        polling.wait_for("· answered")
        save(bot / "bot.py", "def reply(", "def reply(:")
        say(telegram, "broken")
        polling.wait_for("SyntaxError")
        save(bot / "bot.py", "def reply(:", "def reply(")
        wait_for(telegram, "Heard: hello", "Heard: broken")
        save(
            bot / "bot.py",
            '= message["text"]',
            '= message["text"] + {"fail": 1}.get(message["text"], "")',
        )
        say(telegram, "fail")
        polling.wait_for("TypeError: can only concatenate str")
        say(telegram, "again")
        polling.wait_for("update 900000004")
        assert polling.end(signal.SIGTERM, within=40) == 0  # the long poll takes 50
    assert texts(telegram) == ["Heard: hello", "Heard: broken", "Heard: again"]
    assert telegram.pending() == 0


def test_current_update_is_finished_after_an_interrupt(polled, telegram):
    say(telegram, "hello")
    ran = polled(until=lambda: texts(telegram))
    assert (ran.code, texts(telegram)) == (0, ["Heard: hello"])
    assert telegram.pending() == 0


def test_poll_leaves_a_webhook_alone(polled, telegram):
    set_webhook(telegram)
    ran = polled()
    assert ran.code == 1
    assert "a webhook, https://example.org/telegram, which receives its updates" in ran.output
    assert "scripts/poll --take-over" in ran.output
    assert telegram.webhook["url"] == "https://example.org/telegram"
    assert "deleteWebhook" not in [call.method for call in telegram.calls]


def test_take_over_prints_how_to_restore_the_webhook(polled, telegram, deployed):
    set_webhook(telegram)
    telegram.deliver = lambda *request: (503, {}, "")
    say(telegram, "waiting")
    ran = polled("--take-over", until=lambda: texts(telegram) == ["Heard: waiting"])
    assert ran.code == 0
    assert telegram.webhook["url"] == ""
    assert (
        "The webhook was https://example.org/telegram. To put it back: "
        "terraform apply -replace=module.telegram_bot.aws_lambda_invocation.register_webhook ("
        in ran.output
    )


@pytest.mark.slow
def test_poll_waits_longer_after_each_network_failure(polled, telegram):
    methods = ("getUpdates",)
    telegram.faults.append(Fault("refuse", 1, 502, "Bad Gateway", methods=methods))
    telegram.faults.append(Fault("lost", 1, methods=methods))
    say(telegram, "hello")
    ran = polled(until=lambda: texts(telegram) == ["Heard: hello"])
    assert "retrying in 1 s" in ran.output
    assert "retrying in 2 s" in ran.output
    assert ran.output.count("Telegram can't be reached") == 2


@pytest.mark.slow
def test_interrupted_update_stays_with_telegram(polled, telegram):
    telegram.faults.append(Fault("refuse", 99, 500, "Internal", methods=("sendMessage",)))
    say(telegram, "hello")
    ran = polled(until=lambda: "sendMessage" in [call.method for call in telegram.calls])
    assert (ran.code, telegram.pending()) == (0, 1)
    telegram.faults.clear()
    polled(until=lambda: texts(telegram) == ["Heard: hello"])
    assert telegram.pending() == 0


@pytest.mark.parametrize(
    ("environment", "conflict", "sentence"),
    [
        ({"TELEGRAM_BOT_TOKEN": f" {TOKEN}!"}, "", "TELEGRAM_BOT_TOKEN must be a token"),
        ({"TELEGRAM_BOT_TOKEN": OTHER_TOKEN}, "", "Telegram doesn't know this token"),
        ({"TELEGRAM_API_URL": "http://127.0.0.1:9"}, "", "Telegram can't be reached"),
        ({}, "terminated by other getUpdates request", "another program polls this bot"),
        ({}, "can't use getUpdates while webhook is active", "somebody has set a webhook"),
    ],
    ids=["no token", "unknown token", "no network", "another program", "a webhook"],
)
def test_poll_explains_why_it_ends(polled, telegram, environment, conflict, sentence):
    if conflict:
        methods = ("getUpdates",)
        telegram.faults.append(Fault("refuse", 1, 409, f"Conflict: {conflict}", methods=methods))
    ran = polled(**environment)
    assert ran.code == 1
    assert f"scripts/poll: {sentence}" in ran.output
