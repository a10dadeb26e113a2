"""replay.py, failed_queue.py: what failed for good is kept, and replayed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botkit.fakes.services import Queues, Table
from telegram_stand_in import Fault, Telegram, text_of

from tests.conftest import BotApi, StartBot
from tests.support.stubs import (
    AWS,
    CALL,
    Container,
    Json,
    failure,
    message,
    request,
    session_environment,
    with_clock,
)
from tests.support.telegram import files

FAILED = "https://sqs.eu-central-1.amazonaws.com/123456789012/bot-failed"
DEAD = "https://sqs.eu-central-1.amazonaws.com/123456789012/bot-dead.fifo"
REPLAY = {"tf": {"action": "replay"}}
RAISES = """
HANDLED = ["message", "callback_query"]


def reply(update):
    update.clear()
    raise ValueError("words of a person")
"""
SAYS: Json = {"method": "sendMessage", "chat_id": 42}
ANSWERS = 'HANDLED = ["message"]\n\n\ndef reply(update):\n    return [{}]\n'.format(
    {**SAYS, "text": "Here I am"}
)
ANSWER = {**SAYS, "text": "Here I am"}
STEPS = """
HANDLED = ["message"]


def reply(update):
    call = {"method": "sendMessage", "chat_id": 42}
    file = {"method": "sendDocument", "chat_id": 42, "document": ("a", b"\\0"), "caption": "B"}
    return [{**call, "text": "A"}, file, {**call, "text": "C"}]
