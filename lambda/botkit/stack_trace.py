"""Describes exceptions for the log, without people's words and secrets. Loaded only then."""

from __future__ import annotations

import os
import re
import sys
from traceback import walk_tb  # logging has loaded it

from .errors import BotkitError, encodable
from .types import Json

# Folders without code of the bot: botkit, and the standard library.
NOT_THE_BOTS = (__file__.rpartition("/")[0] + "/", os.__file__.rpartition("/")[0] + "/")
MAX_FRAMES = 20  # in the log: an endless recursion has a thousand

# Variables whose values aren't secrets, and may be quoted: folders, the region, resources.
NOT_SECRET = (
    "ALLOWED_IDS|AWS_(LAMBDA_|REGION|DEFAULT_REGION|DNS_SUFFIX|EXECUTION_ENV)|HOME|LAMBDA_|"
    "LANG|LC_|LD_|MINI_APP_URL|PATH|PWD|PYTHON|QUEUE_URL|REPLY_MODE|SCHEDULE_GROUP|SCHEDULER_|"
    "SESSION_(TABLE|RETENTION_)|TELEGRAM_BOT_TOKEN_PARAMETER|TZ|_"
)
MIN_SECRET = 6  # characters: shorter values are numbers and words
MIN_QUOTED = 3  # characters of a part of a secret in a quotation
# Between any two quotes, not in pairs: a lone apostrophe would shift all pairs after it.
QUOTED = r"""(?<=(['"]))(.+?)(?=\1)"""
# A bot's token, which may also come from Parameter Store; the name and the password in a URL.
SECRET = r"\d+(?::|%3A)[\w-]{30,}|(?<=://)[^\s/@]+(?=@)"


def bot_lines(error: BaseException) -> list[tuple[str, str]]:
    """Return the lines of the bot that an exception came through, each with its function.

    The last one raised it: ("shop/prices.py:12", "Price.of").
    """
    codes = ((frame.f_code, number) for frame, number in walk_tb(error.__traceback__))
    return [
        (encodable(f"{relative_path(code.co_filename)}:{number}"), encodable(code.co_qualname))
        for code, number in codes
        # Code that isn't in a file, and its names, may come from a person.
        if code.co_filename.endswith(".py") and not code.co_filename.startswith(NOT_THE_BOTS)
    ]


def error_location(error: BaseException) -> str:
    """Return the type of an exception and the line of the bot that raised it.

    The text of the exception is left out, since it may quote people. If botkit or the standard
    library raised it, the line is the one that called them.
    """
    lines = bot_lines(error)
    where = f" at {lines[-1][0]}" if lines else ""
    return encodable(type(error).__name__ + where)


def stack_trace(error: BaseException) -> Json:
    """Return a field for the log: {"stack_trace": ["bot.py:30 in reply"]}, or {} without a line."""
    lines = [f"{line} in {function}" for line, function in bot_lines(error)]
    return {"stack_trace": lines[-MAX_FRAMES:]} if lines else {}


def relative_path(file: str) -> str:
    """Return the path of a file in the bot's folder, or in that of its packages."""
    folders = [path for path in sys.path if path and file.startswith(f"{path}/")]
    return file[len(max(folders, key=len)) + 1 :] if folders else file.rpartition("/")[2]


def describe(error: BaseException) -> str:
    """Return the type and text of an exception before any update, and the line that raised it.

    The text can't quote people yet, and contains no secrets. If another file raised it, bot.py's
    own line follows. The line of a SyntaxError is the one that can't be parsed.
    """
    lines = [line for line, _ in bot_lines(error)]
    at = lines[-1] if lines else ""
    text: object = error
    if isinstance(error, SyntaxError) and error.filename:
        at, text = f"{relative_path(error.filename)}:{error.lineno}", error.msg
    has_names = isinstance(error, (AttributeError, BotkitError, ImportError, NameError))
    words = redact(str(text), has_names=has_names)
    what = type(error).__name__ + (f": {words}" if words else "")
    own = [line for line in lines if line.startswith("bot.py:")]
    via = f", from {own[-1]}" if own and own[-1] != at else ""
    return encodable(f"{what} at {at}{via}" if at else what)


def redact(text: str, *, has_names: bool = False) -> str:
    """Return a text without the token, and without values of the environment.

    A quotation is also left out if it is a part of a value, such as the password in a URL. If the
    text `has_names` from the source code, these stay.
    """
    values = [value for name, value in os.environ.items() if not re.match(NOT_SECRET, name)]
    for value in sorted(values, key=len, reverse=True):
        if has_names and value.replace(".", "").isidentifier():
            continue
        for form in (repr(value)[1:-1], value.strip()):
            text = text.replace(form, "…") if len(form) >= MIN_SECRET else text
    for _, part in re.findall(QUOTED, "" if has_names else text):
        if len(part) >= MIN_QUOTED and any(part in value for value in values):
            text = text.replace(part, "…")
    return re.sub(SECRET, "…", text)
