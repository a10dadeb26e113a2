"""Markdown of rich messages, as Telegram reads it: HTML.

It is GitHub's Markdown with formulas, ==marked== and ||spoiler||. It can contain Telegram's HTML.
https://core.telegram.org/bots/api#rich-markdown-style
"""

from __future__ import annotations

import functools
import html
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline.state_inline import Delimiter, StateInline
    from markdown_it.token import Token

MOST_NESTED = 40  # a list is two, and Telegram takes 16 levels
PAIRS = {"=": "mark", "|": "tg-spoiler"}  # what two of a character begin and end
HEADING = re.compile(r"(#{1,6})(?!#)[ \t]*(.*?)(?:[ \t]+#+)?[ \t]*$")
# Markdown is read within these elements, if their tags stand on lines without other text.
CONTAINERS = re.compile(
    r"(?:\s*(?:</?(?:details|tg-collage|tg-slideshow)(?:\s[^<>]*)?>|<summary>.*?</summary>))+\s*$",
    re.I,
)


def html_of_markdown(source: str) -> str:
    """Return the HTML of Markdown. Raises ImportError without markdown-it-py and its plugins."""
    return str(reader().render(source))


@functools.cache
def reader() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.footnote import footnote_plugin

    options = {"html": True, "maxNesting": MOST_NESTED, "tasklists": True}
    made = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    made.use(footnote_plugin, inline=False).use(
        dollarmath_plugin,
        allow_blank_lines=False,
        allow_digits=False,
        allow_labels=False,
        allow_space=False,
        double_inline=True,
    )
    made.block.ruler.at("heading", _heading, {"alt": ["paragraph", "reference", "blockquote"]})
    made.block.ruler.before("html_block", "containers", _containers, {"alt": ["paragraph"]})
    for character in PAIRS:
        made.inline.add_terminator_char(character)
    made.inline.ruler.before("emphasis", "pairs", _pairs)
    made.inline.ruler2.before("emphasis", "pairs", _paired)
    for name, rule in RULES.items():
        made.add_render_rule(name, rule)
    return made


# Blocks that Telegram reads otherwise.