"""

Keeping = Callable[..., Container]


@pytest.fixture
def keeping(start_bot: StartBot) -> Keeping:
    """Start a container with this bot.py, whose queues are in memory: `container.queues`.

    So is its table, if it has sessions. A second one has the messages and the table of the first.
    """
    messages: Json = {}
    items: Json = {}

    def start_container(source: str, **environment: str) -> Container:
        urls = {"FAILED_QUEUE_URL": FAILED, "DEAD_LETTERS_URL": DEAD}
        version = {"AWS_LAMBDA_FUNCTION_VERSION": "41"}
        container = start_bot(source, **{**AWS, **urls, **version, **environment})
        container.queues = Queues(container.module("aws"), FAILED, DEAD, items=messages)
        container.answer_calls(container.queues.call, "sqs")
        if "SESSION_TABLE" in environment:
            container.table = Table(container.module("aws"), "sessions", items=items)
            container.answer_calls(container.table.call, "dynamodb")
        return container

    return start_container


def kept(container: Container) -> list[Json]:
    """Return what is in the queue, without the time, which is now."""
    found = [json.loads(each["body"]) for each in container.queues.messages.values()]
    for each in found:
        assert abs(each["failed"].pop("at") - time.time()) < 60
    return found


def put(container: Container, content: Any, queue: str = FAILED) -> None:
    """Put a message into a queue."""
    body = content if isinstance(content, str) else json.dumps(content)
    params = {"QueueUrl": queue, "MessageBody": body}
    container.queues.call("sqs", "AmazonSQS.SendMessage", params)


def failed_update(**more: Any) -> Json:
    return {"failed": {"outcome": "bot_failed"}, "update": message(), **more}


def replayed(done: int, failed: int = 0, error: str | None = None, more: bool = False) -> Json:
    return {"done": done, "failed": failed, "error": error, "more": more}


def breaks(container: Container, action: str, error: str) -> None:
    """Have calls of an action of SQS fail, with an exception of botkit.aws, and no others."""
    aws = container.module("aws")
    errors = {
        "Unreachable": lambda: aws.Unreachable("sqs: HTTP 500"),
        "ClientError": lambda: aws.ClientError("QueueDoesNotExist", "no such queue"),
        "NotTaken": lambda: aws.ClientError("InvalidMessageContents", "no"),
    }

    def fail(service: str, target: str, params: Json) -> None:
        if target == f"AmazonSQS.{action}":
            raise errors[error]()

    container.answer_calls(container.queues.call, "sqs")
    container.watch_calls(fail, "sqs")


# ── What is kept


def test_an_update_that_the_bot_failed_at_is_kept_as_it_came(keeping: Keeping) -> None:
    container = keeping(RAISES)
    assert container.deliver(message()) == (200, None)
    about = {"outcome": "bot_failed", "error": "ValueError at bot.py:7", "version": "41"}
    assert kept(container) == [{"failed": about, "update": message()}]
    [line] = container.log  # no word of the update, as `start` checks
    assert (line["outcome"], line["error"]) == ("bot_failed", "ValueError at bot.py:7")


@pytest.mark.parametrize("mode", ["api", "webhook"])
def test_the_calls_that_remain_are_kept_with_their_files(
    keeping: Keeping, telegram: Telegram, mode: str
) -> None:
    container = keeping(STEPS, REPLY_MODE=mode, TELEGRAM_API_URL=telegram.url)
    telegram.faults.append(Fault("refuse", 1, 429, "Slow down", methods=("sendDocument",)))
    assert container.deliver(message()) == (200, None)
    [content] = kept(container)
    error = "sendDocument: 429 Slow down"
    assert content["failed"] == {"outcome": "incomplete", "error": error, "version": "41"}
    assert container.invoke(REPLAY) == replayed(1)
    assert [*map(text_of, telegram.messages.values())] == ["A", "B", "C"]  # reply() did not run
    assert files(telegram) == [("a", b"\0")]
    assert container.queues.messages == {}
    assert container.line == {
        "level": "INFO",
        "logger": "botkit",
        "message": "update",
        "update_id": 1,
        "kind": "message",
        "source": "replay",
        "methods": ["sendDocument", "sendMessage"],
        "outcome": "answered",
    }


def test_no_files_of_calls_that_remain_are_held_in_memory(
    keeping: Keeping, telegram: Telegram
) -> None:
    container = keeping(STEPS, TELEGRAM_API_URL=telegram.url)
    telegram.faults.append(Fault("refuse", 1, 429, "Slow down", methods=("sendDocument",)))
    assert container.deliver(message()) == (200, None)
    [remembered] = container.module("steps.once").recent.values()
    assert (remembered.name, [*remembered.remaining]) == ("incomplete", [])


def test_what_comes_again_or_can_never_succeed_is_not_kept(
    keeping: Keeping, bot_api: BotApi
) -> None:
    container = keeping(ANSWERS)
    bot_api.refuses(ANSWER, 403, "Forbidden: bot was blocked by the user")
    assert container.deliver(message(1)) == (200, None)
    bot_api.refuses(ANSWER, 429, "Too Many Requests", retry_after=7)
    assert container.deliver(message(2)) == (503, "7")
    assert container.queues.messages == {}


@pytest.mark.parametrize(
    ("error", "outcome"), [("Unreachable", "unreachable"), ("ClientError", "misconfigured")]
)
def test_telegram_keeps_what_cannot_be_kept(keeping: Keeping, error: str, outcome: str) -> None:
    container = keeping(RAISES)
    breaks(container, "SendMessage", error)
    assert container.deliver(message()) == (503, None)
    assert (container.line["outcome"], container.line["error"]) == (
        outcome,
        "ValueError at bot.py:7",
    )
    assert container.log[-2]["message"] == "a failed update or event was not kept"
    breaks(container, "nothing", error)
    assert container.deliver(message()) == (200, None)
    assert len(kept(container)) == 1


def test_nor_is_it_forgotten_if_it_made_calls_that_nobody_saw(
    keeping: Keeping, bot_api: BotApi
) -> None:
    container = keeping(SPEAKS_AND_RAISES.replace("sendMessage", "getChat"))
    for action, status in (("SendMessage", 503), ("nothing", 200)):
        breaks(container, action, "Unreachable")
        bot_api.answers("getChat", {"chat_id": 42, "text": "x"}, {})
        assert container.deliver(message()) == (status, None)
    assert len(kept(container)) == 1


SPEAKS_AND_RAISES = """
from botkit import telegram

HANDLED = ["message"]


def reply(update):
    telegram.call("sendMessage", chat_id=42, text="x")
    raise ValueError


