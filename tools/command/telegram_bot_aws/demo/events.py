"""The events that AWS's services, schedules and the page's box send to the bots."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any

from telegram_stand_in import Call, Json

from telegram_bot_aws.demo.bots import Bots
from telegram_bot_aws.demo.deployments import Hosted
from telegram_bot_aws.demo.entries import Entries
from telegram_bot_aws.demo.errors import InvalidRequest
from telegram_bot_aws.demo.feed import Feed
from telegram_bot_aws.demo.setup import Setup
from telegram_bot_aws.local.container import Invocation


def read_event(text: str) -> Any:
    """Return an event that is given as JSON. Raises InvalidRequest."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidRequest(f"An event is JSON: {error}") from None


class Events:
    """The events, each with an id ("event 1"), its invocation, and the calls made for it."""

    def __init__(self, feed: Feed, setup: Setup, bots: Bots, entries: Entries) -> None:
        self.all: list[Json] = []
        self._feed = feed
        self._setup = setup
        self._bots = bots
        self._entries = entries
        self._numbers = itertools.count(1)

    def send(self, event: str, bot: int = 0) -> Json:
        """Send an event, given as JSON, to a bot's function. Returns its id."""
        content = read_event(event)
        of = self._bots.get(bot)
        self._setup.refresh()
        shown = self._add(of.id, content)
        self._over(shown, self._setup.send_event(of, content))
        return {"id": shown["id"]}

    def came(self, hosted: Hosted, invocation: Invocation) -> None:
        """Note an event that a service sent, after it was handled: the calls came before."""
        bot = int(hosted.token.partition(":")[0])
        with self._feed.lock:
            shown = self._add(bot, invocation.event)
            for method in reversed(invocation.outcome.get("methods", [])):
                if call := self._setup.claim(bot, method):
                    shown["calls"].insert(0, call)
                    self._entries.claim(call, shown["id"])
            self._over(shown, invocation)

    def cause(self, call: Call) -> Json | None:
        """Return the event from the box that a call was made for, if one is under way."""
        known = [each for each in self.all if each["bot"] == call.bot and not each["over"]]
        return known[-1] if known else None

    def on_call(self, cause: Json, shown: Json) -> None:
        """Note a call that was made for an event."""
        cause["calls"].append(shown)
        self._feed.tell("service", cause)

    def _add(self, bot: int, event: Any) -> Json:
        with self._feed.lock:
            shown: Json = {
                "id": f"event {next(self._numbers)}",
                "bot": bot,
                "event": event,
                "at": time.time(),
                "over": False,
                "calls": [],
            }
            self.all.append(shown)
            self._feed.tell("service", shown)
        return shown

    def _over(self, shown: Json, invocation: Invocation) -> None:
        with self._feed.lock:
            details = invocation.as_json()
            shown.update(details=details, failure=invocation.failure, over=True)
            self._feed.tell("service", shown)
