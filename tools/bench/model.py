"""A model of how long messages wait in a burst or an outage, and what that costs.

Updates wait for a free server: a connection from Telegram, or a container behind the queue. After a
failure, an update comes back after a pause, and its server is free for others meanwhile. An update
whose pauses are over is given up.
"""

from __future__ import annotations

import heapq
import math
import random
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from typing import NamedTuple

from bench.report import markdown

# docs/performance.md has the warm invocation; docs/costs.md assumes 100 ms for Telegram's answer.
ANSWERED = 0.0097 + 0.1  # seconds of an invocation that answers
QUEUED = 0.01  # seconds of one that puts an update into the queue; SQS is in the same region
SILENT = 9.0  # seconds that a function waits for Telegram: the default timeout, less one
REFUSED = 0.05  # seconds of an attempt that fails at once

BURST = 100_000  # messages
ANSWERS = 30  # a second that Telegram takes, if it limits the rate
TRIES = 20  # of an update in the queue: queue.tf
GIGABYTES = 0.125  # of memory
# Dollars a million, as in docs/costs.md: a request, with its line in the log; a queue's request.
API, LAMBDA, SQS = 1.00 + 0.09, 0.20 + 0.13, 0.50
# https://aws.amazon.com/lambda/pricing/: us-east-1, arm64, without the free tier.
DOLLARS_PER_GB_SECOND = 0.0000133334


# Of examples/newsletter: copies a second, threads, people in a batch, and seconds at the end of a
# step in which it sends nothing. The next step begins STEP seconds after it, and somewhat later.
RATE, THREADS, BATCH, SPARE = 25, 5, 25, 20
STEP, LATE = 899 + 5, 30
# For a batch: two consistent reads (the people, how far it is) and a write of up to 1 KB.
DYNAMODB = (2 * 0.125 + 0.625) / 1e6
SENT = 0.3 * 0.09 / 1e6  # for the request of a copy, 0.3 KB with TLS


class Stage(NamedTuple):
    """Servers that updates wait for: together at most `limit` invocations a second."""

    servers: int
    seconds: float  # of an invocation
    pauses: Callable[[], Iterator[float]]  # seconds after each failed attempt
    dollars: float  # for a million invocations, without their duration
    limit: float = 1e9
    answers: float = 1e9  # a second that Telegram takes; the other attempts fail
    until: float = 0.0  # all attempts before this time fail
    failing: float = REFUSED  # seconds of an attempt that fails


class Result(NamedTuple):
    """When each update was done, how many were given up, and what all attempts cost."""

    done: list[float]
    given_up: int
    tries: int
    dollars: float


class Bucket:
    """Lets through so many attempts a second, and as many at once."""

    def __init__(self, rate: float) -> None:
        self._rate = self._left = rate
        self._last = 0.0

    def take(self, now: float) -> bool:
        """Tell whether an attempt gets through."""
        self._left = min(self._rate, self._left + (now - self._last) * self._rate)
        self._last = now
        got_through = self._left >= 1
        self._left -= got_through
        return got_through


RANDOM = random.Random(0)


def telegram() -> Iterator[float]:
    """Yield Telegram's pauses: none, then 2, 4, 8 … up to a random 60 to 120 seconds."""
    yield 0.0
    pause = 1.0
    while True:
        pause = min(2 * pause, RANDOM.uniform(60, 120))
        yield pause


def queue() -> Iterator[float]:
    """Yield the queue's pauses: 2, 4, 8 … 900 seconds, and at random up to half as much again."""
    return (min(2**number, 900) * RANDOM.uniform(1, 1.5) for number in range(1, TRIES))


def run(stage: Stage, arrivals: Iterable[float]) -> Result:
    """Take updates through a stage, each as soon as a server is free."""
    RANDOM.seed(0)
    numbers = count()
    waiting = [(arrived, next(numbers), stage.pauses()) for arrived in arrivals]
    heapq.heapify(waiting)
    free = [0.0] * stage.servers
    gateway, bot_api = Bucket(stage.limit), Bucket(stage.answers)
    busy, invocations, refused, given_up = 0.0, 0, 0, 0
    done = []
    while waiting:
        ready, _, pauses = heapq.heappop(waiting)
        start = max(ready, heapq.heappop(free))
        if gateway.take(start):
            invocations += 1
            failed = start < stage.until or not bot_api.take(start)
            seconds = stage.failing if failed else stage.seconds
            busy += seconds
        else:
            refused, seconds, failed = refused + 1, REFUSED, True
        heapq.heappush(free, start + seconds)
        if not failed:
            done.append(start + seconds)
        elif (pause := next(pauses, None)) is None:
            given_up += 1
        else:
            heapq.heappush(waiting, (start + seconds + pause, next(numbers), pauses))
    # AWS doesn't document whether it bills requests that API Gateway refuses.
    dollars = (invocations * stage.dollars + refused * API) / 1e6
    dollars += busy * GIGABYTES * DOLLARS_PER_GB_SECOND
    return Result(done, given_up, invocations + refused, dollars)


