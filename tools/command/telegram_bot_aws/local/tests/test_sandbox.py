"""sandbox.py: a bot on this machine sees what it would see on Lambda, and may change no more."""

import os
import py_compile

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


def test_the_package_is_read_only_for_root_too(tmp_path):
    (tmp_path / "words.txt").write_text("hello")
    for change in ("Path('new.txt').write_text('x')", "os.chmod('words.txt', 0o600)"):
        assert outcome(tmp_path, change).startswith("OSError: [Errno 30] Read-only file system: ")
    assert outcome(tmp_path, "open('words.txt').read()") == "hello"
    assert outcome(tmp_path, "__import__('pytest')").startswith("ModuleNotFoundError: ")
    assert outcome(tmp_path, "Path(tempfile.gettempdir(), 'x').write_text('x')") == "1"


def test_note_is_printed_once_if_mounts_are_not_allowed(tmp_path, monkeypatch):
    monkeypatch.setattr(packages, "BEGIN", f"import os\ndel os.unshare\n{packages.BEGIN}")
    (tmp_path / "bot.py").write_text("def reply(update): ...\ndef on_event(event): return []\n")
    with Function(tmp_path, {}) as function:
        printed = [function.invoke({"x": 1}).printed for _ in range(2)]
    assert printed == [NOTE, ""]


def test_module_just_saved_is_loaded(tmp_path):
    """Though byte code that somebody's tests made is as old, and the file as long."""
    (tmp_path / "words.py").write_text("word = 'one'")
    py_compile.compile(str(tmp_path / "words.py"))
    times = (tmp_path / "words.py").stat()
    (tmp_path / "words.py").write_text("word = 'two'")
    os.utime(tmp_path / "words.py", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert outcome(tmp_path, "__import__('words').word") == "two"
