"""Formatted text: `parse_mode`, entities, links, and what Telegram says of broken markup.

Offsets in errors count bytes, those of entities UTF-16 units, as in Telegram's own parser
(https://github.com/tdlib/td, MessageEntity.cpp). Formats: https://core.telegram.org/bots/api
#formatting-options.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from html import unescape
from typing import NamedTuple

from .bot_api import Json, Mismatch
from .entities import MAX_ENTITIES, find_entities, replace_blanks, units

Users = Mapping[int, Json]

# Before it is parsed. https://github.com/tdlib/telegram-bot-api, Client.cpp, get_formatted_text
MAX_BYTES = 32_768
CLOSED = "pre code text_link text_mention".split()

TITLES = {"blockquote": "BlockQuote", "custom_emoji": "CustomEmoji", "text_link": "TextUrl"}
USER = r"tg://user\?id=([0-9]{1,18})"
LINK = re.compile(
    r"(tg|ton|tonsite)://.+|(?:(https?)://)?(?:[^\s/?#@\[\]]*@)?"
    r"(?:[\w.~%-]+\.[\w.~%-]*|\[[0-9a-f:]+\])(?::[0-9]{1,5})?(?:[/?#].*)?",
    re.I,
)


def parse_text(text: str, mode: str, entities: list[Json], users: Users) -> tuple[str, list[Json]]:
    """Return a text and its entities as a message has them. Raises Mismatch.

    `users` are the people that a link can mention, by id.
    """
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise Mismatch("text is too long")
    mode = mode.lower()
    if text and mode not in ("", "none"):
        parsers = {"html": html, "markdown": markdown, "markdownv2": markdown_v2}
        if mode not in parsers:
            raise Mismatch("unsupported parse_mode")
        try:
            text, entities = parsers[mode](text, users)
        except Mismatch as mismatch:
            raise Mismatch(f"can't parse entities: {mismatch}") from None
    else:
        entities = [_check_entity(entity, text, users) for entity in entities[:MAX_ENTITIES]]
    text, entities = _trim(replace_blanks(text), entities[:MAX_ENTITIES])
    # Within these, Telegram finds nothing by itself.
    taken = [_span(entity) for entity in entities if entity["type"] in CLOSED]
    for found in find_entities(text):
        begin, end = _span(found)
        if all(end <= first or begin >= last for first, last in taken):
            entities.append(found)
    return text, sorted(entities, key=lambda e: (e["offset"], -e["length"]))[:MAX_ENTITIES]


def normalize_link(url: str) -> str:
    """Return a link as Telegram keeps it, or nothing if it is invalid."""
    found = LINK.fullmatch(url)
    return (url if found[1] or found[2] else f"http://{url}") if found else ""


def _check_entity(entity: Json, text: str, users: Users) -> Json:
    for name in ("offset", "length"):
        if not 0 <= entity[name] < 2**31:
            raise Mismatch(f'can\'t parse MessageEntity: Field "{name}" must be of type Number')
    end = entity["offset"] + entity["length"]
    if end > units(text):
        where = f"entity beginning at UTF-16 offset {entity['offset']}"
        raise Mismatch(f"{where} ends after the end of the text at UTF-16 offset {end}")
    if entity["type"] == "text_mention":
        return {**entity, "user": users.get(entity["user"]["id"], entity["user"])}
    return entity


def _trim(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Strip white space, as Telegram does, and move the entities along."""
    begin = units(text) - units(text.lstrip())
    text = text.strip()
    end = units(text)
    kept = []
    for entity in entities:
        first = max(entity["offset"] - begin, 0)
        last = min(entity["offset"] + entity["length"] - begin, end)
        if last > first:
            kept.append({**entity, "offset": first, "length": last - first})
    return text, kept


def _span(entity: Json) -> tuple[int, int]:
    return entity["offset"], entity["offset"] + entity["length"]


class _Text:
    """A text under construction, and its entities."""

    def __init__(self, users: Users) -> None:
        self.text = ""
        self.length = 0  # in UTF-16 units
        self.entities: list[Json] = []
        self._users = users

    def add(self, text: str) -> None:
        self.text += text
        self.length += units(text)

    def end(self, kind: str, begin: int, *, url: str = "", language: str = "") -> None:
        """Note an entity that ends here, unless it is empty, or a link that is invalid.

        A link may mention a user. Raises Mismatch if it is of no custom emoji.
        """
        about: Json = {"language": language} if language else {}
        if kind == "custom_emoji":
            query = dict(urllib.parse.parse_qsl(url.partition("?")[2]))
            if not url.startswith("tg://emoji?") or not query.get("id", "").isdigit():
                raise Mismatch("Invalid tg://emoji or tg://time URL specified")
            about = {"custom_emoji_id": query["id"]}
        elif kind == "text_link" and (user := re.fullmatch(USER, url)):
            kind, about = "text_mention", {"user": self._users.get(int(user[1]))}
        elif kind == "text_link":
            about = {"url": normalize_link(url)}
        if self.length > begin and all(about.values()):
            span = {"type": kind, "offset": begin, "length": self.length - begin}
            self.entities.append({**span, **about})


