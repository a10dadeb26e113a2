"""Where in the bot an exception was raised. Loaded only then."""

from __future__ import annotations

import os
import sys
from traceback import walk_tb  # logging has loaded it
from types import CodeType

from .errors import encodable
from .types import Json

# Folders without code of the bot: botkit, and the standard library (a part is frozen into Python).
NOT_THE_BOTS = (
    __file__.rsplit("/", 1)[0] + "/",
    os.__file__.rpartition("/")[0] + "/",
    "<frozen ",
)
MOST_FRAMES = 20  # in the log: an endless recursion has a thousand


class Line:
    """A line of the bot that an exception came through."""

    def __init__(self, code: CodeType, number: int | None, is_in_bot_py: bool) -> None:
        self.file, self.function = code.co_filename, code.co_qualname
        self.number = number
        self.is_in_bot_py = is_in_bot_py

    @property
    def at(self) -> str:
        """The file and the number: "shop/prices.py:12"."""
        return f"{within(self.file)}:{self.number}"


def lines_of_the_bot(error: BaseException) -> list[Line]:
    """Return each line of the bot that an exception came through. The last one raised it."""
    return [
        Line(frame.f_code, number, frame.f_globals.get("__name__") == "bot")
        for frame, number in walk_tb(error.__traceback__)
        if not frame.f_code.co_filename.startswith(NOT_THE_BOTS)
    ]


def where_raised(error: BaseException) -> str:
    """Return the type of an exception and the line of the bot that raised it.

    The text of the exception is left out, since it may quote people. If botkit or the standard
    library raised it, the line is the one that called them.
    """
    places = [f"{line.file.rpartition('/')[2]}:{line.number}" for line in lines_of_the_bot(error)]
    return encodable(" at ".join([type(error).__name__, *places[-1:]]))


def frames(error: BaseException) -> Json:
    """Return a field for the log line: the last lines of the bot that an exception came through.

    Each has its function: {"stack_trace": ["bot.py:30 in reply", "shop/prices.py:12 in Price.of"]}.
    Returns {} if there are none.
    """
    told = [
        encodable(f"{line.at} in {line.function}")
        for line in lines_of_the_bot(error)
        if line.file.endswith(".py")  # other code, and its names, may come from a person
    ]
    return {"stack_trace": told[-MOST_FRAMES:]} if told else {}


def within(file: str) -> str:
    """Return the path of a file in the bot's folder, or in that of its packages."""
    folders = [path for path in sys.path if file.startswith(f"{path}/")]
    return file[len(max(folders, key=len)) + 1 :] if folders else file.rpartition("/")[2]
