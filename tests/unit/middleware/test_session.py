"""middleware/session.py: updates that are answered with a session, each once."""

import json
import sys

import pytest

from tests.support.stubs import (
    answers,
    http,
    message,
    request,
    session_environment,
    with_clock,
)
from tests.support.telegram import files

COUNT = """
SESSION = "chat"
ALLOWED_UPDATES = ["message"]


def reply(update, session):
    session["n"] = session.get("n", 0) + 1
    return [{"method": "sendMessage", "chat_id": 42, "text": f"{session['n']}"}]
"""


def said(text):
    return {"method": "sendMessage", "chat_id": 42, "text": f"{text}"}


def kept(container, key="42"):
    """Return the session that the table has."""
    return json.loads(container.table.items[key]["session"]["S"])


def fails(container, outcome, update_id=1):
    """Deliver an update that isn't answered, and return the error that is logged."""
    status = 200 if outcome == "bot_error" else 503
    assert container.deliver(message(update_id)) == (status, None)
    assert container.line["outcome"] == outcome
    return str(container.line.get("error"))


# ── Remembered


def test_without_a_change_nothing_is_written(start_with_sessions, bot_api):
    container = start_with_sessions(
        'SESSION = "chat"\ndef reply(update, session):\n    session.pop("n", None)\n    return []'
    )
    container.deliver(message())
    assert (container.line["outcome"], container.table.items) == ("ignored", {})


def test_session_is_not_saved_if_reply_raises(start_with_sessions, bot_api):
    raises = COUNT.replace("    return [", '    {}["missing"]\n    return [')
    container = start_with_sessions(raises)
    assert "KeyError" in fails(container, "bot_error")
    assert container.table.items == {}


def test_a_change_is_one_read_and_one_write(start_with_sessions, bot_api):
    container = start_with_sessions(COUNT)
    calls = []

    def note(service, target, params):
        calls.append((service, target, params.get("ConsistentRead")))

    container.watch_calls(note)
    bot_api.expects(said(1))
    container.deliver(message())
    assert calls == [
        ("dynamodb", "DynamoDB_20120810.GetItem", True),
        ("dynamodb", "DynamoDB_20120810.PutItem", None),
    ]


def test_a_bot_without_a_session_loads_none(start, bot_api):
    container = start(bot_api.url)
    container.deliver({"update_id": 1})
    assert not {"botkit.session", "botkit.middleware.session", "botkit.aws"} & set(sys.modules)


# ── Delivered again


@pytest.mark.parametrize("n", [1, 12])
def test_an_update_that_the_session_knows_changes_it_no_more(start_with_sessions, bot_api, n):
    container = start_with_sessions(COUNT)
    bot_api.expects(*(said(k) for k in range(1, n + 2)), said(1))
    for update_id in range(n + 1):
        container.deliver(message(update_id))
    container = start_with_sessions(COUNT)
    container.deliver(message(0))  # its calls are kept, so the answer is the same
    assert kept(container) == {"n": n + 1}


def test_late_repeated_answer_is_no_failure(start_with_sessions, bot_api):
    answer = {"method": "answerInlineQuery", "inline_query_id": "1", "results": []}
    source = COUNT.partition("    return")[0] + f"    return [{answer}]\n"
    bot_api.expects(answer)
    start_with_sessions(source).deliver(message())  # its 200 was lost
    container = start_with_sessions(source)
    bot_api.refuses(answer, 400, "Bad Request: query is too old and response timeout expired")
    container.deliver(message())
    assert container.line["outcome"] == "answered"


LONG = COUNT.replace("f\"{session['n']}\"", "f\"{session['n']}\" + 3000 * 'ü'")


