"""JSON from outside, parsed by the standard: Python's own parser takes more."""

from __future__ import annotations

import json

from ..types import Any


def parse(data: str | bytes) -> Any:
    """Parse JSON. Raises ValueError, for NaN and Infinity too.

    U+FFFD takes the place of half a surrogate pair ("\\ud800"), which UTF-8 can't hold.
    """
    try:
        value = json.loads(data, parse_constant=_refuse)
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    try:
        text.encode()
        return value
    except UnicodeEncodeError:
        return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _refuse(constant: str) -> None:
    raise ValueError(constant)
