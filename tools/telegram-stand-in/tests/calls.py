"""Calls to the stand-in, as a bot makes them, and what people send."""

import struct

from telegram_stand_in import Stage
from telegram_stand_in.bot_api import conform
from telegram_stand_in.files import Upload

TOKEN = "1234567890:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi"
OTHER_TOKEN = "1234567890:BBbbCCccDDddEEeeFFffGGggHHhhIIiiJJj"
PACE = 0.001  # of Telegram's seconds
CHAT = 4242
SECRET = "s" * 256

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 20, 10)  # no more is read
UPLOADS = {"file": Upload("a.png", "image/png", PNG), "none": Upload("a.png", "image/png", b"")}
UPLOADS["text"] = Upload("a.txt", "text/plain", b"text")


def make(telegram, method, **params):
    return telegram.answer(method, {"chat_id": CHAT, **params}, uploads=UPLOADS)


def done(telegram, method, **params):
    """Make a call that must succeed, and return its result."""
    call = make(telegram, method, **params)
    assert call.status == 200, call.answer
    return call.answer["result"]


def error(telegram, method, **params):
    """Make a call that must be refused, and return why."""
    call = make(telegram, method, **params)
    assert (call.status, call.changes) == (400, [])
    return str(call.answer["description"]).removeprefix("Bad Request: ")


def updates(telegram):
    """Return the updates that wait, without their ids; each as it is documented."""
    waiting = telegram.answer("getUpdates", {}).answer["result"]
    for update in waiting:
        hints = []
        conform("Update", update, hints)
        assert hints == []
    if waiting:
        telegram.answer("getUpdates", {"offset": waiting[-1]["update_id"] + 1})
    return [{k: v for k, v in update.items() if k != "update_id"} for update in waiting]


def say(telegram, text, chat=CHAT):
    telegram.send(telegram.message(text, chat={"id": chat, "type": "private"}))


class Played(Stage):
    """A stage with a bot that keeps each update, and makes the calls that a test gives it."""

    def __init__(self):
        super().__init__(self.take)
        self.updates = []
        self.replies = lambda update: []

    def take(self, updates):
        for update in updates:
            self.updates.append(update)
            for call in self.replies(update):
                self.call(**call)

    def call(self, method, **params):
        """Make a call, and return its result, or why it is refused."""
        answer = self.telegram.answer(method, params, uploads=UPLOADS).answer
        return answer["result"] if answer.get("ok") else answer.get("description")

    def asks_for(self, *kinds):
        self.telegram.bot.outbox.info["allowed_updates"] = [*kinds]

    def took(self, kind):
        """Return the content of the next update, which must be of a kind."""
        self.settle()
        return self.updates.pop(0)[kind]

    @property
    def last(self):
        return {name: value for name, value in self.updates[-1].items() if name != "update_id"}
