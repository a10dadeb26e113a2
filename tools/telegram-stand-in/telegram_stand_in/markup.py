"""Formatted text: `parse_mode`, the entities that Telegram finds by itself, and its errors.

Offsets in errors count bytes, those of entities UTF-16 units, as in Telegram's own parser
(https://github.com/tdlib/td, MessageEntity.cpp). Formats: https://core.telegram.org/bots/api
#formatting-options.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from typing import Any

from .bot_api import Mismatch
from .found import blanked, found_in, units
from .links import checked_link

Json = dict[str, Any]
Users = Mapping[int, Json]

# The order of entities that begin and end at the same places. Those found come before the styles.
CUSTOM = "custom_emoji"
STYLES = ["bold", "italic", "underline", "strikethrough", "spoiler", CUSTOM]
OTHERS = "blockquote expandable_blockquote pre code date_time text_link text_mention".split()
ORDER = {kind: number for number, kind in enumerate([*OTHERS, "", *STYLES])}

# The names of entities in errors.
TITLES = {
    "blockquote": "BlockQuote",
    "custom_emoji": "CustomEmoji",
    "pre_code": "PreCode",
    "text_link": "TextUrl",
}
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
    "tg-time": "date_time",
}
NAMED = {b"lt": "<", b"gt": ">", b"amp": "&", b"quot": '"'}
SPACES = b" \t\n\r\0\x0b"


def formatted(text: str, mode: str, entities: list[Json], users: Users) -> tuple[str, list[Json]]:
    """Return a text and its entities as a message has them. Raises Mismatch.

    `users` are the people that a link can mention, by id.
    """
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
        entities = [_checked(entity, text, users) for entity in entities]
    text, entities = _trimmed(blanked(text), entities)
    return text, ordered(entities + entities_in(text, entities))


def _checked(entity: Json, text: str, users: Users) -> Json:
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


def _trimmed(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
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


def entities_in(text: str, entities: list[Json]) -> list[Json]:
    """Return what Telegram finds by itself, outside of links and code, and within quotations."""
    quotes = [_span(e) for e in entities if "blockquote" in e["type"]]
    taken = [
        _span(e)
        for e in entities
        if "blockquote" not in e["type"] and (e["type"] not in STYLES or e["type"] == CUSTOM)
    ]

    def is_free(begin: int, end: int) -> bool:
        outside = all(end <= first or begin >= last for first, last in taken)
        return outside and all(
            end <= first or begin >= last or first <= begin <= end <= last for first, last in quotes
        )

    return [entity for entity in found_in(text) if is_free(*_span(entity))]


def _span(entity: Json) -> tuple[int, int]:
    return entity["offset"], entity["offset"] + entity["length"]


def ordered(entities: list[Json]) -> list[Json]:
    """Return entities in Telegram's order."""
    return sorted(
        entities, key=lambda e: (e["offset"], -e["length"], ORDER.get(e["type"], ORDER[""]))
    )


