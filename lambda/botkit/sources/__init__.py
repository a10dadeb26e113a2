"""How an event comes, and how its outcome is settled: a file for each source."""

from __future__ import annotations

import json

from ..settings import settings
from ..types import Any


def source_of(event: Any) -> str:
    """Return the source of an event.

    Every HTTP event has a requestContext. A client can't set keys beside it, so it can't imitate
    another event. Events that Lambda sends to a destination also have one.
    """
    match event:
        case {"requestContext": _} if "requestPayload" not in event:
            # API Gateway has chosen the route. The path could be written in many ways.
            route = str(event.get("routeKey"))
            return "page" if settings.mini_app_url and route.startswith("ANY /app") else "webhook"
        case {"tf": {"action": "register" | "delete" | "watch"}, "url": str()}:
            return "terraform"
        case {"tf": {"action": "check" | "create" | "update" | "warm"}}:
            return "terraform"
        case {"Records": [{"eventSourceARN": str(arn)}]} if settings.queue_url:
            account, name = arn.split(":")[-2:] if arn.count(":") else ("", "")
            return "queue" if settings.queue_url.endswith(f"/{account}/{name}") else "event"
    return "event"


def parse_json(text: str | bytes) -> Any:
    """Parse JSON from outside. Raises ValueError, also for values that only Python accepts as JSON:
    NaN, Infinity and 1e999.

    Half a surrogate pair ("\\ud800") becomes U+FFFD, since UTF-8 can't encode it.
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text), "surrogatepass")
    try:
        value = json.loads(text, parse_constant=_finite, parse_float=_finite)
        # Only if the text has a surrogate or an escaped one, which is rare.
        if "\\ud" in text or "\\uD" in text or text.encode(errors="replace").decode() != text:
            text = json.dumps(value, ensure_ascii=False)
            value = json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        return value
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _finite(number: str) -> float:
    value = float(number)
    if not abs(value) < float("inf"):  # NaN is neither less nor greater
        raise ValueError(number)
    return value