on_event = reply
"""


def test_what_people_saw_does_not_come_again_even_if_it_cannot_be_kept(
    keeping: Keeping, bot_api: BotApi
) -> None:
    container = keeping(SPEAKS_AND_RAISES)
    breaks(container, "SendMessage", "Unreachable")
    bot_api.expects(CALL)
    assert container.deliver(message()) == (200, None)
    assert container.line["outcome"] == "bot_failed"
    assert container.log[-2]["message"] == "a failed update or event was not kept"


def test_what_could_not_be_kept_is_kept_when_it_comes_again(
    keeping: Keeping, bot_api: BotApi
) -> None:
    """The container remembers the update. People have only seen that the bot types."""
    says = """sendMessage", chat_id=42, text="x"""
    types = """sendChatAction", chat_id=42, action="typing"""
    container = keeping(SPEAKS_AND_RAISES.replace(says, types))
    breaks(container, "SendMessage", "Unreachable")
    call = {"method": "sendChatAction", "chat_id": 42, "action": "typing"}
    bot_api.expects(call, call)
    assert container.deliver(message())[0] == 503
    container.answer_calls(container.queues.call, "sqs")
    assert container.deliver(message())[0] == 200
    assert len(kept(container)) == 1


@pytest.mark.parametrize("text", ["x", 300_000 * "x"], ids=["refused", "too large"])
def test_what_the_queue_can_never_take_does_not_block_its_chat(keeping: Keeping, text: str) -> None:
    container = keeping(RAISES)
    if text == "x":
        breaks(container, "SendMessage", "NotTaken")
    assert container.deliver(message(text=text)) == (200, None)
    assert container.line["outcome"] == "bot_failed"
    assert container.log[-2]["message"] == "a failed update or event can't be kept"
    assert container.queues.messages == {}


@pytest.mark.parametrize(
    ("milliseconds", "had", "left"), [(10_000, 7, 2), (4_000, 2, 1)], ids=["2 s", "a third"]
)
def test_there_is_time_to_keep_what_was_interrupted(
    keeping: Keeping,
    monkeypatch: pytest.MonkeyPatch,
    milliseconds: int,
    had: float,
    left: float,
) -> None:
    container = keeping(RAISES)
    clock, deadline = with_clock(container), container.module("deadline").deadline
    seen: list[float] = []

    def reply(update: Json) -> None:
        seen.append(deadline.left())
        clock.now += deadline.left() + 0.5  # the interrupt comes half a second late
        raise container.module("bot_module").TimeIsUp

    monkeypatch.setattr(container.bot, "reply", reply)
    container.watch_calls(lambda *asked: seen.append(deadline.left()))
    assert container.deliver(message(), milliseconds) == (200, None)
    assert seen == pytest.approx([had, left])
    assert len(kept(container)) == 1


# ── Events


def test_an_event_that_failed_after_people_saw_something_is_kept(
    keeping: Keeping, bot_api: BotApi
) -> None:
    container = keeping(SPEAKS_AND_RAISES)
    bot_api.expects(CALL)
    event = {"source": "aws.s3"}
    assert container.invoke(event) is None
    [content] = kept(container)
    assert (content["failed"]["outcome"], content["event"]) == ("bot_failed", event)


def test_an_event_that_lambda_tries_again_is_not_kept_here(keeping: Keeping) -> None:
    container = keeping(RAISES + "\n\non_event = reply\n")
    assert failure(container, {"source": "aws.s3"}) == "bot_failed: ValueError at bot.py:7"
    assert container.queues.messages == {}


def test_of_an_event_the_calls_that_remain_are_kept(keeping: Keeping, bot_api: BotApi) -> None:
    container = keeping(ANSWERS)
    bot_api.expects(CALL)
    bot_api.refuses(ANSWER, 429, "Too Many Requests")
    assert container.invoke([CALL, ANSWER]) is None
    [content] = kept(container)
    assert content.pop("failed")["outcome"] == "incomplete"
    assert content == {"calls": [ANSWER]}
    bot_api.expects(ANSWER)
    assert container.invoke(REPLAY) == replayed(1)
    assert (container.line["message"], container.line["source"]) == ("event", "replay")


LATER = {"SCHEDULE_GROUP": "bot", "SCHEDULER_ROLE_ARN": "arn:aws:iam::123456789012:role/bot-later"}
TRIED_FOR_A_DAY = {"later": {"since": 0, "tries": 99}, "calls": [CALL]}


@pytest.mark.parametrize("is_away", [False, True], ids=["kept", "SQS away"])
def test_a_call_that_is_lost_is_kept(keeping: Keeping, bot_api: BotApi, is_away: bool) -> None:
    container = keeping(ANSWERS, **LATER)
    bot_api.refuses(CALL, 429, "Too Many Requests")
    if is_away:
        breaks(container, "SendMessage", "Unreachable")
        assert failure(container, TRIED_FOR_A_DAY).startswith("unreachable: ")
        return
    assert container.invoke(TRIED_FOR_A_DAY) is None
    [content] = kept(container)
    assert (content["failed"]["outcome"], content["calls"]) == ("lost", [CALL])


# ── The replay


def test_after_the_repair_an_update_is_answered_once(keeping: Keeping, bot_api: BotApi) -> None:
    keeping(RAISES).deliver(message())
    container = keeping(ANSWERS)
    bot_api.expects(ANSWER)
    assert container.invoke(REPLAY) == replayed(1)
    assert container.line["source"] == "replay"
    assert container.invoke(REPLAY) == replayed(0)
    assert container.queues.messages == {}


def test_the_same_container_takes_an_update_again(
    keeping: Keeping, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It remembers the updates for which calls were made, but not as answered ones."""
    container = keeping(SPEAKS_AND_RAISES)
    bot_api.expects(CALL)
    container.deliver(message())
    monkeypatch.setattr(container.bot, "reply", lambda update: [ANSWER])
    put(container, failed_update())  # SQS may deliver a message twice
    bot_api.expects(ANSWER)
    assert container.invoke(REPLAY) == replayed(2)
    assert [line["outcome"] for line in container.log[-2:]] == ["answered", "repeated"]


