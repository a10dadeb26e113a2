"""A plugin of pytest's for scripts/mutants: it collects tests once, and runs them for each mutant.

It does so in forks, which saves the seconds that pytest takes to start. What the tests have loaded
when they are collected isn't mutated there, so only a mutant that fails a test in a fork gets its
result here, in cosmic-ray's database.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import select
import signal
import time

import pytest
from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkResult

PARENT = os.getpid()
KILLED = WorkResult(WorkerOutcome.NORMAL, "failed in a fork", TestOutcome.KILLED, "killed")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed and os.getpid() != PARENT:
        os._exit(1)  # without its teardown, which may wait for what the mutant never does


def pytest_runtestloop(session: pytest.Session) -> bool:
    items = list(session.items)
    began = time.monotonic()
    run(items)  # first without a mutant, and here: forks needn't import what it imports
    if session.testsfailed:
        raise session.Failed
    limit = 5 + 5 * (time.monotonic() - began)
    with use_db("session.sqlite") as database:
        for work in list(database.pending_work_items):
            [mutation] = work.mutations
            operator = get_operator(mutation.operator_name)(**mutation.operator_args)
            with use_mutation(mutation.module_path, operator, mutation.occurrence) as (_, mutant):
                if mutant is not None and fails(items, limit):
                    database.set_result(work.job_id, KILLED)
    return True


def fails(items: list[pytest.Item], limit: float) -> bool:
    """Run tests in a fork until one fails, and tell whether one does, or hangs for `limit` seconds.

    The one that does comes first from then on: the next mutant may fail it, too.
    """
    shared = mmap.mmap(-1, 4)  # the number of the test that runs
    child = os.fork()
    if not child:
        os.setsid()
        try:
            run(items, shared)
        except BaseException:
            os._exit(2)
        os._exit(0)
    with contextlib.closing(shared), os.fdopen(os.pidfd_open(child)) as ended:
        in_time, _, _ = select.select([ended], [], [], limit)
        if not in_time:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what a test that failed has left
        if status:
            items.insert(0, items.pop(int.from_bytes(shared[:])))
    return status != 0


def run(items: list[pytest.Item], shared: mmap.mmap | None = None) -> None:
    """Run tests, and note the number of each in the shared memory."""
    for number, (item, following) in enumerate(zip(items, [*items[1:], None], strict=True)):
        if shared:
            shared[:] = number.to_bytes(4)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
