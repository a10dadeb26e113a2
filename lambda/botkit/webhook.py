"""The webhook's registration: what Terraform invokes the function for.

    {"url": "https://…/telegram", "max_connections": 40, "sources": "…",
     "tf": {"action": "register"}}
    {"url": "https://…/telegram", "tf": {"action": "delete", …}}

`sources` is the digest of the package that the function should run. The second comes from an
`aws_lambda_invocation` with `lifecycle_scope = "CRUD"`: the provider adds `tf`, and sends the
actions create and update, too, at which there is nothing to do.
"""

from __future__ import annotations

import logging
import os
import time

from .errors import Refused, Unreachable, loggable

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` and its kind would cost 2 ms of every cold start
    from collections.abc import Callable
    from typing import Any

logger = logging.getLogger("bot")

PAUSE_SECONDS = 1.0  # between two tries, and what is kept for the last one


class RegistrationFailed(Exception):
    """The webhook is not registered; the text says why, in Telegram's words if it has any."""


def register(
    event: dict[str, Any],
    call: Callable[[str, dict[str, Any]], Any],
    secret: str,
    allowed_updates: list[str],
    deadline: float,
) -> dict[str, Any]:
    """Set the webhook (https://core.telegram.org/bots/api#setwebhook) to the event's `url`.

    `call(method, params)` calls the Bot API. What may mend itself, such as a new host name that
    Telegram can't resolve yet, is tried until `deadline` (of `time.monotonic()`) is near.
    Returns `url`, `pending_updates` and `last_error`, as Telegram told them afterwards, if it did.
    Raises RegistrationFailed, which fails the apply.
    """
    packed = digest()
    if packed and event.get("sources", packed) != packed:
        # Terraform saves a refused upload as done, and wouldn't notice.
        raise RegistrationFailed(
            "The function runs other code than was planned: terraform apply "
            "-replace=terraform_data.package -replace=aws_lambda_function.this"
        )
    params = {
        "url": event["url"],
        "max_connections": event.get("max_connections", 40),  # Telegram's own default
        "allowed_updates": allowed_updates,
        "secret_token": secret,
    }
    while True:
        try:
            call("setWebhook", params)
            break
        except Exception as error:
            if not _may_mend_itself(error) or time.monotonic() + 2 * PAUSE_SECONDS > deadline:
                raise RegistrationFailed(
                    f"Telegram did not register the webhook: {error}"
                ) from None
            logger.warning("registration is tried again", extra={"reason": str(error)})
        time.sleep(PAUSE_SECONDS)
    info: dict[str, Any] = {}
    try:
        info = {**call("getWebhookInfo", {})}
    except Exception as error:  # it is registered all the same
        logger.warning("Telegram told nothing of the webhook", extra={"reason": str(error)})
    last_error = info.get("last_error_message")
    return {
        "url": loggable(str(info.get("url", event["url"]))),
        "pending_updates": info.get("pending_update_count"),
        "last_error": None if last_error is None else loggable(str(last_error)),
    }


def digest() -> str:
    """Return the digest that scripts/package put into the package; nothing in a checkout."""
    try:
        with open(os.path.join(os.path.dirname(__file__), "digest")) as file:
            return file.read()
    except FileNotFoundError:
        return ""


def remove(event: dict[str, Any], call: Callable[[str, dict[str, Any]], Any]) -> None:
    """Remove the webhook if it is still the event's `url`: another deployment keeps its own."""
    url = call("getWebhookInfo", {})["url"]
    if url == event["url"]:
        call("deleteWebhook", {})
    elif url:
        logger.warning("the webhook is another deployment's now, and stays")


def _may_mend_itself(error: Exception) -> bool:
    if isinstance(error, Refused):
        return error.code == 429 or "resolve host" in error.description
    return isinstance(error, Unreachable)
