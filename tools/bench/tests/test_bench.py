"""scripts/dev bench: that it runs what it says, not how fast."""

import shutil
import sys

import pytest
from telegram_bot_aws.local.project import ROOT

from bench import instructions, measure, report
from bench.fake_bot_api import fake_bot_api, make_certificates
from tests.support.needs import skip_or_fail
from tests.support.stubs import copy_function

FUNCTIONS = ROOT / "tools" / "bench" / "functions"
COMMAND = [sys.executable, "-m", "awslambdaric"]


@pytest.fixture
def certificates(tmp_path):
    if sys.platform != "linux":
        skip_or_fail("the benchmark measures on Linux only")
    if not shutil.which("openssl"):
        skip_or_fail("openssl is not installed: install it")
    return make_certificates(tmp_path / "certificates").parent


def test_a_run_measures_and_is_reported(certificates):
    trust = {"SSL_CERT_FILE": str(certificates / "root.pem"), "SSL_CERT_DIR": "/nowhere"}
    empty = measure.Variant("empty", FUNCTIONS, [*COMMAND, "empty.handler"], calls=False)
    textbook = measure.Variant("textbook", FUNCTIONS, [*COMMAND, "textbook.handler"], trust)
    results = []
    with measure.CpuLimit() as limit, fake_bot_api(certificates) as bot_api:
        for variant, connections in ((empty, 0), (textbook, 5)):
            run = measure.measure(variant, bot_api, limit, warm=2)
            assert run.connections == connections
            results.append(report.Result(variant, [run]))
        with pytest.raises(RuntimeError, match="0 calls"):
            measure.measure(empty._replace(calls=True), bot_api, limit, warm=1)
    assert report.main_table(results).endswith(f" {run.memory:.0f} |")


def test_counts_beyond_their_limit_are_named():
    counts = [
        instructions.Count("this bot, api", 137.0, 1.1),
        instructions.Count("this bot, webhook", 10.1),
    ]
    assert [each.beyond() for each in counts] == [
        [],
        ["this bot, webhook: start-up takes 10.10 million instructions, and at most 10"],
    ]
    assert instructions.table(counts).splitlines()[2].split() == (
        "| this bot, api | 137.00 | 137.00 | 1.10 | 1.12 |".split()
    )


@pytest.mark.slow
def test_the_updates_of_a_function_are_counted(certificates, tmp_path):
    if not shutil.which("valgrind"):
        skip_or_fail("counting takes valgrind")
    folder = copy_function(tmp_path / "task")
    variant = measure.Variant("a function", folder, [sys.executable], {"REPLY_MODE": "webhook"})
    with fake_bot_api(certificates) as bot_api:
        client, none, two = (instructions.instructions(variant, n, bot_api) for n in (-1, 0, 2))
    assert 10**7 < client < none < two
