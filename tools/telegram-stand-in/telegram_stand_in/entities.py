"""What Telegram finds in a text by itself: links, mentions, hashtags, commands …

The rules follow those of Telegram's own library (https://github.com/tdlib/td, MessageEntity.cpp).
Of top-level domains, only those of two letters and some common ones are known.
"""

from __future__ import annotations

import re

from .bot_api import Json

# Of a message. What Telegram does with more isn't published: here, they are left out.
MAX_ENTITIES = 100

BLANKS = {code: " " for code in range(32) if chr(code) not in "\r\n"}
NAME = "[A-Za-z0-9_]"
COMMAND = re.compile(rf"(?<![\w/<>])/{NAME}{{1,64}}(?:@{NAME}{{3,32}}|(?!@))(?![\w/<>])")
DOMAINS = (
    "agency app art bank biz blog cafe center city cloud club com community company design dev "
    "digital edu email events expert fun games gov group guru health host info int life link live "
    "ltd media mil mobi name net network news one online org page photo press pro shop site social "
    "software space store studio tech today tools top travel video wiki work world xyz zone "
    "[a-z]{2} xn--[a-z0-9]{2,} рф"
)
TOP_LEVEL = f"(?:{DOMAINS.replace(' ', '|')})(?![\\w-])"
LABEL = r"(?!-)[\w-]{1,63}(?<!-)"
REST = r"(?::[0-9]{1,5}(?![0-9]))?(?:[/?#][^\s<>\"«»]*)?"
SCHEME = "(?:https?|ftp|tonsite)://(?:[^\\s@/]{1,64}@)?"
BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
ADDRESS = rf"(?:{BYTE}\.){{3}}{BYTE}(?![\w.-])"
LABELS = rf"(?:{LABEL}\.){{1,8}}"
FINDERS = {
    "email": re.compile(
        rf"(?<![\w.@+-])[a-z0-9_.+-]{{1,64}}@(?:{LABEL}\.){{1,6}}{TOP_LEVEL}", re.I | re.A
    ),
    "url": re.compile(
        rf"(?<![\w@/#.-])(?:{SCHEME}(?:{ADDRESS}|{LABELS}[^\W\d_]{{2,24}}(?![\w-]))"
        rf"|{ADDRESS}|{LABELS}{TOP_LEVEL}){REST}|(?<!\w)(?:tg|ton)://[\w-]{{1,64}}{REST}",
        re.I,
    ),
    "mention": re.compile(rf"(?<!\w)@(?:{NAME}{{4,32}}|gif|nft|pic|vid)(?!\w)"),
    "bot_command": COMMAND,
    "hashtag": re.compile(rf"(?<!\w)#(?=\w*[^\W\d_])\w{{1,256}}(?:@{NAME}{{3,32}})?(?!#)"),
    "cashtag": re.compile(rf"(?<![\w$])\$(?:1INCH|[A-Z]{{1,8}})(?:@{NAME}{{3,32}})?(?![\w$])"),
    "phone_number": re.compile(r"(?<![\w+])\+[0-9](?:[ ()-]{0,2}[0-9]){6,14}(?!\w)"),
}
NOT_LAST = ".:;,()]'?!`"  # of a link


def add_entities(content: Json) -> Json:
    """Return a message's content with what Telegram finds in its text and its caption.

    Entities that are there stay as they are.
    """
    more: Json = {}
    for name, entities in (("text", "entities"), ("caption", "caption_entities")):
        text = content.get(name)
        if isinstance(text, str):
            more[name] = replace_blanks(text)
            if entities not in content and (found := find_entities(more[name])):
                more[entities] = found
    return {**content, **more}


def find_entities(text: str) -> list[Json]:
    """Return the entities that Telegram finds in a text, in order. None overlaps another."""
    spans = []
    for kind, finder in FINDERS.items():
        for match in finder.finditer(text):
            begin, end = match.span()
            if kind == "url":
                link = match[0].rstrip(NOT_LAST)
                end = begin + len(link)
                if re.search(r"\w\.[A-Z][a-z]+$", link) and "://" not in link:
                    continue  # the next sentence begins, without a blank
            spans.append((begin, end, kind))
    found: list[Json] = []
    last = offset = 0
    for begin, end, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
        if begin < last or len(found) == MAX_ENTITIES:
            continue
        offset += units(text[last:begin])
        length = units(text[begin:end])
        found.append({"type": kind, "offset": offset, "length": length})
        last, offset = end, offset + length
    return found


def replace_blanks(text: str) -> str:
    """Return a text with blanks for tabs and the like, as Telegram's messages have them."""
    return text.translate(BLANKS)


def units(text: str) -> int:
    """Return a text's length in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)
