"""A crash at every call finds the faults of bots, and passes those that have none."""

import textwrap

import pytest

from telegram_stand_in import crashes
from tests.libraries import files_of, grammy

pytestmark = pytest.mark.slow  # each starts a bot many times

pytest_plugins = ["pytester", "pytest_telegram_stand_in"]

OURS = ("-p", "pytest_telegram_stand_in", "-p", "no:cacheprovider")
PYTHON = 'bot_api.start(sys.executable, "-S", "bot.py")'


@pytest.fixture
def play(pytester, monkeypatch):
    """Run a test with crashes, of a bot that a file contains. It must have these outcomes."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    # On CI, pytest's summary repeats each error in full.
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("BUILD_NUMBER", raising=False)

    def run(bot, body, start=PYTHON, **outcomes):
        (pytester.path / "bot.py").write_text(bot)
        whole = f"bot_api.patience = 300\n{start}\n{body}"
        lines = "".join(f"    {line}\n" for line in whole.splitlines())
        mark = "@pytest.mark.telegram_crashes"
        pytester.makepyfile(f"import pytest, sys\n{mark}\ndef test_it(bot_api):\n{lines}")
        result = pytester.runpytest_inprocess(*OURS)
        result.assert_outcomes(**outcomes)
        return result

    return run


# Bots without a library.

POLLS = """
import json, os, threading, urllib.error, urllib.request

API = "{TELEGRAM_API_URL}/bot{TELEGRAM_BOT_TOKEN}/".format(**os.environ)

def call(method, **params):
    data, head = json.dumps(params).encode(), {"Content-Type": "application/json"}
    request = urllib.request.Request(API + method, data, head)
    return json.load(urllib.request.urlopen(request))["result"]

def say(chat, text):
    call("sendMessage", chat_id=chat, text=text)

def poll():
    offset = 0
    while True:
        for update in call("getUpdates", offset=offset, timeout=30):
            offset = update["update_id"] + 1
            handle(update["message"]["chat"]["id"], update["message"]["text"])
"""
SENDS = 'ada = bot_api.user("Ada")\nada.send("Hi")\nassert ada.receive().text == "Ho"'


def polls(handle):
    return f"{POLLS}\ndef handle(chat, text):\n    {handle}\npoll()\n"


def test_repeated_call_is_found_unless_it_was_in_flight(play):
    bot = polls('say(chat, "Ho"); say(chat, "Hey")')
    result = play(bot, f'{SENDS}\nassert ada.receive().text == "Hey"', failed=1)
    twice = 'twice: sendMessage to Ada "Ho", though its first answer had arrived'
    result.stdout.fnmatch_lines(
        [
            "test_it runs again with 5 crashes: ..FF.*",
            f"killed before sendMessage to Ada (2): {twice}",
            f"killed before sendMessage to Ada (2) was answered: {twice}",
        ]
    )


TALK = """
for person, text in ((ada, "a"), (other, "b")):
    person.send(text)
    assert text in person.receive().text
"""


def test_forgotten_update_is_found(play):
    """It keeps in memory what it has confirmed."""
    bot = "seen = []\n" + polls('seen.append(text); say(chat, " ".join(seen))')
    result = play(bot, f'ada = other = bot_api.user("Ada"){TALK}', failed=1)
    result.stdout.fnmatch_lines(
        ["killed when it had confirmed “Ada: a”: wrong: sendMessage to Ada *isn't said without*"]
    )


def test_call_to_another_person_is_found(play):
    """It keeps whom it owes an answer in a file, until it has answered, and confirms first."""
    bot = polls("""call("getUpdates", offset=2**31 - 1)
    owed = open("owed").read() if os.path.exists("owed") else ""
    open("owed", "w").write(owed or str(chat))
    say(int(owed or chat), text)
    os.remove("owed")""")
    people = 'ada, other = bot_api.user("Ada"), bot_api.user("Grace")'
    fresh = "import os\nos.path.exists('owed') and os.remove('owed')"
    result = play(bot, f"{fresh}\n{people}{TALK}", failed=1)
    told = 'wrong: sendMessage to Ada "b", which goes to Grace without a crash'
    result.stdout.fnmatch_lines([f"killed before sendMessage to Ada was answered: {told}"])


# Bots with a webhook.

HOOK = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        update = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        chat = update["message"]["chat"]["id"]
        {order}
    def take(self, body=""):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())
    def log_message(self, *about):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
call("setWebhook", url=f"http://127.0.0.1:{server.server_port}/")
server.serve_forever()
"""


