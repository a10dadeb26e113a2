"""Examples of others' libraries, as they publish them, talk to the stand-in.

They come in the libraries' source distributions. Only the token and the Bot API's address are
others, by the line that docs/recipes.md shows.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import re
import runpy
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from telegram_stand_in import BotApi, Call, picture
from tests.libraries import examples_of, go_library

pytest_plugins = ["pytest_telegram_stand_in"]

PNG = picture(20, 10)
HEAD = """\
import os, sys
os.chdir({folder!r})
sys.stdout = sys.stderr = open("said.txt", "w", buffering=1)
TOKEN = os.environ["BOT_TOKEN"] = {token!r}
URL = {url!r}
"""
# By library: what its examples import beside, what is replaced, and by what.
LIBRARIES = {
    "aiogram": (
        "from aiogram.client.session.aiohttp import AiohttpSession\n"
        "from aiogram.client.telegram import TelegramAPIServer\n",
        r"\bBot\(token=TOKEN",
        "Bot(session=AiohttpSession(api=TelegramAPIServer.from_base(URL)), token=TOKEN",
    ),
    "python_telegram_bot": (
        "",
        r'\.token\("TOKEN"\)',
        '.token(TOKEN).base_url(f"{URL}/bot").base_file_url(f"{URL}/file/bot")',
    ),
    "pytelegrambotapi": (
        "import telebot\n"
        'telebot.apihelper.API_URL = URL + "/bot{0}/{1}"\n'
        'telebot.apihelper.FILE_URL = URL + "/file/bot{0}/{1}"\n',
        r"\bTeleBot\(['\"\w]+",
        "TeleBot(TOKEN",
    ),
}

Start = Callable[[str, str], None]


@pytest.fixture
def start(bot_api: BotApi, tmp_path: Path) -> Iterator[Start]:
    """Start an example: `start("aiogram", "echo_bot.py")`.

    It is forked from a process that has imported the libraries, which takes seconds.
    """
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["aiogram", "telegram.ext", "telebot"])
    with contextlib.ExitStack() as at_end:

        def start_example(library: str, name: str) -> None:
            example = examples_of(library, name)
            imports, old, new = LIBRARIES[library]
            source, changed = re.subn(old, new, example.read_text())
            assert changed
            head = HEAD.format(folder=f"{tmp_path}", token=bot_api.token, url=bot_api.url)
            (tmp_path / "bot.py").write_text(head + imports + source)
            run = partial(runpy.run_path, f"{tmp_path}/bot.py", run_name="__main__")
            process = processes.Process(target=run, daemon=True)
            process.start()
            at_end.callback(process.join, 60)
            at_end.callback(process.kill)

        yield start_example


def calls(bot_api: BotApi, method: str, count: int = 1) -> list[Call]:
    """Wait for calls of a method, and return them."""
    made: list[Call] = []

    def found() -> bool:
        made[:] = [call for call in bot_api.telegram.calls if call.method == method]
        return len(made) >= count

    assert bot_api.wait_for(found, None), bot_api.transcript
    return made


@pytest.fixture(autouse=True)
def refused(bot_api: BotApi) -> Iterator[list[str]]:
    """The methods of the calls that Telegram refuses: none, unless a test names them.

    No call of an example may have anything that isn't documented.
    """
    bot_api.patience = 300  # the machine may be busy
    methods: list[str] = []
    yield methods
    made = bot_api.telegram.calls
    assert [(c.method, c.answer) for c in made if c.hints] == []
    assert [c.method for c in made if c.status != 200] == methods


def test_aiogram_asks_questions(bot_api: BotApi, start: Start) -> None:
    start("aiogram", "finite_state_machine.py")
    ada = bot_api.user("Ada & Co.")
    ada.send("/start")
    assert ada.receive().text == "Hi there! What's your name?"
    ada.send("Ada & Co.")
    question = ada.receive()
    assert question.text.startswith("Nice to meet you, Ada & Co.!")
    assert question.buttons == ["Yes", "No"]
    ada.press("Yes")
    assert ada.receive().reply_to_message.text == "Yes"
    ada.send("Python")
    assert ada.receive().text.startswith("Python, you say?")
    assert ada.receive().text.endswith("Ada & Co., you like to write bots with Python.")


def test_aiogram_sends_a_copy(bot_api: BotApi, start: Start) -> None:
    start("aiogram", "echo_bot.py")
    ada = bot_api.user("Ada")
    sent = ada.send(photo=PNG, caption="A picture")
    copy = ada.receive()
    assert (copy.photo, copy.caption) == (sent.photo, "A picture")


def test_aiogram_sells_for_stars(bot_api: BotApi, start: Start) -> None:
    start("aiogram", "stars_invoice.py")
    ada = bot_api.user("Ada")
    ada.send("/start")
    ada.press("Pay")
    assert ada.receive().invoice.currency == "XTR"
    assert ada.receive().text == "Thanks. Your payment has been refunded."
    assert len(calls(bot_api, "refundStarPayment")) == 1


def test_python_telegram_bot_gets_a_photo_and_a_place(bot_api: BotApi, start: Start) -> None:
    start("python_telegram_bot", "conversationbot.py")
    ada = bot_api.user("Ada")
    ada.send("/start")
    assert "Are you a boy or a girl?" in ada.receive().text
    ada.press("Girl")
    assert "send me a photo" in ada.receive().text
    ada.send(photo=PNG)
    assert "send me your location" in ada.receive().text
    ada.send(location={"latitude": 51.5, "longitude": -0.1})
    assert "tell me something about yourself" in ada.receive().text


def test_python_telegram_bot_counts_votes(
    bot_api: BotApi, start: Start, refused: list[str]
) -> None:
    start("python_telegram_bot", "pollbot.py")
    engines = bot_api.group("Engines")
    ada = engines.user("Ada")
    ada.send("/poll")
    for person in (ada, engines.user("Grace"), engines.user("Alan")):
        person.press("Fantastic")
        ada.receive() if person is ada else None
        assert ada.receive().text == f"{person.name} feels Fantastic!"
    # Two of its handlers stop the poll after the third vote.
    first, second = calls(bot_api, "stopPoll", 2)
    assert first.answer["result"]["total_voter_count"] == 3
    assert second.answer["description"] == "Bad Request: poll has already been closed"
    refused.append("stopPoll")


def test_python_telegram_bot_ships(bot_api: BotApi, start: Start) -> None:
    start("python_telegram_bot", "paymentbot.py")
    ada = bot_api.user("Ada")
    ada.send("/shipping")
    ada.press("Pay")
    assert ada.receive().invoice.total_amount == 100
    assert ada.receive().text == "Thank you for your payment."
    assert len(calls(bot_api, "answerShippingQuery")) == 1


def test_python_telegram_bot_welcomes(bot_api: BotApi, start: Start) -> None:
    start("python_telegram_bot", "chatmemberbot.py")
    ada = bot_api.user("Ada")
    ada.send("Hi")
    assert ada.receive().text.startswith("Welcome Ada.")  # it polls, so it has asked for all kinds
    engines = bot_api.group("Engines", admin=True)
    grace = engines.user("Grace")
    grace.join()
    assert grace.receive().text == "Grace was added by Grace. Welcome!"
    grace.leave()
    assert grace.receive().text == "Grace is no longer with us. Thanks a lot, Grace ..."


def test_python_telegram_bot_answers_inline(bot_api: BotApi, start: Start) -> None:
    start("python_telegram_bot", "inlinebot.py")
    ada = bot_api.user("Ada")
    ada.ask("hello")
    assert ada.receive("results").buttons == ["Caps", "Bold", "Italic"]
    ada.press("Bold")


def test_telebot_reacts(bot_api: BotApi, start: Start) -> None:
    start("pytelegrambotapi", "message_reaction_example.py")
    ada = bot_api.user("Ada")
    sent = ada.send("hello")
    ada.receive("reaction")
    ada.react(sent, "👍")
    assert "from [] to ['👍']" in ada.receive().text


def test_telebot_formats(bot_api: BotApi, start: Start) -> None:
    start("pytelegrambotapi", "formatting_example.py")
    ada = bot_api.user("Ada")
    ada.send("/start")
    styles = ["bold", "italic", "underline", "strikethrough"]
    for several in ([*styles, "pre"], ["bold"], [*styles, "code", "text_link"], ["bold"]):
        assert [each.type for each in ada.receive().entities] == several
    assert [each.type for each in ada.receive().entities] == ["date_time"]


def test_telebot_writes_a_draft(bot_api: BotApi, start: Start) -> None:
    start("pytelegrambotapi", "send_message_draft_example.py")
    ada = bot_api.user("Ada")
    ada.send("/draft")
    assert ada.receive("draft").text == "Generating response..."
    assert ada.receive().text == "Done."


def test_telebot_answers_a_press(bot_api: BotApi, start: Start) -> None:
    start("pytelegrambotapi", "inline_keyboard_example.py")
    ada = bot_api.user("Ada")
    ada.send("hello")
    ada.press("Yes")
    assert ada.receive("answer").text == "Answer is Yes"


@pytest.mark.slow
def test_go_offers_several_options(bot_api: BotApi, tmp_path: Path) -> None:
    library = go_library(tmp_path)
    source = (library / "examples" / "inline_keyboard_multiselect" / "main.go").read_text()
    options = "opts := []bot.Option{"
    assert options in source
    url = f'{options}\nbot.WithServerURL(os.Getenv("TELEGRAM_API_URL")),'
    (tmp_path / "main.go").write_text(source.replace(options, url))
    subprocess.run(["go", "build", "-o", "bot"], cwd=tmp_path, check=True)
    bot_api.start(tmp_path / "bot", EXAMPLE_TELEGRAM_BOT_TOKEN=bot_api.token)
    ada = bot_api.user("Ada")
    ada.send("/select")
    assert ada.receive().buttons == [*["❌ Option 1"] * 3, "Select"]
    ada.press("Option 1")
    assert ada.receive("edited").buttons.count("✅ Option 1") == 1
    ada.press("Select")
    ada.receive("deleted")
    assert ada.receive().text.startswith("Selected options: [")