def test_only_the_newest_calls_are_kept(start_with_sessions, bot_api):
    container = start_with_sessions(LONG)
    bot_api.expects(*(said(str(n) + 3000 * "ü") for n in (1, 2, 2, 3)))
    container.deliver(message(1))
    container.deliver(message(2))
    container = start_with_sessions(LONG)
    container.deliver(message(2))
    # For one whose calls are gone, reply() runs again, with a copy of the session as it is now.
    container.deliver(message(1))
    assert kept(container) == {"n": 2}
    assert list(container.table.items["42"]["calls"]["M"]) == ["2"]


FILES = """
SESSION = "chat"


def reply(update, session):
    session["n"] = session.get("n", 0) + 1
    return [
        {"method": "sendDocument", "chat_id": 42, "document": ("a.bin", b"\\0\\xff"), "x": None},
        {"method": "sendVoice", "chat_id": 42, "voice": b"\\x89", "caption": "B"},
    ]
"""


def test_files_are_kept_too(start_with_sessions, telegram):
    for _ in range(2):
        container = start_with_sessions(FILES, TELEGRAM_API_URL=telegram.url)
        container.deliver(message())
    document = {"chat_id": "42", "document": "attach://document"}
    voice = {"chat_id": "42", "caption": "B", "voice": "attach://voice"}
    made = [(call.method, call.params) for call in telegram.calls]
    assert made == [("sendDocument", document), ("sendVoice", voice)] * 2
    assert files(telegram) == [("a.bin", b"\0\xff"), ("voice", b"\x89")] * 2
    assert kept(container) == {"n": 1}


def test_an_answer_of_nothing_is_kept_too(start_with_sessions):
    source = COUNT.replace("return [", "return [] if 1 else [")
    for outcome in ("ignored", "duplicate"):
        container = start_with_sessions(source)
        container.deliver(message())
        assert container.line["outcome"] == outcome
    assert kept(container) == {"n": 1}


# ── Others at the same time


def another_change(container):
    """Change the session as another container does."""
    item = container.table.items.get("42", {"session": {"S": "{}"}, "updates": {"S": "[]"}})
    n = json.loads(item["session"]["S"]).get("n", 0) + 10
    version = {"S": f"another's, {n}"}
    changed = {**item, "id": {"S": "42"}, "version": version, "session": {"S": f'{{"n":{n}}}'}}
    container.table.items["42"] = changed


def test_reply_runs_again_after_a_write_conflict(start_with_sessions, bot_api):
    # With the update as it was sent.
    changes_it = COUNT.replace(
        "    session[", f"    assert update == {message()}\n    update.clear()\n    session["
    )
    container = start_with_sessions(changes_it)
    container.meanwhile(lambda: another_change(container), times=2)
    bot_api.expects(said(21))
    container.deliver(message())
    assert kept(container) == {"n": 21}


def test_concurrent_delete_of_the_session_wins(start_with_sessions, bot_api):
    container = start_with_sessions(COUNT)
    bot_api.expects(said(1), said(1))
    container.deliver(message(1))
    container.meanwhile(container.table.items.clear)
    container.deliver(message(2))
    assert kept(container) == {"n": 1}


def test_the_same_update_at_the_same_time_counts_once(start_with_sessions, bot_api):
    container = start_with_sessions(COUNT)

    def deliver_it_to_another_container():
        container.deliver(message())
        container.module("pipeline").recent.clear()

    container.meanwhile(deliver_it_to_another_container)
    bot_api.expects(said(1), said(1))
    container.deliver(message())
    assert kept(container) == {"n": 1}


SLOW = COUNT.replace("def reply", "from botkit.deadline import deadline\n\n\ndef reply").replace(
    "    session[", "    deadline.start(deadline.left() - 5)\n    session["
)


def test_a_slow_reply_and_presses_meanwhile_are_all_answered(start_with_sessions, bot_api):
    """The reply takes 5 s of 9, so there is no time to ask twice: Telegram delivers again."""
    container = start_with_sessions(SLOW)
    for _ in range(2):
        container.meanwhile(lambda: another_change(container))
        assert "no time was left to run reply() again" in fails(container, "unreachable")
    bot_api.expects(said(21))
    assert container.deliver(message()) == (200, None)
    assert kept(container) == {"n": 21}


