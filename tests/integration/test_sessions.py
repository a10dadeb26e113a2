"""Sessions under all faults: crashes, lost answers, duplicate and late updates."""

import itertools
import json
import random

import pytest

from tests.support.simulation import Simulation
from tests.support.stubs import NOBODY, QUEUE

BOT = """
SESSION = "chat"
ALLOWED_UPDATES = ["message", "callback_query"]


def reply(update, session):
    chat = (update.get("message") or update["callback_query"]["message"])["chat"]["id"]
    session.setdefault("seen", []).append(update["update_id"])
    say = {"method": "sendMessage", "chat_id": chat, "text": str(session["seen"])}
    typing = {"method": "sendChatAction", "chat_id": chat, "action": "typing"}
    return [typing, say, {**say, "text": "more"}, {**say, "text": "most"}]
"""
# A release of it notes its updates with a minus, and has other words.
NEXT = BOT.replace('(update["update_id"])', '(-update["update_id"])')
NEXT = NEXT.replace('"more"', '"new"').replace('"most"', '"newest"')
# Without a queue, and with updates in it.
NO_QUEUE, QUEUED = "no queue", '\nQUEUED_UPDATES = ["message", "callback_query"]\n'


def update(update_id, chat, kind):
    message = {"chat": {"id": chat, "type": "private"}, "from": {"id": chat}}
    return {"update_id": update_id, kind: message if kind == "message" else {"message": message}}


@pytest.fixture
def simulate(start_with_sessions):
    """Make a simulation whose new containers have one of the bots after the other."""
    simulations = []

    def make(should, bots, queued):
        urls = {"TELEGRAM_API_URL": NOBODY, "AWS_ENDPOINT_URL": NOBODY}
        if queued != NO_QUEUE:
            urls["QUEUE_URL"] = QUEUE

        def start():
            return start_with_sessions(next(bots) + queued.replace(NO_QUEUE, ""), **urls)

        simulations.append(Simulation(start, should))
        return simulations[-1]

    yield make
    for each in simulations:
        each.end()


def check(simulation, items, updates):
    """Check that each update is in its chat's session once, and that its answer agrees with it.

    All calls of the answer were made, and those of the version that changed the session. Each may
    have been repeated, and then those after it.
    """
    by_chat = {}
    for each in updates:
        message = each.get("message") or each["callback_query"]["message"]
        by_chat.setdefault(message["chat"]["id"], []).append(each["update_id"])
    for chat, ids in by_chat.items():
        seen = json.loads(items[f"{chat}"]["session"]["S"])["seen"]
        assert sorted(map(abs, seen)) == sorted(ids)
        for place, update_id in enumerate(seen):
            words = ["more", "most"] if update_id > 0 else ["new", "newest"]
            texts = ["sendChatAction", str(seen[: place + 1]), *words]
            made = simulation.made[abs(update_id)]
            assert set(made) == set(texts)
            assert sorted(map(made.index, texts)) == [*map(made.index, texts)]


@pytest.mark.parametrize(("seed", "queued"), [(0, NO_QUEUE), (1, QUEUED)], ids=["webhook", "queue"])
def test_each_update_counts_once_and_is_answered_as_saved(
    simulate, start_with_sessions, seed, queued
):
    """While two versions of the bot answer side by side, as at a release."""
    chance = random.Random(seed)  # noqa: S311
    often = {"crash": 0.04, "webhook_response_lost": 0.1, "duplicate": 0.02}
    bots = itertools.cycle([BOT, NEXT])
    made = simulate(lambda what: chance.random() < often.get(what, 0.05), bots, queued)
    updates = [
        update(n, n % 5, "callback_query" if chance.random() < 0.3 else "message")
        for n in range(1, 61)
    ]
    lines = [
        [each for each in updates if kind in each and each["update_id"] % 5 == chat]
        for kind in ("message", "callback_query")
        for chat in range(5)
    ]
    made.deliver(lines, chance.choice)
    check(made, start_with_sessions(BOT).table.items, updates)
    assert 10 < sum("new" in texts for texts in made.made.values()) < 50, "by both versions"


# How many steps it takes until two updates are answered, and how many of them come before.
ENDS = [(NO_QUEUE, 35, 0), (QUEUED, 43, 8)]


@pytest.mark.parametrize(
    ("queued", "ends_at", "before"),
    [(queued, n, before) for queued, most, before in ENDS for n in range(1, most + 1)],
)
def test_crash_at_every_step(simulate, start_with_sessions, queued, ends_at, before):
    """Before and after each call, read and write, and each note of a call that is limited.

    The next container has another version. It completes with the calls that were kept.
    """
    steps, limits = itertools.count(1), itertools.count(1)

    def should(what):
        if what == "429":
            return next(limits) == 3
        return what == "crash" and next(steps) == ends_at

    made = simulate(should, iter([BOT, NEXT]), queued)
    updates = [update(1, 7, "message"), update(2, 7, "message")]
    made.deliver([[*updates]], lambda ways: ways[0])
    check(made, start_with_sessions(BOT).table.items, updates)
    assert ("[1]" in made.made[1]) == (ends_at > before + 4), "the fourth step keeps it"
    repeated = sum(map(len, made.made.values())) - 8
    assert repeated <= 4  # what a death makes again, at most: the calls of an update
    assert next(steps) > ends_at
