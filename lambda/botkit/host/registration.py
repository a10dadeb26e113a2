"""Registers and removes the webhook and the bot's menu, when Terraform invokes the function:

    {"tf": {"action": "register"}, "url": "https://…/telegram", "max_connections": 40, "sources": …,
     "menu_button": {"text": "Open", "url": "https://…/app/index.html"}}
    {"tf": {"action": "delete", …}, "url": "https://…/telegram"}
    {"tf": {"action": "delete", …}, "url": "https://…/app/index.html", "is": "menu button"}
    {"tf": {"action": "delete", …}, "url": "https://…/telegram", "is": "queue", …}

`sources` is the digest of the package that the function should run, and `menu_button` opens the
Mini App if there is one. The end of the queue is in extras/drain.py. The removals come from an
`aws_lambda_invocation` with `lifecycle_scope = "CRUD"`. The provider adds `tf`, and also sends the
actions create and update, which do nothing.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time

from .. import telegram
from ..deadline import deadline
from ..errors import Failure, Misconfigured, encodable
from ..invocation.settings import settings
from ..types import Any, Json
from . import bot_module

logger = logging.getLogger("botkit")

PAUSE_SECONDS = 1.0  # between two attempts. The last attempt has at least as long
RESOLVE_SECONDS = 5.0  # to wait until the host name of a new API resolves
LOOK_UPS = 10  # during that time
MISSING = "What bot.py imports must be in its folder, or in the requirements.txt there"
UNRESOLVED = "resolve host"  # in Telegram's error, if its server can't resolve the host name


class RegistrationFailed(Exception):
    """The webhook is not registered. The text says why, in Telegram's words if possible."""


def register(event: Json) -> Json:
    """Register the menu, the menu button and the webhook.

    The webhook comes last, so a refused menu leaves the previous webhook in place. Errors that may
    pass, such as a permission that isn't effective yet, are retried while there is time.
    Returns `url`, `pending_updates` and `last_error` from getWebhookInfo. Raises
    RegistrationFailed, which fails the apply.
    Sources: https://core.telegram.org/bots/api#setmycommands, #setchatmenubutton, #setwebhook
    """
    secrets = {settings.webhook_secret, telegram._client.token}
    telegram.forget_token()  # it may have changed
    try:
        bot = bot_module.load()
    except Misconfigured as error:
        told = str(error)
        if "ModuleNotFoundError" in told:
            told += f". {MISSING}"
        for secret in filter(None, {*secrets, telegram._client.token}):
            told = told.replace(secret, "…")  # the bot may quote it, and Terraform would print it
        raise RegistrationFailed(told) from None
    packed = digest()
    if packed and event.get("sources", packed) != packed:
        # If an upload fails, Terraform saves it as done all the same.
        raise RegistrationFailed(
            "The function runs other code than was planned: terraform apply "
            "-replace=terraform_data.package -replace=aws_lambda_function.this "
            "(if a configuration calls the module, with module.NAME. before each address)"
        )
    try:
        _check(bot)
    except Misconfigured as error:
        raise RegistrationFailed(str(error)) from None
    params = {
        "url": event["url"],
        "max_connections": event["max_connections"],
        "allowed_updates": handled_kinds(),
        "secret_token": settings.webhook_secret,
    }
    commands = getattr(bot, "COMMANDS", None)
    if commands:
        menu = [{"command": name, "description": text} for name, text in commands.items()]
        _register("setMyCommands", {"commands": menu}, "set the bot's menu")
    elif commands is not None:
        _register("deleteMyCommands", {}, "set the bot's menu")
    button = event.get("menu_button")
    if button:
        app = {"type": "web_app", "text": button["text"], "web_app": {"url": button["url"]}}
        _register("setChatMenuButton", {"menu_button": app}, "set the bot's menu button")
    _await_name(event["url"])
    _register("setWebhook", params, "register the webhook")
    info: Json = {}
    try:
        info = {**telegram.call("getWebhookInfo")}
    except Exception as error:  # the webhook is registered all the same
        logger.warning("getWebhookInfo failed", extra={"reason": str(error)})
    last_error = info.get("last_error_message")
    return {
        "url": encodable(str(info.get("url", event["url"]))),
        "pending_updates": info.get("pending_update_count"),
        "last_error": None if last_error is None else encodable(str(last_error)),
    }


def _check(bot: Any) -> None:
    """Raise Misconfigured if bot.py needs what the module's inputs don't give it, or can't work."""
    if "botkit.later" in sys.modules and not settings.later_group:
        raise Misconfigured("bot.py uses botkit.later: set later = true")
    if hasattr(bot, "LIMIT"):
        from ..extras import limit

        limit.check(bot)
    if hasattr(bot, "SESSION"):
        from ..extras import with_session

        with_session.check(bot)
    elif "botkit.conversation" in sys.modules:
        raise Misconfigured("bot.py uses botkit.conversation: it must have SESSION")
    elif "botkit.session" in sys.modules and not settings.session_table:
        raise Misconfigured("bot.py uses botkit.session: set session_retention_in_days")
    if framework := sys.modules.get("botkit.frameworks.adapter"):
        framework.check()
    if not isinstance(getattr(bot, "INIT_DATA_SECONDS", 0), (int, float)):
        raise Misconfigured("INIT_DATA_SECONDS in bot.py must be a number of seconds")
    commands = getattr(bot, "COMMANDS", None)
    if commands is None:
        return
    if not isinstance(commands, dict):
        raise Misconfigured("COMMANDS must be a dict of names and their descriptions")
    # Telegram refuses all else that is wrong. It would register these otherwise than they are.
    if not all(isinstance(name, str) and not name.startswith("/") for name in commands):
        raise Misconfigured("COMMANDS must have names that are text, without a slash")


