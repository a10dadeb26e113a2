"""middleware/with_session.py: updates that are answered with a session, each once."""

import json

import pytest

from tests.support.stubs import QUEUE, message, queue_event, request
from tests.support.telegram import TOKEN, files, say
from tests.support.updates import ADA, GROUP, SAID, TOPIC

COUNT = """
from botkit import telegram
from botkit.deadline import deadline

SESSION = "chat"
ALLOWED_UPDATES = ["message"]


def reply(update, session):
    session["n"] = session.get("n", 0) + 1
    return [{"method": "sendMessage", "chat_id": 42, "text": f"{session['n']}"}]
"""
COUNT_AND = COUNT.partition("    return")[0] + "    "
OWN_CALL = 'telegram.call("sendMessage", chat_id=42, text="own")\n    '
LATE = "Bad Request: query is too old and response timeout expired"


def said(text):
    return {"method": "sendMessage", "chat_id": 42, "text": f"{text}"}


def kept(container):
    """Return the session that the table has."""
    return json.loads(container.table.items["42"]["session"]["S"])


def fails(container, outcome):
    """Deliver an update that isn't answered, and return the error that is logged."""
    status = 200 if outcome == "bot_error" else 503
    assert container.deliver(message()) == (status, None)
    assert container.line["outcome"] == outcome
    return str(container.line.get("error"))


# ── Delivered again


def test_late_repeated_answer_is_no_failure(start_with_sessions, bot_api):
    answer = {"method": "answerInlineQuery", "inline_query_id": "1", "results": []}
    source = f"{COUNT_AND}return [{answer}]\n"
    bot_api.expects(answer)
    start_with_sessions(source).deliver(message())  # its 200 was lost
    container = start_with_sessions(source)
    bot_api.refuses(answer, 400, LATE)
    container.deliver(message())
    assert container.line["outcome"] == "answered"


FILES = [
    {"method": "sendDocument", "chat_id": 42, "document": ("a.bin", b"\0\xff"), "x": None},
    {"method": "sendVoice", "chat_id": 42, "voice": b"\x89", "caption": "B"},
]


def test_saved_calls_have_their_files(start_with_sessions, telegram):
    say(telegram, "Hi", chat=42)
    here = {"TELEGRAM_API_URL": telegram.url, "TELEGRAM_BOT_TOKEN": TOKEN}
    for _ in range(2):
        container = start_with_sessions(f"{COUNT_AND}return {FILES}", **here)
        container.deliver(message())
    document = {"chat_id": "42", "document": "attach://document"}
    voice = {"chat_id": "42", "caption": "B", "voice": "attach://voice"}
    made = [(call.method, call.params) for call in telegram.calls]
    assert made == [("sendDocument", document), ("sendVoice", voice)] * 2
    assert files(telegram) == [("a.bin", b"\0\xff"), ("voice", b"\x89")] * 2
    assert kept(container) == {"n": 1}


ITSELF = """try:
        for text in "ab":
            telegram.call("sendMessage", chat_id=42, text=text)
    except telegram.TelegramError:
        pass
    return [{"method": "sendMessage", "chat_id": 42, "text": f"{session['n']}"}]
"""


def test_redrive_repeats_an_incomplete_answer(start_with_sessions, bot_api):
    """What reply() has sent itself isn't in the session. What it returns now may differ."""
    source = COUNT_AND + ITSELF

    def redrive(attempt):
        container = start_with_sessions(source, QUEUE_URL=QUEUE)
        container.invoke(queue_event(letter, attempt))
        return container.line["outcome"]

    container = start_with_sessions(source, QUEUE_URL=QUEUE)
    bot_api.expects(said("a"))
    bot_api.refuses(said("b"), *LIMIT)
    bot_api.expects(said(1))
    assert container.invoke(queue_event(message())) == {"batchItemFailures": []}
    [letter] = container.queues.dead_letters
    assert letter["failed"]["outcome"] == "incomplete"
    assert "429" in letter["failed"]["error"]
    bot_api.refuses(said("a"), *LIMIT)
    assert redrive(1) == "throttled"
    bot_api.expects(said("a"), said("b"))
    bot_api.refuses(said(2), *LIMIT)
    assert redrive(2) == "throttled"
    bot_api.expects(said(2))
    assert (redrive(3), kept(container)) == ("answered", {"n": 1})


