"""The Bot API as the library aiogram describes it, which is generated from Telegram's own page.

Its names differ from Telegram's here and there: fields that Python reserves have an alias, unions
are written out or end in "Union", removed fields stay as deprecated, dates are objects,
and parameters with a default of the whole bot have a special type.
"""

from __future__ import annotations

import datetime
import inspect
import types
import typing
from typing import Any

import aiogram
from aiogram import methods
from aiogram.client.default import Default
from aiogram.types import InputFile
from pydantic import BaseModel
from pydantic.fields import FieldInfo

Json = dict[str, Any]

SCALARS = {
    bool: "Boolean",
    int: "Integer",
    float: "Float",
    str: "String",
    datetime.datetime: "Integer",
    datetime.timedelta: "Integer",
    InputFile: "InputFile",
}
# Telegram also takes the file_id of a thumbnail; aiogram doesn't.
FILE_OR_ID = {"thumbnail"}


def table() -> Json:
    """Return the fields of each method and type, and their types.

    `name?` is optional, `A | B` is either, `[A]` an array, `"x"` only that string.
    """
    of_methods = [getattr(methods, name) for name in methods.__all__ if name != "TelegramMethod"]
    of_types = {name: getattr(aiogram.types, name) for name in sorted(aiogram.types.__all__)}
    return {
        "version": f"Bot API {aiogram.__api_version__}",
        "source": f"aiogram {aiogram.__version__}",
        "methods": {
            method.__api_method__: {
                "returns": _name(method.__returning__),
                "params": {
                    name: "InputFile | String" if name.rstrip("?") in FILE_OR_ID else kind
                    for name, kind in _fields(method).items()
                },
            }
            for method in of_methods
            if hasattr(method, "__api_method__")  # there are also helpers
        },
        "types": {
            name: _members(name) or _in_json(_fields(kind))
            for name, kind in of_types.items()
            if name == "InputFile" or (_is_object(kind) and _is_telegrams(name, kind))
        },
    }


def _is_object(kind: Any) -> bool:
    return inspect.isclass(kind) and issubclass(kind, BaseModel)


def _is_telegrams(name: str, kind: type) -> bool:
    """Tell whether Telegram's page has a type: its documentation links to it."""
    text = kind.__doc__ or ""
    return f"/bots/api#{name.lower()}\n" in text and ".. deprecated::" not in text


def _fields(kind: Any) -> dict[str, str]:
    """Return the fields that a class has itself: those of a union's base aren't all its own."""
    if _is_object(kind):
        kind.model_rebuild()  # a process may have put that off
    fields: dict[str, FieldInfo] = getattr(kind, "model_fields", {})
    found = {}
    for name in inspect.get_annotations(kind):
        field = fields.get(name)
        extra = field.json_schema_extra if field else None
        if field is None or (isinstance(extra, dict) and extra.get("deprecated")):
            continue
        constant = typing.get_origin(field.annotation) is typing.Literal
        optional = "" if constant or field.is_required() else "?"
        found[(field.alias or name) + optional] = _name(field.annotation)
    return found


def _in_json(fields: dict[str, str]) -> dict[str, str]:
    """Return an object's fields with text for files, which a call has as "attach://name"."""
    files = ("InputFile", "InputFile | String")
    return {name: "String" if kind in files else kind for name, kind in fields.items()}


def _members(name: str) -> str:
    """Return what a type is one of, or "" if it is an object."""
    variants = typing.get_args(_union(name))
    return " | ".join(_name(variant) for variant in variants)


def _union(name: str) -> Any:
    """Return the union of a type's variants, or None if it has fields itself."""
    kind: Any = getattr(aiogram.types, name, None)
    union = _plain(getattr(aiogram.types, f"{name}Union", None))
    objects = [member for member in typing.get_args(union) if _is_object(member)]
    if not objects or not _is_object(kind):
        return None
    return union if all(issubclass(each, kind) and each is not kind for each in objects) else None


def _plain(annotation: Any) -> Any:
    """Return an annotation without what is only for pydantic."""
    if isinstance(annotation, str):  # in a recursive type
        annotation = getattr(aiogram.types, annotation)
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    return getattr(annotation, "__value__", annotation)  # if it is an alias


def _known_unions() -> dict[frozenset[Any], str]:
    """Return the names of unions by their members, where a type has that name."""
    known = {}
    for alias in (name for name in dir(aiogram.types) if name.endswith("Union")):
        name = alias.removesuffix("Union").removeprefix("Result")
        members = frozenset(typing.get_args(_plain(getattr(aiogram.types, alias))))
        kind = getattr(aiogram.types, name, None)
        if _union(name) or (_is_object(kind) and kind in members):
            known[members] = name
    return known


UNIONS = _known_unions()


def _name(annotation: Any) -> str:
    return " | ".join(_names(annotation))


def _names(annotation: Any) -> list[str]:
    """Return the names of the types that a value may have. Raises ValueError."""
    annotation = _plain(annotation)
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is list:
        return [f"[{_name(inside[0])}]"]
    if origin is typing.Literal:
        first = getattr(inside[0], "value", inside[0])
        return [f'"{first}"' if isinstance(first, str) else SCALARS[type(first)]]
    if origin in (typing.Union, types.UnionType):
        members = [each for each in inside if each not in (type(None), Default)]
        if name := UNIONS.get(frozenset(members)):
            return [name]
        names = {name: None for member in members for name in _names(member)}
        return sorted(names, key=lambda name: name != "InputFile")  # as Telegram writes it
    if annotation in SCALARS:
        return [SCALARS[annotation]]
    if _is_object(annotation):
        return [str(annotation.__name__)]
    raise ValueError(f"aiogram has a type that this script doesn't know: {annotation}")
