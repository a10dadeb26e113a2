"""The function in this process, and Telegram's webhook, which invokes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .. import queue, webhook
from ..context import Context
from ..deadline import deadline
from ..errors import outcome_of
from ..outcome import Outcome
from ..pipeline import process
from ..settings import settings

Json = dict[str, Any]

MAX_TRIES = 100  # of an update whose calls fail for now


class Function:
    """The function, with so many seconds for each event.

    `wait` lets seconds pass: Telegram's pause before it redelivers an update.
    """

    def __init__(self, seconds: float, wait: Callable[[float], object]) -> None:
        self._seconds, self._wait = seconds, wait
        self._outcome = Outcome("ignored")  # of the last update or event
        self._raised: list[BaseException] = []  # in the last invocation

    def deliver(self, update: Json) -> None:
        """Deliver an update by the webhook until it is answered. Raises what the bot raises."""
        headers = {webhook.SECRET_HEADER: settings.webhook_secret}
        event = {"requestContext": {}, "headers": headers, "body": json.dumps(update)}
        for _ in range(MAX_TRIES):
            result, _ = self.invoke(event, "")
            is_done = result["statusCode"] == 200
            self.check(is_done=is_done)
            if is_done:
                return
            self._wait(self._outcome.retry_after or 0)
        last = self._outcome
        reason = f"{last.name}: {last.error or last.telegram_error}"
        raise AssertionError(f"Telegram delivers this update again and again: {reason}")

    def invoke(self, event: Json, request_id: str) -> tuple[Any, str]:
        """Answer an event. Returns the result, and the error."""
        deadline.start(self._seconds)
        self._raised = []
        if "requestContext" in event:
            return webhook.handle(event), ""
        return queue.handle(event), ""

    def check(self, *, is_done: bool) -> None:
        """Raise what the bot raised in the last invocation, unless another one follows."""
        if is_done and self._raised:
            raise self._raised[0]

    def process(self, ctx: Context, name: str) -> Outcome:
        """Do what pipeline.process() does, in its place, and note the outcome."""
        self._outcome = process(ctx, name)
        return self._outcome

    def outcome_of(self, error: BaseException) -> Outcome:
        """Return what errors.outcome_of() does, in its place, and note the error."""
        self._raised.append(error)
        return outcome_of(error)