@pytest.mark.parametrize(("received", "outcome"), [(1, "duplicate"), (2, "answered")])
def test_redrive_skips_what_is_answered(start_with_sessions, bot_api, received, outcome):
    """Another delivery has answered it. But it continues what its own first attempt has saved."""
    bot_api.expects(*[said(1)] * received)
    start_with_sessions(COUNT).deliver(message())
    container = start_with_sessions(COUNT, QUEUE_URL=QUEUE)
    letter = {"update": message(), "failed": {"outcome": "bot_error"}}
    container.invoke(queue_event(letter, received))
    assert container.line["outcome"] == outcome


# ── Others at the same time


def another_change(container):
    """Change the session as another container does."""
    item = container.table.items.get("42", {"session": {"S": "{}"}, "updates": {"S": "[]"}})
    n = json.loads(item["session"]["S"]).get("n", 0) + 10
    version = {"S": f"another's, {n}"}
    changed = {**item, "id": {"S": "42"}, "version": version, "session": {"S": f'{{"n":{n}}}'}}
    container.table.items["42"] = changed


def test_reply_runs_again_after_a_write_conflict(start_with_sessions, bot_api):
    """With the update as it was sent. Its own call may come too late then."""
    query = {"inline_query_id": "1", "results": []}
    container = start_with_sessions(
        COUNT.replace(
            "    session[",
            f"    assert update == {message()}\n    update.clear()\n"
            f"    telegram.call('answerInlineQuery', **{query})\n    session[",
        )
    )
    container.before_next_put(lambda: another_change(container), times=2)
    bot_api.expects({"method": "answerInlineQuery", **query})
    for _ in range(2):
        bot_api.refuses({"method": "answerInlineQuery", **query}, 400, LATE)
    bot_api.expects(said(21))
    container.deliver(message())
    assert (container.line["outcome"], kept(container)) == ("answered", {"n": 21})


def test_update_is_redelivered_if_a_rerun_of_reply_fails(start_with_sessions, bot_api):
    """Nothing was saved, so all of it is repeated."""
    container = start_with_sessions(COUNT.replace("return", f"{OWN_CALL}return"))
    container.before_next_put(lambda: another_change(container))
    bot_api.expects(said("own"))
    bot_api.refuses(said("own"), *LIMIT)
    fails(container, "throttled")


@pytest.mark.parametrize(
    ("changes", "left", "outcome"),
    [(0, 0, "bot_error"), (1, 0, "unreachable"), (1, 0.5, "bot_error")],
    ids=["at once", "rerun too late", "rerun in time"],
)
def test_update_is_redelivered_without_time_to_rerun_reply(
    start_with_sessions, bot_api, changes, left, outcome
):
    """Whatever people saw of it."""
    fails_at = f"if session.get('n', 0) == {10 * changes}:\n        {OWN_CALL}"
    fails_at += f"    deadline.start({left})\n        1 / 0\n    session["
    container = start_with_sessions(COUNT.replace("session[", fails_at, 1))
    container.stop_clock()
    container.before_next_put(lambda: another_change(container), changes)
    bot_api.expects(said("own"))
    error = fails(container, outcome)
    assert ("no time was left to run reply() again" in error) == (outcome == "unreachable")


