"""`parse_mode` and its errors, as Telegram's own parser has them."""

from __future__ import annotations

import pytest

from telegram_stand_in import Json, Telegram
from tests.calls import CHAT, accepted, call, refused


def brief(entities: list[Json]) -> str:
    """Return entities in short: "bold 0+1, text_link 2+3 https://example.org/"."""
    shown = []
    for entity in entities:
        kind, offset, length, *more = entity.values()
        more = [value["first_name"] if isinstance(value, dict) else value for value in more]
        shown.append(" ".join([kind, f"{offset}+{length}", *(f"{value}" for value in more)]))
    return ", ".join(shown)


V2 = [
    ("*b* _i_", "b i", "bold 0+1, italic 2+1"),
    ("__u__ ~s~ ||x||", "u s x", "underline 0+1, strikethrough 2+1, spoiler 4+1"),
    ("_a __b___", "a b", "italic 0+3, underline 2+1"),
    ("`a*b` ```python\nx``` ```y```", "a*b x y", "code 0+3, pre 4+1 python, pre 6+1"),
    ("👍 *b*", "👍 b", "bold 3+1"),
    (r"1\.5 \*", "1.5 *", ""),
    ("[a](https://example.org)", "a", "text_link 0+1 https://example.org/"),
    (f"[me](tg://user?id={CHAT})", "me", "text_mention 0+2 Ada"),
    ("![👍](tg://emoji?id=5)", "👍", "custom_emoji 0+2 5"),
    ("![now](tg://time?unix=5&format=t)", "now", "date_time 0+3 5 t"),
    (">a\n>b\nc", "a\nb\nc", "blockquote 0+4"),
    ("x\n**>a\n>b||\nc", "x\na\nb\nc", "expandable_blockquote 2+4"),
    ("*>a\n>b\n*", "a\nb", "blockquote 0+3, bold 0+3"),
    ("**>>a", "a", "blockquote 0+1"),
    (">`a\nb`", "a\nb", "blockquote 0+3, code 0+3"),
    (">a||\r\nb", "a\r\nb", "expandable_blockquote 0+3"),
    ("\\\n>a", "a", "blockquote 0+1"),
    ("*@durov*", "@durov", "mention 0+6, bold 0+6"),
    ("a\tb", "a b", ""),
    (">a", "a", "blockquote 0+1"),
]
HTML = [
    ("<b>b <i>i</i></b>", "b i", "bold 0+3, italic 2+1"),
    (
        "<u>u</u> <s>s</s> <tg-spoiler>x</tg-spoiler>",
        "u s x",
        "underline 0+1, strikethrough 2+1, spoiler 4+1",
    ),
    ('<STRONG>b</strong><span class="tg-spoiler">s</span>', "bs", "bold 0+1, spoiler 1+1"),
    ("&lt;&amp;&gt;&quot;&#128077;&#x1F44D; &nbsp;", '<&>"👍👍 &nbsp;', ""),
    ("<a href='https://example.org'>a</a>", "a", "text_link 0+1 https://example.org/"),
    ('<a href="nowhere">a</a>', "a", ""),
    ("<a>https://example.org</a>", "https://example.org", "text_link 0+19 https://example.org/"),
    ("<code>a</code><pre>b</pre>", "ab", "code 0+1, pre 1+1"),
    ('<pre><code class="language-python">x</code></pre>', "x", "pre 0+1 python"),
    ('<code class="language-python">x</code>', "x", "code 0+1"),
    ("<blockquote expandable>q</blockquote>", "q", "expandable_blockquote 0+1"),
    ('<tg-emoji emoji-id="5">👍</tg-emoji>', "👍", "custom_emoji 0+2 5"),
    ("<b></b>x", "x", ""),
    ("<b>b</>", "b", "bold 0+1"),
]
LEGACY = [
    ("*b* _i_ `c`", "b i c", "bold 0+1, italic 2+1, code 4+1"),
    (
        "```python\nx``` [a](https://example.org)",
        "x a",
        "pre 0+1 python, text_link 2+1 https://example.org/",
    ),
    (r"a\_b 1.5!", "a_b 1.5!", ""),
    ("[](x)", "(x)", ""),
    ("[a.bcd]", "a.bcd", "text_link 0+5 http://.bcdd/"),
]
FOUND = [
    ("/start @ada_1 #tag", "bot_command 0+6, mention 7+6, hashtag 14+4"),
    ("a@b.org https://x.yz/z. $USD", "email 0+7, url 8+14, cashtag 24+4"),
    ("1/2 a/b x@y", ""),
]
PARSED = [("MarkdownV2", *case) for case in V2] + [("HTML", *case) for case in HTML]
PARSED += [("Markdown", *case) for case in LEGACY] + [("none", t, t, e) for t, e in FOUND]
PARSED += [("", "  👍 b \n", "👍 b", "")]


