"""Measure how fast the function starts and answers, and write docs/performance.md.

Everything runs on this machine: AWS's own runtime client against a local Runtime API, a stand-in
for the Bot API over TLS. Other bots' libraries are installed for it into .build/bench. A whole run
takes some minutes. Exits with 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import time
from pathlib import Path

from benchmark import document, experiments, measure, variants
from benchmark.report import Result, main_table, target_table, targets
from benchmark.server import make_certificates, stand_in
from project import ROOT

RUNTIME = "3.13"
OTHERS = ("3.12", "3.14")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description=(__doc__ or "").partition("\n\n")[0]
    )
    parser.add_argument(
        "--runs", type=int, default=15, help="of each variant (default: %(default)s)"
    )
    parser.add_argument("--quick", action="store_true", help="only the rows that have a target")
    parser.add_argument(
        "--docs", type=Path, default=ROOT / "docs", metavar="FOLDER",
        help="where performance.md and performance.svg go (default: docs)",
    )  # fmt: skip
    arguments = parser.parse_args()
    if arguments.runs < 1:
        parser.error("at least one run is needed")
    if sys.platform != "linux":
        parser.error("this measures on Linux only, as Lambda runs on it")

    variants.BUILD.mkdir(parents=True, exist_ok=True)
    root = make_certificates(variants.BUILD / "certificates")
    python = variants.find_python(RUNTIME)
    if not python:
        sys.exit(f"Python {RUNTIME} is needed: the runtime that the function is deployed with")
    workshop = variants.Workshop(python, RUNTIME, root)
    say("preparing")
    main_rows = [
        workshop.function("empty function", "empty"),
        workshop.ours("ours, reply_mode webhook", "webhook"),
        workshop.ours("ours, reply_mode api", "api"),
        workshop.function("textbook urllib", "textbook"),
    ]
    tried: list[measure.Variant] = []
    memory: list[measure.Variant] = []
    pythons: list[measure.Variant] = []
    if not arguments.quick:
        main_rows += [
            workshop.function("requests", "with_requests", "requests"),
            workshop.function("pyTelegramBotAPI", "with_telebot", "telebot"),
            workshop.function(
                "python-telegram-bot", "with_python_telegram_bot", "python_telegram_bot"
            ),
            workshop.function("aiogram", "with_aiogram", "aiogram"),
            *variants.node_functions(root),
        ]
        tried = [workshop.ours(each.name, each.mode, each) for each in experiments.EXPERIMENTS]
        memory = [workshop.ours(each.name, each.mode, each) for each in experiments.MEMORY]
        for version in OTHERS:
            other = variants.find_python(version)
            if other:
                shop = variants.Workshop(other, version, root)
                pythons += [
                    shop.function(f"{version}, empty function", "empty"),
                    shop.ours(f"{version}, webhook", "webhook"),
                    shop.ours(f"{version}, api", "api"),
                ]
    every = [*main_rows, *tried, *memory, *pythons]
    limit = measure.Limit()
    if not limit.works:
        say("no control group may be made here: invocations are reckoned from their CPU time")
    runs: dict[str, list[measure.Run]] = {each.name: [] for each in every}
    started, load = time.time(), os.getloadavg()[0]
    try:
        with stand_in(root.parent) as bot_api:
            for number in range(1, arguments.runs + 1):
                # Which code the processor's caches still hold depends on what ran before.
                order = random.Random(number).sample(every, len(every))
                for place, variant in enumerate(order, 1):
                    say(f"run {number}/{arguments.runs}, {place}/{len(every)}: {variant.name}")
                    runs[variant.name].append(measure.measure(variant, bot_api, limit))
    finally:
        limit.remove()
    say("")
    results = {each.name: Result(each, runs[each.name]) for each in every}

    def of(some: list[measure.Variant]) -> list[Result]:
        return [results[each.name] for each in some]

    rows = of(main_rows)
    empty, webhook, api, textbook = rows[:4]
    wanted = targets(empty, api, webhook, textbook)
    if arguments.quick:
        print(main_table(rows), target_table(wanted), sep="\n\n")
    else:
        conditions = document.Conditions(
            machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
            f"{platform.python_implementation()} {RUNTIME}",
            runs=arguments.runs,
            limited=limit.works,
            minutes=(time.time() - started) / 60,
            load=load,
        )
        package = document.Package(
            workshop.package(api.variant), api.variant.folder, python, workshop.client
        )
        text = document.write(
            arguments.docs, rows, of(tried), of(memory), of(pythons), wanted, conditions, package
        )
        print(text)
        print(f"written: {arguments.docs}/performance.md")
    missed = [each.what for each in wanted if not each.met]
    for each in missed:
        print(f"missed: {each}", file=sys.stderr)
    return 1 if missed else 0


def say(text: str) -> None:
    """Show how far it is: on one line where somebody looks on."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
