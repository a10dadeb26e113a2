"""The Bot API (https://core.telegram.org/bots/api#making-requests): one call, two errors."""

from __future__ import annotations

import json

from connection import Connection, Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` would cost 2 ms of every cold start
    from typing import Any

__all__ = ["Client", "Refused", "Unreachable"]


class Refused(Exception):
    """Telegram answered that it won't carry out a call, and didn't.

    `code` is the answer's `error_code`, `description` Telegram's own words, `retry_after` (in
    seconds) and `migrate_to_chat_id` what its `parameters` say, or None.
    """

    def __init__(self, method: str, answer: dict[str, Any]) -> None:
        self.code = answer["error_code"]
        self.description = str(answer.get("description", ""))
        parameters = answer.get("parameters")
        if not isinstance(parameters, dict):
            parameters = {}
        self.retry_after = _integer(parameters.get("retry_after"))
        self.migrate_to_chat_id = _integer(parameters.get("migrate_to_chat_id"))
        super().__init__(f"{method}: {self.code} {self.description}")

    @property
    def is_about_the_token(self) -> bool:
        """Whether it is the bot's token that Telegram doesn't take, rather than this call."""
        return self.code == 401 or (self.code == 404 and "method" not in self.description)


class Client:
    """Calls the Bot API at `api_url` as the bot whose token is `token`, over one connection."""

    def __init__(self, api_url: str, token: str, proxy: str = "") -> None:
        self.token = token
        self._connection = Connection(api_url, proxy)

    def connect(self, timeout: float) -> None:
        """Open the connection ahead of the first call. `timeout` is in seconds.

        Raises Unreachable.
        """
        self._connection.open(timeout)

    def call(self, method: str, params: dict[str, Any], timeout: float) -> Any:
        """Call a method and return the `result` of Telegram's answer. `timeout` is in seconds.

        Raises Refused, or Unreachable when there is no answer of Telegram's: no connection, a
        time-out, a server error, or something that isn't the Bot API.
        """
        status, body = self._connection.post(
            f"/bot{self.token}/{method}",
            json.dumps(params).encode(),
            {"Content-Type": "application/json"},
            timeout,
        )
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            answer = None
        if status >= 500 or not isinstance(answer, dict) or "ok" not in answer:
            raise Unreachable(f"HTTP {status} and no answer of the Bot API")
        if answer["ok"] is True:
            return answer.get("result")
        code = _integer(answer.get("error_code")) or status
        if code >= 500:
            raise Unreachable(f"{method}: {code} {answer.get('description', '')}")
        raise Refused(method, {**answer, "error_code": code})


def _integer(value: object) -> int | None:
    return value if type(value) is int else None