@pytest.mark.parametrize(
    ("left", "change", "outcome"),
    [
        (0, "session['n'] = 1", "unreachable"),  # DynamoDB took all the time
        (0.5, "session['n'] = 1", "bot_error"),
        (5, "session['n'] = 1", "bot_error"),
        (0.5, "pass", "ignored"),
        (5.5, "session['n'] = 1", "ignored"),
    ],
)
def test_only_a_reply_that_had_time_can_be_late(start_with_sessions, left, change, outcome):
    """It takes 5 s. If it had none, the update is redelivered."""
    takes = f"    deadline.start(deadline.left() - 5)\n    {change}\n    return []\n"
    container = start_with_sessions(COUNT.partition("    session[")[0] + takes)
    container.stop_clock()
    deadline = container.module("deadline").deadline

    def see(service, target, params):
        if target.endswith("GetItem"):
            deadline.start(left)
        elif deadline.left() <= 0:
            raise container.module("errors").Unreachable("no time left")

    container.spy_on_aws(see)
    assert container.deliver(message()) == (503 if outcome == "unreachable" else 200, None)
    assert container.line["outcome"] == outcome
    assert (container.table.items == {}) == (left < 5.5)


# ── Completed

SEVERAL = (
    f'{COUNT_AND}return [{{"method": "sendMessage", "chat_id": 42, "text": c}} for c in "abc"]'
)
UNCHANGED = SEVERAL.replace("    session[", "    {}[")
LIMIT = (429, "Too Many Requests")


@pytest.mark.parametrize("source", [SEVERAL, UNCHANGED], ids=["changed", "unchanged"])
def test_next_delivery_makes_only_the_remaining_calls(start_with_sessions, bot_api, source):
    container = start_with_sessions(source)
    bot_api.expects(said("a"))
    bot_api.refuses(said("b"), *LIMIT, retry_after=5)
    assert container.deliver(message()) == (503, "5")
    assert container.line["outcome"] == "throttled"
    container = start_with_sessions(source)
    bot_api.refuses(said("b"), *LIMIT, retry_after=7)  # once more
    assert container.deliver(message()) == (503, "7")
    bot_api.expects(said("b"), said("c"))
    assert container.deliver(message()) == (200, None)
    assert container.line["outcome"] == "answered"
    container = start_with_sessions(source)
    assert container.deliver(message()) == (200, None)  # the 200 was lost
    assert container.line["outcome"] == "duplicate"
    assert kept(container) == ({"n": 1} if source is SEVERAL else {})


def test_session_is_read_once_and_progress_written_after_a_failure(start_with_sessions, bot_api):
    container = start_with_sessions(SEVERAL)
    asked = []

    def note(service, target, params):
        asked.append((target.partition(".")[2], params.get("ConsistentRead")))

    container.spy_on_aws(note)
    bot_api.expects(said("a"), said("b"), said("c"))
    container.deliver(message())
    assert asked == [("GetItem", True), ("PutItem", None)]
    # Its calls must not make room for others'. While they remain, that is written once.
    for _ in range(3):
        bot_api.refuses(said("a"), *LIMIT)
        assert container.deliver(message(2)) == (503, None)
    assert asked.count(("PutItem", None)) == 3


@pytest.mark.parametrize(
    ("made", "theirs", "left"),
    [("a", "c", "c"), ("a", "yz", "yz"), ("abc", "cd", "d")],
    ids=["they are ahead", "they have other calls", "they are behind"],
)
def test_progress_of_another_container_stays(start_with_sessions, bot_api, made, theirs, left):
    container = start_with_sessions(UNCHANGED.replace("abc", "abcd" if "d" in theirs else "abc"))
    store = container.module("store")

    def note():
        if not container.table.items:
            store.Item("42").save_progress(1, [*map(said, theirs)], store.IN_PROGRESS)

    bot_api.expects(*map(said, made))
    bot_api.refuses(said("abcd"[len(made)]), *LIMIT)
    container.before_next_put(note)
    assert container.deliver(message()) == (503, None)
    assert store.Item("42").calls(1) == [*map(said, left)]


