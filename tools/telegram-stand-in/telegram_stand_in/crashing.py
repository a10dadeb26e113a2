"""A Bot API server that kills its bot at one moment of a test, and starts it again."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .bot_api import Json, method_named, parsed
from .crashes import AFTER, BEFORE, CONFIRMED, Moment, Run, Said
from .delivery import post
from .stand_in import Call, name_of
from .testing import BotApi, _kill
from .words import latest, said, text_of

# Calls of a bot that begins. They show nothing.
BEGINNING = ("deleteWebhook", "getMe", "getWebhookInfo", "setWebhook")
# Of what people see, what a bot may leave out when it begins again.
PASSING = ("action", "draft")
# Seconds within which a bot that doesn't wait for its call confirms the update: as many as its
# longest pause, on a machine that may be busy, but from and to these.
HOLD = (0.5, 5.0)
MIN_PAUSE_SECONDS = 1.0  # seconds without a call, after which a bot has no more to say
PACE = 0.1  # of the pauses before a webhook's retries


class CrashingBotApi(BotApi):
    """A Bot API server that kills the bot at a run's moment, and starts it again."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        self.telegram.deliver = self._deliver
        self.telegram.bot.outbox._pace = PACE
        self._server.carry_out = self._serve
        self._command: tuple[str | Path, ...] = ()
        self._environment: dict[str, str] = {}
        self._numbers: Counter[tuple[str, Any]] = Counter()
        self._in_flight: list[Said] = []
        self._event_at = time.monotonic()

    def start(self, *command: str | Path, **environment: str) -> subprocess.Popen[bytes]:
        self.run.starts += 1
        self._command, self._environment = command, environment
        self._event()
        return super().start(*command, **environment)

    def before_action(self) -> None:
        """Wait until the bot has taken what came before: else a crash would depend on luck."""
        super().before_action()
        with self.telegram.changed:
            taken = lambda: not self.telegram.pending() or self.failed()  # noqa: E731
            self.until(taken, 2 * self._longest_pause())

    def wait_for(self, found: Callable[[], Any], timeout: float | None) -> Any:
        if timeout is None and self.run.happened:  # the bot had to begin again
            timeout = self.patience + self._longest_pause()
        return super().wait_for(found, timeout)

    def finish(self) -> None:
        """Wait until nothing waits, and keep what came of the run."""
        run, telegram = self.run, self.telegram
        with telegram.changed:
            self.until(self._is_over, self.patience)
            self._look()
            run.refused = [
                f"{call.method} was refused: {call.answer['description']}"
                for call in telegram.calls
                if call.status >= 400
            ]
            run.ended = self._has_ended()
            run.transcript = "\n".join(latest(self.lines()))

    def _look(self) -> None:
        self.run.said = [said for call in self.telegram.calls for said in self._said(call)]

    def _is_over(self) -> bool:
        run = self.run
        if run.happened and run.reference and not self.telegram.pending():
            self._look()
            if not run.reference.compared() - run.compared():
                return True
        return bool(self._has_ended()) or self._is_quiet()

    # What a wait looks at.

    def failed(self) -> str:
        if ended := self._has_ended():
            return ended
        is_lost = self.run.happened and self._is_quiet()
        return "no update waits, and the bot says no more" if is_lost else ""

    def _has_ended(self) -> str:
        code = self._started[-1].poll() if self._started else None
        return "" if code is None else f"the bot has ended, with exit code {code}"

    def _is_quiet(self) -> bool:
        since = time.monotonic() - self._event_at
        return since > self._longest_pause() and not self.telegram.pending()

    def _longest_pause(self) -> float:
        """Return how long a bot may say nothing, as it was in a run without a crash."""
        return min(MIN_PAUSE_SECONDS + 3 * self._pause(), self.patience)

    def _pause(self) -> float:
        return self.run.reference.pause if self.run.reference else self.run.pause

    def _event(self) -> None:
        now = time.monotonic()
        if self.run.starts:
            self.run.pause = max(self.run.pause, now - self._event_at)
        self._event_at = now

    # The bot's calls and confirmations.

    def _serve(self, connection: socket.socket, method: str, params: Json, **more: Any) -> Call:
        method = method_named(method) or method
        if method in BEGINNING:
            return self.telegram.answer(method, params, **more)
        with self.telegram.changed:
            self._check_client(connection)
            if method != "getUpdates":
                return self._call(connection, method, params, **more)
            self._poll(params.get("offset"))
        return self.telegram.answer(method, params, **more)

    def _poll(self, offset: Any) -> None:
        """Forget what getUpdates confirms, before the bot may be killed."""
        outbox = self.telegram.bot.outbox
        waiting = outbox.waiting(0) if isinstance(offset, int) and not outbox.info["url"] else []
        if taken := [update for update in waiting if update["update_id"] < offset]:
            outbox.waiting(offset)
            self._confirm(taken[-1])

    def _call(self, connection: socket.socket, method: str, params: Json, **more: Any) -> Call:
        self._event()
        run = self.run
        before, after = self._moments(method, params)
        run.moments += before, after
        is_here = run.moment in (before, after) and not run.happened
        if is_here:  # a bot that doesn't wait for its call may confirm the update meanwhile
            is_confirmed = lambda: not self.telegram.pending()  # noqa: E731
            self.until(is_confirmed, min(max(HOLD[0], self._pause()), HOLD[1]))
        if is_here and run.moment == before:
            self._crash()
            raise ConnectionError("the client was killed")
        self._check_client(connection)
        call = self.telegram.answer(method, params, **more)
        self._hide_again(call)
        if is_here and run.moment == after:
            self._in_flight = self._said(call)
            self._crash()
        self._event()
        return call

    def _moments(self, method: str, params: Json) -> tuple[Moment, Moment]:
        query = next((params[name] for name in params if name.endswith("query_id")), "")
        chat: Any = params.get("chat_id") or self.bot.askers.get(query)
        if re.fullmatch("-?[0-9]{1,18}", f"{chat}", re.ASCII):
            chat = int(chat)  # a form has strings
        self._numbers[method, chat] += 1
        about = (method, chat, self._numbers[method, chat], self._name(chat))
        return Moment(BEFORE, *about), Moment(AFTER, *about)

    def _name(self, chat: Any) -> str:
        known = self.telegram.bot.chats.get(chat) or self.telegram.people.get(chat)
        return name_of(known) if known else f"{chat or ''}"

    def _said(self, call: Call) -> list[Said]:
        """Return what people see of a call and keep, if it was carried out."""
        found = []
        for change in call.changes:
            if call.status == 200 and change["kind"] not in PASSING:
                message = change.get("message", {})
                chat = message.get("chat", {}).get("id") or change.get("chat_id")
                chat = chat or self.bot.askers.get(change.get("id", ""))
                text = text_of(message) if message else f"{change.get('text', '')}"
                said = Said(chat, change["kind"], call.method, text, self._name(chat))
                found.append(said)
        return found

    def _hide_again(self, call: Call) -> None:
        """Hide a call that was in flight and comes twice: any bot makes it again."""
        was, now = map(self.run.comparable, (self._in_flight, self._said(call)))
        if was and was == now:
            self.run.again += [said for said in now if said.kind == "message"]
            self._in_flight = []
            call.changes.clear()

    def _confirm(self, update: Json) -> None:
        """Note that the bot confirmed updates, up to this, and crash if it is the moment."""
        self._event()
        moment = Moment(CONFIRMED, "", number=update["update_id"], name=said(update))
        self.run.moments.append(moment)
        self.telegram.changed.notify_all()
        if self.run.moment == moment and not self.run.happened:
            self._crash()
            raise ConnectionError("the client was killed")

    def _deliver(self, url: str, headers: dict[str, str], body: bytes) -> Any:
        """Post an update to the webhook. Its answer confirms the update, and may hold a call."""
        answer = post(url, headers, body)
        call = parsed(answer[2].encode())
        if not 200 <= answer[0] < 300:
            return answer
        with self.telegram.changed:
            if isinstance(call, dict) and isinstance(call.get("method"), str):
                before, _ = self._moments(call["method"], call)
                self.run.moments.append(before)
                if self.run.moment == before and not self.run.happened:
                    self._crash()
                    raise OSError("the bot was killed before it answered")
            with contextlib.suppress(ConnectionError):  # Telegram has the answer
                self._confirm(parsed(body))
        return answer

    def _check_client(self, connection: socket.socket) -> None:
        """Raise ConnectionError if the client is gone: the bot was killed as it called."""
        with contextlib.suppress(OSError, ValueError):
            if not select.select([connection], [], [], 0)[0]:
                return
            if connection.recv(1, socket.MSG_PEEK):
                return
        raise ConnectionError("the client left")

    def _crash(self) -> None:
        """Kill the bot, and start it again. Nobody acts meanwhile."""
        self.run.happened = True
        self.telegram.events.append(f"  the bot is killed {self.run.moment}")
        process = self._started[-1]
        _kill(process)
        process.wait()
        starts = self.run.starts
        self.start(*self._command, **self._environment)
        self.run.starts = starts
