"""confine.py: a bot on this machine sees what it would see on Lambda, and may change no more."""

from __future__ import annotations

import ast
import os
import py_compile
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from telegram_bot_aws.local import packages
from telegram_bot_aws.local.container import Function, handled_kinds
from telegram_bot_aws.local.project import requirement
from tests.support.wheels import Index

BOT = """
import os, shutil, sqlite3, tempfile
from pathlib import Path

def tried(make):
    try:
        return str(make())
    except Exception as error:
        return f"{{type(error).__name__}}: {{error}}"

HANDLED = [tried(lambda: {expression})]
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
    "os.rename('words.txt', 'new.txt')",
    "os.remove('words.txt', dir_fd=os.open('.', os.O_RDONLY))",
    "os.symlink('words.txt', 'link')",
    "os.link('words.txt', 'link')",
    "os.truncate('words.txt', 0)",
    "os.chmod('words.txt', 0o600)",
    "os.utime('words.txt')",
    "shutil.copy('words.txt', 'copy.txt')",
    "open(Path(tempfile.gettempdir(), 'in'), 'x') if os.symlink(os.getcwd(), tempfile.gettempdir() "
    "+ '/out') else open(tempfile.gettempdir() + '/out/new.txt', 'w')",
]


# How the kernel answers, as code that runs before: it has an own namespace for whom it lets.
KERNELS = {
    "allows a namespace of mounts": "",
    "allows a namespace of users": """
import os
_unshare = os.unshare
def _refuse(flags):
    if not flags & os.CLONE_NEWUSER:
        raise PermissionError("no mounts")
    _unshare(flags)
os.unshare = _refuse
""",
    "refuses both": """
import os
def _refuse(flags):
    raise PermissionError("no namespace")
os.unshare = _refuse
""",
}


@pytest.fixture(params=KERNELS)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the kernel of this machine allow or refuse."""
    monkeypatch.setattr(packages, "BEGIN", KERNELS[request.param] + packages.BEGIN)
    kernel: str = request.param
    return kernel


@pytest.mark.usefixtures("kernel")
def test_the_package_is_read_only_for_root_too(folder: Path) -> None:
    outcomes = outcome(folder, f"[tried(lambda: {'), tried(lambda: '.join(CHANGES)})]")
    errors = ast.literal_eval(outcomes)
    assert len(errors) == len(CHANGES)
    for change, error in zip(CHANGES, errors, strict=True):
        assert error.startswith("OSError: [Errno 30] Read-only file system: "), change
    assert sorted(path.name for path in folder.iterdir()) == ["bot.py", "words.txt"]
    assert (folder / "words.txt").read_text() == "hello"


@pytest.mark.usefixtures("kernel")
def test_a_temporary_folder_with_files_goes_away(folder: Path) -> None:
    """Python names the files in it by an open folder, and the current one is the package."""
    steps = "d := tempfile.mkdtemp(), os.mkdir(d + '/words.txt'), shutil.rmtree(d)"
    assert outcome(folder, f"({steps}, os.path.exists(d))[-1]") == "False"


def test_it_can_be_read_and_is_the_current_folder(folder: Path) -> None:
    assert outcome(folder, "open('words.txt').read()") == "hello"


@pytest.mark.slow
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


SHARES = """
import os, sqlite3, tempfile
from pathlib import Path

def reply(update): ...

def on_event(event):
    if "database" in event:
        sqlite3.connect(event["database"], uri=True).execute("CREATE TABLE IF NOT EXISTS x (y)")
    else:
        Path(event["path"]).touch()
    return []

open(tempfile.gettempdir() + "/own", "w")
from botkit import session
session.change("me", lambda kept: kept.update(n=1))
"""


@pytest.mark.slow
def test_a_container_has_its_own_tmp(folder: Path, kernel: str, tmp_path: Path) -> None:
    """Where the kernel refuses one, it is said once that it isn't. Elsewhere, that it will end."""
    (folder / "bot.py").write_text(SHARES)
    shared = Path("/tmp", f"{os.getpid()}-{tmp_path.name}")
    events = {"file": {"path": str(shared)}, "database": {"database": f"file://{shared}?mode=rwc"}}
    for name, event in events.items():
        printed = []
        with Function(folder, {}) as function:
            assert function.invoke({"path": "/dev/null"}).printed == ""
            for _ in range(2):
                invocation = function.invoke(event)
                assert invocation.error == ""
                printed.append(invocation.printed)
        assert shared.exists() == (kernel == "refuses both")
        shared.unlink(missing_ok=True)
        how = "is shared by all containers" if kernel == "refuses both" else "ends with its"
        assert [text.startswith(f"{shared} {how}") for text in printed] == [True, False], name


@pytest.mark.slow
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


@pytest.mark.slow
def test_only_the_runtimes_libraries_are_there(folder: Path) -> None:
    assert outcome(folder, "__import__('boto3').__name__") == "boto3"
    missing = outcome(folder, "__import__('pytest')")
    assert missing == "ModuleNotFoundError: No module named 'pytest'"


@pytest.mark.slow
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
