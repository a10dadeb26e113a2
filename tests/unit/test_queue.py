"""queue.py: updates, remaining calls and dead letters go through SQS FIFO."""

import json
import random
import re
import sys

import pytest

from tests.support.stubs import CALL, QUEUE, TEXT, message, queue_event
from tests.support.updates import ADA, SAID, THREAD, TOPIC

DONE = {"batchItemFailures": []}
AGAIN = {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
TWO = [{**CALL, "text": "one"}, {**CALL, "text": "two"}]
BOT = f"""
from botkit import session, telegram

ALLOWED_UPDATES = ["message", "callback_query"]
QUEUED_UPDATES = ["message"]
broken = False


def reply(update, session=None):
    if broken:
        update.clear()  # a dead letter has it as it came
        raise ValueError
    return {TWO}


def on_event(event):
    return reply(event)
"""
UNQUEUED = BOT.replace('["message"]\nbroken', "[]\nbroken")
WITH_SESSION = UNQUEUED + 'SESSION = "chat"\n'


@pytest.fixture
def container(start_with_queue):
    """A container of a bot that queues messages."""
    return start_with_queue(BOT)


@pytest.fixture
def at_once(start_with_queue):
    """A container of a bot that answers updates at once."""
    return start_with_queue(UNQUEUED, AWS_LAMBDA_FUNCTION_VERSION="7")


def answer_sqs(container, error=None):
    """Have SQS take all, or fail. Returns the parameters of its calls."""
    asked = []

    def call(service, target, params):
        asked.append(params)
        if error:
            raise error

    container.stub_aws(call, "sqs")
    return asked


def waiting(container):
    """Return what waits in the queue."""
    return container.queues.contents(QUEUE)


def redriven(container):
    """Move the only dead letter back. Returns its event."""
    [body] = container.queues.dead_letters
    container.queues.items.clear()
    return queue_event(body)


# ── Into the queue


def test_an_update_is_queued_and_not_answered(container):
    asked = answer_sqs(container)
    update = message(text="Grüße 👍")
    assert container.deliver(update) == (200, None)
    [sent] = asked
    compact = json.dumps({"update": update}, ensure_ascii=False, separators=(",", ":"))
    assert sent.pop("MessageBody") == compact
    assert sent == {"QueueUrl": QUEUE, "MessageDeduplicationId": "1", "MessageGroupId": "42"}
    assert (container.line["outcome"], container.line["methods"]) == ("queued", [])


GROUPS = {
    "a chat": ({"message": SAID}, "-100"),
    "a topic": ({"message": {**SAID, **TOPIC}}, "-100:5"),
    "a reply in a plain group": ({"message": {**SAID, **THREAD}}, "-100"),
    "a tap": ({"callback_query": {"from": ADA, "message": SAID}}, "query:7"),
    "a user": ({"poll_answer": {"user": ADA}}, "7"),
    "a guest's topic": ({"guest_message": {**SAID, **TOPIC}}, "guest:-100:5"),
    "neither": ({"poll": {"id": "x"}}, "poll"),
    "nothing": ({}, "update"),
}


@pytest.mark.parametrize(("fields", "group"), GROUPS.values(), ids=GROUPS)
def test_group_is_the_chat_or_the_topic_or_the_user(container, fields, group):
    assert container.module("sqs").message_group_id({"update_id": 1, **fields}) == group


def test_group_is_the_session_with_session(start_with_queue):
    message_group_id = start_with_queue(WITH_SESSION).module("sqs").message_group_id
    group = message_group_id({"message": SAID})
    assert group.startswith("session:")
    # So does a tap: it waits behind a message, and changes the session after it.
    assert message_group_id({"callback_query": {"from": {"id": 8}, "message": SAID}}) == group
    assert message_group_id({"poll_answer": {"user": ADA}}) == "7"  # it has no session
    longest = start_with_queue(UNQUEUED + "SESSION = lambda update: 2048 * 'x'")
    assert len(longest.module("sqs").message_group_id({"message": SAID})) <= 128  # SQS's limit


@pytest.mark.parametrize("key", ["1 / 0", "''"], ids=["an error", "an impossible key"])
def test_group_is_the_chat_if_session_raises(start_with_queue, key):
    container = start_with_queue(UNQUEUED + f"SESSION = lambda update: {key}")
    assert container.module("sqs").message_group_id({"message": SAID}) == "-100"


def test_an_update_is_redelivered_if_session_fails_for_now(start_with_queue, bot_api):
    """In another group it would lose its order."""
    asks = 'SESSION = lambda update: str(telegram.call("getChat", chat_id=5)["id"])'
    container = start_with_queue(BOT + asks)
    ask = {"method": "getChat", "chat_id": 5}
    bot_api.refuses(ask, 500, "no")
    assert container.deliver(message()) == (503, None)
    assert (container.line["outcome"], waiting(container)) == ("unreachable", [])


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("QueueDoesNotExist", "misconfigured"),
        ("HTTP 500", "unreachable"),
        ("InvalidParameterValueException", "answered"),
        ("InvalidMessageContents", "answered"),
    ],
)
def test_only_an_update_that_sqs_refuses_is_answered_at_once(container, bot_api, code, outcome):
    errors, is_answered = container.module("errors"), outcome == "answered"
    is_away = code == "HTTP 500"
    answer_sqs(container, errors.Unreachable(code) if is_away else errors.ClientError(code, "no"))
    bot_api.expects(*TWO * is_answered)
    assert container.deliver(message()) == (200 if is_answered else 503, None)
    assert container.line["outcome"] == outcome
    told = container.log[-2]["message"] if is_answered else container.line["error"]
    assert told == "SQS rejected a message" if is_answered else code in told


