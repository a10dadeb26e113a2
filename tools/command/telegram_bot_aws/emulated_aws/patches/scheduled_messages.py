"""What Scheduler sends to a FIFO queue is deduplicated, as any message there.

MiniStack adds it without a look at the queue's last messages.
"""

from __future__ import annotations

from typing import Any

from ministack.services import eventbridge, sqs


def with_deduplication(dispatch: Any) -> Any:
    """Return MiniStack's function that sends an event to a queue, by SendMessage if it is FIFO."""

    def dispatched(spec: Any, payload: str, parameters: Any = None) -> None:
        queue = sqs._queue_by_arn(str(spec))
        if not queue or not queue["is_fifo"]:
            dispatch(spec, payload, parameters)
            return
        message = {"MessageBody": payload, "MessageGroupId": parameters["MessageGroupId"]}
        sqs._act_send_message({"QueueUrl": queue["url"], **message}, "")

    return dispatched


def apply() -> None:
    """Have MiniStack's Scheduler do so."""
    eventbridge._dispatch_to_sqs = with_deduplication(eventbridge._dispatch_to_sqs)
