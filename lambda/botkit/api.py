"""This bot's calls to the Bot API: with its token, over the one connection of its container."""

from __future__ import annotations

import time

from . import telegram
from .errors import Refused, Unreachable
from .settings import settings

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` would cost 2 ms of every cold start
    from typing import Any

RENEW_SECONDS = 60  # at most so often is a token that Telegram refuses fetched again

client = telegram.Client(settings.api_url, settings.token, settings.proxy)
fetched_at = 0.0  # time.monotonic()


def prepare(timeout: float) -> None:
    """Do what the first call would have to wait for. Raises Unreachable after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    if not client.token:
        fetch_token(deadline)
    client.connection.open(deadline - time.monotonic())


def call(method: str, params: dict[str, Any], deadline: float) -> Any:
    """Call a method of the Bot API and return its result, before `deadline` (time.monotonic()).

    The call is made once more where Telegram says that it would then be carried out: with a token
    that was changed, or to a group that has a new id. Raises Refused or Unreachable.
    """
    if not client.token:
        fetch_token(deadline)
    try:
        return client.call(method, params, deadline - time.monotonic())
    except Refused as refusal:
        if refusal.is_about_the_token and may_fetch():
            fetch_token(deadline)
            return call(method, params, deadline)
        if refusal.code != 400 or refusal.migrate_to_chat_id is None:
            raise
        params = {**params, "chat_id": refusal.migrate_to_chat_id}
    return client.call(method, params, deadline - time.monotonic())


def may_fetch() -> bool:
    """Tell whether the token is kept in Parameter Store and wasn't fetched a moment ago."""
    return bool(settings.token_parameter) and time.monotonic() - fetched_at > RENEW_SECONDS


def fetch_token(deadline: float) -> None:
    """Fetch the token from Parameter Store. Raises Unreachable."""
    global fetched_at
    if not settings.token_parameter:
        raise Unreachable("TELEGRAM_BOT_TOKEN is not set")
    from . import aws

    params = {"Name": settings.token_parameter, "WithDecryption": True}
    fetched_at = time.monotonic()
    try:
        result = aws.call("ssm", "AmazonSSM.GetParameter", params, deadline - fetched_at)
        token = result["Parameter"]["Value"].strip()
    except (aws.Refused, Unreachable) as error:
        raise Unreachable(f"the token can't be fetched: {error}") from None
    except (AttributeError, KeyError, TypeError):
        token = ""
    if not token:
        raise Unreachable("the token can't be fetched: there is none in the answer")
    client.token = token
