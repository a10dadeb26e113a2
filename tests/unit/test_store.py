"""store.py: a bot's own keys and those of other spaces never meet."""

import json

import pytest

from tests.support.stubs import message

# For each space but a bot's own: a key, and the id of its item, which never changes.
IDS = {
    "limit": ("42:1767225600", "limit:42:1767225600"),
    "stream": ("42/17", "stream:42/17"),
}
AGO = {"version": {"S": "0"}, "session": {"S": '{"n": 1}'}}
BY_TEXT = """
def SESSION(update):
    return update["message"]["text"]

def reply(update, session):
    session["n"] = session.get("n", 0) + 1
    return []
"""


@pytest.fixture
def container(start_with_sessions):
    return start_with_sessions(BY_TEXT)


def add(data):
    data["n"] = data.get("n", 0) + 1
    return data["n"]


@pytest.mark.parametrize("space", IDS)
def test_the_items_of_a_space_keep_their_ids(container, space):
    key, id = IDS[space]
    container.table.items[id] = {"id": {"S": id}, **AGO}
    store = container.module("store")
    assert store.change(space, key, add, days=1) == 2
    assert store.read(space, key) == {"n": 2}
    assert json.loads(container.table.items[id]["session"]["S"]) == {"n": 2}


@pytest.mark.parametrize("id", [id for _, id in IDS.values()])
def test_a_key_of_the_bot_meets_no_other_space(container, id):
    [space] = [space for space, (_, theirs) in IDS.items() if theirs == id]
    store, session = container.module("store"), container.module("session")
    store.change(space, IDS[space][0], lambda data: data.update(theirs=True), days=1)
    assert session.read(id) == {}
    assert session.change(id, add) == 1
    container.deliver(message(text=id))
    assert session.read(id) == {"n": 2}
    assert store.read(space, IDS[space][0]) == {"theirs": True}


def test_no_two_keys_of_the_bot_meet(container):
    session = container.module("session")
    keys = ["limit:42", "session=limit:42", "session=session=limit:42", "session=", "limit"]
    for number, key in enumerate(keys):
        session.change(key, lambda data, number=number: data.update(n=number))
    assert [session.read(key)["n"] for key in keys] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("key", ["", "\ud800", 7, "x" * 2049, "limit:" + "x" * 2042])
def test_a_key_must_be_one_of_dynamodb(container, key):
    store = container.module("store")
    with pytest.raises(store.SessionError, match="a string of 1 to 2,048 bytes"):
        store.read("session", key)
