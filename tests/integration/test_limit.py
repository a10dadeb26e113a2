"""RATE_LIMIT under all that happens: containers end, answers get lost, updates come again."""

import random
from functools import partial

import pytest

from tests.support.simulation import World
from tests.support.stubs import unused_port

BOT = """
RATE_LIMIT = (5, 3600)
ALLOWED_UPDATES = ["message", "pre_checkout_query"]


def reply(update):
    return say(update, str(update["update_id"]))


def on_rate_limit(update):
    return say(update, "wait")


def say(update, text):
    return [{"method": "sendMessage", "chat_id": 7, "text": text}]
"""
DATE = 1767225600
ADA = {"id": 7, "is_bot": False, "first_name": "Ada"}


@pytest.fixture
def start(start_with_sessions):
    """Start a container of the bot: all of them have one table."""
    with unused_port() as port:  # nothing connects
        nobody = f"http://127.0.0.1:{port}"
        yield partial(start_with_sessions, TELEGRAM_API_URL=nobody, AWS_ENDPOINT_URL=nobody)


@pytest.mark.parametrize("seed", range(1, 3))
def test_each_update_of_a_flood_counts_once(start, seed):
    """Five are answered, a sixth gets the hint, and a payment passes, even if they come twice.

    If a container ends before the hint, or the answer to its note is lost, it is rather left out.
    """
    chance = random.Random(seed)  # noqa: S311
    often = {"end": 0.05, "lose": 0.2, "twice": 0.1}
    world = World(partial(start, BOT), lambda what: chance.random() < often.get(what, 0.1))
    said = {"chat": ADA, "from": ADA, "date": DATE}
    flood = [{"update_id": number, "message": said} for number in range(1, 21)]
    payment = {"update_id": 21, "pre_checkout_query": {"from": ADA}}
    try:
        world.deliver([[each] for each in (*flood, payment)], chance.choice)
    finally:
        world.end()
    items = start(BOT).table.items
    [item] = [item for key, item in items.items() if key.startswith("limit:")]
    counted, first = {*map(int, item["ids"]["NS"])}, int(item["beyond"]["N"])
    assert (len(counted), first in counted) == (5, False)
    assert {*world.made.pop(first, ["wait"])} == {"wait"}
    assert {update_id: {*texts} for update_id, texts in world.made.items()} == {
        update_id: {str(update_id)} for update_id in (*counted, 21)
    }


@pytest.mark.parametrize("seed", range(6))
def test_on_rate_limit_speaks_once_to_what_comes_twice_at_once(start, seed):
    chance = random.Random(seed)  # noqa: S311
    world = World(partial(start, BOT.replace("(5,", "(1,")), lambda what: what == "twice")
    said = {"chat": ADA, "from": ADA, "date": DATE}
    for number in (1, 2):
        world.deliver([[{"update_id": number, "message": said}]], chance.choice)
    world.end()
    assert world.made[2] == ["wait"]
