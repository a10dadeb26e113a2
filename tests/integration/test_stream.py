"""Stop: a press that one container takes ends the answer that the queue's makes."""

import json
import queue

from botkit.fakes.files import read
from telegram_bot_aws.local.container import Function
from telegram_bot_aws.local.events import webhook_event
from telegram_stand_in import ADA, Server, Telegram

from tests.support.programs import LONGEST
from tests.support.stubs import SECRET, TOKEN

BOT = """
import time
from botkit import stream

SESSION = "chat"
ALLOWED_UPDATES = ["message", "stopped_message_generation"]
QUEUED_UPDATES = ["message"]


def reply(update, session):
    if "stopped_message_generation" in update:
        stream.stop(update["stopped_message_generation"])
        return []
    session["asked"] = session.get("asked", 0) + 1
    return stream.answer(update["message"], endless(), can_stop=True, markdown=True)


def endless():
    while True:
        yield "and "
        time.sleep(0.05)
"""
CHAT = {"id": ADA["id"], "type": "private"}


def text_of(params):
    """Return the text of a call, or its Markdown."""
    return str(params.get("text") or params.get("rich_message", {}).get("markdown", ""))


def test_a_press_ends_the_answer_of_another_container(tmp_path):
    telegram = Telegram(TOKEN)
    bot = tmp_path / "bot"
    bot.mkdir()
    (bot / "bot.py").write_text(BOT)
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    answered = queue.Queue()
    with Server(telegram) as server:
        environment = {
            "TELEGRAM_API_URL": server.url,
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_WEBHOOK_SECRET": SECRET,
        }
        with Function(bot, environment, timeout=120, sessions=tmp_path / "kept") as function:
            function.on_queued = answered.put
            question = telegram.message("Tell me", chat=CHAT)
            asked = {"update_id": telegram.send(question), **question}
            queued = function.invoke(webhook_event(json.dumps(asked), headers))
            assert queued.outcome["outcome"] == "queued"
            telegram.wait(lambda: any(text_of(call.params) for call in telegram.calls))
            [(chat, draft)] = telegram.bot.drafts
            telegram.stop_draft(chat, draft)
            pressed = {"chat": CHAT, "draft_id": draft}
            press = {"update_id": 2, "stopped_message_generation": pressed}
            taken = function.invoke(webhook_event(json.dumps(press), headers))
            assert taken.outcome["outcome"] == "ignored"
            invocation = answered.get(timeout=LONGEST)
    assert invocation.outcome["outcome"] == "answered"
    drafts = [text_of(call.params) for call in telegram.calls if call.method.endswith("Draft")]
    # Asked once: what is noted of the press isn't in the chat's session.
    assert drafts.count("") == 1
    last = telegram.calls[-1]
    assert last.method == "sendRichMessage"
    assert text_of(last.params).startswith("and and")
    assert read(tmp_path / "kept")[str(ADA["id"])]["session"] == {"S": '{"asked":1}'}
