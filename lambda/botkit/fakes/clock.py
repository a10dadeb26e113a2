"""The clock of a test, in place of Python's `time` and `datetime` where a module imports them."""

from __future__ import annotations

import builtins
import datetime as real
import time
from collections.abc import Callable, Collection
from types import SimpleNamespace
from typing import Any


class Clock:
    """The module `time`, where `now` returns the seconds since 1970."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.now = now

    def time(self) -> float:
        """Return the seconds since 1970."""
        return self.now()

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


clock = Clock()  # of the bot's own modules. A test may move it


class _Anybody(type):
    """The type of a class that takes all instances of its base for its own."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__base__ or object)

    def __get_pydantic_core_schema__(cls, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Let pydantic take the class for its base, in a model of the bot's."""
        return handler(cls.__base__)


class date(real.date, metaclass=_Anybody):
    """Python's date, where today is that of `clock`."""

    @classmethod
    def today(cls) -> date:
        return cls.fromtimestamp(clock.now())


class datetime(real.datetime, metaclass=_Anybody):
    """Python's datetime, where now is that of `clock`."""

    @classmethod
    def now(cls, tz: real.tzinfo | None = None) -> datetime:
        return cls.fromtimestamp(clock.now(), tz)

    @classmethod
    def today(cls) -> datetime:
        return cls.now()


MODULES = {
    "time": clock,
    "datetime": SimpleNamespace(**{**vars(real), "date": date, "datetime": datetime}),
}


def importer(packages: Collection[str]) -> Callable[..., Any]:
    """Return `__import__`, by which modules of these packages get this clock."""
    import_module = builtins.__import__

    def import_for(
        name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        package = (globals or {}).get("__name__", "").partition(".")[0]
        if name in MODULES and level == 0 and package in packages:
            return MODULES[name]
        return import_module(name, globals, locals, fromlist, level)

    return import_for
