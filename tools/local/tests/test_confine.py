"""confine.py: a bot on this machine sees what it would see on Lambda, and may change no more."""

from __future__ import annotations

import os
import py_compile
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from local import packages
from local.container import Function, handled_kinds
from local.project import requirement
from tests.support.wheels import Index

BOT = """
import os, shutil, sqlite3, tempfile
from pathlib import Path

def outcome():
    try:
        return str({expression})
    except Exception as error:
        return f"{{type(error).__name__}}: {{error}}"

HANDLED = [outcome()]
reply = print
"""


def outcome(folder: Path, expression: str) -> str:
    """Return what an expression gives in a bot whose folder this is."""
    (folder / "bot.py").write_text(BOT.format(expression=expression))
    return handled_kinds(folder)[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "words.txt").write_text("hello")
    return tmp_path / "bot"


CHANGES = [
    "open('words.txt', 'a')",
    "Path(__file__).with_name('new.txt').write_text('x')",
    "os.open(b'words.txt', os.O_RDWR)",
    "os.mkdir('data')",
    "os.remove('words.txt')",
    "os.rename('words.txt', tempfile.gettempdir() + '/words.txt')",
    "os.symlink('words.txt', 'link')",
    "os.link('words.txt', 'link')",
    "os.truncate('words.txt', 0)",
    "os.chmod('words.txt', 0o600)",
    "os.utime('words.txt')",
    "shutil.copy('words.txt', 'copy.txt')",
    "open(Path(tempfile.gettempdir(), 'in'), 'x') if os.symlink(os.getcwd(), tempfile.gettempdir() "
    "+ '/out') else open(tempfile.gettempdir() + '/out/new.txt', 'w')",
]


@pytest.mark.parametrize("change", CHANGES)
def test_the_package_is_read_only_for_root_too(folder: Path, change: str) -> None:
    assert outcome(folder, change).startswith("OSError: [Errno 30] Read-only file system: ")
    assert sorted(path.name for path in folder.iterdir()) == ["bot.py", "words.txt"]
    assert (folder / "words.txt").read_text() == "hello"


def test_it_can_be_read_and_is_the_current_folder(folder: Path) -> None:
    assert outcome(folder, "open('words.txt').read()") == "hello"


def test_a_database_in_it_can_be_read_and_not_written(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "words.db")) as database, database:
        database.execute("CREATE TABLE words AS SELECT 'hello' AS word")
    query = "sqlite3.connect('words.db').execute('{}').fetchall()"
    assert outcome(folder, query.format("SELECT word FROM words")) == "[('hello',)]"
    written = outcome(folder, query.format("DELETE FROM words"))
    assert written == "OperationalError: attempt to write a readonly database"
    new = outcome(folder, "sqlite3.connect('new.db')")
    assert new == "OperationalError: unable to open database file"
    for elsewhere in ("tempfile.gettempdir() + '/x.db'", "':memory:'", "''"):
        made = outcome(folder, f"sqlite3.connect({elsewhere}).execute('CREATE TABLE x (y)')")
        assert made.startswith("<sqlite3.Cursor")


def test_it_is_said_once_that_a_file_in_tmp_is_not_the_containers_own(
    folder: Path, tmp_path: Path
) -> None:
    shared = Path("/tmp", f"{os.getpid()}-{tmp_path.name}")
    source = (
        "import tempfile\nfrom pathlib import Path\ndef reply(update): ...\n"
        "def on_event(event):\n    Path(event['path']).touch()\n    return []\n"
        "open(tempfile.gettempdir() + '/own', 'w')\n"
        "from botkit import session\nsession.change('me', lambda kept: kept.update(n=1))\n"
    )
    (folder / "bot.py").write_text(source)
    with Function(folder, {}) as function:
        assert function.invoke({"path": "/dev/null"}).printed == ""
        try:
            printed = [function.invoke({"path": str(shared)}).printed for _ in range(2)]
        finally:
            shared.unlink()
    assert printed[0].startswith(f"{shared} is shared by all containers here")
    assert printed[1] == ""


def test_the_folder_for_temporary_files_is_each_containers_own(folder: Path) -> None:
    source = (
        "import tempfile\nfrom pathlib import Path\n"
        "file = Path(tempfile.gettempdir(), 'seen')\n"
        "def reply(update): ...\n"
        "def on_event(event):\n    seen = file.exists()\n    file.touch()\n    assert not seen\n"
        "    return []\n"
    )
    (folder / "bot.py").write_text(source)
    with Function(folder, {}) as function:
        assert [bool(function.invoke({"x": 1}).error) for _ in range(2)] == [False, True]
        function.stop()
        assert function.invoke({"x": 1}).error == ""
    with Function(folder, {}, fresh=True) as function:
        invocations = [function.invoke({"x": 1}) for _ in range(2)]
    assert [invocation.error for invocation in invocations] == ["", ""]
    assert [invocation.cold for invocation in invocations] == [True, True]


def test_only_the_runtimes_libraries_are_there(folder: Path) -> None:
    assert outcome(folder, "__import__('boto3').__name__") == "boto3"
    missing = outcome(folder, "__import__('pytest')")
    assert missing == "ModuleNotFoundError: No module named 'pytest'"


def test_without_a_venv_they_are_installed_for_a_bot_that_imports_one(
    folder: Path, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "VENV", tmp_path / "nowhere")
    for name in ("boto3", "botocore", "urllib3"):
        version = requirement(name).partition("==")[2]
        index.wheel(name, version, {f"{name}.py": f"whose = 'the {name} of the index'\n"})
    assert outcome(folder, "__import__('urllib3')").startswith("ModuleNotFoundError")
    (folder / "uses.py").write_text("from urllib3 import whose\n")
    assert outcome(folder, "__import__('uses').whose") == "the urllib3 of the index"


def test_a_module_that_was_just_saved_is_loaded_as_it_is(folder: Path) -> None:
    """Though byte code that somebody's tests made is as old, and the file as long."""
    (folder / "words.py").write_text("word = 'one'")
    py_compile.compile(str(folder / "words.py"))
    times = (folder / "words.py").stat()
    (folder / "words.py").write_text("word = 'two'")
    os.utime(folder / "words.py", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert outcome(folder, "__import__('words').word") == "two"
