"""A permission for a schedule is checked in the schedule's group.

MiniStack checks it as if all schedules were in the default group.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.core import iam_actions


def with_schedules_in_groups(resource: Any) -> Any:
    """Return MiniStack's function that finds a request's ARN, which leaves out a schedule's group.

    The group of a schedule is in the query of a request, or else in its body.
    """

    def found(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, *more: Any
    ) -> str:
        arn: str = resource(service, method, path, headers, body, query, *more)
        if service == "scheduler" and path.startswith("/schedules/"):
            asked = query.get("groupName") or json.loads(body or b"{}").get("GroupName", "default")
            group = asked[0] if isinstance(asked, list) else asked
            arn = arn.replace(":schedule/default/", f":schedule/{group}/")
        return arn

    return found


def apply() -> None:
    """Have MiniStack's IAM do so."""
    iam_actions.extract_resource_arn = with_schedules_in_groups(iam_actions.extract_resource_arn)
