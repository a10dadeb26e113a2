"""Stand-ins for AWS's services, for a function in its own process and for that process's host."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from .services import QUEUE_URL, TABLE, Queues, Schedules, Table

Json = dict[str, Any]

# The function's settings.
ENVIRONMENT = {
    "SCHEDULER_ROLE_ARN": "arn:aws:iam::123456789012:role/scheduler",
    "QUEUE_URL": QUEUE_URL,
    "SESSION_TABLE": TABLE,
}
NO_AWS = (
    "there is no AWS here: leave the call out, or run demo on a configuration, which has your "
    "tables and permissions"
)


class Services:
    """The stand-ins of a function, in files beside that of its sessions.

    `aws` is the module of botkit in the function's process, None for a host.
    """

    def __init__(self, aws: ModuleType | None, sessions: Path) -> None:
        self.aws: Any = aws
        self.schedules = Schedules(aws, sessions.with_suffix(".schedules.json"))
        self.table = Table(aws, sessions)
        self.queue = Queues(aws, file=sessions.with_suffix(".queue.json"))

    def install(self) -> None:
        """Make the function use these. There is nothing to connect to at start-up.

        Other requests to AWS are refused, unless there are credentials, as in an --env-file.
        """
        if not os.environ.get("AWS_ACCESS_KEY_ID"):
            self.aws._send = partial(_refuse, self.aws)
        self.aws.request = self.schedules.request
        self.aws.call = self._call
        self.aws.start_connecting = self.aws.connect = lambda service: None

    def _call(self, service: str, target: str, params: Any, **more: Any) -> Any:
        stand_in = self.queue if service == "sqs" else self.table
        return stand_in.call(service, target, params, **more)


def _refuse(aws: Any, *request: Any) -> None:
    raise aws.Unreachable(NO_AWS)
