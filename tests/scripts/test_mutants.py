"""scripts/mutants: what it lists fits the function and its tests."""

from __future__ import annotations

import difflib

import pytest
from local.project import LAMBDA, ROOT
from maintenance.mutants import EQUIVALENT, TESTS, code, is_equivalent, path


def test_every_module_is_listed_with_its_tests() -> None:
    modules = {str(p.relative_to(LAMBDA).with_suffix("")) for p in LAMBDA.rglob("*.py")}
    assert set(TESTS) == {
        name for name in modules if not name.endswith("__init__")
    }  # they are empty
    assert [test for tests in TESTS.values() for test in tests if not file(test)] == []


def file(test: str) -> bool:
    return (ROOT / "tests" / f"{test}.py").is_file()


@pytest.mark.parametrize("module", EQUIVALENT)
def test_an_equivalent_is_one_change_away_from_a_line(module: str) -> None:
    files = [path(name) for name in (TESTS if module == "*" else [module])]
    source = [code(line) for file in files for line in file.read_text().splitlines()]
    lines = [line for line in EQUIVALENT[module] if not any(near(code(line), s) for s in source)]
    assert lines == [], "the code that they are from is gone"


def near(mutant: tuple[str, ...], original: tuple[str, ...]) -> bool:
    """Tell whether one operator, number or word differs."""
    changes = difflib.SequenceMatcher(None, mutant, original, autojunk=False).get_opcodes()
    sizes = [max(b - a, d - c) for tag, a, b, c, d in changes if tag != "equal"]
    return len(sizes) == 1 and sizes[0] <= 2


@pytest.mark.parametrize(
    ("line", "equivalent"),
    [
        ("+        code = code if type(code) == int else status", True),
        ("+        code = code if type(code) ==  int else status  # another comment", True),
        ("+        code = code if type(code) != int else status", False),
        ("-        code = code if type(code) == int else status", False),
    ],
    ids=["as listed", "with a comment", "another", "what was there before"],
)
def test_a_comment_makes_no_other_mutant(line: str, equivalent: bool) -> None:
    assert is_equivalent("botkit/telegram", {"diff": line}) is equivalent
