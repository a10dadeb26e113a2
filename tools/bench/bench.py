"""Measure the CPU time in which the function starts and answers: the table of docs/performance.md.

Everything runs on this machine: AWS's own runtime client, and a fake Bot API over TLS. The
libraries that it compares with are installed into .build/bench. A whole run takes about five
minutes.

Times depend on the machine, so none is judged. With --instructions, valgrind counts instructions
instead, which are the same each time, and have limits.

Exit code: 0 if all was measured, 1 if a count is beyond its limit or this machine lacks something,
2 if an argument is wrong, 130 after Ctrl-C.
"""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Sequence

from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.program import parser_of

from bench import instructions, measure, report, variants
from bench.fake_bot_api import FakeBotApi
from bench.measure import Run, Variant


def main() -> int:
    parser = parser_of("scripts/dev bench", __doc__)
    parser.add_argument(
        "--runs", type=int, default=20, help="runs of each variant (default: %(default)s)"
    )
    parser.add_argument(
        "--instructions", action="store_true",
        help="instead, count the instructions of start-up and of an update",
    )  # fmt: skip
    arguments = parser.parse_args()
    if arguments.runs < 1:
        parser.error("at least one run is needed")
    if sys.platform != "linux":
        parser.error("this works on Linux only")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # to clean up, as with Ctrl-C
    try:
        if arguments.instructions:
            return count()
        return bench(arguments.runs)
    except KeyboardInterrupt:
        return 130
    except ToolError as error:  # no valgrind, or no Python
        sys.exit(str(error))


def bench(runs: int) -> int:
    """Measure and report. Returns the exit code."""
    with FakeBotApi() as bot_api:
        builder = variants.Builder(variants.interpreter(), bot_api)
        every = [builder.empty(), *builder.own(), *builder.others()]
        print(report.main_table(run(every, runs, bot_api)))
    return 0


def count() -> int:
    """Count instructions and report. Returns the exit code."""
    instructions.require_valgrind()
    python = variants.interpreter()
    with FakeBotApi() as bot_api:
        builder = variants.Builder(python, bot_api)
        own = {each.name: each for each in builder.own()}
        judged = [own[name] for name in instructions.LIMITS]
        counts = instructions.count_all(builder.empty(), judged)
    return instructions.show(counts, python)


def run(every: Sequence[Variant], runs: int, bot_api: FakeBotApi) -> dict[str, list[Run]]:
    """Measure each variant `runs` times, and return the results by its name."""
    results: dict[str, list[Run]] = {each.name: [] for each in every}
    for number in range(1, runs + 1):
        print(f"run {number}/{runs}", file=sys.stderr)
        # Shuffled, since the processor's caches still hold the run before.
        for variant in random.Random(number).sample(every, len(every)):
            results[variant.name].append(measure.measure(variant, bot_api))
    return results
