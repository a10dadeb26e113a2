"""A plugin of pytest's for scripts/mutants: tries mutants in forks, which saves pytest's start.

It collects and runs the tests once, then forks for each mutant, and runs those of the tests that
reach its lines. What the tests imported from the module when they were collected isn't mutated in a
fork, unless it is the whole module. So only a mutant that fails a test, or makes one hang, gets its
result here, in cosmic-ray's database.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import select
import signal
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cosmic_ray.work_item import MutationSpec

PARENT = os.getpid()
ALONE = 20.0  # seconds for a test


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutated", help="the module, as in scripts/mutants MODULE")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed and os.getpid() != PARENT:
        os._exit(1)  # without its teardown, which may wait for something that the mutant never does


def pytest_runtestloop(session: pytest.Session) -> bool:
    # Only scripts/mutants installs this: the tests of `fails` run without it.
    from cosmic_ray.mutating import use_mutation
    from cosmic_ray.plugins import get_operator
    from cosmic_ray.work_db import use_db
    from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkResult

    from .mutants import reached

    killed = WorkResult(
        WorkerOutcome.NORMAL,
        output="failed in a fork",
        test_outcome=TestOutcome.KILLED,
        diff="not kept",  # mutants.py takes a result without one for a mutant that wasn't tried
    )
    mutated = session.config.getoption("mutated")
    tests = reached(Path(".coverage"), mutated)
    with use_db("session.sqlite") as database:
        works = sorted(database.pending_work_items, key=lambda work: work.mutations[0].start_pos)
        wanted = set().union(*(tests_of(work.mutations[0], tests) for work in works))
        items = [item for item in session.items if item.nodeid in wanted]
        run(items)  # here, so that forks needn't import what it imports
        if session.testsfailed:
            raise session.Failed("the tests fail without a mutant")
        if fails(items):
            pytest.exit(f"{items[0].nodeid} fails without a mutant, if it runs again", 1)
        for work in works:
            [mutation] = work.mutations
            chosen = [item for item in items if item.nodeid in tests_of(mutation, tests)]
            operator = get_operator(mutation.operator_name)(**mutation.operator_args)
            change = use_mutation(mutation.module_path, operator, mutation.occurrence)
            with contextlib.ExitStack() as opened:
                try:
                    _, mutant = opened.enter_context(change)
                except AttributeError:  # cosmic-ray can't make it, and will say so itself
                    continue
                if mutant is not None and fails(chosen, mutated):
                    database.set_result(work.job_id, killed)
                    items.remove(chosen[0])  # the next mutant is near, and may also fail it
                    items.insert(0, chosen[0])
    if fails(items):
        pytest.exit(f"{items[0].nodeid} fails without a mutant, in another order", 1)
    return True


def tests_of(mutation: MutationSpec, tests: dict[int, set[str]]) -> set[str]:
    """Return the ids of the tests that reach the lines of a mutant."""
    lines = range(mutation.start_pos[0], mutation.end_pos[0] + 1)
    return set().union(*(tests.get(line, set()) for line in lines))


def fails(items: list[pytest.Item], mutated: str = "") -> bool:
    """Run tests in a fork until one fails, also if a module can't be loaded again.

    Return whether one did, or hangs. That test becomes the first one.
    """
    shared = mmap.mmap(-1, 4)  # the number of the test that runs
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        try:
            load_again(items, mutated.replace("/", "."))
            run(items, shared)
        except BaseException:
            os._exit(2)
        os._exit(0)
    os.setpgid(child, child)  # also here: it may be killed before it has come so far
    ended = os.pidfd_open(child)
    try:
        is_over = ends(child, ended, shared)
    finally:
        os.close(ended)
        os.killpg(child, signal.SIGKILL)  # also what a failed test has left
        _, status = os.waitpid(child, 0)
    if is_over and status == 0:
        return False
    items.insert(0, items.pop(int.from_bytes(shared[:])))
    return True


def load_again(items: list[pytest.Item], name: str) -> None:
    """Run the source of a module again, if files of tests have loaded it."""
    files: set[Any] = {item.module for item in items if hasattr(item, "module")}
    for value in [value for file in files for value in vars(file).values()]:
        if isinstance(value, ModuleType) and value.__name__ == name:
            loader: Any = value.__loader__
            loader.exec_module(value)


def ends(child: int, ended: int, shared: mmap.mmap) -> bool:
    """Wait until a fork ends, or a test of it hangs. Return whether it ended.

    A test hangs if it is still the same after `ALONE` seconds, without those in which the machine
    ran other processes.
    """
    # Lazy: by now pytest has set the path.
    from telegram_bot_aws.local.processes import in_time, kept_waiting

    number: bytes | None = None
    while number != shared[:]:
        number = shared[:]
        left = ALONE - kept_waiting(child)  # before: in_time() counts it since the fork began
        if in_time(child, left, lambda seconds: select.select([ended], [], [], seconds)[0]):
            return True
    return False


def run(items: list[pytest.Item], shared: mmap.mmap | None = None) -> None:
    """Run tests, and note the number of each in the shared memory."""
    for number, (item, following) in enumerate(zip(items, [*items[1:], None], strict=False)):
        if shared:
            shared[:] = number.to_bytes(4)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
