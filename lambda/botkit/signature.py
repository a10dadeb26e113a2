"""How a function of bot.py must be written, for the check before a version goes live."""

from __future__ import annotations

from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction, signature

from .bot_module import NOT_ASYNC
from .errors import Misconfigured
from .types import Any

RENAME = "If yours is for something else, rename it"


def check_function(bot: Any, name: str, arguments: str, why: str = "") -> None:
    """Raise Misconfigured if a function of bot.py could never be called, or would do nothing.

    `arguments` are those that it gets, such as "update, session", and `why` says when it is called.
    Anything without a signature passes, such as a string, and so does a missing function, or a
    decorated one that takes any arguments.
    """
    function: Any = getattr(bot, name, None)
    forms = (function, getattr(function, "__call__", None))  # noqa: B004 - an object's
    if any(iscoroutinefunction(form) or isasyncgenfunction(form) for form in forms):
        written = NOT_ASYNC
    elif any(map(isgeneratorfunction, forms)):
        written = "with return, not yield"
    else:
        try:
            known = signature(function, follow_wrapped=False)
        except (TypeError, ValueError):
            return
        try:
            known.bind(*filter(None, arguments.split(", ")))
            return
        except TypeError:
            written = f"as def {name}({arguments})"
    raise Misconfigured(f"{name}() must be written {written}{why and f': {why}'}")
