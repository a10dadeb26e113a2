"""HTML of rich messages, as Telegram reads it: blocks, as a call could give them.

Tags: https://core.telegram.org/bots/api#rich-html-style. Any other tag stays in the text.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from .found import found_in
from .links import checked_link
from .markup import Users
from .request import bad

Json = dict[str, Any]

LOOKS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    "code": "code",
    "mark": "marked",
    "sub": "subscript",
    "sup": "superscript",
    "tg-spoiler": "spoiler",
}
INLINE = {*LOOKS, *"a br cite input tg-button tg-emoji tg-math tg-reference tg-time".split()}
MEDIA = {"audio": "audio", "img": "photo", "tg-document": "document", "video": "video"}
BLOCKS = {
    *MEDIA,
    *"h1 h2 h3 h4 h5 h6 p pre footer hr ul ol li blockquote aside figure figcaption".split(),
    *"table caption tr th td details summary tg-button-row tg-collage tg-map".split(),
    *"tg-math-block tg-slideshow tg-thinking".split(),
}
TEXT_ONLY = {*"h1 h2 h3 h4 h5 h6 p".split()}  # a block ends them
EMPTY = {"br", "hr", "img", "input", "tg-map"}  # elements without content
ENDS = {"li": {"li"}, "tr": {"td", "th", "tr"}, "td": {"td", "th"}, "th": {"td", "th"}}
CAPTIONED = {*"animation audio document map photo video voice_note".split()}
BY_NAME = {"gif": "animation", "mp3": "audio", "mp4": "video", "ogg": "voice_note"}
MOST_OPEN = 200  # far beyond Telegram's limit of levels

FOUND = {  # what Telegram finds in a text: the field with its value
    "bot_command": "bot_command",
    "cashtag": "cashtag",
    "email": "email_address",
    "hashtag": "hashtag",
    "mention": "username",
    "phone_number": "phone_number",
    "url": "url",
}
VALUES = {  # attribute of a button of a type
    "callback_data": "data",
    "copy_text": "text",
    "switch_inline_query": "query",
    "switch_inline_query_current_chat": "query",
    "url": "url",
}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    source: str = ""  # its start tag
    children: list[Element | str] = field(default_factory=list)

    def child(self, *tags: str) -> Element | None:
        """Take the first child with such a tag out of it."""
        for i, child in enumerate(self.children):
            if isinstance(child, Element) and child.tag in tags:
                del self.children[i]
                return child
        return None

    def plain(self) -> str:
        """Return its text as it stands."""
        return "".join(c if isinstance(c, str) else c.plain() for c in self.children)


class _Reader(HTMLParser):
    """Makes a tree of elements. An unclosed one ends with the element around it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("")]
        self.references: set[str] = set()

    def set_cdata_mode(self, elem: str, **_: Any) -> None:
        """Read what is in <script> or <style> as anything else: they are unknown tags."""

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        source = self.get_starttag_text() or ""
        attributes = {name: value or "" for name, value in attrs}
        if tag not in INLINE | BLOCKS:
            self.handle_data(source)
            return
        link = _split(attributes.get("src", "")) if tag == "img" else _split("")
        if link.scheme == "tg" and link.netloc in ("emoji", "time"):
            about = dict(urllib.parse.parse_qsl(link.query))
            about |= {"emoji-id": about["id"]} if "id" in about else {}
            made = Element(f"tg-{link.netloc}", about, source, [attributes.get("alt", "")])
            self.open[-1].children.append(made)
            return
        if tag == "tg-reference":
            self.references.add(attributes.get("name", ""))
        if tag in BLOCKS:
            ends = INLINE | TEXT_ONLY | ENDS.get(tag, set())
            while self.open[-1].tag in ends:
                self.open.pop()
        element = Element(tag, attributes, source)
        self.open[-1].children.append(element)
        if tag not in EMPTY:
            self.open.append(element)
        if len(self.open) > MOST_OPEN:
            raise bad("RICH_MESSAGE_DEPTH_INVALID")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag in (INLINE | BLOCKS) - EMPTY:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in INLINE | BLOCKS:
            self.handle_data(f"</{tag}>")
        elif any(element.tag == tag for element in self.open):
            while self.open.pop().tag != tag:
                pass


def blocks_of_html(source: str, users: Users, media: list[Json], *, detect: bool) -> list[Json]:
    """Return the InputRichBlocks of HTML.

    `users` are the people that a link can mention, by id. `media` are those that the call has
    besides the source. With `detect`, links, mentions and the like are found in the text.
    """
    reader = _Reader()
    reader.feed(source)
    reader.close()
    by_id = {each["id"]: each["media"] for each in media}
    return _Blocks(users, by_id, reader.references, detect).blocks(reader.open[0].children)


