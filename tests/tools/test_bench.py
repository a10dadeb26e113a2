"""scripts/bench: that it runs what it says, not how fast."""

from __future__ import annotations

import shutil
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path

import pytest
from benchmark import measure, report
from benchmark.experiments import EXPERIMENTS, MEMORY, Experiment, apply
from benchmark.server import make_certificates, stand_in
from emulators.runtime_api import InitError, RuntimeApi
from project import ROOT

from tests.conftest import skip_or_fail

FUNCTIONS = ROOT / "scripts" / "benchmark" / "functions"
COMMAND = [sys.executable, "-m", "awslambdaric"]


@pytest.mark.parametrize("experiment", EXPERIMENTS + MEMORY, ids=lambda each: each.name)
def test_an_experiment_still_fits_the_function(experiment: Experiment, tmp_path: Path) -> None:
    folder = tmp_path / "task"
    shutil.copytree(ROOT / "lambda", folder, ignore=shutil.ignore_patterns("__pycache__"))
    apply(experiment, folder, sys.executable)
    compiled = list(folder.rglob("*.pyc"))
    assert len(compiled) == (len(list(folder.rglob("*.py"))) if experiment.byte_code else 0)


def invoked(folder: Path, handler: str, *events: object) -> list[tuple[object, bool]]:
    with RuntimeApi() as api:
        process = subprocess.Popen(
            [*COMMAND, handler],
            cwd=folder,
            env=api.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            answers = []
            for event in events:
                api.wait_until_started()
                answers.append(api.invoke(event)[:2])
            return answers
        finally:
            process.kill()
            process.wait()


def test_the_runtime_api_runs_a_function(tmp_path: Path) -> None:
    (tmp_path / "function.py").write_text("def handler(event, context): return event['a'] * 2")
    assert invoked(tmp_path, "function.handler", {"a": "é"}, {"a": 2}) == [
        ("éé", False),
        (4, False),
    ]
    ((error, failed),) = invoked(tmp_path, "function.handler", {})
    assert failed
    assert isinstance(error, dict)
    assert error["errorType"] == "KeyError"


def test_the_runtime_api_tells_why_a_function_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "function.py").write_text("import nothing_of_this_name")
    with pytest.raises(InitError, match="nothing_of_this_name"):
        invoked(tmp_path, "function.handler", {})


def test_a_run_measures_and_is_reported(tmp_path: Path) -> None:
    if sys.platform != "linux":
        skip_or_fail("the benchmark measures on Linux only")
    if not shutil.which("openssl"):
        skip_or_fail("openssl is not installed: install it")
    root = make_certificates(tmp_path / "certificates")
    textbook = {"SSL_CERT_FILE": str(root), "SSL_CERT_DIR": "/nowhere"}
    variants = [
        measure.Variant("empty", FUNCTIONS, [*COMMAND, "empty.handler"], calls=False),
        measure.Variant("textbook", FUNCTIONS, [*COMMAND, "textbook.handler"], textbook),
    ]
    limit = measure.Limit()
    try:
        with stand_in(root.parent) as bot_api:
            runs = [measure.measure(variant, bot_api, limit, warm=2) for variant in variants]
            assert [run.connections for run in runs] == [0, 3]
            with pytest.raises(RuntimeError, match="0 calls"):
                measure.measure(variants[0]._replace(calls=True), bot_api, limit, warm=1)
    finally:
        limit.remove()
    results = [report.Result(variant, [run]) for variant, run in zip(variants, runs, strict=True)]
    assert len(report.main_table(results).splitlines()) == 4
    xml.etree.ElementTree.fromstring(report.plot(results))


def test_a_target_is_met_or_missed() -> None:
    missed = [report.Target("a", 2.1, 2.0), report.Target("b", 5.9, 6.0, at_least=True)]
    met = [report.Target("c", 2.0, 2.0), report.Target("d", 6.0, 6.0, at_least=True)]
    assert [each.met for each in missed + met] == [False, False, True, True]
    assert report.target_table(missed + met).count("**missed**") == 2
