"""testing.py: the stand-ins for Telegram and AWS in an author's tests."""

import contextlib
import importlib
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pydantic
import pytest
from botkit.testing import TEST_SECONDS, aws, bot, calls, chat, schedules, sessions

__all__ = ["aws", "bot", "calls", "chat", "sessions", "schedules"]


CHAT = {"id": 7, "type": "private"}
AT = datetime(2100, 1, 1, tzinfo=UTC)


def botkit(name):
    """Return a module of botkit, as a bot has it now: other tests load them afresh."""
    return importlib.import_module(f"botkit.{name}")


@pytest.fixture
def author(request, monkeypatch, tmp_path):
    """Put the test into an author's folder, and see that nothing of the bot is left behind."""
    monkeypatch.setattr(request.node, "path", tmp_path / "test_bot.py")
    monkeypatch.setitem(sys.modules, "own", ModuleType("own"))  # another bot's
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "bot.py").write_text("import own\n" + SAYS + ONE)
    (tmp_path / "bot" / "own.py").write_text("NAME = 'mine'\n")
    yield
    assert sys.modules.keys().isdisjoint({"own", "handlers", "handlers.common"})
    assert not botkit("context").current.is_retry


@pytest.mark.parametrize("time", ["first", "second"])
def test_bot_is_imported_for_each_test(author, bot, time):
    assert sys.modules["bot"] is bot
    assert bot.own.NAME == "mine"
    bot.own.NAME = "changed"
    assert TEST_SECONDS == 300
    assert 290 < botkit("deadline").deadline.left() <= TEST_SECONDS
    assert botkit("commands").command_in("/start@a_bot") == "start"


def test_only_the_bots_own_packages_are_imported_for_each_test(
    author, request, monkeypatch, tmp_path
):
    for name in ("handlers", "handlers.common", "fast", "fast.core"):  # of another test
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    installed, email = sys.modules["fast.core"], importlib.import_module("email")
    folder = tmp_path / "bot"
    for name in ("handlers", "fast", "fast-1.0.dist-info", "email"):
        (folder / name).mkdir()
    (folder / "handlers" / "common.py").write_text("from .time import seen\n")
    (folder / "handlers" / "time.py").write_text("seen = []\n")
    (folder / "fast" / "core.py").touch()
    (folder / "fast-1.0.dist-info" / "RECORD").write_text("fast/core.py,sha256=…,0\n", "utf-8")
    (folder / "email" / "welcome.txt").touch()
    (folder / "bot.py").write_text("import email, fast\nfrom handlers import common\n")
    bot = request.getfixturevalue("bot")
    assert (bot.common.seen, bot.email) == ([], email)
    assert sys.modules["fast.core"] is installed


def test_items_of_botkit_are_not_sessions(sessions):
    store = botkit("store")
    for key in ("limit:7", "7"):
        store.change(key, lambda kept, key=key: kept.update(of=key), days=1)
    assert sessions == {"7": {"of": "7"}}
    assert store.Item("limit:7").session == {"of": "limit:7"}


def test_calls_are_noted_and_give_what_telegram_would(calls):
    call = botkit("telegram").call
    sent = call("sendMessage", chat_id=7, text="Hi", parse_mode=None)
    assert sent == {"message_id": 900, "date": 0, "chat": CHAT}
    place = {"chat_id": 7, "message_id": 900}
    assert call("editMessageText", **place, text="Ho")["message_id"] == 900
    assert call("editMessageText", inline_message_id="x", text="Hu")["message_id"] == 901
    assert call("copyMessage", from_chat_id=8, **place)["message_id"] == 902
    assert call("forwardMessage", from_chat_id=8, **place)["message_id"] == 903
    assert (call("getMe")["id"], call("getMe")["is_bot"]) == (42, True)
    for method in ("sendChatAction", "sendMessageDraft", "banChatMember"):
        assert call(method) is True
    assert calls[0] == {"method": "sendMessage", "chat_id": 7, "text": "Hi"}
    ban = "".join(["ban", "ChatMember"])  # equal, not the same
    assert calls.of(ban) == [{"method": "banChatMember"}]
    assert calls.texts() == ["Hi"]
    assert calls.texts("editMessageText") == ["Ho", "Hu"]