def _heading(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a heading. Others saw that Telegram needs no space after the #."""
    match = HEADING.match(state.getLines(start, start + 1, state.blkIndent, False).lstrip(" "))
    if state.is_code_block(start) or not match:
        return False
    if not silent:
        state.line = start + 1
        _push(state, "heading", f"h{len(match[1])}", match[2], start)
    return True


def _containers(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a line that has only the tags of elements that contain blocks, and a summary."""
    line = state.getLines(start, start + 1, state.blkIndent, False)
    if state.is_code_block(start) or not CONTAINERS.match(line):
        return False
    if not silent:
        state.line = start + 1
        for tag in re.split(r"(<summary>.*?</summary>)", line, flags=re.I):
            if tag.lower().startswith("<summary>"):
                _push(
                    state, "summary", "summary", tag[len("<summary>") : -len("</summary>")], start
                )
            else:
                state.push("html_block", "", 0).content = tag
    return True


def _push(state: StateBlock, name: str, tag: str, content: str, line: int) -> None:
    lines = [line, line + 1]
    state.push(f"{name}_open", tag, 1).map = lines
    token = state.push("inline", "", 0)
    token.content, token.map, token.children = content.strip(), lines, []
    state.push(f"{name}_close", tag, -1)


# ==marked== and ||spoiler||, as markdown-it reads ~~strikethrough~~.


def _pairs(state: StateInline, silent: bool) -> bool:
    from markdown_it.rules_inline.state_inline import Delimiter

    character = state.src[state.pos]
    if silent or character not in PAIRS:
        return False
    run = state.scanDelims(state.pos, True)
    if run.length < 2:
        return False
    if run.length % 2:
        state.push("text", "", 0).content = character
    for _ in range(run.length // 2):
        state.push("text", "", 0).content = 2 * character
        place = len(state.tokens) - 1
        state.delimiters.append(
            Delimiter(ord(character), 0, place, -1, open=run.can_open, close=run.can_close)
        )
    state.pos += run.length
    return True


def _paired(state: StateInline) -> None:
    inner = [meta["delimiters"] for meta in state.tokens_meta if meta and "delimiters" in meta]
    for delimiters in (state.delimiters, *inner):
        _name_tags(state, delimiters)


def _name_tags(state: StateInline, delimiters: list[Delimiter]) -> None:
    for begin in delimiters:
        tag = PAIRS.get(chr(begin.marker))
        if tag and begin.end >= 0:
            for place, nesting in ((begin.token, 1), (delimiters[begin.end].token, -1)):
                token = state.tokens[place]
                token.type = f"{tag}_{'open' if nesting > 0 else 'close'}"
                token.tag, token.content = tag, ""
                token.nesting = 1 if nesting > 0 else -1


# HTML, where Telegram's isn't that of markdown-it.


def _element(name: str) -> Any:
    def rule(_: Any, tokens: Sequence[Token], i: int, *__: Any) -> str:
        return f"<{name}>{html.escape(tokens[i].content)}</{name}>"

    return rule


def _fence(_: Any, tokens: Sequence[Token], i: int, *__: Any) -> str:
    language, *_rest = [*tokens[i].info.split(maxsplit=1), ""]
    content = html.escape(tokens[i].content)
    if language == "math":
        return f"<tg-math-block>{content}</tg-math-block>"
    about = f' class="language-{html.escape(language)}"' if language else ""
    return f"<pre><code{about}>{content}</code></pre>"


def _image(_: Any, tokens: Sequence[Token], i: int, *__: Any) -> str:
    link, title = (html.escape(str(tokens[i].attrGet(name) or "")) for name in ("src", "title"))
    image = f'<img src="{link}" alt="{html.escape(tokens[i].content)}"/>'
    if link.startswith("tg:") or not title:
        return image
    return f"<figure>{image}<figcaption>{title}</figcaption></figure>"


def _cell(_: Any, tokens: Sequence[Token], i: int, *__: Any) -> str:
    align = str(tokens[i].attrGet("style") or "").removeprefix("text-align:")
    return f'<{tokens[i].tag} align="{align}">' if align else f"<{tokens[i].tag}>"


def _html_block(_: Any, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
    """Read Markdown in <details> on one line. In other elements, only HTML may stand."""
    content = tokens[i].content
    if not re.match(r"\s*<(details|summary)\b", content, re.I):
        return content
    parts = re.split(r"(<[^>]*>)", content)
    return "".join(p if p.startswith("<") else reader().renderInline(p, {}) for p in parts)


def _reference(_: Any, tokens: Sequence[Token], i: int, *__: Any) -> str:
    meta = tokens[i].meta
    return f'<sup><a href="#{html.escape(meta["label"])}">{meta["id"] + 1}</a></sup>'


def _footnote(_: Any, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
    env["footnote"] = tokens[i].meta["label"]
    return ""


def _end_of_footnote(_: Any, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
    env.pop("footnote", None)
    return ""


def _paragraph(renderer: Any, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
    is_open = tokens[i].nesting == 1
    rendered: str = renderer.renderToken(tokens, i, options, env)
    if "footnote" not in env or tokens[i].hidden:
        return rendered
    name = html.escape(env["footnote"])
    return f'{rendered}<tg-reference name="{name}">' if is_open else f"</tg-reference>{rendered}"


def _nothing(*_: Any) -> str:
    return ""


RULES: dict[str, Any] = {
    "fence": _fence,
    "footnote_anchor": _nothing,
    "footnote_block_close": _nothing,
    "footnote_block_open": _nothing,
    "footnote_close": _end_of_footnote,
    "footnote_open": _footnote,
    "footnote_ref": _reference,
    "html_block": _html_block,
    "image": _image,
    "math_block": _element("tg-math-block"),
    "math_inline": _element("tg-math"),
    "math_inline_double": _element("tg-math"),
    "paragraph_close": _paragraph,
    "paragraph_open": _paragraph,
    "tbody_close": _nothing,
    "tbody_open": _nothing,
    "td_open": _cell,
    "th_open": _cell,
    "thead_close": _nothing,
    "thead_open": _nothing,
}
