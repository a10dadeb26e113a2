"""The stand-ins for AWS: what several processes change at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from botkit.fakes.files import alone, read, write
from botkit.fakes.services import Schedules, Table

EACH = 20


def test_what_others_change_meanwhile_stays(tmp_path: Path) -> None:
    file = tmp_path / "sessions.json"
    aws: Any = SimpleNamespace(call=None)

    def change(writer: int) -> None:
        """Write as a function does, and delete as scripts/sessions does."""
        table = Table(aws, "sessions", file)
        for number in range(EACH):
            item = {"id": {"S": f"{writer}/{number}"}, "version": {"S": "1"}}
            condition = "attribute_not_exists(version)"
            params = {"TableName": "sessions", "Item": item, "ConditionExpression": condition}
            table.call("dynamodb", "DynamoDB_20120810.PutItem", params)
            if number % 2:
                with alone(file):
                    write(file, {k: v for k, v in read(file).items() if k != item["id"]["S"]})

    with ThreadPoolExecutor() as threads:
        [*threads.map(change, range(4))]
    assert set(read(file)) == {f"{w}/{n}" for w in range(4) for n in range(0, EACH, 2)}


def test_schedules_that_others_make_meanwhile_stay(tmp_path: Path) -> None:
    """A bot with TOGETHER has two processes, and scripts/sessions deletes."""
    file = tmp_path / "sessions.later.json"
    aws: Any = SimpleNamespace(request=None)

    def schedule(writer: int) -> None:
        schedules = Schedules(aws, file)
        for number in range(EACH):
            name = f"{writer}.{number}"
            at = {"ScheduleExpression": "at(2198-01-01T00:00:00)", "GroupName": "later"}
            body = {**at, "Target": {"Input": "{}"}}
            schedules.request("scheduler", "POST", f"/schedules/{name}", body=body)
            if number % 2:
                with alone(file):
                    write(file, {k: v for k, v in read(file).items() if k != name})

    with ThreadPoolExecutor() as threads:
        [*threads.map(schedule, range(4))]
    assert set(read(file)) == {f"{w}.{n}" for w in range(4) for n in range(0, EACH, 2)}