def test_what_fails_again_stays_for_the_next_replay(keeping: Keeping) -> None:
    container = keeping(RAISES)
    container.deliver(message(1))
    container.deliver(message(2))
    for received in (1, 2):
        assert container.invoke(REPLAY) == replayed(0, 2, "ValueError at bot.py:7")
        messages = container.queues.messages.values()
        assert [each["received"] for each in messages] == [received] * 2
        assert all(each["hidden"] <= time.time() for each in messages)


def test_of_what_is_incomplete_again_less_is_kept(keeping: Keeping, bot_api: BotApi) -> None:
    container = keeping(RAISES)
    put(container, failed_update(calls=[CALL, ANSWER]))
    bot_api.expects(CALL)
    bot_api.refuses(ANSWER, 429, "Too Many Requests")
    error = "sendMessage: 429 Too Many Requests"
    assert container.invoke(REPLAY) == replayed(0, 1, error)
    [message_] = container.queues.messages.values()
    assert message_["hidden"] > time.time()  # this replay must not take it again
    [content] = kept(container)
    assert content.pop("failed")["outcome"] == "incomplete"
    assert content == {"update": message(), "calls": [ANSWER]}


def test_an_update_is_kept_again_as_it_came(keeping: Keeping, bot_api: BotApi) -> None:
    raises = '    raise ValueError("words of a person")\n'
    container = keeping(RAISES.replace(raises, f"    return {[CALL, ANSWER]}\n"))
    put(container, failed_update())
    bot_api.expects(CALL)
    bot_api.refuses(ANSWER, 429, "Too Many Requests")
    assert container.invoke(REPLAY)["failed"] == 1
    [content] = kept(container)
    assert (content["update"], content["calls"]) == (message(), [ANSWER])


@pytest.mark.parametrize("error", ["Unreachable", "NotTaken"])
def test_what_is_incomplete_again_and_cannot_be_kept_stays_as_it_was(
    keeping: Keeping, bot_api: BotApi, error: str
) -> None:
    container = keeping(RAISES)
    before = failed_update(calls=[CALL, ANSWER])
    put(container, before)
    breaks(container, "SendMessage", error)
    bot_api.expects(CALL)
    bot_api.refuses(ANSWER, 429, "Too Many Requests")
    assert container.invoke(REPLAY)["failed"] == 1
    [message_] = container.queues.messages.values()
    assert json.loads(message_["body"]) == before


def test_nothing_is_shortened_while_nothing_was_made(keeping: Keeping, bot_api: BotApi) -> None:
    container = keeping(RAISES)
    put(container, failed_update(calls=[CALL, ANSWER]))
    bot_api.refuses(CALL, 429, "Too Many Requests")
    assert container.invoke(REPLAY)["failed"] == 1
    assert [*container.queues.messages] == ["1"]


def test_a_press_that_is_too_old_is_answered_as_far_as_possible(
    keeping: Keeping, bot_api: BotApi
) -> None:
    alert = {"method": "answerCallbackQuery", "callback_query_id": "1", "show_alert": True}
    source = f'HANDLED = ["callback_query"]\n\n\ndef reply(update):\n    return {[alert, ANSWER]}\n'
    container = keeping(source)
    press = {"update_id": 1, "callback_query": {"id": "1", "from": {"id": 42}}}
    put(container, {"failed": {}, "update": press})
    old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    bot_api.refuses(alert, 400, old)
    bot_api.expects(ANSWER)
    assert container.invoke(REPLAY) == replayed(1)
    assert container.line["outcome"] == "answered"


def test_a_kind_that_the_bot_handles_no_more_is_deleted(keeping: Keeping) -> None:
    container = keeping(RAISES.replace('"message", ', ""))
    put(container, failed_update())
    assert container.invoke(REPLAY) == replayed(1)
    assert container.line["outcome"] == "ignored"


def test_dead_letters_are_taken_as_well(keeping: Keeping, bot_api: BotApi) -> None:
    container = keeping(ANSWERS)
    put(container, message(), DEAD)
    put(container, failed_update(update=message(2)))
    bot_api.expects(ANSWER, ANSWER)
    assert container.invoke(REPLAY) == replayed(2)
    assert container.queues.messages == {}


def test_there_may_be_no_dead_letters(keeping: Keeping) -> None:
    container = keeping(ANSWERS, DEAD_LETTERS_URL="")
    assert container.invoke(REPLAY) == replayed(0)


