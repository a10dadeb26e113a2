"""The results, as tables in Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from bench.measure import CORE, PERIOD, Run, Variant

# A first answer waits for TCP's handshake, TLS's, and the answer to the request.
ROUND_TRIPS = 3
QUOTA = PERIOD / 1000 * 128 / CORE  # ms of CPU time in each period, at 128 MB


class Result(NamedTuple):
    """A variant and its runs. Every figure is a median of the runs."""

    variant: Variant
    runs: list[Run]

    def median(self, of: str) -> float:
        """Return the median of a field of Run."""
        return float(statistics.median(getattr(run, of) for run in self.runs))

    @property
    def first_answer(self) -> float:
        return self.median("first_answer")

    @property
    def quartiles(self) -> tuple[float, float]:
        """The range of the middle half of the first answers."""
        return quartiles([run.first_answer for run in self.runs])


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """Return the range of the middle half of some values."""
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


class Target(NamedTuple):
    """A target: the median of `values`, one for each round, should be at most `limit`.

    They are counted in `of`. A target says where this bot should be. A clock is no judge.
    """

    what: str
    of: str
    values: list[float]
    limit: float
    at_least: bool = False


def targets(results: Mapping[str, Result], api: Mapping[int, Result]) -> list[Target]:
    """Return the targets. `results` are by name, and those of `api` by round trip in ms."""
    empty, near = results["empty function"], api[0]
    session = results["this bot, api, with a session"]

    def ratio(one: Result, other: Result) -> list[float]:
        """Return how many times the other's first answer one's takes, in each round."""
        pairs = zip(one.runs, other.runs, strict=True)
        return [run.first_answer / its.first_answer for run, its in pairs]

    found = [
        Target("api, next door: first answer", "× the empty function's", ratio(near, empty), 1.95),
        Target("api, next door: first answer", "× faster than textbook urllib", ratio(results["textbook urllib"], near), 6, True),
    ]  # fmt: skip
    for away, limit in ((8, 1.3), (30, 1.1)):
        if away in api:
            pairs = zip(api[away].runs, empty.runs, strict=True)
            values = [run.first_answer / floor(its, away) for run, its in pairs]
            of = f"× (the empty function's + {ROUND_TRIPS} round trips)"
            found.append(Target(f"api, {away} ms away: first answer", of, values, limit))
    more = [
        run.first_answer - its.first_answer
        for run, its in zip(session.runs, near.runs, strict=True)
    ]
    return [
        *found,
        Target("webhook: first answer", "× the empty function's", ratio(results["this bot, webhook"], empty), 1.1),
        Target("api, with a session: first answer", "ms more than without", more, 18),
        Target("api: CPU of an update after a pause", f"ms; {QUOTA:.3f} in 20 ms at 128 MB", [run.paused_cpu for run in near.runs], 1.2),
        Target("api, with a session: the same", "ms", [run.paused_cpu for run in session.runs], 2.0),
        Target("api: connections", "per container", [run.connections for run in near.runs], 1),
    ]  # fmt: skip


def floor(empty: Result | Run, away: int) -> float:
    """Return the least ms in which any function could answer from that far away."""
    return empty.first_answer + ROUND_TRIPS * away


def target_table(values: Iterable[Target]) -> str:
    return markdown(
        ["", "target", "median", "half of the runs"],
        [
            [
                each.what,
                f"{'≥' if each.at_least else '≤'} {each.limit:g} {each.of}",
                f"{statistics.median(each.values):.2f}",
                "{:.2f} to {:.2f}".format(*quartiles(each.values)),
            ]
            for each in values
        ],
    )


def main_table(results: Sequence[Result]) -> str:
    """Return the times and the memory of all variants, compared with the first one."""
    rows = [
        [
            result.variant.name,
            f"{result.first_answer:,.0f}",
            f"{result.first_answer / results[0].first_answer:.2f}",
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


def distance_table(empty: Result, rows: Sequence[Mapping[int, Result]]) -> str:
    """Return the table of first answers by distance. Each row has the results of one variant."""
    aways = list(rows[0])
    table = [
        [f"empty function + {ROUND_TRIPS} round trips", *(f"{floor(empty, each):.0f}" for each in aways)],
        *([row[0].variant.name, *(f"{row[each].first_answer:.0f}" for each in aways)] for row in rows),
    ]  # fmt: skip
    return markdown(["first answer, ms", *(f"{each} ms away" for each in aways)], table)


def markdown(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, aligned in the source too, with numbers to the right."""
    table = [list(headings), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    numeric = [_numeric(row[i] for row in table[1:]) for i in range(len(headings))]

    def line(row: Sequence[str]) -> str:
        cells = [
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, numeric, strict=True)
        ]
        return "| " + " | ".join(cells) + " |"

    rule = [
        "-" * (width - 1) + ":" if number else "-" * width
        for width, number in zip(widths, numeric, strict=True)
    ]
    return "\n".join([line(table[0]), line(rule), *map(line, table[1:])])


def _numeric(cells: Iterable[str]) -> bool:
    return all(cell[:1].isdigit() or cell[:1] in "−+-" or not cell for cell in cells)
