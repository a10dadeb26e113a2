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
    copy: list[Json] = json.loads(to_json([_without_files(call) for call in calls]))
    return copy


def decode(calls: list[Json]) -> list[Json]:
    """Return the calls that `encode` was given. Raises ValueError if a file isn't what it wrote."""
    return [_with_files(call) for call in calls]


def _without_files(call: Json) -> Json:
    copy = {}
    for name, value in call.items():
        if is_file(value):
            file, data = value if isinstance(value, tuple) else (None, value)
            text = b2a_base64(data, newline=False)
            value = {FILE: [file, text.decode()]}
        copy[name] = value
    return copy


def _with_files(call: Json) -> Json:
    copy = {}
    for name, value in call.items():
        if isinstance(value, dict) and FILE in value:
            file, text = value[FILE]
            data = a2b_base64(text)
            value = data if file is None else (file, data)
        copy[name] = value
    return copy