def test_an_answer_is_sent_where_there_is_no_response(keeping: Keeping, bot_api: BotApi) -> None:
    container = keeping(ANSWERS, REPLY_MODE="webhook")
    put(container, failed_update())
    bot_api.expects(ANSWER)
    assert container.invoke(REPLAY) == replayed(1)
    assert (
        json.loads(container.invoke(request(json.dumps(message(2))))["body"]) == ANSWER
    )  # as before


def given_up(event: Any) -> Json:
    """Return what Lambda puts into the queue.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    about = {"requestId": "c6af9ac6", "condition": "RetriesExhausted"}
    return {
        "version": "1.0",
        "timestamp": "2026-11-14T18:16:05.568Z",
        "requestContext": {**about, "approximateInvokeCount": 3, "functionArn": "arn:…:bot:live"},
        "requestPayload": event,
        "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "bot_failed: KeyError at bot.py:3"},
    }


LISTENS = f"""
HANDLED = ["message"]


def reply(update):
    return []


def on_event(event):
    return [{ANSWER}]
"""


@pytest.mark.parametrize(
    "event",
    [{"source": "aws.s3"}, ANSWER, {"requestPayload": 1, "requestContext": {}}],
    ids=["the bot's", "a call", "what another function gave up"],
)
def test_an_event_that_lambda_gave_up_is_answered(
    keeping: Keeping, bot_api: BotApi, event: Any
) -> None:
    container = keeping(LISTENS)
    put(container, given_up(event))
    bot_api.expects(ANSWER)
    assert container.invoke(REPLAY) == replayed(1)
    assert (container.line["message"], container.line["source"]) == ("event", "replay")
    assert container.queues.messages == {}


@pytest.mark.parametrize("about", [{}, {"requestContext": {"condition": "Undelivered"}}], ids=str)
def test_an_event_of_no_known_request_is_answered_too(
    keeping: Keeping, bot_api: BotApi, about: Json
) -> None:
    container = keeping(LISTENS)
    put(container, {"requestPayload": {"source": "aws.s3"}, **about})
    bot_api.expects(ANSWER)
    assert container.invoke(REPLAY) == replayed(1)
    assert container.queues.messages == {}


@pytest.mark.parametrize(
    "event",
    [
        {"tf": {"action": "warm"}},
        {"tf": {"action": "delete"}, "url": "https://bot.example/telegram"},
        {"requestContext": {}, "routeKey": "POST /telegram"},
    ],
    ids=["a schedule's", "Terraform's", "Telegram's"],
)
def test_what_is_no_event_of_the_bots_is_deleted_and_does_nothing(
    keeping: Keeping, event: Json
) -> None:
    container = keeping(LISTENS)
    put(container, given_up(event))
    assert container.invoke(REPLAY) == replayed(1)
    assert container.log == []
    assert container.queues.messages == {}


def test_an_event_that_fails_again_stays(keeping: Keeping, bot_api: BotApi) -> None:
    container = keeping(LISTENS.replace("on_event", "on_nothing"))
    put(container, given_up({"source": "aws.s3"}))
    error = "bot.py has no on_event() for dict (source)"
    assert container.invoke(REPLAY) == replayed(0, 1, error)
    assert container.line["error"] == error
    put(container, given_up([CALL, ANSWER]))
    bot_api.expects(CALL)
    bot_api.refuses(ANSWER, 429, "Too Many Requests")
    assert container.invoke(REPLAY)["failed"] == 2
    messages = container.queues.messages.values()
    assert [json.loads(each["body"]).get("calls") for each in messages] == [None, [ANSWER]]


def test_an_event_is_replayed_with_its_own_id(
    keeping: Keeping, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By it, session.change() knows what it has done once. Lambda has given up one of the two."""
    container = keeping(LISTENS)
    ids: list[str] = []

    def on_event(event: Json) -> list[Json]:
        ids.append(container.module("current").run.id)
        if len(ids) == 1:
            container.telegram.call("sendMessage", chat_id=42, text="x")
            raise KeyError
        return []

    monkeypatch.setattr(container.bot, "on_event", on_event, raising=False)
    bot_api.expects(CALL)
    container.invoke({"x": 1})
    put(container, given_up({"x": 2}))
    assert container.invoke(REPLAY) == replayed(2)
    assert ids == [ids[0], ids[0], "c6af9ac6"]


def test_a_call_for_later_may_be_scheduled_again(keeping: Keeping, bot_api: BotApi) -> None:
    container = keeping(LISTENS, **LATER)
    names: list[str] = []
    container.answer_requests(lambda service, method, path, **content: names.append(path))
    put(container, given_up(CALL))
    bot_api.refuses(CALL, 429, "Too Many Requests")
    assert container.invoke(REPLAY) == replayed(1)
    assert names == ["/schedules/retry.c6af9ac6"]  # by the event, whose message may come twice


