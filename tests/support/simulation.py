"""Containers, Telegram, SQS, DynamoDB and Scheduler, where anything may fail or end at each step.

Each container is a thread, and only one runs at a time. At each step, the simulation may switch to
another container or kill this one. Telegram delivers each chat's updates in order, and redelivers
them until they get a 200; the queue does so in each group, until a message is done or has failed 20
times.

Telegram isn't the stand-in here: a test decides what happens at each call, and before and after it.
Over a socket, the system's scheduler would.
"""

import json
import sys
import threading
import time
from functools import partial
from types import SimpleNamespace

from botkit.fakes.services import HIDDEN_SECONDS, MAX_RECEIVES, Queues, Schedules, queue_event

from tests.support.stubs import Context, loaded, request, unload

MAX_STEPS = 50_000
HOUR = 3_600_000  # milliseconds: containers wait for each other, on a busy machine for long


class Ended(BaseException):
    """Raised in the thread of a container that the simulation has killed."""


class Invocation:
    """An invocation of a container, in a thread that waits at each step until it may go on.

    `content` is the update, or what the `message` of the queue contains.
    """

    def __init__(self, simulation, modules, content, message=None):
        self.simulation, self.modules = simulation, modules
        self.content, self.message = content, message
        self.wakes = 0.0  # when its pause is over
        self.is_done = False  # Telegram, or the queue, needs no redelivery
        self.call = {}  # in the response, for Telegram to make it
        self.is_finished = False
        self.go, self.waits = threading.Lock(), threading.Lock()  # each side releases the other's
        self.go.acquire()
        self.waits.acquire()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            self.step()
            queued = self.message and queue_event(self.message)
            event = queued or request(json.dumps(self.content))
            answer = self.modules["handler"].handler(event, Context(HOUR))
            self.step()
            self.is_done = answer.get("statusCode") == 200 or answer.get("batchItemFailures") == []
            if answer.get("body"):
                self.call = json.loads(answer["body"]) if self.is_done else {}
        except Ended:
            pass
        finally:
            self.is_finished = True
            self.waits.release()

    def step(self):
        """Wait until the thread may go on. Raises Ended if the container has ended."""
        if not self.simulation.is_finished:
            self.waits.release()
            self.go.acquire()
        if self.simulation.is_finished:
            raise Ended

    def advance(self):
        """Let the thread go on to its next step, with the modules of its container."""
        unload()
        sys.modules.update(self.modules)
        self.simulation.running = self
        self.go.release()
        self.waits.acquire()