def remove(event: Json) -> Json:
    """Remove the webhook or the menu button, unless it is another deployment's by now.

    Errors are logged and not raised, since they must not block a destroy. But if a queue goes, and
    Telegram limits the rate, more updates would come into it: this raises QueueNotEmpty.
    """
    what = "menu button" if event.get("is") == "menu button" else "webhook"
    try:
        telegram.forget_token()  # it may have changed
        if what == "menu button":
            _remove_menu_button(event["url"])
        else:
            _remove_webhook(event["url"])
    except Exception as error:  # a revoked token, or Telegram is unreachable
        if event.get("is") == "queue" and getattr(error, "outcome", "") == "throttled":
            from ..extras.drain import QueueNotEmpty

            raise QueueNotEmpty(
                "Telegram did not remove the webhook, so updates still come into the queue: "
                f"{error}{_advice(error)}"
            ) from None
        reason = f"{type(error).__name__}: {error}"
        logger.error(f"the {what} was not removed", extra={"error": reason})
    return {}


def _remove_menu_button(url: str) -> None:
    button = _call("getChatMenuButton")
    if button["type"] == "web_app" and button["web_app"]["url"] == url:
        _call("setChatMenuButton", menu_button={"type": "default"})


def _remove_webhook(url: str) -> None:
    registered = _call("getWebhookInfo")["url"]
    if registered == url:
        _call("deleteWebhook")
    elif registered:
        logger.warning("the webhook belongs to another deployment now, and stays")


def digest() -> str:
    """Return the digest that scripts/package wrote into the package, or "" in a checkout."""
    try:
        with open(os.path.join(os.path.dirname(__file__), "digest")) as file:
            return file.read()
    except FileNotFoundError:
        return ""


def handled_kinds() -> list[str]:
    """Return the kinds of update that bot.py handles.

    Raises RegistrationFailed if HANDLED or AT_ONCE is wrong, and Misconfigured.
    """
    handled, at_once = bot_module.kinds("HANDLED"), bot_module.kinds("AT_ONCE")
    if not handled:
        raise RegistrationFailed(
            'bot.py must have HANDLED, with the kinds of update that it answers: ["message"]'
        )
    if at_once is None or not set(handled).issuperset(at_once):
        raise RegistrationFailed(
            "AT_ONCE in bot.py must be a list of kinds of update that HANDLED has, too: "
            '["callback_query"]'
        )
    return handled


def _await_name(url: str) -> None:
    """Wait until the host name of a public URL resolves, for at most half of the time left.

    Telegram's server uses IPv4 only, and caches a failed look-up for five minutes.
    Source: https://github.com/tdlib/td, GetHostByNameActor
    """
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0].encode()

    def look_up() -> None:
        for _ in range(LOOK_UPS):
            try:
                socket.getaddrinfo(host, 443, socket.AF_INET)
                return
            except OSError:
                time.sleep(RESOLVE_SECONDS / LOOK_UPS)

    if scheme == "https":
        thread = threading.Thread(target=look_up, daemon=True)  # a look-up has no time-out
        thread.start()
        thread.join(min(RESOLVE_SECONDS, deadline.left() / 2))


def _register(method: str, params: Json, what: str) -> None:
    """Call a method, again while there is time. Raises RegistrationFailed."""
    try:
        _call(method, again=True, **params)
    except Failure as error:
        told = f"Telegram did not {what}: {error}{_advice(error)}"
        raise RegistrationFailed(told) from None


def _call(method: str, *, again: bool = False, **params: Any) -> Any:
    """Call a method, and while there is time once more if Telegram limits the rate.

    With `again`, also after other errors that may pass. Raises Refused or Unreachable.
    """
    while True:
        try:
            return telegram.call(method, **params)
        except Failure as error:
            may_pass = error.outcome == "throttled" or (again and error.outcome == "unreachable")
            pause = max(PAUSE_SECONDS, _retry_after(error))
            if not may_pass or deadline.left() < pause + PAUSE_SECONDS:
                raise
            logger.warning(f"retrying {method}", extra={"reason": str(error)})
        time.sleep(pause)


def _retry_after(error: Exception) -> int:
    """Return how many seconds Telegram wants to be left alone, or 0."""
    return getattr(error, "retry_after", None) or 0


def _advice(error: Exception) -> str:
    if UNRESOLVED in str(error):
        return "; apply again in five minutes"
    seconds = _retry_after(error)
    return f"; run the command again in {seconds} seconds" if seconds else ""