@pytest.mark.parametrize(
    ("changes", "left", "outcome"),
    [(0, 0, "bot_error"), (1, 0, "unreachable"), (1, 0.5, "bot_error")],
    ids=["at once", "asked again too late", "asked again in time"],
)
def test_update_is_redelivered_if_no_time_is_left_to_rerun_reply(
    start_with_sessions, bot_api, changes, left, outcome
):
    """Whatever people saw of it."""
    fails_after = f"    if session.get('n', 0) == {10 * changes}:\n"
    fails_after += "        telegram.call('sendMessage', chat_id=42, text='own')\n"
    fails_after += f"        deadline.start({left})\n"
    source = "from botkit import telegram\n" + SLOW.partition("    deadline.start")[0] + fails_after
    source += "        1 / 0\n    session['n'] = 5\n    return []\n"
    container = start_with_sessions(source)
    with_clock(container)
    container.meanwhile(lambda: another_change(container), changes)
    bot_api.expects(said("own"))
    fails(container, outcome)


# ── Completed

SEVERAL = """
SESSION = "chat"
asked = 0


def reply(update, session):
    global asked
    asked += 1
    session["n"] = session.get("n", 0) + 1
    return [{"method": "sendMessage", "chat_id": 42, "text": text} for text in "abc"]
"""
UNCHANGED = SEVERAL.replace("    session[", "    {}[")
LIMIT = (429, "Too Many Requests")
GONE = (400, "Bad Request: chat not found")


def limited_at_b(start, bot_api, source=SEVERAL):
    """Return a container that has delivered an update, whose second call has to wait."""
    container = start(source)
    bot_api.expects(said("a"))
    bot_api.refuses(said("b"), *LIMIT, retry_after=5)
    assert container.deliver(message()) == (503, "5")
    assert container.line["outcome"] == "throttled"
    return container


@pytest.mark.parametrize("source", [SEVERAL, UNCHANGED], ids=["changed", "unchanged"])
def test_next_delivery_makes_only_the_remaining_calls(start_with_sessions, bot_api, source):
    limited_at_b(start_with_sessions, bot_api, source)
    container = start_with_sessions(source)
    bot_api.refuses(said("b"), *LIMIT, retry_after=7)  # once more
    assert container.deliver(message()) == (503, "7")
    bot_api.expects(said("b"), said("c"))
    assert container.deliver(message()) == (200, None)
    assert (container.line["outcome"], container.line["methods"]) == (
        "answered",
        ["sendMessage", "sendMessage"],
    )
    container = start_with_sessions(source)
    assert container.deliver(message()) == (200, None)  # the 200 was lost
    assert (container.line["outcome"], container.bot.asked) == ("duplicate", 0)
    assert kept(container) == ({"n": 1} if source is SEVERAL else {})


def test_rejected_call_is_not_retried(start_with_sessions, bot_api):
    container = start_with_sessions(SEVERAL)
    bot_api.expects(said("a"))
    bot_api.refuses(said("b"), *GONE)
    bot_api.refuses(said("c"), *LIMIT)
    assert container.deliver(message()) == (503, None)
    bot_api.expects(said("c"))
    assert start_with_sessions(SEVERAL).deliver(message()) == (200, None)


def test_a_note_costs_nothing_while_nothing_fails(start_with_sessions, bot_api):
    container = start_with_sessions(SEVERAL)
    writes = []
    container.meanwhile(lambda: writes.append(1), times=9)
    bot_api.expects(said("a"), said("b"), said("c"))
    container.deliver(message())
    assert len(writes) == 1
    # Waiting calls must not make room for others' calls. While it does, it is noted once.
    for _ in range(3):
        bot_api.refuses(said("a"), *LIMIT)
        assert container.deliver(message(2)) == (503, None)
    assert len(writes) == 3


