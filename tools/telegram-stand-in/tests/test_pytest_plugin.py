"""The fixture bot_api: bots that poll and bots with a webhook, and how a test fails."""

import re
import sys
from pathlib import Path

import pytest

from telegram_stand_in import BotApi

pytest_plugins = ["pytester", "pytest_telegram_stand_in"]

FOLDER = Path(__file__).resolve().parent.parent
README = (FOLDER / "README.md").read_text()
OURS = ("-p", "pytest_telegram_stand_in", "-p", "no:cacheprovider")


def test_a_program_that_is_started_ends_with_the_server(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # where nobody listens
    monkeypatch.setenv("no_proxy", "example.org")
    program = """if 1:
        import os, sys, time, urllib.request as request
        url = "{TELEGRAM_API_URL}/bot{TELEGRAM_BOT_TOKEN}/setMyName?name={NAME}"
        request.urlopen(url.format(**os.environ))
        time.sleep(600)
    """
    with BotApi() as bot_api:
        process = bot_api.start(sys.executable, "-c", program, NAME="Bob")
        calls = bot_api.telegram.calls
        bot_api.telegram.wait(lambda: calls)
        assert calls[0].params == {"name": "Bob"}
        assert process.poll() is None
    assert process.returncode


def test_a_bot_that_ends_is_not_waited_for(bot_api):
    bot_api.patience = 600
    ada = bot_api.user("Ada")
    ada.send("Hi")
    bot_api.start(sys.executable, "-c", "raise SystemExit(3)")
    with pytest.raises(AssertionError, match="the bot has ended, with exit code 3"):
        ada.receive()
    with pytest.raises(AssertionError, match="1 updates wait: the bot has ended"):
        bot_api.wait()


def test_failed_wait_says_whether_the_bot_runs(bot_api):
    ada = bot_api.user("Ada")
    ada.send("Hi")
    for wait in (lambda: ada.receive(timeout=0), lambda: bot_api.wait(timeout=0)):
        with pytest.raises(AssertionError, match="no call at all|is the bot running"):
            wait()
    bot_api.telegram.answer("getMe", {})
    with pytest.raises(AssertionError, match="1 updates wait: the bot hasn't taken them"):
        ada.receive(timeout=0)
    bot_api.telegram.answer("getUpdates", {"offset": 2**31})
    bot_api.wait(timeout=0)


@pytest.fixture(autouse=True)
def no_other_plugins(monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.fixture
def runs(pytester, monkeypatch):
    """Run the text of a test, in which `call` makes a call as the bot."""
    # On CI, pytest's summary repeats each error in full.
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("BUILD_NUMBER", raising=False)

    def run(body):
        head = "def test_it(bot_api):\n    call = bot_api.telegram.answer\n"
        pytester.makepyfile(head + "".join(f"    {line}\n" for line in body.splitlines()))
        return pytester.runpytest_inprocess(*OURS)

    return run


def test_a_mistake_fails_the_test_that_does_not_notice(runs):
    mistake = 'call("getMe", {"chat": 7})\n'
    result = runs(mistake)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*getMe has no parameter chat*"])
    runs(f"{mistake}bot_api.strict = False").assert_outcomes(passed=1)


def test_a_failure_shows_the_transcript(runs):
    result = runs('bot_api.user("Ada").send("Hi")\nassert not "yet"')
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*- Telegram -*", "Ada: Hi"])
    assert "- Telegram -" not in runs('bot_api.user("Ada").send("Hi")').stdout.str()


def test_a_failure_shows_no_more_than_is_read(runs):
    runaway = 'bot_api.strict = False\nfor n in range(250):\n    call(f"no{n}", {})\n'
    result = runs(f'{runaway}bot_api.user("Ada").receive(timeout=0)')
    told = "\n".join(["… 300 lines before", "  no150 failed: Not Found: method not found"])
    assert result.stdout.str().count("no249 failed") == 2, "of the error, and of the transcript"
    assert told in result.stdout.str()
    assert "no149 failed" not in result.stdout.str()


def test_pytest_starts_without_the_package(pytester, monkeypatch):
    """Most tests don't need it, and it takes half as long to import as pytest."""
    monkeypatch.setenv("PYTHONPATH", str(FOLDER))
    pytester.makepyfile("""
        import sys
        def test_it():
            assert "pytest_telegram_stand_in" in sys.modules
            assert "telegram_stand_in" not in sys.modules
    """)
    pytester.runpytest_subprocess(*OURS).assert_outcomes(passed=1)


def test_the_readme_names_what_there_is(bot_api):
    for title, of in (("`bot_api`", bot_api), ("a person", bot_api.user("Ada"))):
        table = README.split(f"| {title} |")[1].partition("\n\n")[0]
        names = {name for row in re.findall(r"^\|([^|]+)\|", table, re.M)
                 for name in re.findall(r"`\.(\w+)", row)}  # fmt: skip
        public = {name for name in dir(of) if not name.startswith("_")}
        assert len(names) > 5
        assert names <= public, title
