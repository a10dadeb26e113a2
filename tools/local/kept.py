"""What a function keeps on this machine, without AWS: its sessions and its schedules.

Functions' processes execute this file alone, so it imports only the standard library.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

Json = dict[str, Any]
Tell = Callable[[Json], None]


class Table:
    """Stands in for a table: GetItem, and PutItem with the conditions of botkit/session.py.

    Its items are in a file, if one is given, and else in memory. `aws` is the module of botkit,
    which makes all other calls.
    """

    def __init__(self, aws: ModuleType, name: str, file: Path | None = None) -> None:
        self._aws, self._name, self._file = aws, name, file
        self._others = aws.call
        self._items: Json = {}

    @property
    def items(self) -> Json:
        """The items by their keys."""
        return read(self._file) if self._file else self._items

    def call(self, service: str, target: str, params: Json) -> Any:
        """Make a call as aws.call does."""
        if (service, params.get("TableName")) != ("dynamodb", self._name):
            return self._others(service, target, params)
        if target.endswith(".GetItem"):
            items, key = self.items, params["Key"]["id"]["S"]
            return {"Item": items[key]} if key in items else {}
        assert target.endswith(".PutItem"), f"no stand-in for {target}"
        with changing(self._file, self._items) as items:
            self._put(items, params)
        return {}

    def _put(self, items: Json, params: Json) -> None:
        key = params["Item"]["id"]["S"]
        version = items.get(key, {}).get("version")
        expected = params.get("ExpressionAttributeValues", {}).get(":read")
        condition = params["ConditionExpression"]
        assert condition == ("version = :read" if expected else "attribute_not_exists(version)")
        if version != expected:
            raise self._aws.ClientError(
                "ConditionalCheckFailedException", "The conditional request failed"
            )
        items[key] = params["Item"]


class Schedules:
    """Stands in for a group of Scheduler's schedules. Each runs once.

    An item is the event, and the time in seconds since 1970 ("at"). The items are in a file, if one
    is given, and else in memory. `aws` is the module of botkit, which makes all other requests.
    """

    def __init__(self, aws: ModuleType, file: Path | None = None) -> None:
        self._aws, self._file = aws, file
        self._others = aws.request
        self._items: Json = {}

    @property
    def items(self) -> Json:
        """The schedules by their names."""
        return read(self._file) if self._file else self._items

    def request(self, service: str, method: str, path: str, **content: Any) -> Any:
        """Make a request as aws.request does."""
        if service != "scheduler":
            return self._others(service, method, path, **content)
        with changing(self._file, self._items) as items:
            self._change(items, method, path.removeprefix("/schedules/"), content)
        return {}

    def _change(self, items: Json, method: str, name: str, content: Json) -> None:
        if method == "POST":
            if name in items:
                raise self._aws.ClientError("ConflictException", f"Schedule {name} already exists.")
            body = content["body"]
            at = seconds_of(body["ScheduleExpression"])
            items[name] = {"at": at, "event": json.loads(body["Target"]["Input"])}
        else:
            assert method == "DELETE", f"no stand-in for {method} of a schedule"
            if name not in items:
                raise self._aws.ClientError(
                    "ResourceNotFoundException", f"Schedule {name} does not exist."
                )
            del items[name]


def seconds_of(expression: str) -> float:
    """Return the time of a schedule that runs once, in seconds since 1970."""
    at = datetime.strptime(expression, "at(%Y-%m-%dT%H:%M:%S)")
    return at.replace(tzinfo=UTC).timestamp()


def install(aws: ModuleType, sessions: str, schedules: str) -> None:
    """Have a function keep these in two files. There is nothing to connect to at start-up."""
    aws.call = Table(aws, os.environ["SESSION_TABLE"], Path(sessions)).call  # type: ignore[attr-defined]
    aws.request = Schedules(aws, Path(schedules)).request  # type: ignore[attr-defined]
    aws.prepare = aws.connect = lambda service: None  # type: ignore[attr-defined]


def watch(aws: ModuleType, tell: Tell) -> None:
    """Tell of each session that a function reads ("before") or writes ("after"), as text."""
    call = aws.call

    def watched(service: str, target: str, params: Json) -> Any:
        answer = call(service, target, params)
        if params.get("TableName") == os.environ.get("SESSION_TABLE"):
            written = params.get("Item")
            item = written or answer.get("Item", {})
            key = (written or params["Key"])["id"]["S"]
            text = item.get("session", {"S": "{}"})["S"]
            tell({"session": key, "after" if written else "before": text})
        return answer

    aws.call = watched  # type: ignore[attr-defined]


@contextlib.contextmanager
def changing(file: Path | None, items: Json | None = None) -> Iterator[Json]:
    """Yield the items of a file, and write them at the end, unless an exception ends it.

    One process at a time does that: bots and scripts/sessions. Without a file, yield `items`.
    """
    if file is None:
        yield items if items is not None else {}
        return
    file.parent.mkdir(0o700, parents=True, exist_ok=True)
    with file.with_name(f"{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = read(file)
        yield found
        write(file, found)


def read(file: Path) -> Json:
    """Return the items in a file, none if there is no file."""
    with contextlib.suppress(FileNotFoundError):
        items: Json = json.loads(file.read_text())
        return items
    return {}


def write(file: Path, items: Json) -> None:
    """Write items into a file that only its owner can read, all of it or nothing."""
    new = file.with_name(f"{file.name}.new")
    file.parent.mkdir(0o700, parents=True, exist_ok=True)
    new.touch(0o600)
    new.write_text(json.dumps(items))
    new.replace(file)
