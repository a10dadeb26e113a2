"""Each step finds what is wrong with a deployment that has one fault. The others find nothing.

The deployment is a double. tests/deployment/test_acceptance.py has one on the emulated AWS.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from acceptance import accept, steps
from acceptance.steps import STEPS
from acceptance.tests.double import LEFT, Double
from acceptance.world import World

MEASURES = {"starts are measured", "a version in a vpc is pending", "telegram limits a burst"}


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr(steps, "PAUSE_SECONDS", 0.001)


def tried(world: World, at: str, fault: Callable[[], object] = lambda: None) -> dict[str, str]:
    """Try the steps up to one, before which the fault comes. Returns their outcomes."""
    found = {}
    for step in STEPS:
        if step.name == at:
            fault()
        if step.name not in MEASURES:
            found[step.name] = accept.outcome(step, world).outcome
        if step.name == at:
            break
    return found


def lose(world: Double, texts: int = 1) -> Callable[..., list[str]]:
    """Return a `heard` that misses the last texts."""
    heard = world.heard
    return lambda least=0: heard(least)[:-texts]


def says_nothing(world: Double) -> None:
    vars(world)["heard"] = lose(world, 9)


def is_(name: str, value: Any) -> Callable[[Double], None]:
    """Return a fault: a method's result is always this one."""

    def plant(world: Double) -> None:
        vars(world)[name] = lambda *arguments, **named: value

    return plant


def does_nothing(name: str) -> Callable[[Double], None]:
    return is_(name, None)


def is_real(world: Double) -> None:
    world.account.aws_url = ""
    is_("alarms", {"bot_failed": "ALARM", "throttles": "ALARM"})(world)


FAULTS: list[tuple[str, Callable[[Double], None]]] = [
    ("defaults are applied", is_("webhook", {"url": ""})),
    ("defaults are applied", is_("planned", ["aws_lambda_function.this"])),
    ("an update is answered", is_("write", (1, 503))),
    ("an update is answered", says_nothing),
    ("an update is answered", is_("outcomes", ["refused"])),
    ("a stranger is refused", is_("take", True)),
    ("telegram retries a tap", does_nothing("set_webhook")),
    ("telegram retries a tap", is_("await_press", False)),
    ("a broken release is refused", does_nothing("apply")),
    ("a good release answers", does_nothing("apply")),
    ("a release loses no update", lambda world: vars(world).update(heard=lose(world))),
    ("a release loses no update", lambda world: vars(world).update(release=lambda: None)),
    ("an older version answers again", does_nothing("apply")),
    ("extras are applied", is_("alarms", {})),
    ("a queue keeps the order", lambda world: world.inputs.update(queue=False)),
    ("a queue keeps the order", lambda world: vars(world).update(count=1)),
    ("a call for later is made", lambda world: vars(world).update(heard=lose(world))),
    ("what failed is kept", lambda world: vars(world).update(kept=["another"])),
    ("what failed is kept", is_("outcomes", ["queued"])),
    ("an alarm goes off", is_real),
    ("what failed is replayed", is_("replay", {"done": 0, "failed": 1})),
    ("the secret is changed", does_nothing("apply")),
    ("the token moves", is_("state", "123:token")),
    ("the queue goes", says_nothing),
    ("a killed apply is finished", is_("kill_apply", False)),
    ("a killed apply is finished", does_nothing("apply")),
    ("a deleted role comes back", says_nothing),
    ("a destroy leaves nothing", is_("left", [LEFT])),
    ("a destroy leaves nothing", does_nothing("destroy")),
]


def test_a_sound_deployment_passes() -> None:
    found = tried(Double(), STEPS[-1].name)
    skipped = [name for name, outcome in found.items() if outcome == "skipped"]
    assert skipped == ["an alarm goes off"]
    assert {*found.values()} == {"ok", "skipped"}


@pytest.mark.parametrize(
    ("name", "fault"), FAULTS, ids=[f"{n} {i}" for i, (n, _) in enumerate(FAULTS)]
)
def test_a_fault_is_found_by_its_step(name: str, fault: Callable[[Double], None]) -> None:
    world = Double()
    found = tried(world, name, lambda: fault(world))
    assert found.pop(name) == "differs"
    assert "differs" not in found.values()


def test_each_step_has_a_fault() -> None:
    assert {name for name, _ in FAULTS} | MEASURES == {step.name for step in STEPS}
