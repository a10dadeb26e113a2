"""Rewrites a language model's Markdown for a rich message.

Telegram accepts HTML in Markdown, even buttons, so text that a model quotes must not become markup.
This module rewrites the text so that every parser sees the same code, formulas and links, and no
other text can start any markup:

- A fence stands at the margin, has no run of three backticks in it, and is closed.
- Characters that could begin markup are written by number, such as "&#96;" for a backtick. Code
  within a line is a span only if it would be harmless outside of one.
- No "<" comes from the model, there is no "![", and each link leads to the web, to a mailbox or to
  a phone.

What Telegram refuses, such as a list that is too deep, people get as plain text.

Source: https://core.telegram.org/bots/api#rich-message-formatting-options
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

# Telegram's limits of a message. This module also counts markup, so Telegram counts less.
MAX_UNITS = 30_768  # UTF-16 code units of 32,768
MAX_BLOCKS = 500
MAX_INDENT = 6  # in a list: more could be code

# A part of a line, cut at a space: at most 4000 characters. By number, each takes up to six.
PART = re.compile(".{1,4000}$|.{2000,3999} |.{4000}")

DROPPED = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e]")  # as Telegram does
PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
RISKY = re.compile(r"[<\[\]|$`]")  # in code within a line
RUN = re.compile("(?:`[^ -~]*){3,}")  # a parser may drop what isn't ASCII
FENCE = re.compile(
    r"((?: *(?:[-*+](?= )|\d{1,9}[.)](?= )))* *)(`{3,}(?=[^`]*$)|~{3,}|\$\$(?= *$))"
    r" *([\w+#.-]*).*",
    re.ASCII,
)
MARKER = re.compile(r"( *)(>|(?:[-*+]|\d{1,9}[.)])(?= |$)) ?")
HEADING = re.compile(r"#{1,6} +")
RULE = re.compile(r" *([-*_])(?: *\1){2,} *")
# At most nine: for each longer run of backticks, the whole line would be searched.
TICKS = "(?<!`)`{1,9}(?!`)"

URL = (
    r"(?:(?i:https?)://[^\s<>()\[\]\\`]+(?:\([^\s<>()\[\]\\`]*\)[^\s<>()\[\]\\`]*)*"
    r"|mailto:[\w.%+-]+@[\w.-]+|tel:\+?[\d-]+)"
)
TOKEN = re.compile(
    rf"\\(?P<escaped>{PUNCTUATION.pattern})"
    rf"|(?P<ticks>{TICKS})(?P<code>.+?)(?<!`)(?P=ticks)(?!`)"
    rf"|\]\( *<?(?P<link>{URL})>?(?: +\"[^\"]*\")? *\)"
    r"|\$\$(?P<display>\s*[^\s$][^$]*)\$\$"
    r"|(?<!\$)\$(?P<formula>[^\s$](?:[^$]*[^\s$])?)\$(?![\d$])"
    r"|(?P<br><br */?>)"
    r"|(?P<risk>(?<!!)!+(?=!\[)|!(?=\[)|(?<=\])[(:]|~{3,}|[<`$\\])"
    r"|(?P<bar>\|)"
)


class Block:
    """Lines that belong together, and what opens and closes them in each message.

    A line is its Markdown, how many blocks it is for Telegram, and its number in the source.
    """

    def __init__(self, opening: str = "", closing: str = "", blocks: int = 0) -> None:
        self.opening = opening
        self.closing = closing
        self.blocks = blocks
        self.lines: list[tuple[str, int, int]] = []


def messages(text: str, *, tail: str = "") -> list[tuple[str, str]]:
    """Return the messages that show a text: the Markdown of each, and its source.

    A `tail` is written after the last message.
    """
    lines = list(_lines(text))
    made: list[list[tuple[Block, str]]] = [[]]
    starts = [0]  # lines of the source
    units = blocks = 0
    for block in _Scanner(lines).blocks():
        around = _units(block.opening + block.closing) + 1
        units, blocks = units + around, blocks + block.blocks
        for line, counted, at in block.lines:
            units, blocks = units + _units(line) + 1, blocks + counted
            if made[-1] and (units > MAX_UNITS or blocks > MAX_BLOCKS):
                made.append([])
                starts.append(at)
                units, blocks = around + _units(line) + 1, block.blocks + counted
            made[-1].append((block, line))
    if not made[0]:
        return []
    written = [_joined(parts) for parts in made]
    if tail:
        written[-1] += f"\n\n{tail}"
    ends = [*starts[1:], len(lines)]
    sources = ("\n".join(lines[start:end]) for start, end in zip(starts, ends, strict=True))
    return [*zip(written, sources, strict=True)]


def _joined(parts: list[tuple[Block, str]]) -> str:
    """Return lines, each with its block, as the Markdown of a message."""
    found = []
    for block, group in groupby(parts, itemgetter(0)):
        lines = "\n".join(line for _, line in group)
        found.append(block.opening + lines.rstrip(" ") + block.closing)
    return "\n\n".join(found)


def _by_number(text: str) -> str:
    """Return a line in which no character is markup."""
    return PUNCTUATION.sub(lambda found: f"&#{ord(found[0])};", text)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a text, without characters that Telegram drops before it reads markup."""
    # Join surrogate pairs that chunks have cut in two.
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    text = re.sub("\r\n?|[\u2028\u2029]", "\n", text)
    for line in DROPPED.sub("", text).split("\n"):
        yield from PART.findall(line) or [line]


