"""The documented Bot API: the fields of each method and type, and checks of calls against them.

bot_api.json has them: `name?` is optional, `A | B` is either, `[A]` an array, `"x"` only that
string. Where Telegram's wording of an error isn't published, the wording is ours.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Fields = dict[str, tuple[str, bool]]  # each field's name → its kind, and whether it is required


class Refusal(Exception):
    """Telegram refuses a call."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    @property
    def answer(self) -> Json:
        """The refusal as the Bot API answers it."""
        more = {"parameters": self.parameters} if self.parameters else {}
        return {"ok": False, "error_code": self.code, "description": self.description, **more}


class Mismatch(Exception):
    """A value is of the wrong kind; the text says so in Telegram's words."""


def array_of(kind: str) -> str | None:
    """Return the kind of an array's items, or None if it isn't an array."""
    return kind[1:-1] if kind.startswith("[") and kind.endswith("]") else None


def _fields(entry: dict[str, str]) -> Fields:
    return {name.rstrip("?"): (kind, not name.endswith("?")) for name, kind in entry.items()}


_TABLE = json.loads(Path(__file__).with_name("bot_api.json").read_text())
METHODS = {name: _fields(entry["params"]) for name, entry in _TABLE["methods"].items()}
RETURNS: dict[str, str] = {name: entry["returns"] for name, entry in _TABLE["methods"].items()}
TYPES = {name: _fields(each) for name, each in _TABLE["types"].items() if isinstance(each, dict)}
# The types that a type is one of.
UNIONS = {name: each for name, each in _TABLE["types"].items() if isinstance(each, str)}
_BY_LOWER_CASE = {name.lower(): name for name in METHODS}


def method_named(name: str) -> str | None:
    """Return a method's name as documented: Telegram ignores case."""
    return _BY_LOWER_CASE.get(name.lower())


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean …?" if a known name resembles this one."""
    by_lower_case = {each.lower(): each for each in known}
    close = difflib.get_close_matches(name.lower(), by_lower_case, 1)
    return f"; did you mean {by_lower_case[close[0]]}?" if close else ""


# What Telegram says if a required parameter is missing, by method or for all methods.
COPY_NOT_FOUND = "message to copy not found"
QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
NO_MESSAGE = "message identifier is not specified"
MISSING = {
    "action": "wrong parameter action in request",
    "callback_query_id": QUERY_TOO_OLD,
    "chat_id": "chat_id is empty",
    "copyMessage.message_id": COPY_NOT_FOUND,
    "deleteMessage.message_id": NO_MESSAGE,
    "file_id": "file_id not specified",
    "forwardMessage.message_id": "message to forward not found",
    "inline_query_id": QUERY_TOO_OLD,
    "latitude": "latitude is empty",
    "longitude": "longitude is empty",
    "message_ids": "message identifiers are not specified",
    "sendMessage.text": "message text is empty",
    "setMessageReaction.message_id": "message to react not found",
    "user_id": "invalid user_id specified",
}
MEDIA = "animation audio document photo sticker video video_note voice".split()
MISSING |= {name: f"there is no {name.replace('_', ' ')} in the request" for name in MEDIA}
# Parameters that the documentation calls required, and that Telegram doesn't require.
NOT_REQUIRED = {"setWebhook.url", "setMyCommands.commands"}

# Its message if a parameter has the wrong type, unless it is the same for every such type.
WRONG = {
    "allowed_updates": "can't parse allowed_updates",
    "caption_entities": "can't parse entities: expected an Array of MessageEntity",
    "chat_id": "chat not found",
    "entities": "can't parse entities: expected an Array of MessageEntity",
    "from_chat_id": "chat not found",
    "secret_token": "secret token contains unallowed characters",
    "setWebhook.url": "invalid webhook URL specified",
}
WRONG_FIELD = {
    "inline_keyboard": 'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of '
    "Arrays",
    "keyboard": 'field "keyboard" must be an Array of Arrays',
}
# Fields that the documentation calls required: without them Telegram takes a markup for none, as
# python-telegram-bot sends it for an empty keyboard. Source: Client.cpp, get_reply_markup
OF_MARKUPS = {"force_reply", "inline_keyboard", "keyboard", "remove_keyboard"}

