"""examples/newsletter: copies for thousands of people, in steps, while all fails that can fail."""

import copy
import json
import random
import sys
import time
from bisect import bisect
from collections import Counter
from hashlib import md5
from itertools import count
from types import SimpleNamespace

import pytest
from botkit.fakes.services import Schedules, Table
from telegram_bot_aws.local.project import ROOT
from telegram_stand_in import ADA, Limits, Telegram, private_chat

from tests.support.stubs import (
    QUEUE,
    TOKEN,
    queue_event,
    refusal,
    session_environment,
)

FOLDER = ROOT / "examples/newsletter/bot"
OWN = ("newsletter", "subscribers", "copies")  # the modules beside bot.py
OWNER = int(ADA["id"])
NOON = 1_800_000_000.0
TIMEOUT = 900  # seconds of an invocation
LATENCY = 0.01  # seconds of Telegram's answer
BLOCKED = 403, "Forbidden: bot was blocked by the user"
GONE = 403, "Forbidden: user is deactivated"
BUTTON = "It begins within a minute."


class Died(BaseException):
    """The container has ended. Anything that it still tries ends it again."""


class Subscribers:
    """Stands in for the table of those who subscribed. A page of a count has 1,000 of them."""

    def __init__(self):
        self.people = set()
        self._order = []  # as DynamoDB's: by a hash

    def add(self, *people):
        self.people.update(people)
        self._order = sorted({*self._order, *map(self._place, people)})

    @staticmethod
    def _place(person):
        return md5(b"%d" % person, usedforsecurity=False).digest(), person

    def call(self, service, target, params):
        """Make a call as aws.call does."""
        match target.partition(".")[2]:
            case "PutItem":
                self.add(int(params["Item"]["person"]["N"]))
            case "BatchWriteItem":
                requests = params["RequestItems"]["newsletter"]
                assert 1 <= len(requests) <= 25
                for request in requests:
                    self.people.discard(int(request["DeleteRequest"]["Key"]["person"]["N"]))
            case "Scan":
                return self._scan(**params)
            case _:
                raise AssertionError(f"no stand-in for {target}")
        return {}

    def _scan(self, Limit=1000, ExclusiveStartKey=None, Select="", **other):
        first = 0
        if ExclusiveStartKey:
            first = bisect(self._order, self._place(int(ExclusiveStartKey["person"]["N"])))
        found = []
        for _, person in self._order[first:]:
            if person in self.people:
                found.append({"person": {"N": f"{person}"}})
                if len(found) == Limit:
                    break
        answer = {"Count": len(found)} if Select == "COUNT" else {"Items": found}
        return {**answer, "LastEvaluatedKey": found[-1]} if len(found) == Limit else answer


class Inline:
    """Stands in for a pool of threads: calls come one after the other, at times that are known."""

    def __init__(self, threads):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def map(self, function, items):
        return [function(item) for item in items]

    def submit(self, function, *arguments, **named):
        try:
            function(*arguments, **named)
        except Exception:  # as in a Future that nobody asks
            pass