@pytest.mark.parametrize("fixture", ["calls", "chat"])
def test_limits_of_another_test_are_forgotten(author, request, monkeypatch, fixture):
    monkeypatch.setitem(botkit("telegram").blocked_until, "7", time.time() + 60)
    request.getfixturevalue(fixture)
    assert botkit("telegram").blocked_until == {}
    sys.modules.pop("own", None)


def test_call_gives_what_the_test_says(calls):
    call, errors = botkit("telegram").call, botkit("errors")
    calls.results["getChat"] = {"id": 7}
    call("getChat", chat_id=7)["id"] = 8
    assert call("getChat", chat_id=7) == {"id": 7}
    calls.results["getChat"] = lambda params: params["chat_id"] + 1
    assert call("getChat", chat_id=7) == 8
    calls.results["sendDice"] = errors.TelegramError("sendDice", 403, "Forbidden: blocked", {})
    with pytest.raises(errors.TelegramError, match="blocked"):
        call("sendDice", chat_id=7)
    with pytest.raises(LookupError, match=r'calls\.results\["getChatMember"\] = '):
        call("getChatMember", chat_id=7)


def test_files_are_downloaded(calls):
    calls.files["photos/ä 1.jpg"] = b"jpeg"
    assert botkit("telegram").download("photos/ä 1.jpg") == b"jpeg"
    with pytest.raises(botkit("errors").TelegramError, match="unknown file_path"):
        botkit("telegram").download("photos/2.jpg")


def test_sessions_are_kept(sessions):
    session = botkit("session")
    assert session.read("7") == sessions["8"] == {}
    kept = sessions["7"]
    assert session.change("7", lambda data: data.update(list=[1]) or 5, days=1) == 5
    assert kept == sessions["7"] == {"list": [1]}
    session.read("7")["list"].append(2)
    with pytest.raises(botkit("errors").UsageError):
        session.change("7", lambda data: data.update(list=(1,)))
    assert sessions == {"7": {"list": [1]}, "8": {}}
    session.change("7", dict.clear)
    assert kept == {}
    # A test may change and delete them.
    sessions["8"]["n"] = 1
    session.change("8", lambda data: data.update(n=data["n"] + 1))
    assert sessions["8"] == {"n": 2}
    del sessions["8"]
    assert session.read("8") == {}
    session.change("8", lambda data: data.update(n=5))
    assert sessions["8"] == {"n": 5}


def test_once_is_recorded(schedules):
    schedule = botkit("schedule")
    call = {"method": "sendMessage", "chat_id": 7, "text": "Tea"}
    assert schedule.once(call, AT, "tea") is True
    call["text"] = "Coffee"
    assert schedule.once(call, AT, "tea") is False
    assert (schedules["tea"].at, schedules["tea"].event["text"]) == (AT, "Tea")
    assert schedule.once({"debts of": 7}, AT, "debts") is True
    assert schedules["debts"].event == {"debts of": 7}
    assert [schedule.cancel(name) for name in ("debts", "tea", "tea")] == [True, True, False]
    assert schedules == {}


def test_cron_is_recorded_apart(schedules):
    schedule = botkit("schedule")
    call = {"method": "sendMessage", "chat_id": 7, "text": "<Tea>"}
    assert schedule.cron(call, "0 9 ? * MON *", "UTC", "tea") is True
    for event in (call, {"debts of": 7}, [call, call]):
        assert schedule.cron(event, "0 9 ? * MON *", "Europe/Berlin", "tea") is False
        tea = schedules.recurring["tea"]
        assert (tea.cron, tea.zone, tea.event) == ("0 9 ? * MON *", "Europe/Berlin", event)
    assert schedules == {}
    with pytest.raises(botkit("errors").UsageError):
        schedule.cron(call, "0 9 ? * MON *", "Atlantis/Poseidonis", "cake")
    assert [schedule.cancel("tea"), schedule.cancel("tea")] == [True, False]


