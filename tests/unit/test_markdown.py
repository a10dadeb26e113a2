"""markdown.py: what Telegram is sent of a model's Markdown, read by other parsers than ours."""

import itertools
import re
import time

import pytest
from botkit import markdown
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

GITHUB = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = re.compile(r"<code>[^<>`]*</code>|<br>")
SAFE = re.compile(r"\((https?://|mailto:|tel:)", re.IGNORECASE)

BUTTON = '<tg-button type="callback_data" data="pay">Pay</tg-button>'
MENTION = "[Ada](tg://user?id=1)"
IMAGE = "![a photo](https://example.org/a.png)"
EMOJI = "![😀](tg://emoji?id=1)"


def check(text):
    """Check that a text has only the markup that it may have, for any reader."""
    made = markdown.render(text)
    for token in GITHUB.parse(made):
        assert token.type != "html_block", made
        assert token.type != "code_block" or "<" not in token.content, made
        for each in token.children or []:
            assert each.type != "image", made
            if each.type == "html_inline":
                assert each.content in ("<code>", "</code>", "<br>"), made
            if each.type == "link_open":
                assert re.match("(https?://|mailto:|tel:)", str(each.attrs["href"])), made
    # Without a parser: nothing of it is there, but in a fence.
    outside = re.sub(r"^(```+)[^`\n]*\n.*?^\1$", "", made, flags=re.MULTILINE | re.DOTALL)
    # A parser that takes any three backticks for a fence, wherever they are.
    naive = re.sub(r"```.*?```", "", made, flags=re.DOTALL)
    for text in (outside, naive):
        text = OURS.sub(".", text)
        assert "<" not in text and "![" not in text, made
        assert all(SAFE.match(text, at.end()) for at in re.finditer(r"\](?=\()", text)), made
    # Nothing stays open.
    *_, opened, last, closed = GITHUB.parse(made + "\n\nEND")
    assert (opened.type, last.content, closed.level) == ("paragraph_open", "END", 0), made


# ── What a model quotes earns no markup

QUOTED = {"button": BUTTON, "mention": MENTION, "image": IMAGE, "custom emoji": EMOJI}
AROUND = {
    "a line": "{}",
    "a list": "- a\n  - {}",
    "a quote": "> {}",
    "a heading": "# {}",
    "a table": "| a | b |\n|---|---|\n| {} | {} |",
    "a table's header": "| {} | b |\n|---|---|\n| a | b |",
    "the text of a link": "[a {}](https://example.org)",
    "the title of a link": '[a](https://example.org "{}")',
    "code": "`{}`",
    "backticks that don't match": "``a` {} `b`` c``` {} ```` d`",
    "a backtick that is escaped": "\\`{}`",
    "a formula": "$a {}$",
    "a formula for itself": "$$\n{}\n$$",
    "prices": "$5 {} and $6",
    "a fence": "```\n{}\n```",
    "a fence in a list": "- a\n\n  ```\n  {}\n  ```\n  b {}",
    "a fence that a quote ends": "> ```\n{}\n```\n{}",
    "a longer fence": "````\n```\n{}\n````\n{}\n\n```\n{}\n```",
    "a fence without an end": "a\n```\n{}",
    "HTML": "<pre>\n{}\n</pre>\n<!-- {} -->\n<a href='{}'>",
    "entities": "&lt;b&gt; &#96; {} &#96;",
    "escapes": "\\{} \\\\{} !\\{} \\!{}",
    "a reference": "[a]: {}\n[b]:\n{}\n[a] ![a] [a][b]",
    "a footnote": "a[^1]{}\n\n[^1]: {}",
}


@pytest.mark.parametrize("around", AROUND)
def test_quoted_markup_is_escaped(around):
    for quoted in QUOTED.values():
        text = AROUND[around].replace("{}", quoted)
        check(text)
        check(text[:-1])


