"""Carries out the methods of the Bot API.

Those with a visible effect are played. The others are only checked, and return a sample of their
documented result. Where Telegram's wording of an error isn't published, the wording is ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# These register the methods that they play.
from . import editing, payments, sending, settings  # noqa: F401
from .bot_api import COPY_NOT_FOUND, RETURNS, TYPES, UNIONS, Json, Mismatch, array_of
from .content import caption_content
from .request import PLAYED, Request, bad, chat_of, message_of, plays, user_of
from .sending import kind_sent, put
from .state import private_chat


def carry_out(request: Request) -> Any:
    """Carry out a call, and return its result. Raises Refusal."""
    try:
        return PLAYED.get(request.method, _plausible)(request)
    except Mismatch as mismatch:
        text = f"{mismatch}"
        raise bad(text if text[1:2].isupper() else text[:1].lower() + text[1:]) from None


@plays("getChat")
def _get_chat(request: Request) -> Json:
    chat = chat_of(request)
    return {**sample("ChatFullInfo", request), **chat}


def _plausible(request: Request) -> Any:
    """Return a sample of a method's result."""
    if "chat_id" in request.params:
        chat_of(request)
    if "user_id" in request.params:
        user_of(request)
    first, *others = RETURNS[request.method].split(" | ")
    if "inline_message_id" in request.params and "Boolean" in others:
        return True
    return sample(first, request)


def sample(kind: str, request: Request) -> Any:
    """Return a sample of a kind. Fields with the name of a parameter get its value."""
    kind = kind.partition(" | ")[0]
    if array_of(kind):
        return []
    user = request.bot.user
    known: dict[str, Callable[[], Any]] = {
        "Boolean": lambda: True,
        "Chat": lambda: chat_of(request) if "chat_id" in request.params else private_chat(user),
        "Float": lambda: 0.0,
        "Integer": lambda: 0,
        "Message": lambda: _sample_message(request),
        "String": lambda: request.telegram.new_id(),
        "User": lambda: user,
    }
    if kind in known:
        return known[kind]()
    if kind in UNIONS:
        return sample(UNIONS[kind], request)
    made = {}
    for name, (of, required) in TYPES[kind].items():
        if name in request.params and of in ("String", "Integer", "Float", "Boolean"):
            made[name] = request.params[name]
        elif required and of == "Integer" and name.endswith("date"):
            made[name] = int(request.telegram.now())
        elif required and of == "Boolean":
            made[name] = False
        elif required:
            made[name] = sample(of, request)
    return made


def _sample_message(request: Request) -> Json:
    if "message_id" in request.params and "chat_id" in request.params:
        return message_of(request, "to edit")
    if request.method.startswith("send"):
        kind, fields = kind_sent(request.method), TYPES["Message"]
        content = {kind: sample(fields[kind][0], request)} if kind in fields else {}
        return put(request, content | caption_content(request, request.params))
    raise bad(COPY_NOT_FOUND if "copy" in request.method else "MESSAGE_ID_INVALID")