class _Text:
    """A text under construction, and its entities."""

    def __init__(self, users: Users) -> None:
        self.data = bytearray()
        self.length = 0  # in UTF-16 units
        self.entities: list[Json] = []
        self._users = users

    def add(self, data: bytes) -> None:
        self.data += data
        self.length += sum(1 + (byte >= 0xF0) for byte in data if byte & 0xC0 != 0x80)

    def end(self, kind: str, begin: int, **more: Any) -> None:
        """Note an entity that ends here, unless it is empty."""
        if self.length > begin:
            self.entities.append(
                {"type": kind, "offset": begin, "length": self.length - begin, **more}
            )

    def link(self, begin: int, url: str) -> None:
        """Note a link, the mention of a user, or nothing if the URL is invalid."""
        user = re.fullmatch(r"tg://user\?id=([0-9]{1,18})", url)
        if user and int(user[1]) in self._users:
            self.end("text_mention", begin, user=self._users[int(user[1])])
        elif not user and (url := checked_link(url)):
            self.end("text_link", begin, url=url)

    def special(self, begin: int, url: str) -> None:
        """Note a custom emoji or a time, by their tg:// links. Raises Mismatch."""
        parts = urllib.parse.urlsplit(url)
        query = dict(urllib.parse.parse_qsl(parts.query))
        if url.startswith("tg://emoji?") and query.get("id", "").isdigit():
            self.end("custom_emoji", begin, custom_emoji_id=query["id"])
        elif url.startswith("tg://time?") and query.get("unix", "").isdigit():
            self.time(begin, query["unix"], query.get("format", ""))
        else:
            raise Mismatch("Invalid tg://emoji or tg://time URL specified")

    def time(self, begin: int, unix: str, form: str) -> None:
        more = {"date_time_format": form} if form else {}
        self.end("date_time", begin, unix_time=int(unix), **more)

    def result(self) -> tuple[str, list[Json]]:
        try:
            return self.data.decode(), self.entities
        except UnicodeDecodeError:
            raise Mismatch(
                "Text contains invalid Unicode characters after decoding HTML entities, check for "
                "unmatched surrogate code units"
            ) from None


# Markdown, the Bot API's first format.


def markdown(text: str, users: Users) -> tuple[str, list[Json]]:
    """Parse "Markdown". Raises Mismatch."""
    data = text.encode() + b"\0\0\0"
    size = len(data) - 3
    out = _Text(users)
    i = 0
    while i < size:
        c = data[i : i + 1]
        if c == b"\\" and data[i + 1] in b"_*`[":
            out.add(data[i + 1 : i + 2])
            i += 2
            continue
        if c not in (b"_", b"*", b"`", b"["):
            i += 1
            out.data += c
            out.length += 0 if c[0] & 0xC0 == 0x80 else 1 + (c[0] >= 0xF0)
            continue
        start = i
        is_pre = data[i : i + 3] == b"```"
        i += 3 if is_pre else 1
        language = ""
        if is_pre:
            language, i = _language(data, i, size)
        close = {b"[": b"]", b"`": b"```" if is_pre else b"`"}.get(c, c)
        stop = data.find(close, i, size)
        if stop < 0:
            raise Mismatch(f"Can't find end of the entity starting at byte offset {start}")
        begin = out.length
        out.add(data[i:stop])
        i = stop + len(close)
        if c == b"[" and stop > start + 1:
            # Telegram writes its result over the text, and reads the link from there.
            url = (bytes(out.data) + data[len(out.data) :])[start + 1 : stop]
            if data[i : i + 1] == b"(":
                end = data.find(b")", i, size)
                end = size if end < 0 else end
                url, i = data[i + 1 : end], end + 1
            out.link(begin, url.decode(errors="replace"))
        elif c == b"`":
            more = {"language": language} if language else {}
            out.end("pre" if is_pre else "code", begin, **more)
        else:
            out.end("italic" if c == b"_" else "bold", begin)
    return out.result()


def _language(data: bytes, i: int, size: int) -> tuple[str, int]:
    """Return the language after three backticks, and where the code begins."""
    end = i
    while end < size and data[end] not in SPACES and data[end] != ord("`"):
        end += 1
    language = ""
    if end != i and end < size and data[end] != ord("`"):
        language, i = data[i:end].decode(), end
    if data[i : i + 2] in (b"\r\n", b"\n\r"):
        return language, i + 2
    return language, i + 1 if data[i : i + 1] in (b"\n", b"\r") else i


# MarkdownV2.

CODES = ("code", "pre", "pre_code")
# Of an entity that has begun: its kind, its language, where it begins in the text, in the source
# (in bytes), and in the output (in bytes).
Opened = tuple[str, str, int, int, int]


