"""Imports aiogram without building its types: pydantic builds each when it is first used.

aiogram would build all of its types at the import, some 450. That takes most of its start-up time
and 100 MB, although a bot uses few of them.
"""

from __future__ import annotations

import logging
import re
import sys
import threading

from ..types import Any

logger = logging.getLogger("botkit")

# The oldest and newest versions with which each type builds. pydantic before 2.11.10 removes a
# type's validator while it builds a new one, although a thread may be using it.
KNOWN = {"aiogram": ((3, 23), (3, 31)), "pydantic": ((2, 12), (2, 13))}
building = threading.RLock()


def import_aiogram() -> None:
    """Import aiogram, unless that is done. With unknown versions, it builds its types as usual."""
    if "aiogram" in sys.modules or not are_known(KNOWN):
        return
    from pydantic import BaseModel

    build = BaseModel.__dict__["model_rebuild"]
    BaseModel.model_rebuild = classmethod(lambda cls, **how: None)  # type: ignore[assignment, method-assign]
    try:
        from aiogram import methods, types
    finally:
        BaseModel.model_rebuild = build  # type: ignore[method-assign]
    _name_types(types)
    for base in (types.TelegramObject, methods.TelegramMethod, methods.Response):
        _build_alone(base)
    # Nearly every update needs these, and start-up has a whole core.
    for common in (types.Update, methods.Response[types.Message], methods.SendMessage):
        common.model_rebuild()


def are_known(known: dict[str, Any]) -> bool:
    """Tell whether the installed versions are between these, without importing the packages."""
    from importlib.metadata import PackageNotFoundError, version

    for name, (oldest, newest) in known.items():
        try:
            installed = version(name)
        except PackageNotFoundError:  # its files were copied without metadata
            installed = "unknown"
        minor = re.match(r"(\d+)\.(\d+)", installed)
        if not minor or not oldest <= tuple(map(int, minor.groups())) <= newest:
            told = {"package": name, "version": installed}
            logger.info("aiogram builds all types at start-up: unknown version", extra=told)
            return False
    return True


def _name_types(types: Any) -> None:
    """Put all types into aiogram's modules, which import most of them for type checkers only."""
    import typing

    names = {name: getattr(types, name) for name in types.__all__}
    # Only aiogram before 3.27 needs these.
    of_typing = ("List", "Literal", "Optional", "Union")
    names |= {name: getattr(typing, name) for name in of_typing}  # pragma: no mutate
    for name, module in [*sys.modules.items()]:
        if name.startswith(("aiogram.types.", "aiogram.methods.")):
            vars(module).update(names | vars(module))


def _build_alone(base: Any) -> None:
    """Make a base's types build in one thread at a time, and before they become bases."""
    build = base.model_rebuild.__func__

    def model_rebuild(cls: Any, /, *, _parent_namespace_depth: int = 2, **how: Any) -> bool | None:
        with building:
            # pydantic also looks for names in its caller's variables: skip this function's frame.
            depth = _parent_namespace_depth + 1
            built: bool | None = build(cls, _parent_namespace_depth=depth, **how)
            return built

    def init_subclass(cls: Any, /, **options: Any) -> None:
        super(base, cls).__init_subclass__(**options)
        for each in [kind for kind in cls.__bases__ if issubclass(kind, base)]:
            each.model_rebuild(raise_errors=False)  # fields may name types of other modules

    base.model_rebuild = classmethod(model_rebuild)
    base.__init_subclass__ = classmethod(init_subclass)
