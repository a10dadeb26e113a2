"""A table tells for how many days it can be restored.

MiniStack forgets that. Terraform then sees a change in each plan.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services import dynamodb


def keep_recovery_periods(dynamodb: Any) -> None:
    """Have MiniStack's DynamoDB tell for how many days it can restore a table."""
    describe, update = dynamodb._describe_continuous_backups, dynamodb._update_continuous_backups
    days = dynamodb._pitr_settings  # by table: whether it can be restored, or here for how long

    def described(data: Any) -> Any:
        status, headers, body = describe(data)
        if period := days.get(data["TableName"]):
            answer = json.loads(body)
            recovery = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
            recovery["RecoveryPeriodInDays"] = period
            body = json.dumps(answer).encode()
        return status, headers, body

    def updated(data: Any) -> Any:
        answer = update(data)
        if days.get(data["TableName"]):
            wanted = data["PointInTimeRecoverySpecification"]
            days[data["TableName"]] = wanted.get("RecoveryPeriodInDays", 35)
        return answer

    dynamodb._describe_continuous_backups = described
    dynamodb._update_continuous_backups = updated


def apply() -> None:
    """Have MiniStack's DynamoDB tell."""
    keep_recovery_periods(dynamodb)
