"""sandbox.py: a bot on this machine sees what it would see on Lambda, and may change no more."""

import os
import py_compile

import pytest

from telegram_bot_aws.local import packages
from telegram_bot_aws.local.container import Function, look_at
from telegram_bot_aws.local.sandbox import NOTE

BOT = """
import os, tempfile
from pathlib import Path

def tried(make):
    try:
        return str(make())
    except Exception as error:
        return f"{{type(error).__name__}}: {{error}}"

ALLOWED_UPDATES = [tried(lambda: {expression})]
reply = print
"""


def outcome(folder, expression):
    """Return what an expression gives in a bot whose folder this is."""
    (folder / "bot.py").write_text(BOT.format(expression=expression))
    return look_at(folder).kinds[0]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "words.txt").write_text("hello")
    return tmp_path / "bot"


def test_the_package_is_read_only_for_root_too(folder):
    for change in ("Path('new.txt').write_text('x')", "os.chmod('words.txt', 0o600)"):
        assert outcome(folder, change).startswith("OSError: [Errno 30] Read-only file system: ")
    assert outcome(folder, "open('words.txt').read()") == "hello"
    assert outcome(folder, "__import__('pytest')").startswith("ModuleNotFoundError: ")
    written = outcome(folder, "Path(tempfile.gettempdir(), 'x').write_text('x')")
    assert written == "1"


def test_note_is_printed_once_if_mounts_are_not_allowed(folder, monkeypatch):
    refuses = "import os\ndel os.unshare\n"
    monkeypatch.setattr(packages, "BEGIN", refuses + packages.BEGIN)
    (folder / "bot.py").write_text("def reply(update): ...\ndef on_event(event): return []\n")
    with Function(folder, {}) as function:
        printed = [function.invoke({"x": 1}).printed for _ in range(2)]
    assert printed == [NOTE, ""]


def test_module_just_saved_is_loaded(folder):
    """Though byte code that somebody's tests made is as old, and the file as long."""
    (folder / "words.py").write_text("word = 'one'")
    py_compile.compile(str(folder / "words.py"))
    times = (folder / "words.py").stat()
    (folder / "words.py").write_text("word = 'two'")
    os.utime(folder / "words.py", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert outcome(folder, "__import__('words').word") == "two"