def test_aws_gives_what_the_test_says(aws):
    module = botkit("aws")
    aws.results["GetParameter"] = {"Parameter": {"Value": "x"}}
    aws.results["GET /bucket/menu"] = b"%PDF"
    parameter = module.call("ssm", "AmazonSSM.GetParameter", {"Name": "n"}, signing_name="ssm")
    assert parameter["Parameter"]["Value"] == "x"
    assert module.request(service="s3", method="GET", path="/bucket/menu", headers={}) == b"%PDF"
    aws.results["GetParameter"] = module.ClientError("ParameterNotFound", "n")
    with pytest.raises(module.ClientError):
        module.call("ssm", "AmazonSSM.GetParameter", {})
    with pytest.raises(LookupError, match=r'aws\.results\["PUT /x"\] = '):
        module.request("s3", "PUT", "/x", body=b"y")
    assert aws.requests == [
        ("GetParameter", {"Name": "n"}),
        ("GET /bucket/menu", None),
        ("GetParameter", {}),
        ("PUT /x", b"y"),
    ]


@pytest.mark.parametrize(
    ("effect", "fixture"),
    [
        ("aws.call('s3', 'GetObject', {})", "aws"),
        ("session.change('42', dict.clear)", "sessions"),
        ("schedule.cancel('tea')", "schedules"),
    ],
)
def test_conversation_has_no_effects_in_tests_either(request, effect, fixture, monkeypatch):
    request.getfixturevalue(fixture)
    monkeypatch.setattr(botkit("context").current, "replaying", [])
    names = {name: botkit(name) for name in ("aws", "schedule", "session")}
    with pytest.raises(ValueError, match="a conversation runs again"):
        eval(effect, names)  # noqa: S307


# A chat with the bot.

SAYS = """
from botkit import telegram
from botkit.errors import Unreachable
ALLOWED_UPDATES = ["message"]

def say(message, text):
    return {"method": "sendMessage", "chat_id": message["chat"]["id"], "text": text}

def reply(update, session=None):
    return answer(update["message"], session)
"""
ONE = """
asked = []
def answer(message, session):
    asked.append(1)
    return [say(message, f"asked {len(asked)}")]
"""


@pytest.fixture
def chat_with(author, request, tmp_path):
    """Start a chat with a bot, given its source."""

    def start(source):
        source = source if "def reply" in source else SAYS + source
        (tmp_path / "bot" / "bot.py").write_text("import own\n" + source)
        return request.getfixturevalue("chat")

    return start


def texts(person):
    return [message.text for message in person.unread()]


QUEUED = 'QUEUED_UPDATES = ["message"]\n'
COUNTS = """
SESSION = "chat"

def answer(message, session):
    session["n"] = session.get("n", 0) + 1
    return [say(message, f"one {session['n']}"), say(message, f"two {session['n']}")]
"""


def test_people_chat_with_a_bot_by_words(chat_with, sessions):
    threads = {*threading.enumerate()}
    chat = chat_with(COUNTS)
    ada, grace = chat.user("Ada"), chat.user("Grace")
    for person in (ada, ada, grace):
        person.send("Hi")
    assert texts(ada) == ["one 1", "two 1", "one 2", "two 2"]
    assert texts(grace) == ["one 1", "two 1"]
    assert sessions == {str(ada.chat["id"]): {"n": 2}, str(grace.chat["id"]): {"n": 1}}
    ada.ask("cats")
    assert "the bot doesn't get this inline_query: it asked for message" in chat.transcript
    assert {*threading.enumerate()} <= threads, "it needs no thread"


def test_files_go_to_the_bot_and_back(chat_with):
    source = """
def answer(message, session):
    path = telegram.call("getFile", file_id=message["document"]["file_id"])["file_path"]
    data = telegram.download(path)
    telegram.call("sendDocument", chat_id=message["chat"]["id"], document=("b.txt", data[::-1]))
    return []
"""
    chat = chat_with(source)
    ada = chat.user("Ada")
    ada.send(document=b"abc")
    document = ada.receive().document
    assert document.file_name == "b.txt"
    assert chat.telegram.files.by_id[document.file_id].data == b"cba"


