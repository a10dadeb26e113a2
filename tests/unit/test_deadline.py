"""deadline.py: how much time is left."""

from __future__ import annotations

from tests.support.stubs import load


def test_a_start_up_has_less_than_lambdas_ten_seconds() -> None:
    assert 7.5 < load("botkit.deadline").deadline.left() <= 8.0


def test_an_invocation_has_what_it_is_given() -> None:
    deadline = load("botkit.deadline").deadline
    deadline.start(100)
    assert 99.5 < deadline.left() <= 100
    deadline.start(-1)
    assert deadline.left() <= -1
