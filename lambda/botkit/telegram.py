"""The Bot API (https://core.telegram.org/bots/api#making-requests), called as this bot.

    from botkit import telegram

    chat = telegram.call("getChat", chat_id=42)
    photo = telegram.download(telegram.call("getFile", file_id="…")["file_path"])

Every call ends before the deadline of the invocation.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from . import context
from .connection import Connection
from .deadline import deadline
from .errors import BotkitError, Misconfigured, ResponseTooLarge, TelegramError, Unreachable
from .settings import settings
from .types import Any, Json

# The root CAs of api.telegram.org: one until April 2027, and one since June 2026.
CA_NAMES = ("Go Daddy Root Certificate Authority - G2", "GoDaddy TLS Root CA - R1")

TOKEN = "[0-9]+:[A-Za-z0-9_-]{30,}"
REFETCH_SECONDS = 60  # between two fetches of a token that Telegram refuses

MAX_BLOCKED = 1000  # chats that a container remembers
# Flood control, by chat: until when Telegram refuses calls that write to it (429), in seconds since
# 1970. A bot that keeps calling is refused for longer, so the container leaves the chat alone.
blocked_until = context.BoundedDict(MAX_BLOCKED)
WRITE_METHOD_PREFIXES = (  # the beginnings of those methods' names, in lower case
    "copymessage",
    "deletemessage",
    "editmessage",
    "forwardmessage",
    "send",
    "setmessagereaction",
)


def call(method: str, /, **params: Any) -> Any:
    """Call a method of the Bot API and return its result, before the deadline of the invocation.

    Retries once after a token change, and once if the group has migrated. Returns True if Telegram
    rejects a call that has already taken effect, such as an edit that changes nothing. Raises
    Unreachable, or TelegramError: also without a call, while Telegram limits calls that write to
    the chat (429).

    A failure that a retry may fix decides how the update ends, even if the bot catches it: unless
    the same call succeeds afterwards, the update is redelivered, or is "incomplete" if people have
    seen an answer. A call that may fail can be made with `client().post`.
    """
    context.forbid_in_replay()
    with _recording_failure((method, {**params})):
        return _call_with_retries(method, params)


def _call_with_retries(method: str, params: Json) -> Any:
    """Call a method, and retry it as `call` says. Records a success in the context's `calls`."""
    is_write = method.lower().startswith(WRITE_METHOD_PREFIXES)
    chat = str(params.get("chat_id", "")) if is_write else ""
    left = blocked_until.get(chat, 0) - time.time()
    if left > 1:  # not in the last second, since Telegram rounds up
        seconds = round(left)
        text = f"Too Many Requests: retry after {seconds} (an earlier refusal: nothing was called)"
        raise TelegramError(method, 429, text, {"retry_after": seconds})
    used = token()
    if params.get("chat_id") is not None:
        context.current.calls.chat_ids.add(str(params["chat_id"]))
    try:
        result = default_client.post(method, params, deadline.left())
    except TelegramError as refusal:
        if refusal.is_unauthorized and token(used) != used:
            return _call_with_retries(method, params)
        if refusal.retry_after and chat:
            blocked_until[chat] = time.time() + refusal.retry_after
        if context.already_done(refusal, method, params):
            context.current.calls.methods.append(method)
            return True
        if refusal.error_code == 400 and refusal.migrate_to_chat_id is not None:
            params["chat_id"] = refusal.migrate_to_chat_id
            result = default_client.post(method, params, deadline.left())
        else:
            raise
    context.current.calls.record(method, params)
    return result


@contextmanager
def _recording_failure(what: object) -> Iterator[None]:
    """Record a failure that a retry may fix, or forget it if a retry has succeeded."""
    failures = context.current.calls.retryable_failures
    try:
        yield
    except BotkitError as error:
        if error.retryable:
            failures.append((what, error))
        raise
    failures[:] = [failure for failure in failures if failure[0] != what]


def download(file_path: str) -> bytes:
    """Return the content of a file, given the `file_path` from getFile.

    Raises TelegramError, also if the file has more than 20 MB, or Unreachable.
    Source: https://core.telegram.org/bots/api#getfile
    """
    from urllib.parse import quote

    context.forbid_in_replay()
    with _recording_failure(file_path):
        path = f"/file/bot{token()}/{quote(file_path)}"
        try:
            status, data = default_client.request(path, None, {}, deadline.left())
        except ResponseTooLarge:
            raise TelegramError("download", 413, "a file must have at most 20 MB", {}) from None
        if status == 200:
            return data
        if status in (400, 404):  # code 400, since TelegramError takes a 404 for a wrong token
            reason = f"HTTP {status}: unknown file_path, or too old"
            raise TelegramError("download", 400, reason, {})
        if 400 < status < 500:
            raise TelegramError("download", status, f"HTTP {status}", {})
        raise Unreachable(f"download: HTTP {status}")


