"""sources.py: the files of a bot's folder."""

import os
import shutil
import socket
import tempfile
from pathlib import Path

import pytest

from telegram_bot_aws.local import sources
from telegram_bot_aws.local.container import bot_folder, look_at
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
    assert look_at(bot_folder(str(bot))).kinds
    sources.copy(bot, tmp_path)
    assert (tmp_path / "linked" / "en.txt").read_text() == "Hello"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bot.py", "linked", "texts"]


def test_change_is_seen_beside_a_link_to_nowhere(bot):
    before = sources.read_sources(bot)
    (bot / "linked").unlink()
    (bot / "linked").symlink_to("nowhere")
    assert before.keys() - sources.read_sources(bot).keys() == {"linked/en.txt"}


def test_change_of_the_same_length_is_seen(bot):
    os.utime(bot / "texts" / "en.txt", (0, 0))  # a clock may tick every few milliseconds
    before = sources.read_sources(bot)
    (bot / "texts" / "en.txt").write_text("Howdy")
    assert sources.read_sources(bot) != before