@dataclass
class _Blocks:
    users: Users
    media: dict[str, Json]
    references: set[str]  # their names
    detect: bool
    after_space: bool = True  # so that the next space is left out

    # Blocks.

    def blocks(self, children: list[Element | str]) -> list[Json]:
        made: list[Json] = []
        line: list[Element | str] = []  # what is inline, up to the next block
        for child in children:
            if isinstance(child, str) or child.tag in INLINE:
                line.append(child)
            else:
                made += [*self.paragraph(line), *self.block(child)]
                line = []
        return made + self.paragraph(line)

    def paragraph(self, line: list[Element | str]) -> list[Json]:
        text = self.text(line)
        if not text:
            return []
        if isinstance(text, dict) and text["type"] == "anchor":
            return [text]
        return [{"type": "paragraph", "text": text}]

    def block(self, element: Element) -> list[Json]:
        tag, attributes = element.tag, element.attributes
        made: Json
        match tag:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                made = {"type": "heading", "text": self.text(element.children), "size": int(tag[1])}
                return [made] if made["text"] else []
            case "pre":
                return [self.preformatted(element)]
            case "footer" | "tg-thinking":
                kind = tag.removeprefix("tg-")
                return [{"type": kind, "text": self.text(element.children)}]
            case "hr":
                return [{"type": "divider"}]
            case "tg-math-block":
                expression = element.plain().strip()
                return [{"type": "mathematical_expression", "expression": expression}]
            case "ul" | "ol":
                return self.items(element)
            case "blockquote" | "aside":
                return self.quotation(element)
            case "details":
                summary = element.child("summary") or Element("summary")
                made = {"type": "details", "summary": self.text(summary.children)}
                made |= {"is_open": True} if "open" in attributes else {}
                return [{**made, "blocks": self.blocks(element.children)}]
            case "table":
                return self.table(element)
            case "tg-button-row":
                return self.buttons(element)
            case "tg-collage" | "tg-slideshow":
                caption = element.child("figcaption")
                kind = tag.removeprefix("tg-")
                return [
                    {"type": kind, "blocks": self.blocks(element.children), **self.caption(caption)}
                ]
            case "figure":
                caption = element.child("figcaption")
                within = self.blocks(element.children)
                if within and within[0]["type"] in CAPTIONED:
                    return [{**within[0], **self.caption(caption)}, *within[1:]]
                return within + self.blocks(caption.children if caption else [])
            case "tg-map":
                return self.place(element)
            case _ if tag in MEDIA:
                return self.file(element)
        return self.blocks(element.children)

    def preformatted(self, element: Element) -> Json:
        code = next(
            (c for c in element.children if isinstance(c, Element) and c.tag == "code"), None
        )
        language = code.attributes.get("class", "").removeprefix("language-") if code else ""
        made = {"type": "pre", "text": element.plain().removesuffix("\n")}
        return {**made, "language": language} if language else made

    def items(self, element: Element) -> list[Json]:
        items = [c for c in element.children if isinstance(c, Element) and c.tag == "li"]
        is_reversed = "reversed" in element.attributes
        number = _number(element.attributes.get("start"), len(items) if is_reversed else 1)
        made = []
        for item in items:
            first = next((c for c in item.children if not isinstance(c, str) or c.strip()), "")
            box = item.child("input")
            if box is None and isinstance(first, Element) and first.tag == "p":
                box = first.child("input")
            blocks = self.blocks(item.children) or [{"type": "paragraph", "text": ""}]
            about: Json = {"blocks": blocks}
            if box:
                about["has_checkbox"] = True
                about |= {"is_checked": True} if "checked" in box.attributes else {}
            if element.tag == "ol":
                number = _number(item.attributes.get("value"), number)
                kind = item.attributes.get("type") or element.attributes.get("type") or "1"
                about |= {"value": number, "type": kind}
                number += -1 if is_reversed else 1
            made.append(about)
        return [{"type": "list", "items": made}] if made else []

    def quotation(self, element: Element) -> list[Json]:
        cite = element.child("cite")
        credit = {"credit": self.text(cite.children)} if cite else {}
        if element.tag == "aside":
            return [{"type": "pullquote", "text": self.text(element.children), **credit}]
        if "expandable" in element.attributes:
            return [
                {"type": "expandable_blockquote", "text": self.text(element.children), **credit}
            ]
        blocks = self.blocks(element.children)
        return [{"type": "blockquote", "blocks": blocks, **credit}] if blocks else []

    def table(self, element: Element) -> list[Json]:
        caption = element.child("caption")
        looks = ("bordered", "striped", "compact")
        made = {f"is_{look}": True for look in looks if look in element.attributes}
        cells = [
            [self.cell(cell) for cell in row.children if isinstance(cell, Element)]
            for row in element.children
            if isinstance(row, Element) and row.tag == "tr"
        ]
        if not any(cells):
            return []
        titled = {"caption": self.text(caption.children)} if caption else {}
        return [{"type": "table", "cells": cells, **made, **titled}]

    def cell(self, element: Element) -> Json:
        is_header = element.tag == "th"
        attributes = element.attributes
        made: Json = {"text": self.text(element.children)}
        made |= {"is_header": True} if is_header else {}
        for name in ("colspan", "rowspan"):
            if (span := _number(attributes.get(name), 1)) > 1:
                made[name] = span
        align = attributes.get("align", "center" if is_header else "left")
        return {**made, "align": align, "valign": attributes.get("valign", "middle")}

    def buttons(self, element: Element) -> list[Json]:
        made = [self.button(each) for each in element.children if isinstance(each, Element)]
        buttons = [button for button in made if button]
        if len(buttons) < len(made) or not buttons:
            return self.paragraph([element.source, *element.children, "</tg-button-row>"])
        align = element.attributes.get("align")
        return [{"type": "buttons", "buttons": buttons, **({"align": align} if align else {})}]

    def place(self, element: Element) -> list[Json]:
        try:
            given = {name: float(element.attributes[name]) for name in ("lat", "long")}
        except (KeyError, ValueError):
            return self.paragraph([element.source])
        location = {"latitude": given["lat"], "longitude": given["long"]}
        zoom = element.attributes.get("zoom", "")
        made: Json = {"type": "map", "location": location}
        return [{**made, "zoom": int(zoom)} if zoom.isdigit() else made]

    def file(self, element: Element) -> list[Json]:
        link = element.attributes.get("src", "")
        parts = _split(link)
        media = self.media.get(link.rpartition("?id=")[2]) if parts.scheme == "tg" else None
        if media is None and parts.scheme not in ("http", "https"):
            return self.paragraph([element.source])
        kind = BY_NAME.get(parts.path.rpartition(".")[2].lower(), MEDIA[element.tag])
        media = media or {"type": kind, "media": link}
        if "tg-spoiler" in element.attributes:
            media = {**media, "has_spoiler": True}
        made = {"type": media["type"], media["type"]: media}
        return [made, *self.blocks(element.children)]

    def caption(self, caption: Element | None) -> Json:
        if caption is None:
            return {}
        cite = caption.child("cite")
        credit = {"credit": self.text(cite.children)} if cite else {}
        return {"caption": {"text": self.text(caption.children), **credit}}

    # Text within a block: RichText.

    def text(self, children: list[Element | str]) -> Any:
        self.after_space = True
        parts = list(self.parts(children))
        while parts and isinstance(parts[-1], str):
            parts[-1] = parts[-1].rstrip(" \n")
            if parts[-1]:
                break
            parts.pop()
        return _joined(parts)

    def parts(self, children: list[Element | str]) -> Iterator[Any]:
        for child in children:
            if isinstance(child, str):
                text = re.sub(r"[ \t\r\n\f]+", " ", child)
                text = text[1:] if self.after_space and text[:1] == " " else text
                if text:
                    self.after_space = text.endswith(" ")
                    yield from _detected(text) if self.detect else [text]
            elif child.tag == "br":
                self.after_space = True
                yield "\n"
            elif child.tag in INLINE:
                yield self.part(child)
            else:  # a block, where only text may be
                yield from self.parts(child.children)

    def part(self, element: Element) -> Any:
        tag, attributes = element.tag, element.attributes
        if tag == "code":
            self.after_space = False
            return {"type": "code", "text": element.plain()}
        if tag in LOOKS:
            return {"type": LOOKS[tag], "text": self.inside(element)}
        if tag == "tg-math":
            self.after_space = False
            return {"type": "mathematical_expression", "expression": element.plain().strip()}
        made: Json | None = None
        if tag == "a":
            return self.link(element)
        if tag == "tg-button" and (button := self.button(element)):
            made = {"type": "button", "button": button}
        elif tag == "tg-emoji" and attributes.get("emoji-id", "").isdigit():
            about = {"custom_emoji_id": attributes["emoji-id"]}
            made = {"type": "custom_emoji", **about, "alternative_text": element.plain()}
        elif tag == "tg-reference" and "name" in attributes:
            made = {"type": "reference", "text": self.inside(element), "name": attributes["name"]}
        elif tag == "tg-time" and re.fullmatch(r"-?\d{1,12}", attributes.get("unix", "")):
            about = {"date_time_format": attributes.get("format", "")}
            unix = int(attributes["unix"])
            made = {"type": "date_time", "text": self.inside(element), "unix_time": unix, **about}
        if made:
            self.after_space = False
            return made
        end = "" if tag in EMPTY else f"</{tag}>"
        return _joined([element.source, *self.parts(element.children), end])

    def inside(self, element: Element, *, detect: bool = True) -> Any:
        was, self.detect = self.detect, self.detect and detect
        text = _joined(list(self.parts(element.children)))
        self.detect = was
        return text

    def link(self, element: Element) -> Any:
        attributes = element.attributes
        if "name" in attributes and "href" not in attributes:
            anchor = {"type": "anchor", "name": attributes["name"]}
            return _joined([anchor, *self.parts(element.children)])
        text = self.inside(element, detect=False)
        url = attributes.get("href", "")
        parts = _split(url)
        if url.startswith("#"):
            kind = "reference" if url[1:] in self.references else "anchor"
            return {"type": f"{kind}_link", "text": text, f"{kind}_name": url[1:]}
        if parts.scheme == "mailto":
            return {"type": "email_address", "text": text, "email_address": parts.path}
        if parts.scheme == "tel":
            return {"type": "phone_number", "text": text, "phone_number": parts.path}
        if mentioned := re.fullmatch(r"tg://user\?id=(\d+)", url):
            user = self.users.get(int(mentioned[1]))
            return {"type": "text_mention", "text": text, "user": user} if user else text
        link = checked_link(url)
        return {"type": "url", "text": text, "url": link} if link else text

    def button(self, element: Element) -> Json | None:
        """Return a RichMessageButton, or nothing if it is none."""
        attributes = element.attributes
        kind = attributes.get("type", "")
        about: Any
        if element.tag != "tg-button":
            return None
        if kind in VALUES:
            about = attributes.get(VALUES[kind])
            if about is None:
                return None
            about = {"text": about} if kind == "copy_text" else about
        elif kind in ("web_app", "login_url"):
            if "url" not in attributes:
                return None
            about = {"url": attributes["url"]}
            if kind == "login_url" and "forward-text" in attributes:
                about["forward_text"] = attributes["forward-text"]
            if kind == "login_url" and "request-write-access" in attributes:
                about["request_write_access"] = True
        elif kind == "switch_inline_query_chosen_chat":
            about = {"query": attributes.get("query", "")}
            about |= {n.replace("-", "_"): True for n in attributes if n.startswith("allow-")}
        elif kind == "disabled":
            about = {}
        else:
            return None
        style = attributes.get("style")
        made = {"text": self.inside(element, detect=False), kind: about}
        return {**made, "style": style} if style else made


