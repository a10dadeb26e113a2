"""Checks a new version before it goes live. Terraform invokes the version with this event:

    {"tf": {"action": "check"}, "sources": …, "names": ["QUEUE_URL", …], "variables": …}

`sources` is the digest of the package that the version should have, and `variables` that of the
variables with these `names`.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from hashlib import sha256
from inspect import iscoroutinefunction, isgeneratorfunction, signature

from .. import bot_module, telegram
from ..bot_module import NOT_ASYNC
from ..deadline import TIMES, deadline
from ..errors import InvalidReply, Misconfigured
from ..settings import settings
from ..stack_trace import describe
from ..types import Any, Json
from .registration import (
    MODULE_ADDRESS_HINT,
    NEVER_QUEUED,
    RegistrationFailed,
    allowed_updates,
    call,
    commands_by_language,
)

MISSING = "Modules that bot.py imports must be in its folder, or in the requirements.txt there"
# The functions of bot.py that botkit calls, and their arguments.
FUNCTIONS = {
    "check": "",
    "reply": "update",
    "SESSION": "update",
    "on_rate_limit": "update",
    "on_error": "update",
    "on_event": "event",
    "on_request": "request",
}


class CheckFailed(Exception):
    """The version must not go live. The text says why, in Telegram's words if possible."""


def check(event: Json) -> Json:
    """Check the code, bot.py and the token, and then call check() of bot.py, if there is one.

    Returns `warnings`, which Terraform shows. Raises CheckFailed, which fails the apply: the
    previous version stays live.
    Source: https://core.telegram.org/bots/api#getme
    """
    seconds = deadline.left()
    secrets = {settings.webhook_secret, telegram.default_client.token}
    telegram.forget_token()  # it may have changed
    try:
        _check_release(event)
        bot = bot_module.load()
        _check_bot(bot)
        allowed_updates()
        call("getMe", "accept the token")
        if callable(getattr(bot, "check", None)):
            bot_module.call_function("check")
        warnings = _warnings(bot, seconds)
        return {"warnings": warnings} if warnings else {}
    except (InvalidReply, Misconfigured, RegistrationFailed) as error:
        told = str(error)
        if "ModuleNotFoundError" in told:
            told += f". {MISSING}"
    except BaseException as error:  # sys.exit() too
        told = f"check() of bot.py failed: {describe(error)}"
    for secret in filter(None, {*secrets, telegram.default_client.token}):
        told = told.replace(secret, "…")  # the bot may quote it, and Terraform would print it
    raise CheckFailed(told)


def _warnings(bot: Any, seconds: float) -> list[str]:
    """Return what is allowed, but probably a mistake."""
    warnings = []
    queued = set(getattr(bot, "QUEUED_UPDATES", ()))
    others = {*allowed_updates()} - queued - NEVER_QUEUED
    if queued and others and hasattr(bot, "SESSION"):
        warnings.append(
            f"QUEUED_UPDATES in bot.py doesn't have {', '.join(sorted(others))}: such an update "
            "overtakes a slow answer. If it changes the same session, reply() runs again for that "
            "answer, and pays a language model twice"
        )
    at_once, _ = TIMES["webhook"]
    if not queued and seconds > at_once and not hasattr(bot, "on_event"):
        warnings.append(
            f"An answer may take {at_once:.0f} seconds, whatever the timeout: longer ones need "
            "QUEUED_UPDATES in bot.py"
        )
    return warnings


def _check_release(event: Json) -> None:
    """Raise Misconfigured if the version has other code or variables than were planned."""
    own = digest()
    if own and event.get("sources", own) != own:
        # If an upload fails, Terraform saves it as done all the same.
        raise Misconfigured(
            "The function runs other code than was planned. If the newest version was deleted, "
            "publish it again: terraform apply "
            f"-replace=module.telegram_bot.terraform_data.webhook_secret {MODULE_ADDRESS_HINT}. "
            "If that ends with this message again, an upload failed: terraform apply "
            "-replace=module.telegram_bot.terraform_data.package "
            "-replace=module.telegram_bot.aws_lambda_function.this"
        )
    if "variables" not in event:
        return
    values = "\n".join(os.environ.get(name, "") for name in event["names"])
    if sha256(values.encode()).hexdigest() != event["variables"]:
        # If publishing the version fails, Terraform also saves that as done.
        raise Misconfigured(
            "The function has other variables than were planned: terraform apply "
            f"-replace=module.telegram_bot.terraform_data.webhook_secret {MODULE_ADDRESS_HINT}"
        )


