"""Texts: what Telegram finds in them, `parse_mode` with its errors, and rich messages."""

import time

import pytest

from telegram_stand_in import Stage
from telegram_stand_in.bot_api import Mismatch
from telegram_stand_in.entities import MAX_ENTITIES
from telegram_stand_in.markup import MAX_BYTES, normalize_link, parse_text
from telegram_stand_in.rich import MAX_CHARACTERS, buttons_in, lines_of
from tests.calls import CHAT, done, error, make

ADA = {"id": CHAT, "first_name": "Ada"}


def brief(entities):
    """Return entities in short: "bold 0+1, text_link 2+3 https://example.org/"."""
    shown = []
    for entity in entities:
        kind, offset, length, *more = entity.values()
        more = [value["first_name"] if isinstance(value, dict) else value for value in more]
        shown.append(" ".join([kind, f"{offset}+{length}", *(f"{value}" for value in more)]))
    return ", ".join(shown)


# A mode, a text, what people see, and its entities.
TEXTS = """
 | see example.com/a?b=c. | | url 4+17
 | (https://example.com) | | url 1+19
 | foo.co.uk site.app a.museum пример.рф | | url 0+9, url 10+8, url 28+9
 | http://127.0.0.1:8080/x 1.2.3 256.1.1.1 | | url 0+23
 | http://localhost:8080/x hello.World a/b.py | |
 | https://user:pw@example.com/ ftp://x.org | | url 0+28, url 29+11
 | https://a.org/Foo_(bar) (a.org/b) | | url 0+22, url 25+7
 | tg://resolve?domain=durov | | url 0+25
 | a.b@c.com mailto:a@b.co x@y | | email 0+9, email 17+6
 | @durov @abc @gif x@durov | | mention 0+6, mention 12+4
 | /start@my_bot /help. a/b /a/b | | bot_command 0+13, bot_command 14+5
 | #tag #1 #1a x#y | | hashtag 0+4, hashtag 8+3
 | $USD $usd $TOOLONGNAME | | cashtag 0+4
 | +49 (30) 1234-567 a+15551234567 | | phone_number 0+17
 | 👍 @durov | | mention 3+6
MarkdownV2 | *b* _i_ __u__ ~s~ | b i u s | bold 0+1, italic 2+1, underline 4+1, strikethrough 6+1
MarkdownV2 | _a __b___ | a b | italic 0+3, underline 2+1
MarkdownV2 | `a*b` ```python␤x``` ```y``` | a*b x y | code 0+3, pre 4+1 python, pre 6+1
MarkdownV2 | 👍 *b* \\\\* 1\\\\.5 | 👍 b * 1.5 | bold 3+1
MarkdownV2 | [a](https://example.org) [me](tg://user?id=4242) | a me | \
text_link 0+1 https://example.org, text_mention 2+2 Ada
MarkdownV2 | ![👍](tg://emoji?id=5) | 👍 | custom_emoji 0+2 5
MarkdownV2 | >a␤>b␤c | a␤b␤c | blockquote 0+4
MarkdownV2 | x␤**>a␤>b∥␤c | x␤a␤b␤c | expandable_blockquote 2+4
MarkdownV2 | *@durov* `a.com` | @durov a.com | bold 0+6, mention 0+6, code 7+5
HTML | <b>b <i>i</i></b> <u>u</u> <s>s</s> | b i u s | \
bold 0+3, italic 2+1, underline 4+1, strikethrough 6+1
HTML | <STRONG>b</strong><span class="tg-spoiler">s</span> | bs | bold 0+1, spoiler 1+1
HTML | &lt;&amp;&gt;&quot;&#128077;&#x1F44D; &nbsp; | <&>"👍👍 &nbsp; |
HTML | <a href='https://example.org'>a</a> <a href="nowhere">b</a> | a b | \
text_link 0+1 https://example.org
HTML | <code>a</code> <pre><code class="language-python">x</code></pre> | a x | \
code 0+1, pre 2+1 python
HTML | <blockquote expandable>q</blockquote> | q | expandable_blockquote 0+1
HTML | <tg-emoji emoji-id="5">👍</tg-emoji> | 👍 | custom_emoji 0+2 5
Markdown | *b* _i_ `c` a\\\\_b 1.5! | b i c a_b 1.5! | bold 0+1, italic 2+1, code 4+1
Markdown | ```python␤x``` [a](https://example.org) | x a | \
pre 0+1 python, text_link 2+1 https://example.org
none | *a* @durov | *a* @durov | mention 4+6
"""
ROWS = [[part.strip() for part in line.split(" |")] for line in TEXTS.strip("\n").splitlines()]


