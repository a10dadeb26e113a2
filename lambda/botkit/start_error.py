"""Describes an error at the start with its text: before any update, it can't quote anybody."""

from __future__ import annotations

import os
import re

from .errors import BotkitError, encodable
from .raised import lines_of_the_bot, within

# Variables whose values aren't secrets, and may be quoted: folders, the region, resources.
KNOWN = (
    "ALLOWED_IDS|AWS_(LAMBDA_|REGION|DEFAULT_REGION|DNS_SUFFIX|EXECUTION_ENV)|HOME|LAMBDA_|"
    "LANG|LC_|LD_|MINI_APP_URL|PATH|PWD|PYTHON|QUEUE_URL|REPLY_MODE|SCHEDULE_GROUP|SCHEDULER_|"
    "SESSION_(TABLE|RETENTION_)|TELEGRAM_BOT_TOKEN_PARAMETER|TZ|_"
)
SHORTEST = 6  # characters of a secret: shorter values are numbers and words
SHORTEST_PART = 3  # characters of a part of a secret in a quotation
# A bot's token, which may also come from Parameter Store; the name and the password in a URL.
SECRET = r"\d+(?::|%3A)[\w-]{30,}|(?<=://)[^\s/@]+(?=@)"


def described(error: BaseException) -> str:
    """Return the type and the text of an exception, and the line of the bot that raised it.

    The text contains no secrets, and the file's name includes its folder. If another file raised
    it, bot.py's own line follows. The line of a SyntaxError is the one that can't be parsed.
    """
    lines = lines_of_the_bot(error)
    file, number = (lines[-1].file, lines[-1].number) if lines else ("", None)
    own = next((f"bot.py:{line.number}" for line in reversed(lines) if line.is_in_bot_py), "")
    text: object = error
    if isinstance(error, SyntaxError) and error.filename:
        file, number, text = error.filename, error.lineno, error.msg
    has_names = isinstance(error, (AttributeError, BotkitError, ImportError, NameError))
    told = without_secrets(str(text), has_names)
    what = type(error).__name__ + (f": {told}" if told else "")
    at = f"{within(file)}:{number}"
    via = f", from {own}" if own not in ("", at) else ""
    return encodable(f"{what} at {at}{via}" if file else what)


def without_secrets(text: str, has_names: bool = False) -> str:
    """Return a text without the token, and without values of the environment.

    A quotation in the text that is a part of a value is also left out. If the text `has_names` from
    the source code, they stay, even if a value contains them.
    """
    values = [value for name, value in os.environ.items() if not re.match(KNOWN, name)]
    for value in sorted(values, key=len, reverse=True):
        if has_names and value.strip().replace(".", "").isidentifier():
            continue
        for form in (repr(value)[1:-1], value.strip()):
            text = text.replace(form, "…") if len(form) >= SHORTEST else text

    def shown(quoted: re.Match[str]) -> str:
        part = quoted[2]
        is_part = len(part) >= SHORTEST_PART and any(part in value for value in values)
        return "…" if is_part and not has_names else part

    # Between any two quotes, not in pairs: a lone apostrophe would shift all pairs after it.
    text = re.sub(r"""(?<=(['"]))(.+?)(?=\1)""", shown, text)
    return re.sub(SECRET, "…", text)
