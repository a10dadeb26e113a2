"""event.py: events of other services, which are calls or go to the bot."""

import pytest

from tests.support.stubs import CALL, TEXT, UPDATE, message

OTHERS = {
    "null": (None, "NoneType ()"),
    "a list": ([UPDATE], "list ()"),
    "an update": (message(), "dict (update_id, message)"),
    "tf null": ({"tf": None, "url": "https://x"}, "dict (tf, url)"),
    "an invalid action": ({"tf": {"action": 7}, "url": "https://x"}, "dict (tf, url)"),
    "half a surrogate pair": ({"\ud800": 1}, "dict (\\ud800)"),
}


@pytest.mark.parametrize(("event", "what"), OTHERS.values(), ids=OTHERS)
def test_an_event_that_nobody_answers_is_named(container, event, what):
    assert container.failure(event) == f"bot_error: bot.py has no on_event() for {what}"


def test_the_name_of_an_event_is_cut_short(container):
    assert len(container.failure({"x" * 100_000: 1})) < 1_100


@pytest.mark.parametrize("mode", ["api", "webhook"])
@pytest.mark.parametrize("calls", [[CALL], [CALL, CALL]], ids=["one", "two"])
def test_calls_of_an_event_are_made(start, bot_api, mode, calls):
    container = start(bot_api.url, REPLY_MODE=mode)
    bot_api.expects(*calls)
    assert container.invoke(calls if len(calls) > 1 else CALL) is None
    line = container.line
    assert (line["message"], line["outcome"]) == ("event", "answered")
    assert line["methods"] == ["sendMessage"] * len(calls)


SOURCES = {
    "EventBridge": ({"source": "aws.s3", "detail-type": "Object Created"}, "aws.s3"),
    "SNS": ({"Records": [{"EventSource": "aws:sns"}]}, "aws:sns"),
    "a stream": ({"Records": [{"eventSource": "aws:dynamodb"}, {}]}, "aws:dynamodb"),
    "no record": ({"Records": []}, None),
    "an odd record": ({"Records": [None]}, None),
    "no records": ({"Records": "x"}, None),
    "a number": ({"source": 7}, None),
    "a list": ([1], None),
    "a destination": ({"requestContext": {}, "requestPayload": {"x": 1}}, None),
}


@pytest.mark.parametrize(("event", "source"), SOURCES.values(), ids=SOURCES)
def test_another_event_is_the_bots(container, bot_api, event, source):
    seen = []
    container.bot.on_event = lambda event: seen.append(event) or [CALL]
    bot_api.expects(CALL)
    assert container.invoke(event) is None
    assert seen == [event]
    assert (container.line["outcome"], container.line.get("source")) == ("answered", source)


@pytest.mark.parametrize(
    ("codes", "outcome"),
    [([403], "refused"), ([200, 429], "incomplete"), ([429], None), ([500], None), ([401], None)],
    ids=str,
)
def test_an_event_fails_only_while_people_saw_nothing_of_it(container, bot_api, codes, outcome):
    for code in codes:
        bot_api.expects(CALL, code=code)
    event = [CALL] * len(codes)
    if outcome:
        assert container.invoke(event) is None
        assert container.line["outcome"] == outcome
    else:
        assert container.failure(event).partition(": ")[0] == container.line["outcome"]


def test_an_event_with_an_invalid_call_fails(container):
    event = {"method": "send message"}
    error = 'each call of the event must have a "method", such as "sendMessage"'
    assert container.failure(event) == f"bot_error: {error}"


def test_an_exception_fails_unless_people_saw_something(container, bot_api):
    def on_event(event):
        if event["is_seen"]:
            container.telegram.call("sendMessage", chat_id=42, text="x")
        raise KeyError(TEXT)

    container.bot.on_event = on_event
    said = container.failure({"is_seen": False})
    assert said.startswith("bot_error: KeyError at tests/unit/test_event.py:")
    bot_api.expects(CALL)
    assert container.invoke({"is_seen": True}) is None
    assert container.line["outcome"] == "bot_error"