def direct(connections: int = 40, limit: float = 100, **outage: float) -> list[Stage]:
    """Return the stages without a queue: Telegram's connections."""
    return [Stage(connections, ANSWERED, telegram, API + LAMBDA, limit, **outage)]


def queued(containers: int = 5, limit: float = 100, **outage: float) -> list[Stage]:
    """Return the stages with a queue: into it, and out of it."""
    return [
        Stage(40, QUEUED, telegram, API + LAMBDA + SQS, limit),
        # Two requests to SQS: receive, then delete or delay.
        Stage(containers, ANSWERED, queue, LAMBDA + 2 * SQS, **outage),
    ]


def row(name: str, stages: Sequence[Stage], arrivals: Sequence[float]) -> list[str]:
    """Return a table's row: the waits, the attempts per update, and the cost."""
    times: Sequence[float] = sorted(arrivals)
    since = stages[-1].until
    tries = dollars = 0.0
    for stage in stages:
        result = run(stage, times)
        # Updates leave a stage in about the order of their arrival.
        times = sorted(result.done)
        tries, dollars = max(tries, result.tries), dollars + result.dollars
    begin = since or min(arrivals)
    waits = [time - begin for time in times if time >= begin]
    return [
        name,
        span(statistics.median(waits)),
        span(max(waits)),
        f"{tries / len(arrivals):.1f}",
        f"{dollars:.2f}",
    ]


def span(seconds: float) -> str:
    """Return a duration in words."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def burst() -> str:
    """Return the table of a burst: many messages at once, each from another chat."""
    arrivals = [0.0] * BURST
    rows = [
        row("the defaults", direct(), arrivals),
        row("`max_connections = 100`", direct(100), arrivals),
        row("and `throttling_limit = 1000`", direct(100, 1000), arrivals),
        row("`queue = true`", queued(), arrivals),
        row("and both, and `reserved_concurrency = 200`", queued(100, 1000), arrivals),
    ]
    headings = [f"{BURST:,} messages at once", "half are answered after", "all after"]
    return markdown([*headings, "tries of each", "$"], rows)


def limited() -> str:
    """Return the table of a burst behind a queue, if Telegram limits the rate of the answers."""
    arrivals = [0.0] * BURST
    rows = [
        row("`queue = true`", queued(answers=ANSWERS), arrivals),
        row("and all raised, as above", queued(100, 1000, answers=ANSWERS), arrivals),
    ]
    headings = [f"{ANSWERS} answers a second", "half are answered after", "all after"]
    return markdown([*headings, "tries of each", "$"], rows)


def outage() -> str:
    """Return the table of an outage of an hour, with one message a second."""
    arrivals = [float(second) for second in range(3600)]
    rows = [
        row("refuses at once", direct(until=3600), arrivals),
        row("is silent", direct(until=3600, failing=SILENT), arrivals),
        row("refuses, `queue = true`", queued(until=3600), arrivals),
        row("is silent, `queue = true`", queued(until=3600, failing=SILENT), arrivals),
    ]
    headings = ["For an hour, Telegram …", "half are answered after its return"]
    return markdown([*headings, "all after", "tries of each", "$"], rows)


def newsletter() -> str:
    """Return the table of a newsletter, for numbers of people and times of Telegram's answers."""
    rows = []
    for people, answer in (
        (1_500, 0.1),
        (10_000, 0.1),
        (BURST, 0.1),
        (BURST, 0.4),
        (1_000_000, 0.1),
    ):
        rate = min(RATE, THREADS / answer)
        sending = people / rate
        longest = STEP - 5 - SPARE  # of a step's sending
        steps = math.ceil(sending / longest)
        seconds = 5 + LATE + (steps - 1) * (STEP + LATE - longest) + sending
        dollars = sending * GIGABYTES * DOLLARS_PER_GB_SECOND
        dollars += people * SENT + people / BATCH * DYNAMODB
        rows.append(
            [
                f"{people:,}",
                f"{answer} s",
                f"{rate:.1f}",
                f"{steps}",
                span(seconds),
                f"{dollars:.4f}",
            ]
        )
    headings = ["people", "Telegram's answer takes", "copies a second", "steps"]
    return markdown([*headings, "all have it after", "$"], rows)
