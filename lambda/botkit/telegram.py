"""The Bot API (https://core.telegram.org/bots/api#making-requests): one call, two errors."""

from __future__ import annotations

import json

from .connection import Connection
from .errors import Refused, Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` would cost 2 ms of every cold start
    from typing import Any


# The CAs of api.telegram.org: until April 2027, and since June 2026. Others take longer to load.
ROOTS = ("Go Daddy Root Certificate Authority - G2", "GoDaddy TLS Root CA - R1")


class Client:
    """Calls the Bot API at `api_url` for the bot whose `token` it is given, over one connection."""

    def __init__(self, api_url: str, token: str, proxy: str = "") -> None:
        self.token = token
        self.connection = Connection(api_url, proxy, ROOTS)

    def call(self, method: str, params: dict[str, Any], timeout: float) -> Any:
        """Call a method and return the `result` of Telegram's answer. `timeout` is in seconds.

        Raises Refused, or Unreachable where the answer isn't Telegram's: no connection, a time-out,
        a server error, or something that isn't the Bot API.
        """
        body = json.dumps(params).encode()
        headers = {"Content-Type": "application/json"}
        status, data = self.connection.post(f"/bot{self.token}/{method}", body, headers, timeout)
        try:
            answer = json.loads(data)
        except (ValueError, RecursionError):
            answer = None
        if status >= 500 or not isinstance(answer, dict) or "ok" not in answer:
            raise Unreachable(f"{method}: HTTP {status} and no answer of the Bot API")
        if answer["ok"] is True:
            return answer.get("result")
        code = answer.get("error_code")
        code = code if type(code) is int else status
        description = str(answer.get("description")).replace(self.token, "…")
        if not 400 <= code < 500:
            raise Unreachable(f"{method}: {code} {description}")
        parameters = answer.get("parameters")
        raise Refused(method, code, description, integers(parameters))


def integers(parameters: object) -> dict[str, int]:
    """Return the integers of a ResponseParameters object, and leave out what is none."""
    if not isinstance(parameters, dict):
        return {}
    return {name: value for name, value in parameters.items() if type(value) is int}