@pytest.mark.parametrize(
    ("order", "outcomes", "told"),
    [
        ('say(chat, "Ho"); self.take()', {"passed": 1}, "3 crashes: ..."),
        ('self.take(); say(chat, "Ho")', {"failed": 1}, "lost: send"),
        (
            'self.take(json.dumps({"method": "sendMessage", "chat_id": chat, "text": "Ho"}))',
            {"passed": 1},
            "2 crashes: ..",
        ),
    ],
    ids=["answered last", "answered first", "answered with a call"],
)
def test_a_webhook(play, order, outcomes, told):
    result = play(POLLS + HOOK.replace("{order}", order), SENDS, **outcomes)
    result.stdout.fnmatch_lines([f"*{told}*"])


# What can't be played.


@pytest.mark.parametrize(
    ("start", "bot", "told"),
    [
        ("", "", "must start one bot with bot_api.start(…), not 0"),
        (f"{PYTHON}\n{PYTHON}", "import time; time.sleep(600)", "must start one bot*, not 2"),
        (PYTHON, "", "the bot has ended, with exit code 0, by itself"),
        (PYTHON, "import time; time.sleep(600)", "the bot has made no call"),
    ],
    ids=["not started", "started twice", "ended", "silent"],
)
def test_unsuitable_test_is_reported(play, start, bot, told):
    wait = "bot_api._started and bot_api._started[-1].wait()" if "ended" in told else ""
    result = play(bot, wait, start, failed=1)
    result.stdout.fnmatch_lines([f"telegram_crashes: *{told}*"])


def test_differing_calls_are_reported(play):
    bot = polls("once = not os.path.exists('once'); open('once', 'w')\n"
                '    say(chat, "Ho"); once and say(chat, "Hey")')  # fmt: skip
    result = play(bot, SENDS, failed=1)
    result.stdout.fnmatch_lines(["*runs without a crash differ: before sendMessage to Ada (2)*"])


def test_a_test_that_fails_without_a_crash_runs_once(play):
    result = play(polls('say(chat, "Hm")'), SENDS, failed=1)
    assert "runs again" not in result.stdout.str()
    result.stdout.fnmatch_lines(["E   *'Hm' == 'Ho'*"])


# The recipes' bots.

_, _, TEST = files_of("")["test_bot.py"].partition('bot_api.start(sys.executable, "bot.py")\n')
TEST = textwrap.dedent(TEST)
WITH_LIBRARY = PYTHON.replace('"-S", ', "")
PYTHON_TELEGRAM_BOT = files_of("python-telegram-bot")["bot.py"]


def test_a_bot_of_the_recipes(play):
    result = play(files_of("pyTelegramBotAPI")["bot.py"], TEST, WITH_LIBRARY, passed=1)
    result.stdout.fnmatch_lines(["*6 crashes: ......*"])


@pytest.fixture
def one_crash(monkeypatch):
    """Play the crash before the answer alone: a library may take seconds to start."""
    crash_at_each = crashes._crash_at_each

    def crash_once(item, report, reference, once):
        reference.moments[:] = ["before sendMessage to Ada"]
        return crash_at_each(item, report, reference, once)

    monkeypatch.setattr(crashes, "_crash_at_each", crash_once)


@pytest.mark.usefixtures("one_crash")
@pytest.mark.parametrize("library", ["aiogram", "python-telegram-bot"])
def test_library_confirms_after_its_handler(play, library):
    play(files_of(library)["bot.py"], TEST, WITH_LIBRARY, passed=1)


@pytest.mark.usefixtures("one_crash")
def test_a_bot_that_confirms_early_is_found(play):
    bot = PYTHON_TELEGRAM_BOT.replace("update_queue(Handled())", "update_queue(asyncio.Queue())")
    result = play(bot, TEST, WITH_LIBRARY, failed=1)
    result.stdout.fnmatch_lines(["killed before sendMessage to Ada: lost: *12 €*"])


@pytest.mark.usefixtures("one_crash")
def test_grammy_bot_survives_crashes(play, pytester):
    (pytester.path / "node_modules").symlink_to(grammy())
    (pytester.path / "bot.mjs").write_text(files_of("grammY")["bot.mjs"])
    play("", TEST, 'bot_api.start("node", "bot.mjs")', passed=1)
