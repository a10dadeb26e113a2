"""The results, as tables in Markdown. Every figure is a median of the runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from bench.measure import Run

# A function gets a core for 1769 MB of memory, as so much CPU time in each period.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
CORE = 1769  # MB
PERIOD = 20  # ms
MEMORY_SIZES = (128, 192, 256)  # MB


def main_table(results: Mapping[str, Sequence[Run]]) -> str:
    """Return the CPU time and memory of all variants.

    The CPU time to the first answer is compared with that of the first variant in the same round,
    beside the same load. The first update is stopped if it takes more CPU time than a function of
    that size has in a period.
    """
    empty, *_ = results.values()
    rows = []
    for name, runs in results.items():
        ratio = median(
            run.to_first_answer / other.to_first_answer
            for run, other in zip(runs, empty, strict=True)
        )
        stopped = [
            sum(run.first > PERIOD * size / CORE for run in runs) / len(runs)
            for size in MEMORY_SIZES
        ]
        rows.append(
            [
                name,
                f"{ratio:.2f}",
                f"{median(run.first for run in runs):.1f}",
                *(f"{share:.0%}" for share in stopped),
                f"{median(run.later for run in runs):.1f}",
                f"{median(run.memory for run in runs):.0f}",
            ]
        )
    sizes = [f"stopped at {size} MB" for size in MEMORY_SIZES]
    headings = ["", "× empty", "first update, ms", *sizes, "later update, ms", "memory, MB"]
    return markdown(headings, rows)


def markdown(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table. Names stand left, and numbers right."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
