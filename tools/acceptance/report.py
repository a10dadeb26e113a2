"""What a run found, for the terminal and for docs/on-aws.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from telegram_bot_aws.local.project import ROOT

from acceptance.steps import Step

PAGE = ROOT / "docs" / "on-aws.md"
START, END = "<!-- scripts/dev accept -->", "<!-- end -->"
PERFORMANCE = ROOT / "docs" / "performance.md"


class Tried(NamedTuple):
    """A step, and its outcome: "ok", "differs" or "skipped", with the reason."""

    step: Step
    outcome: str
    reason: str = ""

    def __str__(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.outcome:7} {self.step.name}{reason}"


class Report(NamedTuple):
    """A run. `about` says when, where and with which provider it was."""

    about: str
    tried: list[Tried]
    figures: dict[str, str]
    left: list[str]

    def of(self, outcome: str) -> list[Tried]:
        return [each for each in self.tried if each.outcome == outcome]

    def __str__(self) -> str:
        """Return the report in Markdown."""
        rows = [
            f"| [{name}]({step.page}) | {step.expects} | {outcome} |"
            for step, outcome, _ in self.tried
            for name in [step.name]
        ]
        measured = [f"| {name} | {value} | {here(name)} |" for name, value in self.figures.items()]
        parts = [
            self.about,
            "\n".join(["| step | expects | outcome |", "|---|---|---|", *rows]),
            *listed("Differences from the pages", self.of("differs")),
            *listed("Skipped", self.of("skipped")),
            "Nothing is left in the account."
            if not self.left
            else "\n".join(["Left in the account:", "", *(f"- {each}" for each in self.left)]),
        ]
        if measured:
            parts.append("\n".join(["| measured | | here |", "|---|---:|---:|", *measured]))
        return "\n\n".join(parts)


def listed(title: str, tried: list[Tried]) -> list[str]:
    """Return a list of steps with their reasons, if there are any."""
    lines = [f"- {each.step.name}: {each.reason}" for each in tried]
    return ["\n".join([f"{title}:", "", *lines])] if lines else []


def here(name: str) -> str:
    """Return what docs/performance.md has for a figure, if it has it."""
    bot, _, what = name.rpartition(", 128 MB: ")
    column = {"first answer, ms": 0, "warm answer, ms": 2}.get(what)
    row = re.search(rf"^\| {re.escape(bot)} +\|(.*)\|$", PERFORMANCE.read_text(), re.MULTILINE)
    if not bot or column is None or not row:
        return ""
    return row[1].split("|")[column].strip()


def write(report: str, page: Path) -> None:
    """Write a report into docs/on-aws.md, between its two comments, or whole into another file."""
    text = f"{report}\n"
    if page == PAGE:
        before, _, rest = page.read_text().partition(START)
        _, _, after = rest.partition(END)
        text = f"{before}{START}\n\n{report}\n\n{END}{after}"
    page.write_text(text)
