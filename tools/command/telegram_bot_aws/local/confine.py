"""Make a process on this machine like that of a function on Lambda.

It runs in that process, whose code may have modules of any name, so it imports only the standard
library.
"""

from __future__ import annotations

import errno
import os
import sys
from importlib import machinery
from typing import Any

# Events of Python that change files: which of their arguments are the paths of these, and how many
# arguments later the folder is that a path starts from.
# https://docs.python.org/3/library/audit_events.html
CHANGES = {
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.link": ((0, 2), (1, 2)),
    "os.mkdir": ((0, 2),),
    "os.remove": ((0, 1),),
    "os.rename": ((0, 2), (1, 2)),
    "os.rmdir": ((0, 1),),
    "os.setxattr": ((0, 0),),
    "os.symlink": ((1, 1),),
    "os.truncate": ((0, 0),),
    "os.utime": ((0, 3),),
}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

SHARED = (
    "{} is shared by all containers here, but on AWS each has its own /tmp, which ends with it: "
    "write to a path below tempfile.gettempdir(), and keep lasting data in a session\n"
)

ENDS = (
    "{} ends with its container, and each of several containers has its own: keep lasting data in "
    "a session, or in a database elsewhere\n"
)

NO_PATH = (":memory:", "file:")  # how what names a database to sqlite3 begins, unless it is a path

HOME = "/home/sbx_user1051"  # Lambda's, which doesn't exist

# Of Linux's headers.
AT_FDCWD = -100
AT_RECURSIVE = 0x8000
MOUNT_ATTR_RDONLY = 1
MS_BIND, MS_REC, MS_PRIVATE = 1 << 12, 1 << 14, 1 << 18
SYS_MOUNT_SETATTR = 442
CAPABILITY_VERSION = 0x20080522