class Simulation:
    """Telegram, AWS and the containers. `should` decides what happens.

    `queues` are the queue, if the containers have its URL, and its dead letters, and `schedules`
    the items of Scheduler, which wait for a test to send them. `now` is the clock of all that, and
    of the containers' pauses.
    """

    def __init__(self, start, should):
        self.should = should
        self.now = 1767225600.0
        self.queues = Queues(None)
        self.queues.now = lambda: self.now
        self.schedules = {}
        self.is_finished = False
        self.running = None
        self.calls = []  # that were carried out, each with who made it
        moved = {"time": lambda: self.now, "monotonic": lambda: self.now, "sleep": self._sleep}
        self.clock = SimpleNamespace(**vars(time) | moved)
        self._start = start
        self._idle = []
        self._all = []

    def deliver(self, lines, pick):
        """Deliver all updates, each line in order, and then all messages of the queue.

        `pick` chooses which line, message or container goes on, and with it the clock.
        """
        under_way = []
        for _ in range(MAX_STEPS):
            free = [*self._updates(lines, under_way), *self._messages(under_way)]
            if not free and not under_way:
                due = self.queues.next_time()
                if due is None:
                    return
                self.now = due
                continue
            ways = [*under_way, *((None, each) for each in free)]
            awake = [way for way in ways if not way[0] or way[0].wakes <= self.now]
            run, origin = pick(awake or ways)
            if run is None:
                under_way.append((self._begin(origin), origin))
                continue
            if self.should("crash"):  # the container never goes on
                under_way.remove((run, origin))
                self._settle(run, origin, is_done=False)
                continue
            self.now = max(self.now, run.wakes)
            run.advance()
            if run.is_finished:
                under_way.remove((run, origin))
                self._idle.append(run.modules)
                is_done = run.is_done and not self.should("webhook_response_lost")
                if is_done and run.call:
                    self.calls.append((run, run.call.pop("method"), run.call))
                self._settle(run, origin, is_done)
        raise AssertionError("this has no end")

    def renew(self):
        """Have new containers take what comes from now on, as after a release."""
        self._idle.clear()

    def redrive(self, pick):
        """Move the dead letters back, and deliver them."""
        self.queues.redrive()
        self.deliver([], pick)

    def _updates(self, lines, under_way):
        """Return the lines whose first update may be delivered. Telegram may be impatient."""
        free = []
        for line in lines if len(under_way) < 4 else []:
            times = sum(bool(line) and run.content is line[0] for run, _ in under_way)
            if line and (not times or (times == 1 and self.should("duplicate"))):
                free.append(line)
        return free

    def _messages(self, under_way):
        """Return the ids of the messages that may be received."""
        first = self.queues.first_ones() if len(under_way) < 4 else {}
        return [id_ for id_, each in first.items() if each["hidden"] <= self.now]

    def _begin(self, origin):
        """Have a container take the first update of a line, or a message, and reach a step."""
        if isinstance(origin, str):
            message = self.queues.items[origin]
            message |= {"received": message["received"] + 1, "hidden": float("inf")}
            content = json.loads(message["body"])
            run = Invocation(self, self._container(), content, {"id": origin, **message})
        else:
            run = Invocation(self, self._container(), origin[0])
        self._all.append(run)
        run.waits.acquire()
        return run

    def _settle(self, run, origin, is_done):
        """Let an update or a message be redelivered, unless it is done."""
        if not run.message:
            if is_done and run.content in origin:
                origin.remove(run.content)
        elif is_done:
            self.queues.delete(origin)
        elif run.message["received"] == MAX_RECEIVES:
            self.queues.bury(origin)
        elif self.queues.items[origin]["hidden"] == float("inf"):  # it has set no pause
            self.queues.items[origin]["hidden"] = self.now + HIDDEN_SECONDS

    def _container(self):
        """Return the modules of a container without an invocation, a new one if there is none."""
        if self._idle:
            return self._idle.pop()
        container = self._start()
        for kind in ("webhook", "queue"):
            container.handler.TIMES[kind] = (HOUR / 1000, 1.0)
        aws, telegram = container.module("aws"), container.telegram
        container.module("middleware.with_session")
        container.module("queue")
        answers = {
            "dynamodb": container.table.call,
            "scheduler": Schedules(aws, items=self.schedules).request,
            "sqs": self.queues.call,
        }

        def call(service, target, *parts, **content):
            if target.endswith(".ChangeMessageVisibility"):
                return self.queues.call(service, target, *parts)
            self._step()
            if self.should("sqs_unreachable" if service == "sqs" else "aws_unreachable"):
                raise aws.Unreachable(f"{service}: HTTP 500")
            answer = answers[service](service, target, *parts, **content)
            self._step()
            if self.should("aws_response_lost"):
                raise aws.Unreachable(f"{service}: timed out")
            return answer

        def post(method, params, timeout):
            self._step()
            if self.should("429"):
                raise telegram.TelegramError(method, 429, "Too Many Requests", {"retry_after": 1})
            if self.should("telegram_unreachable"):
                raise telegram.Unreachable("HTTP 500")
            if method == "getMe":
                return {"id": 1, "is_bot": True, "first_name": "Bot", "username": "a_bot"}
            self.calls.append((self.running, method, params))
            self._step()
            if self.should("telegram_response_lost"):
                raise telegram.Unreachable("timed out")
            if "text" not in params:
                return True
            sent = {"message_id": len(self.calls), "date": 1767225600}
            return {**sent, "chat": {"id": params["chat_id"], "type": "private"}}

        container.stub_aws(call, *answers)
        container.stub_telegram(post)
        container.module("telegram").time = self.clock
        bot = container.bot
        if hasattr(bot, "model"):
            bot.model = partial(self._model, telegram.Unreachable)
        return loaded()

    def _model(self, unreachable):
        """Return the rest of what a model answers."""
        self._step()
        if self.should("model_unreachable"):
            raise unreachable("model: HTTP 500")
        return ", whole."

    def _sleep(self, seconds):
        self.running.wakes = self.now + seconds
        self._step()

    def _step(self):
        self.running.step()

    def end(self):
        """End the threads of all containers."""
        self.is_finished = True
        for run in self._all:
            run.go.release()
            run.thread.join(60)
            assert not run.thread.is_alive()