GARBLED: dict[str, Any] = {
    "no JSON": "words of a person",
    "a number": "7",
    "a list": [message()],
    "an object": {},
    "nothing that failed": {"failed": {}},
    "no update": {"failed": {}, "update": None},
    "an update without an id": {"update": {}},
    "an id that is text": {"failed": {}, "update": {"update_id": "1"}},
    "calls that are none": failed_update(calls=7),
    "calls that are text": failed_update(calls=["sendMessage"]),
    "a call without a method": failed_update(calls=[{"text": "x"}]),
    "a file that is none": failed_update(calls=[{**CALL, "x": {"base64 of a file": 7}}]),
    "a file without base64": failed_update(calls=[{**CALL, "x": {"base64 of a file": ["a", "b"]}}]),
}


@pytest.mark.parametrize("content", GARBLED.values(), ids=GARBLED)
def test_a_message_that_is_not_ours_stays_and_holds_up_nothing(
    keeping: Keeping, bot_api: BotApi, content: Any
) -> None:
    container = keeping(ANSWERS)
    put(container, content)
    put(container, failed_update())
    bot_api.expects(ANSWER)
    assert container.invoke(REPLAY) == replayed(1, 1, "message 1 can't be read")
    assert [*container.queues.messages] == ["1"]
    assert container.log[0]["message"] == "a message in the queue of failed updates can't be read"
    assert container.log[0]["message_id"] == "1"
    assert "words" not in json.dumps(container.log)


REMEMBERS = f"""
SESSION = "chat"
HANDLED = ["message"]


def reply(update, session):
    session["count"] = session.get("count", 0) + 1
    return [{ANSWER}]
"""


@pytest.fixture
def remembers(keeping: Keeping, bot_api: BotApi) -> Container:
    """A container with sessions, whose failed updates are kept."""
    return keeping(REMEMBERS, **session_environment(bot_api.url))


def test_a_session_knows_what_was_answered(remembers: Container, bot_api: BotApi) -> None:
    bot_api.expects(ANSWER)
    assert remembers.deliver(message(2)) == (200, None)
    remembers.module("steps.once").recent.clear()
    put(remembers, failed_update(update=message(1)))  # the session has moved on
    put(remembers, failed_update(update=message(2)))
    bot_api.expects(ANSWER)
    assert remembers.invoke(REPLAY) == replayed(2)
    assert remembers.line["outcome"] == "repeated"
    assert json.loads(remembers.table.items["42"]["session"]["S"]) == {"count": 2}


def test_a_replay_goes_on_where_one_before_it_ended(remembers: Container, bot_api: BotApi) -> None:
    """It has kept the session, and perhaps made no call."""
    put(remembers, failed_update())
    bot_api.refuses(ANSWER, 500, "Oops")
    assert remembers.invoke(REPLAY)["failed"] == 1
    bot_api.expects(ANSWER)
    assert remembers.invoke(REPLAY) == replayed(1)
    assert json.loads(remembers.table.items["42"]["session"]["S"]) == {"count": 1}


HANDLES = """
from botkit.errors import FailedForGood, Refused

SESSION = "chat"
HANDLED = ["message"]


def reply(update, session):
    session["count"] = session.get("count", 0) + 1
    if session["count"] == 1:
        raise FailedForGood(ValueError())
    return []
"""


def test_a_framework_s_failure_is_kept_though_its_session_knows_it(
    keeping: Keeping, bot_api: BotApi
) -> None:
    container = keeping(HANDLES, **session_environment(bot_api.url))
    breaks(container, "SendMessage", "Unreachable")
    assert container.deliver(message()) == (503, None)
    container.answer_calls(container.queues.call, "sqs")
    for _ in range(2):  # its 200 is lost
        assert container.deliver(message()) == (200, None)
        assert container.line["error"] == "it failed before, and may not have been kept"
    assert container.invoke(REPLAY) == replayed(2)
    assert json.loads(container.table.items["42"]["session"]["S"]) == {"count": 2}


def test_a_framework_s_refused_call_is_over(keeping: Keeping, bot_api: BotApi) -> None:
    refused = 'Refused("sendMessage", 403, "Forbidden", {})'
    source = HANDLES.replace("ValueError()", refused)
    container = keeping(source, **session_environment(bot_api.url))
    for outcome in ("refused", "repeated"):
        assert container.deliver(message()) == (200, None)
        assert container.line["outcome"] == outcome
    assert container.queues.messages == {}


