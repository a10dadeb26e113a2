"""The event loop of a framework, which outlives each update. Its tasks don't."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Set

from .. import current
from ..deadline import deadline
from ..types import Any
from . import adapter

logger = logging.getLogger("botkit")

PATIENCE = 0.2  # seconds for which cancelled tasks may still run

_loop: asyncio.AbstractEventLoop | None = None


def run(coroutine: Coroutine[Any, Any, object]) -> None:
    """Run a coroutine and the tasks that it starts, until the deadline. Then they are cancelled.

    Raises what the coroutine raises, TimeoutError, or the first exception of a task that nobody
    awaits.
    """
    global _loop
    tasks, unraised = current.asking.tasks, current.asking.unraised
    tasks.clear()
    asyncio._set_running_loop(None)  # an interrupt may have kept the last loop from doing so
    if _loop and _end_tasks(_loop):
        _loop.close()  # tasks that still run there must not run during this update
    if _loop is None or _loop.is_closed():  # the bot may have closed it
        _loop = asyncio.new_event_loop()
        _loop.set_exception_handler(_remember)
        _loop.set_task_factory(_new_task)
    try:
        _loop.run_until_complete(_run(coroutine))
    finally:
        _end_tasks(_loop)
        # asyncio reports a task's exception only when the task is freed, which may be later.
        errors: list[Any] = [
            *unraised,
            *(task.exception() for task in tasks if task._log_traceback),
        ]
        unraised.clear()
        for error in errors:
            adapter.remember(error)
    if errors:
        raise errors[0]


def _new_task(loop: Any, coroutine: Any, **options: Any) -> Any:
    task = asyncio.Task(coroutine, loop=loop, **options)
    current.asking.tasks.append(task)
    return task


def _remember(_: object, context: dict[str, Any]) -> None:
    """Remember an exception that asyncio would only log, with a text that may quote people."""
    if error := context.get("exception"):
        current.asking.unraised.append(error)


async def _run(coroutine: Coroutine[Any, Any, object]) -> None:
    task = asyncio.ensure_future(coroutine)
    left = deadline.left()
    # After the deadline, calls fail and bot.py is interrupted. An author's tests may set none.
    _, late = await asyncio.wait([task], timeout=left if left > 0 else None)
    if late:
        task.cancel()
        await asyncio.wait(late, timeout=PATIENCE)
    await end_others({asyncio.current_task(), task})
    if not task.done():
        raise TimeoutError
    try:
        task.result()
    except asyncio.CancelledError as error:  # its traceback says where the handler was
        raise TimeoutError().with_traceback(error.__traceback__) from None


async def end_others(these: Set[Any]) -> None:
    """Await all tasks but these until the deadline. `_end_tasks` cancels those that are left."""
    while (others := asyncio.all_tasks() - these) and deadline.left() > 0:
        await asyncio.wait(others, timeout=deadline.left())
    for other in others:
        name = getattr(other.get_coro(), "__qualname__", other.get_name())
        logger.warning("a background task was ended: its time was up", extra={"task": name})


def _end_tasks(loop: asyncio.AbstractEventLoop) -> bool:
    """Cancel tasks that still run. Returns whether one of them doesn't end."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        _, tasks = loop.run_until_complete(asyncio.wait(tasks, timeout=PATIENCE))
    return bool(tasks)
