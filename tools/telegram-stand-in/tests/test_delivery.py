"""The stand-in's webhook: what it keeps, what it delivers there, and when it tries again."""

import json
import threading

import pytest

from telegram_stand_in import ADA, GRACE, Telegram
from telegram_stand_in.delivery import line_of
from tests.calls import CHAT, PACE, SECRET, TOKEN, done, make, say

FIRST = {"message_id": 9, "date": 1}
KINDS = {"allowed_updates": ["message"]}
OK = 200, {}, ""


class Webhook:
    """The other end of deliveries: keeps what came, and answers as told."""

    def __init__(self, telegram):
        self.came = []  # each with the secret
        self.answer = lambda update: OK
        self.url = "https://example.org/telegram"
        self.changed = telegram.changed
        telegram.deliver = self._take

    def _take(self, url, headers, body):
        update = json.loads(body)
        with self.changed:
            self.came.append((update, headers.get("X-Telegram-Bot-Api-Secret-Token")))
            self.changed.notify_all()
        return self.answer(update)


@pytest.fixture
def webhook(telegram):
    webhook = Webhook(telegram)
    done(telegram, "setWebhook", url=webhook.url, secret_token=SECRET)
    return webhook


def delivered(telegram):
    telegram.wait(lambda: not telegram.pending())


def failures(telegram, count):
    """Return the first deliveries that failed, once there are so many."""

    def failed():
        return [d for d in telegram.deliveries if d.next_try_in is not None]

    telegram.wait(lambda: len(failed()) >= count)
    return failed()[:count]


BY_DEFAULT = ["message", "edited_message", "whistle"]  # the last is of a newer Bot API
BY_NAME = ["message", "whistle", "chat_member"]


@pytest.mark.parametrize(
    ("asked", "kinds"), [(None, BY_DEFAULT), ([], BY_DEFAULT), (BY_NAME, BY_NAME)]
)
def test_updates_are_of_the_kinds_asked_for(telegram, webhook, asked, kinds):
    done(telegram, "setWebhook", url=webhook.url, allowed_updates=asked)
    for kind in [*BY_DEFAULT, "chat_member", "message_reaction", "message_reaction_count"]:
        telegram.send({kind: {"chat": {"id": CHAT}, "message_id": 2}})
    delivered(telegram)
    assert {list(update)[1] for update, _ in webhook.came} == set(kinds)


def test_the_webhook_is_kept(telegram, webhook):
    info = {"url": webhook.url, "has_custom_certificate": False, "pending_update_count": 0}
    assert done(telegram, "getWebhookInfo") == {**info, "max_connections": 40}
    say(telegram, "hello")
    delivered(telegram)
    assert [secret for _, secret in webhook.came] == [SECRET]
    description = (
        "Conflict: can't use getUpdates method while webhook is active; "
        "use deleteWebhook to delete the webhook first"
    )
    made = make(telegram, "getUpdates")
    assert (made.status, made.answer["description"]) == (409, description)


@pytest.mark.parametrize("params", [None, {"url": ""}, {}], ids=["deleted", "empty", "none"])
def test_the_webhook_is_removed(telegram, webhook, params):
    done(telegram, "deleteWebhook" if params is None else "setWebhook", **(params or {}))
    assert done(telegram, "getWebhookInfo")["url"] == ""
    say(telegram, "hello")
    assert len(done(telegram, "getUpdates")) == 1
    done(telegram, "setWebhook", url=webhook.url)
    delivered(telegram)
    assert [secret for _, secret in webhook.came] == [None], "it is not kept"


def test_the_kinds_stay_until_others_are_asked_for(telegram):
    hook = {"url": "https://example.org"}
    done(telegram, "setWebhook", **hook, **KINDS)
    for method in ("setWebhook", "deleteWebhook", "setWebhook"):
        done(telegram, method, **hook)
        assert done(telegram, "getWebhookInfo")["allowed_updates"] == ["message"]
    done(telegram, "setWebhook", **hook, allowed_updates=[])
    assert "allowed_updates" not in done(telegram, "getWebhookInfo")


def test_order_is_kept_only_within_a_chat(telegram, webhook):
    failing = [1]  # chats
    failed = 503, {}, ""
    webhook.answer = lambda update: failed if update["message"]["chat"]["id"] in failing else OK
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


PLACE = {"chat": {"id": CHAT}, "from": GRACE}
TOGETHER = {
    "messages of a chat": ({"message": PLACE}, {"edited_message": PLACE}, True),
    "a checkout and a message": ({"message": PLACE}, {"pre_checkout_query": PLACE}, False),
    "two checkouts": ({"pre_checkout_query": PLACE}, {"pre_checkout_query": PLACE}, True),
    "those of two people": (
        {"pre_checkout_query": PLACE},
        {"pre_checkout_query": {"from": ADA}},
        False,
    ),
    "reactions of two people": (
        {"message_reaction": {"chat": {"id": CHAT}, "user": GRACE}},
        {"message_reaction": {"chat": {"id": CHAT}, "user": ADA}},
        True,
    ),
    "a vote and its poll": ({"poll_answer": {"poll_id": "1"}}, {"poll": {"id": "1"}}, True),
    "a stop button": ({"message": PLACE}, {"stopped_message_generation": PLACE}, False),
}


@pytest.mark.parametrize(("one", "other", "together"), TOGETHER.values(), ids=TOGETHER)
def test_updates_wait_in_the_same_line(one, other, together):
    """As the server's source has it; newer kinds by analogy."""
    assert (line_of(one) == line_of(other)) == together


