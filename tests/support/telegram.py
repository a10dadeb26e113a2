"""A Telegram that fails, and what people send."""

import random
from collections import Counter

from telegram_stand_in import FAULTS, Fault, Telegram

TOKEN = "1234567890:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi"
OTHER_TOKEN = "1234567890:BBbbCCccDDddEEeeFFffGGggHHhhIIiiJJj"
CHAT = 4242


def say(telegram, text, chat=CHAT):
    telegram.send(telegram.message(text, chat={"id": chat, "type": "private"}))


class FailingTelegram(Telegram):
    """A Telegram at which three calls of ten fail, some of them after they were carried out.

    The seed, the message and the try decide, so the order of threads makes no difference. The
    stand-in's own list of faults goes by the order of calls.
    """

    def __init__(self, token, seed, **options):
        super().__init__(token, **options)
        self.seed = seed
        self.failing = 0.3
        self.tries = Counter()

    def answer(self, method, params, delivery=None, **more):
        text = params.get("text", "")
        self.tries[text] += 1
        chance = random.Random(f"{self.seed} {text} {self.tries[text]}")
        if text and chance.random() < self.failing:
            # A bot leaves the chat alone until the last second, and here retries take no time.
            told = "Too Many Requests: retry after 1"
            limited = Fault("refuse", 1, 429, told, {"retry_after": 1})
            unknown = Fault("refuse", code=401, description="Unauthorized")
            kinds = limited, FAULTS["500"](1), unknown, FAULTS["lost"](1)
            self.faults.append(chance.choice(kinds))
        return super().answer(method, params, delivery, **more)


def files(telegram):
    """Return the names and contents of all files that were sent, in order."""
    return [(file.name, file.data) for file in telegram.files.by_id.values()]


def said(call):
    """Return the text that a call of the tests' bot answers."""
    return str(call.params["text"]).removeprefix("Heard: ")
