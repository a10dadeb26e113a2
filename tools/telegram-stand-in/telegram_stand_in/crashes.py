"""A crash at every call: a test is run again for each moment at which its bot can be killed.

`play` has pytest run it, `CrashingBotApi` plays one run, and `findings` compares what people saw
with a run without a crash. A moment is told in words: "before sendMessage to Ada".
"""

from __future__ import annotations

import contextlib
import select
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from _pytest.runner import runtestprotocol

from .bot_api import Json, method_named, parsed
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
MIN_PAUSE_SECONDS = 1.0  # without a call, after which a bot has no more to say
PACE = 0.1  # of the pauses before a webhook's retries


class Said(NamedTuple):
    """Something that people saw: where, by which method, and its text."""

    name: str
    kind: str
    method: str
    text: str

    def __str__(self) -> str:
        to = f" to {self.name}" if self.name else ""
        return f'{self.method}{to} "{self.text}"' if self.text else f"{self.method}{to}"


@dataclass
class Run:
    """One run of the test, and what came of it: with a crash at a moment, or without one.

    `reference` is a run without a crash.
    """

    moment: str = ""
    reference: Run | None = None
    starts: int = 0
    moments: list[str] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    startup: float = 0.0  # seconds until the bot began to call
    pause: float = 0.0  # the longest between two events after that, in seconds
    happened: bool = False  # the crash
    ended: str = ""  # how the bot ended by itself
    transcript: str = ""


class CrashingBotApi(BotApi):
    """A Bot API server that kills the bot at a run's moment, and starts it again."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        self.telegram.deliver = self._deliver
        self.telegram.pace = PACE
        self._server.carry_out = self._serve
        self._command: tuple[str | Path, ...] = ()
        self._environment: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()
        self._in_flight: list[Said] = []
        self._event_at = time.monotonic()
        self._is_starting = True

    def start(self, *command: str | Path, **environment: str) -> subprocess.Popen[bytes]:
        self.run.starts += 1
        self._command, self._environment = command, environment
        self._event_at, self._is_starting = time.monotonic(), True
        return super().start(*command, **environment)

    def before_action(self) -> None:
        """Wait until the bot has taken what came before: else a crash would depend on luck."""
        with self.telegram.changed:
            taken = lambda: not self.telegram.pending() or self.failed()  # noqa: E731
            self.until(taken, 2 * self._longest_pause())

    def wait_for(self, found: Callable[[], Any], timeout: float | None) -> Any:
        if timeout is None and self.run.happened:  # the bot had to begin again
            timeout = self.patience + self._longest_pause()
        return super().wait_for(found, timeout)

    def finish(self) -> None:
        """Wait until nothing waits, and keep what came of the run."""
        with self.telegram.changed:
            self.until(self._is_over, self.patience)
            self.run.said = self._all_said()
            self.run.ended = self._has_ended()
            self.run.transcript = latest([self.transcript])

    def _is_over(self) -> bool:
        run = self.run
        if run.happened and run.reference and not self.telegram.pending():
            if not Counter(run.reference.said) - Counter(self._all_said()):
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
        known = self.run.reference or self.run
        pause = known.pause + (known.startup if self._is_starting else 0)
        return min(MIN_PAUSE_SECONDS + 3 * pause, self.patience)

    def _event(self) -> None:
        now = time.monotonic()
        pause, self._event_at = now - self._event_at, now
        if self._is_starting:
            self.run.startup = max(self.run.startup, pause)
        else:
            self.run.pause = max(self.run.pause, pause)
        self._is_starting = False

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
        before = self._before(method, params)
        after = f"{before} was answered"
        self.run.moments += before, after
        is_here = self.run.moment in (before, after) and not self.run.happened
        if is_here:  # a bot that doesn't wait for its call may confirm the update meanwhile
            is_confirmed = lambda: not self.telegram.pending()  # noqa: E731
            pause = (self.run.reference or self.run).pause
            self.until(is_confirmed, min(max(HOLD[0], pause), HOLD[1]))
        if self._dies(before):
            raise ConnectionError("the client was killed")
        self._check_client(connection)
        call = self.telegram.answer(method, params, **more)
        if self._in_flight and self._in_flight == self._said(call):
            self._in_flight = []  # it comes twice, as any bot makes it again
            call.changes.clear()
        seen = self._said(call)
        if self._dies(after):
            self._in_flight = seen
        self._event()
        return call

    def _before(self, method: str, params: Json) -> str:
        """Return the moment before a call."""
        query = next((params[name] for name in params if name.endswith("query_id")), "")
        name = self._name(params.get("chat_id") or self.bot.askers.get(query))
        return self._numbered(f"before {method}{f' to {name}' if name else ''}")

    def _numbered(self, moment: str) -> str:
        """Return a moment, with its number if it came before."""
        self._numbers[moment] += 1
        number = self._numbers[moment]
        return f"{moment} ({number})" if number > 1 else moment

    def _name(self, chat: Any) -> str:
        known = {f"{id}": each for id, each in self.telegram.people.items()}
        known |= {f"{id}": each for id, each in self.telegram.bot.chats.items()}
        found = known.get(f"{chat}")  # a form has strings
        return name_of(found) if found else f"{chat or ''}"

    def _all_said(self) -> list[Said]:
        return [seen for call in self.telegram.calls for seen in self._said(call)]

    def _said(self, call: Call) -> list[Said]:
        """Return what people see of a call and keep, if it was carried out."""
        found = []
        for change in call.changes:
            if call.status == 200 and change["kind"] not in PASSING:
                message = change.get("message", {})
                chat = message.get("chat", {}).get("id") or change.get("chat_id")
                chat = chat or self.bot.askers.get(change.get("id", ""))
                text = text_of(message) if message else f"{change.get('text', '')}"
                found.append(Said(self._name(chat), change["kind"], call.method, text))
        return found

    def _confirm(self, update: Json) -> None:
        """Note that the bot confirmed updates, up to this, and crash if it is the moment."""
        self._event()
        moment = self._numbered(f"when it had confirmed “{said(update)}”")
        self.run.moments.append(moment)
        self.telegram.changed.notify_all()
        if self._dies(moment):
            raise ConnectionError("the client was killed")

    def _deliver(self, url: str, headers: dict[str, str], body: bytes) -> Any:
        """Post an update to the webhook. Its answer confirms the update, and may hold a call."""
        answer = post(url, headers, body)
        call = parsed(answer[2].encode())
        if not 200 <= answer[0] < 300:
            return answer
        with self.telegram.changed:
            if isinstance(call, dict) and isinstance(call.get("method"), str):
                before = self._before(call["method"], call)
                self.run.moments.append(before)
                if self._dies(before):
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

    def _dies(self, moment: str) -> bool:
        """Kill the bot if it is the moment, and start it again. Nobody acts meanwhile."""
        if self.run.moment != moment or self.run.happened:
            return False
        self.run.happened = True
        self.telegram.events.append(f"  the bot is killed {self.run.moment}")
        process = self._started[-1]
        _kill(process)
        process.wait()
        self._event_at, self._is_starting = time.monotonic(), True
        super().start(*self._command, **self._environment)
        return True


def findings(run: Run, reference: Run, failed: str) -> list[str]:
    """Return what the crash of a run broke, a line each. `failed`: why the test did, if it did."""
    was, now = Counter(reference.said), Counter(run.said)
    if not run.happened:
        return ["wrong: the moment didn't come again, so the bot does something else each time"]
    found = [f"wrong: {run.ended}"] if run.ended else []
    for seen, times in now.items():
        others = [each.name for each in was if (each.method, each.text) == (seen.method, seen.text)]
        if seen not in was:
            told = f"goes to {others[0]}" if others else "isn't said"
            found.append(f"wrong: {seen}, which {told} without a crash")
        elif times > was[seen] and seen.kind == "message":
            found.append(f"twice: {seen}, though its first answer had arrived")
    lost = [f"lost: {seen}" for seen in was - now]
    if not failed or not found:
        found += lost[:1] if failed else lost  # the rest of a failed test never happened
    return found or ([f"wrong: {failed}"] if failed else [])


def unplayable(first: Run, second: Run) -> str:
    """Return why a test can't be run with crashes, or nothing."""
    if first.starts != 1:
        return f"the test must start one bot with bot_api.start(…), not {first.starts}"
    if ended := first.ended or second.ended:
        return f"{ended}, by itself: bot_api.start(…) must start what runs until it is killed"
    calls, others = (
        Counter(moment for moment in run.moments if moment.startswith("before "))
        for run in (first, second)
    )
    if not calls:
        return "the bot has made no call at which it could crash"
    if calls != others or Counter(first.said) != Counter(second.said):
        differ = [*(calls - others), *(others - calls), "what people see"]
        return f"two runs without a crash differ: {differ[0]}. So nothing can be compared"
    return ""


