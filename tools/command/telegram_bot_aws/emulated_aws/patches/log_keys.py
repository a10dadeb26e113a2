"""A log group may get another key, or none.

MiniStack can't change it. Here it can, though it encrypts nothing.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services import cloudwatch_logs


def with_keys_that_change(handle: Any, groups: Any) -> Any:
    """Return MiniStack's handler of CloudWatch Logs, whose log groups may get another key."""

    async def handle_request(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if action not in ("AssociateKmsKey", "DisassociateKmsKey"):
            return await handle(method, path, headers, body, query)
        asked = json.loads(body)
        groups[asked["logGroupName"]]["kmsKeyId"] = asked.get("kmsKeyId")
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, b"{}"

    return handle_request


def apply() -> None:
    """Have MiniStack's CloudWatch Logs do so."""
    cloudwatch_logs.handle_request = with_keys_that_change(
        cloudwatch_logs.handle_request, cloudwatch_logs._log_groups
    )
