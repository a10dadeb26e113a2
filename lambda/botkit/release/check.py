"""Checks a new version before it goes live. Terraform invokes the version with this event:

    {"tf": {"action": "check"}, "sources": …, "configuration": …}

Both are digests that the version should have: in its package, and in its environment.
"""

from __future__ import annotations

import ast
import os
from contextlib import suppress
from inspect import iscoroutinefunction, isfunction, isgeneratorfunction, signature
from pathlib import Path

from .. import bot_module
from ..bot_module import NOT_ASYNC
from ..deadline import TIMES, deadline
from ..errors import InvalidReply, Misconfigured
from ..settings import settings
from ..stack_trace import describe
from ..types import Any, Json
from . import ReleaseFailed
from .registration import NEVER_QUEUED, allowed_updates, call, commands_by_language

MISSING = "Modules that bot.py imports must be in its folder, or in the requirements.txt there"
PUBLISH = (
    "terraform apply -replace=module.telegram_bot.terraform_data.webhook_secret (telegram_bot: the "
    "module's name in your configuration; in a clone, leave out module.telegram_bot.)"
)
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


def check(event: Json) -> Json:
    """Check the code, bot.py and the token, and then call check() of bot.py, if there is one.

    Returns `warnings`, which Terraform shows. Raises ReleaseFailed, which fails the apply: only
    Terraform moves the alias, so the previous version stays live.
    Source: https://core.telegram.org/bots/api#getme
    """
    seconds = deadline.left()
    try:
        _check_release(event)
        bot = bot_module.load()
        check_bot(bot)
        allowed_updates()
        call("getMe", "accept the token")
        if callable(getattr(bot, "check", None)):
            bot_module.call_function("check")
        warnings = _warnings(bot, seconds)
        return {"warnings": warnings} if warnings else {}
    except (InvalidReply, Misconfigured, ReleaseFailed) as error:
        reason = str(error)
        if "ModuleNotFoundError" in reason:
            reason += f". {MISSING}"
    except BaseException as error:  # sys.exit() too
        reason = f"check() of bot.py failed: {describe(error)}"
    raise ReleaseFailed(reason)


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
    webhook_seconds, _ = TIMES["webhook"]
    if not queued and seconds > webhook_seconds and not hasattr(bot, "on_event"):
        warnings.append(
            f"An answer may take {webhook_seconds:.0f} seconds, whatever the timeout: longer ones "
            "need QUEUED_UPDATES in bot.py"
        )
    return warnings


def _check_release(event: Json) -> None:
    """Raise Misconfigured if the version has other code or settings than were planned.

    If an upload or the publishing of a version fails, Terraform still records it as applied.
    """
    actual = digest()
    if actual and event.get("sources", actual) != actual:
        raise Misconfigured(
            "The function runs other code than was planned. If the newest version was deleted, "
            f"publish it again: {PUBLISH}. "
            "If that ends with this message again, an upload failed: terraform apply "
            "-replace=module.telegram_bot.terraform_data.package "
            "-replace=module.telegram_bot.aws_lambda_function.this"
        )
    actual = os.environ.get("CONFIGURATION_DIGEST", "")
    if event.get("configuration", actual) != actual:
        raise Misconfigured(f"The function has other settings than were planned: {PUBLISH}")


def digest() -> str:
    """Return the digest that scripts/package wrote into the package, or "" in a checkout."""
    try:
        with open(os.path.join(os.path.dirname(__file__), "digest")) as file:
            return file.read()
    except FileNotFoundError:
        return ""


def check_bot(bot: Any) -> None:
    """Raise Misconfigured if bot.py can't work, or needs an input of the module that isn't set."""
    used = imports(bot)
    for name, arguments in FUNCTIONS.items():
        if name == "reply" and hasattr(bot, "SESSION"):
            arguments = "update, session"
        _check_function(bot, name, arguments)
    if hasattr(bot, "RATE_LIMIT"):
        from ..middleware.rate_limit import limit_of

        limit_of(bot)
    if hasattr(bot, "SESSION"):
        from ..session import rule

        rule(bot)
    elif "botkit.conversation" in used:
        raise Misconfigured(
            'bot.py uses botkit.conversation: it must have SESSION, such as "chat_user"'
        )
    missing = missing_inputs(bot, used, bool(settings.session_table), bool(settings.queue_url))
    if missing:
        raise Misconfigured("; ".join(missing))
    commands_by_language(bot)


def missing_inputs(bot: Any, used: set[str], has_table: bool, has_queue: bool) -> list[str]:
    """Return a sentence for each input of the module that bot.py needs, and that isn't set.

    `bot` is its module, or anything with its names, and `used` is what it imports.
    """
    missing = []
    if not has_table:
        needs = [name for name in ("SESSION", "RATE_LIMIT") if hasattr(bot, name)]
        missing += [f"{name} in bot.py needs a table" for name in needs]
        if "botkit.session" in used and "SESSION" not in needs:
            missing.append("bot.py uses botkit.session")
        if missing:
            missing[-1] += ": set session_retention_in_days"
    if not has_queue:
        if getattr(bot, "QUEUED_UPDATES", ()):
            missing.append("bot.py has QUEUED_UPDATES: set queue = true")
        if "botkit.schedule" in used:
            missing.append("bot.py uses botkit.schedule: set queue = true")
    return missing


def imports(bot: Any) -> set[str]:
    """Return what the files of the bot's folder import, also inside of functions.

    For `from botkit import session`, that is "botkit" and "botkit.session".
    """
    found: set[str] = set()
    folder = Path(bot.__file__).parent
    for file in folder.rglob("*.py"):
        if "botkit" in file.relative_to(folder).parts or not file.is_file():  # an editor's lock
            continue
        source = file.read_bytes()
        if b"botkit" not in source:  # parsing takes long
            continue
        with suppress(SyntaxError, ValueError):  # nothing has imported it
            for node in ast.walk(ast.parse(source)):
                match node:
                    case ast.Import(names=names):
                        found.update(alias.name for alias in names)
                    case ast.ImportFrom(module=module, names=names):
                        found.update(f"{module}.{alias.name}" for alias in names)
                        found.add(str(module))
    return found


def _check_function(bot: Any, name: str, arguments: str) -> None:
    """Raise Misconfigured if a function of bot.py could never be called.

    A decorated function that takes any arguments passes, and so does what isn't a function.
    """
    function = getattr(bot, name, None)
    if not isfunction(function):
        return
    hint = "If yours is for something else, rename it"
    if iscoroutinefunction(function):
        written = NOT_ASYNC
    elif isgeneratorfunction(function):
        written = "with return, not yield"
    else:
        try:
            signature(function, follow_wrapped=False).bind(*filter(None, arguments.split(", ")))
            return
        except TypeError:
            written = f"as def {name}({arguments})"
            if name == "reply" and not hasattr(bot, "SESSION"):
                hint = 'If it needs a session, add SESSION = "chat"'
    raise Misconfigured(f"{name}() must be written {written}. {hint}")
