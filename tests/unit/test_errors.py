"""errors.py: what follows from each failure."""

import pytest
from botkit.errors import (
    InvalidReply,
    Misconfigured,
    ScheduleError,
    SessionError,
    TelegramError,
    Unreachable,
)
from botkit.outcome import OUTCOMES

NO_METHOD = "Not Found: method not found"

FAILURES = {
    "no answer": (Unreachable("timed out"), "unreachable"),
    "no token": (Misconfigured("no token"), "misconfigured"),
    "a session that can't be kept": (SessionError("too large"), "bot_error"),
    "a time that is none": (ScheduleError("no zone"), "bot_error"),
    "an answer that is none": (InvalidReply("a dict"), "bot_error"),
    "blocked": (TelegramError("sendMessage", 403, "Forbidden", {}), "refused"),
    "a rate limit": (TelegramError("sendMessage", 429, "Too Many Requests", {}), "throttled"),
    "a revoked token": (TelegramError("sendMessage", 401, "Unauthorized", {}), "misconfigured"),
    "a wrong token": (TelegramError("sendMessage", 404, "Not Found", {}), "misconfigured"),
    "a token of another kind": (
        TelegramError("sendMessage", 421, "Misdirected", {}),
        "misconfigured",
    ),
    "no such method": (TelegramError("sendMassage", 404, NO_METHOD, {}), "refused"),
}


@pytest.mark.parametrize(("failure", "outcome"), FAILURES.values(), ids=FAILURES)
def test_a_failure_has_its_outcome(failure, outcome):
    assert failure.outcome == outcome
    assert failure.retryable is (OUTCOMES[outcome][1] == 503)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_update_is_redelivered_as_its_status_says(outcome):
    _, status, redeliver, dead_letter = OUTCOMES[outcome]
    assert redeliver is (status == 503)
    assert not (redeliver and dead_letter)


@pytest.mark.parametrize(
    "kind", [InvalidReply, ScheduleError, SessionError, Misconfigured, Unreachable]
)
def test_the_text_of_a_failure_can_be_logged(kind):
    assert str(kind("\ud800" + "a" * 1000)) == "\\ud800" + "a" * 999
