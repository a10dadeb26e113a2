"""outcome.py, errors.py: what an error and an exception lead to, and what the log says of them."""

import asyncio
import json
import logging

import pytest
from botkit import errors
from botkit.outcome import OUTCOMES

from tests.support.stubs import TEXT, UPDATE, echo, message, request, text_response

REFUSALS = {
    "blocked": (403, "Forbidden: bot was blocked", 200, "refused", "WARNING"),
    "can't copy": (400, "Bad Request: message can't be copied", 200, "refused", "WARNING"),
    "no such method": (404, "Not Found: method not found", 200, "refused", "WARNING"),
    "token revoked": (401, "Unauthorized", 503, "misconfigured", "ERROR"),
    "token unknown": (404, "Not Found", 503, "misconfigured", "ERROR"),
    "token of another server": (421, "Misdirected Request", 503, "misconfigured", "ERROR"),
    "throttled": (429, "Too Many Requests: retry later", 503, "throttled", "WARNING"),
    "a code never seen": (499, "Something new", 200, "refused", "WARNING"),
}


@pytest.mark.parametrize(
    ("code", "description", "status", "outcome", "level"), REFUSALS.values(), ids=REFUSALS
)
def test_only_temporary_refusals_are_retried(
    container, bot_api, code, description, status, outcome, level
):
    bot_api.refuses(echo(), code, description)
    body = "" if status == 200 else outcome
    assert container.invoke(request(UPDATE)) == text_response(status, body)
    line = container.line
    assert (line["level"], line["outcome"], line["methods"]) == (level, outcome, ["sendMessage"])
    assert line["telegram_error"] == f"sendMessage: {code} {description}"


@pytest.mark.parametrize(
    ("code", "about", "answer", "outcome"),
    [
        (429, {"retry_after": 7}, (503, "7"), "throttled"),
        (400, {"migrate_to_chat_id": -1002}, (200, None), "refused"),
    ],
)
def test_failure_of_the_migrated_call_counts(container, bot_api, code, about, answer, outcome):
    bot_api.refuses(echo(), 400, "upgraded", migrate_to_chat_id=-1001)
    bot_api.refuses(echo(chat_id=-1001), code, "no", **about)
    assert container.deliver(message()) == answer
    assert container.line["outcome"] == outcome


def test_migration_counts_only_with_code_400(container, bot_api):
    bot_api.refuses(echo(), 403, "no", migrate_to_chat_id=-1001)
    assert container.deliver(message()) == (200, None)


@pytest.mark.parametrize(
    ("code", "about", "answer"), [(403, {}, (200, None)), (429, {"retry_after": 7}, (503, "7"))]
)
def test_error_that_the_bot_raises_has_its_outcome(container, code, about, answer):
    error = container.telegram.TelegramError("getChat", code, "no", about)
    container.reply_with(error)
    assert container.deliver(message()) == answer
    assert container.line["outcome"] == error.outcome


RAISES = {
    "an exception": (KeyError(TEXT), "KeyError at tests/support/stubs.py:"),
    "a SyntaxError of a text": (SyntaxError("x", (TEXT, 1, 1, "")), "SyntaxError at tests"),
    "exits": (SystemExit(TEXT), "SystemExit at tests/support/stubs.py:"),
    "is cancelled": (asyncio.CancelledError(TEXT), "CancelledError at tests/support/stubs.py:"),
}


@pytest.mark.parametrize(("raised", "error"), RAISES.values(), ids=RAISES)
def test_exception_is_a_bot_error_without_its_text(container, bot_api, raised, error):
    reply = container.bot.reply
    container.reply_with(raised)
    assert container.outcome_of() == "bot_error"
    container.bot.reply = reply
    line = container.line
    assert (line["level"], line["methods"]) == ("ERROR", [])
    assert line["error"].startswith(error)
    assert line["error"].rpartition(":")[2].isdigit()
    bot_api.expects(echo())
    assert container.deliver(message()) == (200, None)  # a repaired bot gets it again


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("len(7)", "TypeError at bot.py:4"),
        ("import json\n    json.loads('no JSON')", "JSONDecodeError at bot.py:5"),
        ("import os\n    os.environ['NO_SUCH_NAME']", "KeyError at bot.py:5"),
        ("from botkit import telegram\n    telegram.call('get Me')", "ValueError at bot.py:5"),
        ("from botkit import telegram\n    telegram.call('gétMe')", "ValueError at bot.py:5"),
    ],
    ids=["bot", "standard_library", "its_frozen_part", "botkit", "botkit, not ASCII"],
)
def test_exception_is_logged_with_the_bots_line(start_bot, source, error):
    container = start_bot(f"ALLOWED_UPDATES = ['message']\n\ndef reply(update):\n    {source}\n")
    assert container.outcome_of() == "bot_error"
    assert container.line["error"] == error


