"""The results, as tables in Markdown, and their place in docs/performance.md."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from telegram_bot_aws.local.project import ROOT

from bench.measure import Run, Variant
from bench.variants import RUNTIME

PAGE = ROOT / "docs" / "performance.md"
END = "<!-- end -->"


class Result(NamedTuple):
    """A variant and its runs. Every figure is a median of the runs."""

    variant: Variant
    runs: list[Run]

    def median(self, of: str) -> float:
        """Return the median of a field of Run."""
        return float(statistics.median(getattr(run, of) for run in self.runs))


class Conditions(NamedTuple):
    """How it was measured. `load` is the machine's before the first run."""

    runs: int
    minutes: float
    load: float
    limited: bool


def write(docs: Path, results: Sequence[Result], conditions: Conditions) -> str:
    """Write performance.md into a folder, with its measured parts replaced. Returns the text."""
    measured = {"main": main_table(results), "conditions": _conditions(conditions, results[0])}
    text = filled(PAGE.read_text(), measured)
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


def main_table(results: Sequence[Result]) -> str:
    """Return the times and the memory of all variants, compared with the first one."""
    first = results[0].median("first_answer")
    rows = [
        [
            result.variant.name,
            f"{result.median('first_answer'):,.0f}",
            f"{result.median('first_answer') / first:.2f}",
            f"{result.median('paused'):.1f}",
            f"{result.median('paused_cpu'):.1f}",
            f"{result.median('warm'):.1f}",
            f"{result.median('memory'):.0f}",
        ]
        for result in results
    ]
    return markdown(
        ["", "first answer, ms", "× empty", "wait, ms", "CPU, ms", "in a row, ms", "memory, MB"],
        rows,
    )


def _conditions(conditions: Conditions, empty: Result) -> str:
    times = [run.first_answer for run in empty.runs]
    low, _, high = statistics.quantiles(times * 2, n=4, method="inclusive")
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


def markdown(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, aligned in the source too. Names stand left, and numbers right."""
    table = [list(headings), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]

    def line(row: Sequence[str]) -> str:
        name, *numbers = row
        cells = [name.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=True)]
        return "| " + " | ".join(cells) + " |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(table[0]), line(rule), *map(line, table[1:])])
