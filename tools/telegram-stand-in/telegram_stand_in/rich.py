"""Rich messages: what their blocks, HTML or Markdown become when they are sent.

Markdown is read by markdown-it-py and mdit-py-plugins. Where they aren't installed, its source is
shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .content import media_content
from .request import Request, bad, check_button
from .rich_html import blocks_of_html
from .rich_markdown import html_of_markdown

Json = dict[str, Any]

MEDIA = "animation audio document photo video voice_note".split()
MAP = {"zoom": 15, "width": 600, "height": 300}  # if a call doesn't say
TEXTS = "text summary caption credit expression alternative_text".split()  # fields that show text
SOURCE_HINT = (
    "the Markdown is shown as it is written: install markdown-it-py and mdit-py-plugins to have it "
    "read"
)

# https://core.telegram.org/bots/api#rich-message-limits. The errors aren't documented: others met
# them. How Telegram counts the levels isn't, either: a paragraph in a quote is on the second here.
MOST_CHARACTERS = 32_768
MOST_BLOCKS = 500
MOST_LEVELS = 16
MOST_MEDIA = 50
MOST_COLUMNS = 20


def rich_message(request: Request, wish: Json) -> Json:
    """Return the rich message of a call. Raises Refusal."""
    given = _given(request, wish)
    if given is None:
        raise bad("rich message must be non-empty")
    _check_size(given)
    blocks = [_block(request, block) for block in given]
    if not blocks:
        raise bad("RICH_MESSAGE_EMPTY")
    for button in buttons_in(blocks):
        check_button(button)
    return {"blocks": blocks, **({"is_rtl": True} if wish.get("is_rtl") else {})}


def _given(request: Request, wish: Json) -> list[Json] | None:
    """Return the blocks of a call, from any of its parameters."""
    if "blocks" in wish:
        blocks: list[Json] = wish["blocks"]
        return blocks
    source = wish.get("html")
    if source is None and wish.get("markdown"):
        try:
            source = html_of_markdown(wish["markdown"])
        except ImportError:
            request.hints.append(SOURCE_HINT)
            lines = [line for line in wish["markdown"].splitlines() if line.strip()]
            return [{"type": "paragraph", "text": line} for line in lines]
    if not source:
        return None
    detect = not wish.get("skip_entity_detection")
    return blocks_of_html(source, request.world.people, wish.get("media", []), detect=detect)


@dataclass
class _Size:
    """How large a rich message is, as Telegram limits it."""

    characters: int = 0
    blocks: int = 0
    media: int = 0
    columns: int = 0
    levels: int = 0

    def add(self, blocks: list[Json], level: int = 1) -> None:
        """Add blocks at a level, with their content."""
        self.levels = max(self.levels, level if blocks else 0)
        for block in blocks:
            rows = block.get("cells", [])
            items = block.get("items", [])
            self.blocks += 1 + len(items) + len(rows)
            self.media += block["type"] in MEDIA
            for within in [block, *items]:
                self.add(within.get("blocks", []), level + 1)
            for row in rows:
                self.columns = max(self.columns, sum(cell.get("colspan", 1) for cell in row))
                self.add_text([cell.get("text", "") for cell in row], level)
            self.add_text([each["text"] for each in block.get("buttons", [])], level)
            self.add_text({name: block[name] for name in TEXTS if name in block}, level)

    def add_text(self, text: Any, level: int) -> None:
        """Add RichText, or an object with several."""
        if isinstance(text, str):
            self.characters += len(text)
        elif isinstance(text, list):
            for part in text:
                self.add_text(part, level)
        else:
            level += "type" in text
            self.levels = max(self.levels, level)
            self.add_text([text[name] for name in TEXTS if name in text], level)
            if "button" in text:
                self.add_text(text["button"]["text"], level)


def _check_size(blocks: list[Json]) -> None:
    size = _Size()
    size.add(blocks)
    for is_too_large, what in (
        (size.characters > MOST_CHARACTERS, "TEXT_TOO_LONG"),
        (size.blocks > MOST_BLOCKS, "BLOCKS_TOO_MANY"),
        (size.levels > MOST_LEVELS, "DEPTH_INVALID"),
        (size.media > MOST_MEDIA, "MEDIA_TOO_MANY"),
        (size.columns > MOST_COLUMNS, "TABLE_COLS_TOO_MANY"),
    ):
        if is_too_large:
            raise bad(f"RICH_MESSAGE_{what}")


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


def plain_text(text: Any) -> str:
    """Return RichText without its looks."""
    if isinstance(text, str):
        return text
    if isinstance(text, list):
        return "".join(map(plain_text, text))
    if text["type"] == "button":
        return plain_text(text["button"]["text"])
    return plain_text(next((text[name] for name in TEXTS if name in text), ""))


def lines_of(blocks: list[Json]) -> Iterator[str]:
    """Yield the lines of blocks, without their looks and their rows of buttons."""
    for block in blocks:
        for item in block.get("items", []):
            for i, line in enumerate(lines_of(item["blocks"])):
                yield f"{' ' * len(item['label']) if i else item['label']} {line}"
        for row in block.get("cells", []):
            yield " | ".join(plain_text(cell.get("text", "")) for cell in row)
        for name in ("summary", "text", "expression"):
            yield from plain_text(block.get(name, "")).splitlines()
        yield from lines_of(block.get("blocks", []))


def _block(request: Request, block: Json) -> Json:
    kind = block["type"]
    if kind == "thinking" and request.method != "sendRichMessageDraft":
        raise bad("RICH_VALIDATE_CTOR_NOT_ALLOWED")
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
