"""What stands in for Telegram and AWS in an author's tests."""

from __future__ import annotations

import asyncio
import importlib
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botkit.testing import SECONDS, aws, bot, calls, no_pauses, sessions, waits

__all__ = ["aws", "bot", "calls", "no_pauses", "sessions", "waits"]

Json = dict[str, Any]

CHAT = {"id": 7, "type": "private"}
AT = datetime(2100, 1, 1, tzinfo=UTC)


def botkit(name: str) -> Any:
    """Return a module of botkit, as a bot has it now: other tests load them afresh."""
    return importlib.import_module(f"botkit.{name}")


@pytest.fixture
def author(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    """Put the test into an author's folder, and see that nothing of the bot is left behind."""
    monkeypatch.setattr(request.node, "path", tmp_path / "test_bot.py")
    # Other tests may have left a loop, and only without one is it seen that none is closed.
    monkeypatch.setattr(botkit("frameworks.event_loop"), "_loop", None)
    monkeypatch.setitem(sys.modules, "own", ModuleType("own"))  # another bot's
    (tmp_path / "bot").mkdir()
    source = "import own\nfrom botkit.frameworks import event_loop\n"
    (tmp_path / "bot" / "bot.py").write_text(source)
    (tmp_path / "bot" / "own.py").write_text("NAME = 'mine'\n")
    yield
    assert "own" not in sys.modules
    loop = sys.modules["botkit.frameworks.event_loop"]._loop
    assert loop is None or loop.is_closed()


@pytest.mark.parametrize("time", ["first", "second"])
def test_a_bot_is_imported_for_each_test(author: None, bot: Any, time: str) -> None:
    assert sys.modules["bot"] is bot
    assert bot.own.NAME == "mine"
    bot.own.NAME = "changed"
    assert SECONDS == 300
    assert 290 < botkit("deadline").deadline.left() <= SECONDS


def test_the_loop_of_a_framework_is_closed(author: None, bot: Any) -> None:
    bot.event_loop.run(asyncio.sleep(0))
    assert not bot.event_loop._loop.is_closed()


def test_calls_are_noted_and_give_what_telegram_would(calls: Any) -> None:
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


def test_calls_of_another_thread_are_noted(calls: Any) -> None:
    client = botkit("telegram").client()
    thread = threading.Thread(target=lambda: client.post("sendDice", {"chat_id": 7}, 10))
    thread.start()
    thread.join(60)
    assert calls == [{"method": "sendDice", "chat_id": 7}]


def test_a_call_gives_what_the_test_says(calls: Any) -> None:
    call, errors = botkit("telegram").call, botkit("errors")
    calls.results["getChat"] = {"id": 7}
    call("getChat", chat_id=7)["id"] = 8
    assert call("getChat", chat_id=7) == {"id": 7}
    calls.results["getChat"] = lambda params: params["chat_id"] + 1
    assert call("getChat", chat_id=7) == 8
    calls.results["sendDice"] = errors.Refused("sendDice", 403, "Forbidden: blocked", {})
    with pytest.raises(errors.Refused, match="blocked"):
        call("sendDice", chat_id=7)
    with pytest.raises(LookupError, match=r'calls\.results\["getChatMember"\] = '):
        call("getChatMember", chat_id=7)


def test_files_are_downloaded(calls: Any) -> None:
    calls.files["photos/ä 1.jpg"] = b"jpeg"
    assert botkit("telegram").download("photos/ä 1.jpg") == b"jpeg"
    with pytest.raises(botkit("errors").Refused, match="unknown file_path"):
        botkit("telegram").download("photos/2.jpg")


def test_sessions_are_kept(sessions: Any) -> None:
    session = botkit("session")
    assert session.read("7") == sessions["8"] == {}
    kept = sessions["7"]
    assert session.change("7", lambda data: data.update(list=[1]) or 5, days=1) == 5
    assert kept == sessions["7"] == {"list": [1]}
    session.read("7")["list"].append(2)
    with pytest.raises(botkit("errors").BadSession):
        session.change("7", lambda data: data.update(list=(1,)))
    with pytest.raises(ZeroDivisionError):
        session.change("7", lambda data: data.clear() or 1 / 0)
    assert sessions == {"7": {"list": [1]}, "8": {}}
    session.change(key="7", function=dict.clear)
    assert kept == {}


def test_what_is_scheduled_waits(waits: Any) -> None:
    later, refused = botkit("later"), botkit("errors").BadSchedule
    call = {"method": "sendMessage", "chat_id": 7, "text": "Tea"}
    assert later.send(call, AT, "tea") is True
    call["text"] = "Coffee"
    assert later.send(call, AT, "tea") is False
    assert waits["tea"].at == AT
    assert waits["tea"].event["text"] == "Tea"
    assert later.schedule({"step": 1}, AT.timestamp(), "step") is True
    assert waits["step"] == (AT, {"step": 1})
    assert later.cancel("tea") is True
    assert later.cancel("tea") is False
    with pytest.raises(refused, match="letters"):
        later.send(call, AT, "a name")
    with pytest.raises(refused, match="letters"):
        later.cancel("")
    with pytest.raises(refused, match="zone"):
        later.send(call, AT.replace(tzinfo=None), "tea")
    assert list(waits) == ["step"]


def test_what_recurs_is_kept_apart(waits: Any) -> None:
    later, refused = botkit("later"), botkit("errors").BadSchedule
    call = {"method": "sendMessage", "chat_id": 7, "text": "<Tea>"}
    assert later.every(call, "0 9 ? * MON *", "UTC", "tea") is True
    assert later.every(call, "0 9 ? * MON *", "Europe/Berlin", "tea") is False
    assert waits.every["tea"] == ("0 9 ? * MON *", "Europe/Berlin", call)
    assert waits.every["tea"].cron == "0 9 ? * MON *"
    assert waits == {}
    for zone, cron in (("Atlantis/Poseidonis", "0 9 ? * MON *"), ("UTC", "0 9 * * MON")):
        with pytest.raises(refused):
            later.every(call, cron, zone, "cake")
    with pytest.raises(refused, match="letters"):
        later.cancel_every("")
    assert [later.cancel_every("tea"), later.cancel_every("tea")] == [True, False]


def test_aws_gives_what_the_test_says(aws: Any) -> None:
    module = botkit("aws")
    aws.results["GetParameter"] = {"Parameter": {"Value": "x"}}
    aws.results["GET /bucket/menu"] = b"%PDF"
    aws.results["/converse"] = lambda body: [{"text": body["q"]}, {}]
    parameter = module.call("ssm", "AmazonSSM.GetParameter", {"Name": "n"}, signed_as="ssm")
    assert parameter["Parameter"]["Value"] == "x"
    assert module.request(service="s3", method="GET", path="/bucket/menu", headers={}) == b"%PDF"
    assert list(module.events("bedrock-runtime", "/converse", {"q": "?"})) == [{"text": "?"}, {}]
    aws.results["GetParameter"] = module.ClientError("ParameterNotFound", "n")
    with pytest.raises(module.ClientError):
        module.call("ssm", "AmazonSSM.GetParameter", {})
    with pytest.raises(LookupError, match=r'aws\.results\["PUT /x"\] = '):
        module.request("s3", "PUT", "/x", body=b"y")
    assert aws.asked == [
        ("GetParameter", {"Name": "n"}),
        ("GET /bucket/menu", None),
        ("/converse", {"q": "?"}),
        ("GetParameter", {}),
        ("PUT /x", b"y"),
    ]


def test_an_answer_shows_each_piece(calls: Any, no_pauses: None) -> None:
    stream = botkit("stream")
    botkit("deadline").deadline.start(60)
    sys.modules.pop("bot", None)  # another test's may handle no Stop
    assert [stream.DRAFT_PAUSE, stream.EDIT_PAUSE, stream.LOOK_PAUSE] == [0, 0, 0]
    message: Json = {"message_id": 3, "chat": CHAT}
    [answer] = stream.answer(message, iter(["One", " two"]), can_stop=True)
    assert answer["text"] == "One two"
    assert calls.texts("sendMessageDraft") == ["", "One …", "One two …"]
    assert all(call["can_stop"] for call in calls)
    group = {"message_id": 4, "chat": {"id": -7, "type": "group"}}
    assert stream.answer(group, iter(["One", " two"])) == []
    assert calls.texts("editMessageText") == ["One two …", "One two"]


@pytest.mark.parametrize(
    "effect",
    [
        "aws.call('s3', 'GetObject', {})",
        "session.change('42', dict.clear)",
        "later.schedule({}, 0, 'tea')",
        "later.cancel('tea')",
    ],
)
def test_a_dialogue_has_no_effects_in_tests_either(
    aws: Any, sessions: Any, waits: Any, effect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(botkit("invocation.journal").journal, "is_replay", True)
    names = {name: botkit(name) for name in ("aws", "later", "session")}
    with pytest.raises(ValueError, match="a dialogue runs again"):
        eval(effect, names)  # noqa: S307
    assert not aws.asked
    assert not sessions
    assert not waits