class _Scanner:
    """Finds the blocks of a text, and rewrites them."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0
        self._text = Block()  # the current paragraphs, lists and quotes
        self._is_list = False
        self._goes_on = False  # the previous line's paragraph

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks."""
        while self._at < len(self._lines):
            line = self._line(self._at)
            if not line:
                yield from self._end()
                self._at += 1
                continue
            takers = (self._fence, self._table, self._rule)
            found = next((taken for take in takers if (taken := take(line)) is not None), None)
            if found is None:
                self._add(line)
            else:
                yield from self._end()
                yield from found
        yield from self._end()

    def _line(self, at: int) -> str:
        """Return a line, or "" after the last one."""
        return "".join(self._lines[at : at + 1]).expandtabs(4).rstrip()

    def _end(self) -> Iterator[Block]:
        """Yield the current text, if there is any."""
        if self._text.lines:
            yield self._text
        self._text = Block()
        self._goes_on = False

    def _fence(self, line: str) -> list[Block] | None:
        """Take code or a formula between fences, also in a list, and return it at the margin."""
        found = FENCE.fullmatch(line)
        if not found:
            return None
        prefix, fence, language = found.groups()
        first, blocks = self._at, []
        closing = re.compile(rf" *{re.escape(fence[0])}{{{len(fence)},}} *")
        rest = range(first + 1, len(self._lines))
        if fence == "$$":
            if prefix.strip() or not any(closing.fullmatch(self._lines[at]) for at in rest):
                return None
            language = "math"
        if prefix.strip():  # an item's number, or a bullet
            self._add(prefix.rstrip())
            blocks = [*self._end()]
        spaces = re.compile(f" {{0,{len(prefix)}}}")
        code = Block(f"```{language[:30]}\n", "\n```", blocks=1)
        self._at = first + 1
        for at in rest:
            self._at += 1
            line = self._lines[at]
            if closing.fullmatch(line):
                break
            # A simple parser would end the code there. For Markdown in a fence this is the same.
            code.lines.append((RUN.sub("~~~", spaces.sub("", line, 1)), 0, at))
        self._is_list = False
        return [*blocks, code] if any(line.strip() for line, _, _ in code.lines) else blocks

    def _rule(self, line: str) -> list[Block] | None:
        if not RULE.fullmatch(line):
            return None
        rule = Block()
        rule.lines.append(("---", 1, self._at))
        self._at += 1
        return [rule]

    def _table(self, line: str) -> list[Block] | None:
        """Take a table with rows, and return it at the margin."""
        rules = self._line(self._at + 1).strip()
        if not all("|" in each for each in (line, rules, self._line(self._at + 2))):
            return None
        header, cells = _cells(line), _cells(rules)
        columns = len(header)
        if len(cells) != columns or not all(re.fullmatch(":?-+:?", cell) for cell in cells):
            return None
        block = Block(f"{_row(header, columns)}\n|{'|'.join(cells)}|\n", blocks=2)
        self._at += 2
        while "|" in (line := self._line(self._at)):
            block.lines.append((_row(_cells(line), columns), 1, self._at))
            self._at += 1
        return [block]

    def _add(self, line: str) -> None:
        """Take a line of text."""
        prefix, at, levels, is_item = "", 0, 0, False
        while found := MARKER.match(line, at):
            spaces, marker = found.groups()
            # Four spaces would be code, except at the margin of a list.
            indent = min(len(spaces), MAX_INDENT if self._is_list and not at else 3)
            levels += 1 + indent // 2
            is_item = marker != ">"
            self._is_list |= is_item
            prefix += " " * indent + marker + " "
            at = found.end()
        content = line[at:].lstrip(" ")
        if not at:
            indent = len(line) - len(content)
            self._is_list &= bool(indent)
            prefix = " " * min(indent, MAX_INDENT) * self._is_list
        heading = HEADING.match(content)
        if heading:
            prefix, content = prefix + heading[0], content[heading.end() :]
        if self._goes_on and content and not is_item and not heading:
            before, blocks, number = self._text.lines[-1]
            self._text.lines[-1] = (before + "  ", blocks, number)  # Telegram would join the lines
        self._text.lines.append((prefix + _inline(content), 1 + 2 * levels, self._at))
        self._goes_on = bool(content) and not heading
        self._at += 1


