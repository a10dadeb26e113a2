"""Measure how fast the function starts and answers, and write docs/performance.md.

Everything runs on this machine: AWS's own runtime client against a local Runtime API, and a fake of
the Bot API over TLS, next door and some milliseconds away. The distance takes root; without it,
its rows are left out. Other bots' libraries are installed for it into .build/bench. A whole run
takes some ten minutes. Exits with 1 where a target is missed. With --stack, it prints the tables of
docs/limits.md instead.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmark import document, imports, measure, model, stack, variants
from benchmark.distance import network
from benchmark.fake_bot_api import FakeBotApi, fake_bot_api, make_certificates
from benchmark.measure import Variant
from benchmark.plan import make_plan
from benchmark.report import Result, distance_table, main_table, target_table, targets
from local.processes import ToolError
from local.project import ROOT

RUNTIME = "3.13"
ROUND_TRIPS = (8, 30)  # ms


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description=(__doc__ or "").partition("\n\n")[0]
    )
    parser.add_argument(
        "--runs", type=int, default=20, help="of each variant (default: %(default)s)"
    )
    parser.add_argument("--quick", action="store_true", help="only the rows that have a target")
    parser.add_argument(
        "--stack", action="store_true",
        help="instead: the most updates a second through the module on an emulated AWS, and a "
        "model of bursts and outages",
    )  # fmt: skip
    parser.add_argument(
        "--docs", type=Path, default=ROOT / "docs", metavar="FOLDER",
        help="where performance.md and performance.svg go (default: docs)",
    )  # fmt: skip
    arguments = parser.parse_args()
    if arguments.runs < 1:
        parser.error("at least one run is needed")
    if sys.platform != "linux":
        parser.error("this measures on Linux only, as Lambda runs on it")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # to clean up, as with Ctrl-C
    try:
        if arguments.stack:
            print(stack.table(), model.burst(), model.outage(), sep="\n\n")
            return 0
        return bench(arguments.runs, arguments.quick, arguments.docs)
    except KeyboardInterrupt:
        say("")
        return 130
    except ToolError as error:  # no Terraform, or no provider
        sys.exit(str(error))


def bench(runs: int, quick: bool, docs: Path) -> int:
    """Measure and report. Returns the exit code."""
    python = variants.interpreter(RUNTIME)
    if not python:
        sys.exit(f"Python {RUNTIME} is needed: the runtime that the function is deployed with")
    with ExitStack() as stack:
        try:
            far = stack.enter_context(network(ROUND_TRIPS))
        except OSError as error:
            far = None
            print(f"left out: the rows with a distance ({error})", file=sys.stderr)
        say("preparing")
        addresses = list(far.addresses.values()) if far else []
        root = make_certificates(variants.FOLDER / "certificates", addresses)
        builder = variants.Builder(python, RUNTIME, root)
        plan = make_plan(builder, quick, ROUND_TRIPS if far else ())
        limit = stack.enter_context(measure.CpuLimit())
        if not limit.works:
            print("no control group: invocations are estimated from CPU time", file=sys.stderr)
        bot_api = stack.enter_context(fake_bot_api(root.parent, far))
        started, load = time.monotonic(), os.getloadavg()[0]
        measured = run(plan.variants, runs, bot_api, limit)
        minutes = (time.monotonic() - started) / 60
        loads = {
            bot.environment["REPLY_MODE"]: imports.table(builder, bot, bot_api.urls[0])
            for bot in ([] if quick else plan.main[1:3])
        }

    def by_distance(row: dict[int, Variant]) -> dict[int, Result]:
        return {away: measured[each.name] for away, each in row.items()}

    main_rows = [measured[each.name] for each in plan.main]
    distances = [by_distance(row) for row in plan.distances] if far else []
    empty, webhook, api, textbook = main_rows[:4]
    wanted = targets(empty, webhook, textbook, distances[0] if distances else {0: api})
    if quick:
        tables = [main_table(main_rows), target_table(wanted)]
        if distances:
            tables.insert(1, distance_table(empty, distances))
        print(*tables, sep="\n\n")
    else:
        results = document.Results(
            main_rows,
            distances,
            {name: measured[each.name] for name, each in plan.experiments.items()},
            [measured[each.name] for each in plan.others],
            loads,
            wanted,
        )
        machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
        conditions = document.Conditions(
            f"{machine}, CPython {RUNTIME}", runs, limit.works, minutes, load
        )
        print(document.write(docs, results, conditions))
        print(f"written: {docs}/performance.md")
    missed = [each for each in wanted if not each.met]
    for each in missed:
        print(f"missed: {each.what} is {each.value:.2f} {each.of}", file=sys.stderr)
    return 1 if missed else 0


def run(
    every: Sequence[Variant], runs: int, bot_api: FakeBotApi, limit: measure.CpuLimit
) -> dict[str, Result]:
    """Measure each variant so many times. Returns the results by the variants' names."""
    results = {each.name: Result(each, []) for each in every}
    started, done = time.monotonic(), 0
    for number in range(1, runs + 1):
        if not sys.stderr.isatty():
            print(f"run {number}/{runs}", file=sys.stderr)
        # In another order each time: the processor's caches still hold what ran before.
        for variant in random.Random(number).sample(every, len(every)):
            left = (time.monotonic() - started) / done * (runs * len(every) - done) if done else 0
            say(f"run {number}/{runs}, about {left / 60:.1f} minutes left: {variant.name}")
            results[variant.name].runs.append(measure.measure(variant, bot_api, limit))
            done += 1
    say("")
    return results


def say(text: str) -> None:
    """Show the progress, on one line of a terminal."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
