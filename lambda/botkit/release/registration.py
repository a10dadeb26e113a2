"""Registers and removes the webhook and the bot's menu, when Terraform invokes the function:

    {"tf": {"action": "register"}, "url": "https://…/telegram", "max_connections": 40,
     "menu_button": {"text": "Open", "url": "https://…/app/index.html"}}
    {"tf": {"action": "delete", …}, "url": "https://…/telegram"}
    {"tf": {"action": "delete", …}, "url": "https://…/app/index.html", "hook": "remove_menu_button"}

`menu_button` opens the Mini App if there is one. check.py has already checked the version. The
removals come from an `aws_lambda_invocation` with `lifecycle_scope = "CRUD"`. The provider adds
`tf`, and also sends the actions create and update, which do nothing.
"""

from __future__ import annotations

import logging
import re
import socket
import threading
import time

from .. import bot_module, telegram
from ..deadline import deadline
from ..errors import BotkitError, Misconfigured, TelegramError, encodable
from ..settings import settings
from ..types import Any, Json

logger = logging.getLogger("botkit")

PAUSE_SECONDS = 1.0  # between two attempts. The last one gets at least as much time
RESOLVE_SECONDS = 5.0  # to wait until the host name of a new API resolves
LOOK_UPS = 10  # during that time
MODULE_ADDRESS_HINT = (
    "(telegram_bot: the module's name in your configuration; in a clone, leave out "
    "module.telegram_bot.)"
)
COMMAND = "[a-z0-9_]{1,32}"
LANGUAGE = "([a-z]{2})?"
# Update types that can't wait: Telegram expects the answer soon, or the update stops an answer
# that is being made.
NEVER_QUEUED = {
    "chat_join_request",
    "guest_message",
    "inline_query",
    "pre_checkout_query",
    "shared_widget_query",
    "shipping_query",
    "stopped_message_generation",
    "widget_query",
}
UNRESOLVED = "resolve host"  # in Telegram's error, if its server can't resolve the host name


class RegistrationFailed(Exception):
    """The webhook is not registered. The text says why, in Telegram's words if possible.

    `outcome` is that of the call that failed.
    """

    outcome = ""


def register(event: Json) -> Json:
    """Register the menu, the menu button and the webhook.

    The webhook comes last, so a refused menu leaves the previous webhook in place. Temporary
    errors, such as a permission that isn't effective yet, are retried while there is time.
    Returns `url`, `pending_update_count` and `last_error_message` from getWebhookInfo. Raises
    RegistrationFailed, which fails the apply.
    Sources: https://core.telegram.org/bots/api#setmycommands, #setchatmenubutton, #setwebhook
    """
    telegram.forget_token()  # it may have changed
    bot = bot_module.load()
    params = {
        "url": event["url"],
        "max_connections": event["max_connections"],
        "allowed_updates": allowed_updates(),
        "secret_token": settings.webhook_secret,
    }
    for language, commands in commands_by_language(bot).items():
        if commands:
            menu = [{"command": name, "description": text} for name, text in commands.items()]
            call("setMyCommands", "set the bot's menu", commands=menu, **_language_params(language))
        else:
            call("deleteMyCommands", "set the bot's menu", **_language_params(language))
    button = event.get("menu_button")
    if button:
        app = {"type": "web_app", "text": button["text"], "web_app": {"url": button["url"]}}
        call("setChatMenuButton", "set the bot's menu button", menu_button=app)
    _wait_for_dns(event["url"])
    call("setWebhook", "register the webhook", **params)
    info: Json = {}
    try:
        info = {**telegram.call("getWebhookInfo")}
    except Exception as error:  # the webhook is registered all the same
        logger.warning("getWebhookInfo failed", extra={"reason": str(error)})
    last_error = info.get("last_error_message")
    return {
        "url": encodable(str(info.get("url", event["url"]))),
        "pending_update_count": info.get("pending_update_count"),
        "last_error_message": None if last_error is None else encodable(str(last_error)),
    }


def remove(event: Json) -> Json:
    """Remove the webhook and the menus, or the menu button, unless it is another deployment's now.

    Errors are logged and not raised, since they must not block a destroy.
    """
    what = "menu button" if event.get("hook") == "remove_menu_button" else "webhook"
    try:
        telegram.forget_token()  # it may have changed
        if what == "menu button":
            _remove_menu_button(event["url"])
        elif _remove_webhook(event["url"]):
            what = "menu of commands"
            for language in commands_by_language(bot_module.load()):
                call("deleteMyCommands", **_language_params(language))
    except Exception as error:  # a revoked token, or Telegram is unreachable
        reason = f"{type(error).__name__}: {error}"
        logger.error(f"the {what} was not removed", extra={"error": reason})
    return {}