def digest() -> str:
    """Return the digest that scripts/package wrote into the package, or "" in a checkout."""
    try:
        with open(os.path.join(os.path.dirname(__file__), "digest")) as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _check_bot(bot: Any) -> None:
    """Raise Misconfigured if bot.py can't work, or needs an input of the module that isn't set."""
    for name, arguments in FUNCTIONS.items():
        if name == "reply" and hasattr(bot, "SESSION"):
            arguments = "update, session"
        _check_function(getattr(bot, name, None), name, arguments)
    if hasattr(bot, "RATE_LIMIT"):
        from ..middleware.rate_limit import limit_of

        limit_of(bot)
    if hasattr(bot, "SESSION"):
        from ..session import rule

        rule(bot)
    elif "conversation" in used_modules(bot):
        raise Misconfigured(
            'bot.py uses botkit.conversation: it must have SESSION, such as "chat_user"'
        )
    if missing := missing_inputs(bot):
        raise Misconfigured("; ".join(missing))
    commands_by_language(bot)


def missing_inputs(bot: Any) -> list[str]:
    """Return a sentence for each input of the module that bot.py needs, and that isn't set."""
    used, missing = used_modules(bot), []
    if not settings.session_table:
        needs = [name for name in ("SESSION", "RATE_LIMIT") if hasattr(bot, name)]
        missing += [f"{name} in bot.py needs a table" for name in needs]
        if "session" in used and "SESSION" not in needs:
            missing.append("bot.py uses botkit.session")
        if missing:
            missing[-1] += ": set session_retention_in_days"
    if not settings.queue_url:
        if getattr(bot, "QUEUED_UPDATES", ()):
            missing.append("bot.py has QUEUED_UPDATES: set queue = true")
        if "schedule" in used:
            missing.append("bot.py uses botkit.schedule: set queue = true")
    return missing


def used_modules(bot: Any) -> set[str]:
    """Return the names of the modules of botkit that the bot imports, also inside of functions."""
    used: set[str] = set()
    for file in bot_files(getattr(bot, "__file__", None) or ""):
        with open(file, "rb") as opened:
            source = opened.read()
        if b"botkit" not in source:  # parsing takes long
            continue
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):  # nothing has imported it
            continue
        for node in ast.walk(tree):
            match node:
                case ast.ImportFrom(module="botkit", names=names):
                    used.update(alias.name for alias in names)
                case ast.ImportFrom(module=str(module)):
                    used.add(module.removeprefix("botkit."))
                case ast.Import(names=names):
                    used.update(alias.name.removeprefix("botkit.") for alias in names)
    return used


def bot_files(bot_py: str) -> Iterator[str]:
    """Yield bot.py and the other files of Python in its folder that the author wrote."""
    folder = os.path.dirname(bot_py)
    if not os.path.isfile(bot_py):
        return
    others = {"botkit", "handler.py"}
    entries = os.listdir(folder)
    for entry in entries:
        if entry.endswith(".dist-info"):  # of a package that pip has installed
            with open(os.path.join(folder, entry, "RECORD"), encoding="utf-8") as record:
                others.update(line.partition("/")[0].partition(",")[0] for line in record)
    for entry in {*entries} - others:
        if entry.endswith(".py"):
            yield os.path.join(folder, entry)
        for parent, _, names in os.walk(os.path.join(folder, entry)):
            yield from (os.path.join(parent, name) for name in names if name.endswith(".py"))


def _check_function(function: Any, name: str, arguments: str) -> None:
    """Raise Misconfigured if a function of bot.py could never be called.

    Anything without a signature passes, such as a string, and so does a decorated function that
    takes any arguments.
    """
    if iscoroutinefunction(function):
        written = NOT_ASYNC
    elif isgeneratorfunction(function):
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
    raise Misconfigured(
        f"{name}() must be written {written}. If yours is for something else, rename it"
    )