def _cells(row: str) -> list[str]:
    """Return the cells of a row. A bar in code doesn't end one, as it does for GitHub."""
    row = row.strip().removeprefix("|")
    cells, at = [], 0
    for found in TOKEN.finditer(row):
        if found["bar"]:
            cells.append(row[at : found.start()].strip())
            at = found.end()
    rest = row[at:].strip()
    return [*cells, rest] if rest or not cells else cells


def _row(cells: list[str], columns: int) -> str:
    """Write a row of a table. Surplus cells go into the last one."""
    cells = [*cells[: columns - 1], " | ".join(cells[columns - 1 :])]
    return f"| {' | '.join(_inline(cell, is_cell=True) for cell in cells)} |"


def _inline(text: str, *, is_cell: bool = False) -> str:
    """Write the text of a line, with only the markup that this module knows."""
    return TOKEN.sub(lambda found: _written(found, is_cell), text)


def _written(found: re.Match[str], is_cell: bool) -> str:
    """Write what TOKEN found."""
    match found.lastgroup:
        case "code" if found["code"].strip():  # dropping blank code would join its sides
            return _code(found["code"], is_cell)
        case "link":
            return f"]({_url(found['link'])})"
        case "display" | "formula":
            return _formula(found["display"] or found["formula"], is_cell)
        case "br" if is_cell:  # a separate line would be HTML, with any text after it
            return "<br>"
        case "bar" if not is_cell:
            return "|"
        case "escaped":
            return _by_number(found["escaped"])
    return found[0].replace("<", "&lt;") if "<" in found[0] else _by_number(found[0])


def _code(code: str, is_cell: bool) -> str:
    """Write code within a line."""
    code = code.strip()
    if is_cell:
        code = code.replace(r"\|", "|")
    return f"<code>{_by_number(code)}</code>" if RISKY.search(code) else f"`{code}`"


def _url(url: str) -> str:
    return url.replace("|", "%7C").replace("$", "%24")


def _formula(formula: str, is_cell: bool) -> str:
    """Write a formula within a line, without markup: a parser may read it as text."""
    formula = formula.strip().replace("<", r"\lt ").replace("`", "'")
    formula = re.sub(r"(?<=\])(?=[(:])|(?<=!)(?=\[)", " ", formula)
    if is_cell:
        formula = formula.replace(r"\|", r"\Vert ").replace("|", r"\vert ")
    return f"${formula.rstrip()}$"