class Uncached(machinery.SourceFileLoader):
    """Loads a module from its source: byte code may be older than a file that was just saved."""

    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def confine(
    own: list[str], compiled: str, libraries: list[str], needed: list[str], writable: list[str]
) -> None:
    """Import from these folders and the standard library only, and leave the `own` ones as is.

    `compiled` is a folder in them, which may be imported from its byte code. `needed` are other
    paths to read, and `writable` the folders to write to besides /tmp.
    """
    always_new = machinery.FileFinder.path_hook(
        (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
        (Uncached, machinery.SOURCE_SUFFIXES),
    )

    def finder(path: str) -> Any:
        if not _is_inside(path, own) or _is_inside(path, [compiled]):
            raise ImportError
        return always_new(path)

    contain([*own, *libraries], needed, writable)  # before a module of the bot hides Python's
    sys.path_hooks.insert(0, finder)
    sys.path[:0] = [*own, *libraries]


def contain(package: list[str], needed: list[str], writable: list[str] | None = None) -> None:
    """Let this process change only files in its own /tmp, as on Lambda; root may not, either.

    Where the kernel refuses that, it can't change what is in its package, and is told when it
    writes to the /tmp of all. It must have no threads.
    """
    pythons = [sys.prefix, sys.base_prefix, os.path.dirname(os.__file__)]
    certificates = [os.environ.get(name, "") for name in ("SSL_CERT_DIR", "SSL_CERT_FILE")]
    links = [
        entry.path
        for folder in (*package, *needed)
        if os.path.isdir(folder)
        for entry in os.scandir(folder)
        if entry.is_symlink()
    ]
    seen = [*package, *needed, *links, *pythons, *filter(None, certificates)]
    if _has_own_tmp(seen, writable or []):
        tell_of_databases(package)
    else:
        make_read_only(package)


def _has_own_tmp(seen: list[str], writable: list[str]) -> bool:
    """Put the folder for temporary files in place of /tmp, for this process, if possible."""
    if not hasattr(os, "unshare"):
        return False
    try:
        import ctypes
    except ImportError:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    tmp, own = os.path.realpath("/tmp"), os.path.realpath(os.environ["TMPDIR"])
    paths = {f(path): False for path in seen for f in (os.path.abspath, os.path.realpath)}
    paths |= {os.path.realpath(path): True for path in writable}
    if any(_is_below(tmp, path) for path in paths):
        return False  # such as a bot.py in /tmp

    def check(result: int) -> None:
        if result:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def bind(path: str, to: str) -> None:
        check(libc.mount(os.fsencode(path), os.fsencode(to), None, MS_BIND | MS_REC, None))

    def change(path: str, flags: int, *attributes: int) -> None:
        structure = (ctypes.c_uint64 * 4)(*attributes)  # set, clear, propagation, user namespace
        size = ctypes.sizeof(structure)
        number = ctypes.c_long(SYS_MOUNT_SETATTR)
        check(libc.syscall(number, AT_FDCWD, os.fsencode(path), flags, structure, size))

    def place(path: str) -> str:
        return own + path.removeprefix(tmp) if _is_below(path, tmp) else path

    def enter() -> None:
        user, group, here = os.getuid(), os.getgid(), os.getcwd()
        try:
            os.unshare(os.CLONE_NEWNS)
            is_privileged = True
        except PermissionError:
            os.unshare(os.CLONE_NEWNS | os.CLONE_NEWUSER)
            is_privileged = False
            _write("/proc/self/setgroups", "deny")
            _write("/proc/self/uid_map", f"{user} {user} 1")
            _write("/proc/self/gid_map", f"{group} {group} 1")
        change("/", AT_RECURSIVE, 0, 0, MS_PRIVATE)
        bound: dict[str, bool] = {}
        for path, is_writable in sorted(paths.items()):  # folders before what is in them
            around = [known for known in bound if _is_below(path, known)]
            if around and bound[max(around, key=len)] == is_writable:
                continue
            if not around and not is_writable and not _is_below(path, tmp):
                continue  # it stays where it is
            if not around and _is_below(path, tmp):
                _make_like(path, place(path))
            bind(path, place(path))
            bound[path] = is_writable
        change("/", AT_RECURSIVE, MOUNT_ATTR_RDONLY, 0, 0)
        for path, is_writable in bound.items():
            if is_writable:
                change(place(path), 0, 0, MOUNT_ATTR_RDONLY, 0)
        bind(own, tmp)
        change(tmp, 0, 0, MOUNT_ATTR_RDONLY, 0)
        os.chdir(here)
        if not is_privileged:  # as before
            header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
            check(libc.capset(header, (ctypes.c_uint32 * 6)()))

    # A child tries it: half-way, this process would be nobody in a namespace without rights.
    child = os.fork()
    if not child:
        try:
            enter()
            os._exit(0)
        finally:
            os._exit(1)
    if os.waitpid(child, 0)[1]:
        return False
    enter()
    del os.environ["TMPDIR"]
    os.environ["HOME"] = HOME
    return True


def make_read_only(folders: list[str]) -> None:
    """Refuse to change what is in folders, and tell of files in the /tmp of all."""
    roots = [*folders, *map(os.path.realpath, folders)]
    sys.meta_path.insert(0, _Sqlite3(roots))
    # The stand-in for DynamoDB is next to the folder for temporary files.
    own = os.path.dirname(os.environ.get("TMPDIR", "/tmp/x"))
    temporary = {"/tmp", os.path.realpath("/tmp")}

    def tell(path: Any) -> None:
        if temporary and _is_inside(path, [*temporary]) and not _is_inside(path, [own]):
            temporary.clear()  # once is enough
            os.write(2, SHARED.format(os.fsdecode(path)).encode(errors="replace"))

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            # Python doesn't tell of os.open's dir_fd.
            path, _, flags = arguments
            if not flags & WRITES:
                return
            if _is_inside(path, roots):
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
            tell(path)
        elif event == "sqlite3.connect":
            path = _database(arguments[0])
            if not _is_inside(path, roots):
                tell(path)
        elif event in CHANGES:
            for index, further in CHANGES[event]:
                path = _from(arguments[index], arguments[index + further] if further else -1)
                if _is_inside(path, roots):
                    raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)

    sys.addaudithook(hook)


def tell_of_databases(package: list[str]) -> None:
    """Tell of a database in this process's own /tmp, where it seems to be kept."""
    temporary = ["/tmp"]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "sqlite3.connect":
            path = _database(arguments[0])
            if _is_inside(path, temporary) and not _is_inside(path, package):
                temporary.clear()  # once is enough
                os.write(2, ENDS.format(path).encode(errors="replace"))

    sys.addaudithook(hook)


def _from(path: Any, folder: int) -> Any:
    """Return a path that starts from an open folder (-1: none), or that of a descriptor."""
    if isinstance(path, int):
        return f"/proc/self/fd/{path}"
    if folder == -1 or os.path.isabs(path):
        return path
    # A link to be changed must not be followed.
    return os.path.join(os.path.realpath(f"/proc/self/fd/{folder}"), os.fsdecode(path))


def _database(name: Any) -> str | None:
    """Return the path of a database of sqlite3, which a URI may name, if it is in a file."""
    text = os.fsdecode(name)
    if text.startswith("file:"):
        return "/" + text.removeprefix("file:").partition("?")[0].lstrip("/")
    return None if text in ("", ":memory:") else text


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
    known = (os.path.abspath(name), os.path.realpath(name))
    return any(_is_below(each, folder) for each in known for folder in folders)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _make_like(path: str, place: str) -> None:
    """Make an empty folder or file for a path to be bound to."""
    os.makedirs(place if os.path.isdir(path) else os.path.dirname(place), exist_ok=True)
    if not os.path.isdir(path):
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o600))


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
