"""docs/runbook.md, and the how-tos beside it: each alarm and each error finds its heading."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterator

import pytest
from telegram_bot_aws.local.project import ROOT

DOCS = ROOT / "docs"
RUNBOOK = (DOCS / "runbook.md").read_text()
ALARMS = (ROOT / "alarms.tf").read_text()
OPERATE = (DOCS / "README.md").read_text().partition("## Operate\n")[2].partition("\n## ")[0]
# Scripts' messages begin so, or name their subject.
PRINTED = {"scripts/package": "scripts/package: ", "scripts/requirements.py": "requirements.txt: "}
# AWS, Terraform and its provider say these. The last one, Telegram's, is put together.
OTHERS = {
    "exec: \"python3\": executable file not found", "reading ZIP file", "Table already exists",
    "Schedule group … already exists", "EntityAlreadyExists", "ResourceAlreadyExistsException",
    "Still creating...", "An event source mapping … already exists", "AccessDenied",
    "Error acquiring the state lock", "expected runtime to be one of", "KMSAccessDeniedException",
    "ResourceNotFoundException", "DependencyViolation", "Runtime.ExitError", "Sandbox.Timedout",
    "UnreservedConcurrentExecution", "UnauthorizedOperation", "AuthorizationError",
    "Extension.LaunchError", "Extension.Crash", "CodeArtifactUserPending", "CodeStorageExceeded",
    "function is currently in the following state: Pending", "Alias already exists",
    "Time to live has been modified multiple times", "Telegram did not accept the token",
    "ExpiredToken", "InvalidClientTokenId", "No valid credential sources found",
}  # fmt: skip


def headings(section: str) -> list[str]:
    """Return the headings of a section."""
    text = RUNBOOK.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return re.findall(r"^### (.*)$", text, re.MULTILINE)


ERRORS = [
    text
    for heading in headings("Errors of apply and destroy")
    for text in re.findall("`(.*?)`", heading)
]


def refusals() -> Iterator[str]:
    """Yield what Terraform prints if an input is wrong: the texts of all conditions."""
    for file in ROOT.glob("*.tf"):
        for _, block in re.findall(
            r"( +)(?:pre|post)condition {\n(.*?)\n\1}", file.read_text(), re.DOTALL
        ):
            yield texts(block.partition("error_message")[2])
        for block in re.findall(r"  validation {\n(.*?)\n  }", file.read_text(), re.DOTALL):
            yield texts(block.partition("error_message")[2])


def texts(block: str) -> str:
    """Return the strings of a block, joined."""
    return " ".join(re.findall(r'"((?:[^"\\]|\\.)*)"', block))


def raised(file: str) -> Iterator[tuple[str, str]]:
    """Yield the exceptions that a program raises: the name, and the text's own words."""
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            parts = [part for part in ast.walk(node.exc) if isinstance(part, ast.Constant)]
            words = "…".join(str(part.value) for part in parts)
            yield ast.unparse(node.exc.func), words


def finds(message: str) -> bool:
    """Tell whether a heading is in a message. `…` stands for anything."""
    return any(
        re.search(".*".join(map(re.escape, map(str.strip, error.split("…")))), message, re.DOTALL)
        for error in ERRORS
    )


def test_each_alarm_ends_with_its_heading_and_where_the_page_is() -> None:
    keys = re.findall(
        r"^    (\w+) = {$",
        ALARMS.partition("  alarms = {\n")[2].partition("\n  }\n")[0],
        re.MULTILINE,
    )
    assert sorted(keys) == sorted(headings("Alarms"))
    assert 'See \\"${each.key}\\" ${local.runbook}"\n' in ALARMS
    assert "runbook = \"in docs/runbook.md, in the module's folder " in ALARMS
    assert ALARMS.count("alarm_description") == 1


def test_each_error_of_terraform_finds_its_heading() -> None:
    found = [*refusals()]
    assert len(found) > 40
    assert [message for message in found if not finds(message)] == []


@pytest.mark.parametrize("file", PRINTED)
def test_each_error_of_a_script_finds_its_heading(file: str) -> None:
    found = [words for name, words in raised(file) if name in ("NotPackable", "NotInstallable")]
    assert found
    assert [words for words in found if not finds(PRINTED[file] + words)] == []


@pytest.mark.parametrize("file", ["release/check", "release/registration", "release/drain"])
def test_each_error_of_terraforms_invocations_finds_its_heading(file: str) -> None:
    """The provider prints the name of the exception."""
    names = {name for name, _ in raised(f"lambda/botkit/{file}.py")}
    assert names
    assert {name for name in names if not finds(f'"errorType": "{name}"')} == set()


def test_the_headings_are_the_programs_words() -> None:
    files = [*ROOT.glob("*.tf"), *(ROOT / "lambda/botkit").rglob("*.py"), ROOT / "scripts/package"]
    sources = "".join(re.sub(r'"\n +f?"', "", file.read_text()) for file in files)
    for error in set(ERRORS) - OTHERS:
        for words in filter(None, map(str.strip, error.split("…"))):
            assert words.rstrip(":") in sources, error


def test_a_deleted_table_is_restored_before_an_apply_makes_an_empty_one() -> None:
    """An operator who searches for the error in the log finds the page under both headings."""
    words = "the sessions' table can't be used"
    assert words in (ROOT / "lambda" / "botkit" / "store.py").read_text()
    for heading in ("misconfigured", "`KMSAccessDeniedException`, `ResourceNotFoundException`"):
        found = RUNBOOK.partition(f"\n### {heading}\n")[2].partition("\n###")[0]
        assert -1 < found.find(words) < found.find("#a-deleted-table") < found.find("pply"), heading


def test_the_hours_of_20_tries_are_those_of_their_pauses() -> None:
    """Each pause is up to half as long again."""
    [tries] = re.findall(r"maxReceiveCount += (\d+)", (ROOT / "queue.tf").read_text())
    queue = (ROOT / "lambda/botkit/sources/queue.py").read_text()
    [longest] = re.findall(r"^LONGEST_BACKOFF = (\d+)", queue, re.MULTILINE)
    least = sum(min(2**count, int(longest)) for count in range(1, int(tries) + 1)) / 3600
    assert (tries, int(least), math.ceil(1.5 * least)) == ("20", 3, 5)
    told = ALARMS + RUNBOOK + (DOCS / "how-to/queue.md").read_text()
    assert set(re.findall(r"three (?:to five )?hours", told)) == {"three to five hours"}


def test_the_sample_is_a_line_of_the_log() -> None:
    """tests/integration/test_runtime.py compares its keys with the function's."""
    [sample] = re.findall(r"^```json\n(.*)\n```$", RUNBOOK, re.MULTILINE)
    assert json.dumps(json.loads(sample)) == sample


def test_the_index_has_each_page_of_the_operators_once() -> None:
    linked = re.findall(r"\((how-to/\S+\.md)\)", OPERATE)
    assert len(linked) == len(set(linked)) > 12
