"""limited.py: a chat to which Telegram takes no calls for a while is left alone."""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import BotApi, StartBot
from tests.support.stubs import Container

BOT = 'SESSION = "chat"\n\n\ndef reply(update, session):\n    return []\n'
CALL = {"chat_id": 42, "text": "hi"}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=1_800_000_000.0)
    monkeypatch.setattr(time, "time", lambda: clock.now)
    return clock


@pytest.fixture
def container(start_with_sessions: StartBot, bot_api: BotApi, clock: SimpleNamespace) -> Container:
    """A container whose Telegram has refused a call for a minute."""
    container = start_with_sessions(BOT)
    call = {"method": "sendMessage", **CALL}
    bot_api.refuses(call, 429, "retry after 60", retry_after=60)
    assert refusal(container).retry_after == 60
    return container


def refusal(container: Container, method: str = "sendMessage", **params: Any) -> Any:
    """Return the error of a call."""
    with pytest.raises(container.module("errors").Refused) as caught:
        container.telegram.call(method, **CALL, **params)
    return caught.value


def retry(container: Container, attempt: str) -> None:
    """Begin an update's first delivery, or another one ("again")."""
    current = container.module("current")
    current.begin(current.Run.of_update("queue", {"update_id": 1})).attempt = attempt


def test_it_is_called_again_when_telegram_said(
    container: Container, bot_api: BotApi, clock: SimpleNamespace
) -> None:
    clock.now += 58
    refused = refusal(container, "editMessageText", message_id=1)
    assert (refused.outcome, refused.retry_after) == ("throttled", 2)
    assert "retry after 2 (an earlier refusal: nothing was called)" in str(refused)
    clock.now += 1.5
    container.watch_calls(lambda *call: pytest.fail("the table was asked"))
    bot_api.answers("sendMessage", CALL)
    container.telegram.call("sendMessage", **CALL)


def test_a_chat_that_is_not_limited_loads_nothing(start_bot: StartBot, bot_api: BotApi) -> None:
    container = start_bot("def reply(update):\n    return []\n")
    bot_api.answers("sendMessage", CALL)
    container.telegram.call("sendMessage", **CALL)
    assert "botkit.limited" not in sys.modules


def test_without_a_table_its_modules_stay_out(start_bot: StartBot, bot_api: BotApi) -> None:
    container = start_bot("def reply(update):\n    return []\n")
    bot_api.refuses({"method": "sendMessage", **CALL}, 429, "retry after 60", retry_after=60)
    retry(container, "again")
    for _ in range(2):
        refusal(container)
    assert "botkit.store" not in sys.modules


def test_other_chats_and_what_writes_nothing_are_called(
    container: Container, bot_api: BotApi
) -> None:
    bot_api.answers("getChat", {"chat_id": 42})
    container.telegram.call("getChat", chat_id=42)
    bot_api.answers("sendMessage", {**CALL, "chat_id": 43})
    container.telegram.call("sendMessage", **{**CALL, "chat_id": 43})


@pytest.mark.usefixtures("container")
def test_another_container_knows_it_at_a_retry(
    start_with_sessions: StartBot, bot_api: BotApi
) -> None:
    """At a first delivery it would cost each update a read."""
    container = start_with_sessions(BOT)
    retry(container, "again")
    assert refusal(container).retry_after == 60
    retry(container, "first")
    bot_api.answers("sendMessage", CALL)
    container.telegram.call("sendMessage", **CALL)


def test_a_table_that_is_away_costs_only_what_others_know(container: Container) -> None:
    def fail(*call: Any) -> None:
        raise container.module("errors").Unreachable("HTTP 500")

    container.watch_calls(fail)
    retry(container, "again")
    assert [refusal(container).retry_after for _ in range(2)] == [60, 60]


def test_only_the_last_chats_are_remembered(container: Container) -> None:
    limited = container.module("limited")
    for chat in range(100, 100 + limited.MOST):
        limited.note(f"{chat}", 60, container.telegram.limited)
    assert len(container.telegram.limited) == limited.MOST
    assert "42" not in container.telegram.limited
