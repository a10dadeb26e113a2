"""A bot with a page, for the tests. Its folder app/ is what Vite 8.3.8 has built."""

from __future__ import annotations

from botkit.types import Any, Json

ALLOWED_UPDATES = ["message"]


def reply(update: Json) -> list[Json]:
    """Answer nothing."""
    return []


def on_request(request: Json) -> Any:
    """Answer with the request itself."""
    return request
