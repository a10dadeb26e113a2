"""Each update: its deliveries, the calls that answered it, and its queue."""

from __future__ import annotations

import time
from typing import Any

from telegram_stand_in import Bot, Call, Delivery, Json, Telegram, kind_of

from telegram_bot_aws.demo.feed import Feed
from telegram_bot_aws.demo.samples import chat_key
from telegram_bot_aws.local.container import Invocation

RETRIED = ("misconfigured", "throttled", "unreachable")  # outcomes, by a queue


class Traces:
    """A trace for each update, by its id.

    `acting_in` is the key of the chat that a person acts in, for updates that don't say it.
    """

    def __init__(self, telegram: Telegram, feed: Feed) -> None:
        self.by_update: dict[int, Json] = {}
        self.acting_in = ""
        self._telegram = telegram
        self._feed = feed
        self._under_way: dict[int, Delivery] = {}  # by number; until the queue's update is answered

    def begin(self, update: Json, bot: Bot) -> None:
        """Note an update for a bot, before it is on its way."""
        self.by_update[update["update_id"]] = trace = {
            "update": update,
            "tries": [],
            "wanted": bot.outbox.wants(update),
            "why_withheld": self._telegram.why_withheld(update, bot),
            "at": time.time(),
        }
        self._feed.tell("trace", trace)

    def chat_of(self, update: Json) -> str:
        """Return the key of the chat that an update is from."""
        return chat_key(self._chat_id(update)) or self.acting_in

    def _chat_id(self, update: Json) -> Any:
        content: Json = update[kind_of(update)]
        inline = content.get("inline_message_id", "")
        chat, _ = self._telegram.inline_messages.get(inline, (None, 0))
        message = content.get("message", content)
        return message.get("chat", {}).get("id", chat)

    def on_delivery(self, delivery: Delivery, invocation: Invocation) -> None:
        """Note that a delivery begins, or is over, with its invocation if that is known."""
        over = bool(delivery.status or delivery.error)
        with self._feed.lock:
            trace = self.by_update[delivery.update["update_id"]]
            tries = trace["tries"]
            if len(tries) < delivery.attempt:
                tries.append({"calls": [], "queue": []})
            this = tries[delivery.attempt - 1]
            this |= {
                "number": delivery.number,
                "attempt": delivery.attempt,
                "at": delivery.at,
                "over": over,
            }
            if not over:
                self._under_way[delivery.number] = delivery
            else:
                retry_at = None
                if delivery.next_try_in is not None:
                    retry_at = time.time() + delivery.next_try_in
                this |= {
                    "status": delivery.status,
                    "body": delivery.body,
                    "error": delivery.error,
                    "milliseconds": delivery.milliseconds,
                    "retry_at": retry_at,
                    **_about(invocation),
                }
                self._settle(this)
            self._feed.tell("trace", trace)

    def from_queue(self, invocation: Invocation) -> None:
        """Note that the function was invoked with an update from the queue."""
        with self._feed.lock:
            trace = self.by_update.get(invocation.outcome["update_id"])
            if trace is None:  # another program put it into the queue
                return
            this = trace["tries"][-1]
            this["queue"].append({**_about(invocation), "calls": len(this["calls"])})
            self._settle(this)
            self._feed.tell("trace", trace)

    def _settle(self, this: Json) -> None:
        """Expect no more calls of a try that is over, unless its update waits in a queue."""
        is_queued = this.get("outcome") == "queued"
        last = this["queue"][-1]["outcome"] if this["queue"] else RETRIED[0]
        if this["over"] and not (is_queued and last in RETRIED):
            self._under_way.pop(this["number"], None)

    def on_call(self, delivery: Delivery, shown: Json) -> None:
        """Note a call that answers a delivery."""
        trace = self.by_update[delivery.update["update_id"]]
        trace["tries"][delivery.attempt - 1]["calls"].append(shown)
        self._feed.tell("trace", trace)

    def cause(self, call: Call) -> Delivery | None:
        """Return the delivery under way in the call's chat or with its query, if there is one.

        Or else the only one of the bot: a call may be for any chat.
        """
        if call.delivery is not None:
            return next(d for d in self._telegram.deliveries if d.number == call.delivery)
        if "webhook" in call.method.lower():
            return None
        query = call.params.get("callback_query_id") or call.params.get("inline_query_id")
        chat = call.params.get("chat_id")  # compared: it may be a list, or anything
        under_way = [each for each in self._under_way.values() if each.bot == call.bot]
        for delivery in under_way:
            content = delivery.update[kind_of(delivery.update)]
            if query == content.get("id") if query else self._chat_id(delivery.update) == chat:
                return delivery
        return under_way[0] if len(under_way) == 1 else None


def _about(invocation: Invocation) -> Json:
    """Return what the page shows of an invocation."""
    details = {**vars(invocation), "logs": invocation.logs, "printed": invocation.printed}
    del details["event"]  # which has the webhook's secret
    return {
        "details": details,
        "failure": invocation.failure,
        "outcome": invocation.outcome.get("outcome"),
    }