SHOP = """
import json

class Price:
    def of(self, text):
        return json.loads(text)
"""
DEEP = """
ALLOWED_UPDATES = ["message"]

def reply(update, depth=0):
    if depth == 30:
        raise ValueError
    return reply(update, depth + 1)
"""


def test_stack_trace_lists_lines_and_functions_of_the_bot(start_bot, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "prices.py").write_text(SHOP)
    container = start_bot(
        "from shop import prices\nALLOWED_UPDATES = ['message']\n\ndef reply(update):\n"
        "    text = update['message']['text']\n"
        "    name = text.replace(' ', '_')\n"
        "    exec(f'def {name}(): run()\\n{name}()', {'run': lambda: prices.Price().of(text)})"
    )
    assert container.outcome_of() == "bot_error"
    assert container.line["stack_trace"] == [
        "bot.py:7 in reply",
        "bot.py:7 in reply.<locals>.<lambda>",
        "shop/prices.py:6 in Price.of",
    ]
    assert TEXT.replace(" ", "_") not in str(container.log), "code of a person has its names"


def test_stack_trace_has_the_last_20_lines(start_bot):
    container = start_bot(DEEP)
    assert container.outcome_of() == "bot_error"
    assert container.line["stack_trace"] == ["bot.py:7 in reply"] * 19 + ["bot.py:6 in reply"]


@pytest.mark.parametrize(
    ("raised", "errors"),
    [("ValueError", [("ValueError at bot.py:5", ["bot.py:5 in work"])]), ("SystemExit", [])],
)
def test_exception_in_a_thread_is_logged_without_its_text(start_bot, capfd, raised, errors):
    container = start_bot(f"""
import threading

def work(text):
    raise {raised}(text)

def reply(update):
    thread = threading.Thread(target=work, args=(update["message"]["text"],))
    thread.start()
    thread.join()
    return []
""")
    container.deliver(message())
    told = [line for line in container.log if line["message"] == "a thread failed"]
    assert [(line["error"], line["stack_trace"]) for line in told] == errors
    assert TEXT not in str(container.log) + "".join(capfd.readouterr())


def test_traceback_is_logged_at_debug_level_only(container, caplog):
    caplog.set_level(logging.DEBUG, "botkit")
    error = KeyError("a text")
    container.reply_with(error)
    container.deliver(message())
    told = [(record.levelno, record.exc_info[1]) for record in caplog.records if record.exc_info]
    assert told == [(logging.DEBUG, error)]


OWN = """
from botkit import telegram

telegram.call("getMe")  # belongs to no update

def reply(update):
    telegram.call("getChat", chat_id=42)
    {then}

ALLOWED_UPDATES = ["message"]
"""
OWN_CALLS = {
    "alone": ("return []", "answered", ["getChat"]),
    "before another": ("return [{'method': 'getMe'}]", "answered", ["getChat", "getMe"]),
    "before it fails": ("len(7)", "bot_error", ["getChat"]),
}


@pytest.mark.parametrize(("then", "outcome", "methods"), OWN_CALLS.values(), ids=OWN_CALLS)
def test_calls_of_the_bot_itself_are_logged(start_bot, bot_api, then, outcome, methods):
    bot_api.answers("getMe", {}, {"id": 1})
    container = start_bot(OWN.format(then=then))
    for update_id in (1, 2):
        bot_api.answers("getChat", {"chat_id": 42}, {"id": 42})
        if methods[1:]:
            bot_api.answers("getMe", {}, {"id": 1})
        assert container.outcome_of(json.dumps(message(update_id))) == outcome
        assert container.line["methods"] == methods


def test_text_of_an_error_can_be_logged():
    text = "\ud800" + "a" * 1000
    for error, begin in (
        (errors.Unreachable(text), ""),
        (errors.ClientError("Odd", text), "Odd: "),
        (errors.TelegramError("getMe", 400, text, {}), "getMe: 400 "),
    ):
        assert str(error) == f"{begin}\\ud800{'a' * (999 - len(begin))}"


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_outcome_redelivers_exactly_with_503(outcome):
    _, status, redeliver, dead_letter = OUTCOMES[outcome]
    assert redeliver is (status == 503)
    assert not (redeliver and dead_letter)
