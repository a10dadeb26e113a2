"""telegram.py, errors.py: calls, their two errors, in time, and the token in Parameter Store."""

import sys
import time
from contextlib import suppress

import pytest

from tests.support.stubs import OLD_TOKEN, TOKEN, answers, echo, http, message, parameter, refusal

CALL = {"chat_id": 42, "text": "hi"}


# ── Telegram's answers


def error_of(start, serve, answer):
    """Return the error of a call that gets this answer, and the name of its type."""
    container = start(serve(answers(answer)).url)
    with pytest.raises(container.module("errors").BotkitError) as caught:
        container.telegram.default_client.post("getMe", {}, 5)
    return caught.value, type(caught.value).__name__


REFUSALS = {
    "400": (
        http(refusal(400, "Bad Request: chat not found"), "400 Bad Request"),
        (400, "Bad Request: chat not found", None, None),
    ),
    "429": (
        http(refusal(429, "Too Many Requests: retry after 5", retry_after=5), "429 Too Many"),
        (429, "Too Many Requests: retry after 5", 5, None),
    ),
    "migrated": (
        http(refusal(400, "upgraded", migrate_to_chat_id=-1009007199254740), "400 Bad Request"),
        (400, "upgraded", None, -1009007199254740),
    ),
    "no code": (http({"ok": False, "description": "x"}, "403 No"), (403, "x", None, None)),
    "a token": (http(refusal(400, f"/bot{TOKEN}/getMe")), (400, "/bot…/getMe", None, None)),
    "the last code": (http(refusal(499, "x")), (499, "x", None, None)),
}


@pytest.mark.parametrize(("answer", "expected"), REFUSALS.values(), ids=REFUSALS)
def test_error_has_telegrams_fields(start, serve, answer, expected):
    error, kind = error_of(start, serve, answer)
    told = (error.error_code, error.description, error.retry_after, error.migrate_to_chat_id)
    assert (kind, told) == ("TelegramError", expected)
    assert str(error) == f"getMe: {error.error_code} {error.description}"


NO_ANSWERS = {
    "500": (http(refusal(500, "Internal Server Error"), "500 Oops"), "HTTP 500, and no answer"),
    "503 that says ok": (http({"ok": True}, "503 Not now"), "HTTP 503, and no answer"),
    "a server's error in the body": (http(refusal(500, "Oops")), "500 Oops"),
    "a code below an error's": (http(refusal(399, "x")), "399 x"),
    "a 1 that isn't true": (http({"ok": 1}), "200 None"),
    "a list": (http([{"ok": True}]), "HTTP 200, and no answer"),
    "no JSON": (http(b"<html>"), "HTTP 200, and no answer"),
    "nested too deep": (http(b"[" * 100_000), "HTTP 200, and no answer"),
    "redirected": (http(b"", "302 Found", "Location: http://x/"), "HTTP 302, and no answer"),
}


