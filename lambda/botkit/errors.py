"""The two ways in which a call can fail."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` would cost 2 ms of every cold start
    from typing import Any


class Unreachable(Exception):
    """There was no usable answer. Whether the request arrived is not known: try again later."""

    def __init__(self, reason: str) -> None:
        super().__init__(loggable(reason))


class Refused(Exception):
    """Telegram answered that it won't carry out a call, and didn't.

    `code` is the answer's `error_code`, `description` Telegram's own words, `retry_after` (in
    seconds) and `migrate_to_chat_id` what its `parameters` say, or None.
    Source: https://core.telegram.org/bots/api#making-requests
    """

    def __init__(
        self, method: str, code: int, description: str, parameters: dict[str, Any]
    ) -> None:
        super().__init__(loggable(f"{method}: {code} {description}"))
        self.code = code
        self.description = description
        self.retry_after: int | None = parameters.get("retry_after")
        self.migrate_to_chat_id: int | None = parameters.get("migrate_to_chat_id")

    @property
    def is_about_the_token(self) -> bool:
        """Whether Telegram doesn't take the bot's token, rather than this call."""
        return self.code in (401, 421) or (self.code == 404 and "method" not in self.description)


def loggable(text: str) -> str:
    """Return what a log line can hold of a text from outside: not too much, and no half of a pair.

    JSON can write half a surrogate pair ("\\ud800"), and Lambda's own logging would die of it.
    """
    return text[:1000].encode(errors="backslashreplace").decode()
