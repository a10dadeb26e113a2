"""SQS has StartMessageMoveTask and ListMessageMoveTasks.

MiniStack has neither, so its IAM doesn't know the queue of such a request. A moved message keeps
its group, its body and its deduplication id, and gets a new id. Of one that SQS itself has made a
dead letter, the id is the deduplication id.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.core import iam_actions
from ministack.services import sqs

KEPT = {
    "MessageAttributes": "message_attributes",
    "MessageBody": "body",
    "MessageDeduplicationId": "dedup_id",
    "MessageGroupId": "group_id",
}


def start_message_move_task(data: dict[str, Any], url: str) -> dict[str, Any]:
    """Move all messages of a queue to another one, in their order."""
    source = sqs._queue_by_arn(data["SourceArn"])
    destination = sqs._queue_by_arn(data["DestinationArn"])
    if not source or not destination:
        raise sqs._Err("ResourceNotFoundException", "There is no such queue.")
    moved = list(source["messages"])
    for message in moved:
        about = {name: message[key] for name, key in KEPT.items() if message.get(key)}
        if "DeadLetterQueueSourceArn" in message["sys"]:
            about["MessageDeduplicationId"] = message["id"]
        sqs._act_send_message({"QueueUrl": destination["url"], **about}, "")
        source["messages"].remove(message)
    task = {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": len(moved)}
    source.setdefault("move_tasks", []).insert(0, data | task)
    return {"TaskHandle": "task"}


def list_message_move_tasks(data: dict[str, Any], url: str) -> dict[str, Any]:
    """Return the tasks of a queue, the newest first."""
    source = sqs._queue_by_arn(data["SourceArn"])
    return {"Results": source.get("move_tasks", []) if source else []}


def with_source_arns(resource: Any) -> Any:
    """Return MiniStack's function that finds a request's ARN, which leaves out a task's queue."""

    def found(service: str, method: str, path: str, headers: Any, body: bytes, *more: Any) -> str:
        arn: str = resource(service, method, path, headers, body, *more)
        if service == "sqs" and arn == "*":
            return str(json.loads(body or b"{}").get("SourceArn", arn))
        return arn

    return found


def apply() -> None:
    """Have MiniStack's SQS and IAM do so."""
    iam_actions.extract_resource_arn = with_source_arns(iam_actions.extract_resource_arn)
    sqs._HANDLERS["StartMessageMoveTask"] = start_message_move_task
    sqs._HANDLERS["ListMessageMoveTasks"] = list_message_move_tasks
