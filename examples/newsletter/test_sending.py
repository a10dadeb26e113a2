"""Whole newsletters, while containers crash, Telegram fails, and events come twice."""

import random
from collections import Counter
from itertools import count
from types import SimpleNamespace

import pytest
from botkit import aws, telegram
from botkit.deadline import deadline
from botkit.errors import TelegramError, Unreachable
from botkit.fakes import clock

OWNER = 1
NOON = 1_800_000_000.0
TIMEOUT = 120  # seconds of an invocation: so a newsletter takes many
BLOCKED = "Forbidden: bot was blocked by the user"
BEGINS = "It begins within a minute."


class Crashed(BaseException):
    """The container has ended."""


class Threads:
    """In place of a pool of threads: calls come one after the other."""

    def __init__(self, number):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def map(self, function, items):
        return [function(item) for item in items]

    def submit(self, function, *arguments):
        function(*arguments)


class World:
    """Telegram, AWS and the container, on a clock that moves only when they are used.

    The container crashes at the operations whose numbers `crashes` has: before an even one, after
    an odd one.
    """

    def __init__(self, bot, schedules):
        self.bot, self.schedules = bot, schedules
        self.now, self.ends = NOON, 0.0
        self.people, self.blocked, self.got = set(), set(), Counter()
        self.operations, self.crashes, self.crashed, self.unsure = 0, set(), 0, 0
        self.copies, self.limited_until = 0, 0.0
        self.faults = {}  # by the number of a copy: seconds to wait, or "away", or "lost"
        self.meanwhile = {}  # what happens before a copy, by its number
        self.text, self.retries = "", []

    def page(self, place, size):
        """Return some subscribers, and the place of the next, as subscribers.py does."""
        found = sorted(person for person in self.people if person > place.get("after", 0))[:size]
        return found, {"after": found[-1]} if len(found) == size else None

    def watched(self, operation):
        """Count an operation, which the container may not survive."""

        def watched(*arguments, **named):
            self.operations += 1
            number = self.operations
            if number in self.crashes and number % 2 == 0:
                self.crash()
            result = operation(*arguments, **named)
            if number in self.crashes:
                self.crash()
            return result

        return watched

    def crash(self):
        self.crashed += 1
        raise Crashed

    def sleep(self, seconds):
        self.now += seconds
        if self.now > self.ends:
            self.crash()

    def post(self, client, method, params, timeout):
        """Answer a call of the bot."""
        if method == "editMessageText":
            self.text = params["text"]
        if method != "copyMessage":
            return True
        self.copies += 1
        self.now += 0.01
        if action := self.meanwhile.pop(self.copies, None):
            action()
        assert self.now >= self.limited_until, "it writes sooner than Telegram lets it"
        fault = self.faults.get(self.copies)
        if isinstance(fault, int):
            self.limited_until = self.now + fault
            raise TelegramError(method, 429, "Too Many Requests", {"retry_after": fault})
        self.unsure += fault is not None
        if fault == "away":
            raise Unreachable("HTTP 500")
        if params["chat_id"] in self.blocked:
            raise TelegramError(method, 403, BLOCKED, {})
        self.got[params["chat_id"]] += 1
        if fault == "lost":
            raise Unreachable("timed out")
        return True

    def begin(self, question=11):
        """Press the button of a question. Return what the bot tells."""
        message, data = {"message_id": question}, f"9 {len(self.people)}"
        query = {"id": "777", "from": {"id": OWNER}, "message": message, "data": data}
        [call] = self.bot.reply({"callback_query": query})
        return call["text"]

    def run(self):
        """Deliver the events that wait, each in its time, until none is left."""
        items = self.schedules.fake.items
        for _ in range(1000):
            due = [(item["at"], name) for name, item in items.items()]
            if not (due or self.retries):
                return
            at, name = min(due + self.retries)
            if (at, name) in self.retries:
                self.retries.remove((at, name))
            else:
                assert at >= self.now, "a step is due before the last one has ended"
                del items[name]
            self.now = max(self.now, at)
            self.invoke(name)
        raise AssertionError("it never ends")

    def invoke(self, name):
        """Deliver a step's event, by its schedule's name. It is retried if that fails."""
        _, _, id, step = name.split(".")
        self.ends = self.now + TIMEOUT
        deadline.start(TIMEOUT)
        try:
            self.bot.on_event({"newsletter": int(id), "step": int(step)})
        except Crashed:
            self.retries.append((self.ends + 30, name))
        except Unreachable:
            self.retries.append((self.now + 60, name))

    def check(self, reachable):
        """Check that nobody is left out, and that no more get it twice than the owner is told."""
        assert {*self.got} == {*reachable}
        twice = sum(copies > 1 for copies in self.got.values())
        told = int(self.text.rpartition("At most ")[2].partition(" ")[0].replace(",", ""))
        assert twice <= told <= 25 * self.crashed + self.unsure
        assert f" {len(self.got):,} people got it." in self.text