PIECES = [
    *("`", "``", "```", "````", "~~~", "\n", "\n\n", "    ", "  ", "\t", "> ", "- ", "1. ", "# "),
    *("|", "| a | b |\n|---|---|\n", "$", "$$", "\\", "*", "**", "_", "~~", "==", "||", "a", " "),
    *("[", "](", ")", "]: ", "!", "<", ">", "&lt;", "&#96;", "<!--", "-->", "<pre>", "</pre>"),
    *("tg://user?id=1", "https://a.b/c", "math\n", "\r", "\0", "\u2028", "\ud83d", "<br>", "---"),
    *QUOTED.values(),
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
@example("~~> ~~math\n`")  # their end would be a fence on a separate line
@example("-     > `<a>`")  # four spaces after a marker would be code
@example("![    `$")  # so would those that are left of a link
def test_any_text_has_only_allowed_and_closed_markup(text):
    check(text)


# ── What is shown

WRITTEN = {
    "no word": (" \n\n```\n```\n", ""),
    "lines of a quote": ("> a\n> b\n>\n> c", "> a  \n> b\n> \n> c"),
    "a fence as an item": ("3. ```\n   a\n   ```", "3.\n\n```\na\n```"),
    "an empty fence as an item": ("- ```\n  ```", "-"),
    "a fence in a fence": ("````\n```py\n`` `\n````", "```\n~~~py\n`` `\n```"),
    "but for what is dropped": ("````\n``\u0333`\n````", "```\n~~~\n```"),
    "a formula for itself": ("a\n$$\nx\n= y\n$$\nb", "a\n\n```math\nx\n= y\n```\n\nb"),
    "no formula": ("$$\na", "&#36;&#36;  \na"),
    "an image": ('![a *](https://b.c/d "e")', "&#33;[a *](https://b.c/d)"),
    "a definition": ("[a]: https://b.c", "[a]&#58; https://b.c"),
    "lines stay lines": ("a\nb\n\nc", "a  \nb\n\nc"),
    "the longest line": (f"{'x' * 3000} {'x' * 999}", f"{'x' * 3000} {'x' * 999}"),
    "a longer line": (f"{'x' * 3000} {'x' * 1000}", f"{'x' * 3000}  \n{'x' * 1000}"),
    "but where a block begins": ("a\n- b\n# c\nd", "a\n- b\n# c\nd"),
    "an item after a tab": ("- a\n\t- b", "- a\n    - b"),
    "lines of an item": ("- a\n  bc", "- a  \n  bc"),
    "code": ("a `b c` `x[0]`", "a `b c` <code>x&#91;0&#93;</code>"),
    "blank code": ("a ` ` b", "a &#96; &#96; b"),
    "code in backticks": ("`` a`b ``", "<code>a&#96;b</code>"),
    "a fence": ("~~~python\n  a < b\n~~~\nc", "```python\n  a < b\n```\n\nc"),
    "a fence without an end": ("```\na", "```\na\n```"),
    "a fence with a long name": (f"```{'x' * 31}\na\n```", f"```{'x' * 30}\na\n```"),
    "a fence without code": ("a\n```\n\n```\nb", "a\n\nb"),
    "a fence in a list": (
        "1. a\n   ```\n     b\n   ```\n   c\n2. d",
        "1. a\n\n```\n  b\n```\n\nc\n2. d",
    ),
    "a fence that ends a list": ("- a\n```\nb\n```\n    c", "- a\n\n```\nb\n```\n\nc"),
    "a formula": ("$x_1 < 2$, $$y$$ and ![a]", r"$x_1 \lt  2$, $y$ and &#33;[a]"),
    "prices": ("$5 to $6, $7/$8, $ 9$", "&#36;5 to &#36;6, &#36;7/&#36;8, &#36; 9&#36;"),
    "a table": (
        "a|b\n-|:-:\nc|`|`|$|x|\\|$",
        "| a | b |\n|-|:-:|\n| c | <code>&#124;</code> &#124; $\\vert x\\vert \\Vert$ |",
    ),
    "a bar in code and in a formula": ("`a\\|b` $a|b$", "<code>a&#92;&#124;b</code> $a|b$"),
    "a backtick in a title, and surplus cells": (
        '|a|\n|-|\n|[b](https://c.d "`") || `|',
        "| a |\n|-|\n| [b](https://c.d) &#124;  &#124; &#96; |",
    ),
    "no table": ("|a|\n|b|\n|c|", "|a|  \n|b|  \n|c|"),
    "a line below a table": ("|a|\n|-|\n|b|\nc", "| a |\n|-|\n| b |\n\nc"),
    "a line break in a cell": ("|a|\n|-|\n|b<br>c|", "| a |\n|-|\n| b<br>c |"),
    "links": (
        "[a](<https://b.c/(d)?$|>) [e](mailto:f@g.h) [i](tel:+123)",
        "[a](https://b.c/(d)?%24%7C) [e](mailto:f@g.h) [i](tel:+123)",
    ),
    "no links": ("[a](tg://b) [c](d.md)", "[a]&#40;tg://b) [c]&#40;d.md)"),
    "escapes": (r"\* \` \$ \a \<", r"&#42; &#96; &#36; &#92;a &#60;"),
    "what Telegram drops": ("a\0b\x1b\u202ec\u2029d\re", "abc  \nd  \ne"),
    "a backtick in a formula": ("$a`b$", "$a'b$"),
    "marks": ("**a _b_** ~~c~~ ==d== ||e||", "**a _b_** ~~c~~ ==d== ||e||"),
    "a rule": ("a\n---\nb", "a\n\n---\n\nb"),
    "no indented code": ("    a\n\n    b", "a\n\nb"),
    "a deep list": (
        "- a\n  - b\n    - c\n      - d\n        - e",
        "- a\n  - b\n    - c\n      - d\n      - e",
    ),
}


@pytest.mark.parametrize(("text", "made"), WRITTEN.values(), ids=WRITTEN)
def test_markdown_is_rewritten(text, made):
    assert markdown.render(text) == made


# ── Somebody may have a model write what takes long to read


def runs(most):
    """Return runs of backticks, each longer than the one before."""
    lengths = itertools.takewhile(lambda length: length**2 < 2 * most, itertools.count(1))
    return "x".join("`" * length for length in lengths)


def find_all(pattern):
    return lambda text: sum(1 for _ in getattr(markdown, pattern).finditer(text))


def match(pattern):
    return lambda text: getattr(markdown, pattern).match(text)


# What reads a text, and a text of about this length that takes it long.
HARD = {
    "PART": (find_all("PART"), lambda most: "a" * most),
    "FENCE, backticks": (match("FENCE"), lambda most: "`" * most + "x`"),
    "RUN": (find_all("RUN"), lambda most: "``\u0333" * (most // 3)),
    "RULE": (match("RULE"), lambda most: ("*" + " " * 9) * (most // 10) + "x"),
    "TOKEN, code": (find_all("TOKEN"), runs),
    "TOKEN, links": (find_all("TOKEN"), lambda most: '](http://a "' * (most // 12)),
    "TOKEN, spaces": (find_all("TOKEN"), lambda most: "](http://a" + " " * most + "x"),
    "an unclosed formula": (markdown._inline, lambda most: "$$" + "a" * most),
    "TOKEN, formulas": (find_all("TOKEN"), lambda most: "$$" + " " * most + "$"),
}


@pytest.mark.parametrize(("read", "text"), HARD.values(), ids=HARD)
def test_time_grows_with_the_length(read, text):
    def seconds(length):
        """Return the CPU time for a text."""
        long_text, began = text(length), time.thread_time()
        read(long_text)
        return time.thread_time() - began

    # As much longer: 16 times. Each character times each other one would be 256 times. A reading
    # that was disturbed is repeated.
    assert any(seconds(16 * 5_000) < 80 * max(seconds(5_000), 5e-6) for _ in range(3))
