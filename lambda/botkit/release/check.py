"""Checks a new version before it goes live. Terraform invokes the version with this event:

    {"tf": {"action": "check"}, "sources": …, "names": ["QUEUE_URL", …], "variables": …}

`sources` is the digest of the package that the version should have, and `variables` that of the
variables with these `names`.
"""

from __future__ import annotations

import os
from hashlib import sha256

from .. import bot_module, start_error, telegram, ways
from ..deadline import TIMES, deadline
from ..errors import InvalidReply, Misconfigured
from ..settings import settings
from ..signature import RENAME, check_function
from ..types import Any, Json
from .registration import ADDRESS, NEVER_QUEUED, RegistrationFailed, call, handled_kinds, menus

MISSING = "Modules that bot.py imports must be in its folder, or in the requirements.txt there"
BEFORE = "it is called without arguments before a version goes live"


class CheckFailed(Exception):
    """The version must not go live. The text says why, in Telegram's words if possible."""


def check(event: Json) -> Json:
    """Check the code, bot.py and the token, and then call check() of bot.py, if there is one.

    Returns `warnings`, which Terraform shows. Raises CheckFailed, which fails the apply: the
    previous version stays live.
    Source: https://core.telegram.org/bots/api#getme
    """
    seconds = deadline.left()
    secrets = {settings.webhook_secret, telegram.own.token}
    telegram.forget_token()  # it may have changed
    try:
        _check_release(event)
        bot = bot_module.load()
        _check_bot(bot)
        handled_kinds()
        call("getMe", "accept the token")
        if callable(getattr(bot, "check", None)):
            bot_module.ask("check")
        warnings = _warnings(bot, seconds)
        return {"warnings": warnings} if warnings else {}
    except InvalidReply as error:
        told = f"{error}: {BEFORE}. {RENAME}"
    except (Misconfigured, RegistrationFailed) as error:
        told = str(error)
        if "ModuleNotFoundError" in told:
            told += f". {MISSING}"
    except BaseException as error:  # sys.exit() too
        told = f"check() of bot.py failed: {start_error.described(error)}"
    for secret in filter(None, {*secrets, telegram.own.token}):
        told = told.replace(secret, "…")  # the bot may quote it, and Terraform would print it
    raise CheckFailed(told)


def _warnings(bot: Any, seconds: float) -> list[str]:
    """Return what is allowed, but probably a mistake."""
    warnings = []
    queued = set(getattr(bot, "QUEUED_UPDATES", ()))
    others = {*handled_kinds()} - queued - NEVER_QUEUED
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
    packed = digest()
    if packed and event.get("sources", packed) != packed:
        # If an upload fails, Terraform saves it as done all the same.
        raise Misconfigured(
            "The function runs other code than was planned. If the newest version was deleted, "
            "publish it again: terraform apply "
            f"-replace=module.telegram_bot.terraform_data.webhook_secret {ADDRESS}. "
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
            f"-replace=module.telegram_bot.terraform_data.webhook_secret {ADDRESS}"
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
    check_function(bot, "check", "", f"{BEFORE}. {RENAME}")
    if not hasattr(bot, "SESSION"):  # the step `session` checks the others
        check_function(bot, "reply", "update")
    check_function(bot, "on_event", "event", f"it answers events of other services. {RENAME}")
    check_function(bot, "on_error", "update", "it answers when the bot failed")
    if hasattr(bot, "RATE_LIMIT"):
        check_function(
            bot, "on_rate_limit", "update", "it answers the first update beyond RATE_LIMIT"
        )
    for part in ways.parts():
        if check_bot := vars(part).get("check_bot"):  # hasattr is true for any name in botkit.types
            check_bot(bot)
    menus(bot)
