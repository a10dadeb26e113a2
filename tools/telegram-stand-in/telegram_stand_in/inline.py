"""The messages that the results of inline queries send."""

from __future__ import annotations

from typing import Any

from .content import MEDIA, caption_content, location_of, media_content, picked, text_content
from .request import Request
from .rich import rich_message

Json = dict[str, Any]


def inline_content(request: Request, result: Json) -> Json:
    """Return the content of the message that an inline query's result sends."""
    wish = result.get("input_message_content")
    if wish:
        if "message_text" in wish:
            return text_content(request, wish, "message_text")
        if "rich_message" in wish:
            return {"rich_message": rich_message(request, wish["rich_message"])}
        if "phone_number" in wish:
            return {"contact": picked("Contact", wish)}
        if "currency" in wish:
            amount = sum(price["amount"] for price in wish["prices"])
            invoice = {**picked("Invoice", wish), "start_parameter": "", "total_amount": amount}
            return {"invoice": invoice}
        location = location_of(picked("Location", wish))
        if "title" in wish:
            return {"venue": {"location": location, **picked("Venue", wish)}, "location": location}
        return {"location": location}
    kind = {"gif": "animation", "mpeg4_gif": "animation"}.get(result["type"], result["type"])
    if kind in MEDIA:
        names = (f"{result['type']}_file_id", f"{result['type']}_url")
        value = next(result[name] for name in names if name in result)
        return media_content(request, kind, value, result) | caption_content(request, result)
    if kind == "contact":
        return {"contact": picked("Contact", result)}
    if kind == "game":
        name = result["game_short_name"]
        return {"game": {"title": name, "description": name, "photo": []}}
    location = location_of(picked("Location", result))
    if kind == "venue":
        return {"venue": {"location": location, **picked("Venue", result)}, "location": location}
    return {"location": location}