def _kind_at(data: bytes, i: int) -> tuple[str, int]:
    """Return the entity that begins at a reserved character, and the length of its mark."""
    two = data[i : i + 2]
    if two in (b"__", b"||", b"!["):
        return {b"__": "underline", b"||": "spoiler", b"![": "custom_emoji"}[two], 2
    if data[i : i + 3] == b"```":
        return "pre", 3
    one = {b"_": "italic", b"*": "bold", b"~": "strikethrough", b"[": "text_link", b"`": "code"}
    return one.get(data[i : i + 1], ""), 1


def _ends(kind: str, data: bytes, i: int) -> int:
    """Return the length of the mark that ends an entity here, or 0."""
    mark = {
        "bold": b"*",
        "code": b"`",
        "custom_emoji": b"]",
        "italic": b"_",
        "pre": b"```",
        "pre_code": b"```",
        "spoiler": b"||",
        "strikethrough": b"~",
        "text_link": b"]",
        "underline": b"__",
    }.get(kind, b"\0")
    if kind == "italic" and data[i : i + 2] == b"__":
        return 0
    return len(mark) if data.startswith(mark, i) else 0


def markdown_v2(text: str, users: Users) -> tuple[str, list[Json]]:
    """Parse "MarkdownV2". Raises Mismatch."""
    data = text.encode() + b"\0\0\0\0"
    size = len(data) - 4
    out = _Text(users)
    nested: list[Opened] = []
    in_quote = False
    line_begins = True  # marks may come before a quotation's >, but no text
    i = 0
    while i < size:
        c = data[i : i + 1]
        inner = nested[-1][0] if nested else ""
        reserved = b"`" if inner in CODES else b"_*[]()~`>#+-=|{}.!\n"
        is_escape = c == b"\\" and 0 < data[i + 1] <= 126
        if is_escape or c not in reserved:
            i += is_escape
            c = data[i : i + 1]
            out.add(c)
            if c != b"\r" and c[0] & 0xC0 != 0x80:
                line_begins = is_escape and c == b"\n"
            i += 1
        elif c == b"\n":
            out.add(c)
            if in_quote and data[i + 1 : i + 2] != b">":
                _end_quote(nested, out, i)
                in_quote = False
            i, line_begins = i + 1, True
        elif mark := _ends(inner, data, i):
            i = _end_of(nested.pop(), data, i + mark, size, out)
        elif c == b">" and line_begins:
            if not in_quote:
                nested.append(("blockquote", "", out.length, i, len(out.data)))
                in_quote = True
            i += 1
        else:
            kind, mark = _kind_at(data, i)
            if not kind:
                told = "is reserved and must be escaped with the preceding '\\'"
                raise Mismatch(f"Character '{c.decode()}' {told}")
            place, language = i, ""
            i += mark
            if kind == "pre":
                language, i = _language(data, i, size)
                kind = "pre_code" if language else kind
            nested.append((kind, language, out.length, place, len(out.data)))
    if in_quote and (nested[-1][0] == "blockquote" or _expands(nested, out, size)):
        _end_quote(nested, out, size)
    if nested:
        raise _lost(nested[-1])
    return out.result()


def _lost(entity: Opened) -> Mismatch:
    title = TITLES.get(entity[0], entity[0].capitalize())
    return Mismatch(f"Can't find end of {title} entity at byte offset {entity[3]}")


def _expands(nested: list[Opened], out: _Text, end: int) -> bool:
    """Tell whether a spoiler has just begun: at the end of a quotation, it lets that expand."""
    kind, _, _, place, _ = nested[-1]
    return kind == "spoiler" and (
        place == end - 2 or (place == end - 3 and out.data.endswith(b"\r\n"))
    )


def _end_quote(nested: list[Opened], out: _Text, end: int) -> None:
    """End a quotation, whose text is out already. Raises Mismatch if another entity is open."""
    expands = _expands(nested, out, end)
    if expands:
        nested.pop()
    if nested[-1][0] != "blockquote":
        raise _lost(nested[-1])
    out.end("expandable_blockquote" if expands else "blockquote", nested.pop()[2])


