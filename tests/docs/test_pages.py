"""README and reference are true: tables are those of the sources, and links lead somewhere."""

import re

import pytest
from maintenance import docs, release
from telegram_bot_aws.local.project import ROOT

from tests.support.reader import PAGES

README = (ROOT / "README.md").read_text()
REFERENCE = (ROOT / "docs" / "reference.md").read_text()
LINK = re.compile(r"""(?:\]\(|src(?:set)?=")([^)"]+)""")  # also of a picture


def test_the_generated_pages_are_what_the_script_writes():
    assert docs.PAGE.read_text() == docs.page(), "run scripts/dev docs"
    assert REFERENCE == docs.reference(), "run scripts/dev docs"


def test_a_source_fetches_one_commit():
    """Not the whole history. Terraform can't fetch a commit by its digest this way."""
    files = [*PAGES, *ROOT.glob("examples/**/main.tf")]
    text = "".join(file.read_text() for file in files if ".terraform" not in file.parts)
    sources = re.findall(r'"git::https:[^"]*"', text)
    assert len(sources) > 10
    assert [source for source in sources if not source.endswith('&depth=1"')] == []


def test_the_facts_of_the_readme_are_those_of_the_sources():
    """tests/deployment/test_doc_commands.py counts the resources of the same bot."""
    readme = " ".join(README.split())
    types = (ROOT / "lambda" / "botkit" / "types.pyi").read_text()
    versions = (ROOT / "versions.tf").read_text()
    assert f"{re.findall(r'Bot API [0-9.]*[0-9]', types)[0]}." in readme
    assert f"Terraform {re.findall(r'required_version = ">= ([0-9.]+)"', versions)[0]}+" in readme
    assert f"provider {re.findall(r'>= ([0-9.]+), < 7.0', versions)[0]} to 6.x" in readme
    first_bot = (ROOT / "docs" / "first-bot.md").read_text()
    resources = re.findall(r"removes all ([0-9]+) resources", readme)[0]
    assert f"Resources: {resources} added" in first_bot


def test_the_pictures_are_small():
    """Everyone who uses the module downloads them."""
    linked = {
        page.parent / target
        for page in PAGES
        for target in LINK.findall(release.relative(page.read_text()))
        if target.endswith((".png", ".svg", ".webp"))
    }
    assert len(linked) >= 2  # in light and dark
    assert [path.name for path in linked if path.stat().st_size >= 100_000] == []


@pytest.mark.parametrize("framework", ["aiogram", "ptb", "telebot"])
def test_a_migrated_bots_readme_shows_its_new_lines(framework):
    folder = ROOT / "examples" / "moved" / framework
    readme, bot = (folder / "README.md").read_text(), (folder / "bot/bot.py").read_text()
    [block] = re.findall(r"^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    shown = [lines.strip() for lines in block.split("# …\n")]  # Ruff adds blank lines
    assert len(shown) > 2
    assert [lines for lines in shown if lines not in bot] == []


def test_there_is_one_price_for_messages():
    """That of docs/performance.md, which is a sum."""
    page = (ROOT / "docs" / "performance.md").read_text()
    [price] = re.findall(r"^\| messages \| (\d\.\d\d) \|$", page, re.MULTILINE)
    [sum_of] = re.findall(r"^\| · (.*) \| \|$", page, re.MULTILINE)
    assert sum(map(float, re.findall(r"\d\.\d\d", sum_of))) == pytest.approx(float(price))
    assert f"a million of them cost about ${price}" in page
    assert f"${price}" in README


def anchors(page):
    """Return what GitHub calls a page's headings in links."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return {
        re.sub(r"[^\w -]", "", heading.strip()).lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_lead_to_files_and_headings(page):
    for target in LINK.findall(page.read_text()):
        own = release.OWN_LINK.sub("", target)  # of a released README
        if "://" not in own:
            path, _, anchor = own.partition("#")
            linked = (page.parent if own == target else ROOT) / path if path else page
            assert linked.exists(), target
            assert not anchor or anchor in anchors(linked), target


def test_messages_and_comments_name_pages_that_exist():
    patterns = ("*.tf", "examples/**/*.tf", "lambda/**/*.py", "scripts/*.py", "t*s/**/*.py")
    files = [file for pattern in patterns for file in ROOT.glob(pattern)]
    named = {
        found
        for file in files
        if not {".terraform", "telegram-stand-in"} & {*file.parts}  # which have their own docs
        for found in re.findall(r"\bdocs/[\w/-]+\.md(?:#[a-z-]+)?", file.read_text())
    }
    assert "docs/migrate.md" in named
    for name in named:
        path, _, anchor = name.partition("#")
        assert (ROOT / path).exists(), name
        assert not anchor or anchor in anchors(ROOT / path), name


def test_the_index_leads_to_each_page():
    docs = ROOT / "docs"
    linked = {target.partition("#")[0] for target in LINK.findall((docs / "README.md").read_text())}
    pages = {str(page.relative_to(docs)) for page in docs.rglob("*.md")}
    assert pages - linked == {"README.md"}


def test_the_agents_bot_answers():
    """tests/docs/test_how_to.py runs the README's."""
    text = (ROOT / "AGENTS.md").read_text()
    [source] = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    bot = {}
    exec(source, bot)
    assert bot["reply"]({"update_id": 1, "message": {"chat": {"id": 42}}}) == [
        {"method": "sendMessage", "chat_id": 42, "text": "Hello"}
    ]