@pytest.mark.parametrize(("mode", "text", "shown", "entities"), PARSED)
def test_text_is_parsed(
    telegram: Telegram, mode: str, text: str, shown: str, entities: str
) -> None:
    message = accepted(telegram, "sendMessage", chat_id=CHAT, text=text, parse_mode=mode.lower())
    assert (message["text"], brief(message.get("entities", []))) == (shown, entities)


def reserved(character: str) -> str:
    return f"Character '{character}' is reserved and must be escaped with the preceding '\\'"


BROKEN = [
    ("MarkdownV2", "1.5", reserved(".")),
    ("MarkdownV2", "a|b", reserved("|")),
    ("MarkdownV2", "a > b", reserved(">")),
    ("MarkdownV2", "a!", reserved("!")),
    ("MarkdownV2", "👍 *b", "Can't find end of Bold entity at byte offset 5"),
    ("MarkdownV2", "a ```b", "Can't find end of Pre entity at byte offset 2"),
    ("MarkdownV2", "[a", "Can't find end of TextUrl entity at byte offset 0"),
    ("MarkdownV2", "[a](b", "Can't find end of a URL at byte offset 4"),
    ("MarkdownV2", "![a](b", "Can't find end of a URL at byte offset 5"),
    ("MarkdownV2", "![a](b)", "Invalid tg://emoji or tg://time URL specified"),
    ("MarkdownV2", ">a *b\nc*", "Can't find end of Bold entity at byte offset 3"),
    ("HTML", "<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
    ("HTML", "é<h1>a</h1>", 'Unsupported start tag "h1" at byte offset 2'),
    ("HTML", "1 < 2", 'Unsupported start tag "" at byte offset 2'),
    ("HTML", "a</b>", "Unexpected end tag at byte offset 1"),
    (
        "HTML",
        "<b><i>a</b></i>",
        'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"',
    ),
    ("HTML", "<b", "Unclosed start tag at byte offset 0"),
    ("HTML", "<a href='x", "Unclosed start tag at byte offset 0"),
    ("HTML", "<a href=", 'Unclosed start tag "a" at byte offset 0'),
    ("HTML", "<a href", 'Unclosed start tag "a" at byte offset 0'),
    ("HTML", "<b>a</b", "Unclosed end tag at byte offset 4"),
    ("HTML", "<a =x>a</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
    ("HTML", "<a href=b/c>a</a>", "Unexpected end of name token at byte offset 8"),
    ("HTML", "<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ("HTML", "<tg-emoji emoji-id='x'>a</tg-emoji>", "Invalid custom emoji identifier specified"),
    ("Markdown", "snake_case", "Can't find end of the entity starting at byte offset 5"),
]


@pytest.mark.parametrize(("mode", "text", "error"), BROKEN)
def test_broken_markup_is_refused(telegram: Telegram, mode: str, text: str, error: str) -> None:
    answer = call(telegram, "sendMessage", chat_id=CHAT, text=text, parse_mode=mode)
    assert answer == refused(400, f"Bad Request: can't parse entities: {error}")


def test_an_unknown_mode_is_refused(telegram: Telegram) -> None:
    answer = call(telegram, "sendMessage", chat_id=CHAT, text="a", parse_mode="rst")
    assert answer == refused(400, "Bad Request: unsupported parse_mode")
