"""docs/first-bot.md and docs/how-to work: what a reader copies from them runs, and has types."""

import os
import re
import subprocess
import sys

import pytest
from telegram_bot_aws.local.project import LAMBDA, ROOT, STAND_IN
from telegram_bot_aws.starter import new

from tests.support import reader
from tests.support.reader import BOT, DOCS, TEST

PAGES = ["migrate.md", *(f"how-to/{page.name}" for page in sorted(DOCS.glob("how-to/*.md")))]
# Each bot of each page that shows Python.
BOTS = {
    f"{page.removeprefix('how-to/')} {name}".strip(): files
    for page in PAGES
    for name, files in reader.bots(page).items()
    if any(path.endswith(".py") for path in files)
}


def run(folder, *arguments, **environment):
    """Run Python in a folder, where pytest has no plugins, and return its output."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    kept |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=kept | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return result.stdout


def test_first_page_shows_what_scripts_new_writes():
    written = new.files(ROOT / "examples" / new.FIRST, "dice-bot", new.address(str(ROOT)))
    shown = re.findall(r"── (\S+)", (DOCS / "first-bot.md").read_text())
    assert {*shown} == {*written, "scripts"}


def test_first_bots_tests_pass_after_its_change(tmp_path):
    folder = tmp_path / "dice-bot"
    reader.begin(folder)
    (folder / ".terraform" / "modules").mkdir(parents=True)
    (folder / ".terraform" / "modules" / "telegram_bot").symlink_to(ROOT)
    assert "4 passed" in run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider")


@pytest.mark.parametrize("name", BOTS)
def test_bot_of_a_page_has_a_test(name):
    """The pages that are not listed have a whole bot, and no other test of it."""
    tests = [path for path in BOTS[name] if re.fullmatch(r"test_\w+\.py", path)]
    assert tests or name in ("logs.md", "migrate.md", "packages.md")
    assert BOT not in BOTS[name] or TEST in tests


def test_tests_of_pages_pass(tmp_path):
    """Each bot has a folder of its own. Together, they take a twentieth of the time."""
    first = new.files(ROOT / "examples" / new.FIRST, "dice-bot", new.address(str(ROOT)))
    paths = [LAMBDA, STAND_IN]
    shown_bots = [*BOTS.values(), *reader.bots("../README.md").values()]
    for number, files in enumerate(shown_bots):
        folder = tmp_path / f"bot-{number}"
        paths.append(folder / "bot")
        paths[-1].mkdir(parents=True)
        (folder / BOT).write_bytes(first[BOT])
        (folder / "conftest.py").write_bytes(first["conftest.py"])
        for path, text in files.items():
            if path.endswith(".py"):
                (folder / path).write_text(text)
    output = run(
        tmp_path,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode", "importlib"),
        PYTHONPATH=os.pathsep.join(map(str, paths)),
    )
    shown = "\n".join(text for files in shown_bots for text in files.values())
    assert f"{len(re.findall('^def test_', shown, re.MULTILINE))} passed" in output, output


@pytest.mark.slow
def test_types_fit_and_find_a_wrong_key(tmp_path):
    """All bots in one folder, each by another name."""
    folder = tmp_path / "dice-bot"
    reader.begin(folder)
    first = (folder / BOT).read_text()
    (folder / "bot/wrong.py").write_text(first.replace("'chat_id': chat_id", "'chatid': chat_id"))
    for number, files in enumerate(BOTS.values()):
        for path, text in files.items():
            if re.fullmatch(r"bot/\w+\.py", path):
                place = folder / (path if path != BOT else f"bot/bot_{number}.py")
                assert not place.exists() or place.read_text() == text  # of two bots
                place.write_text(text)
    (folder / ".terraform" / "modules").mkdir(parents=True)
    (folder / ".terraform" / "modules" / "telegram_bot").symlink_to(ROOT)
    # The cache of tests/unit/test_types.py, since the project's has other options.
    options = ("--strict", "--cache-dir", str(ROOT / ".mypy_cache" / "types"))
    output = run(folder, "-m", "mypy", *options, "bot")
    errors = re.findall(r"(\S+):\d+: error: (.*)", output)
    assert {file for file, _ in errors} == {"bot/wrong.py"}, output
    assert any("chatid" in text for _, text in errors)
