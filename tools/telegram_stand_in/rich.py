"""Rich messages: what their blocks become when they are sent."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from .content import media_content
from .request import Request, bad, check_button

Json = dict[str, Any]

MEDIA = "animation audio document photo video voice_note".split()
MAP = {"zoom": 15, "width": 600, "height": 300}  # if a call doesn't say


def rich_message(request: Request, wish: Json) -> Json:
    """Return the rich message of a call. Of HTML and Markdown, only the text is kept."""
    if "blocks" in wish:
        blocks = [_block(request, block) for block in wish["blocks"]]
    else:
        source = wish.get("html") or wish.get("markdown") or ""
        if "html" in wish:
            source = re.sub(r"<[^>]*>", "", re.sub(r"</(p|h\d|li)>|<br/?>", "\n", source))
            source = html.unescape(source)
        lines = [line for line in source.splitlines() if line.strip()]
        blocks = [{"type": "paragraph", "text": line} for line in lines]
    if not blocks:
        raise bad("message text is empty")
    for button in buttons_in(blocks):
        check_button(button)
    return {"blocks": blocks, **({"is_rtl": True} if wish.get("is_rtl") else {})}


def buttons_in(content: Any) -> Iterator[Json]:
    """Yield the buttons in a rich message, or in a part of it."""
    if isinstance(content, list):
        for each in content:
            yield from buttons_in(each)
    elif isinstance(content, dict):
        if content.get("type") == "buttons":
            yield from content["buttons"]
        elif content.get("type") == "button":
            yield content["button"]
        else:
            yield from buttons_in(list(content.values()))


def _block(request: Request, block: Json) -> Json:
    kind = block["type"]
    made = {**block}
    if "blocks" in block:
        made["blocks"] = [_block(request, each) for each in block["blocks"]]
    if kind == "list":
        items = enumerate(block["items"], 1)
        made["items"] = [_item(request, item, number) for number, item in items]
    elif kind == "map":
        made = {**MAP, **block}
    elif kind in MEDIA:
        media, of = block[kind], kind.removesuffix("_note")
        made[kind] = media_content(request, of, media["media"], media)[of]
        made |= {"has_spoiler": True} if media.get("has_spoiler") else {}
    return made


def _item(request: Request, item: Json, number: int) -> Json:
    label = f"{item.get('value', number)}." if "type" in item or "value" in item else "•"
    return {**item, "label": label, "blocks": [_block(request, b) for b in item["blocks"]]}