class World:
    """Lambda, Scheduler, DynamoDB and Telegram, on a clock that moves only when they are used.

    An operation is a call of any of them. The container dies at those whose numbers `deaths` has:
    before an even one, after an odd one. Calls of Telegram are also numbered. The stand-in answers
    them, without its server: each would take real time, and there are tens of thousands.
    """

    def __init__(self, start, people):
        self._start = start
        self.now = NOON
        self.ends = 0.0  # when Lambda ends the invocation
        self.table = Subscribers()
        self.sessions = {}
        self.schedules = {}
        self.retries = []  # SQS's: when, how often received, what
        self.pause = 0.0  # before a message comes again
        self.telegram = Telegram(TOKEN)
        self.telegram.limits = Limits(lambda: self.now)
        self.telegram.watch_updates = lambda update, bot: self.updates.append(update)
        self.updates = []
        self.operations = 0
        self.deaths = set()
        self.died = 0
        self.is_dead = False
        self.calls = []  # when Telegram was called
        self.got = Counter()  # copies, by person
        self.refusals = {}  # of copies, by person
        self.floods = {}  # retry_after, by the number of the call
        self.flooded_until = 0.0
        self.too_early = 0
        self.outages = {}  # by number: the seconds, whether silent
        self.out_until, self.is_silent = 0.0, False
        self.lost = set()  # the numbers of the calls whose answers are lost
        self.unsure = 0  # copies without an answer
        self.meanwhile = {}  # by number: what happens before the call
        self.renew()
        self.telegram.bot.chats[OWNER] = private_chat(ADA)
        self.subscribe(*people)

    def subscribe(self, *people):
        """Add people who have subscribed, without the bot's help."""
        self.table.add(*people)
        for person in people:
            self.telegram.bot.chats[person] = private_chat({"id": person, "first_name": "P"})

    # The container.

    def renew(self):
        """Start a new container."""
        for name in OWN:
            sys.modules.pop(name, None)
        self.container = container = self._start()
        aws = container.module("aws")
        sessions = Table(aws, "sessions", items=self.sessions)
        schedules = Schedules(aws, items=self.schedules)

        def call(service, target, params):
            if service == "sqs":
                assert target.endswith(".ChangeMessageVisibility")
                self.pause = params["VisibilityTimeout"]
                return {}
            table = sessions if params.get("TableName") == "sessions" else self.table
            return table.call(service, target, params)

        container.answer_calls(self._watched(call))
        container.answer_requests(self._watched(schedules.request))
        answer = self._watched(self._answer)
        container.module("telegram").Client.request = lambda client, *request: answer(*request)
        clock = SimpleNamespace(**vars(time))
        clock.time = clock.monotonic = lambda: self.now
        clock.sleep = self._sleep
        container.module("deadline").deadline.clock = lambda: self.now
        names = ("schedule", "session", "telegram")
        botkit = [container.module(name) for name in names]
        for module in (*botkit, *map(sys.modules.get, OWN)):
            module.time = clock
        sys.modules["newsletter"].ThreadPoolExecutor = Inline

    def _watched(self, operation):
        def watched(*arguments, **named):
            if self.is_dead:
                raise Died
            self.operations += 1
            number = self.operations
            if number in self.deaths and number % 2 == 0:
                self.die()
            result = operation(*arguments, **named)
            if number in self.deaths:
                self.die()
            return result

        return watched

    def die(self):
        self.died += 1
        self.is_dead = True
        raise Died

    def _sleep(self, seconds):
        self.now += seconds
        if self.now > self.ends:
            self.die()

    # Telegram.

    def _answer(self, path, body, headers, timeout, *_):
        """Answer a call as `telegram.Client.request` does."""
        number, method, params = len(self.calls) + 1, path.rpartition("/")[2], json.loads(body)
        if action := self.meanwhile.pop(number, None):
            self._beside(action)
        self.calls.append(self.now)
        self.too_early += self.now < self.flooded_until
        self.now += LATENCY
        if outage := self.outages.get(number):
            self.out_until, self.is_silent = self.now + outage[0], outage[1]
        if self.now < self.out_until:
            self.now += timeout if self.is_silent else 0
            self._fail(method)
        if retry_after := self.floods.get(number):
            self.flooded_until = self.now + retry_after
            return refuse(429, "Too Many Requests", retry_after=retry_after)
        if method == "copyMessage" and (refusal := self.refusals.get(params["chat_id"])):
            return refuse(*refusal)
        call = self.telegram.answer(method, params)
        assert call.status != 429, "it writes faster than Telegram lets it"
        if method == "copyMessage" and call.status == 200:
            self.got[params["chat_id"]] += 1
        if number in self.lost:
            self._fail(method)
        return call.status, json.dumps(call.answer).encode()

    def _fail(self, method):
        self.unsure += method == "copyMessage"
        raise self.container.module("errors").Unreachable("no answer")

    def _beside(self, action):
        """Do something while an invocation is under way, which ends when it would have ended."""
        deadline, ends, now = self.container.module("deadline").deadline, self.ends, self.now
        at = deadline.at
        action()
        deadline.at, self.ends, self.now = at, ends, now

    @property
    def text(self):
        """The owner's message."""
        edits = [call for call in self.telegram.calls if call.method == "editMessageText"]
        return str(edits[-1].params["text"])

    # People's actions.

    def say(self, text, user=ADA, **content):
        """Write to the bot, and return what it answers."""
        self.telegram.send(self.telegram.message(text, user=user, **content))
        [call] = self.deliver()
        return str(call.params["text"])

    def deliver(self):
        """Deliver the last update, and return the calls that it leads to."""
        before = len(self.telegram.calls)
        assert self.container.deliver(self.updates[-1]) == (200, None)
        self.now += 1
        return self.telegram.calls[before:]

    def ask(self):
        """Have the owner answer a message with /send, and return the bot's question."""
        self.telegram.send(self.telegram.message("News!"))
        self.say("/send", reply_to_message=self.updates[-1]["message"])
        message = self.telegram.messages[max(self.telegram.messages, key=lambda place: place[1])]
        return copy.deepcopy(message)  # which later changes don't affect

    def press(self, question):
        """Press the question's button, and return what the bot tells."""
        [[button]] = question["reply_markup"]["inline_keyboard"]
        self.telegram.press(OWNER, question["message_id"], button["callback_data"])
        [call] = self.deliver()
        assert call.method == "answerCallbackQuery"
        return str(call.params["text"])

    # Scheduler, SQS and Lambda.

    def run(self):
        """Take the steps that wait, each in its time, until none is left."""
        for _ in range(1000):
            waiting = [(item["at"], name) for name, item in self.schedules.items()]
            at, name = min(waiting, default=(float("inf"), ""))
            if self.retries and self.retries[0][0] < at:
                at, received, event = self.retries.pop(0)
            elif name:
                assert at >= self.now, "a step is due before the last one has ended"
                received, event = 1, self.schedules.pop(name)["event"]
            else:
                return
            self.now = max(self.now, at)
            self.invoke(event, received)
        raise AssertionError("it never ends")

    def invoke(self, event, received=1):
        """Invoke the function with a message of the queue, which comes again if that fails."""
        self.ends = self.now + TIMEOUT
        try:
            about = queue_event(event, received, message_id=json.dumps(event))
            result = self.container.invoke(about, TIMEOUT * 1000)
        except Died:
            result = None
        if self.is_dead:  # then nobody tells SQS anything
            result, self.pause = None, self.ends + 30 - self.now
        if result != {"batchItemFailures": []}:
            self.retries.append((self.now + self.pause, received + 1, event))
            self.retries.sort(key=lambda retry: retry[0])
        if self.is_dead:
            self.is_dead = False
            self.renew()

    def check(self, reachable):
        """Fail if somebody was left out, too many got it twice, or it came too fast."""
        assert set(self.got) == set(reachable)
        twice = sum(copies > 1 for copies in self.got.values())
        told = int(self.text.rpartition("At most ")[2].partition(" ")[0].replace(",", ""))
        assert twice <= told <= 25 * self.died + self.unsure
        assert f" {len(self.got):,} people got it." in self.text
        busiest = max(bisect(self.calls, at + 1) - n for n, at in enumerate(self.calls))
        assert busiest <= 30
        assert self.too_early == 0


