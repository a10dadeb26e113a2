"""Containers, Telegram, DynamoDB and Scheduler, where anything may fail or end at each step.

Each container is a thread, and one runs at a time: at each step another one may go on, or the
container ends. Telegram, or the queue, delivers in order in each line until an update is answered.

Telegram isn't the stand-in here: a test decides what happens at each call, and before and after it.
Over a socket, the system's scheduler would.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any

from botkit.fakes.services import Queues, Schedules
from telegram_stand_in import Limits

from tests.support.stubs import (
    Container,
    Context,
    Json,
    loaded,
    queue_event,
    request,
    unload,
)

MOST_STEPS = 50_000
HOUR = 3_600_000  # milliseconds: containers wait for each other, on a busy machine for long


class Ended(BaseException):
    """The container has ended, long ago: it must not do anything any more."""


class Run:
    """An invocation of a container, in a thread that waits at each step until it may go on."""

    def __init__(
        self, world: World, modules: dict[str, ModuleType], update: Json, is_queued: bool
    ) -> None:
        self.world, self.modules, self.update = world, modules, update
        self.is_queued = is_queued
        self.wakes = 0.0  # when its pause is over
        self.pause = 0.0  # before its update comes again
        self.status: int | None = None
        self.call: Json = {}  # in the response, for Telegram to make it
        self.is_over = False
        self.go, self.waits = threading.Lock(), threading.Lock()  # each side releases the other's
        self.go.acquire()
        self.waits.acquire()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.step()
            context = Context(HOUR)
            context.aws_request_id = self.update.get("request_id", context.aws_request_id)
            event = self.world.event(self.update, self.is_queued)
            answer = self.modules["handler"].handler(event, context) or {}
            self.step()
            is_left = bool(answer.get("batchItemFailures"))
            self.status = answer.get("statusCode", 503 if is_left else 200)
            if self.status == 200 and answer.get("body"):
                self.call = json.loads(answer["body"])
        except Ended:
            pass
        except Exception as error:
            if type(error).__name__ not in ("EventFailed", "Unreachable"):
                raise
            self.status = 503  # an event's, or a replay's: SQS is away
        finally:
            self.is_over = True
            self.waits.release()

    def step(self) -> None:
        """Wait until the thread may go on. Raises Ended if the container has ended."""
        if not self.world.is_over:
            self.waits.release()
            self.go.acquire()
        if self.world.is_over:
            raise Ended

    def advance(self) -> None:
        """Let the thread go on to its next step, with the modules of its container."""
        unload()
        sys.modules.update(self.modules)
        self.world.running = self
        self.go.release()
        self.waits.acquire()


class World:
    """Telegram, AWS and the containers. `choose` decides what happens.

    With the `queue_url` of the containers, the updates come out of that queue, or by the webhook
    into it if they are delivered so. `kept` are what failed, if the containers have the
    `failed_url` of a queue for it. `now` is the clock of that, and of their pauses. `schedules` are
    the items of Scheduler, which wait for a test to deliver their events.
    """

    def __init__(
        self,
        start: Callable[[], Container],
        choose: Callable[[str], bool],
        queue_url: str = "",
        failed_url: str = "",
    ) -> None:
        self.choose = choose
        self.now = 1767225600.0
        self.kept: Json = {}
        self._queue_url, self._failed_url = queue_url, failed_url
        self._received: Counter[int] = Counter()
        self._groups: dict[str, list[Json]] = {}  # of the queue
        self._taken: set[str] = set()  # ids of deduplication
        self.is_over = False
        self.running: Run | None = None
        self.made: dict[int, list[str]] = {}  # texts of calls that were carried out, by update
        self.calls: list[tuple[Run, str, Json]] = []  # all of them, each with who made it
        self.schedules: Json = {}
        moved = {"time": lambda: self.now, "monotonic": lambda: self.now, "sleep": self._sleep}
        self.clock = SimpleNamespace(**vars(time) | moved)
        self.limits: Limits | None = None  # Telegram's: then what waits has its pause
        self._waits_until: dict[int, float] = {}  # by the id of a line
        self._start = start
        self._idle: list[dict[str, ModuleType]] = []
        self._all: list[Run] = []

    def deliver(
        self,
        lines: list[list[Json]],
        pick: Callable[[list[Any]], Any],
        by_webhook: bool = False,
    ) -> None:
        """Deliver all updates: each line in order, again until it gets a 200.

        `pick` chooses which line or container goes on, and with it the clock. A container that
        pauses goes on early, before the others have, if `choose` says "wake".
        """
        under_way: list[tuple[Run, list[Json]]] = []
        for _ in range(MOST_STEPS):
            groups = [*self._groups.values()]
            every = [*lines, *groups]
            free = [line for line in every if line and self._may_begin(line, under_way)]
            if not free and not under_way:
                if not any(every):
                    return
                self.now = min(self._waits_until[id(line)] for line in every if line)
                continue
            ways = [*under_way, *((None, line) for line in free)]
            awake = [way for way in ways if not way[0] or way[0].wakes <= self.now]
            if awake and not (len(awake) < len(ways) and self.choose("wake")):
                ways = awake
            run, line = pick(ways)
            if run is None:
                is_queued = any(line is each for each in groups)
                is_queued |= bool(self._queue_url) and not by_webhook
                container = self._container()
                under_way.append((Run(self, container, line[0], is_queued), line))
                self._all.append(under_way[-1][0])
                under_way[-1][0].waits.acquire()
                continue
            if self.choose("end"):  # the container never goes on
                under_way.remove((run, line))
                continue
            self.now = max(self.now, run.wakes)
            run.advance()
            if run.is_over:
                under_way.remove((run, line))
                self._idle.append(run.modules)
                if run.status == 200 and not self.choose("lose"):
                    if run.call:
                        self.calls.append((run, run.call.pop("method"), run.call))
                    if run.update in line:
                        line.remove(run.update)
                elif self.limits:
                    self._waits_until[id(line)] = self.now + run.pause
        raise AssertionError("this has no end")

    def renew(self) -> None:
        """Have new containers take what comes from now on, as after a release."""
        self._idle.clear()

    def event(self, update: Json, is_queued: bool) -> Json:
        """Return the event in which an update is delivered. Terraform's come as they are.

        One with an "event" is what Lambda delivers by itself, with the "request_id" that is there.
        """
        if "event" in update:
            event: Json = update["event"]
            return event
        if "tf" in update:
            return update
        if not is_queued:
            return request(json.dumps(update))
        self._received[update["update_id"]] += 1
        return queue_event(update, self._received[update["update_id"]], self._queue_url)

    def _may_begin(self, line: list[Json], under_way: list[tuple[Run, list[Json]]]) -> bool:
        """Tell whether a line's first update may be delivered. Telegram may be impatient."""
        if self._waits_until.get(id(line), 0) > self.now:
            return False
        times = sum(run.update is line[0] for run, _ in under_way)
        return len(under_way) < 4 and (not times or (times == 1 and self.choose("twice")))

    def _container(self) -> dict[str, ModuleType]:
        """Return the modules of a container without an invocation, a new one if there is none."""
        if self._idle:
            return self._idle.pop()
        container = self._start()
        for kind in ("event", "webhook", "queue", "terraform"):
            container.handler.TIMES[kind] = (HOUR / 1000, 1.0)
        aws, telegram = container.module("aws"), container.telegram
        container.module("steps.session")
        current = container.module("current")
        table = container.table.call
        queues = Queues(aws, self._failed_url, items=self.kept)
        queues.now = lambda: self.now
        schedules = Schedules(aws, items=self.schedules)

        def reach(away: str, service: str, request: Callable[[], Any]) -> Any:
            self._step()
            if self.choose(away):
                raise aws.Unreachable(f"{service}: HTTP 500")
            answer = request()
            self._step()
            if self.choose("aws lost"):
                raise aws.Unreachable(f"{service}: timed out")
            return answer

        def request(service: str, *parts: str, **content: Any) -> Any:
            return reach(
                "aws away", service, partial(schedules.request, service, *parts, **content)
            )

        def call(service: str, target: str, params: Json) -> Any:
            is_ours = service == "sqs" and params["QueueUrl"] == self._queue_url
            if is_ours and target.endswith(".ChangeMessageVisibility"):
                assert self.running
                self.running.pause = params["VisibilityTimeout"]
                return {}
            answers = self._send if is_ours else queues.call if service == "sqs" else table
            away = "sqs away" if service == "sqs" and not is_ours else "aws away"
            return reach(away, service, partial(answers, service, target, params))

        def post(method: str, params: Json, timeout: float) -> Any:
            self._step()
            if self.choose("429"):
                raise telegram.Refused(method, 429, "Too Many Requests", {"retry_after": 1})
            if self.choose("telegram away"):
                raise telegram.Unreachable("HTTP 500")
            if method == "sendRichMessage" and self.choose("refused"):
                raise telegram.Refused(method, 400, "Bad Request", {})
            if self.limits and "chat_id" in params:
                chat: Json = {"id": params["chat_id"]}
                chat["type"] = "private" if chat["id"] > 0 else "supergroup"
                seconds, why = self.limits.count(1, chat, method, params)
                if seconds:
                    raise telegram.Refused(method, 429, why, {"retry_after": seconds})
            if method == "getMe":
                return {"id": 1, "is_bot": True, "first_name": "Bot", "username": "a_bot"}
            made = self.made.setdefault(current.run.about.get("update_id", 0), [])
            made.append(params.get("text", method))
            assert self.running
            self.calls.append((self.running, method, params))
            self._step()
            if self.choose("telegram lost"):
                raise telegram.Unreachable("timed out")
            if params.keys().isdisjoint(("text", "rich_message")):
                return True
            about = {"message_id": len(made), "date": 1767225600}
            return {**about, "chat": {"id": params["chat_id"], "type": "private"}}

        container.answer_calls(call)
        container.answer_requests(request)
        container.answer_telegram(post)
        container.module("telegram").time = self.clock
        if hasattr(container.bot, "model"):
            container.bot.model = partial(self._model, telegram.Unreachable)
        return loaded()

    def _model(self, unreachable: type[Exception]) -> str:
        """Return the rest of what a model answers."""
        self._step()
        if self.choose("model away"):
            raise unreachable("model: HTTP 500")
        return ", whole."

    def _send(self, service: str, target: str, params: Json) -> Json:
        """Take a message into the queue, unless it has been there."""
        if params["MessageDeduplicationId"] not in self._taken:
            self._taken.add(params["MessageDeduplicationId"])
            line = self._groups.setdefault(params["MessageGroupId"], [])
            line.append(json.loads(params["MessageBody"]))
        return {}

    def _sleep(self, seconds: float) -> None:
        assert self.running
        self.running.wakes = self.now + seconds
        self._step()

    def _step(self) -> None:
        assert self.running
        self.running.step()

    def end(self) -> None:
        """End the threads of all containers."""
        self.is_over = True
        for run in self._all:
            run.go.release()
            run.thread.join(60)
            assert not run.thread.is_alive()
