"""frameworks/aiogram_types.py: aiogram's types, built when they are first used."""

from __future__ import annotations

import importlib
import logging
import os
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
from telegram_bot_aws.local.project import LAMBDA

from tests.support.stubs import copy_function, load

MESSAGE = '{"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}}'


def run(program: str, folder: Path = LAMBDA) -> list[str]:
    """Run a program beside the function, or a copy of it. Returns the words of its output."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "TELEGRAM_BOT_TOKEN": "12345:unused"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert not done.stderr
    assert not done.returncode
    return done.stdout.split()


IMPORT = """
from botkit.frameworks import aiogram_types
aiogram_types.import_aiogram()
from aiogram import methods, types
"""


@pytest.mark.slow
def test_the_types_of_a_packed_aiogram_wait_until_they_are_used(tmp_path: Path) -> None:
    folder = copy_function(tmp_path / "task")
    installed = find_spec("aiogram")
    assert installed and installed.origin
    (folder / "aiogram").symlink_to(Path(installed.origin).parent)
    (folder / "bot.py").write_text("from aiogram.types import *\n\ndef reply(update): ...\n")
    program = """
from botkit import bot_module, deadline
deadline.deadline.start(60)
bot = bot_module.load()
print(bot.Poll.__pydantic_complete__, bot.Update.__pydantic_complete__)
print(hasattr(bot_module, "Poll"), bot.Poll.model_rebuild())
"""
    assert run(program, folder) == ["False", "True", "False", "True"]


@pytest.mark.slow
def test_each_type_and_method_builds() -> None:
    program = f"""{IMPORT}
def each(kind):
    for found in kind.__subclasses__():
        yield found
        yield from each(found)

every = [*each(types.TelegramObject), *each(methods.TelegramMethod)]
for kind in every:
    kind.model_rebuild()
print(len(every) > 400, all(kind.__pydantic_complete__ for kind in every))
"""
    assert run(program) == ["True", "True"]


@pytest.mark.slow
def test_threads_build_one_after_the_other() -> None:
    program = f"""
from pydantic import BaseModel

build = BaseModel.__dict__["model_rebuild"].__func__
at_once, most = 0, 0

def counted(cls, **how):
    global at_once, most
    at_once += 1
    most = max(most, at_once)
    try:
        return build(cls, **how)
    finally:
        at_once -= 1

BaseModel.model_rebuild = classmethod(counted)
{IMPORT}
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

begin = Barrier(4)
sys.setswitchinterval(1e-5)

def use(number):
    begin.wait()
    message = types.Message.model_validate({MESSAGE})
    poll = types.PollOption(text="yes", voter_count=number, persistent_id="1")
    call = methods.SendPoll(chat_id=1, question="?", options=["yes", "no"])
    return message.model_dump()["chat"]["id"], poll.voter_count, call.question

with ThreadPoolExecutor(4) as threads:
    print(list(threads.map(use, range(4))) == [(1, number, "?") for number in range(4)], most)
"""
    assert run(program) == ["True", "1"]


@pytest.mark.slow
def test_a_bots_own_models_may_contain_them_or_extend_them() -> None:
    program = f"""{IMPORT}
from pydantic import BaseModel

class Saved(BaseModel):
    message: types.Message

class Named:  # beside a type of aiogram, it still hears of subclasses
    def __init_subclass__(cls):
        print(cls.__name__)

class Mine(types.Message, Named):
    chats: "list[types.Chat]" = []

class Incomplete(Mine):
    other: "Other"

class Sub(Incomplete): ...

class Other(BaseModel): ...

print(Saved(message={MESSAGE}).message.chat.id, Mine(**{MESSAGE}, chats=[]).chat.id)
"""
    assert run(program) == ["Mine", "Incomplete", "Sub", "1", "1"]


@pytest.mark.parametrize(
    ("oldest", "newest", "are_known"),
    [((3, 0), (99, 0), True), ((99, 0), (99, 1), False), ((3, 0), (3, 1), False)],
    ids=["known", "older", "newer"],
)
def test_other_versions_build_them_at_the_import(
    oldest: object, newest: object, are_known: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    known = {"aiogram": (oldest, newest)}
    assert load("botkit.frameworks.aiogram_types").are_known(known) is are_known
    told = [(record.package, record.version) for record in caplog.records]  # type: ignore[attr-defined]
    assert told == ([] if are_known else [("aiogram", version("aiogram"))])


def test_a_version_that_is_not_known_is_left_to_the_bot_to_import(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aiogram_types = load("botkit.frameworks.aiogram_types")
    monkeypatch.setitem(aiogram_types.KNOWN, "aiogram", ((99, 0), (99, 1)))
    monkeypatch.delitem(sys.modules, "aiogram", raising=False)
    aiogram_types.import_aiogram()
    assert "aiogram" not in sys.modules


def test_a_package_without_a_version_is_not_known() -> None:
    assert not load("botkit.frameworks.aiogram_types").are_known({"no-such-package": ((0,), (9,))})


def test_a_package_with_aiogram_imports_it_before_the_bot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bot.py").write_text("def reply(update): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    aiogram_types, loaded = load("botkit.frameworks.aiogram_types"), []
    monkeypatch.setattr(
        aiogram_types, "import_aiogram", lambda: loaded.append("bot" in sys.modules)
    )
    bot_module = importlib.import_module("botkit.bot_module")
    monkeypatch.setattr(bot_module, "AIOGRAM", str(tmp_path))
    sys.modules["botkit.deadline"].deadline.start(60)
    bot_module.load()
    assert loaded == [False]
