"""How a call can fail, and how to make an error's text fit for the log."""

from __future__ import annotations

from .types import Json


class Unreachable(Exception):
    """There was no usable answer. Whether the request arrived is unknown: try again later."""

    def __init__(self, reason: str) -> None:
        super().__init__(loggable(reason))


class Misconfigured(Unreachable):
    """There is no usable token or bot.py: nothing works until somebody changes that."""


class Refused(Exception):
    """Telegram refused a call, and didn't carry it out.

    `code` is the answer's `error_code`, `description` Telegram's own words. `retry_after` (in
    seconds) and `migrate_to_chat_id` come from its `parameters`, or are None.
    Source: https://core.telegram.org/bots/api#making-requests
    """

    def __init__(self, method: str, code: int, description: str, parameters: Json) -> None:
        super().__init__(loggable(f"{method}: {code} {description}"))
        self.code = code
        self.description = description
        self.retry_after: int | None = parameters.get("retry_after")
        self.migrate_to_chat_id: int | None = parameters.get("migrate_to_chat_id")

    @property
    def is_about_the_token(self) -> bool:
        """Whether Telegram refuses the bot's token, not this call."""
        return self.code in (401, 421) or (self.code == 404 and "method" not in self.description)


def loggable(text: str) -> str:
    """Return a text from outside as a log line can hold it: up to 1,000 characters, all encodable.

    JSON can hold half a surrogate pair ("\\ud800"), on which Lambda's own logging would fail.
    """
    return text[:1000].encode(errors="backslashreplace").decode()