def read(text):
    return text.replace("␤", "\n").replace("∥", "||").replace("\\\\", "\\")


@pytest.mark.parametrize(("mode", "text", "shown", "entities"), ROWS)
def test_a_text_is_read(mode, text, shown, entities):
    found = parse_text(read(text), mode, [], {CHAT: ADA})
    assert (found[0], brief(found[1])) == (read(shown or text), entities)


BROKEN = [
    ("MarkdownV2", "1.5", "Character '.' is reserved and must be escaped with the preceding '\\'"),
    ("MarkdownV2", "👍 *b", "Can't find end of Bold entity at byte offset 5"),
    ("MarkdownV2", "a ```b", "Can't find end of Pre entity at byte offset 2"),
    ("MarkdownV2", "[a](b", "Can't find end of a URL at byte offset 4"),
    ("MarkdownV2", "![a](b)", "Invalid tg://emoji or tg://time URL specified"),
    ("MarkdownV2", ">a *b\nc*", "Can't find end of Bold entity at byte offset 3"),
    ("HTML", "<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
    ("HTML", "é<h1>a</h1>", 'Unsupported start tag "h1" at byte offset 2'),
    ("HTML", "1 < 2", 'Unsupported start tag "" at byte offset 2'),
    ("HTML", "a</b>", "Unexpected end tag at byte offset 1"),
    ("HTML", "<i>a</b>", 'Unmatched end tag at byte offset 4, expected "</i>", found "</b>"'),
    ("HTML", "<b", "Unclosed start tag at byte offset 0"),
    ("HTML", "<b>a</b", "Unclosed end tag at byte offset 4"),
    ("HTML", "<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ("HTML", "<tg-emoji>a</tg-emoji>", "Invalid tg://emoji or tg://time URL specified"),
    ("Markdown", "snake_case", "Can't find end of the entity starting at byte offset 5"),
]


@pytest.mark.parametrize(("mode", "text", "why"), BROKEN)
def test_broken_markup_is_refused(telegram, mode, text, why):
    told = error(telegram, "sendMessage", text=text, parse_mode=mode)
    assert told == f"can't parse entities: {why}"


LINKS = [
    ("a.b", "http://a.b"),
    ("HTTPS://A.b:80?q r", "HTTPS://A.b:80?q r"),
    ("user:pw@a.b/x", "http://user:pw@a.b/x"),
    ("tg://resolve?domain=a", "tg://resolve?domain=a"),
    ("http://localhost", ""),
    ("ftp://a.b", ""),
    ("http://a|.b", ""),
]


@pytest.mark.parametrize(("given", "kept"), LINKS)
def test_a_link_is_kept_as_telegram_does(given, kept):
    assert normalize_link(given) == kept


def test_people_write_links_and_their_own_entities():
    seen = []
    ada = Stage(seen.extend).user("Ada")
    ada.send({"photo": b"GIF89a", "caption": "t.me/x"})
    bold = [{"type": "bold", "offset": 0, "length": 4}]
    ada.send({"text": "t.me/x", "entities": bold})
    link = [{"type": "url", "offset": 0, "length": 6}]
    assert seen[0]["message"]["caption_entities"] == link
    assert seen[1]["message"]["entities"] == bold


# Rich messages.

PRESS = '<tg-button type="callback_data" data="yes">Yes</tg-button>'
HTML = (
    f"<h1>a</h1><p>b <b>c</b><br>d &lt;</p><ul><li>x<li>y</ul><ol start=3><li>z</ol>"
    f"<table><tr><th>A<th>B</tr><tr><td>1<td>2</table><pre>e\n  f</pre>{PRESS}<img src=y>"
)
MARKDOWN = f"""\
# a
b **c** and *d* `e` ~~f~~ [g](https://a.b) snake_case_h
i

- x
3. z

```py
<j> **k**
```
> l
{PRESS}
"""
RICH = [
    ("html", HTML, "a/b c/d </• x/• y/• z/A | B/1 | 2/e/  f/(photo)"),
    ("markdown", MARKDOWN, "a/b c and d e f g snake_case_h/i/• x/3. z/<j> **k**/l"),
]


@pytest.mark.parametrize(("kind", "source", "lines"), RICH)
def test_a_rich_message_is_read_as_plain_text(telegram, kind, source, lines):
    sent = done(telegram, "sendRichMessage", rich_message={kind: source})["rich_message"]
    assert [*lines_of(sent["blocks"])] == lines.split("/")
    assert buttons_in(sent) == [{"text": "Yes", "callback_data": "yes"}]


def test_blocks_are_read_as_plain_text(telegram):
    press = {"text": "No", "callback_data": "no"}
    bold = {"type": "bold", "text": "b"}
    text = {"type": "paragraph", "text": ["a ", bold, {"type": "button", "button": press}]}
    photo = {"type": "photo", "photo": {"type": "photo", "media": "attach://file"}}
    items = [{"blocks": [text, photo]}, {"blocks": [{"type": "pre", "text": "c"}], "value": 7}]
    about = {"align": "left", "valign": "top"}
    cells = [[{"text": "1", **about}, {"text": bold, **about}]]
    blocks = [{"type": "list", "items": items}, {"type": "table", "cells": cells}]
    wish = {"blocks": [{"type": "details", "summary": "d", "blocks": blocks}]}
    sent = done(telegram, "sendRichMessage", rich_message=wish)["rich_message"]
    assert [*lines_of(sent["blocks"])] == ["d", "a b", "(photo)", "c", "1", "b"]
    assert buttons_in(sent) == [press]


REFUSED = [
    ({}, "rich message must be non-empty"),
    ({"html": "<p> </p>"}, "RICH_MESSAGE_EMPTY"),
    ({"markdown": "x" * (MAX_CHARACTERS + 1)}, "RICH_MESSAGE_TEXT_TOO_LONG"),
    ({"markdown": "x\n\n" * 501}, "RICH_MESSAGE_BLOCKS_TOO_MANY"),
    ({"blocks": [{"type": "buttons", "buttons": [{"text": "a", "callback_data": "x" * 65}]}]},
     "BUTTON_DATA_INVALID"),
]  # fmt: skip


@pytest.mark.parametrize(("wish", "why"), REFUSED)
def test_a_rich_message_is_refused(telegram, wish, why):
    assert error(telegram, "sendRichMessage", rich_message=wish) == why


# Hostile input.


def test_only_so_many_entities_are_kept():
    bold = [{"type": "bold", "offset": 0, "length": 1}] * 10_000
    assert len(parse_text("a.com " * 500, "", bold, {})[1]) == MAX_ENTITIES
    assert len(parse_text("a.com " * 500, "", [], {})[1]) == MAX_ENTITIES


@pytest.mark.parametrize("kind", ["keyboard", "inline_keyboard"])
def test_only_so_many_buttons_are_kept(telegram, kind):
    row = [{"text": "a", **({"callback_data": "a"} if kind.startswith("in") else {})}] * 20
    [change] = make(telegram, "sendMessage", text="a", reply_markup={kind: [row] * 40}).changes
    kept = (change.get("keyboard") or change["message"]["reply_markup"])[kind]
    assert [len(each) for each in kept] == [12] * 25


HOSTILE = ["<b>a</b>", "<a '", "<", "*a*", "**a ", "[a](b", "`", "a.b", "http://", "&#", "| ", "a@"]


@pytest.mark.parametrize("part", HOSTILE)
def test_no_text_takes_long(telegram, part):
    text = (part * MAX_BYTES)[:MAX_BYTES]
    began = time.process_time()
    for mode in ("HTML", "Markdown", "MarkdownV2", ""):
        telegram.answer("sendMessage", {"chat_id": CHAT, "text": text, "parse_mode": mode})
    for kind in ("html", "markdown"):
        wish = {"chat_id": CHAT, "rich_message": {kind: text}}
        telegram.answer("sendRichMessage", wish)
    assert time.process_time() - began < 5, "it takes a tenth of that"


def test_a_longer_text_is_not_even_read():
    with pytest.raises(Mismatch, match="^text is too long$"):
        parse_text("x" * (MAX_BYTES + 1), "HTML", [], {})
