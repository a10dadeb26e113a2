"""scripts/poll: the real bot, answered from this machine; here "real" is the stand-in."""

import json
import os
import re
import signal
import threading

import pytest
from telegram_stand_in import Call, Fault

from telegram_bot_aws.live import poll
from telegram_bot_aws.local.project import ROOT
from tests.support.programs import MAX_SECONDS, Script, copy_of_the_bot, run, save
from tests.support.telegram import CHAT, OTHER_TOKEN, TOKEN, say

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # a process would end


WEBHOOK = "https://example.org/telegram"


@pytest.fixture
def bot(tmp_path):
    return copy_of_the_bot(tmp_path / "bot")


@pytest.fixture
def ours(telegram):
    """The operator's variables."""
    return {"TELEGRAM_API_URL": telegram.url, "TELEGRAM_BOT_TOKEN": TOKEN}


@pytest.fixture
def polled(bot, telegram, ours):
    """Run scripts/poll to its end, or until the bot sends the text `until`.

    Then it gets a signal, before the function knows that Telegram accepted the message. Its output
    must not contain the token.
    """

    def polled(*arguments, until="", kind=signal.SIGINT, **environment):
        def watch(event):
            if isinstance(event, Call) and event.params.get("text") == until:
                os.kill(os.getpid(), kind)

        telegram.watch = watch
        hanging = threading.Timer(MAX_SECONDS, os.kill, (os.getpid(), signal.SIGINT))
        hanging.start()
        ran = run(poll.main, "--bot", str(bot), *arguments, **{**ours, **environment})
        hanging.cancel()
        for token in (TOKEN, OTHER_TOKEN):
            assert token.partition(":")[2] not in ran.output
        return ran

    return polled


@pytest.mark.slow
def test_poll_follows_saved_changes_and_loses_no_message(telegram, bot, ours):
    (bot / "app").mkdir()
    (bot / "app" / "index.html").touch()
    say(telegram, "before")
    with Script(ROOT, "poll", "--bot", str(bot), **ours) as polling:
        polling.wait_for("update 900000001 · message · answered sendMessage")
        save(bot / "bot.py", "Heard: ", "Noted: ")
        say(telegram, "after")
        polling.wait_for("update 900000002")
        save(bot / "bot.py", "def reply(", "def reply(:")
        say(telegram, "broken")
        polling.wait_for("SyntaxError")
        save(bot / "bot.py", "def reply(:", "def reply(")
        polling.wait_for("update 900000003 · message · answered")
        save(
            bot / "bot.py",
            '= message["text"]',
            '= message["text"] + {"fail": 1}.get(message["text"], "")',
        )
        say(telegram, "fail")
        polling.wait_for("TypeError: can only concatenate str")
        say(telegram, "again")
        polling.wait_for("update 900000005")
        assert polling.end(signal.SIGHUP, within=40) == 0  # the long poll takes 50
    said = [call.params["text"] for call in telegram.calls if call.method == "sendMessage"]
    assert said == ["Heard: before", "Noted: after", "Noted: broken", "Noted: again"]
    assert telegram.webhook["allowed_updates"] == ["message", "callback_query"]
    assert telegram.pending() == 0
    assert "@echo_bot is answered from here; updates that wait: 1." in polling.output
    assert "the page in app/ isn't served: Telegram requires HTTPS" in polling.output
    assert polling.output.count("loaded in") == 4
    assert "Heard: " not in polling.output  # no text of anybody
    assert TOKEN.partition(":")[2] not in polling.output


COUNTS = """
SESSION = "user"
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
        home = str(tmp_path / "state")
        ran = polled(until=text, kind=signal.SIGTERM, XDG_STATE_HOME=home)
        assert ran.code == 0
        steps = [line.split(" · ")[2] for line in ran.output.splitlines() if " · " in line]
        assert steps == ["queued", "answered sendMessage"]
    file = tmp_path / "state" / "telegram-bot" / f"{TOKEN.partition(':')[0]}.json"
    assert f"sessions are kept in {file}" in ran.output
    assert file.stat().st_mode & 0o077 == 0


def test_overdue_call_is_made_at_the_next_start(telegram, polled, tmp_path):
    say(telegram, "hello")  # or there would be no chat
    call = {"method": "sendMessage", "chat_id": CHAT, "text": "Tea"}
    file = tmp_path / "telegram-bot" / f"{TOKEN.partition(':')[0]}.schedules.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"once.tea": {"at": 1, "event": {"calls": [call]}}}))
    ran = polled(until="Tea", XDG_STATE_HOME=str(tmp_path))
    assert ran.code == 0
    assert "at its time · sendMessage · answered" in ran.output
    assert json.loads(file.read_text()) == {}


def test_poll_leaves_a_webhook_alone(polled, telegram):
    telegram.answer("setWebhook", {"url": WEBHOOK})
    ran = polled()
    assert ran.code == 1
    assert f"a webhook, {WEBHOOK}, which receives its updates" in ran.output
    assert "scripts/poll --take-over" in ran.output
    assert telegram.webhook["url"] == WEBHOOK
    assert "deleteWebhook" not in [call.method for call in telegram.calls]


def test_take_over_prints_how_to_restore_the_webhook(polled, telegram, deployed):
    telegram.answer("setWebhook", {"url": WEBHOOK})
    telegram.deliver = lambda *request: (503, {}, "")
    say(telegram, "waiting")
    ran = polled("--take-over", until="Heard: waiting")
    assert ran.code == 0
    assert (telegram.webhook["url"], telegram.pending()) == ("", 0)
    assert (
        f"The webhook was {WEBHOOK}. To put it back: "
        "terraform apply -replace=module.telegram_bot.aws_lambda_invocation.register_webhook ("
        in ran.output
    )


@pytest.mark.slow
def test_poll_waits_longer_after_each_network_failure(polled, telegram):
    methods = ("getUpdates",)
    telegram.faults.append(Fault("refuse", 1, 502, "Bad Gateway", methods=methods))
    telegram.faults.append(Fault("lost", 1, methods=methods))
    later = {"retry_after": 1}
    telegram.faults.append(Fault("refuse", 1, 429, "Later", later, methods=methods))
    say(telegram, "hello")
    ran = polled(until="Heard: hello")
    assert re.findall("retrying in (.*?) s", ran.output) == ["1", "2", "1"]
    assert ran.output.count("Telegram can't be reached") == 2


@pytest.mark.slow
def test_interrupted_update_stays_with_telegram(polled, telegram):
    telegram.faults.append(Fault("refuse", 99, 500, "Internal", methods=("sendMessage",)))
    say(telegram, "hello")
    ran = polled(until="Heard: hello")
    assert (ran.code, telegram.pending()) == (0, 1)
    telegram.faults.clear()
    polled(until="Heard: hello")
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
