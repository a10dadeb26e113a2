"""pipeline.py: in on_error, people are told once that the bot failed, and the outcome stays."""

import json

import pytest

from tests.support.stubs import TEXT, UPDATE, message, queue_event, request

BOT = """
ALLOWED_UPDATES = ["message"]
from botkit import telegram

def reply(update):
    update.clear()
    raise KeyError

def on_error(update):
    return [{"method": "sendMessage", "chat_id": update["message"]["chat"]["id"], "text": "Sorry"}]
"""
SORRY = {"method": "sendMessage", "chat_id": 42, "text": "Sorry"}


def test_on_error_answers_once_when_the_bot_fails(start_bot, bot_api):
    container = start_bot(BOT)
    bot_api.expects(SORRY)
    for _ in range(2):  # the first 200 was lost
        assert container.deliver(message()) == (200, None)
    outcomes = [(line["outcome"], line["methods"]) for line in container.log]
    assert outcomes == [("bot_error", ["sendMessage"]), ("duplicate", [])]
    assert container.log[0]["error"].startswith("KeyError at bot.py")


def test_on_error_answers_after_a_failure_that_was_caught(start_bot, bot_api):
    catches = "try: telegram.call('getMe')\n    except Exception: raise KeyError"
    container = start_bot(BOT.replace("raise KeyError", catches))
    bot_api.refuses({"method": "getMe"}, 500, "no")
    bot_api.expects(SORRY)
    assert container.deliver(message()) == (200, None)
    assert container.line["outcome"] == "bot_error"


def test_on_error_answers_when_a_redelivery_fails(start_bot, bot_api):
    """At the first one an API couldn't be reached, after a call that nobody sees."""
    errors = "\nfrom botkit.errors import Unreachable\nERRORS = [KeyError(), Unreachable('no')]\n"
    raises = "telegram.call('getMe'); raise ERRORS.pop()"
    container = start_bot(BOT.replace("raise KeyError", raises) + errors)
    for status, said in ((503, []), (200, [SORRY])):
        bot_api.answers("getMe", {}, {"id": 1})
        bot_api.expects(*said)
        assert container.deliver(message()) == (status, None)


def test_call_of_on_error_may_be_in_the_response(start_bot):
    container = start_bot(BOT, REPLY_MODE="webhook")
    response = container.invoke(request(UPDATE))
    assert json.loads(response["body"]) == SORRY
    assert container.line["outcome"] == "bot_error"


OTHERS = {
    "the bot answers": ("raise KeyError", "return []", {}, "ignored"),
    "people saw something": (
        "raise KeyError",
        "telegram.call('sendMessage', **{'chat_id': 42, 'text': 'x'}); raise KeyError",
        {},
        "bot_error",
    ),
    "another outcome": (
        "raise KeyError",
        "from botkit.errors import Unreachable; raise Unreachable('an API')",
        {},
        "unreachable",
    ),
    "a stranger": ("return", "return", {"ALLOWED_IDS": "7"}, "ignored"),
    "no function": ("on_error", "on_another", {}, "bot_error"),
}


@pytest.mark.parametrize(("old", "new", "settings", "outcome"), OTHERS.values(), ids=OTHERS)
def test_on_error_is_not_called_for_other_outcomes(start_bot, bot_api, old, new, settings, outcome):
    container = start_bot(BOT.replace(old, new), **settings)
    if "sendMessage" in new:
        bot_api.expects({**SORRY, "text": "x"})
    container.deliver(message())
    assert container.line["outcome"] == outcome


@pytest.mark.parametrize(
    ("raises", "code", "error"),
    [
        (f"raise ValueError('{TEXT}'); ", None, "ValueError at bot.py:10"),
        ("", 403, "403 no"),
        ("", 500, "HTTP 500"),
    ],
)
def test_failure_of_on_error_is_only_logged(start_bot, bot_api, raises, code, error):
    container = start_bot(BOT.replace("return [{", f"{raises}return [{{"))
    if code:
        bot_api.refuses(SORRY, code, "no")
    assert container.deliver(message()) == (200, None)
    assert container.line["outcome"] == "bot_error"
    [line] = [line for line in container.log if line["message"] == "on_error() failed, too"]
    assert error in line["error"]
    assert line.get("stack_trace") == (["bot.py:10 in on_error"] if raises else None)


def test_on_error_waits_if_the_dead_letter_cannot_be_sent(start_with_queue, bot_api):
    """The next delivery may succeed, or be kept: then people are told.

    Also if a call that nobody sees was made before it failed.
    """
    container = start_with_queue(BOT.replace("raise", "telegram.call('getMe'); raise"))
    sqs = container.queues.call

    def away(*about):
        raise container.module("errors").Unreachable("sqs: HTTP 500")

    for call, status, outcome in ((away, 503, "unreachable"), (sqs, 200, "bot_error")):
        container.stub_aws(call, "sqs")
        bot_api.answers("getMe", {}, {"id": 1})
        bot_api.expects(*[SORRY] * (call is sqs))
        assert container.deliver(message()) == (status, None)
        assert container.line["outcome"] == outcome
    assert len(container.queues.dead_letters) == 1


def test_on_error_has_two_more_seconds(start_bot, bot_api):
    note = "import botkit.deadline as d\nLEFT = []\ndef note(): LEFT.append(d.deadline.left())\n"
    source = BOT.replace("update.clear()", "note()").replace("return [{", "note(); return [{")
    container = start_bot(note + source, REPLY_MODE="webhook")
    clock = container.module("deadline").deadline
    clock.clock = lambda: 0.0
    container.invoke(request(UPDATE), 10_000)
    assert container.bot.LEFT == [7.0, 9.0]  # interrupted at 9.5, before Lambda ends all at 10


@pytest.mark.parametrize(
    ("content", "received", "is_told"),
    [({}, 1, True), ({}, 2, False), ({"failed": {"outcome": "bot_error"}}, 1, False)],
    ids=["first", "second receive", "redrive"],
)
def test_on_error_runs_at_first(start_with_queue, bot_api, content, received, is_told):
    container = start_with_queue(BOT)
    bot_api.expects(*[SORRY] * is_told)
    event = queue_event({"update": message(), **content}, received)
    assert container.invoke(event) == {"batchItemFailures": []}
    assert container.line["outcome"] == "bot_error"
    assert len(container.queues.dead_letters) == 1