@pytest.mark.parametrize(
    ("source", "error", "file"),
    [
        ("def answer(message, session): raise KeyError('x')", "'x'", "bot.py"),
        (QUEUED + "def answer(message, session): raise KeyError('x')", "'x'", "bot.py"),
        (
            "def answer(message, session): return {}",
            r"reply\(\) must return a list of calls, not a dict",
            "calls.py",
        ),
    ],
    ids=["an exception", "of a queued update", "no calls"],
)
def test_exception_of_the_bot_fails_the_test(chat_with, caplog, source, error, file):
    ada = chat_with(source).user("Ada")
    with pytest.raises(Exception, match=error) as raised:
        ada.send("Hi")
    assert Path(raised.traceback[-1].path).name == file
    assert "update · bot_error · " in caplog.text


def test_bot_is_rate_limited_and_answers_later(chat_with):
    chat = chat_with("def answer(message, session): return [say(message, message['text'])]")
    ada = chat.group("Club", admin=True).user("Ada")
    chat.limits()
    begun = chat.telegram.moved
    for number in range(21):
        ada.send(f"{number}")
    assert texts(ada) == [f"{number}" for number in range(21)]
    assert "Too Many Requests: retry after" in chat.transcript
    assert 0 < chat.telegram.moved - begun <= 60  # less what the calls took


def test_endless_retries_fail_the_test(chat_with, caplog):
    chat = chat_with(ONE)
    chat.fails("429", times=1000)
    with pytest.raises(AssertionError, match="again and again: throttled"):
        chat.user("Ada").send("Hi")
    assert "update · throttled · sendMessage: 429" in caplog.text


def test_advance_makes_scheduled_calls(chat_with, schedules):
    source = """
from datetime import UTC, datetime, timedelta
from botkit import schedule

def answer(message, session):
    now = datetime.now(UTC)
    schedule.once(say(message, "Tea"), now + timedelta(hours=1), "tea")
    schedule.once({"chat": message["chat"]}, now + timedelta(minutes=30), "own")
    schedule.once([say(message, "Late")], now + timedelta(days=1), "late")
    wrong = {**say(message, "Wrong"), "parsemode": "HTML"}
    schedule.once(wrong, now + timedelta(days=9), "wrong")
    return []

def on_event(event):
    return [say(event, "Own")]
"""
    chat = chat_with(source)
    ada = chat.user("Ada")
    ada.send("Hi")
    chat.advance(1000)
    assert texts(ada) == []
    chat.advance(3000)
    assert texts(ada) == ["Own", "Tea"]
    assert list(schedules) == ["late", "wrong"]
    chat.advance(90_000)
    assert texts(ada) == ["Own", "Tea", "Late"]
    assert botkit("context").current.calls.methods == ["sendMessage"]
    with pytest.raises(AssertionError, match="no parameter parsemode"):
        chat.advance(900_000)


# What the module does around the bot.

LIMITED = """
RATE_LIMIT = (2, 60)
ALLOWED_UPDATES = ["message", "inline_query"]
def reply(update):
    return [say(update["message"], "answer")] if "message" in update else []
def on_rate_limit(update):
    content = update.get("message") or update["inline_query"]
    return [say({"chat": content["from"]}, "too many")]
"""


def test_rate_limit_holds_in_its_window(chat_with, sessions):
    chat = chat_with(SAYS + LIMITED)
    chat.advance(60 - chat.telegram.now() % 60)  # the window begins
    ada, grace = chat.user("Ada"), chat.user("Grace")
    for person in (*[ada] * 4, grace):
        person.send("Hi")
    assert texts(ada) == ["answer", "answer", "too many"]
    assert texts(grace) == ["answer"]
    chat.advance(60)
    ada.send("Hi")
    assert texts(ada)[3:] == ["answer"]
    for query in ("cats", "dogs"):  # which have no date
        ada.ask(query)
    assert texts(ada)[4:] == ["too many"]
    assert sessions == {}


