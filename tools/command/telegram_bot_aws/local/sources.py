"""The files of a bot's folder."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from bot_files import OWN_FILES, files, listed

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


def has_word(bot: Path, word: str) -> bool:
    """Tell whether a bot's files of Python contain a word, such as the name of a command."""
    modules = (path for name, path in packed(bot) if name.endswith(".py"))
    return any(word.encode() in path.read_bytes() for path in modules)


def copy(folder: Path, target: Path) -> None:
    """Copy the files that the package takes of a folder. Raises ValueError if one can't be read."""
    for name, path in files(folder).items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target / name)
