"""Rewrites a language model's Markdown for a rich message.

Telegram accepts HTML in Markdown, even buttons, so text that a model quotes must not become markup.
This module rewrites the text so that every parser sees the same code, formulas and links, and no
other text can start any markup:

- A fence stands at the margin, is longer than any run of backticks in it, and is closed.
- Characters that could begin markup are written by number, such as "&#96;" for a backtick. Code
  within a line is a span only if it would be harmless outside of one.
- No "<" comes from the model, there is no "![", and each link leads to the web, to a mailbox or to
  a phone.

Source: https://core.telegram.org/bots/api#rich-message-formatting-options
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Telegram's limits of a message. This module also counts markup, so Telegram counts less.
MAX_UNITS = 30_768  # UTF-16 code units of 32,768; the rest is for additions below a text
MAX_BLOCKS = 500
MAX_COLUMNS = 20
MAX_LEVELS = 4  # of lists and quotes: each may count as two of Telegram's 16
MAX_MARKS = 4  # nested: bold, italic and so on

# A part of a line, cut at a space: at most 4000 characters. By number, each takes up to six.
PART = re.compile(".{1,4000}$|.{2000,3999} |.{4000}")

DROPPED = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e]")  # as Telegram does
PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
RISKY = re.compile(r"[<\[\]|$`]")  # in code within a line
FENCE = re.compile(
    r"((?: *(?:>|[-*+](?= )|\d{1,9}[.)](?= )))* *)(`{3,}(?=[^`]*$)|~{3,}) *([\w+#.-]*).*", re.ASCII
)
MARKER = re.compile(r"( *)(>|(?:[-*+]|\d{1,9}[.)])(?= |$)) ?")
HEADING = re.compile(r"#{1,6} +")
FOOTNOTE = re.compile(r"\[\^[\w-]+\]: ")
RULE = re.compile(r" *([-*_])(?: *\1){2,} *")
# At most nine: for each longer run of backticks, the whole line would be searched.
TICKS = "(?<!`)`{1,9}(?!`)"
CELL = re.compile(rf"({TICKS}).*?(?<!`)\1(?!`)|\\.|(?<!\$)\$[^\s$](?:[^$]*[^\s$])?\$(?![\d$])|(\|)")

URL = (
    r"(?:(?i:https?)://[^\s<>()\[\]\\`]+(?:\([^\s<>()\[\]\\`]*\)[^\s<>()\[\]\\`]*)*"
    r"|mailto:[\w.%+-]+@[\w.-]+|tel:\+?[\d-]+)"
)
TARGET = rf"\]\( *<?(?P<KIND>{URL})>?(?: +\"[^\"]*\")? *\)"
TOKEN = re.compile(
    rf"\\(?P<escaped>{PUNCTUATION.pattern})"
    rf"|(?P<ticks>{TICKS})(?P<code>.+?)(?<!`)(?P=ticks)(?!`)"
    rf"|!\[(?P<label>[^\[\]]*){TARGET.replace('KIND', 'image')}"
    rf"|{TARGET.replace('KIND', 'link')}"
    rf"|\]: +(?P<definition>{URL})(?= |$)"
    r"|\$\$(?P<display>\s*[^\s$][^$]*)\$\$"
    r"|(?<!\$)\$(?P<formula>[^\s$](?:[^$]*[^\s$])?)\$(?![\d$])"
    r"|(?P<br><br */?>)"
    r"|(?P<risk>(?<!!)!+(?=!\[)|!(?=\[)|(?<=\])[(:]|~{3,}|[<`$\\])"
    r"|(?P<mark>\*{1,3}|_{1,3}|~~|==|\|\|)"
    r"|(?P<bar>\|)"
)
CUT_LINK = re.compile(r"!?\[ *+([^\[\]]*+)(?:\]\([^()\s]*)?$")
CUT_CODE = re.compile(rf"({TICKS})((?:(?!\1).)*)$")
CUT_MARKS = re.compile(r"(?<![*_~=|`\s])[*_~=|`\s]+$")


class Block:
    """Lines that belong together, and the marks that open and close them in each message.

    A line is its Markdown, how many blocks it is for Telegram, and its number in the source.
    """

    def __init__(
        self, first: int, opening: str | None = None, closing: str | None = None, blocks: int = 0
    ) -> None:
        self.first = first  # line of the source
        self.opening = opening
        self.closing = closing
        self.lines: list[tuple[str, int, int]] = []
        self.own_blocks = blocks
        self.is_text = opening is None

    def __str__(self) -> str:
        lines = [self.opening, *(line for line, _, _ in self.lines), self.closing]
        return "\n".join(line for line in lines if line is not None).rstrip(" ")

    @property
    def units(self) -> int:
        """Its length, with a blank line."""
        return _units(str(self)) + 2

    @property
    def blocks(self) -> int:
        """How many blocks it is for Telegram."""
        return self.own_blocks + sum(blocks for _, blocks, _ in self.lines)

    def cut(self) -> Iterator[Block]:
        """Yield parts of the block that each fit into a message."""
        part = Block(self.first, self.opening, self.closing, self.own_blocks)
        around = _units((self.opening or "") + (self.closing or "")) + 3
        units, blocks = around, self.own_blocks
        for line in self.lines:
            more = _units(line[0]) + 1
            if part.lines and (units + more > MAX_UNITS or blocks + line[1] > MAX_BLOCKS):
                yield part
                part = Block(line[2], self.opening, self.closing, self.own_blocks)
                units, blocks = around, self.own_blocks
            part.lines.append(line)
            units += more
            blocks += line[1]
        yield part


def messages(text: str, *, is_half: bool = False, tail: str = "") -> list[tuple[str, str]]:
    """Return the messages that show a text: the Markdown of each, and its source.

    If the text `is_half`, unfinished markup at its end is closed or left out. A `tail` is written
    after the last message.
    """
    lines = list(_lines(text))
    made: list[list[Block]] = []
    units = blocks = 0
    for block in _Scanner(lines, is_half).blocks():
        for part in block.cut():
            units += part.units
            blocks += part.blocks
            if not made or units > MAX_UNITS or blocks > MAX_BLOCKS:
                made.append([])
                units, blocks = part.units, part.blocks
            made[-1].append(part)
    ends = [*(parts[0].first for parts in made[1:]), len(lines)]
    found = [
        ("\n\n".join(map(str, parts)), "\n".join(lines[first:end]))
        for parts, first, end in zip(made, [0, *ends], ends, strict=False)
    ]
    if found and tail:
        markdown, source = found[-1]
        space = " " if made[-1][-1].is_text else "\n\n"
        found[-1] = (f"{markdown}{space}{tail}", source)
    return found


def by_number(text: str) -> str:
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

    def __init__(self, lines: list[str], is_half: bool) -> None:
        self._lines = lines
        self._is_half = is_half
        self._last = max((at for at, line in enumerate(lines) if line.strip()), default=0)
        self._at = 0
        self._shift = 0  # spaces to leave out, after code that was in a list
        self._text = Block(0)  # the current paragraphs, lists and quotes
        self._endless = 0  # a formula that begins before this line never ends
        self._is_doubtful = False
        self._is_list = False
        self._marks: list[str] = []  # open in the paragraph
        # Of the previous line: how many quotes it is in, and whether its paragraph continues.
        self._before: tuple[int, bool] | None = None

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks."""
        while self._at < len(self._lines):
            line = self._line(self._at)
            if line[: self._shift].strip(" "):
                self._shift = 0
            line = line[self._shift :]
            if not line:
                yield from self._end()
                self._at += 1
                continue
            takers = (self._fence, self._formula, self._table, self._rule)
            found = next((taken for take in takers if (taken := take(line)) is not None), None)
            if found is None:
                yield from self._add(line)
            else:
                yield from self._end()
                yield from found
        yield from self._end()

    def _line(self, at: int) -> str:
        """Return a line, or "" after the last one."""
        return "".join(self._lines[at : at + 1]).expandtabs(4).rstrip()

    def _is_last(self, at: int) -> bool:
        """Tell whether a line is the last one of a text that is half-written."""
        return self._is_half and at >= self._last

    def _end(self) -> Iterator[Block]:
        """Yield the current text, if there is any."""
        if self._text.lines:
            yield self._text
        self._text = Block(self._at)
        self._before = None
        self._marks.clear()

    # Code and formulas.

    def _fence(self, line: str) -> list[Block] | None:
        """Take a fence, wherever it stands, and return it at the margin."""
        found = FENCE.fullmatch(line)
        if not found:
            return None
        prefix, fence, language = found.groups()
        first, blocks = self._at, []
        if prefix.strip(" >"):  # an item's number, or a bullet
            blocks = [*self._add(prefix.rstrip()), *self._end()]
        quotes = re.compile(rf" *(?:> ?){{{prefix.count('>')}}}")
        spaces = re.compile(f" {{0,{self._shift + len(prefix)}}}")
        mark = fence[0]
        closing = re.compile(f" *{mark}{{{len(fence)},}} *")
        code = []
        self._at = len(self._lines)
        is_closed = False
        for at in range(first + 1, self._at):
            line = self._lines[at]
            inside = (quotes if ">" in prefix else spaces).match(line)
            if not inside:  # the quote ends
                self._at = at
                break
            line = line[inside.end() :]
            if closing.fullmatch(line):
                self._at = at + 1
                is_closed = True
                break
            code.append((line, at))
        if self._is_half and not is_closed and code and not code[-1][0].strip(f" {mark}"):
            code.pop()  # half of the closing fence
        self._is_list = False
        if ">" not in prefix:
            self._shift += len(prefix)
        return [*blocks, *self._fenced(first, language, code)]

    def _fenced(self, first: int, language: str, code: list[tuple[str, int]]) -> list[Block]:
        """Return code in a fence, or nothing if there is no code."""
        if not any(line.strip() for line, _ in code):
            return []
        # A parser may drop some characters, even those that separate two runs of backticks.
        runs = re.findall("`+", "\n".join(re.sub("[^ -~]", "", line) for line, _ in code))
        fence = "`" * max([3, *(len(run) + 1 for run in runs)])
        # A simple parser may end the code at any three backticks, and mix up code and text from
        # there on.
        self._is_doubtful |= len(fence) > 3
        block = Block(first, fence + language[:30], fence, blocks=1)
        change = _harmless if self._is_doubtful else str
        block.lines = [(change(line), 0, at) for line, at in code]
        return [block]

    def _formula(self, line: str) -> list[Block] | None:
        """Take a formula on lines of its own, and return it as a fence."""
        line = line.strip()
        if not line.startswith("$$") or "$" in line[2:].removesuffix("$$"):
            return None
        if self._at < self._endless:
            return None
        first, at, code = self._at, self._at, []
        line = line[2:]
        while not line.endswith("$$"):
            code.append((line, at))
            at += 1
            line = self._line(at).strip()
            if not line:
                if not self._is_last(at):
                    self._endless = at
                    return None
                self._at = at  # half of it would be refused
                return []
        code.append((line[:-2], at))
        self._at = at + 1
        return self._fenced(first, "math", [each for each in code if each[0].strip()])

    def _rule(self, line: str) -> list[Block] | None:
        if not RULE.fullmatch(line):
            return None
        rule = Block(self._at, "---", blocks=1)
        self._at += 1
        return [rule]

    def _table(self, line: str) -> list[Block] | None:
        """Take a table, and return it at the margin, or as code if it is too wide."""
        if "|" not in line:
            return None
        first, header = self._at, _cells(line)
        rules = self._line(first + 1).strip()
        cells = _cells(rules)
        is_last = self._is_last(first + 1)
        if "|" not in rules or not all(re.fullmatch(":?-+:?", cell) for cell in cells):
            # Half of a table has a header, and perhaps a part of the line below it.
            if not line.lstrip().startswith("|") or not re.fullmatch(r"\|[ |:-]*|", rules):
                return None
            if not is_last:
                return None
            if not any(header):
                self._at = len(self._lines)
                return []
            cells = []
        if cells and len(cells) != len(header):
            if not is_last:
                return None
            cells = []
        rest = first
        while "|" in self._line(rest):
            rest += 1
        self._at = rest
        if len(header) > MAX_COLUMNS:
            return self._fenced(first, "", [(self._lines[at], at) for at in range(first, rest)])
        columns = len(header)
        rules = "|".join(cells or ["-"] * columns)
        block = Block(first, f"{_row(header, columns)}\n|{rules}|", blocks=2)
        for at in range(first + 2, rest):
            row = _row(_cells(self._line(at)), columns, self._is_last(at))
            block.lines.append((row, 1, at))
        return [block]

    # Text.

    def _add(self, line: str) -> Iterator[Block]:
        """Take a line of text. Yield the blocks that end before it."""
        prefix, at, levels, quotes, is_item = "", 0, 0, 0, False
        while found := MARKER.match(line, at):
            spaces, marker = found.groups()
            # Four spaces would be code, except at the margin of a list.
            indent = min(len(spaces), 2 * (MAX_LEVELS - 1) if self._is_list and not at else 3)
            levels += 1 + indent // 2
            if levels > MAX_LEVELS:
                break
            is_item = ">" not in marker
            quotes += not is_item
            self._is_list |= is_item
            prefix += " " * indent + marker + " "
            at = found.end()
        content = line[at:].lstrip(" ")
        if not at:
            indent = len(line) - len(content)
            self._is_list &= bool(indent)
            prefix = " " * min(indent, 2 * (MAX_LEVELS - 1)) * self._is_list
        if self._before and self._before[0] != quotes:
            yield from self._end()
        is_last = self._is_last(self._at)
        heading = HEADING.match(content)
        opening = heading or FOOTNOTE.match(content)
        if opening:
            prefix, content = prefix + opening[0], content[opening.end() :]
        elif found:  # a list or quote that is too deep
            prefix += by_number(found[2])
            content = line[found.end(2) :]
        goes_on = bool(content) and not is_item and not opening
        if not goes_on:
            self._marks.clear()
        content = inline(content, is_half=is_last, marks=self._marks)
        if goes_on and self._before and self._before[1]:
            before, blocks, number = self._text.lines[-1]
            # Closing marks alone on a line would be a rule, an underline or a fence.
            is_closing = is_last and not content.strip("*_~=|")
            more = content if is_closing else "  "  # Telegram would join the lines
            self._text.lines[-1] = (before + more, blocks, number)
            content = "" if is_closing else content
        if not self._text.lines:
            self._text.first = self._at
        if content or not is_last:
            self._text.lines.append((prefix + content, 1 + 2 * levels, self._at))
            self._before = quotes, bool(content) and not heading
        self._at += 1


