"""Rich messages and widgets: what is kept of them, and what they ask the bot."""

from __future__ import annotations

import random
import sys
from typing import Any
from unittest.mock import ANY

import pytest

from telegram_stand_in import Json, Telegram
from telegram_stand_in.rich import MAP, SOURCE_HINT, buttons_in
from telegram_stand_in.rich_markdown import reader
from tests.calls import CHAT, done, error, make, updates

FILE = "attach://file"
PRESS = {"text": "Yes", "callback_data": "yes"}
TEXT = {"type": "paragraph", "text": ["a ", {"type": "bold", "text": "b"}]}
BLOCKS: list[Json] = [
    TEXT,
    {"type": "list", "items": [{"blocks": [TEXT]}, {"blocks": [TEXT], "value": 7}]},
    {"type": "details", "summary": "more", "blocks": [{"type": "buttons", "buttons": [PRESS]}]},
    {"type": "paragraph", "text": {"type": "button", "button": {**PRESS, "text": "No"}}},
    {"type": "photo", "photo": {"type": "photo", "media": FILE, "has_spoiler": True}},
    {"type": "voice_note", "voice_note": {"type": "voice_note", "media": FILE}},
    {"type": "map", "location": {"latitude": 1, "longitude": 2}},
]


def test_blocks_become_those_of_a_message(telegram: Telegram) -> None:
    message = done(telegram, "sendRichMessage", rich_message={"blocks": BLOCKS})
    [text, items, details, _, photo, voice, place] = message["rich_message"]["blocks"]
    assert (text, details) == (BLOCKS[0], BLOCKS[2])
    assert [item["label"] for item in items["items"]] == ["•", "7."]
    assert photo["photo"][0]["width"] == 20 and photo["has_spoiler"] is True
    assert voice["voice_note"]["mime_type"] == "audio/ogg"
    assert place["zoom"] > 0
    assert [button["text"] for button in buttons_in(message["rich_message"])] == ["Yes", "No"]
    telegram.send({"message": message})
    assert updates(telegram) == [{"message": message}]  # as it is documented


CELL = {"align": "left", "valign": "middle"}
BUTTON = '<tg-button type="callback_data" data="yes">Yes</tg-button>'
ROW = f'<tg-button-row align="center">\n{BUTTON}\n</tg-button-row>'
FORMULA = {"type": "mathematical_expression", "expression": "x<1"}
LINK = {"type": "url", "text": "it", "url": "https://a.org/"}


def text(*parts: Any) -> Json:
    """Return a paragraph."""
    return {"type": "paragraph", "text": parts[0] if len(parts) == 1 else [*parts]}


def look(kind: str, inside: Any = "a") -> Json:
    return {"type": kind, "text": inside}


def quoted(levels: int) -> str:
    return "> " * levels + "a"


