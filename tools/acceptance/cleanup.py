"""The resources in an account, of the kinds that the module makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """A kind of resource: how botocore lists it, and which field has its name, if any has."""

    name: str
    service: str
    operation: str
    listed: str
    field: str = ""


class Left(NamedTuple):
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


OF_MODULE = (
    Kind("schedule group", "scheduler", "list_schedule_groups", "ScheduleGroups", "Name"),
    Kind("table", "dynamodb", "list_tables", "TableNames"),
    Kind(
        *("source", "lambda", "list_event_source_mappings"),
        *("EventSourceMappings", "EventSourceArn"),
    ),
    Kind("function", "lambda", "list_functions", "Functions", "FunctionName"),
    Kind("role", "iam", "list_roles", "Roles", "RoleName"),
    Kind("API", "apigatewayv2", "get_apis", "Items", "Name"),
    Kind("metric filter", "logs", "describe_metric_filters", "metricFilters", "filterName"),
    Kind("log group", "logs", "describe_log_groups", "logGroups", "logGroupName"),
    Kind("rule", "events", "list_rules", "Rules", "Name"),
    Kind("alarm", "cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    Kind("queue", "sqs", "list_queues", "QueueUrls"),
)
PARAMETER = Kind("parameter", "ssm", "describe_parameters", "Parameters", "Name")


def everything(client: Callable[[str], Any], kinds: Sequence[Kind] = OF_MODULE) -> Iterator[Left]:
    """Yield all resources of these kinds, in the region of the clients. `client` is by service."""
    for kind in kinds:
        service = client(kind.service)
        if service.can_paginate(kind.operation):
            pages = service.get_paginator(kind.operation).paginate()
        else:
            pages = [getattr(service, kind.operation)()]
        for page in pages:
            for found in page.get(kind.listed, []):
                name = found[kind.field] if kind.field else found
                yield Left(kind.name, name.rpartition("/")[2] if kind.name == "queue" else name)