# The names in its errors of the types that begin like this.
LABELS = {
    "InlineKeyboardButton": "inline keyboard button",
    "InlineQueryResult": "inline query result",
    "InputMedia": "InputMedia",
    "InputPaidMedia": "InputPaidMedia",
    "KeyboardButton": "keyboard button",
    "LabeledPrice": "labeled price",
    "MenuButton": "menu button",
    "ReactionType": "ReactionType",
    "ShippingOption": "shipping option",
}
MUST_BE_AN_OBJECT = ("InlineKeyboardButton", "LabeledPrice", "MenuButton", "ShippingOption")
SCALARS = {"Boolean": "Boolean", "Float": "Number", "Integer": "Number", "String": "String"}
TEXTS = {"KeyboardButton", "InputPollOption"}  # objects that may be given as a string


def checked(method: str, params: Json, hints: list[str]) -> Json:
    """Return a method's parameters as documented, and add hints about those that aren't.

    JSON in a string is parsed, as Telegram does. Raises Refusal.
    """
    fields = METHODS[method]
    given: Json = {}
    for name, value in params.items():
        if name not in fields:
            hints.append(f"{method} has no parameter {name}{did_you_mean(name, fields)}")
            given[name] = value
        elif value is None:
            hints.append(f"{method} has no value of {name}: instead of null, leave it out")
    for name, (kind, required) in fields.items():
        where = f"{method}.{name}"
        if params.get(name) is None:
            if required and where not in NOT_REQUIRED:
                missing = MISSING.get(where) or MISSING.get(name)
                missing = missing or f'parameter "{name}" is required'
                raise Refusal(400, f"Bad Request: {missing}")
            continue
        try:
            given[name] = _parse_value(name, kind, params[name], hints)
        except Mismatch as mismatch:
            text = f"{mismatch}"
            if not text.startswith(("can't parse", "field ")):  # of something in the value
                text = WRONG.get(where) or WRONG.get(name) or text
            raise Refusal(400, f"Bad Request: {text}") from None
    return given


def _parse_value(name: str, kind: str, value: Any, hints: list[str]) -> Any:
    alternatives = _alternatives(kind)
    shapes = {_shape(each) for each in alternatives}
    if isinstance(value, str) and str not in shapes and shapes & {dict, list}:
        value = parsed(value)
        if value is None:
            raise Mismatch(f"can't parse {name} JSON object")
    if isinstance(value, str) and int in shapes and str in shapes:  # a chat's id or username
        number = value.removeprefix("-")
        if number.isascii() and number.isdigit() and len(number) < 20:
            return int(value)
    return conform(kind, value, hints)


def parsed(text: str | bytes) -> Any:
    """Parse JSON. Returns None if it is invalid, too deep, or has an infinite number."""
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return None
    return value


def decode_form(method: str, fields: dict[str, str]) -> Json:
    """Return the parameters of a form, which are all strings, with their JSON types."""
    kinds = {name: kind for name, (kind, _) in METHODS[method].items()}
    return {name: _from_text(kinds.get(name, ""), text) for name, text in fields.items()}


def _from_text(kind: str, text: str) -> Any:
    if kind == "Boolean":
        return text.lower() in ("true", "yes", "1")
    if kind in ("Integer", "Float"):
        value = parsed(text)
        return value if type(value) in (int, float) else text
    return text


def _alternatives(kind: str) -> list[str]:
    """Return the kinds that a value may have."""
    if array_of(kind):
        return [kind]
    found = []
    for name in kind.split(" | "):
        found += _alternatives(UNIONS[name]) if name in UNIONS else [name]
    return found