def refuse(code, description, **parameters):
    return code, json.dumps(refusal(code, description, **parameters)).encode()


@pytest.fixture
def make(start, bot_api, monkeypatch):
    """Make a world in which so many people have subscribed."""
    monkeypatch.syspath_prepend(FOLDER)
    worlds = []

    def start_container():
        about = {"OWNER_ID": f"{OWNER}", "TABLE": "newsletter", "SCHEDULE_GROUP": "newsletter-bot"}
        about["SCHEDULER_ROLE_ARN"] = "arn:aws:iam::123456789012:role/newsletter-bot_scheduler"
        about["QUEUE_URL"] = QUEUE
        return start(bot_api.url, **session_environment(bot_api.url), **about)

    def make_world(people):
        worlds.append(World(start_container, range(100_000, 100_000 + people)))
        return worlds[-1]

    yield make_world
    for world in worlds:
        world.telegram.stop()
    for name in OWN:
        sys.modules.pop(name, None)


def test_newsletter_reaches_five_thousand_people_whatever_fails(make):
    world = make(5_000)
    chance = random.Random(1)
    people = chance.sample(sorted(world.table.people), 5_000)
    blocked, gone, reachable = people[:150], people[150:220], people[220:]
    world.refusals = {**dict.fromkeys(blocked, BLOCKED), **dict.fromkeys(gone, GONE)}
    world.floods = {number: chance.randint(3, 40) for number in chance.sample(range(5_000), 20)}
    world.lost = set(chance.sample(range(5_000), 20))
    world.outages = {1_500: (600, False), 3_000: (1_200, True)}
    question = world.ask()
    assert world.press(question) == BUTTON
    world.deaths = set(chance.sample(range(world.operations, world.operations + 5_000), 10))
    world.run()
    assert world.died == 10
    world.check(reachable)
    assert world.text.startswith(
        "Done: 4,780 people got it. Off the list: 150 who had blocked the bot, 70 who are gone. "
        "Without it: 0 who can't get it, 0 out of reach."
    )
    # Of those who are gone, some stay on the list if the container died just then.
    assert set(reachable) <= world.table.people
    assert len(world.table.people - set(reachable)) <= world.died


