"""The results, as tables in Markdown and a plot in SVG."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple

from bench.measure import Run, Variant

# A first answer waits for TCP's handshake, TLS's, and the answer to the request.
ROUND_TRIPS = 3


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
        times = [run.first_answer for run in self.runs]
        if len(times) < 2:
            return times[0], times[0]
        low, _, high = statistics.quantiles(times, n=4, method="inclusive")
        return low, high


class Target(NamedTuple):
    """A target: `value`, counted in `of`, must be at most (or at least) `limit`."""

    what: str
    of: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def targets(
    empty: Result,
    webhook: Result,
    textbook: Result,
    api: Mapping[int, Result],
    session: Result,
    queue: Result,
    albums: Result,
    alias: Result,
) -> list[Target]:
    """Return the targets. `api` has the results by round trip in ms."""

    def cpu(result: Result) -> float:
        return result.median("warm_cpu") - empty.median("warm_cpu")

    near = api[0]
    found = [
        Target("api, next door: first answer", "× the empty function's", near.first_answer / empty.first_answer, 2),
        Target("api, next door: first answer", "× faster than textbook urllib", textbook.first_answer / near.first_answer, 6, True),
    ]  # fmt: skip
    for away, limit in ((8, 1.3), (30, 1.1)):
        if away in api:
            value = api[away].first_answer / floor(empty, away)
            of = f"× (the empty function's + {ROUND_TRIPS} round trips)"
            found.append(Target(f"api, {away} ms away: first answer", of, value, limit))
    return [
        *found,
        Target("webhook: first answer", "× the empty function's", webhook.first_answer / empty.first_answer, 1.1),
        Target("api: warm CPU beyond the empty function's", "× textbook urllib's", cpu(near) / cpu(textbook), 0.5),
        Target("api, with a session: first answer", "× without", session.first_answer / near.first_answer, 1.3),
        Target("api, with a session: warm CPU beyond the empty function's", "× without", cpu(session) / cpu(near), 4),
        Target("into a queue: first update", "× a first answer without", queue.first_answer / near.first_answer, 1.3),
        Target("albums, one message: first update", "× into a queue without", albums.first_answer / queue.first_answer, 1.3),
        Target("webhook, by an alias: first answer", "× without", alias.first_answer / webhook.first_answer, 1.1),
        Target("api: connections", "per container", max(run.connections for run in near.runs), 1),
    ]  # fmt: skip


def floor(empty: Result, away: int) -> float:
    """Return the least ms in which any function could answer from that far away."""
    return empty.first_answer + ROUND_TRIPS * away


def target_table(values: Iterable[Target]) -> str:
    return markdown(
        ["", "target", "measured"],
        [
            [
                each.what,
                f"{'≥' if each.at_least else '≤'} {each.limit:g} {each.of}",
                f"{each.value:.2f}" + ("" if each.met else " **missed**"),
            ]
            for each in values
        ],
    )


def main_table(results: Sequence[Result]) -> str:
    """Return the times and the memory of all variants, compared with the first one."""
    rows = [
        [
            result.variant.name,
            f"{result.first_answer:.0f}",
            f"{result.first_answer / results[0].first_answer:.2f}",
            f"{result.median('warm'):.1f}",
            f"{result.median('memory'):.0f}",
        ]
        for result in results
    ]
    headings = ["", "first answer, ms", "× empty", "warm, ms", "memory, MB"]
    return markdown(headings, rows)


def framework_table(results: Mapping[int, Mapping[str, Result]]) -> str:
    """Return the table of bots that use a framework. `results` are by memory in MB, and name."""
    least, *_ = results
    headings = ["", "start-up, ms"]
    headings += [f"first update, ms, at {memory} MB" for memory in results]
    headings += [f"others, ms, at {memory} MB" for memory in results]
    rows = [
        [
            name,
            f"{result.median('startup'):,.0f}",
            *(f"{results[memory][name].median('first'):,.0f}" for memory in results),
            *(f"{results[memory][name].median('warm'):,.0f}" for memory in results),
            f"{result.median('memory'):.0f}",
            f"{result.variant.package / 2**20:.1f}",
        ]
        for name, result in results[least].items()
    ]
    return markdown([*headings, "memory, MB", "package, MB"], rows)


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


def plot(results: Sequence[Result]) -> str:
    """Return a bar chart of start-up and first invocation, as SVG."""
    left, right, height, top = 250, 640, 24, 34
    *_, second, widest = sorted(result.quartiles[1] for result in results)
    if widest > 2 * second:  # cut off one bar that would make all others small
        widest = second
    width = left + right + 80
    total_height = top + height * len(results) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {total_height}" '
        f'width="{width}" height="{total_height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{width}" height="{total_height}" fill="#fff"/>',
        f'<rect x="{left}" y="10" width="12" height="12" fill="#229ed9"/>',
        f'<text x="{left + 18}" y="21">start-up</text>',
        f'<rect x="{left + 100}" y="10" width="12" height="12" fill="#f5a623"/>',
        f'<text x="{left + 118}" y="21">first invocation (line: quartiles)</text>',
    ]
    for row, result in enumerate(results):
        y = top + row * height
        low, high = (min(each / widest, 1) * right for each in result.quartiles)
        startup = min(result.median("startup") / widest, 1) * right
        end = min(result.first_answer / widest, 1) * right
        label = f"{'… ' if result.first_answer > widest else ''}{result.first_answer:.0f}"
        middle = y + height / 2 - 2
        parts += [
            f'<text x="{left - 8}" y="{y + 15}" text-anchor="end">{escape(result.variant.name)}</text>',
            f'<rect x="{left}" y="{y + 2}" width="{startup:.1f}" height="{height - 8}" fill="#229ed9"/>',
            f'<rect x="{left + startup:.1f}" y="{y + 2}" width="{max(end - startup, 0):.1f}" '
            f'height="{height - 8}" fill="#f5a623"/>',
            f'<line x1="{left + low:.1f}" x2="{left + high:.1f}" y1="{middle}" y2="{middle}" '
            'stroke="#222" stroke-width="1.5"/>',
            f'<text x="{left + max(end, high) + 6:.1f}" y="{y + 15}">{label}</text>',
        ]
    parts.append(
        f'<text x="{left}" y="{total_height - 12}">'
        "Milliseconds from the start of a container to its first answer, at 128 MB (median)</text>"
    )
    return "\n".join([*parts, "</svg>", ""])