def _remove_menu_button(url: str) -> None:
    button = call("getChatMenuButton")
    if button["type"] == "web_app" and button["web_app"]["url"] == url:
        call("setChatMenuButton", menu_button={"type": "default"})


def _remove_webhook(url: str) -> bool:
    """Remove the webhook. Returns False if it belongs to another deployment."""
    registered = call("getWebhookInfo")["url"]
    if registered == url:
        call("deleteWebhook")
    elif registered:
        logger.warning("the webhook belongs to another deployment now, and stays")
        return False
    return True


def commands_by_language(bot: Any) -> Json:
    """Return the bot's commands by language: "" is for all languages without their own menu.

    Raises Misconfigured if COMMANDS is wrong.
    """
    commands = getattr(bot, "COMMANDS", None)
    if commands is None:
        return {}
    kinds = {type(value) for value in commands.values()} if isinstance(commands, dict) else {None}
    if kinds == {dict}:
        if not all(isinstance(code, str) and re.fullmatch(LANGUAGE, code) for code in commands):
            raise Misconfigured(
                'COMMANDS by language must have keys of two letters, such as "de", and "" for all '
                "other languages"
            )
    elif not kinds & {dict, None}:
        commands = {"": commands}
    else:
        raise Misconfigured(
            "COMMANDS must be a dict of names and their descriptions, or have such a dict for each "
            'language: {"": {…}, "de": {…}}'
        )
    # Telegram wouldn't say which name it refuses, and would drop a slash.
    for name in (name for menu in commands.values() for name in menu):
        if not isinstance(name, str) or not re.fullmatch(COMMAND, name):
            raise Misconfigured(
                "COMMANDS must have names of 1 to 32 lowercase letters, digits and underscores, "
                f"without a slash: not {name!r}"
            )
    return commands


def _language_params(language: str) -> Json:
    return {"language_code": language} if language else {}


def allowed_updates() -> list[str]:
    """Return the update types that bot.py handles.

    Raises Misconfigured, also if ALLOWED_UPDATES or QUEUED_UPDATES is wrong.
    """
    bot = bot_module.load()
    handled, queued = _kinds(bot, "ALLOWED_UPDATES"), _kinds(bot, "QUEUED_UPDATES")
    if not handled:
        raise Misconfigured(
            'bot.py must have ALLOWED_UPDATES, the update types that it answers: ["message"]'
        )
    if queued is None or not set(handled).issuperset(queued):
        raise Misconfigured(
            "QUEUED_UPDATES in bot.py must be a list of update types that are also in "
            'ALLOWED_UPDATES: ["message"]'
        )
    if urgent := sorted(NEVER_QUEUED.intersection(queued)):
        raise Misconfigured(
            f"QUEUED_UPDATES in bot.py can't have {', '.join(urgent)}: late answers are refused"
        )
    return handled


def _kinds(bot: Any, name: str) -> list[str] | None:
    """Return the update types that a variable of bot.py lists: none if there is no variable.

    Returns None unless it is a list, dict, tuple or set of texts.
    """
    listed = getattr(bot, name, [])
    if not isinstance(listed, (dict, list, tuple, set)):
        return None
    return list(listed) if all(isinstance(kind, str) for kind in listed) else None


def _wait_for_dns(url: str) -> None:
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


def call(method: str, what: str = "", **params: Any) -> Any:
    """Call a method, and retry it while there is time if Telegram limits the rate.

    With `what`, such as "register the webhook", other temporary errors are retried, too, and a
    failure raises RegistrationFailed. Otherwise it raises TelegramError or Unreachable.
    """
    while True:
        try:
            return telegram.call(method, **params)
        except BotkitError as error:
            pause = max(PAUSE_SECONDS, getattr(error, "retry_after", None) or PAUSE_SECONDS)
            # Other errors end only when somebody repairs something, and not within seconds.
            is_short = error.outcome != "misconfigured" if what else error.outcome == "throttled"
            retryable = error.retryable and is_short
            if not retryable or deadline.left() < pause + PAUSE_SECONDS:
                if not what:
                    raise
                failed = RegistrationFailed(_describe(error, what))
                failed.outcome = error.outcome
                raise failed from None
            logger.warning(f"retrying {method}", extra={"reason": str(error)})
        time.sleep(pause)


def _describe(error: BotkitError, what: str) -> str:
    """Return why a call failed. Only a refusal is Telegram's answer."""
    told = _with_advice(error)
    if isinstance(error, TelegramError):
        return f"Telegram did not {what}: {told}"
    # Without a token, because it can't be fetched, Telegram wasn't asked.
    return f"Telegram could not be reached: {told}" if telegram.default_client.token else told


def _with_advice(error: Exception) -> str:
    if UNRESOLVED in str(error):
        return f"{error}; apply again in five minutes"
    seconds = getattr(error, "retry_after", None)
    return f"{error}; run the command again in {seconds} seconds" if seconds else str(error)