def _harmless(line: str) -> str:
    return re.sub(r"<|!(?=\[)|(?<=\])[(:]", lambda found: by_number(found[0]), line)


def _cells(row: str) -> list[str]:
    """Return the cells of a row. A bar in code doesn't end one, as it does for GitHub."""
    row = row.strip().removeprefix("|")
    cells, at = [], 0
    for found in CELL.finditer(row):
        if found[2]:
            cells.append(row[at : found.start()].strip())
            at = found.end()
    rest = row[at:].strip()
    return [*cells, rest] if rest or not cells else cells


def _row(cells: list[str], columns: int, is_half: bool = False) -> str:
    """Write a row of a table. Surplus cells go into the last one."""
    cells = [*cells[: columns - 1], " | ".join(cells[columns - 1 :])]
    cells = [inline(cell, is_cell=True, is_half=is_half) for cell in cells]
    return f"| {' | '.join(cells)} |"


def inline(
    text: str, *, is_cell: bool = False, is_half: bool = False, marks: list[str] | None = None
) -> str:
    """Write the text of a line, with only the markup that this module knows.

    `marks` are those that are open before and after it, such as "**".
    """
    if is_half:
        text = _without_half_markup(text)
    marks = [] if marks is None else marks
    made, at = [], 0
    for found in TOKEN.finditer(text):
        made.append(text[at : found.start()])
        at, token, kind = found.end(), found[0], found.lastgroup
        if kind == "mark" and not (is_cell and token == "||"):
            before = text[max(found.start() - 1, 0) : found.start()] or " "
            after = text[at : at + 1] or " "
            if token in marks and not before.isspace():
                del marks[marks.index(token) :]
            elif not (before.isalnum() or after.isspace()):
                # Three characters are two marks.
                if sum(1 + len(mark) // 3 for mark in [*marks, token]) > MAX_MARKS:
                    token = by_number(token)
                else:
                    marks.append(token)
            made.append(token)
        elif is_half and (cut := CUT_CODE.match(text, found.start())):
            made.append(_code(cut[2], is_cell))
            at = len(text)
            break
        else:
            made.append(_written(found, is_cell))
    made.append(text[at:])
    if is_half:
        made += reversed(marks)
    return "".join(made)


def _without_half_markup(text: str) -> str:
    """Leave out the marks at the end of a line that goes on, and half of a link around its text."""
    text, whole = CUT_LINK.sub(r"\1", text), 0
    for found in TOKEN.finditer(text):
        if CUT_CODE.match(text, found.start()):
            break  # marks at the end may be a part of unfinished code
        if (found["code"] or found["escaped"] or "").strip():
            whole = found.end()  # marks in it don't count
    return text[:whole] + CUT_MARKS.sub("", text[whole:])


def _written(found: re.Match[str], is_cell: bool) -> str:
    """Write what TOKEN found."""
    match found.lastgroup:
        case "code" if found["code"].strip():  # dropping blank code would join its sides
            return _code(found["code"], is_cell)
        case "image":
            return f"[{inline(found['label'] or found['image'])}]({_url(found['image'])})"
        case "link":
            return f"]({_url(found['link'])})"
        case "definition":
            return f"]: {_url(found['definition'])}"
        case "display" | "formula":
            return _formula(found["display"] or found["formula"], is_cell)
        case "br" if is_cell:  # a separate line would be HTML, with any text after it
            return "<br>"
        case "bar" if not is_cell:
            return "|"
        case "escaped":
            return by_number(found["escaped"])
    return found[0].replace("<", "&lt;") if "<" in found[0] else by_number(found[0])


def _code(code: str, is_cell: bool) -> str:
    """Write code within a line."""
    code = code.strip()
    if is_cell:
        code = code.replace(r"\|", "|")
    return f"<code>{by_number(code)}</code>" if RISKY.search(code) else f"`{code}`"


def _url(url: str) -> str:
    return url.replace("|", "%7C").replace("$", "%24")


def _formula(formula: str, is_cell: bool) -> str:
    """Write a formula within a line, without markup: a parser may read it as text."""
    formula = formula.strip().replace("<", r"\lt ").replace("`", "'")
    formula = re.sub(r"(?<=\])(?=[(:])|(?<=!)(?=\[)", " ", formula)
    if is_cell:
        formula = formula.replace(r"\|", r"\Vert ").replace("|", r"\vert ")
    return f"${formula.rstrip()}$"
