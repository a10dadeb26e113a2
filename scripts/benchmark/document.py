"""docs/performance.md: all that was measured, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmark.experiments import EXPERIMENTS, MEMORY
from benchmark.measure import WARM
from benchmark.report import (
    Result,
    Target,
    distance_table,
    main_table,
    markdown,
    plot,
    target_table,
)

# https://aws.amazon.com/lambda/pricing/: us-east-1, arm64, without the free tier.
DOLLARS_PER_GB_SECOND = 0.0000133334
DOLLARS_PER_MILLION_REQUESTS = 0.20
WARM_UPS_PER_MONTH = 30 * 24 * 12  # one every five minutes

LEAST_MS = 0.3  # that a module takes to be listed

# https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
ON_AWS = """\
None of this was measured on Lambda. With `tracing = true` you can: in CloudWatch's console, under
X-Ray traces, choose a trace of the function. It has two segments with the function's name:

- `AWS::Lambda`: from the request's arrival at Lambda until its answer. What it has beyond the other
  segment is Lambda's own time: finding a container, or preparing one.
- `AWS::Lambda::Function`, with the subsegments `Initialization`, `Invocation` and `Overhead`. Only
  a cold start has the first: Python, the imports and, in api mode, the connection to Telegram.
  Compare it with the start-up in the first table, and `Invocation` with the time of an answer.

A trace shows nothing of API Gateway, and no calls inside an invocation. In api mode, the log's
`milliseconds` are mostly the wait for Telegram. If you have such figures, with region, memory and
reply mode, please open an issue: they are missing here."""


class Results(NamedTuple):
    """What a whole run came to.

    `distances` has a row for each variant, by distance; `experiments` has EXPERIMENTS and MEMORY by
    name; `others` are the rows of other Pythons; `imports` has the modules' ms by reply_mode.
    """

    main: list[Result]
    distances: Sequence[Mapping[int, Result]]
    experiments: dict[str, Result]
    others: list[Result]
    imports: dict[str, dict[str, float]]
    targets: list[Target]


class Conditions(NamedTuple):
    """Where and how it was measured. `load` is the machine's before the first run."""

    machine: str
    runs: int
    limited: bool
    minutes: float
    load: float


def write(docs: Path, results: Results, conditions: Conditions) -> str:
    """Write performance.md and performance.svg into a folder. Returns the text."""
    empty, webhook, api = results.main[:3]
    parts = [
        "# Performance",
        "`scripts/bench` measured all of this in one run, and wrote this page. Another machine has "
        "other figures, and about the same ratios. Times are by the clock, and medians.",
        "![Time to the first answer](performance.svg)",
        main_table(results.main),
        "First answer: from the start of a container until it has answered its first update: "
        "start-up, TLS handshake and the call included. Quartiles: half of the runs lie between "
        f"them. Warm: the mean of {WARM} more updates. Connections: to Telegram, for all "
        f"{WARM + 1} updates. All at 128 MB, with Telegram next door.",
        "## Distance",
        _distances(empty, results.distances),
        "## Targets",
        target_table(results.targets),
        "## What was tried",
        "Each row is the function with one change, at 128 MB, beside the function without it. "
        f"Differences below {_noise(empty):.1f} ms are noise.",
        _experiments(webhook, api, results),
        "\n".join(
            f"- **{each.name}**: {each.question} {each.decision}"
            for each in EXPERIMENTS
            if each.question
        ),
        "## What start-up loads",
        "Beyond the modules of AWS's runtime client, in ms by `python -X importtime` (each module "
        "itself, without those that it loads). In api mode `handler` opens the connection: its "
        "figure includes the TLS handshake. `tests/integration/test_startup.py` checks them.",
        *_imports(results.imports),
        "## Memory and cost",
        _memory(webhook, api, results),
        "Lambda gives a function CPU time in proportion to its memory, but a whole core for "
        "start-up. Start-up is billed. Prices: us-east-1, arm64, "
        f"{DOLLARS_PER_GB_SECOND:.10f} $ per GB-second, and "
        f"{DOLLARS_PER_MILLION_REQUESTS:.2f} $ per million requests, which is included.",
        _warm_up(webhook, api),
        "## Python versions",
        _pythons([empty, webhook, api], results.others),
        "## On AWS",
        ON_AWS,
        "## Method",
        "\n".join(_method(conditions, empty, bool(results.distances))),
    ]
    docs.mkdir(parents=True, exist_ok=True)
    text = "\n\n".join(parts) + "\n"
    (docs / "performance.md").write_text(text)
    (docs / "performance.svg").write_text(plot(results.main))
    return text


def _distances(empty: Result, rows: Sequence[Mapping[int, Result]]) -> str:
    if not rows:
        return "Not measured: this machine doesn't allow a network namespace."
    return distance_table(empty, rows) + (
        "\n\nIn ms, by the round trip to Telegram: 8 ms is about the way from Frankfurt to "
        "Amsterdam. Each first answer takes three round trips at least: TCP's handshake, TLS's, "
        "and the call."
    )


def _noise(result: Result) -> float:
    low, high = result.quartiles
    return high - low


