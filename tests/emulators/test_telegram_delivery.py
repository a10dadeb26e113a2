"""The stand-in's webhook: what it keeps, what it delivers there, and when it tries again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from emulators.telegram import Delivery, Json, Telegram
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.emulators.test_telegram_methods import (
    CHAT,
    KINDS,
    PACE,
    SECRET,
    TOKEN,
    accepted,
    call,
    refused,
    say,
    telegram,
)

__all__ = ["telegram"]  # a fixture


class Webhook:
    """The other end of deliveries: keeps what came, and answers as told."""

    def __init__(self, server: HTTPServer) -> None:
        self.came: list[tuple[Json, str | None]] = []  # each with the secret
        self.answer: Callable[[Json], Response] = lambda update: Response()
        self.url = server.url_for("/telegram").replace("localhost", "127.0.0.1")
        server.expect_request("/telegram", method="POST").respond_with_handler(self._take)

    def _take(self, request: Request) -> Response:
        update = request.get_json()
        self.came.append((update, request.headers.get("X-Telegram-Bot-Api-Secret-Token")))
        return self.answer(update)


@pytest.fixture
def webhook(httpserver: HTTPServer, telegram: Telegram) -> Webhook:
    webhook = Webhook(httpserver)
    accepted(telegram, "setWebhook", url=webhook.url, secret_token=SECRET)
    return webhook


def delivered(telegram: Telegram) -> None:
    telegram.wait(lambda: not telegram.pending())


def failures(telegram: Telegram, count: int) -> list[Delivery]:
    """Return the first deliveries that failed, once there are so many."""

    def failed() -> list[Delivery]:
        return [d for d in telegram.deliveries if d.next_try_in is not None]

    telegram.wait(lambda: len(failed()) >= count)
    return failed()[:count]


BY_DEFAULT = ["message", "edited_message"]
BY_NAME = ["message", "chat_member"]


@pytest.mark.parametrize(
    ("asked", "kinds"), [(None, BY_DEFAULT), ([], BY_DEFAULT), (BY_NAME, BY_NAME)]
)
def test_updates_are_of_the_kinds_asked_for(
    telegram: Telegram, webhook: Webhook, asked: list[str] | None, kinds: list[str]
) -> None:
    accepted(telegram, "setWebhook", url=webhook.url, allowed_updates=asked)
    for kind in [*BY_DEFAULT, "chat_member", "message_reaction", "message_reaction_count"]:
        telegram.send({kind: {"chat": {"id": CHAT}, "message_id": 2}})
    delivered(telegram)
    assert [list(update)[1] for update, _ in webhook.came] == kinds


def test_the_webhook_is_kept(telegram: Telegram, webhook: Webhook) -> None:
    info = {"url": webhook.url, "has_custom_certificate": False, "pending_update_count": 0}
    assert accepted(telegram, "getWebhookInfo") == {**info, "max_connections": 40}
    say(telegram, "hello")
    delivered(telegram)
    assert [secret for _, secret in webhook.came] == [SECRET]
    description = (
        "Conflict: can't use getUpdates method while webhook is active; "
        "use deleteWebhook to delete the webhook first"
    )
    assert call(telegram, "getUpdates") == refused(409, description)


@pytest.mark.parametrize("params", [None, {"url": ""}, {}], ids=["deleted", "empty", "none"])
def test_the_webhook_is_removed(telegram: Telegram, webhook: Webhook, params: Json | None) -> None:
    accepted(telegram, "deleteWebhook" if params is None else "setWebhook", **(params or {}))
    assert accepted(telegram, "getWebhookInfo")["url"] == ""
    say(telegram, "hello")
    assert len(accepted(telegram, "getUpdates")) == 1
    accepted(telegram, "setWebhook", url=webhook.url)
    delivered(telegram)
    assert [secret for _, secret in webhook.came] == [None], "it is not kept"


def test_the_kinds_stay_until_others_are_asked_for(telegram: Telegram) -> None:
    hook = {"url": "https://example.org"}
    accepted(telegram, "setWebhook", **hook, **KINDS)
    for method in ("setWebhook", "deleteWebhook", "setWebhook"):
        accepted(telegram, method, **hook)
        assert accepted(telegram, "getWebhookInfo")["allowed_updates"] == ["message"]
    accepted(telegram, "setWebhook", **hook, allowed_updates=[])
    assert "allowed_updates" not in accepted(telegram, "getWebhookInfo")


def test_a_webhook_that_is_gone_is_dropped(telegram: Telegram, webhook: Webhook) -> None:
    webhook.answer = lambda update: Response(status=410)
    say(telegram, "hello")
    telegram.wait(lambda: not telegram.webhook["url"])
    assert accepted(telegram, "getWebhookInfo")["pending_update_count"] == 1


def test_order_is_kept_within_a_chat_alone(telegram: Telegram, webhook: Webhook) -> None:
    failing = [1]  # chats
    webhook.answer = lambda update: Response(
        status=503 if update["message"]["chat"]["id"] in failing else 200
    )
    for text, chat in (("one", 1), ("two", 1), ("other", 2), ("another", 2)):
        say(telegram, text, chat)
    failures(telegram, 3)
    telegram.wait(lambda: telegram.pending() == 2)
    failing.clear()
    delivered(telegram)
    assert telegram.deliveries[-1].attempt == 1, "each update's tries are its own"
    tries = [(d.update["message"]["text"], d.status) for d in telegram.deliveries]
    assert {text for text, status in tries if status == 503} == {"one"}
    taken = [text for text, status in tries if status == 200]
    assert [text for text in taken if "other" in text] == ["other", "another"]
    assert [text for text in taken if "other" not in text] == ["one", "two"]


PAUSES: dict[str, tuple[list[str | None], list[int]]] = {
    "no wish": ([None] * 9, [0, 2, 4, 8, 16, 32, 64, 120, 120]),
    **{wish: ([None, wish, None], [0, int(wish), 4]) for wish in ("0", "7")},
    "3600": ([None, "3600"], [0, 3600]),
    **{wish[:4]: ([None, wish], [0, 2]) for wish in ("3601", "-1", "soon", "9" * 5000)},
}


@pytest.mark.parametrize(("wishes", "pauses"), PAUSES.values(), ids=PAUSES)
def test_the_pauses(
    telegram: Telegram, webhook: Webhook, wishes: list[str | None], pauses: list[int]
) -> None:
    """At once, then doubled each time; a Retry-After is honoured, if it is one of Telegram's."""
    answers = iter([Response(status=503, headers={"Retry-After": w} if w else {}) for w in wishes])
    webhook.answer = lambda update: next(answers, Response())
    say(telegram, "hello")
    failed = failures(telegram, len(pauses))
    assert [d.attempt for d in failed] == list(range(1, len(pauses) + 1))
    seconds = [d.next_try_in / PACE for d in failed if d.next_try_in is not None]
    assert seconds == pytest.approx(pauses)


