"""Copies of a message, sent to many people no faster than Telegram lets a bot."""

import threading
import time

from botkit import telegram
from botkit.deadline import deadline
from botkit.errors import Misconfigured, TelegramError, Unreachable

RATE = 25  # copies a second: Telegram takes 30 messages, and the bot also answers people
THREADS = 5  # enough for RATE while Telegram answers within 0.2 s
PATIENCE_SECONDS = 10  # for an answer
MARGIN_SECONDS = 20  # before the deadline in which no copy is sent any more
MAX_PAUSE_SECONDS = 60  # between two tries while Telegram can't be reached


class Copies:
    """Sends copies, in several threads. None is sent before `ready`, a time of time.time()."""

    def __init__(self, chat, message, ready):
        self.message = {"from_chat_id": chat, "message_id": message}
        self.ready = ready
        self.pause = 1  # seconds, when a copy fails
        self.turn = threading.Lock()
        self.thread = threading.local()

    def send(self, person):
        """Send a copy, and return the result.

        "sent"; the person is "gone", or takes no such message ("refused"); the message can't be
        copied ("missing"); to be tried "again", and "unsure", which may have been sent
        nevertheless.
        """
        with self.turn:
            while (wait := self.ready - time.time()) > 0 and self.time_left() > 0:
                time.sleep(wait)
            if self.time_left() <= 0:
                return "again"
            self.ready = max(self.ready, time.time() + 1 / RATE)
        try:
            self.call("copyMessage", chat_id=person, **self.message)
        except (Misconfigured, Unreachable):
            self.back_off()
            return "unsure"
        except TelegramError as refusal:
            return self.result_of(refusal)
        self.pause = 1
        return "sent"

    def time_left(self):
        """Return for how many seconds copies can be sent in this step, negative if for none."""
        return deadline.left() - MARGIN_SECONDS - max(self.ready - time.time(), 0)

    def call(self, method, **params):
        """Make a call on the connection of this thread."""
        if not hasattr(self.thread, "client"):
            with self.turn:  # it may fetch the token, which only one thread may do at a time
                self.thread.client = telegram.client()
        return self.thread.client.post(method, params, PATIENCE_SECONDS)

    def result_of(self, refusal):
        if refusal.error_code == 429:
            self.ready = max(self.ready, time.time() + (refusal.retry_after or 1))
            return "again"
        if refusal.is_unauthorized:  # it was changed: the next step has the new one
            self.back_off()
            return "again"
        if refusal.error_code == 403 or "chat not found" in refusal.description:
            return "gone"
        is_missing = any(words in refusal.description for words in ("to copy", "be copied"))
        return "missing" if is_missing else "refused"

    def back_off(self):
        """Pause, longer each time. Copies that fail together make one pause."""
        now = time.time()
        if self.ready < now + 2 / RATE:
            self.ready, self.pause = now + self.pause, min(2 * self.pause, MAX_PAUSE_SECONDS)
