"""What a bot's files tell: a change, and the parts of the module that they use."""

from __future__ import annotations

import ast
import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from bot_files import OWN_FILES, TAKEN, files, listed

from telegram_bot_aws.local.project import LAMBDA

Sources = dict[str, tuple[int, int, int]]  # what tells two versions of a file apart, by its path


def packed(folder: Path) -> list[tuple[str, Path]]:
    """Return the files that the package takes of a folder, without those that can't be read."""
    return [(name, path) for name, path in listed(folder) if path.is_file()]


def read_sources(bot: Path) -> Sources:
    """Return what tells whether a file of the bot's folder, or of the module's, was changed."""
    found: Sources = {}
    for folder in {bot, LAMBDA}:
        for name, path in packed(folder):
            if folder == bot or OWN_FILES.search(name):
                with contextlib.suppress(OSError):  # it vanished
                    status = path.stat()
                    found[name] = status.st_mtime_ns, status.st_size, status.st_ino
    return found


def has_sessions(bot: Path) -> bool:
    """Tell whether a bot may have sessions: a file has the name SESSION or RATE_LIMIT, or imports
    botkit.session.

    A table that it doesn't use costs nothing here.
    """
    return any(
        re.search(rb"\b(RATE_LIMIT|SESSION)\b", path.read_bytes())
        or "botkit.session" in _imports(path)
        for path in _own_files(bot)
    )


def needs_queue(bot: Path) -> bool:
    """Tell whether a bot may need a queue: for updates, a Stop button, or what it schedules."""
    words = rb"\b(QUEUED_UPDATES|stopped_message_generation)\b"
    return uses_schedule(bot) or any(
        re.search(words, path.read_bytes()) for path in _own_files(bot)
    )


def uses_schedule(bot: Path) -> bool:
    """Tell whether a bot imports botkit.schedule. A file that isn't Python imports nothing."""
    return any("botkit.schedule" in _imports(path) for path in _own_files(bot))


def has_word(bot: Path, word: str) -> bool:
    """Tell whether a bot's files of Python contain a word, such as the name of a command."""
    return any(word.encode() in path.read_bytes() for path in _own_files(bot))


def _own_files(bot: Path) -> list[Path]:
    """Return a bot's files of Python: without the module's, if the bot is the module's own."""
    return [path for name, path in packed(bot) if name.endswith(".py") and not TAKEN.search(name)]


def _imports(path: Path) -> Iterator[str]:
    """Yield what a file of Python imports, with and without the names that it takes from there."""
    source = path.read_bytes()
    if b"botkit" not in source:  # parsing takes long
        return
    with contextlib.suppress(SyntaxError, ValueError):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module or ""
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def copy(folder: Path, target: Path) -> None:
    """Copy the files that the package takes of a folder. Raises ValueError if one can't be read."""
    for name, path in files(folder).items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target / name)
