"""What Telegram finds in a text by itself: links, mentions, hashtags, commands …

The rules are those of Telegram's own library (https://github.com/tdlib/td, MessageEntity.cpp), but
for phone numbers, which only its servers find: theirs aren't published.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Spans = Iterator[tuple[int, int]]  # where each begins and ends, in characters

BLANKS = {code: " " for code in range(32) if chr(code) not in "\r\n"}
DOMAINS = Path(__file__).with_name("top_level_domains.txt")
SHORT_NAMES = {"gif", "nft", "pic", "ufc", "vid"}  # of fewer than four letters
NAME = "[A-Za-z0-9_]"

MENTION = re.compile(rf"(?<!\w)@({NAME}{{2,32}})(?!\w)")
COMMAND = re.compile(rf"(?<![\w/<>])/{NAME}{{1,64}}(?:@{NAME}{{3,32}}|(?!@))(?![\w/<>])")
CASHTAG = re.compile(rf"\$(?:1INCH|[A-Z]+)(@{NAME}+)?")
TAGS_BOT = re.compile(rf"@{NAME}{{3,32}}")  # after a hashtag
LONGEST_HASHTAG = 256
LONGEST_CASHTAG = 8
DIGITS = re.compile("[0-9][0-9 -]*")
CARD = re.compile("([0-9]{16,19}) ")  # a number without blanks ends at the first one
PHONE = re.compile(r"(?<![\w+])\+[0-9](?:[ ()-]{0,2}[0-9]){6,14}(?!\w)")

# Characters beyond ASCII and Latin-1's signs, but for blanks and punctuation.
BEYOND = "\xc0-\u167f\u1681-\u1fff\u200c\u200d\u2010-\u2015\u2070-\u2fff\u3001-\U0010ffff"
IN_DOMAIN = re.compile(f"[A-Za-z0-9._~{BEYOND}-]")
AFTER_DOMAIN = re.compile(f"[A-Za-z0-9._~@{BEYOND}-]*")
IN_USER = re.compile("[^\\s/\\[\\]{}()'`<>\"@\xab\xbb\u2000-\u200b\u200e\u200f\u2016-\u206f]")
IN_SCHEME = re.compile("[A-Za-z0-9+-]|[^\x00-\x7f\\s]")
PATH = re.compile('[/?#][^\\s<>"\xab\xbb\u2000-\u200b\u200e\u200f\u2016-\u206f]*')
NOT_LAST = ".:;,('?!`"  # of a path
PORT = re.compile(":0*([1-9][0-9]{0,4})(?![0-9])")
LARGEST_PORT = 65535
OWN_SCHEME = re.compile("tg|ton|(?<=tons)ite", re.I)  # as Telegram does: not all of tonsite
OWN_HOST = re.compile("://[A-Za-z0-9_-]{1,253}")
SCHEME = re.compile("(?:https?|ftp|tonsite)://", re.I)
EMAIL = re.compile(
    r"([a-z0-9_-]{0,26}[.+]){0,10}[a-z0-9_-]{1,35}"
    r"@(([a-z0-9][a-z0-9_-]{0,28})?[a-z0-9]\.){1,6}[a-z]{2,8}",
    re.I | re.ASCII,
)
LONGEST_LABEL = 63  # bytes of a part of a domain
CLOSING = {")": "(", "]": "[", "}": "{"}
IMITATION = "teiegram.org"  # Telegram marks no link to it


def marked(content: Json) -> Json:
    """Return a message's content with what Telegram finds in its text and its caption.

    Entities that are there stay as they are.
    """
    more: Json = {}
    for name, entities in (("text", "entities"), ("caption", "caption_entities")):
        text = content.get(name)
        if isinstance(text, str):
            more[name] = blanked(text)
            if entities not in content and (found := found_in(more[name])):
                more[entities] = found
    return {**content, **more}


def found_in(text: str) -> list[Json]:
    """Return the entities that Telegram finds in a text, in order. None overlaps another."""
    spans = [(begin, end, kind) for kind, find in FINDERS for begin, end in find(text)]
    found = []
    last = 0
    for begin, end, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
        if begin >= last:
            last = end
            if kind != "bank_card_number":  # which only people's apps show
                length = units(text[begin:end])
                found.append({"type": kind, "offset": units(text[:begin]), "length": length})
    return found


def blanked(text: str) -> str:
    """Return a text with blanks for tabs and the like, as Telegram's messages have them."""
    return text.translate(BLANKS)


