"""scripts/update-bot-api: the table and the types, made from a description."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from emulators.telegram import Json
from emulators.telegram.bot_api import TABLE
from maintenance import update_bot_api
from maintenance.update_bot_api import STUB, changes, stub_text, table_of, table_text

from tests.support.programs import run


def field(name: str, *types: str, required: bool = True, description: str = "") -> Json:
    return {"name": name, "types": [*types], "required": required, "description": description}


ARRAYS = "Array of Array of Cat"
DESCRIPTION: Json = {
    "version": "Bot API 99",
    "release_date": "June 1, 2099",
    "methods": {
        "feed": {
            "returns": ["Cat", "Boolean"],
            "fields": [field("cat", "Integer", "String"), field("cats", ARRAYS, required=False)],
        },
        "rest": {"returns": ["Boolean"]},
    },
    "types": {
        "Cat": {"fields": [field("kind", "String", description='Kind, always "cat"')]},
        "Dog": {"fields": [field("from", "Cat"), field("old", "Boolean", required=False)]},
        "Food": {},
        "InputFile": {},
        "Pet": {"subtypes": ["Cat", "Dog"]},
    },
}
METHODS: Json = {
    "feed": {"returns": "Cat | Boolean", "params": {"cat": "Integer | String", "cats?": "[[Cat]]"}},
    "rest": {"returns": "Boolean", "params": {}},
}
TYPES: Json = {
    "Cat": {"kind": '"cat"'},
    "Dog": {"from": "Cat", "old?": "Boolean"},
    "Food": {},
    "InputFile": {},
    "Pet": "Cat | Dog",
}
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
    cats: NotRequired[list[list[Cat]]]

class Rest(TypedDict):
    method: Literal["rest"]

Call = Feed | Rest
"""


def test_a_description_becomes_a_table() -> None:
    table = table_of(DESCRIPTION)
    assert (table["methods"], table["types"]) == (METHODS, TYPES)
    assert json.loads(table_text(table)) == table


def test_a_table_becomes_types() -> None:
    assert stub_text(table_of(DESCRIPTION)).endswith(STUBS)


def test_the_types_are_those_of_the_table() -> None:
    """Nobody edited either of them, and both are of the same version."""
    table = json.loads(TABLE.read_text())
    assert table_text(table) == TABLE.read_text()
    assert stub_text(table) == STUB.read_text()
    assert (len(table["methods"]), len(table["types"])) == (180, 359)


def test_what_changed_is_told() -> None:
    old = table_of(DESCRIPTION)
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
        "- feed.cats?: [[Cat]]",
        "+ feed returns Cat",
        "+ feed.cat: Integer",
        "+ feed.dish?: String",
        "- type Food",
        "- Pet is Dog",
        "+ Pet is Bird",
    ]
    assert list(changes(new, new)) == []


def test_the_script_writes_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "api.json"
    source.write_text(json.dumps(DESCRIPTION))
    monkeypatch.setattr(update_bot_api, "TABLE", tmp_path / "table.json")
    monkeypatch.setattr(update_bot_api, "STUB", tmp_path / "types.pyi")
    code, output = run(update_bot_api.main, str(source))
    assert code == 0
    assert json.loads((tmp_path / "table.json").read_text())["methods"] == METHODS
    assert (tmp_path / "types.pyi").read_text().endswith(STUBS)
    assert "+ method feed\n" in output
    assert run(update_bot_api.main, str(source)) == (0, "Nothing changed: Bot API 99.\n")


WRONG = {
    "no file": (None, "No such file"),
    "no JSON": ("{", "Expecting"),
    "no object": ("[]", "an object is expected"),
    "no description": ('{"methods": {}}', "no description of the Bot API"),
    "no fields": (
        json.dumps({**DESCRIPTION, "methods": {"x": {"returns": 1}}}),
        "no description of the Bot API",
    ),
    "a clash": (
        json.dumps({**DESCRIPTION, "types": {"Feed": {}}}),
        "Feed is both a type and the name of feed's call",
    ),
}


@pytest.mark.parametrize(("text", "error"), WRONG.values(), ids=WRONG)
def test_what_is_no_description_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, error: str
) -> None:
    monkeypatch.setattr(update_bot_api, "TABLE", tmp_path / "table.json")
    monkeypatch.setattr(update_bot_api, "STUB", tmp_path / "types.pyi")
    if text is not None:
        (tmp_path / "api.json").write_text(text)
    before = set(tmp_path.iterdir())
    ran = run(update_bot_api.main, str(tmp_path / "api.json"))
    assert ran.code == 1
    assert error in ran.output
    assert set(tmp_path.iterdir()) == before
