"""The messages that the results of inline queries send."""

from __future__ import annotations

from .bot_api import Json
from .content import MEDIA, caption_content, media_content, picked, text_content
from .request import Request
from .rich import rich_message

NAMES = {"phone_number": "contact", "currency": "invoice", "title": "venue"}  # of what has a field


def inline_content(request: Request, result: Json) -> Json:
    """Return the content of the message that an inline query's result sends."""
    wish = result.get("input_message_content", result)
    if "message_text" in wish:
        return text_content(request, wish, "message_text")
    if "rich_message" in wish:
        return {"rich_message": rich_message(request, wish["rich_message"])}
    kind = str(result["type"])
    kind = "animation" if kind.endswith("gif") else kind
    if wish is result and kind in MEDIA:
        names = (f"{result['type']}_file_id", f"{result['type']}_url")
        value = next(result[name] for name in names if name in result)
        return media_content(request, kind, value, result) | caption_content(request, result)
    if wish is not result:
        kind = next((NAMES[name] for name in NAMES if name in wish), "location")
    content = {kind: picked(kind.capitalize(), wish)}
    if kind == "venue":
        content["venue"]["location"] = picked("Location", wish)
    return content