def units(text: str) -> int:
    """Return a text's length in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def _mentions(text: str) -> Spans:
    for match in MENTION.finditer(text):
        if len(match[1]) >= 4 or match[1].lower() in SHORT_NAMES:
            yield match.span()


def _commands(text: str) -> Spans:
    return (match.span() for match in COMMAND.finditer(text))


def _phone_numbers(text: str) -> Spans:
    return (match.span() for match in PHONE.finditer(text))


# Tags.


def _is_letter(character: str) -> bool:
    return unicodedata.category(character).startswith("L")


def _is_in_tag(character: str) -> bool:
    """Tell whether a character can be part of a hashtag: Sinhala's vowels can, too."""
    return (
        character in "_\u200c\xb7"
        or "\u0d80" <= character <= "\u0dff"
        or unicodedata.category(character) == "Nd"
        or _is_letter(character)
    )


def _hashtags(text: str) -> Spans:
    at = text.find("#")
    while at >= 0:
        end = at + 1
        if not at or not _is_in_tag(text[at - 1]):
            while end < len(text) and _is_in_tag(text[end]):
                end += 1
            last = min(end, at + 1 + LONGEST_HASHTAG)
            if last == end and (bot := TAGS_BOT.match(text, end)):
                last = end = bot.end()
            if (
                any(map(_is_letter, text[at + 1 : last].partition("@")[0]))
                and text[end:][:1] != "#"
            ):
                yield at, last
        at = text.find("#", end)


def _cashtags(text: str) -> Spans:
    for match in CASHTAG.finditer(text):
        begin, end = match.span()
        if match[1] and not TAGS_BOT.fullmatch(match[1]):
            end = match.start(1)
        name = text[begin + 1 : end].partition("@")[0]
        around = text[max(begin - 1, 0) : begin] + text[end : end + 1]
        if len(name) <= LONGEST_CASHTAG and not any(c == "$" or _is_in_tag(c) for c in around):
            yield begin, end


# Cards. A message has no such entity, but no other one either where a card's number is.


def _cards(text: str) -> Spans:
    for match in DIGITS.finditer(text):
        begin = match.start()
        before = text[begin - 1] if begin else " "
        if before in ".,+-_" or _is_letter(before):
            continue
        whole = CARD.match(text, begin)
        number = (whole[1] if whole else match[0]).rstrip(" -")
        digits = re.sub("[ -]", "", number)
        after = text[begin + len(number) : begin + len(number) + 1] or " "
        if (
            13 <= len(digits) <= 19
            and len(number) < 2 * len(digits)
            and not (after in "-_" or _is_letter(after))
            and _is_card(digits)
        ):
            yield begin, begin + len(number)


def _is_card(digits: str) -> bool:
    """Check a number by its last digit, and its length by the card's brand."""
    backwards = [*map(int, reversed(digits))]
    doubled = [sum(divmod(2 * each, 10)) for each in backwards[1::2]]
    if (sum(backwards[::2]) + sum(doubled)) % 10:
        return False
    two, four, length = int(digits[:2]), int(digits[:4]), len(digits)
    if digits[0] == "4":
        return length in (13, 16, 18, 19)
    if 51 <= two <= 55 or 2221 <= four <= 2720 or 2200 <= four <= 2204:
        return length == 16
    if two in (34, 37):
        return length == 15
    return length >= 16 if two in (62, 81) else True


# Links.


def _own_links(text: str) -> Spans:
    """Find links to Telegram and TON, whose hosts have no dots."""
    at = 0
    # Like Telegram, it leaves out a link this short, if its scheme is the end of the one before.
    while len(_bytes(text[at : at + 6])) > 5 and (match := OWN_HOST.search(text, at)):
        dots = match.start()
        at = dots + 1
        for begin in (dots - 3, dots - 2):
            if begin >= 0 and OWN_SCHEME.fullmatch(text, begin, dots):
                at = _path_end(text, match.end())
                yield begin, at


def _path_end(text: str, at: int) -> int:
    """Return the end of the path that begins at a place, or the place if there is none."""
    path = PATH.match(text, at)
    if not path:
        return at
    kept = path[0][0] + path[0][1:].rstrip(NOT_LAST)
    return at + len(kept) if len(kept) > 1 or kept == "/" else at


def _urls(text: str) -> Spans:
    return ((begin, end) for begin, end, is_email in _links(text) if not is_email)


def _emails(text: str) -> Spans:
    return ((begin, end) for begin, end, is_email in _links(text) if is_email)


def _links(text: str) -> Iterator[tuple[int, int, bool]]:
    """Find links and addresses: each with its begin, its end, and whether it is an address."""
    for begin, end in _candidates(text):
        link = text[begin:end]
        address = link.removeprefix("mailto:")
        if EMAIL.fullmatch(address):
            yield end - len(address), end, True
        elif kept := _link(link):
            yield begin, begin + len(kept), False


