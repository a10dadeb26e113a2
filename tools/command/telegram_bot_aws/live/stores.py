"""Where a bot keeps its sessions, and its scheduled calls: on AWS, or in files of demo and poll."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from botkit.fakes.services import alone, read, write

from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.terminal import reason

Json = dict[str, Any]
# As DynamoDB has it: {"id": {"S": "42"}, "session": {"S": "{}"}, …}.
Item = dict[str, Any]

TABLE_ENDS = "_sessions"  # the module's name for the table of a bot


class Waiting(NamedTuple):
    """A message that is scheduled, with a call or an event, and when: in Scheduler's words."""

    name: str
    when: str
    event: Any


class FileStore:
    """The files of `scripts/demo --direct` and of poll. `place` says in words where they are."""

    def __init__(self, file: Path) -> None:
        if not file.is_file():
            raise ToolError(
                f"there is no {file}: the demo has ended, or poll hasn't begun. Both say "
                "where they keep sessions"
            )
        self.place = str(file)
        self._file, self._schedules = file, file.with_suffix(".schedules.json")
        self._read(file)

    def _read(self, file: Path) -> Json:
        try:
            return read(file)
        except (OSError, ValueError) as error:
            raise ToolError(f"{file} isn't a file of demo's or poll's: {error}") from None

    def items(self) -> Iterator[Item]:
        yield from self._read(self._file).values()

    def get(self, key: str) -> Item | None:
        found: Item | None = self._read(self._file).get(key)
        return found

    def put(self, item: Item, *, replace: bool) -> bool:
        with self._changing(self._file) as items:
            key = item["id"]["S"]
            is_new = key not in items
            if is_new or replace:
                items[key] = item
        return is_new or replace

    def delete(self, key: str) -> None:
        with self._changing(self._file) as items:
            items.pop(key, None)

    def waiting(self) -> Iterator[Waiting]:
        for name, about in self._read(self._schedules).items():
            if "cron" in about:
                when = f"cron({about['cron']}) {about['zone']}"
            else:
                when = f"at({datetime.fromtimestamp(about['at'], UTC):%Y-%m-%dT%H:%M:%S}) UTC"
            yield Waiting(name, when, about["event"])

    def cancel(self, waiting: Waiting) -> None:
        with self._changing(self._schedules) as items:
            items.pop(waiting.name, None)

    @contextlib.contextmanager
    def _changing(self, file: Path) -> Iterator[Json]:
        """Yield the items of a file, and write them at the end."""
        try:
            with alone(file):
                items = read(file)
                yield items
                write(file, items)
        except (OSError, ValueError) as error:
            raise ToolError(f"{file} can't be changed: {error}") from None


class TableStore:
    """The table of a bot, and its group of schedules, with the operator's AWS credentials.

    The group is that of the bot that the table's name begins with, if there is one.
    """

    def __init__(self, table: str, region: str | None) -> None:
        import botocore.exceptions
        import botocore.session

        self._errors = botocore.exceptions
        self._table = table
        name = table.removesuffix(TABLE_ENDS)
        self._group = name if name != table else ""
        self.place = f"table {table}"
        with self._explained():
            session = botocore.session.Session()
            # Unlike Terraform, botocore looks at AWS_DEFAULT_REGION alone.
            region = region or os.environ.get("AWS_REGION")
            self._dynamodb = session.create_client("dynamodb", region)
            self._scheduler = session.create_client("scheduler", region)
        self.place += f" in {self._dynamodb.meta.region_name}"

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn botocore's exceptions into ToolError, with the cause and advice."""
        errors = self._errors
        try:
            yield
        except errors.NoRegionError:
            raise ToolError("no region is known: give --region, or set AWS_REGION") from None
        except (errors.NoCredentialsError, errors.PartialCredentialsError):
            raise ToolError(
                "there are no AWS credentials: set them up as for terraform apply, such as by "
                "aws configure, or AWS_PROFILE"
            ) from None
        except errors.ClientError as error:
            code, text = (error.response["Error"].get(name, "") for name in ("Code", "Message"))
            if code == "ResourceNotFoundException":
                raise ToolError(
                    f"there is no {self.place}: look at the name and at the region (--region), and "
                    "whether the bot has session_retention_in_days"
                ) from None
            raise ToolError(f"AWS refuses {error.operation_name}: {code}: {text}") from None
        except errors.BotoCoreError as error:
            raise ToolError(f"AWS can't be used: {reason(error)}") from None

    def items(self) -> Iterator[Item]:
        pages = self._dynamodb.get_paginator("scan")
        with self._explained():
            try:
                for page in pages.paginate(TableName=self._table, ConsistentRead=True):
                    yield from page["Items"]
            except self._dynamodb.exceptions.ResourceNotFoundException:
                if not self._group:
                    raise
                # A bot that has it may have no sessions. Otherwise this fails alike.
                self._scheduler.get_schedule_group(Name=self._group)

    def get(self, key: str) -> Item | None:
        with self._explained():
            answer = self._dynamodb.get_item(
                TableName=self._table, Key={"id": {"S": key}}, ConsistentRead=True
            )
        found: Item | None = answer.get("Item")
        return found

    def put(self, item: Item, *, replace: bool) -> bool:
        condition = {} if replace else {"ConditionExpression": "attribute_not_exists(id)"}
        with self._explained():
            try:
                self._dynamodb.put_item(TableName=self._table, Item=item, **condition)
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def delete(self, key: str) -> None:
        with self._explained():
            self._dynamodb.delete_item(TableName=self._table, Key={"id": {"S": key}})

    def waiting(self) -> Iterator[Waiting]:
        if not self._group:
            return
        pages = self._scheduler.get_paginator("list_schedules")
        is_gone = self._scheduler.exceptions.ResourceNotFoundException
        with self._explained(), contextlib.suppress(is_gone):  # no group: no scheduled calls
            for page in pages.paginate(GroupName=self._group):
                for each in page["Schedules"]:
                    with contextlib.suppress(is_gone):  # it has run since
                        named = {"GroupName": self._group, "Name": each["Name"]}
                        found = self._scheduler.get_schedule(**named)
                        zone = found.get("ScheduleExpressionTimezone", "UTC")
                        when = f"{found['ScheduleExpression']} {zone}"
                        yield Waiting(each["Name"], when, json.loads(found["Target"]["Input"]))

    def cancel(self, waiting: Waiting) -> None:
        has_run = self._scheduler.exceptions.ResourceNotFoundException
        with self._explained(), contextlib.suppress(has_run):
            self._scheduler.delete_schedule(GroupName=self._group, Name=waiting.name)


Store = FileStore | TableStore
