"""Rewrites a language model's Markdown for a rich message.

Telegram accepts HTML in Markdown, even buttons, so text that a model quotes must not become markup.
This module rewrites the text so that every parser sees the same code, formulas and links, and no
other text can start any markup:

- A fence stands at the margin, has no run of three backticks in it, and is closed.
- Characters that could begin markup are written by number, such as "&#96;" for a backtick. Code
  within a line is a span only if it would be harmless outside of one.
- No "<" comes from the model, there is no "![", and each link leads to the web, to a mailbox or to
  a phone.

What Telegram refuses, such as a text that is too long, people get as plain text.

Source: https://core.telegram.org/bots/api#rich-message-formatting-options
"""

from __future__ import annotations

import re
from collections.abc import Iterator

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

URL = (
    r"(?:(?i:https?)://[^\s<>()\[\]\\`]+(?:\([^\s<>()\[\]\\`]*\)[^\s<>()\[\]\\`]*)*"
    r"|mailto:[\w.%+-]+@[\w.-]+|tel:\+?[\d-]+)"
)
TOKEN = re.compile(
    rf"\\(?P<escaped>{PUNCTUATION.pattern})"
    rf"|(?P<ticks>(?<!`)`+(?!`))(?P<code>.+?)(?<!`)(?P=ticks)(?!`)"
    rf"|\]\( *<?(?P<link>{URL})>?(?: +\"[^\"]*\")? *\)"
    r"|\$\$(?P<display>\s*[^\s$][^$]*)\$\$"
    r"|(?<!\$)\$(?P<formula>[^\s$](?:[^$]*[^\s$])?)\$(?![\d$])"
    r"|(?P<br><br */?>)"
    r"|(?P<risk>(?<!!)!+(?=!\[)|!(?=\[)|(?<=\])[(:]|~{3,}|[<`$\\])"
    r"|(?P<bar>\|)"
)


def render(text: str) -> str:
    """Return the Markdown that shows a text, or "" if it has no words."""
    return "\n\n".join(_Scanner([*_lines(text)]).blocks())


def _by_number(text: str) -> str:
    """Return a line in which no character is markup."""
    return PUNCTUATION.sub(lambda found: f"&#{ord(found[0])};", text)


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
        self._text: list[str] = []  # the current paragraphs, lists and quotes
        self._is_list = False
        self._goes_on = False  # the previous line's paragraph

    def blocks(self) -> Iterator[str]:
        """Yield the Markdown of each block."""
        while self._at < len(self._lines):
            line = self._line(self._at)
            if not line:
                yield from self._end()
                self._at += 1
                continue
            found = self._fence(line)
            if found is None:
                found = self._table(line)
            if found is None and RULE.fullmatch(line):
                found, self._at = ["---"], self._at + 1
            if found is None:
                self._add(line)
            else:
                yield from self._end()
                yield from found
        yield from self._end()

    def _line(self, at: int) -> str:
        """Return a line, or "" after the last one."""
        return "".join(self._lines[at : at + 1]).expandtabs(4).rstrip()

    def _end(self) -> Iterator[str]:
        """Yield the current text, if there is any."""
        if self._text:
            yield "\n".join(self._text).rstrip(" ")
        self._text = []
        self._goes_on = False

    def _fence(self, line: str) -> list[str] | None:
        """Take code or a formula between fences, also in a list, and return it at the margin."""
        found = FENCE.fullmatch(line)
        if not found:
            return None
        prefix, fence, language = found.groups()
        first, blocks = self._at, []
        closing = re.compile(rf" *{re.escape(fence[0])}{{{len(fence)},}} *")
        rest = self._lines[self._at + 1 :]
        if fence == "$$":
            if prefix.strip() or not any(closing.fullmatch(each) for each in rest):
                return None
            language = "math"
        if prefix.strip():  # an item's number, or a bullet
            self._add(prefix.rstrip())
            blocks = [*self._end()]
        spaces = re.compile(f" {{0,{len(prefix)}}}")
        code = []
        self._at = first + 1
        for each in rest:
            self._at += 1
            if closing.fullmatch(each):
                break
            # A simple parser would end the code there. For Markdown in a fence this is the same.
            code.append(RUN.sub("~~~", spaces.sub("", each, 1)))
        self._is_list = False
        if any(each.strip() for each in code):
            blocks.append("\n".join([f"```{language[:30]}", *code, "```"]))
        return blocks

    def _table(self, line: str) -> list[str] | None:
        """Take a table with rows, and return it at the margin."""
        rules = self._line(self._at + 1).strip()
        if not all("|" in each for each in (line, rules, self._line(self._at + 2))):
            return None
        header, cells = _cells(line), _cells(rules)
        columns = len(header)
        if len(cells) != columns or not all(re.fullmatch(":?-+:?", cell) for cell in cells):
            return None
        rows = [_row(header, columns), f"|{'|'.join(cells)}|"]
        self._at += 2
        while "|" in (line := self._line(self._at)):
            rows.append(_row(_cells(line), columns))
            self._at += 1
        return ["\n".join(rows)]

    def _add(self, line: str) -> None:
        """Take a line of text."""
        prefix, at, is_item = "", 0, False
        while found := MARKER.match(line, at):
            spaces, marker = found.groups()
            # Four spaces would be code, except at the margin of a list.
            indent = min(len(spaces), MAX_INDENT if self._is_list and not at else 3)
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
            self._text[-1] += "  "  # Telegram would join the lines
        self._text.append(prefix + _inline(content))
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
    return TOKEN.sub(lambda found: _rewrite(found, is_cell), text)


def _rewrite(found: re.Match[str], is_cell: bool) -> str:
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