def test_no_progress_is_saved_if_the_first_call_fails(start_with_sessions, bot_api):
    container = start_with_sessions(UNCHANGED)
    bot_api.refuses(said("a"), *LIMIT)
    assert container.deliver(message()) == (503, None)
    assert container.table.items == {}


@pytest.mark.parametrize(
    "theirs", ["abc", "xyz", "wxyz"], ids=["the same calls", "other calls", "as many"]
)
def test_a_note_never_takes_back_what_another_container_has_noted(
    start_with_sessions, bot_api, theirs
):
    container = start_with_sessions(UNCHANGED)
    calls = [said(text) for text in theirs]
    store = container.module("store")

    def note():
        if not container.table.items:
            store.Item("session", "42").save_progress(1, calls[2:], store.IN_PROGRESS)

    bot_api.expects(said("a"))
    bot_api.refuses(said("b"), *LIMIT)
    container.meanwhile(note)
    assert container.deliver(message()) == (503, None)
    assert container.module("store").Item("session", "42").calls(1) == calls[2:]


def test_note_continues_that_of_another_container(start_with_sessions, bot_api):
    container = start_with_sessions(UNCHANGED.replace("abc", "abcd"))
    calls = [said(text) for text in "abcd"]
    store = container.module("store")

    def note():
        if not container.table.items:
            store.Item("session", "42").save_progress(1, calls[2:], store.IN_PROGRESS)

    bot_api.expects(*calls[:3])
    bot_api.refuses(calls[3], *LIMIT)
    container.meanwhile(note)
    assert container.deliver(message()) == (503, None)
    assert store.Item("session", "42").calls(1) == calls[3:]


def away(container):
    """Have DynamoDB fail at the next write."""

    def fail():
        raise container.module("errors").Unreachable("dynamodb: HTTP 500")

    container.meanwhile(fail)


def test_without_a_note_the_update_comes_again_all_the_same(start_with_sessions, bot_api):
    container = start_with_sessions(UNCHANGED)
    away(container)
    bot_api.expects(said("a"))
    bot_api.refuses(said("b"), *LIMIT)
    assert container.deliver(message()) == (503, None)
    assert container.line["outcome"] == "throttled"
    assert container.log[-2]["message"] == "remaining calls not saved"
    assert container.log[-2]["error"] == "dynamodb: HTTP 500"
    bot_api.expects(said("a"), said("b"), said("c"))
    assert container.deliver(message()) == (200, None)


def test_calls_that_are_too_large_for_a_note(start_with_sessions, bot_api):
    container = start_with_sessions(UNCHANGED.replace('"abc"', '["a", "b", 500_000 * "c"]'))
    bot_api.expects(said("a"))
    bot_api.refuses(said("b"), *LIMIT)
    assert container.deliver(message()) == (200, None)
    assert container.line["outcome"] == "incomplete"


def test_an_update_is_answered_even_if_that_cant_be_noted(start_with_sessions, bot_api):
    limited_at_b(start_with_sessions, bot_api)
    container = start_with_sessions(SEVERAL)
    away(container)
    bot_api.expects(said("b"), said("c"))
    assert container.deliver(message()) == (200, None)
    assert container.line["outcome"] == "answered"
    assert container.log[-2]["level"] == "WARNING"


def test_calls_of_the_bot_itself_are_not_repeated(start_with_sessions, bot_api):
    own = 'telegram.call("sendMessage", chat_id=42, text="own")'
    source = "from botkit import telegram\n" + UNCHANGED.replace("return", f"{own}\n    return")
    container = start_with_sessions(source)
    bot_api.expects(said("own"))
    bot_api.refuses(said("a"), *LIMIT)
    assert container.deliver(message()) == (503, None)
    bot_api.expects(said("a"), said("b"), said("c"))
    assert start_with_sessions(source).deliver(message()) == (200, None)


