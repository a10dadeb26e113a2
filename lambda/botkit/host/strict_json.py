"""Strict parsing of JSON from outside. Python's own parser accepts more than the standard."""

from __future__ import annotations

import json

from ..types import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def parse(data: str | bytes) -> Any:
    """Parse JSON. Raises ValueError, also for NaN, Infinity and 1e999, which Python takes for it.

    Half a surrogate pair ("\\ud800") becomes U+FFFD, since UTF-8 can't encode it.
    """
    try:
        value = json.loads(data, parse_constant=_refuse, parse_float=_finite)
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    try:
        text.encode()
        return value
    except UnicodeEncodeError:
        return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _finite(number: str) -> float:
    value = float(number)
    return value if abs(value) < float("inf") else _refuse(number)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
