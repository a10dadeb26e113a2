"""What a bot's files tell."""

import os
import shutil
import socket
import tempfile
from pathlib import Path

import pytest

from telegram_bot_aws.local import sources
from telegram_bot_aws.local.container import allowed_updates, bot_folder
from tests.support.stubs import BOT


@pytest.fixture
def bot():
    """A bot's folder, with what editors and programs leave there."""
    with tempfile.TemporaryDirectory() as name, socket.socket(socket.AF_UNIX) as listening:
        folder = Path(name)
        shutil.copy(BOT, folder)
        (folder / ".#bot.py").symlink_to("somebody@host.1")
        (folder / "texts").mkdir()
        (folder / "texts" / "en.txt").write_text("Hello")
        (folder / "linked").symlink_to("texts")
        listening.bind(f"{folder}/socket")
        yield folder


def test_copy_has_what_the_package_would_have(bot, tmp_path):
    assert allowed_updates(bot_folder(str(bot)))
    sources.copy(bot, tmp_path)
    assert (tmp_path / "linked" / "en.txt").read_text() == "Hello"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bot.py", "linked", "texts"]


def test_change_is_seen_beside_a_link_to_nowhere(bot):
    before = sources.read_sources(bot)
    (bot / "linked").unlink()
    (bot / "linked").symlink_to("nowhere")
    assert before.keys() - sources.read_sources(bot).keys() == {"linked/en.txt"}


def test_change_of_the_same_length_is_seen(bot: Path):
    os.utime(bot / "texts" / "en.txt", (0, 0))  # a clock may tick every few milliseconds
    before = sources.read_sources(bot)
    (bot / "texts" / "en.txt").write_text("Howdy")
    assert sources.read_sources(bot) != before


IMPORTS = {
    "from botkit import schedule": True,
    "from botkit import (\n    aws,\n    schedule as at_some_time,\n)": True,
    "import os, botkit.schedule": True,
    "import botkit": False,
    '"""\nfrom botkit import schedule\n"""': False,
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
