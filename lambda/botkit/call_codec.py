"""Calls and their files, in a form that JSON can hold until they are made."""

from __future__ import annotations

import json
from binascii import a2b_base64, b2a_base64

from .aws import to_json
from .http.multipart import is_file
from .types import Json

FILE = "base64 of a file"


def encode(calls: list[Json]) -> list[Json]:
    """Return calls in a form that JSON can hold."""
    without_files = [{name: _without_file(call[name]) for name in call} for call in calls]
    copy: list[Json] = json.loads(to_json(without_files))
    return copy


def decode(calls: list[Json]) -> list[Json]:
    """Return the calls that `encode` was given. Raises ValueError if a file isn't what it wrote."""
    return [{name: _with_file(call[name]) for name in call} for call in calls]


def _without_file(value: object) -> object:
    if not is_file(value):
        return value
    name, data = value if isinstance(value, tuple) else (None, value)
    return {FILE: [name, b2a_base64(data, newline=False).decode()]}


def _with_file(value: object) -> object:
    if not (isinstance(value, dict) and FILE in value):
        return value
    name, text = value[FILE]
    data = a2b_base64(text)
    return data if name is None else (name, data)
