"""Compare how the stand-in for Telegram reads texts with how TDLib does, Telegram's own library.

It reads random texts in each format, and random texts of people beside those in the stand-in's
tests/texts.txt. Where the two differ, repair the stand-in, and add the text to its tests. TDLib
isn't Telegram in all: these differences are known, and not shown.

  the words of errors   their number is shown, and with --words they are
  phone numbers         TDLib doesn't find them: only Telegram's servers do
  10:30 (a timestamp)   a bot gets no such entity. TDLib marks nothing else there; a server doesn't
                        know how long the message's video is
  a tab, control codes  Telegram replaces them before it looks for entities
  no answer             TDLib ends on texts that no message can have, such as half a character

Exit code: 0 if there are no others, 1 if there are, 2 if TDLib doesn't start.
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from telegram_bot_aws.local.project import ROOT
from telegram_stand_in import markup
from telegram_stand_in.bot_api import Mismatch
from telegram_stand_in.found import DOMAINS, found_in

Json = dict[str, Any]


class Reading(NamedTuple):
    """A text without its markup, and its entities in short; or why it is refused."""

    text: str
    entities: list[str]
    error: str = ""


TEXTS = ROOT / "tools/telegram-stand-in/tests/texts.txt"
USER = 5
# What TDLib marks beside the domains that are registered: some are no more, and TON has its own.
MORE_DOMAINS = {"dabur", "kerrylogistics", "lipsy", "ton"}

MODES: dict[str, tuple[Json, Callable[..., tuple[str, list[Json]]], list[str]]] = {
    "MarkdownV2": (
        {"@type": "textParseModeMarkdown", "version": 2},
        markup.markdown_v2,
        [*"*_~`[]()>\n\\ .-aé👍\r", "__", "||", "```", "py\n", "\\.", "**>", "||\n", "![", "\n>"]
        + ["](http://a.bc)", "](tg://emoji?id=5)", f"](tg://user?id={USER})"],
    ),
    "Markdown": (
        {"@type": "textParseModeMarkdown", "version": 1},
        markup.markdown,
        [*"*_`[]()\n\\ .-aé👍", "```", "py\n", "\\_", "](http://a.bc)", f"](tg://user?id={USER})"],
    ),
    "HTML": (
        {"@type": "textParseModeHTML"},
        markup.html,
        [f"<{end}{tag}>" for tag in ("b", "i", "u", "s", "code", "pre", "a") for end in ("", "/")]
        + ["<tg-spoiler>", "</tg-spoiler>", "<blockquote expandable>", "<blockquote>", "</>", "<p>"]
        + ["</blockquote>", '<span class="tg-spoiler">', "</span>", '<code class="language-py">']
        + ['<a href="http://a.bc">', "<a href='b.cd/?q&amp;r'>", f'<a href="tg://user?id={USER}">']
        + ['<tg-emoji emoji-id="5">', "</tg-emoji>", "<b x=1>", "<STRONG>", "</Strong >", "<ins\n>"]
        + [*"<>&;a \né👍", "&lt;", "&amp", "&#65;", "&#x1F44D;", "&nbsp;", "&#0;"],
    ),
}
OF_PEOPLE = [
    *(
        "Z ß т 中 👍 _ - ~ . .. , ; : ! ? ( ) [ ] { } < > « » \" ' ` / // :// @ # $ * + = % & | "
        "1 2 0 12 255 256 \\ \u200b \u200c \u2013 \u2028 \u3000 \xa0 \xb7 \xb2 Ⅷ ක ४ com org uk ru "
        "рф dev Com World py http:// https:// ftp:// sftp:// tg:// ton:// tonsite:// mailto: www. "
        "t.me user example.com a@b.co 4242424242424242 4242 5555 USD 1INCH bot xn--p1ai :8080 :0 "
        "localhost 127.0.0.1 ab abc vid teiegram.org 10:30 +1"
    ).split(" "),
    *[" "] * 9,
    "\n",
]
KINDS = {
    "BlockQuote": "blockquote",
    "EmailAddress": "email",
    "ExpandableBlockQuote": "expandable_blockquote",
    "MentionName": "text_mention",
    "PreCode": "pre",
    "TextUrl": "text_link",
}


class TDLib:
    """TDLib in a program of its own, which is started again when it has ended."""

    def __init__(self) -> None:
        self._program: subprocess.Popen[str] | None = None

    def __enter__(self) -> TDLib:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._program:
            self._program.kill()
            self._program.communicate()

    def ask(self, kind: str, **request: Any) -> Json | None:
        """Return TDLib's answer, or None if it ended instead."""
        if not self._program:
            command = [sys.executable, f"{Path(__file__).with_name('tdlib.py')}"]
            pipe = subprocess.PIPE
            self._program = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
            )
        assert self._program.stdin and self._program.stdout
        self._program.stdin.write(json.dumps({"@type": kind, **request}) + "\n")
        self._program.stdin.flush()
        line = self._program.stdout.readline()
        if not line:
            self._program.communicate()
            self._program = None
            return None
        answer: Json = json.loads(line)
        return answer


