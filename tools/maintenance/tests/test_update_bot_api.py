"""scripts/dev update-bot-api: the types, made from the table of the Bot API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bot_api_table
import pytest
from bot_api_table import TABLE

from maintenance import update_bot_api
from maintenance.update_bot_api import STUB, stub_text
from tests.support.programs import run

Json = dict[str, Any]

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


def test_the_types_are_those_of_the_table() -> None:
    """Nobody edited them, and a new table isn't forgotten."""
    assert STUB.read_text() == stub_text(json.loads(TABLE.read_text()))


def test_a_table_becomes_types() -> None:
    assert stub_text(MADE_UP).endswith(STUBS)


def test_a_type_with_the_name_of_a_call_is_refused() -> None:
    with pytest.raises(ValueError, match="Feed is both a type and the name of feed's call"):
        stub_text({**MADE_UP, "types": {"Feed": {}}})


def test_the_script_writes_the_table_and_the_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update_bot_api, "STUB", tmp_path / "types.pyi")
    monkeypatch.setattr(bot_api_table, "update", lambda: (MADE_UP, ["+ method feed"]))
    assert run(update_bot_api.main) == (0, "+ method feed\n")
    assert (tmp_path / "types.pyi").read_text().endswith(STUBS)
