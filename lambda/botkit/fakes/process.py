"""Stand-ins for AWS's services, for a function in its own process and for that process's host."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from .services import QUEUE_URL, Queues, Schedules, Table

Json = dict[str, Any]

TABLE = "sessions"
FAILED_URL = "https://sqs.local/000000000000/failed"
DEAD_LETTERS_URL = "https://sqs.local/000000000000/dead.fifo"
# The function's settings. Those of the demo add a queue for failed updates.
ENVIRONMENT = {
    "DEAD_LETTERS_URL": DEAD_LETTERS_URL,
    "LATER_GROUP": "later",
    "LATER_ROLE": "arn:aws:iam::123456789012:role/later",
    "SESSION_TABLE": TABLE,
}
NO_AWS = (
    "there is no AWS here: leave the call out, or run demo --config DIR, which has your tables and "
    "permissions"
)


class Services:
    """The stand-ins of a function, in files beside that of its sessions.

    `aws` is the module of botkit in the function's process, None for a host.
    """

    def __init__(self, aws: ModuleType | None, sessions: Path) -> None:
        self.aws: Any = aws
        self.schedules = Schedules(aws, sessions.with_suffix(".later.json"))
        self.table = Table(aws, TABLE, sessions)
        self.queue = Queues(aws, QUEUE_URL, file=sessions.with_suffix(".queue.json"))
        failed = sessions.with_suffix(".failed.json")
        self.failed = Queues(aws, FAILED_URL, DEAD_LETTERS_URL, file=failed)

    def __repr__(self) -> str:
        return f"Services({self.table}, {self.queue}, {self.schedules}, {self.failed})"

    def install(self) -> None:
        """Make the function use these. There is nothing to connect to at start-up.

        Other requests to AWS are refused, unless there are credentials, as in an --env-file.
        """
        if not os.environ.get("AWS_ACCESS_KEY_ID"):
            self.aws._Request = partial(_refuse, self.aws)
        self.aws.request = self.schedules.request
        self.aws.call = self._call
        self.aws.prepare = self.aws.connect = lambda service: None

    def bury(self, message: Json) -> None:
        """Put a message of the queue into the dead letters."""
        self.failed.send(DEAD_LETTERS_URL, message["body"], group=message["group"])

    def give_up(self, event: Json, request_id: str, error: str) -> None:
        """Keep an event that failed in all tries, as Lambda writes it."""
        about = {"requestContext": {"requestId": request_id}, "requestPayload": event}
        about["responsePayload"] = {"errorMessage": error}
        self.failed.send(FAILED_URL, json.dumps(about))

    def _call(self, service: str, target: str, params: Any, **more: Any) -> Any:
        by_url = {QUEUE_URL: self.queue, FAILED_URL: self.failed, DEAD_LETTERS_URL: self.failed}
        stand_in = by_url.get(params.get("QueueUrl"), self.table)
        return stand_in.call(service, target, params, **more)


def _refuse(aws: Any, *request: Any) -> None:
    raise aws.Unreachable(NO_AWS)