# Markdown, and what it becomes: a paragraph's text, or blocks.
MARKDOWN: dict[str, tuple[str, Any]] = {
    "looks": ("**a** __a__ *a*", [look("bold"), " ", look("bold"), " ", look("italic")]),
    "struck and marked": ("~~a~~ ==a==", [look("strikethrough"), " ", look("marked")]),
    "a spoiler in bold": ("**||a||**", look("bold", look("spoiler"))),
    "a lone pair": ("a == b || c", "a == b || c"),
    "code": ("`<u>  ||a||`", look("code", "<u>  ||a||")),
    "a formula": ("$x<1$", FORMULA),
    "a formula for a block": (
        "a $$x$$",
        ["a ", {"type": "mathematical_expression", "expression": "x"}],
    ),
    "prices": ("from US$5 to US$6", "from US$5 to US$6"),
    "lines": ("a\nb  \nc", "a b\nc"),
    "a link": ("[it](https://a.org)", LINK),
    "a link's text": ("[/it](https://a.org)", {**LINK, "text": "/it"}),
    "a link to no site": ("[it](/a)", "it"),
    "a person": ("[it](tg://user?id=4242)", {**look("text_mention", "it"), "user": ANY}),
    "a stranger": ("[it](tg://user?id=1)", "it"),
    "what is found": (
        "**/start** @someone",
        [
            look("bold", {"type": "bot_command", "text": "/start", "bot_command": "/start"}),
            " ",
            {"type": "mention", "text": "@someone", "username": "someone"},
        ],
    ),
    "an emoji": (
        "![!](tg://emoji?id=53)",
        {"type": "custom_emoji", "custom_emoji_id": "53", "alternative_text": "!"},
    ),
    "HTML": ("<u>a **a**</u>", look("underline", ["a ", look("bold")])),
    "unknown HTML": ("<em>a</em> <x>a</x>", [look("italic"), " <x>a</x>"]),
    "escaped HTML": ("&lt;u>a\\</u>", "<u>a</u>"),
    "a button": (f"Say {BUTTON}", ["Say ", {"type": "button", "button": PRESS}]),
    "no button": ("<tg-button type='url'>a</tg-button>", "<tg-button type='url'>a</tg-button>"),
    "not only buttons": (
        f"<tg-button-row>{BUTTON}<b>a</b></tg-button-row>",
        [
            "<tg-button-row>",
            {"type": "button", "button": PRESS},
            look("bold"),
            "</tg-button-row>",
        ],
    ),
    "buttons": (ROW, [{"type": "buttons", "buttons": [PRESS], "align": "center"}]),
    "headings": (
        "# a\n##a",
        [{**look("heading"), "size": 1}, {**look("heading"), "size": 2}],
    ),
    "a fence": ("```py\n<u>\n  a\n```", [{"type": "pre", "text": "<u>\n  a", "language": "py"}]),
    "a block of formula": (
        "$$\na\n$$\n```math\na\n```",
        [{"type": "mathematical_expression", "expression": "a"}] * 2,
    ),
    "lists": (
        "- [x] a\n  1. a\n  2. a\n- a\n\n---",
        [
            {
                "type": "list",
                "items": [
                    {
                        "label": "•",
                        "blocks": [
                            text("a"),
                            {
                                "type": "list",
                                "items": [
                                    {"label": "1.", "blocks": [text("a")], "value": 1, "type": "1"},
                                    {"label": "2.", "blocks": [text("a")], "value": 2, "type": "1"},
                                ],
                            },
                        ],
                        "has_checkbox": True,
                        "is_checked": True,
                    },
                    {"label": "•", "blocks": [text("a")]},
                ],
            },
            {"type": "divider"},
        ],
    ),
    "a quote": ("> a\n> - a", [{"type": "blockquote", "blocks": [text("a"), ANY]}]),
    "a table": (
        "| a | a |\n|---|--:|\n| **a** | a |",
        [
            {
                "type": "table",
                "cells": [
                    [
                        {"text": "a", "is_header": True, **CELL, "align": "center"},
                        {"text": "a", "is_header": True, **CELL, "align": "right"},
                    ],
                    [{"text": look("bold"), **CELL}, {"text": "a", **CELL, "align": "right"}],
                ],
            }
        ],
    ),
    "details": (
        "<details open><summary>**a**</summary>\n# a\n</details>",
        [
            {
                "type": "details",
                "summary": look("bold"),
                "is_open": True,
                "blocks": [{**look("heading"), "size": 1}],
            }
        ],
    ),
    "details in a line": (
        "<details><summary>a</summary>a **a**</details>",
        [{"type": "details", "summary": "a", "blocks": [text("a ", look("bold"))]}],
    ),
    "a picture": (
        'a ![a](https://a.org/a.png "b") a',
        [text("a"), {"type": "photo", "photo": ANY, "caption": {"text": "b"}}, text("a")],
    ),
    "a footnote": (
        "a[^n]\n\n[^n]: b",
        [
            text("a", look("superscript", {**look("reference_link", "1"), "reference_name": "n"})),
            text({**look("reference", "b"), "name": "n"}),
        ],
    ),
}


@pytest.mark.parametrize(("source", "made"), MARKDOWN.values(), ids=MARKDOWN)
def test_markdown_becomes_blocks(telegram: Telegram, source: str, made: Any) -> None:
    message = done(telegram, "sendRichMessage", rich_message={"markdown": source})
    is_of_blocks = isinstance(made, list) and all(isinstance(part, dict) for part in made)
    assert message["rich_message"]["blocks"] == (made if is_of_blocks else [text_of(made)])


def text_of(made: Any) -> Json:
    return text(*made) if isinstance(made, list) else text(made)


