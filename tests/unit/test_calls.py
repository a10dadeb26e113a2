"""calls.py: the calls that a bot returns are validated and executed."""

import json

import pytest

from tests.support.stubs import CALL, UPDATE, answers_all, message, request, text_response

# ── What is returned

LIST = "reply() must return a list of calls, not "

METHOD = 'each call of reply() must have a "method", such as "sendMessage"'


RETURNS = {
    "None": (None, LIST + "None: write return [] to say nothing"),
    "a call": (CALL, LIST + "a dict: write [call]"),
    "a generator": ((call for call in [CALL]), LIST + "a generator: write return, not yield"),
    "text": ("Hi", LIST + 'a str: write [{"method": "sendMessage", "chat_id": …, "text": …}]'),
    "a call that is text": (["sendMessage"], "each call of reply() must be a dict, not a str"),
    "method None": ([{"method": None}], METHOD),
    "method is a path": ([CALL, {"method": "../getMe"}], METHOD),
    "method not ASCII": ([{"method": "géMe"}], METHOD),
    "a set": (
        [{**CALL, "x": {1}}],
        "a sendMessage of reply() can't be sent: Object of type set is not JSON serializable",
    ),
    "a parameter without a name": (
        [{**CALL, 7: "x"}],
        "the names of parameters in a sendMessage of reply() must be strings",
    ),
    "a file and NaN": (
        [{**CALL, "x": b"1", "y": float("nan")}],
        "a sendMessage of reply() can't be sent: Out of range float values are not JSON compliant",
    ),
}


def test_invalid_calls_are_explained(container):
    for number, (name, (returned, error)) in enumerate(RETURNS.items()):
        container.reply_with(returned)
        assert container.outcome_of(json.dumps(message(number))) == "bot_error", name
        assert container.line["error"].startswith(error), name


def test_parameters_that_are_none_are_left_out(start, serve):
    peer = serve(answers_all)
    container = start(peer.url)
    photo = {"method": "sendPhoto", "chat_id": 42, "caption": None, "photo": b"x"}
    text = "שלום 👍 \ud83d \x00"
    container.reply_with([{**CALL, "text": text, "parse_mode": None}, photo])
    assert container.outcome_of() == "answered"
    assert peer.requests[0].isascii()
    assert json.loads(peer.requests[0].partition(b"\r\n\r\n")[2]) == {"chat_id": 42, "text": text}
    assert b'name="photo"' in peer.requests[1]
    assert b"caption" not in peer.requests[1]


# ── More than one call

FIRST, SECOND = {**CALL, "text": "first"}, {**CALL, "text": "second"}

SERIES = {
    "both carried out": ([200, 200], 200, "answered"),
    "first refused": ([400, 200], 200, "refused"),
    "second refused": ([200, 403], 200, "refused"),
    "first throttled": ([429], 503, "throttled"),
    "second throttled": ([200, 429], 200, "incomplete"),
    "first broken": ([500], 503, "unreachable"),
    "first without a token": ([401], 503, "misconfigured"),
    "first refused, second broken": ([400, 500], 503, "unreachable"),
}


@pytest.mark.parametrize(("codes", "status", "outcome"), SERIES.values(), ids=SERIES)
def test_calls_are_repeated_only_if_none_succeeded(container, bot_api, codes, status, outcome):
    container.reply_with([FIRST, SECOND])
    for code, call in zip(codes, [FIRST, SECOND], strict=False):
        bot_api.expects(call, code=code, **({"retry_after": 5} if code == 429 else {}))
    again = {"Retry-After": "5"} if outcome == "throttled" else {}
    said = outcome if status != 200 else ""
    assert container.invoke(request(UPDATE)) == text_response(status, said, **again)
    assert container.line["outcome"] == outcome
    assert container.line["methods"] == ["sendMessage"] * len(codes)
    levels = {"answered": "INFO", "refused": "WARNING", "throttled": "WARNING"}
    assert container.line["level"] == levels.get(outcome, "ERROR")
    bot_api.check()
    if 200 in codes:
        assert container.outcome_of() == "duplicate"
    else:
        bot_api.expects(FIRST, SECOND)
        assert container.outcome_of() == "answered"


