"""The key of an update's session, as SESSION in bot.py says."""

from __future__ import annotations

import marshal

from . import bot_module
from .errors import Misconfigured
from .place import Place
from .types import Any, Json

CHOICES = ("chat", "topic", "user", "chat_user")


def key_of(update: Json) -> str | None:
    """Return the key of an update's session, or None if it has none. bot.py must have SESSION.

    Raises Misconfigured, and the exceptions of a function in SESSION.
    """
    chosen_by = choice(bot_module.load())
    if callable(chosen_by):
        copy = marshal.loads(marshal.dumps(update))  # the function may change it
        chosen: str | None = bot_module.ask("SESSION", copy)
        return chosen
    place = Place(update)
    parts = {
        "chat": [place.room],
        "topic": [place.room] if place.topic is None else [place.room, place.topic],
        "user": [place.person],
        "chat_user": [place.room, place.person],
    }[chosen_by]
    return None if None in parts else "/".join(map(str, parts))


def choice(bot: Any) -> Any:
    """Return SESSION of bot.py. Raises Misconfigured."""
    chosen_by = bot.SESSION
    if not callable(chosen_by) and chosen_by not in CHOICES:
        names = ", ".join(f'"{name}"' for name in CHOICES)
        raise Misconfigured(f"SESSION in bot.py must be {names} or a function of an update")
    return chosen_by
