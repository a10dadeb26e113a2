"""scripts/bench: that it runs what it says, not how fast."""

from __future__ import annotations

import shutil
import socket
import sys
import time
import xml.etree.ElementTree
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from telegram_bot_aws.local.project import ROOT

from bench import document, measure, report
from bench.distance import Network, inside, network
from bench.fake_bot_api import fake_bot_api, make_certificates
from tests.support.needs import skip_or_fail

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
    results = []
    with measure.CpuLimit() as limit, fake_bot_api(certificates) as bot_api:
        for variant, connections in ((empty, 0), (textbook, 3)):
            run = measure.measure(variant, bot_api, limit, warm=2)
            assert run.connections == connections
            results.append(report.Result(variant, [run]))
        with pytest.raises(RuntimeError, match="0 calls"):
            measure.measure(empty._replace(calls=True), bot_api, limit, warm=1)
    assert len(report.main_table(results).splitlines()) == 4
    assert report.main_table(results).endswith(f" {run.memory:.0f} |")
    xml.etree.ElementTree.fromstring(report.plot(results))


def result(milliseconds: float, warm_cpu: float = 1.0, connections: int = 1) -> report.Result:
    variant = measure.Variant("a function", FUNCTIONS, COMMAND)
    run = measure.Run(milliseconds, 0.0, 0.0, warm_cpu, 0.0, connections)
    return report.Result(variant, [run])


def test_each_target_is_met_up_to_its_limit() -> None:
    empty, webhook, textbook = result(100, 1.0), result(110), result(1200, 3.0)
    api = {0: result(200, 2.0), 8: result(1.3 * 124), 30: result(1.1 * 190)}
    others = result(260, 5.0), result(260), result(338), result(121)
    met = [each.met for each in report.targets(empty, webhook, textbook, api, *others)]
    assert met == [True] * 12
    webhook, textbook = result(111), result(1199, 3.0)
    api = {0: result(201, 2.1, 2), 8: result(1.3 * 125), 30: result(1.1 * 191)}
    others = result(262, 5.5), result(262), result(341), result(123)
    missed = report.targets(empty, webhook, textbook, api, *others)
    assert [each.met for each in missed] == [False] * 12
    assert report.target_table(missed).count("**missed**") == 12


def test_a_machine_without_distances_has_no_target_for_them() -> None:
    others = [result(1)] * 4
    near = report.targets(result(1), result(1), result(9, 2.0), {0: result(1, 2.0)}, *others)
    assert not [each for each in near if "away" in each.what]


CONDITIONS = document.Conditions(3, 1.0, 0.0, limited=True)


@pytest.mark.parametrize("aways", [(0, 8, 30), (0,)], ids=["with distances", "without"])
def test_the_measured_parts_are_replaced(aways: tuple[int, ...], tmp_path: Path) -> None:
    empty, textbook, others = result(1, 1.0), result(9, 2.0), [result(1)] * 2
    distances = [{away: result(1, 2.0) for away in aways}]
    results = document.Results([empty, *others, textbook, *others, *others], distances)
    text = document.write(tmp_path, results, CONDITIONS)
    assert (tmp_path / "performance.md").read_text() == text
    assert ("| 30 ms away |" in text) == (30 in aways)
    assert text.count("| a function |") == 8
    assert "3 runs of each variant" in text
    xml.etree.ElementTree.parse(tmp_path / "performance.svg")


def test_the_rest_of_the_page_stays() -> None:
    page = "before\n\n<!-- scripts/bench: main -->\n\nold\n\n<!-- end -->\n\nafter\n"
    assert document.filled(page, {"main": "new"}) == page.replace("old", "new")
    with pytest.raises(ValueError, match="must have <!-- scripts/bench: other -->"):
        document.filled(page, {"other": "new"})
