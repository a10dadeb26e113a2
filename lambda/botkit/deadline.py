"""The deadline of start-up, and then of each invocation.

    from botkit.deadline import deadline

    while deadline.left() > 5: …

Calls of telegram and aws end by then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager  # logging has loaded it

# For each source of an event: how many seconds it may take, and how many seconds before the
# time-out of the function it must end. A registration is only one part of a Terraform event.
TIMES = {
    "webhook": (24.0, 1.0),  # API Gateway waits for 30 s
    "mini_app": (24.0, 1.0),
    "queue": (900.0, 0.5),
    "release": (900.0, 1.0),  # 900 s is Lambda's own limit
    "registration": (24.0, 1.0),  # or a removal
    "event": (900.0, 1.0),
}
# For each purpose: the seconds that earlier work must leave for it, at most a third of the time
# left. It may take more, until the deadline.
RESERVES = {
    "dead_letter": 2.5,  # to send a failed update to its queue, after bot.py was interrupted
    "save_progress": 0.5,  # to save in a session which calls are done
    "to_response": 1.5,  # to tell SQS when to redeliver
    "stream": 2.0,  # for a call under way that shows an answer, and reply()'s work afterwards
    "on_error": 2.0,
}
# For each purpose: the most seconds that it may take, since the work can also go on without it.
LIMITS = {
    "connect": 3.0,  # at start-up, for each service: one that hangs takes only its own time
    "extend_visibility": 2.0,  # of a message in the queue
    "show": 5.0,  # for a call that only shows the answer on its way
}
GRACE_SECONDS = 0.5  # after the deadline, when bot.py is interrupted: its calls have ended by then


class Deadline:
    """The time by which something must end: `seconds` from now.

    `at` is that time on the `clock`, which a test may replace.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] | None = None) -> None:
        self.clock = clock or time.monotonic
        self.start(seconds)

    def start(self, seconds: float) -> None:
        """Move the deadline to `seconds` from now."""
        self.at = self.clock() + seconds

    def left(self) -> float:
        """Return how many seconds are left. After the deadline, they are negative."""
        return self.at - self.clock()

    def timeout(self) -> float:
        """Return how many seconds are left, for a socket. Raises TimeoutError if none are."""
        seconds = self.left()
        if seconds <= 0:
            raise TimeoutError("no time left")
        return seconds

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """Give a block `seconds`, or what is left if that is less."""
        return self._by(min(self.at, self.clock() + seconds))

    def reserve(self, purpose: str) -> AbstractContextManager[None]:
        """Shorten the deadline of a block by RESERVES[purpose], at most by a third.

        with deadline.reserve("on_error"):
            …  # the bot answers
        …  # on_error() has 2 s more
        """
        return self._by(self.at - min(RESERVES[purpose], self.left() / 3))

    @contextmanager
    def _by(self, at: float) -> Iterator[None]:
        end, self.at = self.at, at
        try:
            yield
        finally:
            self.at = end


# Lambda stops a start-up after 10 s. handler.py sets the deadline of each invocation.
deadline = Deadline(8.0)
