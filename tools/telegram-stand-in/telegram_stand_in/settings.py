"""The methods that answer queries, and those about the bot, chats, files and updates."""

from __future__ import annotations

import re
import urllib.parse

from .bot_api import Json, Refusal
from .content import inline_content
from .request import (
    Request,
    bad,
    business_of,
    chat_named,
    chat_of,
    check_web_app,
    plays,
    take_query,
    user_of,
)

MAX_NOTICE_CHARACTERS = 200  # characters of the answer to a tap
MAX_DOWNLOAD = 20 * 2**20  # bytes
THIS_MACHINE = re.compile(r"(^|\.)localhost$|^127\.[0-9.]+$")
MAX_RESULTS = 50  # of an inline query


# Answers to queries.


@plays("answerCallbackQuery")
def _answer_callback_query(request: Request) -> bool:
    id = request.params["callback_query_id"]
    if len(request.get("text", "")) > MAX_NOTICE_CHARACTERS:
        raise bad("MESSAGE_TOO_LONG")
    take_query(request, id, "callback_query")
    shown = {
        name: request.params[name] for name in ("text", "show_alert", "url") if request.get(name)
    }
    request.change("answer", id=id, **shown)
    return True


@plays("answerInlineQuery")
def _answer_inline_query(request: Request) -> bool:
    id, results = request.params["inline_query_id"], request.params["results"]
    if len(results) > MAX_RESULTS:
        raise bad("RESULTS_TOO_MUCH")
    if len({result["id"] for result in results}) < len(results):
        raise bad("RESULT_ID_DUPLICATE")
    query = take_query(request, id, "inline_query")
    for result in results:
        inline_content(request, result)
        check_web_app(result, {"type": "inline"})
    answer = {name: value for name, value in request.params.items() if name != "inline_query_id"}
    request.bot.inline_answers[id] = {**answer, "query": query}
    request.change("results", id=id, **answer)
    return True


# The bot, its commands and its menu.


@plays("getMe")
def _get_me(request: Request) -> Json:
    return request.bot.me


@plays("setMyCommands", "deleteMyCommands")
def _set_my_commands(request: Request) -> bool:
    commands, key = request.get("commands", []), _scope(request)
    for command in commands:
        command["command"] = command["command"].removeprefix("/")
        if not re.fullmatch("[a-z0-9_]{1,32}", command["command"]):
            request.hints.append(
                f"a command has 1 to 32 of a-z, 0-9 and _, unlike {command['command']!r}"
            )
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(command["description"]) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    if commands:
        request.bot.commands[key] = commands
    else:
        request.bot.commands.pop(key, None)
    request.change("commands", commands=commands)
    return True


@plays("getMyCommands")
def _get_my_commands(request: Request) -> list[Json]:
    return request.bot.commands.get(_scope(request), [])


def _scope(request: Request) -> tuple[str, str]:
    scope = request.get("scope", {"type": "default"})
    key = " ".join(f"{scope[name]}" for name in ("type", "chat_id", "user_id") if name in scope)
    if "chat_id" in scope and not chat_named(request.bot, scope["chat_id"]):
        raise bad("chat not found")
    return key, request.get("language_code", "")


@plays("setChatMenuButton")
def _set_chat_menu_button(request: Request) -> bool:
    button = request.get("menu_button", {"type": "default"})
    chat = _private_chat(request)
    if button["type"] == "default" and chat:
        request.bot.menu_buttons.pop(chat, None)
    else:
        request.bot.menu_buttons[chat] = button
    request.change("menu_button", chat_id=chat, menu_button=button)
    return True


@plays("getChatMenuButton")
def _get_chat_menu_button(request: Request) -> Json:
    buttons = request.bot.menu_buttons
    everywhere = buttons.get(0, {"type": "commands"})
    return buttons.get(_private_chat(request), everywhere)


def _private_chat(request: Request) -> int:
    """Return the id of the private chat that a call is about, or 0 if it names none."""
    if "chat_id" not in request.params:
        return 0
    chat = chat_of(request)
    if chat["type"] != "private":
        raise bad("chat_id must be the identifier of a private chat")
    return int(chat["id"])


# Chats.


@plays("getChatMember")
def _get_chat_member(request: Request) -> Json:
    chat = chat_of(request)
    return request.telegram.member(chat, user_of(request))


@plays("getBusinessConnection")
def _get_business_connection(request: Request) -> Json:
    return business_of(request)


# Files.


@plays("getFile")
def _get_file(request: Request) -> Json:
    file = request.telegram.files.by_id.get(request.params["file_id"])
    if file is None:
        raise bad("invalid file_id")
    if len(file.data) > MAX_DOWNLOAD:
        raise bad("file is too big")
    return {**file.about(), "file_path": file.path}


# Updates.


@plays("getWebhookInfo")
def _get_webhook_info(request: Request) -> Json:
    outbox = request.bot.outbox
    info = {"has_custom_certificate": False, **outbox.info}
    return {**info, "pending_update_count": outbox.pending()}


@plays("getUpdates")
def _get_updates(request: Request) -> list[Json]:
    telegram, outbox = request.telegram, request.bot.outbox
    if outbox.info["url"]:
        raise Refusal(
            409,
            "Conflict: can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first",
        )
    offset = request.get("offset", 0)
    if "allowed_updates" in request.params:
        outbox.info["allowed_updates"] = request.params["allowed_updates"]
    timeout = _clamp(request.get("timeout", 0), 0, 50)
    with telegram.changed:
        if offset < 0:
            last = outbox.waiting(0)[offset:]
            offset = last[0]["update_id"] if last else 0
        telegram.changed.wait_for(
            lambda: telegram.stopped or outbox.waiting(offset), timeout * telegram.pace
        )
        return outbox.waiting(offset)[: _clamp(request.get("limit", 100), 1, 100)]


def _clamp(value: int, least: int, most: int) -> int:
    """Return the nearest value in the range, as Telegram's published server does."""
    return max(least, min(value, most))


@plays("setWebhook", "deleteWebhook")
def _set_webhook(request: Request) -> bool:
    url, secret = request.get("url", ""), request.get("secret_token", "")
    try:
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname if parts.scheme in ("http", "https") and parts.port != 0 else None
    except ValueError:
        host = None
    if url and not host:
        raise bad("invalid webhook URL specified")
    if (
        host and parts.scheme == "http" and not THIS_MACHINE.search(host)
    ):  # Telegram's own takes none at all
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
        raise bad("secret token contains unallowed characters")
    outbox = request.bot.outbox
    with request.telegram.changed:
        if request.get("drop_pending_updates"):
            outbox.drop()
        if not url:
            outbox.set({"url": ""}, "")
            return True
        most = _clamp(request.get("max_connections", 40), 1, 100)
        info: Json = {"url": url, "max_connections": most}
        if "allowed_updates" in request.params:
            info["allowed_updates"] = request.params["allowed_updates"]
        outbox.set(info, secret)
    return True