@pytest.mark.parametrize(("more", "outcome"), [(0, "queued"), (1, "answered")])
def test_an_update_above_256_kb_is_answered_at_once(container, bot_api, more, outcome):
    envelope = len(json.dumps({"update": message(text="")}, separators=(",", ":")))
    size = 262_144 - envelope + more
    update = message(text="👍" * (size // 4) + "x" * (size % 4))
    if more:
        bot_api.expects(*TWO)
    assert container.deliver(update) == (200, None)
    assert container.line["outcome"] == outcome


def test_sqs_gets_no_character_that_it_refuses(container):
    """Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""
    asked = answer_sqs(container)
    text = "\0 \x1f \x7f \ud800 \ufffe \uffff \U0001ffff"
    assert container.deliver(message(text=text, **{"\uffff": 1})) == (200, None)
    body = asked[0]["MessageBody"]
    assert not re.search("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", body)
    readable = text.replace("\ud800", "\ufffd")  # half a surrogate pair
    assert json.loads(body) == {"update": message(text=readable, **{"\uffff": 1})}


# ── Out of the queue

PAUSES = {
    "first": (500, {}, 1, 2, 1),
    "first, at most": (500, {}, 1, 2, 1.5),
    "ninth": (500, {}, 9, 512, 1),
    "tenth, at most": (500, {}, 10, 900, 1.5),
    "a wrong token": (401, {}, 3, 8, 1),
    "a short limit": (429, {"retry_after": 1}, 3, 8, 1),
    "a long limit": (429, {"retry_after": 13}, 3, 13, 1),
    "longer than SQS hides a message": (429, {"retry_after": 90_000}, 3, 39_600, 1),
}


@pytest.mark.parametrize(
    ("code", "parameters", "received", "seconds", "longer"), PAUSES.values(), ids=PAUSES
)
def test_a_temporary_failure_sets_the_pause(
    container, bot_api, monkeypatch, code, parameters, received, seconds, longer
):
    monkeypatch.setattr(random, "uniform", lambda *ends: ends[ends.index(longer)])
    asked = answer_sqs(container)
    bot_api.refuses(TWO[0], code, "no", **parameters)
    assert container.invoke(queue_event(message(), received)) == AGAIN
    pause = {"ReceiptHandle": "message-1", "VisibilityTimeout": longer * seconds}
    assert asked == [{"QueueUrl": QUEUE, **pause}]


def test_the_pause_has_a_second_and_a_half(container):
    left = {}
    deadline = container.module("deadline").deadline

    def reply(update):
        left["bot"] = deadline.left()
        raise container.telegram.Unreachable("Telegram is away")

    container.stub_aws(lambda *call: left.update(queue=deadline.left()), "sqs")
    container.stop_clock()
    container.bot.reply = reply
    assert container.invoke(queue_event(message()), milliseconds=20_500) == AGAIN
    assert left == pytest.approx({"bot": 16.0, "queue": 20.0})


def test_failing_visibility_change_is_only_logged(container, bot_api):
    answer_sqs(container, container.module("aws").ClientError("MessageNotInflight", "no"))
    bot_api.refuses(TWO[0], 500, "no")
    assert container.invoke(queue_event(message())) == AGAIN
    assert container.line["message"] == "retry delay not set"


@pytest.mark.parametrize("is_silent", [False, True])
def test_a_long_answer_is_hidden_for_its_whole_time(container, bot_api, is_silent):
    """The queue hides a message for a minute at least.

    For a longer answer, a shorter timeout in a release that was refused may have changed its time.
    """
    asked = []
    clock = container.stop_clock()

    def call(service, target, params):
        asked.append(params)
        if is_silent:
            clock.now += container.module("deadline").deadline.left()
            raise container.telegram.Unreachable("timed out")

    container.stub_aws(call, "sqs")
    bot_api.expects(*TWO, *TWO)
    assert container.invoke(queue_event(message()), milliseconds=30_000) == DONE
    assert asked == []
    assert container.invoke(queue_event(message(2)), milliseconds=31_000) == DONE
    hidden = {"QueueUrl": QUEUE, "ReceiptHandle": "message-1", "VisibilityTimeout": 61}
    assert (asked, clock.now) == ([hidden], 2.0 if is_silent else 0.0)


# ── What remains, and what failed


@pytest.mark.parametrize("is_queued", [False, True], ids=["webhook", "queue"])
def test_the_rest_of_an_answer_goes_into_the_queue(at_once, bot_api, is_queued):
    bot_api.expects(TWO[0])
    bot_api.refuses(TWO[1], 429, "no", retry_after=7)
    if is_queued:
        assert at_once.invoke(queue_event(message(1))) == DONE
    else:
        assert at_once.deliver(message(1)) == (200, None)
    assert (at_once.line["outcome"], "429" in at_once.line["telegram_error"]) == ("queued", True)
    assert not at_once.module("pipeline").recent[1].calls_remaining, "files fill the memory"
    [rest] = waiting(at_once)
    assert rest == {"calls": [TWO[1]], "of": 1}
    assert [each["group"] for each in at_once.queues.items.values()] == ["42"]
    bot_api.refuses(TWO[1], 429, "no", retry_after=7)
    assert at_once.invoke(queue_event(rest)) == AGAIN
    bot_api.expects(TWO[1])
    assert at_once.invoke(queue_event(rest, 2)) == DONE
    assert (at_once.line["outcome"], at_once.line["of"]) == ("answered", 1)
    assert at_once.invoke(queue_event(rest, 3)) == DONE
    assert at_once.line["outcome"] == "duplicate"


def test_rest_of_an_answer_includes_the_webhook_reply(start_with_queue, bot_api):
    twice = UNQUEUED.replace(f"return {TWO}", f"return {2 * TWO}")
    container = start_with_queue(twice, REPLY_MODE="webhook")
    bot_api.expects(TWO[0])
    bot_api.refuses(TWO[1], 429, "no")
    assert container.deliver(message()) == (200, None)
    assert waiting(container) == [{"calls": [TWO[1], *TWO], "of": 1}]


def test_a_failed_update_is_a_dead_letter_until_it_succeeds(at_once, bot_api):
    at_once.bot.broken = True
    assert at_once.deliver(message(1)) == (200, None)
    [first] = at_once.queues.dead_letters
    assert first["update"] == message(1)
    assert first["failed"]["outcome"] == "bot_error"
    assert first["failed"]["error"].startswith("ValueError at ")
    assert first["failed"].keys() == {"at", "error", "outcome", "version"}
    assert first["failed"]["version"] == "7"
    assert at_once.invoke(redriven(at_once)) == DONE
    [second] = at_once.queues.dead_letters
    assert second["failed"] != first["failed"], "SQS would drop it"
    at_once.bot.broken = False
    bot_api.expects(*TWO)
    assert at_once.invoke(redriven(at_once)) == DONE
    assert (at_once.line["outcome"], at_once.queues.items) == ("answered", {})


def test_only_a_redrive_repeats_a_failure_after_a_visible_call(at_once, bot_api):
    def reply(update):
        at_once.telegram.call("sendMessage", chat_id=42, text="x")
        raise ValueError

    at_once.bot.reply = reply
    bot_api.expects(CALL)
    for outcome in ("bot_error", "duplicate"):
        assert at_once.deliver(message()) == (200, None)
        assert at_once.line["outcome"] == outcome
    bot_api.expects(CALL)
    assert at_once.invoke(redriven(at_once)) == DONE


def test_a_second_redrive_continues_the_first(start_with_sessions, bot_api):
    source = WITH_SESSION.replace("    return [", "    session['n'] = 1\n    return [")
    container = start_with_sessions(source, QUEUE_URL=QUEUE)
    container.bot.broken = True
    assert container.deliver(message(1)) == (200, None)
    container.bot.broken = False
    event = redriven(container)
    bot_api.refuses(TWO[0], 429, "Too Many Requests", retry_after=1)
    assert container.invoke(event) == AGAIN  # after 20 of these, it is a dead letter again
    bot_api.expects(*TWO)
    other = start_with_sessions(source, QUEUE_URL=QUEUE)
    assert other.invoke(event) == DONE
    assert other.line["outcome"] == "answered"


def test_without_sqs_no_call_is_seen_twice(at_once, bot_api):
    answer_sqs(at_once, at_once.module("errors").Unreachable("sqs: HTTP 500"))
    bot_api.expects(TWO[0])
    bot_api.refuses(TWO[1], 500, "no")
    assert at_once.deliver(message(1)) == (200, None)
    assert at_once.line["outcome"] == "incomplete"
    assert at_once.log[-2]["message"] == "dead letter or remaining calls not sent to SQS"


def test_a_dead_letter_that_sqs_refuses_leaves_the_outcome(at_once):
    answer_sqs(at_once, at_once.module("errors").ClientError("InvalidMessageContents", "no"))
    at_once.bot.broken = True
    assert at_once.deliver(message()) == (200, None)
    assert at_once.line["error"].startswith("ValueError at ")


def test_the_dead_letter_of_a_slow_answer_has_its_time(at_once):
    clock = at_once.stop_clock()
    left = []
    deadline = at_once.module("deadline").deadline

    def reply(update):
        clock.now += deadline.left() + 0.5  # until it is interrupted
        raise ValueError

    at_once.stub_aws(lambda *call: left.append(deadline.left()), "sqs")
    at_once.bot.reply = reply
    assert at_once.deliver(message(1)) == (200, None)
    assert left == pytest.approx([2.0])


# ── Events


def test_an_event_of_aws_goes_through_the_queue(at_once, bot_api):
    """Lambda may deliver it twice, with one id."""
    for _ in range(2):
        assert at_once.invoke({"source": "aws.s3"}) is None
        assert at_once.line["outcome"] == "queued"
    [body] = waiting(at_once)
    assert body["event"] == {"source": "aws.s3"}
    bot_api.refuses(TWO[0], 500, "Oops")
    assert at_once.invoke(queue_event(body)) == AGAIN
    bot_api.expects(*TWO)
    assert at_once.invoke(queue_event(body, 2)) == DONE
    assert at_once.line["of"] == body["of"]


def test_calls_of_an_event_go_through_the_queue(at_once, bot_api):
    assert at_once.invoke(TWO) is None
    [body] = waiting(at_once)
    assert body["calls"] == TWO
    bot_api.expects(TWO[0])
    bot_api.refuses(TWO[1], 500, "Oops")
    assert at_once.invoke(queue_event(body)) == DONE
    assert waiting(at_once)[-1] == {"calls": [TWO[1]], "of": body["of"]}


def test_without_sqs_lambda_retries_an_event(at_once):
    answer_sqs(at_once, at_once.module("errors").Unreachable("sqs: HTTP 500"))
    assert at_once.failure({"source": "aws.s3"}) == "unreachable: sqs: HTTP 500"


def test_on_event_gets_the_scheduled_time(at_once):
    """Unless the event has another "at"."""
    asked = []
    at_once.bot.on_event = lambda event: asked.append(event) or []
    for event in ({"debts of": 42}, {"at": "noon"}):
        at_once.invoke(queue_event({"at": "2026-01-02T09:00:00Z", "event": event}))
    assert asked == [{"debts of": 42, "at": "2026-01-02T09:00:00Z"}, {"at": "noon"}]


def test_an_event_that_is_retried_changes_a_session_once(start_with_sessions, bot_api):
    """Also if it fails for good, and is redriven."""
    source = UNQUEUED + (
        "def on_event(event):\n"
        "    session.change('n', lambda n: n.update(n=n.get('n', 0) + 1), once='n')\n"
        "    return reply(event)\n"
    )
    container = start_with_sessions(source, QUEUE_URL=QUEUE)
    content = {"at": "2026-01-02T09:00:00Z", "event": {"count": 1}}
    for received in range(1, 4):
        bot_api.refuses(TWO[0], 500, "Oops")
        assert container.invoke(queue_event(content, received)) == AGAIN
    container.bot.broken = True
    assert container.invoke(queue_event(content, 4)) == DONE
    container.bot.broken = False
    event = redriven(container)
    event["Records"][0]["messageId"] = "message-2"
    bot_api.expects(*TWO)
    assert container.invoke(event) == DONE
    assert json.loads(container.table.items["n"]["session"]["S"]) == {"n": 1}


@pytest.mark.parametrize(
    ("chats", "is_away", "said"),
    [
        ((42, "42"), False, "a recurring call was cancelled: the bot may not write to the chat"),
        ((42,), True, "a recurring call was not cancelled"),
        ((42, 43), False, None),
    ],
    ids=["its only chat", "Scheduler is away", "one of its chats"],
)
def test_recurring_call_ends_with_its_only_chat(at_once, bot_api, chats, is_away, said):
    calls = [{**CALL, "chat_id": chat} for chat in chats]
    at_once.module("schedule").cron(calls, "0 9 ? * MON *", "UTC", "tea")
    for call in calls:
        bot_api.refuses(call, 403, "Forbidden: bot was blocked by the user")
    content = at_once.schedules.items["cron.tea"]["event"]

    def away(*about, **content):
        raise at_once.module("errors").Unreachable("HTTP 500")

    if is_away:
        at_once.stub_aws(away, "scheduler")
    assert at_once.invoke(queue_event(content)) == DONE
    assert (at_once.schedules.items == {}) is (said is not None and not is_away)
    told = [line["message"] for line in at_once.log if "recurring" in line["message"]]
    assert told == [said] * bool(said)


def test_recurring_event_survives_a_403_that_it_ignores(at_once, bot_api):
    """It may have ended a loop over all chats."""

    def on_event(event):
        at_once.telegram.call("sendMessage", chat_id=42, text="x")

    at_once.bot.on_event = on_event
    at_once.module("schedule").cron({"n": 1}, "0 9 ? * MON *", "UTC", "tea")
    bot_api.refuses(CALL, 403, "Forbidden: bot was blocked by the user")
    assert at_once.invoke(queue_event(at_once.schedules.items["cron.tea"]["event"])) == DONE
    assert at_once.line["outcome"] == "refused"
    assert "cron.tea" in at_once.schedules.items


# ── What isn't our queue's


@pytest.mark.parametrize(
    "queue",
    [QUEUE.replace("bot", "a-bot"), QUEUE.replace("123456789012", "2109")],
    ids=["another queue", "another account's"],
)
def test_message_of_another_queue_is_the_bots(container, queue):
    event = queue_event(TEXT, queue=queue)
    assert container.invoke(event) is None
    [body] = waiting(container)
    assert body["event"] == event
    [item] = container.queues.items.values()
    assert item["group"] == body["of"]  # its own, so that events don't wait for each other


def test_without_a_queue_no_event_is_its(start, bot_api):
    container = start(bot_api.url)
    assert container.failure(queue_event(message())).startswith(
        "bot_error: bot.py has no on_event()"
    )
    assert "botkit.queue" not in sys.modules
