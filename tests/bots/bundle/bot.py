"""A bot with a page, for the tests. Its folder app/ is what Vite 8.3.8 has built."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]

HANDLED = ["message"]


def reply(update: Json) -> list[Json]:
    """Answer nothing."""
    return []


def on_request(request: Json) -> Any:
    """Answer with the request itself."""
    return request
