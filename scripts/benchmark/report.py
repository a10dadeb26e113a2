"""What the runs came to, as tables in Markdown and a plot in SVG."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import NamedTuple

from benchmark.measure import Run, Variant


class Result(NamedTuple):
    """A variant and its runs."""

    variant: Variant
    runs: list[Run]

    def median(self, of: Callable[[Run], float]) -> float:
        return statistics.median(map(of, self.runs))

    def spread(self, of: Callable[[Run], float]) -> tuple[float, float]:
        """Return the quartiles: half of the runs lie between them."""
        if len(self.runs) < 2:
            return (of(self.runs[0]),) * 2
        low, _, high = statistics.quantiles(map(of, self.runs), n=4, method="inclusive")
        return low, high

    @property
    def total(self) -> float:
        return self.median(lambda run: run.total)

    @property
    def fastest(self) -> float:
        return min(run.total for run in self.runs)

    @property
    def warm(self) -> float:
        return self.median(lambda run: run.warm)

    @property
    def warm_cpu(self) -> float:
        return self.median(lambda run: run.warm_cpu)


class Target(NamedTuple):
    """A promise, and whether it is kept: `value` is to be at most (or at least) `limit`."""

    what: str
    value: float
    limit: float
    at_least: bool = False
    unit: str = "×"

    @property
    def met(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def targets(empty: Result, api: Result, webhook: Result, textbook: Result) -> list[Target]:
    """Return the targets, each a ratio within this run."""

    def beyond(result: Result) -> float:
        return result.warm_cpu - empty.warm_cpu

    def resident(result: Result) -> float:
        return result.median(lambda run: run.resident)

    return [
        Target("api: time to first answer, of the empty function's", api.total / empty.total, 2.0),
        Target("api: the textbook's time to first answer, of ours", textbook.total / api.total, 6.0, True),
        Target("webhook: time to first answer, of the empty function's", webhook.total / empty.total, 1.1),
        Target("api: CPU of a warm invocation beyond the empty function's, of the textbook's", beyond(api) / beyond(textbook), 0.5),
        Target("api: TLS connections per container", max(run.connections for run in api.runs), 1, unit=""),
        Target("Package, byte code included", api.variant.package / 1024, 32, unit=" KB"),
        Target("api: resident memory, of the textbook's", resident(api) / resident(textbook), 1.0),
    ]  # fmt: skip


def target_table(values: Iterable[Target]) -> str:
    return markdown(
        ["target", "wanted", "measured", ""],
        [
            [
                each.what,
                f"at {'least' if each.at_least else 'most'} {each.limit:g}{each.unit}",
                f"{each.value:.2f}{each.unit}",
                "met" if each.met else "**missed**",
            ]
            for each in values
        ],
    )


def main_table(results: Sequence[Result]) -> str:
    """Return the table of all rows. The first result is what the others are compared with."""
    rows = []
    for result in results:
        low, high = result.spread(lambda run: run.total)
        rows.append(
            [
                result.variant.name,
                f"{result.total:.0f}",
                f"{low:.0f}–{high:.0f}",
                f"{result.total / results[0].total:.2f}",
                f"{result.median(lambda run: run.startup):.0f}",
                f"{result.median(lambda run: run.startup_clock):.0f}",
                f"{result.median(lambda run: run.first):.1f}",
                f"{result.warm:.1f}",
                f"{result.warm_cpu:.2f}",
                f"{result.median(lambda run: run.resident):.0f}",
                f"{max(run.connections for run in result.runs)}",
                f"{result.variant.package / 1024:.0f}",
            ]
        )
    headings = [
        "",
        "first answer, ms",
        "quartiles",
        "× empty",
        "start-up, ms",
        "by the clock, ms",
        "first invocation, ms",
    ]
    headings += ["warm, ms", "warm CPU, ms", "resident, MB", "connections", "package, KB"]
    return markdown(headings, rows)


def markdown(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose columns are aligned in the source, too: numbers to the right."""
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
    """Return bars of the time to the first answer, start-up and first invocation, as SVG."""
    left, right, height, top = 250, 640, 24, 34
    *_, second, widest = sorted(result.spread(lambda run: run.total)[1] for result in results)
    if widest > 2 * second:  # one that would make all others small is cut off
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
        low, high = (min(each / widest, 1) * right for each in result.spread(lambda run: run.total))
        startup = min(result.median(lambda run: run.startup) / widest, 1) * right
        end = min(result.total / widest, 1) * right
        label = f"{'… ' if result.total > widest else ''}{result.total:.0f}"
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
