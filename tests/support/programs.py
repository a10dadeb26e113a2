"""Help for the tests of scripts: a copy of the project, and a script that runs in it."""

import contextlib
import io
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
from collections import namedtuple
from pathlib import Path
from unittest import mock

from telegram_bot_aws.local.project import MODULE, ROOT, VENV

from tests.support.needs import skip_or_fail
from tests.support.stubs import BOT

MAX_SECONDS = 180.0  # for anything that a script does


def copy_of_the_project(folder):
    """Copy what scripts need into a new folder, with the tests' bot, for a test to change.

    It has the byte code that is there: else each script compiles all that it imports.
    """
    ignored = shutil.ignore_patterns("tests")
    folder.mkdir(parents=True)
    for name in (*MODULE, "scripts", "tools", ".python-version", "pyproject.toml"):
        if name.startswith("scripts/"):  # it is in scripts
            continue
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)
    shutil.copy(BOT, folder / "lambda")
    (folder / VENV.name).symlink_to(VENV)
    return folder


def copy_of_the_bot(folder):
    """Copy the tests' bot into a new folder, for a test to change."""
    folder.mkdir()
    shutil.copy(BOT, folder)
    return folder


def save(path, old, new):
    """Change a line of a file, and save it at once as an editor does."""
    source = path.read_text()
    assert old in source
    path.with_suffix(".new").write_text(source.replace(old, new))
    path.with_suffix(".new").replace(path)


Ran = namedtuple("Ran", ["code", "output"])  # a tool's exit code, and all that it wrote


def run(tool, *arguments, **environment):
    """Run a tool's main() in this process, with arguments and additional variables.

    This saves starting Python. A test that needs a process uses a `Script`.
    """
    output = io.StringIO()
    kinds = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    handlers = {kind: signal.getsignal(kind) for kind in kinds}
    with (
        mock.patch.dict(os.environ, environment),
        mock.patch.object(sys, "argv", ["tool", *arguments]),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        try:
            code = tool()
        except SystemExit as end:
            code = end.code
        finally:
            for kind, handler in handlers.items():
                signal.signal(kind, handler)
    return Ran(code, output.getvalue())


class Script:
    """A running script, whose output is read as it comes. The `with` block ends it."""

    def __init__(self, project, name, *arguments, **environment):
        self.process = subprocess.Popen(
            [project / "scripts" / name, *arguments],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.output = ""
        self._ended = False
        self._read = threading.Condition()
        self._reader = threading.Thread(target=self._follow, daemon=True)
        self._reader.start()

    def _follow(self):
        with self.process.stdout:
            while text := self.process.stdout.read(1):
                with self._read:
                    self.output += text
                    self._read.notify_all()
        with self._read:
            self._ended = True
            self._read.notify_all()

    def wait_for(self, text):
        """Wait until the script has written a text."""
        with self._read:
            ended = self._read.wait_for(lambda: text in self.output or self._ended, MAX_SECONDS)
            assert ended and text in self.output, f"no {text!r} in:\n{self.output}"

    def end(self, kind=None, within=MAX_SECONDS):
        """Send a signal, if any, wait for the end, and return the exit code."""
        if kind is not None:
            self.process.send_signal(kind)
        code = self.process.wait(within)
        self._reader.join(MAX_SECONDS)
        return code

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(MAX_SECONDS)
        self.process.kill()
        self.process.wait()
        self._reader.join(MAX_SECONDS)


def page_of(demo):
    """Return the address of a demo's chat page."""
    return demo.output.partition("Chat with the bot: ")[2].split()[0]


def contents(folder):
    """Return the contents of a folder's files by path, without those that Python makes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if not {VENV.name, "__pycache__"} & set(path.relative_to(folder).parts) and path.is_file()
    }


def nothing_is_left(temporary, *, is_killed=False):
    """Check that a tool's processes, known by their TMPDIR, end and leave no files in it.

    A tool that is killed can't remove them.
    """
    for process in processes_that_know(f"TMPDIR={temporary}"):
        with contextlib.suppress(ProcessLookupError):
            ended = os.pidfd_open(int(process.name))
            try:  # a killed process takes a moment
                has_ended, _, _ = select.select([ended], [], [], MAX_SECONDS)
                assert has_ended, (process / "cmdline").read_text()
            finally:
                os.close(ended)
    assert is_killed or list(temporary.iterdir()) == []


def processes_that_know(text):
    """Return the folders in /proc of the processes whose environment contains a text."""
    if sys.platform != "linux":
        skip_or_fail("needs Linux: reads /proc")
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if text.encode() in (folder / "environ").read_bytes():
                found.append(folder)
    return found
