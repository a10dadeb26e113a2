"""The bot's token in Parameter Store, for a function whose environment doesn't have it."""

from __future__ import annotations

import re
import time

from . import aws
from .errors import Misconfigured, Unreachable
from .settings import settings

TOKEN = "[0-9]+:[A-Za-z0-9_-]{30,}"
REFETCH_SECONDS = 60  # between two fetches of a token that Telegram refuses

fetched_at = 0.0  # time.time(): a container's other clocks may stand still while it is frozen


def may_refetch() -> bool:
    """Tell whether the last fetch of the token is so long ago that another one is due."""
    return not 0 <= time.time() - fetched_at <= REFETCH_SECONDS


def fetch() -> str:
    """Fetch the token. Raises Unreachable or Misconfigured."""
    global fetched_at
    fetched_at = time.time()
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
