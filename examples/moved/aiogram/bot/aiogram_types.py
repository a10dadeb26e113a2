"""Imports aiogram without building its types: pydantic builds each when it is first used.

    import aiogram_types  # before aiogram: the bot starts sooner, with half of the memory

aiogram would build all of its types at the import, some 450, although a bot uses few of them. If an
error comes from here, delete that line: the bot works without it.
"""

import logging
import re
import sys
import threading
from importlib.metadata import PackageNotFoundError, version

from pydantic import BaseModel

# The oldest and newest versions with which each type builds. pydantic before 2.11.10 removes a
# type's validator while it builds a new one, although a thread may be using it.
KNOWN = {"aiogram": ((3, 27), (3, 31)), "pydantic": ((2, 12), (2, 13))}
building = threading.RLock()


def import_aiogram():
    """Import aiogram, unless that is done. With unknown versions, it builds its types as usual."""
    if "aiogram" in sys.modules or not all(map(is_known, KNOWN)):
        return
    build = BaseModel.__dict__["model_rebuild"]
    BaseModel.model_rebuild = classmethod(lambda cls, **how: None)
    try:
        from aiogram import methods, types
    finally:
        BaseModel.model_rebuild = build
    # aiogram's modules import most of the types for type checkers only.
    names = {name: getattr(types, name) for name in types.__all__}
    for name, module in [*sys.modules.items()]:
        if name.startswith(("aiogram.types.", "aiogram.methods.")):
            vars(module).update(names | vars(module))
    for base in (types.TelegramObject, methods.TelegramMethod, methods.Response):
        build_alone(base)
    # Nearly every update needs these, and start-up has a whole core.
    for common in (types.Update, methods.Response[types.Message], methods.SendMessage):
        common.model_rebuild()


def is_known(name):
    """Tell whether the installed version of a package is a known one."""
    oldest, newest = KNOWN[name]
    try:
        installed = version(name)
    except PackageNotFoundError:  # its files were copied without metadata
        installed = "unknown"
    minor = tuple(map(int, re.findall(r"\d+", installed)[:2]))
    if not oldest <= minor <= newest:
        told = {"package": name, "version": installed}
        logging.info("aiogram builds all types at start-up: unknown version", extra=told)
    return oldest <= minor <= newest


def build_alone(base):
    """Make a base's types build in one thread at a time, and before they become bases."""
    build = base.model_rebuild.__func__

    def model_rebuild(cls, /, *, _parent_namespace_depth=2, **how):
        with building:
            # pydantic also looks for names in its caller's variables: skip this function's frame.
            return build(cls, _parent_namespace_depth=_parent_namespace_depth + 1, **how)

    def init_subclass(cls, /, **options):
        super(base, cls).__init_subclass__(**options)
        for each in [kind for kind in cls.__bases__ if issubclass(kind, base)]:
            each.model_rebuild(raise_errors=False)  # fields may name types of other modules

    base.model_rebuild = classmethod(model_rebuild)
    base.__init_subclass__ = classmethod(init_subclass)


import_aiogram()