def _end_of(entity: Opened, data: bytes, i: int, size: int, out: _Text) -> int:
    """End an entity after its last mark, and return where the text continues."""
    kind, language, begin, _, first = entity
    if kind == "custom_emoji" and data[i : i + 1] != b"(":
        raise Mismatch("The entity must contain a tg://emoji or tg://time URL")
    if kind in ("custom_emoji", "text_link"):
        url = bytes(out.data[first:])
        if data[i : i + 1] == b"(":
            url, i = _url(data, i + 1, size)
        (out.special if kind == "custom_emoji" else out.link)(begin, url.decode())
    elif language:
        out.end("pre", begin, language=language)
    else:
        out.end(kind, begin)
    return i


def _url(data: bytes, i: int, size: int) -> tuple[bytes, int]:
    start, url = i, bytearray()
    while i < size and data[i] != ord(")"):
        if data[i] == ord("\\") and 0 < data[i + 1] <= 126:
            i += 1
        url.append(data[i])
        i += 1
    if i >= size:
        raise Mismatch(f"Can't find end of a URL at byte offset {start}")
    return bytes(url), i + 1


# HTML.


def _character(data: bytes, i: int) -> tuple[str, int]:
    """Return the character that a reference such as &lt; stands for, or nothing, and its end."""
    if numeric := re.compile(rb"&#(?:x([0-9A-Fa-f]+)|([0-9]+))").match(data, i):
        code = int(numeric[1], 16) if numeric[1] else int(numeric[2])
        if not 0 < code < 0x10FFFF or numeric.end() - i >= 10:
            return "", i
        character, end = chr(code), numeric.end()
    else:
        named = re.compile(rb"&([A-Za-z]+)").match(data, i)
        if not named or named[1] not in NAMED:
            return "", i
        character, end = NAMED[named[1]], named.end()
    return character, end + (data[end : end + 1] == b";")


def html(text: str, users: Users) -> tuple[str, list[Json]]:
    """Parse "HTML". Raises Mismatch."""
    data = text.encode() + b"\0"
    size = len(data) - 1
    out = _Text(users)
    nested: list[tuple[str, str, str, int, int]] = []  # tag, its argument, a time's format, begins
    i = 0
    while i < size:
        c = data[i : i + 1]
        if c == b"&":
            character, end = _character(data, i)
            if character:
                out.data += character.encode(errors="surrogatepass")
                out.length += 1 + (character > "\uffff")
                i = end
                continue
        if c != b"<":
            out.data += c
            out.length += 0 if c[0] & 0xC0 == 0x80 else 1 + (c[0] >= 0xF0)
            i += 1
        elif data[i + 1 : i + 2] == b"/":
            i = _end_tag(data, i, nested, out)
        else:
            tag, argument, form, i = _start_tag(data, i)
            nested.append((tag, argument, form, out.length, len(out.data)))
    if nested:
        raise Mismatch(f'Can\'t find end tag corresponding to start tag "{nested[-1][0]}"')
    for entity in out.entities:
        if entity["type"] == "code":
            entity.pop("language", None)
    return out.result()


def _while_not(data: bytes, i: int, stops: bytes) -> int:
    while data[i] not in SPACES + stops:
        i += 1
    return i


def _blanks(data: bytes, i: int) -> int:
    while data[i] and data[i] in SPACES:
        i += 1
    return i