class _Opened(NamedTuple):
    """A mark or tag that has begun: where, in UTF-16 units, in the source, and in the text."""

    kind: str
    begin: int
    place: int
    first: int
    attributes: dict[str, str]


def _at(text: str, i: int) -> str:
    """Tell where something in the source is."""
    return f"at byte offset {len(text[:i].encode())}"


# Markdown.

LANGUAGE = re.compile(r"(?:([^\s`]+)(?=\s))?(?:\r\n|\n\r|\n|\r)?")  # after three backticks
LEGACY = re.compile(r"\\([_*`\[])|(```|[_*`\[])")
MARKS_OF_LEGACY = {"_": "italic", "*": "bold", "`": "code", "```": "pre", "[": "text_link"}


def markdown(text: str, users: Users) -> tuple[str, list[Json]]:
    """Parse "Markdown", the Bot API's first format. Raises Mismatch."""
    out = _Text(users)
    i = 0
    while match := LEGACY.search(text, i):
        out.add(text[i : match.start()])
        i = match.end()
        if match[1]:
            out.add(match[1])
            continue
        mark, language = match[2], ""
        if mark == "```" and (found := LANGUAGE.match(text, i)):
            language, i = found[1] or "", found.end()
        stop = text.find("]" if mark == "[" else mark, i)
        if stop < 0:
            where = _at(text, match.start()).removeprefix("at ")
            raise Mismatch(f"Can't find end of the entity starting at {where}")
        begin, inner = out.length, text[i:stop]
        out.add(inner)
        i = stop + len(mark)
        url = re.compile(r"\(([^)]*)\)?").match(text, i) if mark == "[" else None
        out.end(MARKS_OF_LEGACY[mark], begin, url=url[1] if url else inner, language=language)
        i = url.end() if url and inner else i
    out.add(text[i:])
    return out.text, out.entities


MARKS = {
    "```": "pre",
    "__": "underline",
    "||": "spoiler",
    "![": "custom_emoji",
    "_": "italic",
    "*": "bold",
    "~": "strikethrough",
    "[": "text_link",
    "`": "code",
}
ENDS = {kind: "]" if mark.endswith("[") else mark for mark, kind in MARKS.items()}
RESERVED = "_*[]()~`>#+-=|{}.!\n"


def markdown_v2(text: str, users: Users) -> tuple[str, list[Json]]:
    """Parse "MarkdownV2". Raises Mismatch."""
    out = _Text(users)
    nested: list[_Opened] = []
    line_begins = True  # marks may come before a quotation's >, but no text
    i = 0
    while i < len(text):
        inner = nested[-1].kind if nested else ""
        is_escape = text[i] == "\\" and "\0" < text[i + 1 : i + 2] < "\x7f"
        if is_escape or text[i] not in ("`" if inner in ("code", "pre") else RESERVED):
            i += is_escape
            out.add(text[i])
            line_begins = is_escape and text[i] == "\n"
            i += 1
        elif text[i] == "\n":
            if text[i + 1 : i + 2] != ">":
                _end_quote(text, i, nested, out, 1)
            else:
                out.add("\n")
            i, line_begins = i + 1, True
        elif (
            (end := ENDS.get(inner))
            and text.startswith(end, i)
            and not (inner == "italic" and text.startswith("__", i))
        ):
            i = _end(text, i + len(end), nested.pop(), out)
        elif text[i] == ">" and line_begins:
            if all(each.kind != "blockquote" for each in nested):
                nested.append(_Opened("blockquote", out.length, i, len(out.text), {}))
            i += 1
        else:
            mark = next((mark for mark in MARKS if text.startswith(mark, i)), "")
            if not mark:
                told = "is reserved and must be escaped with the preceding '\\'"
                raise Mismatch(f"Character '{text[i]}' {told}")
            opened = _Opened(MARKS[mark], out.length, i, len(out.text), {})
            nested.append(opened)
            i += len(mark)
            if mark == "```" and (found := LANGUAGE.match(text, i)):
                opened.attributes["language"], i = found[1] or "", found.end()
    _end_quote(text, len(text), nested, out, 0)
    if nested:
        raise _unclosed(text, nested[-1])
    return out.text, out.entities


