"""Sessions under all that happens: containers end, answers get lost, updates come again."""

import itertools
import json
import random

import pytest

from tests.support.sample import one_in
from tests.support.simulation import World
from tests.support.stubs import QUEUE, unused_port

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
FORGETS = """
SESSION = "chat"
ALLOWED_UPDATES = ["message"]


def reply(update, session):
    say = {"method": "sendMessage", "chat_id": update["message"]["chat"]["id"]}
    if "day" not in session:
        session["day"] = "Monday"
        return [{**say, "text": "Which day?"}]
    session.clear()
    return [{**say, "text": text} for text in ("Booked", "Monday", "See you")]
"""
MARKDOWN = """
SESSION = "chat"
ALLOWED_UPDATES = ["message"]


def reply(update, session):
    place = {"chat_id": update["message"]["chat"]["id"]}
    rich = {"method": "sendRichMessage", **place, "rich_message": {"markdown": "*a*"}}
    texts = [{"method": "sendMessage", **place, "text": text} for text in ("a", "b", "end")]
    return [{**rich, "instead_of": 2}, *texts]
"""
TALKS = """
from botkit import conversation, telegram
from botkit.conversation import ask, done, external

SESSION = "chat"
ALLOWED_UPDATES = ["message"]


def say(message, text):
    return [{"method": "sendMessage", "chat_id": message["chat"]["id"], "text": text}]


def order(message):
    size = yield ask("size", say(message, "Which size?"))
    bot = yield external("bot", lambda: telegram.call("getMe")["username"])
    day = yield ask("day", say(message, f"{bot}: which day?"))

    def book(session):
        session.setdefault("orders", []).append(f"{size} on {day}")

    return done(say(message, f"{size} on {day}"), book)


reply = conversation.handler({"/order": order}, lambda update, session: [])
"""
# Without a queue, and with updates in it.
NO_QUEUE, QUEUED = "no queue", '\nQUEUED_UPDATES = ["message", "callback_query"]\n'


def update(update_id, chat, kind):
    message = {"chat": {"id": chat, "type": "private"}, "from": {"id": chat}}
    return {"update_id": update_id, kind: message if kind == "message" else {"message": message}}


@pytest.fixture
def world(start_with_sessions):
    """Make a world: `world(choose)`. Of several bots, each new container has the next."""
    worlds = []

    def make(choose, bot=BOT, queued=NO_QUEUE):
        urls = {"TELEGRAM_API_URL": nobody, "AWS_ENDPOINT_URL": nobody}
        if queued != NO_QUEUE:
            urls["QUEUE_URL"] = QUEUE
        bots = itertools.repeat(bot) if isinstance(bot, str) else bot

        def start():
            return start_with_sessions(next(bots) + queued.replace(NO_QUEUE, ""), **urls)

        worlds.append(World(start, choose))
        return worlds[-1]

    with unused_port() as port:  # nothing connects
        nobody = f"http://127.0.0.1:{port}"
        yield make
    for each in worlds:
        each.end()


def check(world, items, updates):
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
            made = world.made[abs(update_id)]
            assert set(made) == set(texts)
            assert sorted(map(made.index, texts)) == [*map(made.index, texts)]


@pytest.mark.parametrize(("seed", "queued"), [(0, NO_QUEUE), (1, QUEUED)], ids=["webhook", "queue"])
def test_each_update_counts_once_and_is_answered_as_saved(world, start_with_sessions, seed, queued):
    """While two versions of the bot answer side by side, as at a release."""
    chance = random.Random(seed)  # noqa: S311
    often = {"end": 0.04, "lose": 0.1, "twice": 0.02}
    bots = itertools.cycle([BOT, NEXT])
    made = world(lambda what: chance.random() < often.get(what, 0.05), bots, queued)
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


@pytest.mark.parametrize(("seed", "queued"), [(0, NO_QUEUE), (1, QUEUED)], ids=["webhook", "queue"])
def test_each_answer_of_a_conversation_counts_once(world, start_with_sessions, seed, queued):
    chance = random.Random(seed)  # noqa: S311
    often = {"end": 0.04, "lose": 0.1, "twice": 0.02}
    made = world(lambda what: chance.random() < often.get(what, 0.05), TALKS, queued)
    lines = []
    answers = {}
    for chat in range(1, 6):
        said = ["/order", f"S{chat}", f"Monday{chat}", "/order", f"L{chat}", f"Friday{chat}"]
        ids = range(chat * 10, chat * 10 + len(said))
        lines.append([update(n, chat, "message") for n in ids])
        for each, text in zip(lines[-1], said, strict=True):
            each["message"]["text"] = text
        asked = ["Which size?", "a_bot: which day?"]
        first, second = f"S{chat} on Monday{chat}", f"L{chat} on Friday{chat}"
        answers |= zip(ids, [*asked, first, *asked, second], strict=True)
    made.deliver(lines, chance.choice)
    assert {n: {*texts} for n, texts in made.made.items()} == {
        n: {text} for n, text in answers.items()
    }
    items = start_with_sessions(TALKS).table.items
    for chat in range(1, 6):
        kept = json.loads(items[f"{chat}"]["session"]["S"])
        assert kept == {"orders": [f"S{chat} on Monday{chat}", f"L{chat} on Friday{chat}"]}


# How many steps it takes until two updates are answered, and how many of them come before.
ENDS = [(NO_QUEUE, False, 27, 0), (NO_QUEUE, True, 35, 0)]
ENDS += [(QUEUED, limited, steps + 8, 8) for _, limited, steps, _ in ENDS]