def test_update_is_redelivered_if_the_session_cannot_be_saved(start_with_sessions, bot_api):
    own = 'telegram.call("sendMessage", chat_id=42, text="own")'
    source = "from botkit import telegram\n" + COUNT.replace("return", f"{own}\n    return")
    container = start_with_sessions(source)
    away(container)
    bot_api.expects(said("own"))
    fails(container, "unreachable")
    bot_api.expects(said("own"), said(1))
    assert container.deliver(message()) == (200, None)
    assert kept(container) == {"n": 1}


def test_webhook_mode_leaves_only_the_call_in_the_response(start_with_sessions, bot_api):
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
    assert store.Item("session", "42").updates == {1: store.ANSWERED}


@pytest.mark.parametrize("params", [{"options": ("Yes", "No")}, {"x": {1: 2}}, {"x": "\ud800"}])
def test_calls_are_noted_as_json_has_them(start_with_sessions, bot_api, params):
    call = f'{{"method": "sendPoll", "chat_id": 42, **{params!r}}}'
    source = UNCHANGED.replace("return [", f"return [{call}] + [")
    container = start_with_sessions(source)
    poll = {"method": "sendPoll", "chat_id": 42, **json.loads(json.dumps(params))}
    bot_api.expects(poll)
    bot_api.refuses(said("a"), *LIMIT)
    assert container.deliver(message()) == (503, None)
    bot_api.expects(said("a"), said("b"), said("c"))
    assert start_with_sessions(source).deliver(message()) == (200, None)


OWN_EDIT = {"chat_id": 42, "message_id": 7, "text": "x"}


def test_an_edit_that_a_conflict_repeats_is_no_failure(start_with_sessions, bot_api):
    own = f'telegram.call("editMessageText", **{OWN_EDIT})'
    source = "from botkit import telegram\n" + COUNT.replace("return", f"{own}\n    return")
    container = start_with_sessions(source)
    container.meanwhile(lambda: another_change(container))
    edit = {"method": "editMessageText", **OWN_EDIT}
    bot_api.expects(edit)
    bot_api.refuses(edit, 400, "Bad Request: message is not modified")
    bot_api.expects(said(11))
    assert container.deliver(message()) == (200, None)
    assert container.line["outcome"] == "answered"


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [(10_000, 8.5), (2_200, 0.8)], ids=["half a second", "a third"]
)
def test_calls_leave_time_for_a_note(start_with_sessions, milliseconds, seconds):
    container = start_with_sessions(SEVERAL)
    clock = with_clock(container)
    timeouts = []

    def post(method, params, timeout):
        timeouts.append(timeout)
        if timeout <= 0:
            raise container.module("errors").Unreachable("no time left")
        clock.now += timeout
        return True

    container.answer_telegram(post)
    assert container.deliver(message(), milliseconds) == (503, None)
    assert timeouts == pytest.approx([seconds, 0])
    assert container.module("store").Item("session", "42").calls(1) == [said("b"), said("c")]


@pytest.mark.parametrize(
    ("change", "outcome"), [("session['n'] = 1", "bot_error"), ("pass", "ignored")]
)
def test_a_late_reply_keeps_nothing(start_with_sessions, change, outcome):
    source = SLOW.partition("    deadline.start")[0]
    container = start_with_sessions(f"{source}    deadline.start(0)\n    {change}\n    return []\n")
    with_clock(container)
    assert container.deliver(message()) == (200, None)
    assert container.line["outcome"] == outcome
    assert container.table.items == {}


@pytest.mark.parametrize(
    ("left", "outcome"),
    [(-0.5, "unreachable"), (0, "unreachable"), (0.5, "bot_error"), (5.5, "ignored")],
)
def test_only_a_reply_that_had_time_can_be_late(start_with_sessions, left, outcome):
    """It takes 5 s. If it had none, because DynamoDB was slow, the update comes again."""
    container = start_with_sessions(SLOW.partition("    return")[0] + "    return []\n")
    with_clock(container)
    deadline = container.module("deadline").deadline

    def see(service, target, params):
        if target.endswith("GetItem"):
            deadline.start(left)
        elif deadline.left() <= 0:
            raise container.module("errors").Unreachable("no time left")

    container.watch_calls(see)
    assert container.deliver(message()) == (503 if outcome == "unreachable" else 200, None)
    assert container.line["outcome"] == outcome


