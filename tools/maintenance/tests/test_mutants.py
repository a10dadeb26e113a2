"""scripts/mutants: which tests it runs for a mutant."""

from __future__ import annotations

from pathlib import Path

import pytest
from coverage import CoverageData
from telegram_bot_aws.local.project import ROOT

from maintenance import mutants
from maintenance.mutants import files, reached

UNIT, WHOLE = "tests/unit/test_aws.py::test_a[one|two]", "tests/integration/test_faults.py::test_b"


@pytest.fixture
def coverage(tmp_path: Path) -> Path:
    """Make a file of coverage with the contexts that pytest-cov gives."""
    data = CoverageData(str(tmp_path / ".coverage"))
    for context, lines in {
        "": [1],
        f"{UNIT}|run": [1, 2],
        f"{WHOLE}|setup": [1],
        f"{WHOLE}|run": [3],
        "tests/unit/test_calls.py::test_c|run": [2],
        "tests/unit/test_calls.py::test_d|run": [2],
    }.items():
        data.set_context(context)
        data.add_lines({"/x/project/lambda/botkit/aws.py": lines, "/x/other/botkit/aws.py": [9]})
    data.write()
    return tmp_path / ".coverage"


def test_the_tests_find_each_file_in_the_copy(tmp_path: Path) -> None:
    copy = mutants.copied(tmp_path / "project")
    names = {path.name for path in ROOT.iterdir() if path.name[0] not in "._"}
    assert {path.name for path in copy.iterdir()} == names


def test_each_line_has_the_tests_that_reach_it(coverage: Path) -> None:
    calls = {f"tests/unit/test_calls.py::test_{name}" for name in "cd"}
    assert reached(coverage, "botkit/aws") == {1: {UNIT, WHOLE}, 2: {UNIT, *calls}, 3: {WHOLE}}


def test_unit_tests_come_first_and_those_that_reach_most(coverage: Path) -> None:
    assert files(reached(coverage, "botkit/aws")) == [
        "tests/unit/test_aws.py",
        "tests/unit/test_calls.py",
        "tests/integration/test_faults.py",
    ]


def test_an_unknown_module_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["mutants", "init_data"])
    with pytest.raises(SystemExit):
        mutants.main()
    said = capsys.readouterr().err
    assert "there is no module init_data: name some of bot, botkit/__init__, botkit/allowed" in said
    assert "botkit/init_data" in said
