"""Rich messages, as people read them: paragraphs of plain text, and rows of buttons.

Other blocks, HTML and Markdown become such, too. Their looks aren't kept.

https://core.telegram.org/bots/api#rich-messages
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape, unescape
from typing import Any

from .bot_api import Json
from .markup import TAG, attributes_of
from .request import Request, bad, check_button

# https://core.telegram.org/bots/api#rich-message-limits. The errors aren't documented: others met
# them. Telegram counts characters without marks, but here the source, too, may have only so many.
MAX_CHARACTERS = 32_768
MAX_BLOCKS = 500
MEDIA = "animation audio document map photo video voice_note".split()
TEXTS = "text summary caption expression alternative_text".split()  # fields that show text


def rich_message(request: Request, wish: Json) -> Json:
    """Return the rich message of a call. Raises Refusal."""
    source = wish.get("html") or wish.get("markdown") or ""
    if len(source) > MAX_CHARACTERS:
        raise bad("RICH_MESSAGE_TEXT_TOO_LONG")
    if "blocks" in wish:
        blocks = [*_plain(wish["blocks"])]
    elif source:
        blocks = blocks_of_html(wish.get("html") or html_of_markdown(source))
    else:
        raise bad("rich message must be non-empty")
    if not blocks:
        raise bad("RICH_MESSAGE_EMPTY")
    if sum(map(len, lines_of(blocks))) > MAX_CHARACTERS:
        raise bad("RICH_MESSAGE_TEXT_TOO_LONG")
    if len(blocks) > MAX_BLOCKS:
        raise bad("RICH_MESSAGE_BLOCKS_TOO_MANY")
    for button in buttons_in({"blocks": blocks}):
        check_button(button)
    return {"blocks": blocks, **({"is_rtl": True} if wish.get("is_rtl") else {})}


def _plain(content: Any) -> Iterator[Json]:
    """Yield paragraphs and rows of buttons, as people read them in blocks of all kinds."""
    if isinstance(content, list):
        for each in content:
            yield from _plain(each)
        return
    kind = content.get("type")
    texts = [f"({kind})"] if kind in MEDIA else [_text(content[n]) for n in TEXTS if n in content]
    for text in texts:
        yield from ({"type": "paragraph", "text": line} for line in text.splitlines())
    inside = [button for name in TEXTS for button in _buttons(content.get(name))]
    if buttons := [*content.get("buttons", []), *inside]:
        yield {"type": "buttons", "buttons": [{**b, "text": _text(b["text"])} for b in buttons]}
    for name in ("items", "cells", "blocks"):
        yield from _plain(content.get(name, []))


def _text(text: Any) -> str:
    """Return RichText without its looks and its buttons."""
    if isinstance(text, str):
        return text
    if isinstance(text, list):
        return "".join(map(_text, text))
    return _text(next((text[name] for name in TEXTS if name in text), ""))


def _buttons(text: Any) -> Iterator[Json]:
    """Yield the buttons within RichText."""
    for part in text if isinstance(text, list) else [text]:
        if isinstance(part, dict) and part.get("type") == "button":
            yield part["button"]
        elif isinstance(part, dict):
            yield from _buttons(part.get("text"))


# Reading.

BREAKS = set(
    "aside blockquote br caption details figcaption figure footer h1 h2 h3 h4 h5 h6 hr li ol p "
    "summary table tg-button-row tg-math-block tr ul".split()
)
SHOWN = {"audio": "(audio)", "img": "(photo)", "td": " | ", "th": " | ", "video": "(video)"}
CODE = re.compile("<pre[^>]*>(.*?)(?:</pre>|$)", re.I | re.S)
BUTTON = re.compile("(<tg-button[^>]*>)(.{0,300}?)</tg-button>", re.I | re.S)
VALUES = {"callback_data": "data", "url": "url", "switch_inline_query": "query"}


def blocks_of_html(source: str) -> list[Json]:
    """Return paragraphs and rows of buttons, as people read them in HTML."""
    blocks: list[Json] = []
    text, *others = BUTTON.split(source)
    blocks += _paragraphs(text)
    for tag, label, text in zip(*[iter(others)] * 3, strict=True):
        if not blocks or blocks[-1]["type"] != "buttons":
            blocks.append({"type": "buttons", "buttons": []})
        blocks[-1]["buttons"].append(_button(tag, label))
        blocks += _paragraphs(text)
    return blocks


def _button(tag: str, label: str) -> Json:
    found = TAG.match(tag)
    attributes = attributes_of(found) if found else {}
    kind = attributes.get("type", "")
    value = attributes.get(VALUES.get(kind, ""))
    return {"text": unescape(label), **({kind: value} if value else {"disabled": {}})}


def _paragraphs(source: str) -> Iterator[Json]:
    for number, part in enumerate(CODE.split(source)):
        is_code = number % 2
        shown = TAG.sub(_shown_tag, part if is_code else part.replace("\n", " "))
        for line in map(unescape, shown.splitlines()):
            text = line.rstrip() if is_code else " ".join(line.split()).removeprefix("| ")
            if text:
                yield {"type": "paragraph", "text": text}


def _shown_tag(tag: re.Match[str]) -> str:
    """Return what people see of a tag."""
    name = tag[2].lower()
    if name in BREAKS:
        return "\n• " if name == "li" and not tag[1] else "\n"
    return "" if tag[1] else attributes_of(tag).get("alt") or SHOWN.get(name, "")


PREFIX = re.compile(r"[ \t]*(?:>[ \t]?)*(?:#{1,6}[ \t]+|([-*+])[ \t]+)?")
# What is shown of a link, or of the text between marks.
LINK = re.compile(r"!?\[([^\[\]]{0,1000})\]\([^()\s]{0,1000}[^()]{0,1000}\)")
MARKED = re.compile(r"(?<![\w*])(\*\*|__|~~|\|\||`|\*|_)(?=\S)(.{1,300}?)(?<=\S)\1(?![\w*])")
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def html_of_markdown(source: str) -> str:
    """Return Markdown as HTML, without looks: each line is a paragraph. It can contain HTML."""
    made: list[str] = []
    is_code = False
    for line in source.splitlines():
        if line.lstrip().startswith("```"):
            made.append("</pre>" if is_code else "<pre>")
            is_code = not is_code
        elif is_code:
            made.append(f"{escape(line)}\n")
        elif prefix := PREFIX.match(line):
            text = LINK.sub(r"\1", line[prefix.end() :])
            for _ in range(2):  # within each other
                text = MARKED.sub(r"\2", text)
            bullet = "• " if prefix[1] else ""
            text = ESCAPED.sub(r"\1", text)
            made.append(f"<br>{bullet}{text}")
    return "".join(made)


# What people see.


def buttons_in(message: Json | None) -> list[Json]:
    """Return the buttons in a rich message, if it is one."""
    blocks = (message or {}).get("blocks", [])
    return [button for block in blocks for button in block.get("buttons", [])]


def lines_of(blocks: list[Json]) -> Iterator[str]:
    """Yield the lines of a rich message."""
    return (block["text"] for block in blocks if "text" in block)