HTML: dict[str, tuple[str, list[Json]]] = {
    "what isn't closed": ("<p>a<h1>a<p><b>a", [text("a"), {**look("heading"), "size": 1}, ANY]),
    "quotes": (
        "<blockquote expandable>a<br>a<cite>b</cite></blockquote><aside>a</aside><footer>a",
        [
            {**look("expandable_blockquote", "a\na"), "credit": "b"},
            look("pullquote"),
            look("footer"),
        ],
    ),
    "places": (
        '<a name="top"></a><p><a href="#top">a</a></p><tg-map lat="1.5" long="2" zoom="3"/>',
        [
            {"type": "anchor", "name": "top"},
            text({**look("anchor_link"), "anchor_name": "top"}),
            {**MAP, "type": "map", "location": {"latitude": 1.5, "longitude": 2}, "zoom": 3},
        ],
    ),
    "files": (
        '<video src="https://a.org/a.gif"></video><img src="tg://photo?id=own" tg-spoiler/>',
        [
            {"type": "animation", "animation": ANY},
            {"type": "photo", "photo": ANY, "has_spoiler": True},
        ],
    ),
    "script": ("<script><b>a</b>", [text("<script>", look("bold"))]),
    "a list": (
        "<ol reversed><li>a<li>a",
        [
            {
                "type": "list",
                "items": [
                    {"label": "2.", "blocks": [text("a")], "value": 2, "type": "1"},
                    {"label": "1.", "blocks": [text("a")], "value": 1, "type": "1"},
                ],
            }
        ],
    ),
    "no figure": ("<figure><p>a</p><figcaption>b</figcaption></figure>", [text("a"), text("b")]),
    "no file": ('<img src="a.png">', [text('<img src="a.png">')]),
}


@pytest.mark.parametrize(("source", "made"), HTML.values(), ids=HTML)
def test_html_becomes_blocks(telegram: Telegram, source: str, made: list[Json]) -> None:
    own = {"id": "own", "media": {"type": "photo", "media": FILE}}
    message = done(telegram, "sendRichMessage", rich_message={"html": source, "media": [own]})
    assert message["rich_message"]["blocks"] == made


