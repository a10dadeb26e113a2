"""The results, as tables in Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bench.measure import Run, Variant


class Result(NamedTuple):
    """A variant and its runs. Every figure is a median of the runs."""

    variant: Variant
    runs: list[Run]

    def median(self, of: str) -> float:
        """Return the median of a field of Run."""
        return float(statistics.median(getattr(run, of) for run in self.runs))


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
