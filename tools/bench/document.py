"""docs/performance.md: the parts that are measured. Everything else in it is written by hand."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from telegram_bot_aws.local.project import ROOT

from bench.report import (
    Result,
    Target,
    distance_table,
    main_table,
    target_table,
    targets,
)
from bench.variants import RUNTIME

PAGE = ROOT / "docs" / "performance.md"
END = "<!-- end -->"


class Results(NamedTuple):
    """The results of a run: `main` begins with the empty function's.

    `distances` has a row for each variant that was measured at a distance, by its round trip in ms.
    """

    main: Sequence[Result]
    distances: Sequence[Mapping[int, Result]]

    @property
    def targets(self) -> list[Target]:
        return targets({each.variant.name: each for each in self.main}, self.distances[0])


class Conditions(NamedTuple):
    """How it was measured. `load` is the machine's before the first run."""

    runs: int
    minutes: float
    load: float
    limited: bool


def parts(results: Results) -> dict[str, str]:
    """Return the page's tables by their names."""
    has_distance = len(results.distances[0]) > 1
    return {
        "main": main_table(results.main),
        "distance": distance_table(results.main[0], results.distances)
        if has_distance
        else "Not measured: this machine doesn't allow a network namespace.",
        "targets": target_table(results.targets),
    }


def write(docs: Path, results: Results, conditions: Conditions) -> str:
    """Write performance.md into a folder, with its measured parts replaced. Returns the text."""
    text = filled(
        PAGE.read_text(),
        {**parts(results), "conditions": _conditions(conditions, results.main[0])},
    )
    docs.mkdir(parents=True, exist_ok=True)
    (docs / PAGE.name).write_text(text)
    return text


def filled(page: str, contents: Mapping[str, str]) -> str:
    """Replace the named parts of a page, each between two comments. Raises ValueError."""
    for name, content in contents.items():
        start = f"<!-- scripts/dev bench: {name} -->"
        before, found, rest = page.partition(start)
        _, end, after = rest.partition(END)
        if not (found and end):
            raise ValueError(f"{PAGE.name} must have {start}, and {END} after it")
        page = f"{before}{start}\n\n{content}\n\n{END}{after}"
    return page


def _conditions(conditions: Conditions, empty: Result) -> str:
    low, high = empty.quartiles
    limit = (
        "A control group limited invocations, but not start-up, to 128/1769 of a core, in periods "
        "of 20 ms, as Lambda does."
        if conditions.limited
        else "This machine allows no control group, so an invocation counts as its CPU time × "
        "1769/128 where that is longer than it took."
    )
    return "\n".join(
        [
            f"- **Where**: {platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
            f"CPython {RUNTIME}. {conditions.runs} runs of each variant in "
            f"{conditions.minutes:.0f} minutes, in random order.",
            f"- **Noise**: half of the empty function's first answers took {low:.1f} to "
            f"{high:.1f} ms. The machine's load was {conditions.load:.1f} before.",
            f"- **CPU**: {limit}",
        ]
    )
