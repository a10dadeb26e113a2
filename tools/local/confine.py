"""What makes a process on this machine like that of a function on Lambda.

It runs in that process, whose code may have modules of any name, so it imports only the standard
library.
"""

from __future__ import annotations

import errno
import os
import sys
from importlib import machinery
from typing import Any

# Events of Python that change files, and which of their arguments are the paths of these.
# https://docs.python.org/3/library/audit_events.html
CHANGES = {
    "os.chmod": (0,),
    "os.chown": (0,),
    "os.link": (0, 1),
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.rmdir": (0,),
    "os.setxattr": (0,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.utime": (0,),
}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

SHARED = (
    "{} is shared by all containers here, and on AWS each has its own /tmp: write to a path below"
    " tempfile.gettempdir()\n"
)

NO_PATH = (":memory:", "file:")  # how what names a database to sqlite3 begins, unless it is a path


class Uncached(machinery.SourceFileLoader):
    """Loads a module from its source: byte code may be older than a file that was just saved."""

    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def confine(own: list[str], libraries: list[str]) -> None:
    """Import from these folders and the standard library only, and leave the `own` ones as is."""
    always_new = machinery.FileFinder.path_hook(
        (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
        (Uncached, machinery.SOURCE_SUFFIXES),
    )

    def finder(path: str) -> Any:
        if not _is_inside(path, own):
            raise ImportError
        return always_new(path)

    sys.path_hooks.insert(0, finder)
    sys.path[:0] = [*own, *libraries]
    make_read_only([*own, *libraries])


def make_read_only(folders: list[str]) -> None:
    """Refuse to change what is in folders, as Lambda does for a package; root may not, either."""
    roots = [*folders, *map(os.path.realpath, folders)]
    sys.meta_path.insert(0, _Sqlite3(roots))
    # Beside the folder for temporary files is what stands in for DynamoDB.
    own = os.path.dirname(os.environ.get("TMPDIR", "/tmp/x"))
    temporary = {"/tmp", os.path.realpath("/tmp")}

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not flags & WRITES:
                return
            if _is_inside(path, roots):
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
            if temporary and _is_inside(path, [*temporary]) and not _is_inside(path, [own]):
                temporary.clear()  # once is enough
                os.write(2, SHARED.format(os.fsdecode(path)).encode(errors="replace"))
        elif event in CHANGES:
            for path in (arguments[index] for index in CHANGES[event]):
                if _is_inside(path, roots):
                    raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)

    sys.addaudithook(hook)


class _Sqlite3:
    """Has sqlite3 open the databases in read-only folders for reading, once it is imported."""

    def __init__(self, folders: list[str]) -> None:
        self._folders = folders

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        if name != "_sqlite3":
            return None
        from importlib.util import find_spec

        sys.meta_path.remove(self)
        spec = find_spec(name)
        assert spec and spec.loader
        load = spec.loader.exec_module

        def load_and_guard(module: Any) -> None:
            load(module)
            connect = module.connect

            def guarded(database: Any, *arguments: Any, **named: Any) -> Any:
                is_path = not os.fsdecode(database).startswith(NO_PATH)
                inside = database and is_path and _is_inside(database, self._folders)
                if inside and not os.path.exists(database):
                    raise module.OperationalError("unable to open database file")
                connection = connect(database, *arguments, **named)
                if inside:
                    connection.execute("PRAGMA query_only = ON")
                return connection

            module.connect = guarded

        spec.loader.exec_module = load_and_guard  # type: ignore[method-assign]
        return spec


def _is_inside(path: Any, folders: list[str]) -> bool:
    if not isinstance(path, (str, bytes, os.PathLike)):  # a descriptor
        return False
    name = os.fsdecode(path)
    for known in (os.path.abspath(name), os.path.realpath(name)):
        if any(known == folder or known.startswith(folder + os.sep) for folder in folders):
            return True
    return False
