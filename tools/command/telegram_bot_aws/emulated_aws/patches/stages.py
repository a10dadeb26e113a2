"""A stage that loses the settings of a route stays.

MiniStack drops it with them. The next update of the stage then tells which settings it has.
"""

from __future__ import annotations

from typing import Any

from ministack.services import apigateway


def with_stages_that_stay(handle: Any) -> Any:
    """Return MiniStack's handler of API Gateway, which leaves a stage that loses settings."""

    async def handle_request(method: str, path: str, *arguments: Any, **named: Any) -> Any:
        if method == "DELETE" and "/routesettings/" in path:
            return 204, {}, b""
        return await handle(method, path, *arguments, **named)

    return handle_request


def apply() -> None:
    """Have MiniStack's API Gateway do so."""
    apigateway.handle_request = with_stages_that_stay(apigateway.handle_request)
