"""What on_aiogram.py has alone, and aiogram_types.py beside it."""

import os
import subprocess
import sys

import pytest

from tests.support.moved import MOVED, kept, result

alone = pytest.mark.parametrize("framework", ["aiogram"], indirect=True)


@alone
def test_startup_handlers_run_once_and_lose_no_update(bots):
    more = """
fails = [False, True]


@dispatcher.startup()
async def start(bot):
    await bot.send_message(42, "started")
    1 / (not fails.pop())
"""
    container = bots.start(bots.send("'a'"), more=more)
    bots.expects("started")
    status, outcome, error = result(container)
    assert (status, outcome) == (503, "misconfigured")
    assert error.startswith("a startup handler failed: ZeroDivisionError")
    bots.expects("started", "a")
    assert result(container) == (200, "answered", "")
    bots.expects("a")
    assert result(container, 2) == (200, "answered", "")


@alone
def test_only_a_storage_in_memory_is_replaced(bots):
    own = """
from aiogram.fsm.storage.memory import MemoryStorage


class Own(MemoryStorage):
    pass


dispatcher.fsm.storage = Own()
"""
    keep = f"n = {bots.framework.kept} + 1", bots.framework.keep
    container = bots.start(*keep, bots.send("str(n)"), more=own)
    bots.expects("1", "2")
    assert [result(container, id)[1] for id in (1, 2)] == ["answered", "answered"]
    assert kept(container) is None


@alone
def test_a_state_outside_of_reply_is_refused(bots):
    more = """
def on_event(event):
    from aiogram.fsm.storage.base import StorageKey

    key = StorageKey(1, 42, 42)
    asyncio.run(dispatcher.storage.set_state(key, "a"))
    return []
"""
    container = bots.start(more=more)
    with pytest.raises(Exception, match="states are kept only in reply"):
        container.invoke({"a": 1})


# Whether types wait until they are used, and whether all of them can be built then.
TELLS = """
def each(kind):
    for found in kind.__subclasses__():
        yield found
        yield from each(found)

print(types.Poll.__pydantic_complete__, types.Update.__pydantic_complete__)
for kind in (every := [*each(types.TelegramObject), *each(methods.TelegramMethod)]):
    kind.model_rebuild()
print(len(every) > 400 and all(kind.__pydantic_complete__ for kind in every))
"""


def in_a_new_process(program):
    """Run a program beside aiogram_types.py. Returns the words of its output."""
    folder = MOVED / "aiogram/bot"
    command = [sys.executable, "-c", f"{program}\nfrom aiogram import methods, types\n{TELLS}"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True
    ).stdout.split()


@pytest.mark.slow
def test_aiogram_types_has_types_be_built_when_they_are_used():
    assert in_a_new_process("import aiogram_types") == ["False", "True", "True"]


@pytest.mark.slow
def test_aiogram_types_leaves_a_version_that_it_does_not_know():
    unknown = 'import importlib.metadata as known\nknown.version = lambda name: "99.0"\n'
    assert in_a_new_process(f"{unknown}import aiogram_types") == ["True", "True", "True"]