def play(item: pytest.Item, nextitem: pytest.Item | None, key: pytest.StashKey[Run]) -> bool:
    """Run a test without a crash, then once for each moment, and report it as one test."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)

    def once(run: Run) -> list[pytest.TestReport]:
        item.stash[key] = run
        return runtestprotocol(item, log=False, nextitem=nextitem)

    first, second = Run(), Run()
    reports = once(first)
    if all(report.passed for report in reports):
        reports = once(second)
    if all(report.passed for report in reports):
        report = next(report for report in reports if report.when == "call")
        if why := unplayable(first, second):
            told = [f"telegram_crashes: {why}"]
        else:
            told = _crash_at_each(item, report, second, once)
        if told:
            report.outcome = "failed"
            report.longrepr = "\n".join(told)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _crash_at_each(
    item: pytest.Item,
    report: pytest.TestReport,
    reference: Run,
    once: Callable[[Run], list[pytest.TestReport]],
) -> list[str]:
    """Run the test with each crash, and return what that broke."""
    reporter = item.config.pluginmanager.get_plugin("terminalreporter")

    def say(text: str) -> None:
        if reporter:  # a process of xdist has none
            reporter.write(text, flush=True)

    told: list[str] = []
    say(f"\n{item.name} runs again with {len(reference.moments)} crashes: ")
    for moment in reference.moments:
        run = Run(moment, reference)
        failed = [_reason(each) for each in once(run) if each.failed]
        found = findings(run, reference, "; ".join(failed))
        told += [f"killed {moment}: {line}" for line in found]
        say("F" if found else ".")
        if found:
            report.sections.append((f"Telegram: killed {moment}", run.transcript))
    say(" ")
    return told


def _reason(report: pytest.TestReport) -> str:
    """Return the first line of why a test failed."""
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash else report.longreprtext).partition("\n")[0]
