"""scripts/dev update-bot-api: the types, made from the table of the Bot API."""

import json

from maintenance.update_bot_api import STUB, TABLE, stub_text

METHODS = {
    "feed": {
        "returns": "Cat | Boolean",
        "params": {"cat": "Integer | String", "cats?": "[[Cat | Dog]]"},
    },
    "rest": {"returns": "Boolean", "params": {}},
    "sendCat": {"returns": "Boolean", "params": {"cat?": "Cat"}},
    "wash": {"returns": "Boolean", "params": {"cat": "Cat | String", "cats": "[String]"}},
}
TYPES = {
    "Cat": {"kind": '"cat"'},
    "Dog": {"from": "Cat", "old?": "Boolean"},
    "Food": {},
    "InputFile": {},
    "Pet": "Cat | Dog",
}
MADE_UP = {"version": "Bot API 99", "source": "x", "methods": METHODS, "types": TYPES}
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


def test_stub_matches_the_table():
    """Nobody edited them, and a new table isn't forgotten."""
    assert STUB.read_text() == stub_text(json.loads(TABLE.read_text()))


def test_stub_text_of_a_table():
    assert stub_text(MADE_UP).endswith(STUBS)
