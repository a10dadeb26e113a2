"""Files that can't be read in a bot's folder are skipped, as in the package, or named."""

import os
import shutil
import socket
import tempfile
from pathlib import Path

import pytest

from telegram_bot_aws.local import sources
from telegram_bot_aws.local.container import bot_folder, handled_kinds
from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.project import ROOT
from telegram_bot_aws.local.terraform import Module
from tests.support.stubs import BOT


@pytest.fixture
def bot():
    """A bot's folder, with what editors and programs leave there."""
    with tempfile.TemporaryDirectory() as name, socket.socket(socket.AF_UNIX) as listening:
        folder = Path(name)
        folder.chmod(0o755)  # for the user that doesn't own it
        shutil.copy(BOT, folder)
        (folder / ".#bot.py").symlink_to("somebody@host.1")
        (folder / "__pycache__").mkdir()
        (folder / "__pycache__" / "bot.pyc").symlink_to("nowhere")
        listening.bind(f"{folder}/socket")
        os.mkfifo(folder / "pipe")
        yield folder


def test_what_is_not_packed_is_skipped(bot, tmp_path):
    (bot / "texts").mkdir()
    (bot / "texts" / "en.txt").write_text("Hello")
    (bot / "linked").symlink_to("texts")
    assert sources.files(bot).keys() == {"bot.py", "linked/en.txt", "texts/en.txt"}
    assert handled_kinds(bot_folder(str(bot)))
    sources.copy(bot, tmp_path)
    assert (tmp_path / "linked" / "en.txt").read_text() == "Hello"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bot.py", "linked", "texts"]


def link_to_nowhere(path):
    path.symlink_to("nowhere")


def link_to_itself(path):
    path.symlink_to(path)


def file_of_another_user(path):
    path.touch(0o000)


def folder_of_another_user(path):
    path.mkdir(0o000)


@pytest.fixture
def nobody():
    """Root may read everything, so the test is run as somebody else."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (link_to_nowhere, "is a link that leads nowhere: remove it"),
        (link_to_itself, "is a link that leads nowhere: remove it"),
        (file_of_another_user, "can't be read: Permission denied"),
        (folder_of_another_user, "can't be read: Permission denied"),
    ],
)
def test_what_cannot_be_read_is_named(bot, request, make, sentence):
    path = bot / "texts.json"
    make(path)
    request.getfixturevalue("nobody")
    with pytest.raises(ValueError) as raised:
        handled_kinds(bot)
    assert str(raised.value) == f"{path} {sentence}"


def test_the_demos_copy_of_the_module_has_no_leftovers(bot, tmp_path):
    module = tmp_path / "module"
    shutil.copytree(ROOT / "lambda", module / "lambda")
    (module / "lambda" / ".#bot.py").symlink_to("somebody@host.1")
    Module("http://127.0.0.1:9", tmp_path / "copy", source=module)
    assert (tmp_path / "copy" / "lambda" / "handler.py").is_file()
    (module / "lambda" / "texts.json").symlink_to("nowhere")
    with pytest.raises(ToolError, match="texts.json is a link that leads nowhere"):
        Module("http://127.0.0.1:9", tmp_path / "another", source=module)


IMPORTS = {
    "from botkit import schedule": True,
    "from botkit import (\n    aws,\n    schedule as at_some_time,\n)": True,
    "def f():\n    from botkit.schedule import send": True,
    "import os, botkit.schedule": True,
    "import botkit": False,
    "from botkit import aws  # no schedule": False,
    "from . import schedule": False,
    '"""\nfrom botkit import schedule\n"""': False,
    "from botkit import schedule, (": False,
    "\0 from botkit import schedule": False,
}


@pytest.mark.parametrize(("source", "does"), IMPORTS.items(), ids=IMPORTS)
def test_a_bot_that_imports_schedule_uses_it(tmp_path, source, does):
    (tmp_path / "bot.py").touch()
    (tmp_path / "remind.py").write_text(source)
    assert sources.uses_schedule(tmp_path) is does


@pytest.mark.parametrize(
    ("source", "has"),
    {
        "SESSION, ALLOWED_UPDATES = 'chat', ['message']": True,
        "from conf import SESSION": True,
        "RATE_LIMIT = (20, 60)": True,
        "from botkit import session": True,
        "SESSIONS = 3\nfrom botkit import aws": False,
    }.items(),
)
def test_a_bot_that_may_have_sessions_gets_a_table(tmp_path, source, has):
    (tmp_path / "bot.py").write_text("from rest import *")
    (tmp_path / "rest.py").write_text(source)
    assert sources.has_sessions(tmp_path) is has
