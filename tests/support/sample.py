"""Many cases that fail for the same reason: a quick run plays some of them, and --all each one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def one_in(number: int, cases: Iterable[Any]) -> list[Any]:
    """Return all cases, and mark those as slow that aren't every `number`th."""
    params = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [
        pytest.param(*each, marks=[pytest.mark.slow] if place % number else [])
        for place, each in enumerate(params)
    ]
