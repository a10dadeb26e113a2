"""scripts/update-bot-api: the table and the types, made from what a library knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from telegram_stand_in import Json
from telegram_stand_in.bot_api import TABLE

from maintenance import update_bot_api
from maintenance.update_bot_api import AHEAD, STUB, changes, stub_text, table_text, with_ahead
from tests.support.programs import run

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
STUBS = """
class Cat(TypedDict):
    kind: Literal["cat"]

Dog = TypedDict(
    "Dog",
    {
        "from": Cat,
        "old": NotRequired[bool],
    },
)

class Food(TypedDict): ...

Pet = Cat | Dog

class Feed(TypedDict):
    method: Literal["feed"]
    cat: int | str
    cats: NotRequired[list[list[Cat | Dog]]]

class Rest(TypedDict):
    method: Literal["rest"]

class SendCat(TypedDict):
    method: Literal["sendCat"]
    cat: NotRequired[Cat]

class Wash(TypedDict):
    method: Literal["wash"]
    cat: Cat | str
    cats: list[str]

OtherMethod = Literal["feed"] | Literal["rest"] | Literal["wash"]

class TypedCall(TypedDict):
    method: ReadOnly[OtherMethod]

class OtherCall(TypedDict):
    method: OtherMethod | Literal[""]
    cat: NotRequired[int | str | Cat]
    cats: NotRequired[list[list[Cat | Dog]] | list[str]]

Call = SendCat | OtherCall | TypedCall
"""


@pytest.fixture(scope="module")
def table() -> Json:
    """What the pinned library says, and what is ahead of it."""
    return update_bot_api.known()[0]


def test_the_table_and_the_types_are_those_of_the_pinned_library(table: Json) -> None:
    """Nobody edited either of them, and a new pin isn't forgotten."""
    assert TABLE.read_text() == table_text(table)
    assert json.loads(TABLE.read_text()) == table
    assert STUB.read_text() == stub_text(table)
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


def test_a_table_becomes_types() -> None:
    assert stub_text(MADE_UP).endswith(STUBS)


def test_a_type_with_the_name_of_a_call_is_refused() -> None:
    with pytest.raises(ValueError, match="Feed is both a type and the name of feed's call"):
        stub_text({**MADE_UP, "types": {"Feed": {}}})


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
    behind = tmp_path / AHEAD.name
    behind.write_text(json.dumps({**AHEAD_OF_IT, "version": "Bot API 9.10"}))
    monkeypatch.setattr(update_bot_api, "AHEAD", behind)
    table, told = update_bot_api.known()
    assert "walk" not in table["methods"]
    assert told.endswith(f"delete {AHEAD.name}, it is needless.")
    behind.unlink()
    assert update_bot_api.known() == (table, "")


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


def test_the_script_writes_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(update_bot_api, "TABLE", tmp_path / "table.json")
    monkeypatch.setattr(update_bot_api, "STUB", tmp_path / "types.pyi")
    monkeypatch.setattr(update_bot_api, "known", lambda: (MADE_UP, "Delete it."))
    code, output = run(update_bot_api.main)
    assert code == 0
    assert json.loads((tmp_path / "table.json").read_text()) == MADE_UP
    assert (tmp_path / "types.pyi").read_text().endswith(STUBS)
    assert "+ method feed\n" in output
    assert run(update_bot_api.main) == (0, "Nothing changed: Bot API 99.\nDelete it.\n")