def test_of_a_dead_letter_the_calls_that_remain_are_made(
    remembers: Container, bot_api: BotApi
) -> None:
    """Its session knows it, and nobody delivers it any more."""
    bot_api.refuses(ANSWER, 500, "Oops")
    assert remembers.invoke(request(json.dumps(message())))["statusCode"] == 503
    put(remembers, message(), DEAD)
    bot_api.expects(ANSWER)
    assert remembers.invoke(REPLAY) == replayed(1)
    assert remembers.line["outcome"] == "answered"


LIMITS = """
LIMIT = (1, 60)
HANDLED = ["message"]


def reply(update):
    return []


def on_limit(update):
    {}
"""


@pytest.mark.parametrize(
    ("repaired", "methods"),
    [(f"return [{ANSWER}]", ["sendMessage"]), ("return []\n\n\ndel on_limit", [])],
    ids=["it is repaired", "there is none any more"],
)
def test_on_limit_answers_after_its_repair(
    keeping: Keeping,
    bot_api: BotApi,
    repaired: str,
    methods: list[str],
) -> None:
    """Not reply(), to which the update was one too many."""

    def limited(body: str) -> Container:
        return keeping(LIMITS.replace("{}", body), **session_environment(bot_api.url))

    container = limited("raise ValueError")
    for number in (1, 2):
        container.deliver(message(number))
    assert container.line["outcome"] == "bot_failed"
    container = limited(repaired)
    if methods:
        bot_api.expects(ANSWER)
    assert container.invoke(REPLAY) == replayed(1)
    assert (container.line["outcome"], container.line["methods"]) == ("limited", methods)


# ── Its time


def slow(container: Container, monkeypatch: pytest.MonkeyPatch, *seconds: float) -> None:
    """Have the bot take so many seconds for its next answers, or until it is interrupted."""
    clock, deadline = with_clock(container), container.module("deadline").deadline
    left = [*seconds]

    def reply(update: Json) -> list[Json]:
        take = left.pop(0)
        if take > deadline.left() + 0.5:
            clock.now += deadline.left() + 0.5
            raise container.module("bot_module").TimeIsUp
        clock.now += take
        return []

    monkeypatch.setattr(container.bot, "reply", reply)


def put_updates(container: Container, count: int) -> None:
    for number in range(1, count + 1):
        put(container, failed_update(update=message(number)))


def hidden(container: Container) -> list[str]:
    """Return the ids of messages that the next replay doesn't get yet."""
    messages = container.queues.messages.items()
    return [id_ for id_, each in messages if each["hidden"] > time.time()]


