"""The table of the Bot API, made from what a library knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import bot_api_table
from bot_api_table import AHEAD, TABLE, changes, methods, table_text, with_ahead
from telegram_stand_in import METHODS as KNOWN
from telegram_stand_in import Json

METHODS: Json = {
    "feed": {
        "returns": "Cat | Boolean",
        "params": {"cat": "Integer | String", "cats?": "[[Cat | Dog]]"},
    },
    "rest": {"returns": "Boolean", "params": {}},
    "sendCat": {"returns": "Boolean", "params": {"cat?": "Cat"}},
    "wash": {"returns": "Boolean", "params": {"cat": "Cat | String", "cats": "[String]"}},
}
TYPES: Json = {
    "Cat": {"kind": '"cat"'},
    "Dog": {"from": "Cat", "old?": "Boolean"},
    "Food": {},
    "InputFile": {},
    "Pet": "Cat | Dog",
}
MADE_UP: Json = {"version": "Bot API 99", "source": "x", "methods": METHODS, "types": TYPES}


@pytest.fixture(scope="module")
def table() -> Json:
    """The table of the pinned library, and the entries ahead of it."""
    pytest.importorskip("aiogram", reason="needs aiogram")
    return bot_api_table.known()[0]


@pytest.mark.slow  # it imports aiogram
def test_the_table_is_that_of_the_pinned_library(table: Json) -> None:
    """Nobody edited it, and a new version isn't forgotten."""
    assert TABLE.read_text() == table_text(table)
    assert json.loads(TABLE.read_text()) == table
    assert (len(table["methods"]), len(table["types"])) == (191, 422)


MEDIA = " | ".join(f"InputMedia{x}" for x in "Audio Document LivePhoto Photo Video".split())
BUTTON = "InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply"
IN_TELEGRAMS_WORDS: dict[str, tuple[str, str, str | None]] = {
    "a name that Python reserves": ("Message", "from?", "User"),
    "a date": ("Message", "date", "Integer"),
    "a union of its own": ("PollOption", "media?", "PollMedia"),
    "a union that is written out": ("sendMessage", "reply_markup?", BUTTON),
    "a result's union": ("getChatMember", "returns", "ChatMember"),
    "a union with itself": ("sendPoll", "options", "[InputPollOption]"),
    "a recursive union": ("RichTextBold", "text", "RichText"),
    "a constant": ("ChatMemberOwner", "status", '"creator"'),
    "a constant that is no text": ("ForceReply", "force_reply", "Boolean"),
    "an array of several": ("sendMediaGroup", "media", f"[{MEDIA}]"),
    "a default of the bot": ("sendMessage", "parse_mode?", "String"),
    "a file": ("setChatPhoto", "photo", "InputFile"),
    "a file or its id": ("sendPhoto", "photo", "InputFile | String"),
    "a thumbnail": ("sendVideo", "thumbnail?", "InputFile | String"),
    "a file in an object": ("InputMediaVideo", "cover?", "String"),
    "a field of the base": ("MenuButtonDefault", "text?", None),
    "a field that Telegram removed": ("sendMessage", "reply_to_message_id?", None),
}


@pytest.mark.parametrize(
    ("thing", "field", "kind"), IN_TELEGRAMS_WORDS.values(), ids=IN_TELEGRAMS_WORDS
)
def test_the_library_is_put_into_telegrams_words(
    table: Json, thing: str, field: str, kind: str | None
) -> None:
    method = table["methods"].get(thing, {})
    fields = table["types"].get(thing) or method["params"] | {"returns": method["returns"]}
    assert fields.get(field) == kind


def test_what_only_the_library_has_is_left_out(table: Json) -> None:
    assert {"TelegramObject", "ErrorEvent", "UserShared"}.isdisjoint(table["types"])
    assert table["types"]["InputFile"] == table["types"]["CallbackGame"] == {}


AHEAD_OF_IT: Json = {
    "version": "Bot API 99.1",
    "methods": {
        "feed": {"params": {"cat?": "Integer"}},
        "walk": {"returns": "Boolean", "params": {}},
    },
    "types": {"Cat": {"age?": "Integer"}, "Food": None, "Pet": "Cat | Bird", "Bird": {}},
}


def test_what_is_ahead_replaces_adds_and_removes() -> None:
    table = with_ahead(MADE_UP, AHEAD_OF_IT)
    assert table["version"] == "Bot API 99.1"
    assert table["methods"]["feed"] == {
        "returns": "Cat | Boolean",
        "params": {"cats?": "[[Cat | Dog]]", "cat?": "Integer"},
    }
    assert table["methods"]["walk"] == {"returns": "Boolean", "params": {}}
    assert table["types"] == {
        "Cat": {"kind": '"cat"', "age?": "Integer"},
        "Dog": TYPES["Dog"],
        "InputFile": {},
        "Pet": "Cat | Bird",
        "Bird": {},
    }


def test_what_was_ahead_is_needless_once_the_library_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("aiogram", reason="needs aiogram")
    behind = tmp_path / AHEAD.name
    behind.write_text(json.dumps({**AHEAD_OF_IT, "version": "Bot API 9.10"}))
    monkeypatch.setattr(bot_api_table, "AHEAD", behind)
    table, told = bot_api_table.known()
    assert "walk" not in table["methods"]
    assert told.endswith(f"delete {AHEAD.name}, it is needless.")
    behind.unlink()
    assert bot_api_table.known() == (table, "")


def test_what_changed_is_told() -> None:
    old = MADE_UP
    new = json.loads(json.dumps(old)) | {"version": "Bot API 100"}
    del new["methods"]["rest"], new["types"]["Food"]
    new["methods"]["feed"] = {"returns": "Cat", "params": {"cat": "Integer", "dish?": "String"}}
    new["methods"]["walk"] = {"returns": "Boolean", "params": {}}
    new["types"]["Pet"] = "Cat | Bird"
    assert list(changes(old, new)) == [
        "Bot API 99 → Bot API 100",
        "+ method walk",
        "- method rest",
        "- feed returns Cat | Boolean",
        "- feed.cat: Integer | String",
        "- feed.cats?: [[Cat | Dog]]",
        "+ feed returns Cat",
        "+ feed.cat: Integer",
        "+ feed.dish?: String",
        "- type Food",
        "- Pet is Dog",
        "+ Pet is Bird",
    ]
    assert list(changes(new, new)) == []


def test_it_is_written_and_what_changed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot_api_table, "TABLE", tmp_path / "table.json")
    monkeypatch.setattr(methods, "PAGE", tmp_path / "methods.md")
    monkeypatch.setattr(bot_api_table, "known", lambda: (MADE_UP, "Delete it."))
    table, lines = bot_api_table.update()
    assert table == MADE_UP == json.loads((tmp_path / "table.json").read_text())
    assert "+ method feed" in lines
    assert "#feed)" in (tmp_path / "methods.md").read_text()
    assert bot_api_table.update()[1] == ["Nothing changed: Bot API 99.", "Delete it."]


def test_the_page_lists_each_method_where_it_belongs() -> None:
    """If it fails, a method was played or no longer is: run `python -m bot_api_table --methods`."""
    page = methods.PAGE.read_text()
    assert page == methods.text(KNOWN)
    played, sampled, _ = page.split("## ")[1:]
    assert "[sendMessage]" in played and "[getStickerSet]" in sampled