# ── Keys

ADA = {"id": 7, "is_bot": False, "first_name": "Ada"}
GROUP = {"id": -100, "type": "supergroup"}
TOPIC = {"chat": GROUP, "from": ADA, "is_topic_message": True, "message_thread_id": 5}
UPDATES = {
    "a message": ({"message": {"chat": GROUP, "from": ADA}}, ("-100", "-100", "7", "-100/7")),
    "in a topic": ({"message": TOPIC}, ("-100", "-100/5", "7", "-100/7")),
    "a reply, in no topic": (
        {"message": {"chat": GROUP, "from": ADA, "message_thread_id": 5}},
        ("-100", "-100", "7", "-100/7"),
    ),
    "to a channel": (
        {"message": {"chat": GROUP, "from": ADA, "direct_messages_topic": {"topic_id": 9}}},
        ("-100", "-100/9", "7", "-100/7"),
    ),
    "an anonymous admin": (
        {"message": {"chat": GROUP, "from": {"id": 1}, "sender_chat": GROUP}},
        ("-100", "-100", "-100", "-100/-100"),
    ),
    "a business account's": (
        {"business_message": {"chat": GROUP, "from": ADA, "business_connection_id": "b1"}},
        ("business:b1:-100", "business:b1:-100", "7", "business:b1:-100/7"),
    ),
    "a guest": (
        {"guest_message": {"chat": GROUP, "from": ADA}},
        ("guest:-100", "guest:-100", "7", "guest:-100/7"),
    ),
    "a press": (
        {"callback_query": {"from": {"id": 8}, "message": TOPIC}},
        ("-100", "-100/5", "8", "-100/8"),
    ),
    "a press below an inline message": (
        {"callback_query": {"from": ADA, "inline_message_id": "x"}},
        (None, None, "7", None),
    ),
    "an inline query": ({"inline_query": {"from": ADA}}, (None, None, "7", None)),
    "a reaction": (
        {"message_reaction": {"chat": GROUP, "user": ADA}},
        ("-100", "-100", "7", "-100/7"),
    ),
    "an anonymous reaction": (
        {"message_reaction": {"chat": GROUP, "actor_chat": GROUP}},
        ("-100", "-100", "-100", "-100/-100"),
    ),
    "a vote": ({"poll_answer": {"user": ADA}}, (None, None, "7", None)),
    "a chat's vote": ({"poll_answer": {"voter_chat": GROUP}}, (None, None, "-100", None)),
    "a post": ({"channel_post": {"chat": GROUP}}, ("-100", "-100", None, None)),
    "a widget": (
        {"widget_query": {"chat": GROUP, "from": ADA}},
        ("-100", "-100", "7", "-100/7"),
    ),
    "a poll": ({"poll": {"id": "x"}}, (None, None, None, None)),
    "no object": ({"whistle": 1}, (None, None, None, None)),
    "nothing": ({}, (None, None, None, None)),
}


def test_a_session_is_a_chats_a_topics_or_a_persons(start_with_sessions):
    container = start_with_sessions(COUNT)
    sessions = container.module("session")
    got = dict.fromkeys(UPDATES, ())
    for choice in sessions.SCOPES:
        container.bot.SESSION = choice
        for name, (update, _) in UPDATES.items():
            got[name] += (sessions.key_of({"update_id": 1, **update}),)
    assert got == {name: keys for name, (_, keys) in UPDATES.items()}


@pytest.mark.parametrize("choice", ['"user"', "lambda update: None"])
def test_update_without_a_key_has_a_temporary_session(start_with_sessions, bot_api, choice):
    container = start_with_sessions(COUNT.replace('"chat"', choice, 1))
    bot_api.expects(said(1), said(1))
    container.deliver({"update_id": 1, "channel_post": {}})
    container.deliver({"update_id": 2, "channel_post": {}})
    assert container.table.items == {}


