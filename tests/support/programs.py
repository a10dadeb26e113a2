"""What the tests of scripts run them with: a copy of the project, and a script at work in it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

from local.project import MODULE, ROOT, TOOLS, VENV

from tests.support.stubs import BOT

LONGEST = 180.0  # seconds, for anything that a script does


def copy_of_the_project(folder: Path) -> Path:
    """Copy what scripts need into a folder, with the tests' bot, where a test may change it."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in {*MODULE, *TOOLS} - {"scripts/package"}:  # it is in scripts
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)
    shutil.copy(BOT, folder / "lambda")
    (folder / VENV.name).symlink_to(VENV)
    return folder


def edit(project: Path, old: str, new: str) -> None:
    """Change a line of a copy's bot.py."""
    save(project / "lambda" / "bot.py", old, new)


def save(path: Path, old: str, new: str) -> None:
    """Change a line of a file, and save it at once as an editor does."""
    source = path.read_text()
    assert old in source
    path.with_suffix(".new").write_text(source.replace(old, new))
    path.with_suffix(".new").replace(path)


class Script:
    """A script at work, whose output is read as it comes. It is ended with the `with` block."""

    def __init__(self, project: Path, name: str, *arguments: str, **environment: str) -> None:
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

    def _follow(self) -> None:
        assert self.process.stdout
        with self.process.stdout:
            while text := self.process.stdout.read(1):
                with self._read:
                    self.output += text
                    self._read.notify_all()
        with self._read:
            self._ended = True
            self._read.notify_all()

    def wait_for(self, text: str) -> None:
        """Wait until the script has written a text."""
        with self._read:
            ended = self._read.wait_for(lambda: text in self.output or self._ended, LONGEST)
            assert ended and text in self.output, f"no {text!r} in:\n{self.output}"

    def end(self, kind: signal.Signals | None = None, within: float = LONGEST) -> int:
        """Send a signal, if any, wait for the end, and return the exit code."""
        if kind is not None:
            self.process.send_signal(kind)
        code = self.process.wait(within)
        self._reader.join(LONGEST)
        return code

    def __enter__(self) -> Script:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(LONGEST)
        self.process.kill()
        self.process.wait()
        self._reader.join(LONGEST)


def page_of(demo: Script) -> str:
    """Return the address of a demo's chat page."""
    return demo.output.partition("Chat with the bot: ")[2].split()[0]


def processes_that_know(text: str) -> list[str]:
    """Return the command lines of this machine's processes with a text in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if text.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text().replace("\0", " "))
    return found