def _candidates(text: str) -> Spans:
    """Find what could be a link: something around a dot."""
    start = 0  # of what isn't part of an earlier one
    while 0 <= (dot := text.find(".", start)) < len(text) - 1:
        if text[dot + 1] == " ":
            start = dot + 2
            continue
        begin = _back(IN_DOMAIN, text, start, dot)
        domain = AFTER_DOMAIN.match(text, dot)
        assert domain
        end = domain.end()
        has_at = "@" in domain[0]
        if has_at:
            begin = _back(IN_USER, text, start, begin)
        if (port := PORT.match(text, end)) and int(port[1]) <= LARGEST_PORT:
            end = port.end()
        end = _path_end(text, end)
        while end > dot + 1 and text[end - 1] == ".":
            end -= 1
        begin, is_link = _begin(text, start, begin, has_at)
        if is_link:
            if end > dot + 1:
                yield begin, end
            while text[end : end + 1] == ".":
                end += 1
        else:
            end = text.rindex(".", dot, end) + 1
        start = max(end, dot + 1)


def _back(kind: re.Pattern[str], text: str, start: int, end: int) -> int:
    """Return where the characters of a kind begin that end at a place."""
    while end > start and kind.match(text[end - 1]):
        end -= 1
    return end


def _begin(text: str, start: int, begin: int, has_at: bool) -> tuple[int, bool]:
    """Return where a link with a domain begins, and whether it can be one."""
    is_link = True
    if begin > start and text[begin - 1] == "@":
        user = _back(IN_USER, text, start, begin - 1)
        is_link = not has_at and user < begin - 1
        begin = user
    if begin == start:
        return begin, is_link
    if begin - start >= 6 and text.endswith("://", start, begin):
        scheme = text[_back(IN_SCHEME, text, start, begin - 3) : begin - 3].lower()
        refused = {"http": ("shttp",), "https": (), "ftp": ("tftp", "sftp"), "tonsite": ()}
        for name, others in refused.items():
            if scheme.endswith(name) and scheme not in others:
                return begin - len(name) - 3, is_link
        return begin, False
    return begin, is_link and not re.match(r"[\w/#@]", text[begin - 1])


def _link(link: str) -> str:
    """Return as much of a link as Telegram marks, or nothing."""
    scheme = SCHEME.match(link)
    rest = link[scheme.end() :] if scheme else link
    domain = re.split("[/?#]", rest, maxsplit=1)[0]
    path = rest[len(domain) :]
    domain = domain.partition("@")[2] if "@" in domain else domain
    domain = domain.rpartition(":")[0] if ":" in domain else domain
    if domain.lower() == IMITATION:
        return ""
    kept = _balanced(path).rstrip(NOT_LAST)
    return link[: len(link) - len(path) + len(kept)] if _is_domain(domain, bool(scheme)) else ""


def _balanced(path: str) -> str:
    """Return a path until a bracket that closes none of its own."""
    opened = dict.fromkeys(CLOSING.values(), 0)
    for place, character in enumerate(path):
        if character in opened:
            opened[character] += 1
        elif character in CLOSING:
            opened[CLOSING[character]] -= 1
            if opened[CLOSING[character]] < 0:
                return path[:place]
    return path


def _is_domain(domain: str, has_scheme: bool) -> bool:
    parts = domain.split(".")
    if len(parts) == 1 or any(
        not part or len(_bytes(part)) > LONGEST_LABEL or part.endswith("-") for part in parts
    ):
        return False
    if all(re.fullmatch("[0-9]+", part) for part in parts):
        return len(parts) == 4 and all(str(int(p)) == p and int(p) <= 255 for p in parts)
    last = parts[-1]
    if last.startswith("xn--"):
        is_known = re.fullmatch("xn--[A-Za-z0-9]{2,}", last) is not None
    else:
        is_known = len(last) > 1 and not re.search("[_-]", last)
        is_known = is_known and (has_scheme or _is_top_level(last))
    return is_known and "_" not in parts[-2]


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")  # half a character, too


def _is_top_level(name: str) -> bool:
    lower = name.lower()
    if lower != name and lower[1:] == name[1:]:  # the next sentence begins, without a blank
        return False
    return lower in _top_level_domains()


@functools.cache
def _top_level_domains() -> frozenset[str]:
    return frozenset(DOMAINS.read_text(encoding="utf-8").split())


# Where two find the same span, the first one's kind counts.
FINDERS: tuple[tuple[str, Callable[[str], Spans]], ...] = (
    ("mention", _mentions),
    ("bot_command", _commands),
    ("hashtag", _hashtags),
    ("cashtag", _cashtags),
    ("bank_card_number", _cards),
    ("url", _own_links),
    ("url", _urls),
    ("email", _emails),
    ("phone_number", _phone_numbers),
)