def _split(url: str) -> urllib.parse.SplitResult:
    try:
        return urllib.parse.urlsplit(url)
    except ValueError:
        return urllib.parse.urlsplit("")


def _number(value: str | None, otherwise: int) -> int:
    return int(value) if value and re.fullmatch(r"-?\d{1,9}", value) else otherwise


def _detected(text: str) -> Iterator[Any]:
    """Yield a text's parts, with what Telegram finds in it by itself."""
    data = text.encode("utf-16-le", "surrogatepass")

    def part(begin: int, end: int) -> str:
        return data[2 * begin : 2 * end].decode("utf-16-le", "surrogatepass")

    at = 0
    for entity in found_in(text):
        begin = entity["offset"]
        end = begin + entity["length"]
        value = part(begin, end)
        kind = FOUND[entity["type"]]
        yield part(at, begin)
        about = {kind: value.removeprefix("@") if kind == "username" else value}
        yield {"type": "mention" if kind == "username" else kind, "text": value, **about}
        at = end
    yield part(at, len(data) // 2)


def _joined(parts: list[Any]) -> Any:
    """Return RichText in its shortest form: a text, a part, or a list of them."""
    made: list[Any] = []
    for part in parts:
        for each in part if isinstance(part, list) else [part]:
            if isinstance(each, str) and made and isinstance(made[-1], str):
                made[-1] += each
            elif each != "":
                made.append(each)
    return "" if not made else made[0] if len(made) == 1 else made
