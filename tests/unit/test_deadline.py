"""deadline.py: how much time is left."""

import time

import pytest

from tests.support.stubs import load


@pytest.fixture(autouse=True)
def still(monkeypatch):
    """Stop the clock."""
    monkeypatch.setattr(time, "monotonic", lambda: 5.0)


def test_start_up_has_8_seconds():
    assert load("botkit.deadline").deadline.left() == 8


@pytest.mark.parametrize(("left", "has"), [(100, 3), (2, 2), (-1, -1)])
def test_within_limits_a_block_to_the_remaining_time(left, has):
    deadline = load("botkit.deadline").deadline
    deadline.start(left)
    with pytest.raises(LookupError), deadline.within(3):
        assert deadline.left() == has
        raise LookupError
    assert deadline.left() == left


@pytest.mark.parametrize(("left", "has"), [(100, 94), (18, 12), (4.5, 3)])
def test_reserve_spares_at_most_a_third_of_the_time(left, has):
    module = load("botkit.deadline")
    module.RESERVES["a block"] = 6
    deadline = module.deadline
    deadline.start(left)
    with deadline.reserve("a block"):
        assert deadline.left() == has
    assert deadline.left() == left


def test_timeout_raises_at_the_deadline():
    module = load("botkit.deadline")
    assert module.Deadline(0.5).timeout() == 0.5
    with pytest.raises(TimeoutError):
        module.Deadline(0).timeout()
