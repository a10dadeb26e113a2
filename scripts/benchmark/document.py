"""docs/performance.md: all that was measured, and how."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmark import imports
from benchmark.experiments import EXPERIMENTS
from benchmark.measure import WARM
from benchmark.report import Result, Target, main_table, markdown, plot, target_table

# https://aws.amazon.com/lambda/pricing/: us-east-1, arm64, without the free tier.
DOLLARS_PER_GB_SECOND = 0.0000133334
DOLLARS_PER_MILLION_REQUESTS = 0.20
WARM_UPS_PER_MONTH = 30 * 24 * 12  # one each five minutes


class Conditions(NamedTuple):
    """Where and how it was measured. `load` is the machine's before the first run."""

    machine: str
    runs: int
    limited: bool
    minutes: float
    load: float


class Package(NamedTuple):
    """A package, and the function in it, unpacked: `client` is the runtime client's folder."""

    file: Path
    folder: Path
    python: str
    client: Path


def write(
    docs: Path,
    rows: Sequence[Result],
    tried: Sequence[Result],
    memory: Sequence[Result],
    pythons: Sequence[Result],
    wanted: Sequence[Target],
    conditions: Conditions,
    package: Package,
) -> str:
    """Write performance.md and performance.svg into a folder. Returns the text."""
    empty, webhook, api = rows[:3]
    parts = [
        "# Performance",
        "Measured by `scripts/bench`, which wrote this page and takes every figure in it from one "
        "run. Figures of another machine differ; the ratios hardly do.",
        "![Time to the first answer](performance.svg)",
        main_table(rows),
        "First answer: from the start of a container to its answer to the first update, TLS "
        f"handshake included. Warm: mean of {WARM} updates that follow. Connections: to Telegram, "
        f"for all {WARM + 1} updates. All at 128 MB.",
        "## Targets",
        target_table(wanted),
        "## What was tried",
        "Each is our function with one change, at 128 MB, in the same run; the difference is to "
        "our function without it, between the fastest runs of both: what disturbs a run can only "
        "make it slower, and these differences are small.",
        _experiments(api, webhook, tried),
        "\n".join(_decisions()),
        "## What start-up loads",
        "On top of what AWS's runtime client has loaded, in ms of `python -X importtime` (each "
        "module itself, the least of 7 starts). `tests/promises/test_startup.py` holds the list.",
        *_imports(package),
        "## Memory",
        _memory([webhook, api], memory),
        "Lambda gives a function CPU time in proportion to its memory, and start-up a whole core "
        "whatever its memory is. Start-up is billed. Prices: us-east-1, arm64, "
        f"{DOLLARS_PER_GB_SECOND:.10f} $ per GB-second, requests not included.",
        "## Cost",
        _cost(webhook, api),
        "## Python versions",
        _pythons([empty, webhook, api], pythons),
        "## Package",
        _package(package),
        "Lambda unpacks a package before it starts a function, so what compression does to a start "
        "can't be seen here; both are far from sizes at which it is known to matter.",
        "## Method",
        "\n".join(_method(conditions, empty)),
    ]  # fmt: skip
    docs.mkdir(parents=True, exist_ok=True)
    text = "\n\n".join(parts) + "\n"
    (docs / "performance.md").write_text(text)
    (docs / "performance.svg").write_text(plot(rows))
    return text


def _experiments(api: Result, webhook: Result, tried: Sequence[Result]) -> str:
    rows = [
        [
            each.variant.name,
            f"{each.total:.1f}",
            f"{each.fastest:.1f}",
            *("", ""),
            f"{each.warm_cpu:.2f}",
        ]
        for each in (api, webhook)
    ]
    for experiment, result in zip(EXPERIMENTS, tried, strict=True):
        base = api if experiment.mode == "api" else webhook
        difference = result.fastest - base.fastest
        rows.append(
            [
                result.variant.name,
                f"{result.total:.1f}",
                f"{result.fastest:.1f}",
                _signed(difference),
                f"{_signed(difference / base.fastest * 100, 0)} %",
                f"{result.warm_cpu:.2f}",
            ]
        )
    headings = ["", "first answer, ms", "fastest, ms", "difference, ms", "", "warm CPU, ms"]
    return markdown(headings, rows)


def _decisions() -> list[str]:
    return [
        f"- **{each.name}**: {each.question} {each.decision}"
        for each in EXPERIMENTS
        if each.question
    ]


def _imports(package: Package) -> list[str]:
    parts = []
    for mode in ("webhook", "api"):
        took = imports.table(package.python, package.folder, mode, str(package.client))
        rows = [[f"`{name}`", f"{took[name]:.2f}"] for name in sorted(took, key=took.__getitem__)]
        rows.reverse()
        rows.append(["all", f"{sum(took.values()):.2f}"])
        parts += [f'`reply_mode = "{mode}"`:', markdown(["module", "ms"], rows)]
    return parts


def _memory(bases: Sequence[Result], more: Sequence[Result]) -> str:
    rows = []
    for result in [*bases, *more]:
        cold, warm = (_dollars(result, each) for each in (result.total, result.warm))
        rows.append(
            [
                result.variant.name,
                f"{result.variant.memory}",
                f"{result.total:.0f}",
                f"{result.median(lambda run: run.first):.1f}",
                f"{result.warm:.1f}",
                f"{cold:.2f}",
                f"{warm:.2f}",
            ]
        )
    headings = ["", "MB", "first answer, ms", "first invocation, ms", "warm, ms"]
    return markdown([*headings, "$ per million cold", "$ per million warm"], rows)


