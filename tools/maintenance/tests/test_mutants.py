"""scripts/mutants: its lists match the function and its tests."""

from __future__ import annotations

import ast
import re

import pytest
from telegram_bot_aws.local.project import LAMBDA, ROOT

from maintenance import mutants
from maintenance.mutants import EQUIVALENT, TESTS, named, path


def test_every_module_is_listed_with_its_tests() -> None:
    files = [file for file in LAMBDA.rglob("*.py") if ast.parse(file.read_text()).body[1:]]
    assert set(TESTS) == {str(file.relative_to(LAMBDA).with_suffix("")) for file in files}
    assert [test for tests in TESTS.values() for test in tests if not file(test)] == []


def file(test: str) -> bool:
    return (ROOT / "tests" / f"{test}.py").is_file()


@pytest.mark.parametrize("module", EQUIVALENT)
def test_an_equivalent_is_in_an_existing_function(module: str) -> None:
    tree = ast.walk(ast.parse(path(module).read_text()))
    kinds = ast.FunctionDef, ast.AsyncFunctionDef
    functions = {node.name for node in tree if isinstance(node, kinds)} | {"<module>"}
    for name in EQUIVALENT[module]:
        assert re.fullmatch(r"[\w<>]+ [A-Z]\w+ [1-9][0-9]*", name)
        assert name.split()[0] in functions


def mutant(
    occurrence: int, function: str | None, operator: str = "core/AddNot"
) -> dict[str, object]:
    changed = {"occurrence": occurrence, "definition_name": function, "operator_name": operator}
    return {"job_id": "x", "mutations": [changed]}


def test_mutants_are_counted_per_function() -> None:
    dump = [
        (mutant(3, "call"), {"diff": "3"}),
        (mutant(1, None), {"diff": "1"}),
        (mutant(0, "token"), {"diff": "0"}),
        (mutant(2, "call"), None),
        (mutant(0, "call", "core/NumberReplacer"), {"diff": "number"}),
    ]
    assert {result["name"]: result.get("diff") for result in named(dump)} == {
        "token AddNot 1": "0",
        "call NumberReplacer 1": "number",
        "<module> AddNot 1": "1",
        "call AddNot 1": None,
        "call AddNot 2": "3",
    }


def test_an_unknown_module_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["mutants", "init_data"])
    with pytest.raises(SystemExit):
        mutants.main()
    said = capsys.readouterr().err
    assert "there is no module init_data: name some of bot, botkit/allowed," in said
    assert "botkit/init_data" in said