def test_a_function_may_choose_the_key(start_with_sessions, bot_api):
    source = COUNT.replace("    session[", "    assert 'update_id' in update\n    session[")
    chooses = "lambda update: f\"order {update.pop('update_id') // 10}\""  # of a copy
    container = start_with_sessions(source.replace('"chat"', chooses, 1))
    bot_api.expects(said(1), said(1), said(2))
    for update_id in (1, 11, 12):
        container.deliver(message(update_id))
    assert set(container.table.items) == {"order 0", "order 1"}


# ── Bad input


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (COUNT.replace('"chat"', "None", 1), 'must be "chat", "topic", "user", "chat_user" or a'),
        (COUNT.replace('"chat"', '["chat"]', 1), "must be"),
    ],
    ids=["None", "a list"],
)
def test_an_impossible_choice_keeps_the_update(start_with_sessions, source, error):
    assert error in fails(start_with_sessions(source), "misconfigured")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ("lambda update: 42", "the key of a session must be a string of 1 to 2,048 bytes"),
        ('lambda update: ""', "the key of a session must be"),
        ('lambda update: 1025 * "ü"', "the key of a session must be"),
        (r'lambda update: "\ud800"', "the key of a session must be"),
        ("lambda update: 1 / 0", "ZeroDivisionError at bot.py:2"),
    ],
)
def test_an_impossible_key_fails(start_with_sessions, changed, error):
    container = start_with_sessions(COUNT.replace('"chat"', changed, 1))
    assert error in fails(container, "bot_error")


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
        (r"{'a': 1, '\ud800': 1}", KEPT + "n: a key with half a surrogate pair"),
        ("[float('nan')]", KEPT + "Out of range float values"),
        ("{1}", KEPT + "n: a set"),
        ("b'x'", KEPT + "n: a bytes"),
        ("{'a': {'b': None}, 'books': [[1.5], 'x', b'x']}", KEPT + "books: a bytes"),
        (r"'\ud800'", KEPT + "n: half a surrogate pair"),
        ("session", KEPT + "Circular reference"),
        ("400 * 1024 * 'x'", "a session (409,608 bytes) and the calls kept with it (53 bytes)"),
    ],
)
def test_invalid_session_fails_and_writes_nothing(start_with_sessions, value, error):
    source = COUNT.replace('session.get("n", 0) + 1', value).replace("f\"{session['n']}\"", '"x"')
    container = start_with_sessions(source)
    assert error in fails(container, "bot_error")
    assert container.table.items == {}


def test_calls_that_dont_fit_fail_and_nothing_is_written(start_with_sessions):
    source = FILES.replace('b"\\x89"', "310_000 * b'x'")
    container = start_with_sessions(source)
    assert "and the calls kept with it (413," in fails(container, "bot_error")
    assert container.table.items == {}


@pytest.mark.parametrize(
    ("refusal", "outcome", "error"),
    [
        ("AnUnknownException", "misconfigured", "the sessions' table can't be used: "),
        ("ResourceNotFoundException", "misconfigured", "the sessions' table can't be used: "),
        ("AccessDeniedException", "unreachable", "dynamodb: AccessDeniedException: "),
        ("ProvisionedThroughputExceededException", "unreachable", "dynamodb: Provisioned"),
    ],
)
def test_a_table_that_cant_be_used_keeps_the_update(start_bot, serve, refusal, outcome, error):
    said = http({"__type": f"x#{refusal}", "message": "no"}, "400 Bad Request")
    container = start_bot(COUNT, **session_environment(serve(answers(said)).url))
    assert fails(container, outcome).startswith(error)


def test_without_a_table_the_update_is_kept(start_bot):
    error = fails(start_bot(COUNT), "misconfigured")
    assert error == "there is no table for sessions: set session_retention_in_days"