DOUBLED = [0, 2, 4, 8, 16, 32]
PAUSES = {
    "no wish": ([None] * 6, DOUBLED),
    "7": ([None, "7", None], [0, 7, 2]),
    "at first": (["7", None], [7, 2]),
    "3600": ([None, "3600"], [0, 3600]),
    "3601": ([None, "3601"], [0, 3600]),
    **{wish[:4]: ([None, wish], [0, 2]) for wish in ("0", "-1", "soon", "9" * 5000)},
}


@pytest.mark.parametrize(("wishes", "pauses"), PAUSES.values(), ids=PAUSES)
def test_the_pauses(telegram, webhook, wishes, pauses):
    """At once, then doubled each time; a Retry-After is honoured, and doubles nothing."""
    answers = iter([(503, {"retry-after": wish} if wish else {}, "") for wish in wishes])
    webhook.answer = lambda update: next(answers, OK)
    say(telegram, "hello")
    failed = failures(telegram, len(pauses))
    assert [d.attempt for d in failed] == list(range(1, len(pauses) + 1))
    seconds = [d.next_try_in / PACE for d in failed if d.next_try_in is not None]
    assert seconds == pytest.approx(pauses)


# A wish for a pause, and whether the update is still kept when it is over. By far, where it is: the
# clock runs while a busy machine delivers it.
KEPT = [
    ("message", 3600, True),
    ("callback_query", 90, True),
    ("callback_query", 151, False),
    ("inline_query", 5, True),
    ("inline_query", 31, False),
    ("pre_checkout_query", 151, False),
]


@pytest.mark.parametrize(("kind", "wish", "is_kept"), KEPT)
def test_an_update_is_kept_for_its_time(kind, wish, is_kept):
    telegram = Telegram(TOKEN, deliver=lambda *_: (503, {"retry-after": f"{wish}"}, ""))
    telegram.answer("setWebhook", {"url": "https://example.org"})
    telegram.send({kind: {"id": "1", "from": telegram.bot.user, "chat": {"id": CHAT}, **FIRST}})
    delivery = telegram.wait(
        lambda: next((d for d in telegram.deliveries if d.expired or d.next_try_in), None)
    )
    assert (delivery.expired, delivery.next_try_in) == (not is_kept, wish if is_kept else None)
    telegram.wait(lambda: telegram.pending() == is_kept)
    telegram.stop()


def test_a_message_is_given_up_after_a_day():
    answer = (503, {"retry-after": "3600"}, "")
    telegram = Telegram(TOKEN, pace=1e-5, deliver=lambda *_: answer)
    telegram.answer("setWebhook", {"url": "https://example.org"})
    say(telegram, "hello")
    delivered(telegram)
    telegram.stop()
    assert [d.expired for d in telegram.deliveries].index(True) == 23


def test_an_update_is_posted_as_json(telegram):
    """Here, to the stand-in itself."""
    done(telegram, "setWebhook", url=f"{telegram.url}/bot{TOKEN}/getMe")
    say(telegram, "hello")
    delivered(telegram)
    assert telegram.calls[-1].params["message"]["text"] == "hello"
    [delivery] = telegram.deliveries
    assert (delivery.status, delivery.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "https://a..example", "https://a b/"])
def test_a_webhook_that_cannot_be_reached(telegram, url):
    done(telegram, "setWebhook", url=url)
    say(telegram, "hello")
    for delivery in failures(telegram, 2):
        assert delivery.error.startswith("Connection failed: ")


NOT_2XX = [(503, '{"message":"Service Unavailable"}'), (429, '{"message":"Too Many Requests"}')]
NOT_2XX += [(413, '{"message":"Request Too Long"}'), (302, ""), (401, '{"method": "sendMessage"}')]


@pytest.mark.parametrize(("status", "body"), NOT_2XX)
def test_other_status_than_2xx_is_retried(telegram, webhook, status, body):
    """API Gateway's own answers among them: no body of one is a call."""
    answers = iter([(status, {}, body)])
    webhook.answer = lambda update: next(answers, OK)
    before = len(telegram.calls)
    say(telegram, "hello")
    delivered(telegram)
    assert [(d.status, d.body) for d in telegram.deliveries] == [(status, body), (200, "")]
    assert len(telegram.calls) == before
    info = done(telegram, "getWebhookInfo")
    assert info["last_error_message"] == f"Wrong response from the webhook: {status}"


def test_only_so_many_connections_are_open(telegram, webhook):
    done(telegram, "setWebhook", url=webhook.url, max_connections=2)
    may_end = threading.Event()
    webhook.answer = lambda update: may_end.wait(60) and OK
    for chat in (1, 2, 3):
        say(telegram, "hello", chat)
    telegram.wait(lambda: len(webhook.came) == 2)
    assert telegram.bot.outbox._connections == 2
    may_end.set()
    delivered(telegram)
    assert len(webhook.came) == 3


NO_CALLS = ("ok", "", '["method"]', "{}", '{"method": 7}', '{"method": ""}', "[" * 100_000)
NOT_FROM_HERE = ("getMe", "setWebhook", "DeleteWebhook", "close", "logOut")
BODIES = [
    ('{"method": "SendMessage", "chat_id": 4242, "text": "hello"}', [200]),
    ('{"method": "sendMessage", "chat_id": 4242, "reply_markup": {"inline_keyboard": [7]}}', [400]),
    ('{"method": "x"}', [404]),
    *((body, []) for body in NO_CALLS),
    *((f'{{"method": "{name}"}}', []) for name in NOT_FROM_HERE),
]


@pytest.mark.parametrize(("body", "statuses"), BODIES, ids=range(len(BODIES)))
def test_a_call_in_a_webhooks_answer(telegram, webhook, body, statuses):
    webhook.answer = lambda update: (200, {}, body)
    before = len(telegram.calls)
    for text in ("hello", "and the next"):
        say(telegram, text)
        delivered(telegram)
    assert [call.status for call in telegram.calls[before:]] == statuses * 2