THIRD = {**CALL, "text": "third"}


@pytest.mark.parametrize("mode", ["api", "webhook"])
@pytest.mark.parametrize(
    ("number", "code", "made"),
    [(1, 200, [FIRST, THIRD]), (1, 400, [FIRST, SECOND, THIRD]), (2, 200, [FIRST])],
    ids=["taken", "refused", "all of them"],
)
def test_call_may_replace_those_that_follow(start, bot_api, mode, number, code, made):
    container = start(bot_api.url, REPLY_MODE=mode)
    container.reply_with([{**FIRST, "fallback_count": number}, SECOND, THIRD])
    bot_api.expects(FIRST, code=code)
    is_in_response = mode == "webhook" and THIRD in made
    for call in made[1:-1] if is_in_response else made[1:]:
        bot_api.expects(call)
    response = container.invoke(request(UPDATE))
    assert (response["body"] and json.loads(response["body"])) == (THIRD if is_in_response else "")
    assert (container.line["outcome"], container.line["level"]) == ("answered", "INFO")
    refusal = None if code == 200 else "sendMessage: 400 no"
    assert container.line.get("telegram_error") == refusal
    assert len(container.line["methods"]) == len(made)


FALLBACKS = {
    "it fails for good": ([(FIRST, 1), (SECOND, 0)], [400, 403], "refused"),
    "it fails for now": ([(FIRST, 1), (SECOND, 0)], [400, 429], "throttled"),
    "it has another": ([(FIRST, 2), (SECOND, 1), (THIRD, 0)], [400, 200], "answered"),
    "an earlier one failed": ([(FIRST, 0), (SECOND, 1), (THIRD, 0)], [400, 400, 200], "refused"),
}


@pytest.mark.parametrize(("calls", "codes", "outcome"), FALLBACKS.values(), ids=FALLBACKS)
def test_fallback_decides_the_outcome(container, bot_api, calls, codes, outcome):
    container.reply_with([{**call, "fallback_count": number} for call, number in calls])
    for (call, _), code in zip(calls, codes, strict=False):
        bot_api.expects(call, code=code)
    container.invoke(request(UPDATE))
    assert container.line["outcome"] == outcome


# ── The webhook mode: the call is in the response

WEBHOOK = {"REPLY_MODE": "webhook"}


def in_response(call):
    """Return the answer that holds a call for Telegram to make."""
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(call),
    }


def test_last_call_is_in_the_response_of_each_delivery(start, bot_api):
    container = start(bot_api.url, **WEBHOOK)
    last = {**SECOND, "parse_mode": None}
    container.reply_with([FIRST, last])
    bot_api.expects(FIRST)
    assert container.invoke(request(UPDATE)) == in_response(SECOND)
    assert container.line["methods"] == ["sendMessage", "sendMessage"]
    last["chat_id"] = 7  # a bot may reuse one dict
    assert container.invoke(request(UPDATE)) == in_response(SECOND)  # the first isn't repeated
    assert container.line["outcome"] == "duplicate"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (400, in_response(SECOND)),
        (429, text_response(503, "throttled")),
        (500, text_response(503, "unreachable")),
    ],
    ids=["refused", "throttled", "broken"],
)
def test_last_call_is_held_back_if_the_first_is_retried(start, bot_api, code, expected):
    container = start(bot_api.url, **WEBHOOK)
    container.reply_with([FIRST, SECOND])
    bot_api.refuses(FIRST, code, "no")
    assert container.invoke(request(UPDATE)) == expected


@pytest.mark.parametrize(
    "call",
    [
        {"method": "GETCHAT"},
        {"method": "setWebhook"},
        {"method": "sendPhoto", "chat_id": 42, "photo": b"a picture"},
    ],
    ids=["get", "webhook", "file"],
)
def test_some_calls_are_never_in_the_response(start, serve, call):
    peer = serve(answers_all)
    container = start(peer.url, **WEBHOOK)
    container.reply_with([call])
    assert container.outcome_of() == "answered"
    assert len(peer.requests) == 1
