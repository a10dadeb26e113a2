"""The files that a package takes of a bot's folder, for scripts/package and the demo.

Like scripts/package it runs on any python3, with nothing but the standard library.
"""

import json
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

OWN = Path(__file__).resolve().parent.parent / "lambda"
# package.tf also has this rule. No function reads types.pyi, which is for type checkers, or
# testing.py and fakes/, which are for tests.
RULE = json.loads(Path(__file__).with_name("packaging.json").read_text())
NOT_PACKED, OWN_FILES, TAKEN = map(re.compile, (RULE["not_packed"], RULE["own"], RULE["taken"]))


class NotPackable(ValueError):
    """No package can be made; the text says why."""


def listed(
    folder: Path, onerror: "Callable[[OSError], object] | None" = None
) -> "Iterator[tuple[str, Path]]":
    """Yield files and folders of a folder to pack: their names in the package, and their paths.

    Links are followed. What can't be read is skipped, or reported to `onerror`.
    """
    for parent, folders, names in os.walk(str(folder), followlinks=True, onerror=onerror):
        relative = Path(parent).relative_to(folder)
        folders[:] = [
            name for name in folders if not NOT_PACKED.search(f"{(relative / name).as_posix()}/")
        ]
        for name in [*folders, *names]:
            # The composed form, as Terraform lists names, and as most sources write them.
            packed_as = unicodedata.normalize("NFC", (relative / name).as_posix())
            if not NOT_PACKED.search(packed_as):
                yield packed_as, Path(parent, name)


def files(folder: Path) -> "dict[str, Path]":
    """Return the files of a folder to pack, by their names in the package.

    Raises NotPackable if one can't be read, or is a link that leads nowhere, to a folder around it,
    or out of the folder around this one: a stranger's bot could take secrets along.
    """
    found: dict[str, Path] = {}
    outside = os.path.realpath(str(folder)).rpartition("/")[0] + "/"
    try:
        for name, path in listed(folder, _raise):
            real = os.path.realpath(str(path))
            if not path.exists():
                raise NotPackable(f"{path} is a broken link to {real}: remove it")
            if f"{os.path.realpath(str(path.parent))}/".startswith(f"{real}/"):
                raise NotPackable(f"{path} must not be a link to a parent folder: remove it")
            if not real.startswith(outside):
                raise NotPackable(
                    f"{path} must not be a link that leads out of {outside}: copy what it links to"
                )
            if path.is_file():
                with path.open("rb"):
                    found[name] = path
    except OSError as error:
        raise NotPackable(f"{error.filename} can't be read: {error.strerror}") from None
    return found


def _raise(error: OSError) -> None:
    raise error


def sources(folder: Path, own: Path = OWN) -> "dict[str, Path]":
    """Return the files to pack, a bot's and the module's in `own`. Raises NotPackable."""
    of_module = files(own)
    found = of_module if folder.resolve() == own else files(folder)
    check_imports(found, str(folder))
    if any(name.startswith("bot/") and name.endswith(".py") for name in found):
        raise NotPackable(
            f"{folder} must not contain a package bot/, since bot.py has that name. Rename it, for "
            'example to shop/, and in all files "from bot." to "from shop." and "import bot." to '
            '"import shop."'
        )
    if found is of_module:
        return found
    if "bot.py" not in found:
        raise NotPackable(f"there is no bot.py in {folder}")
    taken = sorted(name for name in found if TAKEN.search(name))
    if taken:
        raise NotPackable(f"{folder} must not contain {taken[0]}: the module adds its own")
    return {**found, **{name: path for name, path in of_module.items() if OWN_FILES.search(name)}}


def check_imports(found: "dict[str, Path]", where: str) -> None:
    """Raise NotPackable if a file would hide a module of the standard library."""
    for name in sorted(found):
        module = re.match(r"(\w+)(/__init__)?\.py$", name)
        if module and module[1] in getattr(sys, "stdlib_module_names", ()):  # since 3.10
            raise NotPackable(
                f"{where} must not contain {name}, which would hide a module of Python's standard "
                "library: rename it, or leave out the package"
            )