@pytest.fixture
def world(monkeypatch, request, sessions, schedules):
    for name, value in {"OWNER_ID": f"{OWNER}", "TABLE": "newsletter-bot"}.items():
        monkeypatch.setenv(name, value)
    bot = request.getfixturevalue("bot")
    world = World(bot, schedules)
    monkeypatch.setattr(clock.clock, "now", lambda: world.now)
    monkeypatch.setattr(deadline, "clock", lambda: world.now)
    pauses = SimpleNamespace(time=clock.clock.time, sleep=world.sleep)
    for module in (bot.newsletter, bot.newsletter.Copies.send.__globals__):
        getattr(module, "__dict__", module)["time"] = pauses
    bot.newsletter.ThreadPoolExecutor = Threads
    bot.subscribers.page = world.watched(world.page)
    bot.subscribers.remove = world.watched(lambda *people: world.people.difference_update(people))
    for name in ("call", "request"):
        monkeypatch.setattr(aws, name, world.watched(getattr(aws, name)))
    monkeypatch.setattr(telegram.default_client, "token", "42:token")
    monkeypatch.setattr(telegram, "client", lambda: telegram.default_client)
    monkeypatch.setattr(telegram.Client, "post", world.watched(world.post))
    return world


def test_newsletter_reaches_five_thousand_people_whatever_fails(world):
    chance = random.Random(1)
    world.people = set(range(100_000, 105_000))
    world.blocked = {*chance.sample(sorted(world.people), 150)}
    reachable = world.people - world.blocked
    for number in chance.sample(range(5_000), 40):
        world.faults[number] = chance.choice([3, 40, "away", "lost"])
    world.faults |= dict.fromkeys(range(3_000, 3_040), "away")  # for minutes
    assert world.begin() == BEGINS
    world.crashes = {*chance.sample(range(world.operations, world.operations + 5_000), 10)}
    world.run()
    assert world.crashed == 10
    world.check(reachable)
    assert world.text.startswith(
        "Done: 4,850 people got it. Off the list: 150 who had blocked the bot, 0 who are gone. "
        "Without it: 0 who can't get it, 0 out of reach."
    )
    assert reachable <= world.people


def test_container_may_crash_at_every_operation(world):
    people = range(100_000, 100_004)
    for number in count(1):
        world.people, world.blocked = {*people, 200_000}, {200_000}
        world.got.clear()
        world.crashed = 0
        assert world.begin(number) == BEGINS
        # And once more, about as far in the step that follows.
        world.crashes = {world.operations + number, world.operations + 2 * number + 1}
        world.run()
        world.crashes.clear()
        world.check(people)
        if not world.crashed:
            break
    assert number > 15


def test_an_event_that_comes_twice_sends_nothing_twice(world):
    world.people = set(range(100_000, 100_060))
    world.begin()
    [name] = world.schedules.fake.items
    world.meanwhile = {10: lambda: world.invoke(name)}
    world.run()
    world.invoke(name)
    world.check(range(100_000, 100_060))
    assert world.got.total() == 60
    assert world.schedules.fake.items == {}


def test_step_whose_first_invocation_died_is_left_to_the_next(world):
    world.people = set(range(100_000, 100_060))
    world.begin()
    [name] = world.schedules.fake.items
    world.crashes = {world.operations + 3}  # once the next step is scheduled
    for _ in range(2):
        world.invoke(name)
    assert (world.crashed, world.got.total()) == (1, 0)


def test_only_one_newsletter_is_under_way(world):
    world.people = set(range(100_000, 100_060))
    assert [world.begin(), world.begin()] == [BEGINS, BEGINS]
    assert world.begin(12) == "Another one is under way. /stop ends it."
    world.run()
    assert {*world.got.values()} == {1}
    over = "It is over. To send the message once more, answer it with /send."
    assert world.begin() == over
    assert world.begin(12) == BEGINS
    world.run()
    assert {*world.got.values()} == {2}


def test_the_owner_stops_it(world):
    world.people = set(range(100_000, 100_100))
    world.begin()
    world.meanwhile = {30: world.bot.newsletter.stop}
    world.run()
    assert world.got.total() <= 50
    assert world.text.startswith(f"Stopped: {world.got.total()} people got it.")
