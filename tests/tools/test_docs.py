"""The README is true: its tables are those of the .tf files, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from project import ROOT

from tests.support.hcl import blocks

README = (ROOT / "README.md").read_text()


def description(arguments: dict[str, str]) -> str:
    return arguments["description"].strip('"').replace('\\"', '"')


def rows(heading: str) -> list[str]:
    """Return the rows of the table below a heading of the README."""
    section = README.split(f"### {heading}\n")[1].split("\n#")[0]
    return [line for line in section.splitlines() if line.startswith("| `")]


def test_the_table_of_inputs_is_variables_tf() -> None:
    expected = [
        f"| `{name}` | {description(arguments)} | {arguments['type']} | "
        f"{'`' + arguments['default'] + '`' if 'default' in arguments else 'required'} |"
        for name, arguments in blocks("variables.tf", "variable").items()
    ]
    assert rows("Inputs") == expected


def test_the_variables_are_in_alphabetical_order() -> None:
    names = list(blocks("variables.tf", "variable"))
    assert names == sorted(names)


def test_the_table_of_outputs_is_outputs_tf() -> None:
    expected = [
        f"| `{name}` | {description(arguments)} |"
        for name, arguments in blocks("outputs.tf", "output").items()
    ]
    assert rows("Outputs") == expected


@pytest.mark.parametrize(
    "page", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/*.md")), ids=str
)
def test_the_links_lead_to_files_and_headings(page: Path) -> None:
    text = page.read_text()
    headings = {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif "://" not in target:
            assert (page.parent / target.partition("#")[0]).exists(), target