@pytest.mark.parametrize(("answer", "text"), NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_answer_of_another_server_is_unreachable(start, serve, answer, text):
    error, kind = error_of(start, serve, answer)
    assert (kind, text in str(error)) == ("Unreachable", True)


# ── The token


def a_minute_passes(container):
    """Have the token be fetched more than a minute ago."""
    container.telegram.default_client.token_fetched_at -= 61


def test_token_is_fetched_once_at_start_up(start_with_parameter, bot_api):
    container = start_with_parameter(bot_api.url, parameter(f" {TOKEN}\n"))
    assert container.store.bodies == [{"Name": "/bot/token", "WithDecryption": True}]
    bot_api.expects(echo(), echo())
    assert container.deliver(message(1)) == (200, None)
    assert container.deliver(message(2)) == (200, None)
    assert len(container.store.requests) == 1


def test_call_is_repeated_after_token_change_and_migration(start_with_parameter, serve):
    unauthorized = http(refusal(401, "Unauthorized"), "401 Unauthorized")
    upgraded = http(refusal(400, "upgraded", migrate_to_chat_id=-1001), "400 Bad Request")
    peer = serve(answers(unauthorized, upgraded, http()))
    container = start_with_parameter(peer.url, parameter(OLD_TOKEN), parameter(TOKEN))
    a_minute_passes(container)
    assert container.deliver(message()) == (200, None)
    assert container.line["outcome"] == "answered"
    sent = [request.split(b"/")[1].decode() for request in peer.requests]
    assert sent == ["bot" + token for token in (OLD_TOKEN, TOKEN, TOKEN)]
    assert [body["chat_id"] for body in peer.bodies] == [42, 42, -1001]


def test_unchanged_token_is_not_retried(start_with_parameter, serve):
    peer = serve(answers(http(refusal(401, "Unauthorized"), "401 Unauthorized")))
    container = start_with_parameter(peer.url, parameter(TOKEN), parameter(TOKEN))
    a_minute_passes(container)
    assert container.deliver(message()) == (503, None)
    assert container.line["outcome"] == "misconfigured"
    assert (len(container.store.requests), len(peer.requests)) == (2, 1)


def test_rejection_of_another_token_fetches_nothing(start_with_parameter, bot_api):
    container = start_with_parameter(bot_api.url, parameter(TOKEN), parameter(OLD_TOKEN))
    a_minute_passes(container)
    telegram = container.telegram
    assert [telegram.token(other) for other in ("", "0:a", "9:a")] == [TOKEN] * 3
    assert telegram.token("".join(TOKEN)) == OLD_TOKEN
    assert len(container.store.requests) == 2


@pytest.mark.parametrize(("age", "expected"), [(0, False), (60, False), (60.5, True), (-1, True)])
def test_token_is_fetched_at_most_once_a_minute(
    start_with_parameter, bot_api, monkeypatch, age, expected
):
    container = start_with_parameter(bot_api.url, parameter(OLD_TOKEN), parameter(TOKEN))
    container.telegram.default_client.token_fetched_at = 30
    monkeypatch.setattr(time, "time", lambda: 30 + age)
    assert container.telegram.token(OLD_TOKEN) == (TOKEN if expected else OLD_TOKEN)


NO_ONE = ("misconfigured", "the parameter /bot/token must contain a bot's token")
DENIED = {"__type": "com.amazonaws#AccessDeniedException", "Message": "not authorized"}
WITHOUT_A_TOKEN = {
    "denied": (
        http(DENIED, "400 Bad Request"),
        ("unreachable", "the token can't be fetched: ssm: AccessDeniedException: not authorized"),
    ),
    "missing": (
        http({"__type": "ParameterNotFound", "message": "gone"}, "400 Bad Request"),
        ("misconfigured", "the token can't be fetched: ParameterNotFound: gone"),
    ),
    "blank": (parameter(" \n"), NO_ONE),
    "a number": (parameter(7), NO_ONE),
    "too short": (parameter(TOKEN[:-1]), NO_ONE),
    "malformed": (parameter(f"{TOKEN}é"), NO_ONE),
}


@pytest.mark.parametrize(("answer", "told"), WITHOUT_A_TOKEN.values(), ids=WITHOUT_A_TOKEN)
def test_updates_wait_without_a_usable_token(start_with_parameter, bot_api, answer, told):
    container = start_with_parameter(bot_api.url, answer, answer, parameter(TOKEN))
    assert container.log[-1]["message"] == "connection failed at start-up"
    assert container.log[-1]["error"] == told[1]
    assert container.deliver(message()) == (503, None)
    assert (container.line["outcome"], container.line["error"]) == told
    bot_api.expects(echo())
    assert container.deliver(message()) == (200, None)


def test_updates_wait_without_any_token(start, bot_api):
    container = start(bot_api.url, TELEGRAM_BOT_TOKEN="")
    assert container.deliver(message()) == (503, None)
    assert container.line["outcome"] == "misconfigured"
    assert container.line["error"] == "TELEGRAM_BOT_TOKEN is not set"


def test_each_step_gets_the_time_left(start_with_parameter, bot_api):
    container = start_with_parameter(bot_api.url, parameter(OLD_TOKEN))
    telegram, clock = container.telegram, container.stop_clock()
    given = []

    def take_a_second():
        given.append(telegram.deadline.left())
        clock.now += 1

    def fetch(*arguments):
        take_a_second()
        return {"Parameter": {"Value": TOKEN}}

    def call(method, params, timeout):
        assert timeout == telegram.deadline.left()
        take_a_second()
        if params == CALL:
            raise telegram.TelegramError(method, 400, "upgraded", {"migrate_to_chat_id": -1001})

    container.stub_aws(fetch, "ssm")
    container.stub_telegram(call)
    telegram.default_client.token = ""
    telegram.deadline.start(9)
    telegram.call("sendMessage", **CALL)
    assert given == [9, 8, 7]


# ── Downloads

OLD_PATH = "download: 400 HTTP {}: unknown file_path, or too old"
TOO_LARGE = "download: 413 a file must have at most 20 MB"


def test_download_returns_a_file_of_20_mb(start, serve):
    content = bytes(range(256)) * (20 << 12)  # 20 MB, as much as a bot can download
    peer = serve(answers(http(content)))
    container = start(peer.url)
    assert container.telegram.download("photos/a b.jpg") == content
    assert peer.requests[0].startswith(f"GET /file/bot{TOKEN}/photos/a%20b.jpg HTTP/1.1".encode())


@pytest.mark.parametrize(
    ("answer", "outcome", "text"),
    [
        (http(b"no", "399 Odd"), "unreachable", "download: HTTP 399"),
        (http(b"no", "400 Bad Request"), "refused", OLD_PATH.format(400)),
        (http(b"no", "401 Unauthorized"), "misconfigured", "download: 401 HTTP 401"),
        (http(b"no", "404 Not Found"), "refused", OLD_PATH.format(404)),
        (http(b"no", "499 Odd"), "refused", "download: 499 HTTP 499"),
        (http(b"no", "500 Internal Server Error"), "unreachable", "download: HTTP 500"),
        (http(b"x" * (21 << 20)), "refused", TOO_LARGE),
    ],
    ids=["399", "400", "401", "404", "499", "500", "too large"],
)
def test_download_raises_by_status(start, serve, answer, outcome, text):
    """A failure that a retry may fix counts even if the bot catches it."""
    container = start(serve(answers(answer)).url)

    def reply(update):
        with suppress(container.telegram.Unreachable):
            container.telegram.download("a")
        return []

    container.bot.reply = reply
    container.deliver(message())
    line = container.line
    assert (line["outcome"], line.get("error") or line["telegram_error"]) == (outcome, text)


def test_client_has_the_same_token_and_another_connection(start_with_parameter, serve):
    peer = serve(answers(http()))
    container = start_with_parameter(peer.url, parameter(TOKEN))
    client = container.telegram.client()
    assert client.post("sendMessage", CALL, 10) is True
    client.connection._kept.close()
    assert peer.connections == 2  # one is that of start-up
    assert f"/bot{TOKEN}/sendMessage".encode() in peer.requests[0]
    assert container.module("context").current.calls.methods == []


# ── Failures that the bot catches

CATCHES = """
from botkit import telegram


def send(text):
    try:
        telegram.call("sendMessage", chat_id=42, text=text)
    except Exception:
        pass


def reply(update):
    for text in update["message"]["text"].split():
        send(text)
    return []
"""


@pytest.mark.parametrize(
    ("texts", "codes", "outcome"),
    [
        ("a", [429], "throttled"),
        ("a", [502], "unreachable"),
        ("a", [403], "ignored"),  # a retry wouldn't help
        ("a b", [429, 200], "incomplete"),  # people have seen something
        ("a a", [429, 200], "answered"),
    ],
)
def test_temporary_failure_counts_even_if_caught(start_bot, bot_api, texts, codes, outcome):
    container = start_bot(CATCHES)
    for text, code in zip(texts.split(), codes, strict=True):
        bot_api.expects({"method": "sendMessage", "chat_id": 42, "text": text}, code=code)
    container.deliver(message(text=texts))
    assert container.line["outcome"] == outcome


@pytest.mark.parametrize("mode", ["api", "webhook"])
def test_returned_call_is_made_before_a_caught_failure_counts(start_bot, bot_api, mode):
    """Nothing else would make it, since people have seen something."""
    last = {"method": "sendMessage", "chat_id": 42, "text": "c"}
    container = start_bot(CATCHES.replace("return []", f"return [{last}]"), REPLY_MODE=mode)
    bot_api.expects({**last, "text": "a"})
    bot_api.refuses({**last, "text": "b"}, 429, "x")
    bot_api.expects(last)
    assert container.deliver(message(text="a b")) == (200, None)
    assert container.line["outcome"] == "incomplete"


def test_failure_during_import_is_not_the_updates(start_bot, bot_api):
    hello = {"method": "sendMessage", "chat_id": 42, "text": "I am up"}
    bot_api.refuses(hello, 429, "x")
    container = start_bot(f"{CATCHES}\nsend('I am up')\n")
    del sys.modules["bot"]  # as if the import had failed at start-up
    bot_api.refuses(hello, 429, "x")
    assert container.deliver(message(text=" ")) == (200, None)
    assert container.line["outcome"] == "ignored"


# ── A chat to which Telegram refuses calls for a while


def refused(container, method="sendMessage", **params):
    """Return the error of a call."""
    with pytest.raises(container.module("errors").TelegramError) as caught:
        container.telegram.call(method, **{**CALL, **params})
    return caught.value


def test_blocked_chat_is_left_alone_until_the_block_ends(start, bot_api, monkeypatch):
    now = 1_800_000_000.0
    monkeypatch.setattr(time, "time", lambda: now)
    container = start(bot_api.url)
    bot_api.refuses({"method": "sendMessage", **CALL}, 429, "retry after 60", retry_after=60)
    assert refused(container).retry_after == 60
    now += 58
    writes = "copyMessage deleteMessage editMessageText forwardMessage setMessageReaction"
    for method in writes.split():
        again = refused(container, method, message_id=1)
        assert (again.outcome, again.retry_after) == ("throttled", 2)
    assert "retry after 2 (an earlier refusal: nothing was called)" in str(again)
    # Other chats, and what writes nothing.
    bot_api.answers("getChat", {"chat_id": 42})
    container.telegram.call("getChat", chat_id=42)
    bot_api.answers("sendMessage", {**CALL, "chat_id": 43})
    container.telegram.call("sendMessage", **{**CALL, "chat_id": 43})
    now += 1.5
    bot_api.answers("sendMessage", CALL)
    container.telegram.call("sendMessage", **CALL)


def test_only_the_last_blocked_chats_are_remembered(start, bot_api):
    container = start(bot_api.url)
    container.telegram.blocked_until._most = 2
    for chat in (42, 43, 44):
        bot_api.refuses({"method": "sendMessage", **CALL, "chat_id": chat}, 429, "x", retry_after=9)
        refused(container, chat_id=chat)
    assert [*container.telegram.blocked_until] == ["43", "44"]