def _shape(kind: str) -> type:
    if array_of(kind):
        return list
    shapes = {"Boolean": bool, "Float": float, "Integer": int, "String": str, "InputFile": str}
    return str if kind.startswith('"') else shapes.get(kind, dict)


def _label(name: str) -> str:
    return next((label for start, label in LABELS.items() if name.startswith(start)), name)


def conform(kind: str, value: Any, hints: list[str]) -> Any:
    """Return a value as documented, and add hints about fields that aren't.

    Raises Mismatch if it isn't of that kind.
    """
    alternatives = _alternatives(kind)
    if isinstance(value, dict):
        objects = [name for name in alternatives if _shape(name) is dict]
        if objects:
            return _object(kind, objects, value, hints)
    if isinstance(value, list):
        arrays = [name for name in alternatives if array_of(name)]
        if arrays:
            items = array_of(arrays[0]) or ""
            return [conform(items, item, hints) for item in value]
    if isinstance(value, str) and kind in TEXTS:
        return {"text": value}
    if any(_is_scalar(name, value) for name in alternatives):
        return value
    raise Mismatch(_expected(kind, alternatives[0]))


def _is_scalar(kind: str, value: Any) -> bool:
    if kind.startswith('"'):
        return bool(value == kind.strip('"'))
    if kind == "Integer":
        return type(value) is int and abs(value) < 2**63
    if kind == "Float":
        return type(value) is int or (type(value) is float and math.isfinite(value))
    return type(value) is _shape(kind) and type(value) is not dict


def _expected(kind: str, first: str) -> str:
    if inner := array_of(first):
        return f"expected an Array of {inner}"
    if first in SCALARS:
        return f"{'an' if first == 'Integer' else 'a'} {first} is expected"
    name = kind.partition(" | ")[0]
    label = _label(name)
    if name.startswith("KeyboardButton"):
        return f"can't parse {label}: KeyboardButton must be a String or an Object"
    must = f"{name} must be an Object" if name.startswith(MUST_BE_AN_OBJECT) else ""
    return f"can't parse {label}: {must or 'expected an Object'}"


def _object(kind: str, names: list[str], value: Json, hints: list[str]) -> Any:
    """Return an object of one of these types: its constants and fields tell which."""
    label = _label(kind.partition(" | ")[0])
    of_constants = [name for name in names if _has_constants(name, value)]
    if not of_constants:
        said = value.get("type", value.get("source"))
        what = f'type "{said}" is unsupported' if said else 'Can\'t find field "type"'
        raise Mismatch(f"can't parse {label}: {what}")
    complete = [name for name in of_constants if _has_required(name, value)]
    name = (complete or of_constants)[0]
    fields = TYPES[name]
    for field in value:
        if field not in fields:
            hints.append(f"{name} has no field {field}{did_you_mean(field, fields)}")
    conformed = {}
    for field, item in value.items():
        if field not in fields:
            continue
        inner, required = fields[field]
        if item is None and not required:
            continue
        try:
            conformed[field] = conform(inner, item, hints)
        except Mismatch as mismatch:
            raise Mismatch(_of_field(label, field, inner, mismatch)) from None
    for field, (_, required) in fields.items():
        if required and field not in value and field not in OF_MARKUPS:
            raise Mismatch(f"can't parse {label}: Can't find field \"{field}\"")
    return conformed


def _of_field(label: str, field: str, kind: str, mismatch: Mismatch) -> str:
    text = f"{mismatch}"
    if text.startswith(("can't parse", "field ")):
        return text
    if kind in SCALARS:
        text = f'Field "{field}" must be of type {SCALARS[kind]}'
    return WRONG_FIELD.get(field) or f"can't parse {label}: {text}"


def _has_constants(name: str, value: Json) -> bool:
    constants = {f: kind for f, (kind, _) in TYPES[name].items() if kind.startswith('"')}
    return all(value.get(field) == kind.strip('"') for field, kind in constants.items())


def _has_required(name: str, value: Json) -> bool:
    return all(field in value for field, (_, required) in TYPES[name].items() if required)
