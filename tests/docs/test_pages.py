"""The README is true: its tables are those of the .tf files, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from local.project import ROOT

from tests.support.hcl import blocks

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*/*.md")])
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


@pytest.mark.parametrize(
    "main", sorted(ROOT.glob("examples/*/main.tf")), ids=lambda path: path.parent.name
)
def test_an_example_has_what_the_registry_shows_and_a_copy_needs(main: Path) -> None:
    title, _, about = main.with_name("README.md").read_text().partition("\n\n")
    assert title.startswith("# ") and about
    # https://developer.hashicorp.com/terraform/language/modules/develop/structure
    [source] = re.findall(r'source += "../.." # elsewhere: "(.*)"', main.read_text())
    assert source in README


def test_the_variables_are_in_alphabetical_order() -> None:
    names = list(blocks("variables.tf", "variable"))
    assert names == sorted(names)


def test_the_table_of_outputs_is_outputs_tf() -> None:
    expected = [
        f"| `{name}` | {description(arguments)} |"
        for name, arguments in blocks("outputs.tf", "output").items()
    ]
    assert rows("Outputs") == expected


def anchors(page: Path) -> set[str]:
    """Return what GitHub calls a page's headings in links."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return {
        re.sub(r"[^\w -]", "", heading.strip()).lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_lead_to_files_and_headings(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            linked = page.parent / path if path else page
            assert linked.exists(), target
            assert not anchor or anchor in anchors(linked), target


def test_the_readmes_bot_answers() -> None:
    [source] = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    bot: dict[str, Any] = {}
    exec(source, bot)
    assert bot["reply"]({"update_id": 1, "message": {"chat": {"id": 42}}}) == [
        {"method": "sendMessage", "chat_id": 42, "text": "Hello"}
    ]


def test_the_readme_says_which_versions_are_supported() -> None:
    versions = (ROOT / "versions.tf").read_text()
    [terraform] = re.findall(r'required_version = ">= ([0-9.]+)"', versions)
    [provider] = re.findall(r'version = ">= ([0-9.]+), < 7.0"', versions)
    assert f"Terraform {terraform} or later" in README
    assert f"versions {provider} to 6.x" in README.replace("\n", " ")
