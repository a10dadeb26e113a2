"""session.py: what events and pages read and change, and what expires."""

import json
import time

import pytest

from tests.support.stubs import message

DAY = 24 * 3600
NOW = 1_800_000_000
FORM = """
SESSION = "chat"


def reply(update, session):
    if update["message"]["text"] == "forget":
        session.clear()
    else:
        session["said"] = update["message"]["text"]
    return []
"""


def start_at(start, monkeypatch, days=0, now=NOW):
    """Start a container at a time, whose sessions are kept for so many days."""
    container = start(FORM, SESSION_RETENTION_IN_DAYS=f"{days}")
    monkeypatch.setattr(time, "time", lambda: now)
    return container


def test_a_page_reads_what_a_chat_said(start_with_sessions):
    container = start_with_sessions(FORM)
    container.deliver(message(text="hello"))
    session = container.module("session")
    session.read("42")["said"] = "a copy is changed"
    assert session.read("42") == {"said": "hello"}
    assert session.read("43") == {}


def test_an_event_changes_a_session_and_gets_the_result(start_with_sessions):
    container = start_with_sessions(FORM)
    container.deliver(message(text="hello"))
    session = container.module("session")
    assert session.change("42", lambda data: data.pop("said")) == "hello"
    assert session.change(key="42", function=lambda data: data.update(paid=True)) is None
    assert session.read("42") == {"paid": True}
    # Its updates are known all the same.
    container.module("pipeline").recent.clear()
    container.deliver(message(text="hello"))
    assert session.read("42") == {"paid": True}


def visit(container, id=1, once="visit", **more):
    """Count a visit while an update or event with this id is answered."""
    context = container.module("context")
    run = context.Context.of_update("test", {"update_id": id}) if isinstance(id, int) else None
    context.activate(run or context.Context.of_event("event", {}, id, None))

    def add(data):
        data["visits"] = data.get("visits", 0) + 1
        return int(data["visits"])

    return container.module("session").change("42", more.get("function", add), once=once)


def test_redelivered_update_or_event_changes_a_session_once(start_with_sessions):
    container = start_with_sessions(FORM)
    assert [visit(container, id) for id in (1, 2, "a", "b")] == [1, 2, 3, 4]
    container = start_with_sessions(FORM)  # it knows nothing of that
    assert [visit(container, id) for id in (1, 2, "a", "b")] == [1, 2, 3, 4]
    assert visit(container, once="another change") == 5
    assert visit(container, once=None) == visit(container, once=None) - 1 == 6


def test_a_change_in_reply_is_not_repeated(start_with_sessions, bot_api):
    """Without SESSION, nobody else knows that the update was there before."""
    source = """
from botkit import session

def add(data):
    data["visits"] = data.get("visits", 0) + 1
    return data["visits"]

def reply(update):
    visits = session.change("visits", add, once="visit")
    return [{"method": "sendMessage", "chat_id": 42, "text": str(visits)}]
"""
    container = start_with_sessions(source)
    say = {"method": "sendMessage", "chat_id": 42, "text": "1"}
    bot_api.refuses(say, 500, "no")
    assert container.deliver(message())[0] == 503
    bot_api.expects(say)
    assert container.deliver(message())[0] == 200
    assert container.line["outcome"] == "answered"
    assert container.module("session").read("visits") == {"visits": 1}


def test_two_containers_change_a_session_once(start_with_sessions):
    container = start_with_sessions(FORM)
    asked = []

    def slow(data):
        asked.append(1)
        container.module("context").current.changing.clear()
        assert visit(container, function=lambda other: "the faster one") == "the faster one"
        return "the slower one"

    assert visit(container, function=slow) == "the faster one"
    assert len(asked) == 1


def test_the_last_hundred_changes_are_remembered(start_with_sessions):
    container = start_with_sessions(FORM)
    container.deliver(message(7, text="hello"))
    for number in range(1000, 1101):
        visit(container, number)
    item = container.table.items["42"]
    assert [*json.loads(item["once"]["S"])] == [f"visit:{number}" for number in range(1001, 1101)]
    assert [*container.module("store").Item("session", "42").updates] == [7]
    assert visit(container, 1001) == 2
    assert visit(container, 1000) == 102


def test_an_update_leaves_what_is_done_once(start_with_sessions):
    container = start_with_sessions(FORM)
    visit(container)
    container.deliver(message(7, text="hello"))
    container.module("store").Item("session", "42").save_progress(7, [], 0)
    assert visit(container) == 1


