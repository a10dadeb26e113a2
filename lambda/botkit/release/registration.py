"""Registers, watches and removes the webhook, and the bot's menu, when Terraform or a schedule
invokes the function:

    {"tf": {"action": "register"}, "url": "https://…/telegram", "max_connections": 40,
     "menu_button": {"text": "Open", "url": "https://…/app/index.html"}}
    {"tf": {"action": "watch"}, "url": "https://…/telegram"}
    {"tf": {"action": "delete", …}, "url": "https://…/telegram"}
    {"tf": {"action": "delete", …}, "url": "https://…/app/index.html", "hook": "remove_menu_button"}

`menu_button` opens the Mini App if there is one. check.py has already checked the version. The
removals come from an `aws_lambda_invocation` with `lifecycle_scope = "CRUD"`. The provider adds
`tf`, and also sends the actions create and update, which do nothing.
"""

from __future__ import annotations

import logging
import socket
import threading
import time

from .. import bot_module, telegram
from ..deadline import deadline
from ..errors import BotkitError, Misconfigured, outcome_of
from ..outcome import Outcome
from ..settings import settings
from ..types import Any, Json
from . import ReleaseFailed

logger = logging.getLogger("botkit")

PAUSE_SECONDS = 1.0  # between two attempts. The last one gets at least as much time
RESOLVE_SECONDS = 5.0  # to wait until the host name of a new API resolves
MAX_LOOK_UPS = 10  # during that time
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
COLLECTIONS = (dict, list, tuple, set)
UNRESOLVED = "resolve host"  # in Telegram's error, if its server can't resolve the host name


def register(event: Json) -> Json:
    """Register the menu, the menu button and the webhook.

    The webhook comes last, so a refused menu leaves the previous webhook in place. Temporary
    errors, such as a permission that isn't effective yet, are retried while there is time.
    Returns `url`, `pending_update_count` and `last_error_message` from getWebhookInfo. Raises
    ReleaseFailed, which fails the apply.
    Sources: https://core.telegram.org/bots/api#setmycommands, #setchatmenubutton, #setwebhook
    """
    for language, commands in commands_by_language(bot_module.load()).items():
        what, code = "set the bot's menu", language or None
        if commands:
            menu = [{"command": name, "description": text} for name, text in commands.items()]
            call("setMyCommands", what, commands=menu, language_code=code)
        else:
            call("deleteMyCommands", what, language_code=code)
    button = event.get("menu_button")
    if button:
        app = {"type": "web_app", "text": button["text"], "web_app": {"url": button["url"]}}
        call("setChatMenuButton", "set the bot's menu button", menu_button=app)
    _wait_for_dns(event["url"])
    call(
        "setWebhook",
        "register the webhook",
        url=event["url"],
        max_connections=event["max_connections"],
        allowed_updates=allowed_updates(),
        secret_token=settings.webhook_secret,
    )
    info = call("getWebhookInfo", "describe the webhook")
    return {name: info.get(name) for name in ("url", "pending_update_count", "last_error_message")}


def watch(event: Json) -> None:
    """Log if the bot has no webhook, or another one, for an alarm."""
    started = time.monotonic()
    try:
        is_own_webhook = telegram.call("getWebhookInfo")["url"] == event["url"]
        outcome = Outcome("answered" if is_own_webhook else "webhook_lost")
    except BotkitError as error:
        outcome = outcome_of(error)
    if outcome.name != "answered":
        outcome.log("watch", started, [], {})


def remove(event: Json) -> Json:
    """Remove the webhook and the menus, or the menu button, unless it is another deployment's now.

    Errors are logged and not raised, since they must not block a destroy.
    """
    try:
        if event.get("hook") == "remove_menu_button":
            _remove_menu_button(event["url"])
        else:
            _remove_webhook(event["url"])
    except Exception as error:  # a revoked token, or Telegram is unreachable
        logger.error("the removal failed", extra={"error": f"{type(error).__name__}: {error}"})
    return {}