def test_only_some_people_may_use_the_bot(chat_with):
    chat = chat_with(ONE)
    ada, grace = chat.user("Ada"), chat.user("Grace")
    chat.allowed_ids = {ada.user["id"]}
    for person in (ada, grace):
        person.send("Hi")
    assert (texts(ada), texts(grace)) == (["asked 1"], [])
    chat.allowed_ids = set()
    grace.send("Hi")
    assert texts(grace) == ["asked 2"]


EVENTS = """
from botkit import schedule
DEBTS = []
def answer(message, session):
    schedule.cron({"message": message}, "0 16 * * ? *", "Europe/Berlin", "debts")
    return []
def on_event(event):
    DEBTS.append(event["at"][:10])
    if len(DEBTS) == 2:
        raise ZeroDivisionError
    return [say(event["message"], f"Debts {len(DEBTS)}")]
"""


def test_event_recurs_at_its_times(chat_with, schedules):
    """What the bot raises is raised in the test, too. Then the event is a dead letter."""
    chat = chat_with(EVENTS)
    ada = chat.user("Ada")
    ada.send("Hi")
    chat.advance(86_400)
    assert texts(ada) == ["Debts 1"]
    with pytest.raises(ZeroDivisionError):
        chat.advance(86_400)
    [letter] = chat.dead_letters()
    assert letter["failed"]["outcome"] == "bot_error"
    chat.redrive()
    assert (texts(ada)[1:], chat.dead_letters()) == (["Debts 3"], [])
    first, second, redriven = sys.modules["bot"].DEBTS
    assert first < second == redriven


def test_queued_update_that_never_succeeds_is_a_dead_letter(chat_with):
    chat = chat_with(QUEUED + ONE)
    chat.fails("429", times=20)
    ada = chat.user("Ada")
    ada.send("Hi", "Ho")
    assert texts(ada) == ["asked 21"]
    [letter] = chat.dead_letters()
    assert letter["update"]["message"]["text"] == "Hi"
    chat.redrive()
    assert texts(ada)[1:] == ["asked 22"]


@pytest.mark.parametrize(("needs", "tries"), [(3, 3), (30, 20)])
def test_event_is_tried_as_often_as_in_the_queue(chat_with, needs, tries):
    """At the last try, the test gets what the bot raised."""
    source = f"""
tries = []
def answer(message, session): return []
def on_event(event):
    tries.append(event)
    if len(tries) < {needs}:
        raise Unreachable("a model is away")
    return []
"""
    chat = chat_with(source)
    with contextlib.nullcontext() if needs == tries else pytest.raises(Exception, match="is away"):
        chat.event({})
    assert len(sys.modules["bot"].tries) == tries
    assert len(chat.dead_letters()) == (needs > tries)


def test_bot_has_sessions_beside_services_of_aws(sessions, schedules, aws):
    aws.results |= {"GetItem": {"Item": {}}, "PUT /x": b""}
    botkit("session").change("42", lambda session: session.update(n=1))
    botkit("schedule").once({"x": 1}, AT, "tea")
    about = {"TableName": "own", "Key": {}}
    assert botkit("aws").call("dynamodb", "DynamoDB_20120810.GetItem", about) == {"Item": {}}
    assert botkit("aws").request("s3", "PUT", "/x", body=b"y") == b""
    aws.results["GetParameter"] = {}
    assert botkit("aws").call("ssm", "AmazonSSM.GetParameter", {}, signing_name="ssm") == {}
    assert (sessions, list(schedules)) == ({"42": {"n": 1}}, ["tea"])
    assert aws.requests == [("GetItem", about), ("PUT /x", b"y"), ("GetParameter", {})]


@pytest.fixture
def shown(request):
    """Lines that a failure shows in the end."""
    expected = []
    yield expected
    assert request.node._report_sections[-1] == ("teardown", "Telegram", "\n".join(expected))