def test_outside_of_an_invocation_nothing_comes_again(start_with_sessions):
    change = start_with_sessions(FORM).module("session").change
    count = lambda data: data.update(n=data.get("n", 0) + 1) or data["n"]  # noqa: E731
    assert [change("42", count, once="count") for _ in range(2)] == [1, 2]


@pytest.mark.parametrize(("size", "is_kept"), [(1024, True), (1025, False)])
def test_a_result_of_a_kb_is_kept(start_with_sessions, size, is_kept):
    container = start_with_sessions(FORM)
    result = "ж" * ((size - 2) // 2) + "x" * (size % 2)
    if is_kept:
        assert visit(container, function=lambda data: result) == result
        return
    with pytest.raises(ValueError, match="must have at most 1,024 bytes"):
        visit(container, function=lambda data: result)
    assert container.table.items == {}


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"once": ""}, "must be a name of 1 to 64 bytes"),
        ({"once": "ж" * 33}, "must be a name of 1 to 64 bytes"),
        ({"once": 1}, "must be a name of 1 to 64 bytes"),
        ({"id": ""}, "leave it out in on_request"),
        ({"function": lambda data: {1, 2}}, "must contain only strings"),
    ],
    ids=["no name", "long", "a number", "a page", "no JSON"],
)
def test_invalid_once_is_rejected(start_with_sessions, about, words):
    container = start_with_sessions(FORM)
    with pytest.raises(container.module("errors").SessionError, match=words):
        visit(container, **about)
    assert container.table.items == {}


def test_a_change_of_nothing_is_not_written(start_with_sessions):
    container = start_with_sessions(FORM)
    assert container.module("session").change("42", len) == 0
    assert container.table.items == {}


def test_a_change_is_made_again_if_another_was_faster(start_with_sessions):
    container = start_with_sessions(FORM)
    session = container.module("session")

    def both(data):
        if not data:
            another = {"id": {"S": "42"}, "version": {"S": "x"}, "session": {"S": '{"first": 1}'}}
            container.table.items["42"] = another
        data["second"] = 2

    session.change("42", both)
    assert session.read("42") == {"first": 1, "second": 2}


def test_nested_change_of_the_same_session_is_rejected(start_with_sessions):
    session = start_with_sessions(FORM).module("session")

    def twice(data):
        session.change("7", lambda another: another.update(n=1))
        session.change("42", lambda again: again.update(n=1))

    with pytest.raises(session.SessionError, match="inside of a change of the same"):
        session.change("42", twice)
    with pytest.raises(session.SessionError, match="the key of a session must be a string"):
        session.change([1], dict.clear)
    session.change("42", lambda data: data.update(n=2))
    assert (session.read("42"), session.read("7")) == ({"n": 2}, {"n": 1})


def item(**attributes):
    return {"id": {"S": "42"}, **{name: {"S": value} for name, value in attributes.items()}}


def test_an_item_made_by_hand_needs_only_its_session(start_with_sessions):
    container = start_with_sessions(FORM)
    container.table.items["42"] = item(session='{"said": "by hand"}')
    session = container.module("session")
    assert session.read("42") == {"said": "by hand"}
    assert container.deliver(message(text="hello")) == (200, None)
    assert session.read("42") == {"said": "hello"}


