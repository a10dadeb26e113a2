"""scripts/dev bench: that it runs what it says, not how fast."""

import sys

import pytest
from telegram_bot_aws.local.project import ROOT

from bench import instructions, measure, report
from bench.fake_bot_api import FakeBotApi
from tests.support.needs import skip_or_fail

FUNCTIONS = ROOT / "tools" / "bench" / "functions"


@pytest.fixture
def bot_api():
    if sys.platform != "linux":
        skip_or_fail("the benchmark measures on Linux only")
    with FakeBotApi() as bot_api:
        yield bot_api


@pytest.fixture
def environment(bot_api, tmp_path):
    """The environment of a function whose system trusts the fake Bot API."""
    (tmp_path / "root.pem").write_text(bot_api.root)
    trust = {"SSL_CERT_FILE": str(tmp_path / "root.pem"), "SSL_CERT_DIR": "/nowhere"}
    return measure.environment(bot_api) | trust


def test_measure_is_reported(bot_api, environment):
    def variant(name, calls):
        handler = f"{name}.handler"
        return measure.Variant(name, FUNCTIONS, sys.executable, handler, environment, calls)

    every = [variant("empty", calls=False), variant("textbook", calls=True)]
    results = {each.name: [measure.measure(each, bot_api, 2)] for each in every}
    assert bot_api.calls == 3
    with pytest.raises(RuntimeError, match="0 calls"):
        measure.measure(variant("empty", calls=True), bot_api, 1)
    _, _, *rows = report.main_table(results).splitlines()
    assert rows[0].startswith("| empty | 1.00 | ")
    assert rows[1].startswith("| textbook | ")


def test_main_table_has_the_share_of_stopped_updates():
    run = measure.Run(startup=20, first=2, later=1, memory=15)  # 1.4, 2.2 and 2.9 ms are allowed
    table = report.main_table({"empty": [run._replace(startup=9, first=1)], "this": [run]})
    assert "| this | 2.20 | 2.0 | 100% | 0% | 0% | 1.0 | 15 |" in table


def test_beyond_names_counts_above_their_limit_and_none(monkeypatch):
    limits = {"this bot, api": (137.0, 1.12), "this bot, webhook": (10.0, 0.6)}
    monkeypatch.setattr(instructions, "LIMITS", limits)
    counts = [
        instructions.Count("this bot, api", 137.0, 1.1),
        instructions.Count("this bot, webhook", 10.1, 0.0),
    ]
    assert [each.beyond() for each in counts] == [
        [],
        [
            "this bot, webhook: start-up takes 10.10 million instructions, and at most 10",
            "this bot, webhook: an update takes 0.00 million instructions, and at most 0.6",
        ],
    ]
    assert instructions.table(counts).splitlines()[2].split() == (
        "| this bot, api | 137.00 | 137.00 | 1.10 | 1.12 |".split()
    )