def test_failure_shows_the_transcript(shown, chat_with):
    chat_with(ONE).user("Ada").send("Hi")
    shown[:] = ["Ada: Hi", "  Bot: asked 1"]


def test_only_one_of_two_answers_calls(calls, chat_with):
    del sys.modules["own"]
    with pytest.raises(ValueError, match="chat or calls"):
        chat_with(ONE)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def reply(update): return []", "bot.py must have ALLOWED_UPDATES"),
        ("SESSION = 'chat'\ndef reply(update): return []", r"as def reply\(update, session\)"),
        (SAYS + "QUEUED_UPDATES = ['mesage']", "QUEUED_UPDATES in bot.py must be a list of update"),
        (None, "there is no bot.py in .*bot: put the test beside the bot's folder"),
    ],
    ids=["no ALLOWED_UPDATES", "no session", "an unknown type", "no bot.py"],
)
def test_impossible_bot_fails_with_the_reason(chat_with, request, tmp_path, source, reason):
    del sys.modules["own"]
    (tmp_path / "bot" / "bot.py").unlink()
    with pytest.raises(pytest.fail.Exception, match=reason):
        chat_with(source) if source else request.getfixturevalue("chat")


CLOCK = """
import datetime as dt
import time
from datetime import date, datetime, timedelta
from botkit import conversation, schedule

SESSION = "chat"

def seconds():
    from datetime import UTC, datetime  # in a function
    moments = datetime.now(UTC), datetime.now(), datetime.today(), dt.datetime.now(UTC)
    return [*(moment.timestamp() for moment in moments), time.time()]

def order(message):
    yield conversation.ask("size", [say(message, "Which size?")])

def other(update, session):
    return answer(update["message"], session)

def answer(message, session):
    assert isinstance(message["date"], int) and time.monotonic() and datetime.min.year == 1
    schedule.once({"to": message["chat"]}, datetime.now(dt.UTC) + timedelta(days=400), "own")
    return [say(message, date.today().isoformat())]

def on_event(event):
    return [say({"chat": event["to"]}, f"{event['at']} {datetime.now(dt.UTC):%FT%H:%M:%SZ}")]

reply = conversation.handler({"/order": order}, other, timeout=3600)
"""


def test_advance_moves_the_clock_of_the_bot(chat_with):
    chat = chat_with(CLOCK)
    bot, ada = sys.modules["bot"], chat.user("Ada")
    chat.advance(86_400)
    assert bot.seconds() == pytest.approx([time.time() + 86_400] * 5, abs=60)
    others = {"__name__": "others"}
    exec("import datetime", others)  # noqa: S102
    assert others["datetime"].datetime is datetime
    assert isinstance(datetime.now(), bot.datetime) and isinstance(bot.datetime.now(), datetime)
    ada.send("Hi")
    assert texts(ada) == [f"{datetime.fromtimestamp(chat.telegram.now()):%F}"]
    chat.advance(400 * 86_400)
    due, now = texts(ada)[1].split()
    assert due == now
    ada.send("/order")
    chat.advance(3601)
    ada.send("S")  # too late for the conversation
    assert texts(ada)[2:] == ["Which size?", f"{datetime.fromtimestamp(chat.telegram.now()):%F}"]


def test_bot_may_have_models_with_times():
    """Pydantic knows only Python's own classes."""
    clock = botkit("fakes.clock")
    model = pydantic.create_model("Visit", at=clock.datetime, on=clock.date)
    visit = model(at=AT.isoformat(), on="2100-01-01")
    assert (visit.at, visit.on) == (AT, AT.date())


def test_missing_stand_in_is_explained(chat_with, monkeypatch):
    monkeypatch.setitem(sys.modules, "telegram_stand_in", None)
    monkeypatch.delitem(sys.modules, "own")
    with pytest.raises(ModuleNotFoundError, match="add tools/telegram-stand-in of the module"):
        chat_with(ONE)