def test_without_its_packages_the_source_of_markdown_is_shown(
    telegram: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.cache_clear()
    monkeypatch.setitem(sys.modules, "markdown_it", None)
    call = make(telegram, "sendRichMessage", rich_message={"markdown": "# a\n\n- **a**"})
    blocks = call.answer["result"]["rich_message"]["blocks"]
    assert blocks == [text("# a"), text("- **a**")]
    assert call.hints == [SOURCE_HINT]


def test_only_a_draft_shows_that_the_bot_thinks(telegram: Telegram) -> None:
    rich = {"markdown": "a\n\n<tg-thinking>Hm</tg-thinking>"}
    call = make(telegram, "sendRichMessageDraft", draft_id=1, rich_message=rich)
    assert call.changes[0]["rich_message"]["blocks"] == [text("a"), look("thinking", "Hm")]
    assert error(telegram, "sendRichMessage", rich_message=rich) == "RICH_VALIDATE_CTOR_NOT_ALLOWED"


PICTURE = "![](https://a.org/a.png)\n"
ROWS = "|a|\n|-|\n" + "|a|\n" * 498
WIDE = "|a" * 20 + "|\n" + "|-" * 20 + "|\n"
LIMITS: dict[str, tuple[str, str, str]] = {  # what is just allowed, what isn't, and the error
    "characters": ("é" * 32_768, "é" * 32_769, "TEXT_TOO_LONG"),
    "a formula": (f"${'x' * 32_768}$", f"${'x' * 32_769}$", "TEXT_TOO_LONG"),
    "paragraphs": ("a\n\n" * 500, "a\n\n" * 501, "BLOCKS_TOO_MANY"),
    "items with a paragraph": ("- a\n" * 249, "- a\n" * 250, "BLOCKS_TOO_MANY"),
    "rows": (ROWS, f"{ROWS}|a|", "BLOCKS_TOO_MANY"),
    "levels": (quoted(15), quoted(16), "DEPTH_INVALID"),
    "levels of text": (f"{quoted(14)} *a*", f"{quoted(15)} *a*", "DEPTH_INVALID"),
    "far too many levels": ("a", "<b>" * 5000, "DEPTH_INVALID"),
    "pictures": (PICTURE * 50, PICTURE * 51, "MEDIA_TOO_MANY"),
    "columns": (WIDE, WIDE.replace("\n", "x|\n").replace("|x|", "|-|"), "TABLE_COLS_TOO_MANY"),
}


@pytest.mark.parametrize(("allowed", "refused", "why"), LIMITS.values(), ids=LIMITS)
def test_a_rich_message_has_limits(
    telegram: Telegram, allowed: str, refused: str, why: str
) -> None:
    done(telegram, "sendRichMessage", rich_message={"markdown": allowed})
    rich = {"markdown": refused}
    assert error(telegram, "sendRichMessage", rich_message=rich) == f"RICH_MESSAGE_{why}"


WRONG: dict[str, tuple[Json, str]] = {
    "nothing": ({"markdown": ""}, "rich message must be non-empty"),
    "no block": ({"blocks": []}, "RICH_MESSAGE_EMPTY"),
    "a wide cell": ({"html": "<table><tr><td colspan=21>a"}, "RICH_MESSAGE_TABLE_COLS_TOO_MANY"),
    "a long button": (
        {"html": f"<tg-button type=disabled>{'a' * 32_769}"},
        "RICH_MESSAGE_TEXT_TOO_LONG",
    ),
    "too much data": (
        {"markdown": f"<tg-button type='callback_data' data='{'x' * 65}'>a</tg-button>"},
        "BUTTON_DATA_INVALID",
    ),
}


@pytest.mark.parametrize(("rich", "why"), WRONG.values(), ids=WRONG)
def test_a_rich_message_is_refused(telegram: Telegram, rich: Json, why: str) -> None:
    assert error(telegram, "sendRichMessage", rich_message=rich) == why


def test_a_widget_asks_and_is_answered_once(telegram: Telegram) -> None:
    sent = done(telegram, "sendWidget", html="<p>Hi</p>", chat_data="a", allow_queries=True)
    assert sent["widget"] == {"html": "<p>Hi</p>", "chat_data": "a"}
    assert sent["has_protected_content"] is True
    query = telegram.ask_by_widget(CHAT, sent["message_id"], "more")
    [update] = updates(telegram)
    assert update["widget_query"]["data"] == "more"
    assert update["widget_query"]["message_id"] == sent["message_id"]
    call = make(telegram, "answerWidgetQuery", widget_query_id=query, data="done")
    assert call.changes == [{"kind": "widget_answer", "id": query, "data": "done"}]
    again = error(telegram, "answerWidgetQuery", widget_query_id=query)
    assert again.startswith("query is too old")


def test_a_shared_widget_has_data_for_all_its_messages(telegram: Telegram) -> None:
    first = done(telegram, "sendWidget", html="x", is_shared=True, allow_queries=True)
    id = first["widget"]["id"]
    done(telegram, "editSharedWidgetData", widget_id=id, public_data="1 : 0")
    second = done(telegram, "sendSharedWidget", widget_id=id, chat_data="b")
    assert second["widget"] == {"html": "x", "id": id, "public_data": "1 : 0", "chat_data": "b"}
    telegram.ask_by_widget(CHAT, second["message_id"], "score")
    [update] = updates(telegram)
    assert update["shared_widget_query"]["widget_id"] == id


NOISE = random.Random(0).randbytes(5000).hex()  # zlib can halve it, and no more
WIDGETS: dict[str, tuple[str, Json, str]] = {
    "too long": ("sendWidget", {"html": "x" * 32_769}, "widget HTML is too long"),
    "too long when compressed": ("sendWidget", {"html": NOISE}, "widget HTML is too long"),
    "too much data": ("sendWidget", {"html": "x", "chat_data": "x" * 1025}, "widget data is"),
    "an unknown one": ("sendSharedWidget", {"widget_id": "x"}, "widget not found"),
}


@pytest.mark.parametrize(("method", "params", "why"), WIDGETS.values(), ids=WIDGETS)
def test_a_widget_is_refused(telegram: Telegram, method: str, params: Json, why: str) -> None:
    assert error(telegram, method, **params).startswith(why)


def test_a_widget_asks_only_if_it_may_and_by_few_bytes(telegram: Telegram) -> None:
    quiet = done(telegram, "sendWidget", html="x")["message_id"]
    with pytest.raises(ValueError, match="allow_queries"):
        telegram.ask_by_widget(CHAT, quiet, "more")
    asking = done(telegram, "sendWidget", html="x", allow_queries=True)["message_id"]
    for data in ("", "x" * 65):
        with pytest.raises(ValueError, match="1 to 64 bytes"):
            telegram.ask_by_widget(CHAT, asking, data)