def test_a_replay_begins_nothing_after_a_third_of_its_time(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = keeping(RAISES)
    put_updates(container, 4)
    slow(container, monkeypatch, 1, 2, 0.1)
    assert container.invoke(REPLAY) == replayed(3, more=True)
    assert [*container.queues.messages] == ["4"]
    assert hidden(container) == []


def test_nor_after_a_minute(keeping: Keeping, monkeypatch: pytest.MonkeyPatch) -> None:
    container = keeping(RAISES)
    put_updates(container, 4)
    slow(container, monkeypatch, 50, 10, 1)
    assert container.invoke(REPLAY, 900_000) == replayed(3, more=True)


def test_what_took_too_long_only_because_others_came_first_has_not_failed(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = keeping(RAISES)
    put_updates(container, 2)
    slow(container, monkeypatch, 2, 7, 7)  # of 9, with 2 for SQS
    assert container.invoke(REPLAY) == replayed(1, more=True)
    assert hidden(container) == []
    assert container.invoke(REPLAY) == replayed(1, more=True)
    assert container.queues.messages == {}


@pytest.mark.parametrize(("seconds", "failed"), [(2.4, 1), (2.8, 0)])
def test_in_a_short_replay_a_third_of_the_rest_is_for_sqs(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch, seconds: float, failed: int
) -> None:
    container = keeping(RAISES)
    put_updates(container, 2)
    clock = with_clock(container)
    ends = [clock.now + 0.5, clock.now + seconds]  # of 3: 2.5 are left for the second update

    def reply(update: Json) -> list[Json]:
        clock.now = ends.pop(0)
        if not ends:
            raise ValueError
        return []

    monkeypatch.setattr(container.bot, "reply", reply)
    answer = container.invoke(REPLAY, 4000)
    assert (answer["done"], answer["failed"]) == (1, failed)


def test_a_replay_that_answers_nothing_ends(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Failed messages stay hidden for a while, so that the next replay gets the others."""
    container = keeping(RAISES)
    put_updates(container, 2)
    slow(container, monkeypatch, 99)
    answer = container.invoke(REPLAY)
    assert answer.pop("error").startswith("TimeIsUp at test_replay.py:")
    assert answer == {"done": 0, "failed": 1, "more": False}
    assert hidden(container) == ["1"]


@pytest.mark.parametrize("calls", [None, [ANSWER]], ids=["the bot", "Telegram"])
def test_a_replay_stops_where_nothing_can_succeed(
    keeping: Keeping, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch, calls: Any
) -> None:
    """After three in a row. The next replay begins with others."""
    container = keeping(ANSWERS)
    for number in (1, 2, 3, 4):
        content = failed_update(update=message(number))
        put(container, {**content, "calls": calls} if calls else content)
    put(container, message(5), DEAD)
    if calls:
        for _ in range(3):
            bot_api.refuses(ANSWER, 401, "Unauthorized")
    else:
        monkeypatch.delattr(container.bot, "reply")
    assert container.invoke(REPLAY)["failed"] == 3
    assert [each["received"] for each in container.queues.messages.values()] == [1, 1, 1, 0, 0]
    left = [each["hidden"] - time.time() for each in container.queues.messages.values()]
    assert [240 < seconds <= 300 for seconds in left] == [True, True, True, False, False]


def test_one_that_can_not_be_replayed_holds_up_no_other(
    remembers: Container, bot_api: BotApi
) -> None:
    """Its session can't be read, for example."""
    for person in range(1, 6):
        put(remembers, failed_update(update=message(person, chat={"id": person})))
    for person in (1, 2, 4, 5):
        remembers.table.items[f"{person}"] = {"id": {"S": f"{person}"}, "session": {"S": "{"}}
    bot_api.expects(ANSWER)
    answer = remembers.invoke(REPLAY)
    assert (answer["done"], answer["failed"], answer["more"]) == (1, 4, False)
    assert answer["error"].startswith("the item 5 of the sessions' table can't be read")
    assert list(remembers.queues.messages) == ["1", "2", "4", "5"]
    assert hidden(remembers) == []


def test_nobody_else_gets_what_a_replay_has_until_it_must_have_ended(
    keeping: Keeping, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    container, now = keeping(ANSWERS), [time.time()]
    container.queues.now = lambda: now[0]
    put(container, failed_update())
    with monkeypatch.context() as patch:
        patch.delattr(container.module("sources.replay"), "_retry")
        with pytest.raises(NameError):  # as if it were killed
            container.invoke(REPLAY)
    now[0] += 60
    assert container.invoke(REPLAY) == replayed(0)
    now[0] += 10
    bot_api.expects(ANSWER)
    assert container.invoke(REPLAY) == replayed(1)


def test_what_a_replay_asks_of_sqs(keeping: Keeping) -> None:
    """One message, from all of SQS's servers; it is hidden until the replay must have ended."""
    container = keeping(RAISES)
    with_clock(container)
    put(container, failed_update())
    asked: list[Json] = []
    container.watch_calls(lambda service, target, params: asked.append(params))
    container.invoke(REPLAY)
    assert asked[0] == {
        "QueueUrl": FAILED,
        "AttributeNames": ["ApproximateReceiveCount"],
        "MaxNumberOfMessages": 1,
        "VisibilityTimeout": 69,
        "WaitTimeSeconds": 1,
    }
    shown = {"QueueUrl": FAILED, "ReceiptHandle": "1", "VisibilityTimeout": 0}
    assert asked[-1] == shown


def test_what_cannot_be_shown_again_stays_hidden(keeping: Keeping) -> None:
    container = keeping(RAISES)
    put(container, failed_update())
    breaks(container, "ChangeMessageVisibility", "Unreachable")
    assert container.invoke(REPLAY)["failed"] == 1
    assert container.line["message"] == "a message stays hidden"


def test_without_a_queue_there_is_nothing_to_replay(keeping: Keeping) -> None:
    container = keeping(RAISES, FAILED_QUEUE_URL="")
    with pytest.raises(Exception, match="failed updates aren't kept: set failed_retention_in_days"):
        container.invoke(REPLAY)


# ── Who may use the bot, and how often


def test_what_is_replayed_counts_no_more(keeping: Keeping, bot_api: BotApi) -> None:
    """It counted when it came. There is no table here in which it could count again."""
    container = keeping(f"LIMIT = (1, 60)\n{ANSWERS}", **session_environment(bot_api.url))
    put(container, failed_update())
    put(container, failed_update())
    bot_api.expects(ANSWER)
    assert container.invoke(REPLAY) == replayed(2)


def test_who_may_not_use_the_bot_any_more_is_not_answered_by_a_replay(keeping: Keeping) -> None:
    container = keeping(ANSWERS, ALLOWED_IDS="7")
    put(container, failed_update())
    assert container.invoke(REPLAY) == replayed(1)
    assert (container.line["outcome"], container.line["ids"]) == ("ignored", [42])
