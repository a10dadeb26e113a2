"""Whether a text begins with a command for this bot.

    from botkit.commands import command_in

    if command_in(message.get("text")) == "start":

In a group, people may name the bot that they mean: "/start@another_bot".
"""

from __future__ import annotations

MAX_COMMAND = 32  # characters of a command


def command_in(text: str | None) -> str:
    """Return the command that a text begins with: "start" for "/Start@this_bot now".

    It is "" if there is none, or if it is for another bot. In each container, the first command
    that names a bot takes a call of getMe, which may raise TelegramError or Unreachable.
    """
    command, name = _parts(text)
    return command if not name or _is_this_bot(name) else ""


def is_for_another_bot(text: str | None) -> bool:
    """Tell whether a text begins with a command for another bot.

    Raises as `command_in` does.
    """
    command, name = _parts(text)
    return bool(command and name) and not _is_this_bot(name)


def _parts(text: str | None) -> tuple[str, str]:
    """Return the command that a text begins with, and the bot that it names, each "" if none."""
    word = ((text or "").split(maxsplit=1) or [""])[0]
    command, _, name = word[1:].partition("@")
    letters = command.replace("_", "a")
    if (
        word[:1] != "/"
        or not (letters.isascii() and letters.isalnum())
        or len(command) > MAX_COMMAND
    ):
        return "", ""
    return command.lower(), name


def _is_this_bot(name: str) -> bool:
    from . import telegram  # lazy: in webhook mode, nothing else loads it

    return name.lower() == telegram.username().lower()