def away(container):
    """Have DynamoDB fail at the next write."""

    def fail():
        raise container.module("errors").Unreachable("dynamodb: HTTP 500")

    container.before_next_put(fail)


def test_all_calls_are_repeated_if_progress_cannot_be_saved(start_with_sessions, bot_api):
    container = start_with_sessions(UNCHANGED)
    away(container)
    bot_api.expects(said("a"))
    bot_api.refuses(said("b"), *LIMIT)
    assert container.deliver(message()) == (503, None)
    assert container.line["outcome"] == "throttled"
    assert container.log[-2]["message"] == "remaining calls not saved"
    assert container.log[-2]["error"] == "dynamodb: HTTP 500"
    bot_api.expects(said("a"))
    bot_api.refuses(said("b"), *LIMIT)
    assert container.deliver(message()) == (503, None)
    away(container)
    bot_api.expects(said("b"), said("c"))
    assert container.deliver(message()) == (200, None)
    assert container.line["outcome"] == "answered"


def test_answer_is_incomplete_if_its_rest_is_too_large(start_with_sessions, bot_api):
    container = start_with_sessions(UNCHANGED.replace('"abc"', '["a", "b", 500_000 * "c"]'))
    bot_api.expects(said("a"))
    bot_api.refuses(said("b"), *LIMIT)
    assert container.deliver(message()) == (200, None)
    assert container.line["outcome"] == "incomplete"


def test_update_is_redelivered_if_the_session_cannot_be_saved(start_with_sessions, bot_api):
    container = start_with_sessions(COUNT.replace("return", f"{OWN_CALL}return"))
    away(container)
    bot_api.expects(said("own"))
    fails(container, "unreachable")
    bot_api.expects(said("own"), said(1))
    assert container.deliver(message()) == (200, None)
    assert kept(container) == {"n": 1}


def test_webhook_mode_saves_only_the_call_in_the_response(start_with_sessions, bot_api):
    container = start_with_sessions(SEVERAL, REPLY_MODE="webhook")
    bot_api.expects(said("a"))
    bot_api.refuses(said("b"), *LIMIT)
    assert container.deliver(message()) == (503, None)
    assert container.table.items["42"]["updates"] == {"S": "[6]"}  # as other versions read it
    bot_api.expects(said("b"))
    for _ in range(2):  # Telegram may not have got the first response
        container = start_with_sessions(SEVERAL, REPLY_MODE="webhook")
        answer = container.invoke(request(json.dumps(message())))
        assert json.loads(answer["body"]) == said("c")
    store = container.module("store")
    assert store.Item("42").updates == {1: store.ANSWERED}


def test_calls_leave_time_to_save_progress(start_with_sessions):
    container = start_with_sessions(SEVERAL)
    clock = container.stop_clock()
    timeouts = []

    def post(method, params, timeout):
        timeouts.append(timeout)
        if timeout <= 0:
            raise container.module("errors").Unreachable("no time left")
        clock.now += timeout
        return True

    container.stub_telegram(post)
    assert container.deliver(message(), 10_000) == (503, None)
    assert timeouts == pytest.approx([8.5, 0])
    assert container.module("store").Item("42").calls(1) == [said("b"), said("c")]


# ── Keys

# An update, and its keys as a session of a chat, a topic, a user, and both.
KEYS = {
    "a message": ({"message": SAID}, ("-100", "-100", "7", "-100/7")),
    "in a topic": ({"message": {**SAID, **TOPIC}}, ("-100", "-100/5", "7", "-100/7")),
    "an inline query": ({"inline_query": {"from": ADA}}, (None, None, "7", None)),
    "a post": ({"channel_post": {"chat": GROUP}}, ("-100", "-100", None, None)),
}


@pytest.mark.parametrize(("update", "keys"), KEYS.values(), ids=KEYS)
def test_session_belongs_to_a_chat_topic_or_person(start_with_sessions, update, keys):
    container = start_with_sessions(COUNT)
    found = []
    for container.bot.SESSION in ("chat", "topic", "user", "chat_user"):
        found.append(container.module("session").key_of({"update_id": 1, **update}))
    assert tuple(found) == keys