def test_it_never_tires() -> None:
    answers = iter([503] * 1100)
    telegram = Telegram(TOKEN, pace=0, deliver=lambda *_: (next(answers, 200), {}, ""))
    telegram.answer("setWebhook", {"url": "https://example.org"})
    say(telegram, "hello")
    delivered(telegram)
    telegram.stop()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "https://a..example"])
def test_a_webhook_that_cannot_be_reached(telegram: Telegram, url: str) -> None:
    accepted(telegram, "setWebhook", url=url)
    say(telegram, "hello")
    for delivery in failures(telegram, 2):
        assert delivery.error.startswith("Connection failed: ")


BODIES = [
    ('{"method": "SendMessage", "chat_id": 4242, "text": "hello"}', [200]),
    ('{"method": "sendMessage", "chat_id": 4242, "reply_markup": {"inline_keyboard": [7]}}', [400]),
    ('{"method": "x"}', [404]),
    *((body, []) for body in ("ok", "", '["method"]', "{}", '{"method": 7}', "[" * 100_000)),
]


@pytest.mark.parametrize(("body", "statuses"), BODIES, ids=range(9))
def test_a_call_in_a_webhooks_answer(
    telegram: Telegram, webhook: Webhook, body: str, statuses: list[int]
) -> None:
    webhook.answer = lambda update: Response(body)
    before = len(telegram.calls)
    for text in ("hello", "and the next"):
        say(telegram, text)
        delivered(telegram)
    assert [call.status for call in telegram.calls[before:]] == statuses * 2
