"""Each line of the README's table "if this fails, this happens", by a test that names it."""

import re

import pytest
from telegram_bot_aws.local.project import ROOT
from telegram_stand_in import Telegram

from tests.support.stubs import TOKEN, message, refusal, unused_port

FIRST = {"method": "sendMessage", "chat_id": 42, "text": "first"}
SECOND = {**FIRST, "text": "second"}
ONE_CALL = f"""
ALLOWED_UPDATES = ["message"]


def reply(update):
    return [{FIRST}]
"""
TWO_CALLS = f"""
ALLOWED_UPDATES = ["message"]


def reply(update, session=None):
    return [{FIRST}, {SECOND}]
"""
CHECK = {"tf": {"action": "check"}}

TABLE = (ROOT / "README.md").read_text().partition("| if this fails | this happens |\n|---|---|\n")
LINES = dict(
    line.strip("| ").split(" | ", 1) for line in TABLE[2].partition("\n\n")[0].splitlines()
)
named = []


def line(fails):
    """Name the line that a test is for."""
    named.append(fails)
    return lambda test: test


def test_each_line_is_named():
    assert {*named} == {*LINES}


def is_redelivered_and_answered(container, retry_after=None):
    """Deliver an update at which something fails, and then again."""
    assert container.deliver(message(1)) == (503, retry_after)
    assert container.deliver(message(1)) == (200, None)
    assert container.line["outcome"] == "answered"


TELEGRAM_AWS_OR_THE_NETWORK = "Telegram, AWS or the network; a rate limit; a revoked token"


@line(TELEGRAM_AWS_OR_THE_NETWORK)
@pytest.mark.parametrize(
    ("status", "answer", "retry_after"),
    [
        (500, {"ok": False, "error_code": 500, "description": "Internal Server Error"}, None),
        (429, refusal(429, "Too Many Requests", retry_after=3), "3"),
        (401, refusal(401, "Unauthorized"), None),
    ],
    ids=["Telegram", "a rate limit", "a revoked token"],
)
def test_telegram_delivers_again(start_bot, bot_api, status, answer, retry_after):
    params = {name: FIRST[name] for name in ("chat_id", "text")}
    bot_api.answers("sendMessage", params, status=status, **answer)
    bot_api.expects(FIRST)
    is_redelivered_and_answered(start_bot(ONE_CALL), retry_after)


@line(TELEGRAM_AWS_OR_THE_NETWORK)
@pytest.mark.parametrize("away", ["TELEGRAM_API_URL", "AWS_ENDPOINT_URL"])
def test_telegram_delivers_again_if_a_service_can_not_be_reached(
    start_bot, start_with_sessions, bot_api, away
):
    source = 'SESSION = "chat"\n' + TWO_CALLS
    with unused_port() as port:
        container = start_with_sessions(source, **{away: f"http://127.0.0.1:{port}"})
        if away == "AWS_ENDPOINT_URL":
            del container.module("aws").connections["dynamodb"]
        assert container.deliver(message(1)) == (503, None)
        assert container.line["outcome"] == "unreachable"
    bot_api.expects(FIRST, SECOND)
    assert start_with_sessions(source).deliver(message(1)) == (200, None)


@line(TELEGRAM_AWS_OR_THE_NETWORK)
def test_telegram_delivers_for_as_long_as_it_says():
    """The stand-in plays the times in Telegram's source."""
    told = re.findall(r"an? ([a-z ]+) for (\d+)( hours)?", LINES[TELEGRAM_AWS_OR_THE_NETWORK])
    seconds = {KINDS[what]: int(n) * (3600 if hours else 1) for what, n, hours in told}
    assert seconds.keys() == {*KINDS.values()}
    for kind, longest in seconds.items():
        pause = min(round(longest / 10), 3600)
        assert pauses_of(kind, pause) * pause == longest


KINDS = {
    "message": "message",
    "tap": "callback_query",
    "inline query": "inline_query",
}


def pauses_of(kind, seconds):
    """Return how often Telegram waits so long after a 503, until it gives an update up."""
    answer = (503, {"retry-after": f"{seconds}"}, "")
    telegram = Telegram(TOKEN, pace=1e-5, deliver=lambda *_: answer)
    telegram.answer("setWebhook", {"url": "https://example.org"})
    content = {"id": "1", "from": telegram.bot.user, "chat": {"id": 42, "type": "private"}}
    telegram.send({kind: {**content, "message_id": 1, "date": 0, "text": "Hi"}})
    telegram.wait(lambda: not telegram.pending())
    telegram.stop()
    return len(telegram.deliveries)


AT_THE_SECOND_CALL = "Telegram, AWS or the network, after the bot has sent a part of its answer"


@line(AT_THE_SECOND_CALL)
def test_with_session_the_next_delivery_makes_the_second_call(start_with_sessions, bot_api):
    bot_api.expects(FIRST)
    bot_api.refuses(SECOND, 429, "Too Many Requests", retry_after=3)
    bot_api.expects(SECOND)
    is_redelivered_and_answered(start_with_sessions('SESSION = "chat"\n' + TWO_CALLS), "3")


@line(AT_THE_SECOND_CALL)
def test_without_session_the_outcome_is_incomplete(start_bot, bot_api):
    bot_api.expects(FIRST)
    bot_api.refuses(SECOND, 429, "Too Many Requests", retry_after=3)
    container = start_bot(TWO_CALLS)
    assert container.deliver(message(1)) == (200, None)
    assert container.line["outcome"] == "incomplete"


@line("a release: `bot.py` can't be imported, or its `check()` raises")
@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("import missing\n", r"bot\.py can't be imported: ModuleNotFoundError"),
        ("def check():\n    raise ValueError\n", r"check\(\) of bot\.py failed: ValueError"),
    ],
    ids=["import", "check()"],
)
def test_the_apply_fails(start_bot, bot_api, more, why):
    """The check refuses it, before it is live: tests/deployment/test_lifecycle.py applies one."""
    if "check" in more:
        bot_api.answers("getMe", {}, {"id": 1, "is_bot": True, "username": "a_bot"})
    with pytest.raises(Exception, match=why):
        start_bot(ONE_CALL + more).invoke(CHECK)


@line("your code, at one update")
def test_the_chat_goes_on_with_the_next_update(start_bot, bot_api):
    fails = 'update["update_id"] == 1 and {}["missing"]'
    container = start_bot(ONE_CALL.replace("    return", f"    {fails}\n    return"))
    assert container.deliver(message(1)) == (200, None)
    assert container.line["outcome"] == "bot_error"
    bot_api.expects(FIRST)
    assert container.deliver(message(2)) == (200, None)
    assert container.line["outcome"] == "answered"


@line("Telegram refuses a call: the person has blocked the bot")
def test_the_log_has_telegrams_words(start, start_bot, bot_api):
    blocked = "Forbidden: bot was blocked by the user"
    bot_api.refuses(FIRST, 403, blocked)
    container = start_bot(ONE_CALL)
    assert container.deliver(message(1)) == (200, None)
    assert container.line["outcome"] == "refused"
    assert container.line["telegram_error"] == f"sendMessage: 403 {blocked}"
