"""aiogram, imported without its types being built: pydantic builds each when it is first used.

aiogram defers that, and then has all of its types built at the import, some 450. That takes most of
its start-up's time, and 100 MB, though a bot uses few of them.
"""

from __future__ import annotations

import logging
import re
import sys
import threading

from ..types import Any

logger = logging.getLogger("botkit")

# The oldest and newest versions with which each type builds. pydantic before 2.11.10 takes a type's
# validator away while it builds another, which a thread may just be using.
KNOWN = {"aiogram": ((3, 23), (3, 31)), "pydantic": ((2, 12), (2, 13))}
building = threading.RLock()


def import_aiogram() -> None:
    """Import aiogram, unless that is done. With versions that aren't known, it builds its types."""
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
        except PackageNotFoundError:  # somebody has copied it
            installed = "unknown"
        minor = re.match(r"(\d+)\.(\d+)", installed)
        if not minor or not oldest <= tuple(map(int, minor.groups())) <= newest:
            told = {"package": name, "version": installed}
            logger.info("aiogram builds all types at start-up: another version", extra=told)
            return False
    return True


def _name_types(types: Any) -> None:
    """Put all types into aiogram's modules, which import most of them for type checkers only."""
    import typing

    names = {name: getattr(types, name) for name in types.__all__}
    names |= {name: getattr(typing, name) for name in ("List", "Literal", "Optional", "Union")}
    for name, module in [*sys.modules.items()]:
        if name.startswith(("aiogram.types.", "aiogram.methods.")):
            vars(module).update(names | vars(module))


def _build_alone(base: Any) -> None:
    """Have the types of a base built by one thread at a time, and before they become bases."""
    build = base.model_rebuild.__func__

    def model_rebuild(cls: Any, /, *, _parent_namespace_depth: int = 2, **how: Any) -> bool | None:
        with building:
            # Names are also looked for in the caller's variables: this function isn't the caller.
            depth = _parent_namespace_depth + 1
            built: bool | None = build(cls, _parent_namespace_depth=depth, **how)
            return built

    def init_subclass(cls: Any, /, **options: Any) -> None:
        super(base, cls).__init_subclass__(**options)
        for each in [kind for kind in cls.__bases__ if issubclass(kind, base)]:
            each.model_rebuild(raise_errors=False)  # its fields' types are named elsewhere

    base.model_rebuild = classmethod(model_rebuild)
    base.__init_subclass__ = classmethod(init_subclass)
