"""What a run found, for the terminal and for docs/on-aws.md."""

from __future__ import annotations

from typing import NamedTuple

from telegram_bot_aws.local.project import ROOT

from acceptance.steps import Step

PAGE = ROOT / "docs" / "on-aws.md"
START, END = "<!-- scripts/dev accept -->", "<!-- end -->"


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
        parts = [
            self.about,
            "\n".join(["| step | expects | outcome |", "|---|---|---|", *rows]),
            *listed("Differences from the pages", self.of("differs")),
            *listed("Skipped", self.of("skipped")),
            "Nothing is left in the account."
            if not self.left
            else "\n".join(["Left in the account:", "", *(f"- {each}" for each in self.left)]),
        ]
        return "\n\n".join(parts)


def listed(title: str, tried: list[Tried]) -> list[str]:
    """Return a list of steps with their reasons, if there are any."""
    lines = [f"- {each.step.name}: {each.reason}" for each in tried]
    return ["\n".join([f"{title}:", "", *lines])] if lines else []


def write(report: str) -> None:
    """Write a report into docs/on-aws.md, between its two comments."""
    before, _, rest = PAGE.read_text().partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{START}\n\n{report}\n\n{END}{after}")