ODD = {
    "no JSON": item(session="{"),
    "no object": item(session="[]"),
    "a number": {"id": {"S": "42"}, "session": {"N": "1"}},
    "no string": {"id": {"S": "42"}, "session": "{}"},
    "no ids": item(updates='["x"]'),
    "no map of calls": item(calls="[]"),
    "no id": {"id": {"S": "42"}, "calls": {"M": {"x": {"S": "[]"}}}},
    "no calls": {"id": {"S": "42"}, "calls": {"M": {"1": {"S": "[1]"}}}},
    "no number": item(session='{"n":NaN}'),
    "deep": item(session='{"n":' + 100_000 * "[" + 100_000 * "]" + "}"),
    "a time in words": item(expires_at="tomorrow"),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_item_that_cant_be_read_keeps_the_update(start_with_sessions, odd):
    container = start_with_sessions(FORM)
    container.table.items["42"] = odd
    assert container.deliver(message(text="hello")) == (503, None)
    assert container.line["outcome"] == "misconfigured"
    assert container.line["error"].startswith("the item 42 of the sessions' table can't be read")
    assert container.table.items["42"] == odd


def test_reply_changes_its_own_session_through_its_argument(start_with_sessions):
    container = start_with_sessions(
        'from botkit import session as sessions\nSESSION = "chat"\n'
        'def reply(update, session):\n    sessions.change("42", dict.clear)'
    )
    assert container.deliver(message()) == (200, None)
    error = "reply() must change its own session through its argument `session`"
    assert (container.line["outcome"], container.line["error"]) == ("bot_error", error)


def test_session_is_not_saved_if_the_function_raises(start_with_sessions):
    session = start_with_sessions(FORM).module("session")
    with pytest.raises(TypeError):
        session.change("42", lambda data: data.update(1))
    assert session.read("42") == {}


@pytest.mark.parametrize(
    ("days", "expires"),
    [(0, None), ("", None), (1, NOW + DAY), (30, NOW + 30 * DAY)],  # the demo gives no number
)
def test_a_session_expires_after_its_last_change(start_with_sessions, monkeypatch, days, expires):
    container = start_at(start_with_sessions, monkeypatch, days)
    container.deliver(message(text="hello"))
    item = container.table.items["42"]
    assert item.get("expires_at") == (expires and {"N": f"{expires}"})


@pytest.mark.parametrize(
    ("after", "is_there"), [(2 * DAY - 1, True), (2 * DAY, False), (2 * DAY + 1, False)]
)
def test_expired_session_is_empty_before_dynamodb_deletes_it(
    start_with_sessions, monkeypatch, after, is_there
):
    start_at(start_with_sessions, monkeypatch, 2).deliver(message(text="hello"))
    container = start_at(start_with_sessions, monkeypatch, 2, NOW + after)
    session = container.module("session")
    assert session.read("42") == ({"said": "hello"} if is_there else {})
    container.deliver(message(2, text="again"))
    assert session.read("42") == {"said": "again"}


def test_cleared_session_keeps_its_update_ids_for_a_day(start_with_sessions, monkeypatch):
    container = start_at(start_with_sessions, monkeypatch, 30)
    container.deliver(message(1, text="hello"))
    first = container.table.items["42"]["version"]["S"]
    container.deliver(message(2, text="forget"))
    item = container.table.items["42"]
    version = item.pop("version")["S"]
    assert (version != first, int(version[:8], 16), len(version)) == (True, NOW, 16)
    assert item == {
        "id": {"S": "42"},
        "session": {"S": "{}"},
        "updates": {"S": "[5,4]"},  # both were answered without calls
        "calls": {"M": {}},
        "expires_at": {"N": f"{NOW + DAY}"},
    }


def kept(container):
    item = container.module("store").Item("session", "42")
    return {update_id: item.calls(update_id) for update_id in item.updates}


def test_the_last_100_updates_are_known_and_take_little_room(start_with_sessions):
    container = start_with_sessions(FORM)
    store = container.module("store")
    ids = [700_000_000 + 7 * n - 20 * (n % 5) for n in range(110)]  # not all in order
    for update_id in ids:
        found = store.Item("session", "42")
        found.session["said"] = f"{update_id}"
        answer = [{"method": "getMe"}] if update_id % 2 else []
        assert found.save({update_id: answer}, always=True)
    assert list(kept(container)) == ids[-100:]
    assert [update_id for update_id, answer in kept(container).items() if answer == []] == [
        update_id for update_id in ids[-100:] if update_id % 2 == 0
    ]
    assert len(container.table.items["42"]["updates"]["S"]) < 500


def test_unfinished_update_stays_known_while_many_others_pass(start_with_sessions):
    container = start_with_sessions(FORM)
    store = container.module("store")
    found, calls = store.Item("session", "42"), [{"method": "x"}]
    assert found.save_progress(1, calls, store.IN_PROGRESS)
    assert found.save(dict.fromkeys(range(2, 3 + store.MAX_UPDATES), []), always=True)
    found = store.Item("session", "42")
    assert (found.calls(1), found.calls(2), found.calls(3)) == (calls, None, [])
    # Updates that are never redelivered don't fill up the item.
    for update_id in range(1000, 1000 + store.MAX_IN_PROGRESS):
        assert found.save_progress(update_id, calls, store.IN_PROGRESS)
    assert found.save(dict.fromkeys(range(2000, 2000 + store.MAX_UPDATES), []), always=True)
    assert (found.calls(1), found.calls(1000)) == (None, calls)


@pytest.mark.parametrize(("size", "is_kept"), [(1024, True), (1025, False)])
def test_calls_of_a_kb_are_kept(start_with_sessions, size, is_kept):
    container = start_with_sessions(FORM)
    for update_id, text in ((1, "x" * (size - 2 * len('[{"method":""}]'))), (2, "")):
        found = container.module("store").Item("session", "42")
        found.session["said"] = text
        found.save({update_id: [{"method": text}]}, always=True)
    assert kept(container)[1] == ([{"method": "x" * (size - 30)}] if is_kept else None)
    assert kept(container)[2] == [{"method": ""}]


@pytest.mark.parametrize(("days", "expires"), [(365, NOW + 365 * DAY), (None, None)])
def test_a_note_keeps_a_session_as_long_as_before(start_with_sessions, monkeypatch, days, expires):
    container = start_at(start_with_sessions, monkeypatch)
    session = container.module("session")
    store = container.module("store")
    session.change("42", lambda data: data.update(n=1), days=days)
    monkeypatch.setattr(store.settings, "session_retention_in_days", "30")
    assert store.Item("session", "42").save_progress(1, [{"method": "x"}], store.IN_PROGRESS)
    assert container.table.items["42"].get("expires_at") == (expires and {"N": f"{expires}"})


def test_saved_calls_survive_session_clear(start_with_sessions):
    container = start_with_sessions(FORM)
    for update_id, data in enumerate(({"said": "a"}, {}, {"said": "b"})):
        found = container.module("store").Item("session", "42")
        found.session = data
        assert found.save({update_id: [{"method": "x"}]}, always=True)
    assert kept(container) == {0: None, 1: None, 2: [{"method": "x"}]}


def test_calls_that_remain_stay_whatever_room_they_take(start_with_sessions):
    container = start_with_sessions(FORM)
    store = container.module("store")
    long = [{"method": "x" * 5000}, {"method": "y"}]
    found = store.Item("session", "42")
    assert found.save_progress(1, long, store.IN_PROGRESS)
    for update_id, said in ((3, "a"), (2, "b")):  # not in order
        found.session["said"] = said
        assert found.save({update_id: long}, always=True)
    assert kept(container) == {1: long, 2: long, 3: None}
    found.session.clear()
    assert found.save({4: []}, always=True)
    assert kept(container) == {1: long, 2: None, 3: None, 4: []}
    assert found.save_progress(1, [], store.ANSWERED)
    assert kept(container) == {1: [], 2: None, 3: None, 4: []}


@pytest.mark.parametrize("key", ["é", 1024 * "é"], ids=["short", "long"])
def test_a_session_may_be_as_large_as_an_item(start_with_sessions, key):
    container = start_with_sessions(FORM)
    session = container.module("session")
    store = container.module("store")
    text = "x" * (409_400 - len(key.encode()) - len('{"":""}[]'))
    session.change(key, lambda data: data.update({"": text}))
    item = container.table.items[key]
    strings = [name + value["S"] for name, value in item.items() if "S" in value]
    assert sum(map(len, map(str.encode, strings))) + len("calls") + 3 <= 409_600, (
        "DynamoDB's limit, names included"
    )
    with pytest.raises(store.SessionError, match="must fit into a DynamoDB item"):
        session.change(key, lambda data: data.update({"": text + "x"}))
    assert session.read(key) == {"": text}


def test_size_includes_the_overhead_of_each_saved_call(start_with_sessions):
    container = start_with_sessions(FORM)
    store = container.module("store")
    found = store.Item("session", "42")
    ids = range(2_000_000_000, 2_000_000_300)
    found.session = {"": ""}
    assert found.save(dict.fromkeys(ids, [{"method": "x"}]), always=True)
    item = container.table.items["42"]
    size = sum(len(name) + len(value.get("S", "")) for name, value in item.items()) + 3
    size += sum(len(name) + len(value["S"]) + 1 for name, value in item["calls"]["M"].items())
    found.session = {"": "x" * (409_601 - size)}  # a byte too many
    with pytest.raises(store.SessionError, match="must fit into a DynamoDB item"):
        found.save(always=True)


def test_a_session_is_read_with_the_time_that_is_left(start_with_sessions):
    container = start_with_sessions(FORM)
    del container.module("aws").connections["dynamodb"]
    container.module("deadline").deadline.start(0)
    with pytest.raises(container.module("errors").Unreachable, match="no time left"):
        container.module("session").read("42")