def theirs(tdlib: TDLib, text: str, mode: str = "") -> Reading | None:
    """Return how TDLib reads a text, or None if it gives no answer."""
    if mode:
        answer = tdlib.ask("parseTextEntities", text=text, parse_mode=MODES[mode][0])
    else:
        answer = tdlib.ask("getTextEntities", text=text)
    if answer is None:
        return None
    if answer["@type"] == "error":
        return Reading("", [], answer["message"].removeprefix("Can't parse entities: "))
    return Reading(answer.get("text", text), [_shown(each) for each in answer["entities"]])


def _shown(entity: Json) -> str:
    kind = entity["type"]["@type"].removeprefix("textEntityType")
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in kind).lstrip("_")
    about = ("custom_emoji_id", "language", "url", "user_id")
    more = " ".join(f"{entity['type'][name]}" for name in about if name in entity["type"])
    return f"{KINDS.get(kind, snake)} {entity['offset']}+{entity['length']} {more}".strip()


def ours(text: str, mode: str = "") -> Reading:
    """Return how the stand-in reads a text."""
    entities = found_in(text)
    if mode:
        try:
            text, entities = MODES[mode][1](text, {USER: {"id": USER}})
        except Mismatch as mismatch:
            return Reading("", [], f"{mismatch}")
        entities = markup.ordered(entities)
    shown = []
    for each in entities:
        about = [each[name] for name in ("custom_emoji_id", "language", "url") if name in each]
        about += [each["user"]["id"]] if "user" in each else []
        shown.append(
            " ".join(map(str, [each["type"], f"{each['offset']}+{each['length']}", *about]))
        )
    return Reading(text, shown)


def is_known(theirs: Reading, ours: Reading) -> bool:
    """Tell whether two readings differ only as this command's description says."""
    stamps = [_span(each) for each in theirs.entities if each.startswith("media_timestamp")]

    def kept(entities: list[str]) -> list[str]:
        left_out = ("bank_card_number", "media_timestamp", "phone_number")
        return [each for each in entities if not each.startswith(left_out)]

    def overlaps(entity: str) -> bool:
        begin, end = _span(entity)
        return any(begin < last and end > first for first, last in stamps)

    beside = [each for each in kept(ours.entities) if not overlaps(each)]
    same_text = (theirs.text, theirs.error) == (ours.text, ours.error)
    return same_text and kept(theirs.entities) == beside


def _span(entity: str) -> tuple[int, int]:
    offset, _, length = entity.split(" ")[1].partition("+")
    return int(offset), int(offset) + int(length)


def renew_domains(tdlib: TDLib) -> None:
    """Write the top-level domains: those of tldextract's list that TDLib knows."""
    import tldextract

    listed = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None).tlds
    names = {name.rpartition(".")[2] for name in listed} | MORE_DOMAINS
    known = [
        name for name in sorted(names) if (found := theirs(tdlib, f"a.{name}")) and found.entities
    ]
    DOMAINS.write_text("\n".join(known) + "\n", encoding="utf-8")
    print(f"{len(known)} top-level domains of {len(names)}")


def compare(tdlib: TDLib, name: str, mode: str, texts: list[str], words: bool) -> bool:
    """Print how the readings of texts differ, and return whether they don't."""
    told: list[tuple[str, Reading, Reading]] = []
    count = collections.Counter[str]()
    for text in texts:
        their, our = theirs(tdlib, text, mode), ours(text, mode)
        if their is None:
            count["without an answer"] += 1
        elif not is_known(their, our):
            are_errors = bool(their.error and our.error)
            count["with other words" if are_errors else "different"] += 1
            if words or not are_errors:
                told.append((text, their, our))
    print(f"{name}: {len(texts)} texts", *(f"{n} {what}" for what, n in count.items()), sep=", ")
    for text, their, our in sorted(told, key=lambda each: len(each[0]))[:20]:
        print(f"  {text!r}\n    TDLib    {[*their]}\n    stand-in {[*our]}")
    return not count["different"]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/compare-texts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--texts", type=int, default=20_000, help="of each kind (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another one makes other texts")
    parser.add_argument("--words", action="store_true", help="also show other words of errors")
    parser.add_argument(
        "--domains", action="store_true", help="first renew the list of top-level domains"
    )
    chosen = parser.parse_args()
    chance = random.Random(chosen.seed)
    listed = [line.partition(" → ")[0] for line in TEXTS.read_text(encoding="utf-8").splitlines()]

    def some(tokens: list[str]) -> list[str]:
        numbers = (chance.randint(1, 9) for _ in range(chosen.texts))
        return ["".join(chance.choices(tokens, k=number)) for number in numbers]

    with TDLib() as tdlib:
        if theirs(tdlib, "TDLib") is None:
            print("TDLib doesn't start: python -c 'import tdjson' says why", file=sys.stderr)
            return 2
        if chosen.domains:
            renew_domains(tdlib)
        same = [
            compare(tdlib, mode, mode, some(tokens), chosen.words)
            for mode, (_, _, tokens) in MODES.items()
        ]
        same.append(compare(tdlib, "people", "", listed + some(OF_PEOPLE), chosen.words))
    return 0 if all(same) else 1


if __name__ == "__main__":
    sys.exit(main())