def _experiments(webhook: Result, api: Result, results: Results) -> str:
    bases = {("webhook", 0): webhook, ("api", 0): api}
    for away, result in (results.distances[0] if results.distances else {}).items():
        bases["api", away] = result
    rows = [_row(each, "") for each in bases.values()]
    for experiment in EXPERIMENTS:
        if experiment.name in results.experiments:
            result = results.experiments[experiment.name]
            base = bases[experiment.mode, experiment.away]
            rows.append(_row(result, _signed(result.first_answer - base.first_answer)))
    return markdown(["", "first answer, ms", "difference, ms", "warm CPU, ms"], rows)


def _row(result: Result, difference: str) -> list[str]:
    name = result.variant.name
    return [name, f"{result.first_answer:.1f}", difference, f"{result.warm_cpu:.2f}"]


def _imports(modes: dict[str, dict[str, float]]) -> list[str]:
    parts = []
    for mode, took in modes.items():
        listed = [name for name in took if took[name] >= LEAST_MS]
        listed.sort(key=took.__getitem__, reverse=True)
        rest = sum(took.values()) - sum(took[name] for name in listed)
        rows = [[f"`{name}`", f"{took[name]:.1f}"] for name in listed]
        rows.append([f"{len(took) - len(listed)} smaller ones", f"{rest:.1f}"])
        rows.append(["all", f"{sum(took.values()):.1f}"])
        parts += [f'`reply_mode = "{mode}"`:', markdown(["module", "ms"], rows)]
    return parts


def _memory(webhook: Result, api: Result, results: Results) -> str:
    rows = []
    for result in [webhook, api, *(results.experiments[each.name] for each in MEMORY)]:
        rows.append(
            [
                result.variant.name,
                f"{result.variant.memory}",
                f"{result.first_answer:.0f}",
                f"{result.warm:.1f}",
                f"{_dollars(result, result.first_answer):.2f}",
                f"{_dollars(result, result.warm):.2f}",
            ]
        )
    headings = ["", "MB", "first answer, ms", "warm, ms"]
    return markdown([*headings, "$ per million cold updates", "$ per million warm ones"], rows)


def _dollars(result: Result, milliseconds: float) -> float:
    """Return what a million invocations of so many ms cost. Lambda bills whole ms, rounded up."""
    seconds = -(-milliseconds // 1) / 1000
    gigabytes = result.variant.memory / 1024
    return seconds * gigabytes * DOLLARS_PER_GB_SECOND * 1e6 + DOLLARS_PER_MILLION_REQUESTS


def _warm_up(webhook: Result, api: Result) -> str:
    cost = _dollars(api, 1) / 1e6 * WARM_UPS_PER_MONTH
    return (
        f"An invocation every five minutes ({WARM_UPS_PER_MONTH} a month, each billed 1 ms) keeps "
        f"one container warm for {cost:.4f} $ a month. An update that comes after a pause then "
        "doesn't wait for Lambda to prepare a container, which can't be measured here, nor for "
        f"start-up: {webhook.startup:.0f} ms in webhook mode, less in api mode, where the "
        "connection to Telegram is opened again after half a minute."
    )


def _pythons(bases: Sequence[Result], others: Sequence[Result]) -> str:
    rows = [
        [each.variant.name, f"{each.first_answer:.1f}", f"{each.warm_cpu:.2f}"]
        for each in [*bases, *others]
    ]
    table = markdown(["", "first answer, ms", "warm CPU, ms"], rows)
    missing = "" if len(others) > 3 else " This machine doesn't have all of 3.12, 3.13 and 3.14."
    return f"{table}\n\nWithout a version: 3.13, the default.{missing}"


def _method(conditions: Conditions, empty: Result, has_distance: bool) -> list[str]:
    low, high = empty.quartiles
    limit = (
        "A control group held invocations, but not start-up, to 128/1769 of a core, in periods of "
        "20 ms, as Lambda does."
        if conditions.limited
        else "This machine allows no control group: an invocation counts as CPU time × 1769/128 "
        "where that is longer than it took."
    )
    distance = (
        " For the rows with a distance it is reached over TUN devices, and each packet is held for "
        "half a round trip."
        if has_distance
        else ""
    )
    return [
        f"- **Where**: {conditions.machine}. {conditions.runs} runs of each variant in "
        f"{conditions.minutes:.0f} minutes: one of each, in random order, then the next.",
        f"- **Noise**: half of the empty function's first answers took {low:.1f} to {high:.1f} ms. "
        f"The machine's load was {conditions.load:.1f} before.",
        "- **Lambda**: each run is a new process of AWS's runtime client for Python, "
        "`awslambdaric`, against a local Runtime API (`scripts/emulators/runtime_api.py`). Node's "
        "client is built from source, so a small one that does less takes its place.",
        f"- **CPU**: {limit}",
        "- **Packages**: unpacked to a read-only folder, with no byte code but what is in the "
        "package. Other libraries have the byte code that pip makes.",
        "- **Telegram**: a fake over TLS 1.3 in a process of its own, with a certificate chain "
        f"like api.telegram.org's (RSA, an intermediate CA).{distance} Its CA is added to this "
        "machine's.",
        "- **Not included**: what Lambda does before it starts Python (fetching the package, "
        "starting a micro VM), a cold disk, and its arm64 processors.",
    ]  # fmt: skip


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")
