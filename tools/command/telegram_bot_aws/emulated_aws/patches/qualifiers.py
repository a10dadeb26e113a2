"""A function's ARN with a qualifier takes no other qualifier.

MiniStack takes one, and AWS refuses it.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

from ministack.services import lambda_svc

# In a path of Lambda's API: a function by its name or ARN, and in it the qualifier.
FUNCTION = re.compile(r"/functions/(?:arn:[^/]*:function:)?[^:/]+:([^:/]+)(?:/|$)")


def with_one_qualifier(handle: Any) -> Any:
    """Return MiniStack's handler of Lambda, which refuses two qualifiers that differ."""

    async def handle_request(
        method: str, path: str, headers: Any, body: bytes, query: Any, *more: Any
    ) -> Any:
        found = FUNCTION.search(unquote(path))
        [asked] = query.get("Qualifier") or [""]
        if found and asked and asked != found[1]:
            told = "The derived qualifier from the function name does not match the specified"
            answer = {"Type": "User", "message": f"{told} qualifier."}
            fields = {"x-amzn-ErrorType": "InvalidParameterValueException"}
            return 400, {"Content-Type": "application/json", **fields}, json.dumps(answer).encode()
        return await handle(method, path, headers, body, query, *more)

    return handle_request


def apply() -> None:
    """Have MiniStack's Lambda refuse it."""
    lambda_svc.handle_request = with_one_qualifier(lambda_svc.handle_request)