def username() -> str:
    """Return the bot's username. The first time, that takes a call of getMe. Raises as `call` does.

    Source: https://core.telegram.org/bots/api#getme
    """
    if not default_client.username:
        default_client.username = call("getMe")["username"]
    return default_client.username


def token(refused: str = "") -> str:
    """Return the token of the bot. If it is the `refused` one, fetch it again.

    That happens at most once a minute. Raises Unreachable or Misconfigured.
    """
    if settings.token_parameter:
        age = time.time() - default_client.token_fetched_at
        may_refetch = not 0 <= age <= REFETCH_SECONDS
        if not default_client.token or (default_client.token == refused and may_refetch):
            default_client.token_fetched_at = time.time()
            default_client.token = _fetch_token()
            default_client.username = ""  # it may be another bot's token
    elif not default_client.token:
        raise Misconfigured("TELEGRAM_BOT_TOKEN is not set")
    return default_client.token


def _fetch_token() -> str:
    """Fetch the token from Parameter Store. Raises Unreachable or Misconfigured."""
    from . import aws

    params = {"Name": settings.token_parameter, "WithDecryption": True}
    try:
        parameter = aws.call("ssm", "AmazonSSM.GetParameter", params).get("Parameter")
    except aws.ClientError as error:  # there is no such parameter
        raise Misconfigured(f"the token can't be fetched: {error}") from None
    except Unreachable as error:
        raise Unreachable(f"the token can't be fetched: {error}") from None
    token = str(parameter.get("Value")).strip() if isinstance(parameter, dict) else ""
    if not re.fullmatch(TOKEN, token):
        raise Misconfigured(f"the parameter {settings.token_parameter} must contain a bot's token")
    return token


def forget_token() -> None:
    """Fetch the token again before the next call, if it is in Parameter Store."""
    if settings.token_parameter:
        default_client.token = ""


def start_connecting() -> Callable[[], None]:
    """Start to connect, in the background. Returns a function that waits for that.

    It also fetches the token, and raises Unreachable or Misconfigured.
    """
    default_client.connection.start_connecting()

    def wait() -> None:
        try:
            token()
        finally:
            default_client.connection.open(deadline.left())

    return wait


def client() -> Client:
    """Return a client of this bot with a separate connection, for another thread.

    Its `post` makes a call without retries, with its own time-out, and the log doesn't list it.
    Raises Unreachable if the token can't be fetched.
    """
    return Client(settings.api_url, token(), settings.proxy)


class Client:
    """Calls the Bot API at `api_url` with the `token` of a bot, over one connection."""

    def __init__(self, api_url: str, token: str, proxy: str = "") -> None:
        self.token = token
        # By time.time(): a container's other clocks may stand still while it is frozen.
        self.token_fetched_at = 0.0  # from Parameter Store
        self.username = ""  # of the bot with this token, once `username` has asked for it
        self.connection = Connection(api_url, proxy, CA_NAMES)

    def post(self, method: str, params: Json, timeout: float) -> Any:
        """Call a method and return the `result` of Telegram's answer. `timeout` is in seconds.

        Parameters that are None are left out: the Bot API would read them as the text "null".
        Raises TelegramError, or Unreachable if the Bot API gave no answer: no connection, a
        time-out, a server error, or an answer from another server. Raises ValueError for an invalid
        method name.
        """
        if not (method.isascii() and method.isalnum()):
            raise ValueError("a method name must have only letters and digits")
        params = {name: value for name, value in params.items() if value is not None}
        try:
            body, content_type = json.dumps(params).encode(), "application/json"
        except TypeError:  # there are files
            from .files import to_multipart

            body, content_type = to_multipart(params)
        headers = {"Content-Type": content_type}
        status, data = self.request(f"/bot{self.token}/{method}", body, headers, timeout)
        try:
            answer = json.loads(data)
        except (ValueError, RecursionError):
            answer = None
        if status >= 500 or not isinstance(answer, dict) or "ok" not in answer:
            raise Unreachable(f"{method}: HTTP {status}, and no answer from the Bot API")
        if answer["ok"] is True:
            return answer.get("result")
        code = answer.get("error_code", status)
        description = str(answer.get("description")).replace(self.token, "…")
        if not 400 <= code < 500:
            raise Unreachable(f"{method}: {code} {description}")
        raise TelegramError(method, code, description, answer.get("parameters") or {})

    def request(
        self, path: str, body: bytes | None, headers: dict[str, str], timeout: float
    ) -> tuple[int, bytes]:
        """Post `body`, or get a file if it is None. Returns the status and the body of the answer.

        Raises Unreachable, or its subclass ResponseTooLarge.
        """
        method = "GET" if body is None else "POST"
        answer = self.connection.request(method, path, body, headers, timeout)
        return answer.status, answer.body


# This bot's. Tests may replace its `connection`.
default_client = Client(settings.api_url, settings.token, settings.proxy)
