"""session.py: sessions that events and Mini Apps read and change."""

import json

import pytest

from tests.support.stubs import message

FORM = """
SESSION = "chat"


def reply(update, session):
    session["said"] = update["message"]["text"]
    return []
"""


@pytest.fixture
def container(start_with_sessions):
    return start_with_sessions(FORM)


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


def test_change_is_made_again_if_another_was_faster(container):
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