@pytest.mark.parametrize("choice", ['"user"', "lambda update: None"])
def test_update_without_a_key_has_a_temporary_session(start_with_sessions, bot_api, choice):
    container = start_with_sessions(COUNT.replace('"chat"', choice, 1))
    bot_api.expects(said(1), said(1))
    container.deliver({"update_id": 1, "channel_post": {}})
    container.deliver({"update_id": 2, "channel_post": {}})
    assert container.table.items == {}


def test_function_may_choose_the_key(start_with_sessions, bot_api):
    source = COUNT.replace("    session[", "    assert 'update_id' in update\n    session[")
    chooses = "lambda update: f\"order {update.pop('update_id') // 10}\""  # of a copy
    container = start_with_sessions(source.replace('"chat"', chooses, 1))
    bot_api.expects(said(1), said(1), said(2))
    for update_id in (1, 11, 12):
        container.deliver(message(update_id))
    assert set(container.table.items) == {"order 0", "order 1"}


# ── Bad input


RULE = 'SESSION in bot.py must be "chat", "topic", "user", "chat_user" or a function of an update'


@pytest.mark.parametrize(
    ("choice", "outcome", "error"),
    [
        ("None", "misconfigured", RULE),
        ('["chat"]', "misconfigured", RULE),
        ("lambda update: 42", "bot_error", "the key of a session must be a string of 1 to 2,048 "),
        ("lambda update: 1 / 0", "bot_error", "ZeroDivisionError at bot.py:5"),
    ],
)
def test_update_fails_if_its_key_is_impossible(start_with_sessions, choice, outcome, error):
    container = start_with_sessions(COUNT.replace('"chat"', choice, 1))
    assert fails(container, outcome).startswith(error)


KEPT = (
    "a session must contain only strings, numbers, booleans, None, lists, and dicts with string "
    "keys: "
)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("(1, 2)", KEPT + "n: a tuple"),
        ("{1: 2}", KEPT + "n: a key of type int"),
        ("{'answers': {'Ada L.': {1: 2}}}", KEPT + "answers: a key of type int"),
        ("{'steps': [1, [2, (3,)]]}", KEPT + "steps: a tuple"),
        (r"{'a': 1, '\ud800': 1}", KEPT + "n: half a surrogate pair"),
        (r"'\ud800'", KEPT + "n: half a surrogate pair"),
        ("[float('nan')]", KEPT + "Out of range float values"),
        ("{'a': {'b': None}, 'books': [[1.5], 'x', b'x']}", KEPT + "books: a bytes"),
        ("session", KEPT + "Circular reference"),
        ("functools.reduce(lambda part, _: [part], range(700), {1})", KEPT + "maximum recursion"),
        ("400 * 1024 * 'x'", "a session and the calls kept with it (409,6"),
    ],
)
def test_invalid_session_fails_and_writes_nothing(start_with_sessions, value, error):
    source = COUNT.replace('session.get("n", 0) + 1', value).replace("f\"{session['n']}\"", '"x"')
    source = f"import functools\n{source}"
    container = start_with_sessions(source)
    assert error in fails(container, "bot_error")
    assert container.table.items == {}


def test_update_is_redelivered_if_there_is_no_such_table(start_with_sessions):
    container = start_with_sessions(COUNT)

    def refuse(service, target, params):
        raise container.module("errors").ClientError("ResourceNotFoundException", "no")

    container.spy_on_aws(refuse)
    assert fails(container, "misconfigured").startswith("the sessions' table can't be used: ")


def test_update_is_redelivered_without_a_table(start_bot):
    error = fails(start_bot(COUNT), "misconfigured")
    assert error == "there is no table for sessions: set session_retention_in_days"