def test_a_container_may_die_at_every_operation(make):
    world = make(0)
    people = range(100_000, 100_004)
    for number in count(1):
        world.subscribe(*people, 200_000)
        world.refusals, world.got, world.died = {200_000: BLOCKED}, Counter(), 0
        world.press(world.ask())
        # And once more, about as far in the step that follows.
        world.deaths = {world.operations + number, world.operations + 2 * number + 1}
        world.run()
        world.deaths.clear()
        world.check(people)
        if not world.died:
            break
        assert world.table.people - {200_000} == set(people)
    assert number > 20


def begin(world):
    """Begin a newsletter, and return the question that it began with."""
    question = world.ask()
    assert world.press(question) == BUTTON
    return question


def test_an_event_that_comes_twice_sends_nothing_twice(make):
    world = make(60)
    begin(world)
    [event] = [schedule["event"] for schedule in world.schedules.values()]
    world.meanwhile = {10: lambda: world.invoke(event)}
    world.run()
    world.invoke(event)
    world.check(range(100_000, 100_060))
    assert world.got.total() == 60
    assert world.schedules == {}


def test_only_one_newsletter_is_under_way(make):
    world = make(60)
    first, second = world.ask(), world.ask()
    assert world.press(first) == BUTTON
    assert world.press(first) == BUTTON
    assert world.press(second) == "Another one is under way. /stop ends it."
    world.run()
    assert set(world.got.values()) == {1}
    over = "It is over. To send the message once more, answer it with /send."
    assert world.press(first) == over
    assert world.press(second) == BUTTON
    world.run()
    assert set(world.got.values()) == {2}
    assert world.press(first) == over
    assert world.schedules == {}


def test_the_owner_stops_it(make):
    world = make(100)
    begin(world)
    world.meanwhile = {len(world.calls) + 30: lambda: world.say("/stop")}
    world.run()
    assert world.got.total() <= 50
    assert world.text.startswith(f"Stopped: {world.got.total()} people got it.")
    assert world.say("/stop") == "Nothing is being sent."
