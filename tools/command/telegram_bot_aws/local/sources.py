"""The files of a bot's folder, and of the module's, by the rule that the package has for them."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from telegram_bot_aws.local.project import LAMBDA, SCRIPTS

Sources = dict[str, tuple[int, int, int]]  # what tells two versions of a file apart, by its path

RULE = json.loads((SCRIPTS / "packaging.json").read_text())
NOT_PACKED, OWN_FILES, TAKEN = map(re.compile, (RULE["not_packed"], RULE["own"], RULE["taken"]))


def packed(
    folder: Path, onerror: Callable[[OSError], object] | None = None
) -> Iterator[tuple[str, Path]]:
    """Yield what the package takes of a folder: the names there, and the paths. Links are followed.

    A file may be a link that leads nowhere. A folder that can't be read is skipped, or reported to
    `onerror`.
    """
    for parent, folders, names in os.walk(folder, onerror=onerror, followlinks=True):
        relative = Path(parent).relative_to(folder)
        folders[:] = [name for name in folders if not NOT_PACKED.search(f"{name}/")]
        for name in names:
            packed_as = (relative / name).as_posix()
            if not NOT_PACKED.search(packed_as):
                yield packed_as, Path(parent, name)


def endless_link(folder: Path) -> Path | None:
    """Return a link in a folder to one around it, if any. Following it never ends.

    scripts/package has the same rule.
    """
    around = {folder: [os.path.realpath(folder)]}  # each folder: itself and those around it
    for parent, folders, _ in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not NOT_PACKED.search(f"{name}/")]
        for name in folders:
            inner = Path(parent, name)
            real = os.path.realpath(inner)
            if real in around[Path(parent)]:
                return inner
            around[inner] = [*around[Path(parent)], real]
    return None


def read_sources(bot: Path) -> Sources:
    """Return what tells whether a file of the bot's folder, or of the module's, was changed."""
    found: Sources = {}
    for folder in {bot, LAMBDA}:
        for name, path in packed(folder):
            if folder == bot or OWN_FILES.search(name):
                with contextlib.suppress(OSError):  # it vanished, or is a link that leads nowhere
                    status = path.stat()
                    found[name] = status.st_mtime_ns, status.st_size, status.st_ino
    return found


def files(folder: Path) -> dict[str, Path]:
    """Return the files that the package takes of a folder. Raises ValueError if one can't be read.

    Sockets and pipes are skipped, as they are in the package.
    """
    found = {}
    try:
        for name, path in packed(folder, _raise):
            if path.is_symlink() and not path.exists():
                raise ValueError(f"{path} is a link that leads nowhere: remove it")
            if stat.S_ISREG(path.stat().st_mode):
                with path.open("rb"):
                    found[name] = path
    except OSError as error:
        raise ValueError(f"{error.filename} can't be read: {error.strerror}") from None
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


def has_word(bot: Path, word: str) -> bool:
    """Tell whether a bot's files of Python contain a word, such as the name of a command."""
    return any(word.encode() in path.read_bytes() for path in _own_files(bot))


def uses_schedule(bot: Path) -> bool:
    """Tell whether a bot imports botkit.schedule. A file that isn't Python imports nothing."""
    return any("botkit.schedule" in _imports(path) for path in _own_files(bot))


def _own_files(bot: Path) -> list[Path]:
    """Return a bot's files of Python: without the module's, if the bot is the module's own."""
    return [
        path
        for name, path in packed(bot)
        if name.endswith(".py") and not TAKEN.search(name) and path.is_file()
    ]


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


def _raise(error: OSError) -> None:
    raise error
