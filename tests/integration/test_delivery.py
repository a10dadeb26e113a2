"""Delivery as a whole: each of a thousand messages in fifty chats is answered, in order.

The stand-in delivers as Telegram does: in order per chat, with retries, in compressed time. Three
calls of ten fail, some of them after they were carried out, and some of the function's own answers
are lost. Only a message with a lost answer may be answered twice.

The result must not depend on the clock, since a busy machine would lose more. So the function has
an hour for each update, and the stand-in keeps updates for ever.
"""

import itertools
import json
import random
import threading
from collections import Counter

from telegram_stand_in import FAULTS, Fault, Server, Telegram

from tests.support.stubs import SECRET, TOKEN, request
from tests.support.telegram import said

SEED = 20260101
CHATS, MESSAGES = 50, 1000
PACE = 0.001  # of Telegram's seconds
UNHEARD = 0.05  # share of the function's 200s that are lost
HOUR = 3_600_000  # milliseconds


class FailingTelegram(Telegram):
    """A Telegram at which three calls of ten fail, some of them after they were carried out.

    The seed, the message and the try decide, so the order of threads makes no difference. The
    stand-in's own list of faults goes by the order of calls.
    """

    def __init__(self, token, seed, **options):
        super().__init__(token, **options)
        self.seed = seed
        self.tries = Counter()

    def answer(self, method, params, delivery=None, **more):
        text = params.get("text", "")
        self.tries[text] += 1
        chance = random.Random(f"{self.seed} {text} {self.tries[text]}")
        if text and chance.random() < 0.3:
            # A bot leaves the chat alone until the last second, and here retries take no time.
            told = "Too Many Requests: retry after 1"
            limited = Fault("refuse", 1, 429, told, {"retry_after": 1})
            unknown = Fault("refuse", code=401, description="Unauthorized")
            kinds = limited, FAULTS["500"](1), unknown, FAULTS["lost"](1)
            self.faults.append(chance.choice(kinds))
        return super().answer(method, params, delivery, **more)


class Webhook:
    """The function behind the webhook: one container at a time, replaced now and then."""

    def __init__(self, new_container):
        self.unheard = Counter()  # update ids whose 200 was lost
        self.met_another = Counter()  # of those, redelivered to a new container
        self._new_container = new_container
        self._container = self._started()
        self._answered = set()  # by this container, or by one before it
        self._answered_here = set()
        self._one_at_a_time = threading.Lock()

    def _started(self):
        container = self._new_container()
        container.handler.TIMES["webhook"] = (HOUR / 1000, 1.0)
        # On a busy machine, any number of other updates may come before a redelivery.
        container.module("pipeline").recent._most = MESSAGES
        return container

    def deliver(self, url, headers, body):
        """Take a delivery as API Gateway does. Raises OSError where the answer is lost."""
        update_id = json.loads(body)["update_id"]
        with self._one_at_a_time:
            if update_id in self._answered - self._answered_here:
                self.met_another[update_id] += 1
                self._answered.discard(update_id)
            lower = {name.lower(): value for name, value in headers.items()}
            answer = self._container.invoke(request(body.decode(), headers=lower), HOUR)
            if answer["statusCode"] == 200:
                self._answered.add(update_id)
                self._answered_here.add(update_id)
                chance = random.Random(f"{SEED} {update_id} {self.unheard[update_id]}")
                if chance.random() < UNHEARD:
                    self.unheard[update_id] += 1
                    if chance.random() < 0.2:
                        self._container = self._started()
                        self._answered_here = set()
                    raise OSError("the 200 was lost")
        return answer["statusCode"], answer["headers"], answer["body"]


def test_every_message_is_answered_in_order(start):
    telegram = FailingTelegram(TOKEN, SEED, pace=PACE)
    telegram.bot.outbox.keeps = float("inf")
    with Server(telegram) as server:
        webhook = Webhook(lambda: start(server.url))
        telegram.deliver = webhook.deliver
        sent = {}
        ids = {}
        for number in range(MESSAGES):
            chat, text = 1 + number % CHATS, f"message {number}"
            update = telegram.message(text, chat={"id": chat, "type": "private", "first_name": "A"})
            ids[text] = telegram.send(update)
            sent.setdefault(chat, []).append(text)
        hook = {"url": "https://bot.example/telegram", "secret_token": SECRET}
        assert telegram.answer("setWebhook", hook).status == 200
        telegram.wait(lambda: not telegram.pending(), timeout=600)

    carried_out = [call for call in telegram.calls if call.status == 200 and "text" in call.params]
    answers = {}
    for call in carried_out:
        answers.setdefault(call.params["chat_id"], []).append(said(call))

    # Every message is answered, and the order is kept within a chat.
    assert answers.keys() == sent.keys()
    for chat, texts in answers.items():
        assert [text for text, _ in itertools.groupby(texts)] == sent[chat]

    # Only an update whose answer was lost, Telegram's or the function's, is answered again.
    lost = Counter(said(call) for call in carried_out if call.fault == "lost")
    expected = Counter({text: 1 + lost[text] + webhook.met_another[ids[text]] for text in ids})
    assert Counter(text for texts in answers.values() for text in texts) == expected

    # All of these happened: calls failed, some after they were carried out, and 200s were lost.
    failed = [call for call in telegram.calls if call.fault]
    assert 0.25 < len(failed) / len(telegram.calls) < 0.35
    assert {call.status for call in failed} == {200, 401, 429, 500}
    assert sum(lost.values()) > 50
    assert sum(webhook.met_another.values()) >= 5
    assert sum(webhook.unheard.values()) >= sum(webhook.met_another.values()) + 5
    statuses = Counter(delivery.status for delivery in telegram.deliveries)
    assert set(statuses) == {0, 200, 503}
    assert statuses[200] == MESSAGES
