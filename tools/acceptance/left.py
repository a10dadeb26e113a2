"""The resources in an account, of the kinds that the module makes, and how to remove each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """A kind of resource: how botocore lists it, which field has its name, how the CLI removes it.

    The fields of a resource stand in braces in the command; where it is only a name, that is {0}.
    """

    name: str
    service: str
    operation: str
    listed: str
    field: str
    command: str


class Left(NamedTuple):
    kind: str
    name: str
    command: str  # that removes it

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


OF_MODULE = (
    Kind(
        *("schedule group", "scheduler", "list_schedule_groups", "ScheduleGroups", "Name"),
        "aws scheduler delete-schedule-group --name {Name}",
    ),
    Kind(
        *("table", "dynamodb", "list_tables", "TableNames", ""),
        "aws dynamodb delete-table --table-name {0}",
    ),
    Kind(
        *("source", "lambda", "list_event_source_mappings", "EventSourceMappings"),
        *("EventSourceArn", "aws lambda delete-event-source-mapping --uuid {UUID}"),
    ),
    Kind(
        *("function", "lambda", "list_functions", "Functions", "FunctionName"),
        "aws lambda delete-function --function-name {FunctionName}",
    ),
    Kind(
        *("role", "iam", "list_roles", "Roles", "RoleName"),
        "aws iam delete-role --role-name {RoleName} # after delete-role-policy for its policies",
    ),
    Kind(
        *("API", "apigatewayv2", "get_apis", "Items", "Name"),
        "aws apigatewayv2 delete-api --api-id {ApiId}",
    ),
    Kind(
        *("metric filter", "logs", "describe_metric_filters", "metricFilters", "filterName"),
        "aws logs delete-metric-filter --log-group-name {logGroupName} --filter-name {filterName}",
    ),
    Kind(
        *("log group", "logs", "describe_log_groups", "logGroups", "logGroupName"),
        "aws logs delete-log-group --log-group-name {logGroupName}",
    ),
    Kind(
        *("rule", "events", "list_rules", "Rules", "Name"),
        "aws events delete-rule --name {Name} # after remove-targets for its targets",
    ),
    Kind(
        *("alarm", "cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        "aws cloudwatch delete-alarms --alarm-names {AlarmName}",
    ),
    Kind(
        *("dashboard", "cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
        "aws cloudwatch delete-dashboards --dashboard-names {DashboardName}",
    ),
    Kind(
        *("queue", "sqs", "list_queues", "QueueUrls", ""),
        "aws sqs delete-queue --queue-url {0}",
    ),
)
PARAMETER = Kind(
    *("parameter", "ssm", "describe_parameters", "Parameters", "Name"),
    "aws ssm delete-parameter --name {Name}",
)


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
                is_name = isinstance(found, str)
                name = found if is_name else found[kind.field]
                command = kind.command.format(found, **({} if is_name else found))
                yield Left(
                    kind.name, name.rpartition("/")[2] if kind.name == "queue" else name, command
                )
