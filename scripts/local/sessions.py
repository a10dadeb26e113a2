"""The table of the sessions on this machine: what DynamoDB does for them, without AWS.

Functions' processes execute this file alone, so it imports only the standard library.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
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
        items = self.items
        if target.endswith(".GetItem"):
            key = params["Key"]["id"]["S"]
            return {"Item": items[key]} if key in items else {}
        assert target.endswith(".PutItem"), f"no stand-in for {target}"
        key = params["Item"]["id"]["S"]
        version = items.get(key, {}).get("version")
        expected = params.get("ExpressionAttributeValues", {}).get(":read")
        condition = params["ConditionExpression"]
        assert condition == ("version = :read" if expected else "attribute_not_exists(id)")
        if version != expected:
            raise self._aws.ClientError(
                "ConditionalCheckFailedException", "The conditional request failed"
            )
        items[key] = params["Item"]
        if self._file:
            write(self._file, items)
        return {}


def install(aws: ModuleType, file: str) -> None:
    """Have a function keep its sessions in a file. There is nothing to connect to at start-up."""
    aws.call = Table(aws, os.environ["SESSION_TABLE"], Path(file)).call  # type: ignore[attr-defined]
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