def _remove_menu_button(url: str) -> None:
    what = "remove the bot's menu button"
    button = call("getChatMenuButton", what)
    if button["type"] == "web_app" and button["web_app"]["url"] == url:
        call("setChatMenuButton", what, menu_button={"type": "default"})


def _remove_webhook(url: str) -> None:
    registered = call("getWebhookInfo", "remove the webhook")["url"]
    if registered and registered != url:
        logger.warning("the webhook belongs to another deployment now, and stays")
        return
    call("deleteWebhook", "remove the webhook")
    for language in commands_by_language(bot_module.load()):
        call("deleteMyCommands", "remove the bot's menu", language_code=language or None)


def commands_by_language(bot: Any) -> Json:
    """Return the bot's commands by language: "" is for all languages without their own menu.

    Raises Misconfigured if COMMANDS is wrong.
    """
    commands = getattr(bot, "COMMANDS", None)
    if commands is None:
        return {}
    if isinstance(commands, dict):
        are_dicts = {isinstance(value, dict) for value in commands.values()}
        if are_dicts != {True, False}:
            return commands if are_dicts == {True} else {"": commands}
    raise Misconfigured(
        "COMMANDS must be a dict of names and their descriptions, or have such a dict for each "
        'language: {"": {…}, "de": {…}}'
    )


def allowed_updates() -> list[str]:
    """Return the update types that bot.py handles.

    Raises Misconfigured, also if ALLOWED_UPDATES or QUEUED_UPDATES is wrong.
    """
    bot = bot_module.load()
    handled = getattr(bot, "ALLOWED_UPDATES", ())
    queued = getattr(bot, "QUEUED_UPDATES", ())
    if not handled or not isinstance(handled, COLLECTIONS):
        raise Misconfigured(
            'bot.py must have ALLOWED_UPDATES, the update types that it answers: ["message"]'
        )
    if not isinstance(queued, COLLECTIONS) or not set(handled).issuperset(queued):
        raise Misconfigured(
            "QUEUED_UPDATES in bot.py must be a list of update types that are also in "
            'ALLOWED_UPDATES: ["message"]'
        )
    if urgent := sorted(NEVER_QUEUED.intersection(queued)):
        raise Misconfigured(
            f"QUEUED_UPDATES in bot.py can't have {', '.join(urgent)}: late answers are refused"
        )
    return list(handled)


def _wait_for_dns(url: str) -> None:
    """Wait until the host name of a public URL resolves, for at most half of the time left.

    Telegram's server uses IPv4 only, and caches a failed look-up for five minutes.
    Source: https://github.com/tdlib/td, GetHostByNameActor
    """
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0].encode()

    def look_up() -> None:
        for _ in range(MAX_LOOK_UPS):
            try:
                socket.getaddrinfo(host, 443, socket.AF_INET)
                return
            except OSError:
                time.sleep(RESOLVE_SECONDS / MAX_LOOK_UPS)

    if scheme == "https":
        thread = threading.Thread(target=look_up, daemon=True)  # a look-up has no time-out
        thread.start()
        thread.join(min(RESOLVE_SECONDS, deadline.left() / 2))


def call(method: str, what: str, **params: Any) -> Any:
    """Call a method, and retry it after a temporary error while there is time.

    `what` is its purpose, such as "register the webhook". Raises ReleaseFailed.
    """
    while True:
        try:
            return telegram.call(method, **params)
        except BotkitError as error:
            pause = max(PAUSE_SECONDS, getattr(error, "retry_after", None) or PAUSE_SECONDS)
            # A wrong token or bot.py isn't repaired within seconds.
            is_temporary = error.retryable and error.outcome != "misconfigured"
            if not is_temporary or deadline.left() < pause + PAUSE_SECONDS:
                advice = "; apply again in five minutes" if UNRESOLVED in str(error) else ""
                raise ReleaseFailed(f"Telegram did not {what}: {error}{advice}") from None
            logger.warning(f"retrying {method}", extra={"reason": str(error)})
        time.sleep(pause)