def _dollars(result: Result, milliseconds: float) -> float:
    """Return what a million invocations of so many ms cost, each rounded up to a whole ms."""
    gigabytes = result.variant.memory / 1024
    return -(-milliseconds // 1) / 1000 * gigabytes * DOLLARS_PER_GB_SECOND * 1e6


def _cost(webhook: Result, api: Result) -> str:
    warm_up = _dollars(api, 1) / 1e6 + DOLLARS_PER_MILLION_REQUESTS / 1e6
    rows = []
    for result in (webhook, api):
        rows.append(
            [
                result.variant.name,
                f"{_dollars(result, result.total) + DOLLARS_PER_MILLION_REQUESTS:.2f}",
                f"{_dollars(result, result.warm) + DOLLARS_PER_MILLION_REQUESTS:.2f}",
            ]
        )
    headings = ["at 128 MB", "$ per million cold updates", "$ per million warm ones"]
    return markdown(headings, rows) + (
        "\n\nThis is Lambda alone, its requests included. To keep one container warm, by an "
        f"invocation each five minutes ({WARM_UPS_PER_MONTH} a month, of one billed ms each), "
        f"costs {warm_up * WARM_UPS_PER_MONTH:.4f} $ a month. It saves the update that comes "
        "after a pause Lambda's own preparation of a container, which can't be measured here, and "
        f"the start-up: {webhook.total - webhook.warm:.0f} ms of the webhook mode's, less of the "
        "api mode's, whose connection to Telegram is opened anew after half a minute."
    )


def _pythons(bases: Sequence[Result], others: Sequence[Result]) -> str:
    rows = [
        [each.variant.name, f"{each.total:.1f}", f"{each.fastest:.1f}", f"{each.warm_cpu:.2f}"]
        for each in [*bases, *others]
    ]
    table = markdown(["", "first answer, ms", "fastest, ms", "warm CPU, ms"], rows)
    missing = "" if len(others) > 3 else " Not all of 3.12, 3.13 and 3.14 are on this machine."
    return f"{table}\n\nWithout a version: 3.13, the default.{missing}"


def _package(package: Package) -> str:
    with zipfile.ZipFile(package.file) as archive:
        entries = archive.infolist()
    rows = []
    for name, kept in [
        ("sources and byte code", entries),
        ("sources", [each for each in entries if not each.filename.endswith(".pyc")]),
        ("byte code", [each for each in entries if each.filename.endswith(".pyc")]),
    ]:
        deflated = sum(each.compress_size for each in kept) / 1024
        stored = sum(each.file_size for each in kept) / 1024
        rows.append([name, f"{len(kept)}", f"{deflated:.1f}", f"{stored:.1f}"])
    return markdown(["", "files", "compressed, KB", "stored, KB"], rows)


def _method(conditions: Conditions, empty: Result) -> list[str]:
    low, high = empty.spread(lambda run: run.total)
    spread = (high - low) / empty.total * 100
    held = (
        "Invocations, not start-up, were held to 128/1769 of a core by a control group, in periods "
        "of 20 ms, as Lambda does."
        if conditions.limited
        else "This machine allows no control group: the times of invocations are reckoned from "
        "their CPU time, as CPU time × 1769/128, where that is longer than they took."
    )
    return [
        f"- **Where**: {conditions.machine}. {conditions.runs} runs of each, in "
        f"{conditions.minutes:.0f} minutes; one run of every variant, then the next of each, in "
        "another order, so that what disturbs the machine disturbs them alike. Medians, and "
        "quartiles.",
        f"- **Noise**: half of the empty function's starts lay within {low:.1f} and {high:.1f} ms "
        f"({spread:.0f} % of their median). The machine's load was {conditions.load:.1f} before.",
        "- **Lambda**: each run is a new process of AWS's runtime client for Python, "
        "`awslambdaric`, against a local Runtime API (`scripts/emulators/runtime_api.py`). Node's "
        "is built from source, so a small one takes its place, which does less.",
        f"- **CPU**: {held} Start-up is the CPU time that it takes, as if it had a core for "
        "itself, or the clock's where threads share the work and that is less. Beside it stands "
        "what the clock said, with what other programs took, and the stand-in's part of the "
        "handshake.",
        "- **Packages**: unpacked to a read-only folder, without `__pycache__` but what is in the "
        "package. The libraries of others have the byte code that pip gives them.",
        "- **Telegram**: a stand-in over TLS 1.3 in a process of its own, with a chain like "
        "api.telegram.org's (RSA, a CA between). Its root is added to this machine's CAs. There "
        "is no distance to it, which all but the webhook mode would wait for.",
        "- **Not in it**: what Lambda does before it starts Python (fetching the package, making a "
        "micro VM), a cold disk, and its arm64 processors.",
    ]  # fmt: skip


def _signed(value: float, digits: int = 1) -> str:
    return f"{value:+.{digits}f}".replace("-", "−")
