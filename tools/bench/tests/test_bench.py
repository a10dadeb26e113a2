"""scripts/dev bench: that it runs what it says, not how fast."""

from __future__ import annotations

import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from telegram_bot_aws.local.processes import ToolError
from telegram_bot_aws.local.project import ROOT

from bench import document, instructions, measure, report
from bench.distance import Network, inside, network
from bench.fake_bot_api import fake_bot_api, make_certificates
from tests.support.needs import skip_or_fail
from tests.support.stubs import copy_function

FUNCTIONS = ROOT / "tools" / "bench" / "functions"
COMMAND = [sys.executable, "-m", "awslambdaric"]


@pytest.fixture
def far() -> Iterator[Network]:
    with ExitStack() as stack:
        try:
            yield stack.enter_context(network([20, 50]))
        except OSError as error:
            skip_or_fail(f"the benchmark's distance takes root, /dev/net/tun and iproute2: {error}")


def test_a_round_trip_over_the_network_takes_as_long_as_set(far: Network) -> None:
    with inside(far.namespace):
        server = socket.create_server(("0.0.0.0", 0))
    with server:
        for milliseconds, address in far.addresses.items():
            started = time.perf_counter()
            with socket.create_connection((address, server.getsockname()[1])):
                assert (time.perf_counter() - started) * 1000 >= milliseconds


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    if sys.platform != "linux":
        skip_or_fail("the benchmark measures on Linux only")
    if not shutil.which("openssl"):
        skip_or_fail("openssl is not installed: install it")
    return make_certificates(tmp_path / "certificates").parent


def test_a_run_measures_and_is_reported(certificates: Path) -> None:
    trust = {"SSL_CERT_FILE": str(certificates / "root.pem"), "SSL_CERT_DIR": "/nowhere"}
    empty = measure.Variant("empty", FUNCTIONS, [*COMMAND, "empty.handler"], calls=False)
    textbook = measure.Variant("textbook", FUNCTIONS, [*COMMAND, "textbook.handler"], trust)
    measured = []
    with measure.CpuLimit() as limit, fake_bot_api(certificates) as bot_api:
        for variant, connections in ((empty, 0), (textbook, 5)):
            run = measure.measure(variant, bot_api, limit, warm=2)
            assert run.connections == connections
            measured.append(report.Result(variant, [run]))
        with pytest.raises(RuntimeError, match="0 calls"):
            measure.measure(empty._replace(calls=True), bot_api, limit, warm=1)
    assert len(report.main_table(measured).splitlines()) == 4
    assert report.main_table(measured).endswith(f" {run.memory:.0f} |")


def result(milliseconds: float, name: str = "a function") -> report.Result:
    variant = measure.Variant(name, FUNCTIONS, COMMAND)
    run = measure.Run(milliseconds, 0.0, 0.0, 0.0, 1.0, 0.0, 1)
    return report.Result(variant, [run])


def results(**first_answers: float) -> dict[str, report.Result]:
    """Return results by the names of the variants that the targets compare."""
    named = {
        "empty function": first_answers.get("empty", 100),
        "textbook urllib": 1200,
        "this bot, webhook": 110,
        "this bot, api, with a session": 213,
        "this bot, into a queue": 200,
    }
    return {name: result(milliseconds) for name, milliseconds in named.items()}


def test_targets_compare_the_runs_of_a_round() -> None:
    api = {0: result(195), 8: result(1.3 * 124), 30: result(1.1 * 190)}
    values = [each.values for each in report.targets(results(), api)]
    assert values == [
        [1.95], [pytest.approx(1200 / 195)], [pytest.approx(1.3)], [pytest.approx(1.1)],
        [1.1], [18], [1.15], [1.0], [1.0], [1],
    ]  # fmt: skip
    near = report.Result(result(1).variant, [result(each).runs[0] for each in (200, 100, 300)])
    every = results()
    for name, each in every.items():
        every[name] = each._replace(runs=each.runs * 3)
    table = report.target_table(report.targets(every, {0: near}))
    assert "| ≤ 1.95 × the empty function's " in table
    assert "| 2.00 | 1.50 to 2.50 |" in " ".join(table.split())


def test_a_machine_without_distances_has_no_target_for_them() -> None:
    near = report.targets(results(), {0: result(1)})
    assert not [each for each in near if "away" in each.what]


CONDITIONS = document.Conditions(3, 1.0, 0.0, limited=True)


@pytest.mark.parametrize("aways", [(0, 8, 30), (0,)], ids=["with distances", "without"])
def test_the_measured_parts_are_replaced(aways: tuple[int, ...], tmp_path: Path) -> None:
    distances = [{away: result(1) for away in aways}]
    main = [result(1, name) for name in results()]
    text = document.write(tmp_path, document.Results(main, distances), CONDITIONS)
    assert (tmp_path / "performance.md").read_text() == text
    assert ("| 30 ms away |" in text) == (30 in aways)
    assert "3 runs of each variant" in text


def test_the_rest_of_the_page_stays() -> None:
    page = "before\n\n<!-- scripts/dev bench: main -->\n\nold\n\n<!-- end -->\n\nafter\n"
    assert document.filled(page, {"main": "new"}) == page.replace("old", "new")
    with pytest.raises(ValueError, match="must have <!-- scripts/dev bench: other -->"):
        document.filled(page, {"other": "new"})


def test_counts_beyond_their_limit_are_named() -> None:
    counts = [
        instructions.Count("this bot, api", 138.0, 1.1),
        instructions.Count("this bot, webhook", 12.6),
        instructions.Count("this bot, into a queue", 999.0, 9.0),
    ]
    assert [each.beyond() for each in counts] == [
        [], ["this bot, webhook: start-up takes 12.60 million instructions, and at most 12.5"], [],
    ]  # fmt: skip
    assert instructions.table(counts).splitlines()[2].split() == (
        "| this bot, api | 138.00 | 138.00 | 1.10 | 1.10 |".split()
    )


@pytest.mark.parametrize("judged", [("3.99", "OpenSSL"), ("3.13.0", "LibreSSL")])
def test_other_versions_are_not_judged(
    judged: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(instructions, "JUDGED", judged)
    assert instructions.show([instructions.Count("this bot, api", 999.0)], sys.executable) == 0
    assert "not judged: the limits are of" in capsys.readouterr().out


def test_a_fake_bot_api_that_does_not_start_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="must start"), fake_bot_api(tmp_path / "none"):
        pass


@pytest.mark.slow
def test_the_updates_of_a_function_are_counted(certificates: Path, tmp_path: Path) -> None:
    if not shutil.which("valgrind"):
        skip_or_fail("counting takes valgrind")
    folder = copy_function(tmp_path / "task")
    variant = measure.Variant("a function", folder, [sys.executable], {"REPLY_MODE": "webhook"})
    with fake_bot_api(certificates) as bot_api:
        client, none, two = (instructions.instructions(variant, n, bot_api) for n in (-1, 0, 2))
    assert 10**7 < client < none < two
