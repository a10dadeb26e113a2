"""local/kept.py: what several processes change at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from local.kept import Table, changing, read

EACH = 20


def test_what_others_change_meanwhile_stays(tmp_path: Path) -> None:
    file = tmp_path / "sessions.json"
    aws: Any = SimpleNamespace(call=None)

    def write(writer: int) -> None:
        """Write as a function does, and delete as scripts/sessions does."""
        table = Table(aws, "sessions", file)
        for number in range(EACH):
            item = {"id": {"S": f"{writer}/{number}"}, "version": {"S": "1"}}
            condition = "attribute_not_exists(version)"
            params = {"TableName": "sessions", "Item": item, "ConditionExpression": condition}
            table.call("dynamodb", "DynamoDB_20120810.PutItem", params)
            if number % 2:
                with changing(file) as items:
                    del items[f"{writer}/{number}"]

    with ThreadPoolExecutor() as threads:
        [*threads.map(write, range(4))]
    assert set(read(file)) == {f"{w}/{n}" for w in range(4) for n in range(0, EACH, 2)}
