"""store.py, session.py: items of the table, and sessions that events and Mini Apps change."""

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
X = [{"method": "x"}]


@pytest.fixture
def container(start_with_sessions):
    return start_with_sessions(FORM)


@pytest.fixture
def store(container):
    return container.module("store")


def start_at(start, monkeypatch, days=0, now=NOW):
    """Start a container at a time, whose sessions are kept for so many days."""
    container = start(FORM, SESSION_RETENTION_IN_DAYS=f"{days}")
    monkeypatch.setattr(time, "time", lambda: now)
    return container


def answered(store, update_id, calls, **session):
    """Save the calls that answer an update, with this session."""
    item = store.Item("42")
    item.session = session or {"said": "x"}
    assert item.save(update_id, calls, always=True)


def kept(store):
    item = store.Item("42")
    return {update_id: item.calls(update_id) for update_id in item.updates}


# ── Items that others have written


def made(**attributes):
    return {"id": {"S": "42"}, **{name: {"S": value} for name, value in attributes.items()}}


ODD = {
    "no JSON": made(session="{"),
    "no object": made(session="[]"),
    "a number": {"id": {"S": "42"}, "session": {"N": "1"}},
    "no string": {"id": {"S": "42"}, "session": "{}"},
    "no map of calls": made(calls="[]"),
    "no number": made(session='{"n":NaN}'),
    "deep": made(session='{"n":' + 100_000 * "[" + 100_000 * "]" + "}"),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_item_that_cannot_be_read_keeps_the_update(container, odd):
    container.table.items["42"] = odd
    assert container.deliver(message(text="hello")) == (503, None)
    assert container.line["outcome"] == "misconfigured"
    assert container.line["error"].startswith("the item 42 of the sessions' table can't be read")
    assert container.table.items["42"] == odd


# ── For how long


@pytest.mark.parametrize(
    ("days", "expires"),
    [(0, None), ("", None), (1, NOW + DAY), (30, NOW + 30 * DAY)],  # the demo gives no number
)
def test_session_expires_after_its_last_change(start_with_sessions, monkeypatch, days, expires):
    container = start_at(start_with_sessions, monkeypatch, days)
    container.deliver(message(text="hello"))
    item = container.table.items["42"]
    assert item.get("expires_at") == (expires and {"N": f"{expires}"})


@pytest.mark.parametrize(("after", "is_there"), [(2 * DAY - 1, True), (2 * DAY, False)])
def test_expired_session_is_empty(start_with_sessions, monkeypatch, after, is_there):
    """DynamoDB deletes it later."""
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


@pytest.mark.parametrize(("days", "expires"), [(365, NOW + 365 * DAY), (None, None)])
def test_progress_leaves_the_time_of_a_session(start_with_sessions, monkeypatch, days, expires):
    container = start_at(start_with_sessions, monkeypatch)
    store = container.module("store")
    store.change("42", lambda data: data.update(n=1), days=days)
    monkeypatch.setattr(store.settings, "session_retention_in_days", "30")
    assert store.Item("42").save_progress(1, X, store.IN_PROGRESS)
    assert container.table.items["42"].get("expires_at") == (expires and {"N": f"{expires}"})
    assert store.Item("empty").save_progress(1, X, store.IN_PROGRESS)
    assert container.table.items["empty"]["expires_at"] == {"N": f"{NOW + DAY}"}


def test_session_is_read_in_the_time_that_is_left(container, store):
    del container.module("aws").connections["dynamodb"]
    container.module("deadline").deadline.start(0)
    with pytest.raises(container.module("errors").Unreachable, match="no time left"):
        store.Item("42")


# ── How much


def test_last_hundred_updates_are_known(container, store):
    ids = [700_000_000 + 7 * n - 20 * (n % 5) for n in range(110)]  # not all in order
    for update_id in ids:
        answered(store, update_id, [{"method": "getMe"}] if update_id % 2 else [])
    assert list(kept(store)) == ids[-100:]
    assert [update_id for update_id, answer in kept(store).items() if answer == []] == [
        update_id for update_id in ids[-100:] if update_id % 2 == 0
    ]
    assert len(container.table.items["42"]["updates"]["S"]) < 500


def test_update_in_progress_stays_known_while_others_pass(store):
    found = store.Item("42")
    assert found.save_progress(1, X, store.IN_PROGRESS)
    for update_id in range(2, 303):
        answered(store, update_id, [])
    found = store.Item("42")
    assert (found.calls(1), found.calls(202), found.calls(203)) == (X, None, [])
    # Updates that are never redelivered don't fill up the item.
    for update_id in range(1000, 1100):
        assert found.save_progress(update_id, X, store.IN_PROGRESS)
    assert (found.calls(1), found.calls(1000), found.calls(203)) == (None, X, [])


@pytest.mark.parametrize(("size", "is_kept"), [(1024, True), (1025, False)])
def test_calls_of_a_kb_are_kept(store, size, is_kept):
    text = "x" * (size - 2 * len('[{"method":""}]'))
    answered(store, 1, [{"method": text}])
    answered(store, 2, [{"method": ""}])
    assert kept(store) == {1: [{"method": text}] if is_kept else None, 2: [{"method": ""}]}


def test_calls_of_a_cleared_session_stay_until_the_next_update(store):
    for update_id, session in enumerate(({"said": "a"}, {}, {"said": "b"})):
        item = store.Item("42")
        item.session = session
        assert item.save(update_id, X, always=True)
        assert kept(store)[update_id] == X
    assert kept(store) == {0: None, 1: None, 2: X}


def test_calls_that_remain_stay_whatever_room_they_take(store):
    long = [{"method": "x" * 5000}, {"method": "y"}]
    assert store.Item("42").save_progress(1, long, store.IN_PROGRESS)
    answered(store, 3, long, said="a")
    answered(store, 2, long, said="b")  # not in order
    assert kept(store) == {1: long, 2: long, 3: None}
    found = store.Item("42")
    found.session.clear()
    assert found.save(4, [], always=True)
    assert kept(store) == {1: long, 2: None, 3: None, 4: []}
    assert found.save_progress(1, [], store.ANSWERED)
    assert kept(store) == {1: [], 2: None, 3: None, 4: []}


@pytest.mark.parametrize("key", ["é", 1024 * "é"], ids=["short", "long"])
def test_session_may_be_as_large_as_an_item(container, store, key):
    text = "x" * (409_400 - len(key.encode()) - len('{"":""}[]'))
    store.change(key, lambda data: data.update({"": text}))
    item = container.table.items[key]
    strings = [name + value["S"] for name, value in item.items() if "S" in value]
    assert sum(map(len, map(str.encode, strings))) + len("calls") + 3 <= 409_600, (
        "DynamoDB's limit, names included"
    )
    with pytest.raises(store.UsageError, match="must fit into a DynamoDB item"):
        store.change(key, lambda data: data.update({"": text + "x"}))
    assert store.Item(key).session == {"": text}


def test_size_includes_the_overhead_of_each_saved_call(container, store):
    found = store.Item("42")
    for update_id in range(2_000_000_000, 2_000_000_080):
        assert found.save_progress(update_id, X, store.IN_PROGRESS)
    item = container.table.items["42"]
    size = sum(len(name) + len(value.get("S", "")) for name, value in item.items()) + 3
    size += sum(len(name) + len(value["S"]) + 1 for name, value in item["calls"]["M"].items())
    found.session = {"": "x" * (409_601 - size)}  # a byte too many
    with pytest.raises(store.UsageError, match="must fit into a DynamoDB item"):
        found.save(always=True)


# ── Sessions that events and Mini Apps read and change


def add(data):
    """Count a visit, and return how many there were."""
    data["visits"] = data.get("visits", 0) + 1
    return data["visits"]


def visit(container, id=1, once="visit", function=add):
    """Count a visit while an update or event with this id is answered."""
    context = container.module("context")
    run = context.Context.of_update("test", {"update_id": id}) if isinstance(id, int) else None
    context.activate(run or context.Context("event", {}, id))
    return container.module("session").change("42", function, once=once)


def test_page_reads_a_copy_of_what_a_chat_said(container):
    container.deliver(message(text="hello"))
    session = container.module("session")
    session.read("42")["said"] = "changed"
    assert session.read("42") == {"said": "hello"}
    assert session.read("43") == {}


def test_event_changes_a_session_and_gets_the_result(container):
    container.deliver(message(text="hello"))
    session = container.module("session")
    assert session.change("42", lambda data: data.pop("said")) == "hello"
    assert session.change(key="42", function=lambda data: data.update(paid=True)) is None
    assert session.read("42") == {"paid": True}
    # Its updates are known all the same.
    container.module("pipeline").recent.clear()
    container.deliver(message(text="hello"))
    assert session.read("42") == {"paid": True}


def test_nothing_is_saved_without_a_change_or_after_an_exception(container):
    change = container.module("session").change
    assert change("42", len) == 0
    with pytest.raises(TypeError):
        change("42", lambda data: data.update(n=1) or data.update(1))
    assert container.table.items == {}


def test_change_runs_again_after_one_of_another_container(container):
    session = container.module("session")

    def both(data):
        if not data:
            another = {"id": {"S": "42"}, "version": {"S": "x"}, "session": {"S": '{"first": 1}'}}
            container.table.items["42"] = another
        data["second"] = 2

    session.change("42", both)
    assert session.read("42") == {"first": 1, "second": 2}


def test_nested_change_of_the_same_session_is_rejected(container):
    session = container.module("session")

    def twice(data):
        session.change("7", lambda another: another.update(n=1))
        session.change("42", lambda again: again.update(n=1))

    with pytest.raises(session.UsageError, match="inside of a change of the same"):
        session.change("42", twice)
    session.change("42", lambda data: data.update(n=2))
    assert (session.read("42"), session.read("7")) == ({"n": 2}, {"n": 1})


def test_reply_must_change_its_own_session_through_its_argument(start_with_sessions):
    container = start_with_sessions(
        'from botkit import session as sessions\nSESSION = "chat"\n'
        'def reply(update, session):\n    sessions.change("42", dict.clear)'
    )
    assert container.deliver(message()) == (200, None)
    error = "reply() must change its own session through its argument `session`"
    assert (container.line["outcome"], container.line["error"]) == ("bot_error", error)


KEY = "must be a string of 1 to 2,048 bytes that doesn't begin with limit: or stream:"


@pytest.mark.parametrize("key", ["", "\ud800", 7, 1025 * "ü", "limit:42", "stream:42/7"])
def test_impossible_key_is_rejected(container, key):
    session = container.module("session")
    for use in (session.read, lambda key: session.change(key, dict.clear)):
        with pytest.raises(session.UsageError, match=KEY):
            use(key)
    assert session.read(1024 * "ü") == {}


# ── Once


def test_retried_update_or_event_changes_a_session_once(start_with_sessions):
    container = start_with_sessions(FORM)
    assert [visit(container, id) for id in (1, 2, "a", "b")] == [1, 2, 3, 4]
    container = start_with_sessions(FORM)  # it knows nothing of that
    assert [visit(container, id) for id in (1, 2, "a", "b")] == [1, 2, 3, 4]
    assert visit(container, once="ж" * 32) == 5
    assert visit(container, once=None) == visit(container, once=None) - 1 == 6


def test_two_containers_change_a_session_once(container):
    asked = []

    def slow(data):
        asked.append(1)
        container.module("context").current.changing.clear()
        assert visit(container, function=lambda other: "the faster one") == "the faster one"
        return "the slower one"

    assert visit(container, function=slow) == "the faster one"
    assert len(asked) == 1


def test_session_remembers_its_last_hundred_changes(container):
    container.deliver(message(7, text="hello"))
    for number in range(1000, 1101):
        visit(container, number)
    item = container.table.items["42"]
    assert [*json.loads(item["once"]["S"])] == [f"visit:{number}" for number in range(1001, 1101)]
    assert [*container.module("store").Item("42").updates] == [7]
    container.deliver(message(8, text="hello"))
    assert (visit(container, 1001), visit(container, 1000)) == (2, 102)


def test_once_has_no_effect_outside_of_an_invocation(container):
    change = container.module("session").change
    assert [change("42", add, once="count") for _ in range(2)] == [1, 2]


def test_result_may_have_a_kb(container):
    assert visit(container, function=lambda data: "ж" * 511) == "ж" * 511


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"once": ""}, "must be a name of 1 to 64 bytes"),
        ({"once": "ж" * 33}, "must be a name of 1 to 64 bytes"),
        ({"once": 1}, "must be a name of 1 to 64 bytes"),
        ({"id": ""}, "leave it out in on_request"),
        ({"function": lambda data: {1, 2}}, "must contain only strings"),
        ({"function": lambda data: "ж" * 511 + "x"}, "must have at most 1,024 bytes"),
    ],
    ids=["no name", "long", "a number", "a page", "no JSON", "a large result"],
)
def test_invalid_once_is_rejected(container, about, words):
    with pytest.raises(container.module("errors").UsageError, match=words):
        visit(container, **about)
    assert container.table.items == {}
