"""Make a process on this machine like that of a function on Lambda.

It runs in that process, whose code may have modules of any name, so it imports only the standard
library.
"""

from __future__ import annotations

import os
import sys
from importlib import machinery
from typing import Any

NOTE = (
    "this system lets the bot change files in its own folder. On Lambda it can't: write to /tmp, "
    "and keep lasting data in a session\n"
)

# Of Linux's headers.
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
MOUNT_ATTR_RDONLY = 1
MS_BIND, MS_REC, MS_PRIVATE = 1 << 12, 1 << 14, 1 << 18
SYS_MOUNT_SETATTR = 442


class Uncached(machinery.SourceFileLoader):
    """Loads a module from its source: byte code may be older than a file that was just saved."""

    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def confine(own: list[str], compiled: str, libraries: list[str]) -> None:
    """Import from these folders and the standard library only, and leave the `own` ones as is.

    `compiled` is a folder in them, which may be imported from its byte code.
    """
    always_new = machinery.FileFinder.path_hook(
        (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
        (Uncached, machinery.SOURCE_SUFFIXES),
    )

    def finder(path: str) -> Any:
        if not any(is_below(path, folder) for folder in own) or is_below(path, compiled):
            raise ImportError
        return always_new(path)

    contain([*own, *libraries])  # before a module of the bot hides Python's
    sys.path_hooks.insert(0, finder)
    sys.path[:0] = [*own, *libraries]


def contain(package: list[str]) -> None:
    """Let this process, which has no threads, change no file in its package, where Linux allows it.

    Elsewhere that is told.
    """
    folders = [os.path.realpath(folder) for folder in package]
    try:
        # A child tries it: half-way, this process would be nobody there, without permissions.
        child = os.fork()
        if not child:
            try:
                make_read_only(folders)
                os._exit(0)
            finally:
                os._exit(1)
        if os.waitpid(child, 0)[1]:
            raise OSError("not allowed")
        make_read_only(folders)
    except (AttributeError, ImportError, OSError):
        os.write(2, NOTE.encode())


def make_read_only(folders: list[str]) -> None:
    """Mount folders read-only, in a namespace of this process alone. Raises OSError."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    here, user, group = os.getcwd(), os.getuid(), os.getgid()

    def check(result: int) -> None:
        if result:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def change(path: str, flags: int, *attributes: int) -> None:
        structure = (ctypes.c_uint64 * 4)(*attributes)  # set, clear, propagation, user namespace
        size = ctypes.sizeof(structure)
        number = ctypes.c_long(SYS_MOUNT_SETATTR)
        check(libc.syscall(number, AT_FDCWD, os.fsencode(path), flags, structure, size))

    os.unshare(os.CLONE_NEWNS | os.CLONE_NEWUSER)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    change("/", AT_RECURSIVE, 0, 0, MS_PRIVATE)
    for folder in folders:
        path = os.fsencode(folder)
        check(libc.mount(path, path, None, MS_BIND | MS_REC, None))
        change(folder, AT_RECURSIVE, MOUNT_ATTR_RDONLY, 0, 0)
    os.chdir(here)


def is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