@pytest.mark.parametrize(
    ("queued", "is_limited", "ends_at", "before"),
    one_in(3, [(q, limited, n, b) for q, limited, most, b in ENDS for n in range(1, most + 1)]),
)
def test_crash_at_every_step(world, start_with_sessions, queued, is_limited, ends_at, before):
    """Before and after each call, read and write, and each note if a call is limited.

    The next container has another version. It completes with the calls that were kept.
    """
    steps, limits = itertools.count(1), itertools.count(1)

    def choose(what):
        if what == "429":
            return is_limited and next(limits) == 3
        return what == "end" and next(steps) == ends_at

    made = world(choose, iter([BOT, NEXT]), queued)
    updates = [update(1, 7, "message"), update(2, 7, "message")]
    made.deliver([[*updates]], lambda ways: ways[0])
    check(made, start_with_sessions(BOT).table.items, updates)
    assert ("[1]" in made.made[1]) == (ends_at > before + 4), "the fourth step keeps it"
    repeated = sum(map(len, made.made.values())) - 8
    assert repeated <= 4  # what a death makes again, at most: the calls of an update
    assert next(steps) > ends_at


@pytest.mark.parametrize("is_refused", [False, True], ids=["taken", "refused"])
@pytest.mark.parametrize("ends_at", one_in(3, range(1, 18)))
def test_wherever_a_container_ends_an_answer_is_markdown_or_text(world, is_refused, ends_at):
    """Also if a call of it is limited, and the update comes again."""
    steps, limits = itertools.count(1), itertools.count(1)

    def choose(what):
        if what == "429":
            return next(limits) == 2
        return (what == "refused" and is_refused) or (what == "end" and next(steps) == ends_at)

    made = world(choose, MARKDOWN)
    made.deliver([[update(1, 7, "message")]], lambda ways: ways[0])
    whole = ["a", "b", "end"] if is_refused else ["sendRichMessage", "end"]
    assert list(dict.fromkeys(made.made[1])) == whole
    assert len(made.made[1]) <= 2 * len(whole)
    assert next(steps) > ends_at


@pytest.mark.parametrize(
    ("failing", "at"),
    [
        *((what, at) for what in ("429", "telegram away", "telegram lost") for at in range(1, 5)),
        *(("aws lost", at) for at in range(1, 5)),
        *(("lose", at) for at in range(1, 3)),
    ],
)
def test_answer_that_cleared_a_session_is_sent_despite_failures(
    world, start_with_sessions, failing, at
):
    times = itertools.count(1)
    made = world(lambda what: what == failing and next(times) == at, FORGETS)
    made.deliver([[update(1, 7, "message"), update(2, 7, "message")]], lambda ways: ways[0])
    assert set(made.made[1]) == {"Which day?"}
    assert list(dict.fromkeys(made.made[2])) == ["Booked", "Monday", "See you"]
    assert next(times) > at
    assert start_with_sessions(FORGETS).table.items["7"]["session"] == {"S": "{}"}


def test_rate_limited_vote_counts_once_among_many_votes(world, start_with_sessions):
    toggles = """
SESSION = "chat"


def reply(update, session):
    who = str(update["update_id"])
    session.pop(who) if who in session else session.update({who: True})
    return [{"method": "sendMessage", "chat_id": 7, "text": who}]
"""
    limited = []

    def choose(what):
        if what != "429" or limited:
            return False
        limited.append(what)
        return True

    made = world(choose, toggles)
    presses = [update(n, 7, "callback_query") for n in range(1, 42)]
    lines = [[press] for press in presses]

    def others_first(ways):
        """Choose what goes on: the first press comes again when all others are over."""
        return next(
            (way for way in ways if way[0] or way[1] is not lines[0] or not limited), ways[0]
        )

    made.deliver(lines, others_first)
    assert made.made[1] == ["1"]
    votes = json.loads(start_with_sessions(toggles).table.items["7"]["session"]["S"])
    assert sorted(map(int, votes)) == list(range(1, 42))


# ── What failed, and is redriven

PLAIN = BOT.replace('SESSION = "chat"\n', "").replace(", session):", ", session={}):")


@pytest.mark.parametrize("queued", ["", QUEUED], ids=["webhook", "queue"])
@pytest.mark.parametrize("bot", one_in(2, [BOT, PLAIN]), ids=["with sessions", "without"])
def test_a_release_that_raises_for_an_hour_leaves_nobody_unanswered(
    world, start_with_sessions, tmp_path, bot, queued
):
    """Containers end, calls fail, and SQS is away, also while the dead letters are answered."""
    chance = random.Random(20260101)  # noqa: S311
    is_broken = tmp_path / "broken"
    raises = f'    if __import__("os").path.exists("{is_broken}"):\n        raise ValueError\n'
    body = "    chat = (update.get"
    often = {"end": 0.03, "lose": 0.1, "twice": 0.02}
    # Where people saw a part of an answer already, and SQS is away, the rest is lost.
    never = "sqs away" if bot == PLAIN else ""

    def choose(what):
        return what != never and chance.random() < often.get(what, 0.05)

    made = world(choose, bot.replace(body, raises + body), queued)
    updates = [update(n, n % 20, "message") for n in range(1, 61)]

    def lines(some):
        return [[each] for each in some]

    made.deliver(lines(updates[:20]), chance.choice)
    is_broken.touch()
    made.deliver(lines(updates[20:40]), chance.choice)
    assert {each["update_id"] for each in updates[20:40]}.isdisjoint(made.made)
    assert len(made.queues.dead_letters) >= 20
    is_broken.unlink()
    made.queues.redrive()
    made.deliver(lines(updates[40:]), chance.choice)
    for _ in range(9):
        made.redrive(chance.choice)
    assert not made.queues.messages
    if bot == BOT:
        check(made, start_with_sessions(BOT).table.items, updates)
    for each in updates:
        assert {"sendChatAction", "more", "most"} < set(made.made[each["update_id"]])