def _start_tag(data: bytes, start: int) -> tuple[str, str, str, int]:
    """Return a tag's name, its argument, the format of its time, and the place after it."""
    at = f"at byte offset {start}"
    i = _while_not(data, start + 1, b">")
    if not data[i]:
        raise Mismatch(f"Unclosed start tag {at}")
    tag = data[start + 1 : i].decode().lower()
    if tag not in TAGS:
        raise Mismatch(f'Unsupported start tag "{tag}" {at}')
    argument = form = ""
    while data[i] != ord(">"):
        i = _blanks(data, i)
        if data[i] == ord(">"):
            break
        begin, i = i, _while_not(data, i, b"=>/\"'")
        name = data[begin:i].decode()
        if not name:
            raise Mismatch(f'Empty attribute name in the tag "{tag}" {at}')
        i = _blanks(data, i)
        value = ""
        has_value = data[i] == ord("=")
        if has_value:
            i = _blanks(data, i + 1)
        if not data[i]:
            raise Mismatch(f'Unclosed start tag "{tag}" {at}')
        if has_value:
            value, i = _attribute(data, i)
        if not data[i]:
            raise Mismatch(f"Unclosed start tag {at}")
        wanted = {
            "a": ("href", ""),
            "blockquote": ("expandable", ""),
            "code": ("class", "language-"),
            "span": ("class", "tg-"),
            "tg-emoji": ("emoji-id", ""),
            "tg-time": ("unix", ""),
        }.get(tag)
        if wanted and name == wanted[0] and value.startswith(wanted[1]):
            argument = "1" if tag == "blockquote" else value.removeprefix(wanted[1])
        elif (tag, name) == ("tg-time", "format"):
            form = value
    if tag == "span" and argument != "spoiler":
        raise Mismatch(f'Tag "span" must have class "tg-spoiler" {at}')
    return tag, argument, form, i + 1


def _attribute(data: bytes, i: int) -> tuple[str, int]:
    """Return an attribute's value, in quotes or without, and the place after it."""
    quote = data[i]
    if quote not in b"'\"":
        match = re.compile(rb"[A-Za-z0-9.-]*").match(data, i)
        assert match
        end = match.end()
        if data[end] not in SPACES + b">":
            raise Mismatch(f"Unexpected end of name token at byte offset {i}")
        return match[0].decode().lower(), end
    i += 1
    value = bytearray()
    while data[i] and data[i] != quote:
        character, end = _character(data, i) if data[i] == ord("&") else ("", i)
        value += character.encode(errors="surrogatepass") if character else data[i : i + 1]
        i = end if character else i + 1
    return value.decode(errors="replace"), i + (data[i] == quote)


def _end_tag(
    data: bytes, start: int, nested: list[tuple[str, str, str, int, int]], out: _Text
) -> int:
    """End the entity of an end tag, and return where the text continues."""
    if not nested:
        raise Mismatch(f"Unexpected end tag at byte offset {start}")
    i = _while_not(data, start + 2, b">")
    name = data[start + 2 : i].decode().lower()
    i = _blanks(data, i)
    if data[i] != ord(">"):
        raise Mismatch(f"Unclosed end tag at byte offset {start}")
    tag, argument, form, begin, first = nested.pop()
    if name and name != tag:
        raise Mismatch(
            f'Unmatched end tag at byte offset {start}, expected "</{tag}>", found "</{name}>"'
        )
    kind = TAGS[tag]
    last = out.entities[-1] if out.entities else {}
    is_same = (last.get("offset"), last.get("length")) == (begin, out.length - begin)
    if kind == "text_link":
        out.link(begin, argument or out.data[first:].decode(errors="replace"))
    elif kind == "custom_emoji":
        if not argument.isdigit() or int(argument) == 0:
            raise Mismatch("Invalid custom emoji identifier specified")
        out.end(kind, begin, custom_emoji_id=argument)
    elif kind == "date_time":
        if not re.fullmatch("-?[0-9]{1,12}", argument):
            raise Mismatch("Invalid time specified")
        out.time(begin, argument, form)
    elif kind == "blockquote" and argument:
        out.end("expandable_blockquote", begin)
    elif kind == "pre" and is_same and last["type"] == "code" and last.get("language"):
        last["type"] = "pre"
    elif kind == "code" and is_same and last["type"] == "pre" and argument:
        last["language"] = argument
    elif kind == "code" and argument:
        out.end(kind, begin, language=argument)
    else:
        out.end(kind, begin)
    return i + 1