def _unclosed(text: str, opened: _Opened) -> Mismatch:
    title = TITLES.get(opened.kind, opened.kind.capitalize())
    title = "PreCode" if opened.attributes.get("language") else title
    return Mismatch(f"Can't find end of {title} entity {_at(text, opened.place)}")


def _end_quote(text: str, i: int, nested: list[_Opened], out: _Text, breaks: int) -> None:
    """End a quotation with its line, if there is one. A last || lets it expand."""
    out.add("\n" * breaks)
    if all(each.kind != "blockquote" for each in nested):
        return
    expands = nested[-1].kind == "spoiler" and nested[-1].place == i - 2
    if expands:
        nested.pop()
    if nested[-1].kind != "blockquote":
        raise _unclosed(text, nested[-1])
    out.end("expandable_blockquote" if expands else "blockquote", nested.pop().begin)


def _end(text: str, i: int, opened: _Opened, out: _Text) -> int:
    """End an entity after its last mark, and return where the text continues."""
    url, is_link = out.text[opened.first :], opened.kind in ("custom_emoji", "text_link")
    if is_link and text[i : i + 1] == "(":
        found = re.compile(r"\(((?:\\.|[^)\\])*)(\)?)", re.S).match(text, i)
        assert found
        if not found[2]:
            raise Mismatch(f"Can't find end of a URL {_at(text, i + 1)}")
        url, i = re.sub(r"\\(.)", r"\1", found[1], flags=re.S), found.end()
    elif opened.kind == "custom_emoji":
        raise Mismatch("The entity must contain a tg://emoji or tg://time URL")
    out.end(opened.kind, opened.begin, url=url, **opened.attributes)
    return i


# HTML.

TAGS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("tg-spoiler", "span"), "spoiler"),
    "a": "text_link",
    "blockquote": "blockquote",
    "code": "code",
    "pre": "pre",
    "tg-emoji": "custom_emoji",
}
TAG = re.compile(r"<(/?)([^\s>]*)((?:[^>\"']|\"[^\"]*\"|'[^']*')*)(>?)")
ATTRIBUTE = re.compile(r"([^\s=\"']+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"']*))?")
CHARACTER = re.compile(r"&(?:#x[0-9a-fA-F]{1,6}|#[0-9]{1,7}|lt|gt|amp|quot);?")


def attributes_of(tag: re.Match[str]) -> dict[str, str]:
    """Return the attributes of a start tag, by name."""
    found = ATTRIBUTE.findall(tag[3])
    return {name.lower(): replace_references(value.strip("\"'")) for name, value in found}


def replace_references(text: str) -> str:
    """Return a text with characters in place of the references that Telegram knows."""
    return CHARACTER.sub(lambda match: unescape(match[0]), text)


def html(text: str, users: Users) -> tuple[str, list[Json]]:
    """Parse "HTML". Raises Mismatch."""
    out = _Text(users)
    nested: list[_Opened] = []
    i = 0
    for match in TAG.finditer(text):
        out.add(replace_references(text[i : match.start()]))
        i = match.end()
        at, tag = _at(text, match.start()), match[2].lower()
        if not match[1] and tag not in TAGS and match.end(2) < len(text):
            raise Mismatch(f'Unsupported start tag "{tag}" {at}')
        if not match[4]:
            raise Mismatch(f"Unclosed {'end' if match[1] else 'start'} tag {at}")
        if not match[1]:
            attributes = attributes_of(match) | {"language": ""}
            if tag == "span" and attributes.get("class") != "tg-spoiler":
                raise Mismatch(f'Tag "span" must have class "tg-spoiler" {at}')
            nested.append(_Opened(tag, out.length, match.start(), len(out.text), attributes))
            continue
        if not nested:
            raise Mismatch(f"Unexpected end tag {at}")
        opened = nested.pop()
        if tag not in ("", opened.kind):
            told = f'expected "</{opened.kind}>", found "</{tag}>"'
            raise Mismatch(f"Unmatched end tag {at}, {told}")
        language = opened.attributes.get("class", "").partition("language-")[2]
        if opened.kind == "code" and language and nested and nested[-1].kind == "pre":
            nested[-1].attributes["language"] = language
        else:
            _end_tag(opened, out)
    if nested:
        raise Mismatch(f'Can\'t find end tag corresponding to start tag "{nested[-1].kind}"')
    out.add(replace_references(text[i:]))
    return out.text, out.entities


def _end_tag(opened: _Opened, out: _Text) -> None:
    kind, attributes = TAGS[opened.kind], opened.attributes
    url = attributes.get("href") or out.text[opened.first :]
    if kind == "custom_emoji":
        url = f"tg://emoji?id={attributes.get('emoji-id', '')}"
    elif kind == "blockquote" and "expandable" in attributes:
        kind = "expandable_blockquote"
    out.end(kind, opened.begin, url=url, language=attributes["language"])
