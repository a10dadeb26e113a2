"""A crash at every call: a test is run again for each moment at which its bot can be killed.

`play` has pytest run it, the module `crashing` plays one run, and `findings` compares what people
saw with the runs without a crash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

MARK = "telegram_crashes"
BEFORE, AFTER, CONFIRMED = "before", "after", "confirmed"


@dataclass(frozen=True)
class Moment:
    """When a bot is killed: before or after a call, or after an update was confirmed.

    A call is the `number`th of its method in a chat (or to a person), of that `name`. For an
    update, these are its id and who did what.
    """

    when: str
    method: str
    chat: Any = None
    number: int = 0
    name: str = ""

    @property
    def what(self) -> str:
        which = f" {self.number}" if self.number > 1 else ""
        return f"{self.method}{which}{f' to {self.name}' if self.name else ''}"

    def __str__(self) -> str:
        if self.when == CONFIRMED:
            return f"when it had confirmed “{self.name}”"
        return f"before {self.what}" if self.when == BEFORE else f"before {self.what} was answered"


@dataclass(frozen=True)
class Said:
    """Something that people saw: where, by which method, and its text."""

    chat: Any
    kind: str
    method: str
    text: str
    name: str

    def __str__(self) -> str:
        to = f" to {self.name}" if self.name else ""
        return f'{self.method}{to} "{self.text}"' if self.text else f"{self.method}{to}"


@dataclass
class Run:
    """One run of the test, and what came of it: with a crash at a moment, or without one.

    `texts`: whether texts are the same in each run.
    """

    moment: Moment | None = None
    reference: Run | None = None
    texts: bool = True
    starts: int = 0
    moments: list[Moment] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    again: list[Said] = field(default_factory=list)  # what was in flight, and came twice
    refused: list[str] = field(default_factory=list)
    pause: float = 0.0  # the longest between two events, in seconds
    happened: bool = False  # the crash
    ended: str = ""  # how the bot ended by itself
    transcript: str = ""

    def comparable(self, said: list[Said]) -> list[Said]:
        """Return what people saw, without texts if these differ between runs."""
        texts = self.reference.texts if self.reference else self.texts
        return said if texts else [replace(each, text="") for each in said]

    def compared(self) -> Counter[Said]:
        """Return what people saw, and how often."""
        return Counter(self.comparable(self.said))


def findings(run: Run, reference: Run, failed: str) -> list[str]:
    """Return what the crash of a run broke, a line each. `failed`: why the test did, if it did."""
    was, now = reference.compared(), run.compared()
    if not run.happened:
        return ["wrong: the moment didn't come again, so the bot does something else each time"]
    found = [f"wrong: {run.ended}"] if run.ended else []
    for said, times in now.items():
        others = [each.name for each in was if (each.method, each.text) == (said.method, said.text)]
        if said not in was:
            told = f"goes to {others[0]}" if others else "isn't said"
            found.append(f"wrong: {said}, which {told} without a crash")
        elif times > was[said] and said.kind == "message":
            found.append(f"twice: {said}, though its first answer had arrived")
    lost = [f"lost: {said}" for said in was - now]
    if not failed or not found:
        found += lost[:1] if failed else lost  # the rest of a failed test never happened
    if failed and not found:
        found.append(f"wrong: {failed}")
    refused = [each for each in run.refused if each not in reference.refused]
    return [f"{line} ({refused[0]})" if refused else line for line in found]


def unplayable(first: Run, second: Run) -> str:
    """Return why a test can't be run with crashes, or nothing."""
    if not first.starts:
        return "the test must start its bot with bot_api.start(…), which can start it again"
    if first.starts > 1:
        return f"the test must start one bot with bot_api.start(…), not {first.starts}"
    if ended := first.ended or second.ended:
        return f"{ended}, by itself: bot_api.start(…) must start what runs until it is killed"
    calls, others = (
        Counter(moment.what for moment in run.moments if moment.when == BEFORE)
        for run in (first, second)
    )
    if not calls:
        return "the bot has made no call at which it could crash"
    first.texts = first.compared() == second.compared()
    if calls != others or first.compared() != second.compared():
        differ = [*(calls - others), *(others - calls), "what people see"]
        return f"two runs without a crash differ: {differ[0]}. So nothing can be compared"
    return ""


def play(item: pytest.Item, nextitem: pytest.Item | None, key: pytest.StashKey[Run]) -> bool:
    """Run a test without a crash, then once for each moment, and report it as one test."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)

    def once(run: Run) -> list[pytest.TestReport]:
        item.stash[key] = run
        return runtestprotocol(item, log=False, nextitem=nextitem)

    first = Run()
    second = Run(reference=first)
    reports = once(first)
    if all(report.passed for report in reports):
        reports = once(second)
    if all(report.passed for report in reports):
        report = next(report for report in reports if report.when == "call")
        if why := unplayable(first, second):
            _fail(report, f"telegram_crashes: {why}")
        else:
            _crash_at_each(item, report, second, once)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _crash_at_each(
    item: pytest.Item,
    report: pytest.TestReport,
    reference: Run,
    once: Callable[[Run], list[pytest.TestReport]],
) -> None:
    """Run the test with each crash, and put into its report what that broke."""
    reporter = item.config.pluginmanager.get_plugin("terminalreporter")

    def say(text: str) -> None:
        if reporter:  # a process of xdist has none
            reporter.write(text, flush=True)

    told: list[str] = []
    again: dict[Said, None] = {}
    number = len(reference.moments)
    say(f"\n{item.name} runs again with {number} crashes: ")
    for moment in reference.moments:
        run = Run(moment, reference=reference.reference)
        failed = [_reason(each) for each in once(run) if each.failed]
        found = findings(run, reference, "; ".join(failed))
        told += [f"killed {moment}: {line}" for line in found]
        again |= dict.fromkeys(run.again)
        say("F" if found else ".")
        if found:
            report.sections.append((f"Telegram: killed {moment}", run.transcript))
    say(" ")
    twice = [f"may come twice, as with any bot: {said}" for said in again]
    report.user_properties.append((MARK, [f"{number} crashes", *twice]))
    if told:
        _fail(report, "\n".join(told))


def _fail(report: pytest.TestReport, why: str) -> None:
    report.outcome = "failed"
    report.longrepr = why


def _reason(report: pytest.TestReport) -> str:
    """Return the first line of why a test failed."""
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash else report.longreprtext).partition("\n")[0]


def summary(reports: Iterable[pytest.TestReport]) -> list[str]:
    """Return a line for each test that was run with crashes, and for what may come twice."""
    lines = []
    for report in reports:
        for name, told in report.user_properties:
            if name == MARK and isinstance(told, list):
                lines += [f"{report.nodeid}: {told[0]}", *(f"  {line}" for line in told[1:])]
    return lines
