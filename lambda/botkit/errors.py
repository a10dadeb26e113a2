"""The ways in which a call can fail, each with its outcome."""

from __future__ import annotations

import logging

from .outcome import OUTCOMES, Outcome
from .types import Json

logger = logging.getLogger("botkit")

# The values of a session or an event, for error messages.
JSON_VALUES = "strings, numbers, booleans, None, lists, and dicts with string keys"


class BotkitError(Exception):
    """A failure whose text may be logged: it quotes neither people nor the token.

    Only Telegram's description of a refused call may quote a tag of a text with parse_mode.
    `outcome` is the result of the update: one of OUTCOMES in botkit/outcome.py.
    """

    outcome = "bot_error"

    def __init__(self, text: str) -> None:
        super().__init__(encodable(text))

    @property
    def retryable(self) -> bool:
        """Whether a retry may succeed."""
        return OUTCOMES[self.outcome][2]


class Unreachable(BotkitError):
    """There was no usable answer. The request may have arrived, or not. A retry may help."""

    outcome = "unreachable"


class ResponseTooLarge(Unreachable):
    """An answer, or one part of it, has more bytes than its limit."""


class Misconfigured(BotkitError):
    """The token or bot.py can't be used. Nothing works until somebody fixes that."""

    outcome = "misconfigured"


class InvalidReply(BotkitError):
    """A function of bot.py returned something unusable. The text says what."""


class UsageError(BotkitError, ValueError):
    """The bot asks for something impossible, such as a session that JSON can't hold.

    The text says why, and quotes nothing of it.
    """


class TelegramError(BotkitError):
    """Telegram refused a call, and didn't carry it out.

    `error_code` and `description` are Telegram's. `retry_after` (in seconds) and
    `migrate_to_chat_id` are None unless Telegram sent them.
    Source: https://core.telegram.org/bots/api#making-requests
    """

    def __init__(self, method: str, code: int, description: str, parameters: Json) -> None:
        super().__init__(f"{method}: {code} {description}")
        self.error_code = code
        self.description = description
        self.retry_after: int | None = parameters.get("retry_after")
        self.migrate_to_chat_id: int | None = parameters.get("migrate_to_chat_id")
        self.outcome = "refused"
        if self.is_unauthorized:
            self.outcome = "misconfigured"
        elif code == 429:
            self.outcome = "throttled"

    @property
    def is_unauthorized(self) -> bool:
        """Whether Telegram refuses the token of the bot, and not just this call."""
        return self.error_code in (401, 421) or (
            self.error_code == 404 and "method" not in self.description
        )


class ClientError(Exception):
    """A request of botkit.aws failed, and a retry would fail, too.

    `code` is AWS's, such as "ResourceNotFoundException", or the HTTP status, such as "404", if AWS
    says no more. It is "ResponseTooLong" for an answer of more than 20 MB.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(encodable(f"{code}: {message}"))
        self.code = code


def outcome_of(error: BaseException) -> Outcome:
    """Return the outcome of an exception from a call or from bot.py."""
    if isinstance(error, TelegramError):
        return Outcome(
            error.outcome,
            telegram_error=str(error),
            error_code=error.error_code,
            retry_after=error.retry_after,
        )
    from .stack_trace import error_location, stack_trace

    if isinstance(error, BotkitError):
        return Outcome(error.outcome, str(error), log_fields=stack_trace(error))
    logger.debug("exception in bot.py", exc_info=error)  # its text may quote people
    return Outcome("bot_error", error_location(error), log_fields=stack_trace(error))


def encodable(text: str) -> str:
    """Return up to 1,000 characters of a text from outside, as UTF-8 can encode them.

    JSON may contain half a surrogate pair ("\\ud800"), which would make Lambda's logging fail.
    """
    return text[:1000].encode(errors="backslashreplace").decode()
