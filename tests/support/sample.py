"""Many cases that fail for the same reason: a quick run plays some of them, and --all each one."""

import pytest


def one_in(number, cases):
    """Return all cases, and mark those as slow that aren't every `number`th."""
    params = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [
        pytest.param(*each, marks=[pytest.mark.slow] if place % number else [])
        for place, each in enumerate(params)
    ]
