"""An agent: a language model of Amazon Bedrock that uses tools, and asks before it acts.

Each person has a conversation in each chat: the session. It also contains the action that the model
wants and may not do yet, so any container can answer a tap, even after a release.
"""

import time
from contextlib import suppress

import files
import turn
from botkit import stream, telegram
from botkit.commands import command_in
from botkit.errors import Refused

HELP = (
    "I book meeting rooms. Ask me what is free, or send me a photo or a PDF about a meeting. "
    "I act only if you tap the button. /new forgets what we said. In a group, begin with /ask."
)
NEW = "I forgot what we said."
ASK = "Shall I do this?"
OVER = "This can't be decided here and now. Ask me again."
FAILED = "Sorry, something went wrong."

SESSION = "chat_user"
TOGETHER = "albums"
HANDLED = ["message", "callback_query", "stopped_message_generation"]
COMMANDS = {"ask": "Ask in a group", "new": "Begin again", "help": "What I do"}


def reply(update, session):
    if "stopped_message_generation" in update:
        stream.stop(update["stopped_message_generation"])
        return []
    if "callback_query" in update:
        return on_press(update["callback_query"], session)
    return on_messages(update["together"], session)


def on_messages(messages, session):
    first = messages[0]
    # A group or channel as which somebody writes can't tap a button.
    if "sender_chat" in first or first["from"].get("is_bot"):
        return []
    texts = (message.get("text") or message.get("caption") for message in messages)
    text = "\n\n".join(filter(None, texts))
    command = command_in(text)
    if text.startswith("/"):
        _, text = [*text.split(maxsplit=1), ""][:2]
    match command:
        case "new":
            session.clear()
            return [say(first, NEW)]
        case "start" | "help":
            return [say(first, HELP)]
        case name if name != "ask" and first["chat"]["type"] != "private":
            return []
    try:
        attached = files.attached(messages)
    except files.NotTaken as error:
        return [say(first, str(error))]
    if not (text.strip() or attached):
        return [say(first, HELP)]
    turn.begin(session, text.strip(), attached)
    return answer(first, session, first["from"]["id"])


def on_press(query, session):
    """Do what waits, or tell the model that it may not. Only the person has it in the session."""
    pressed, _, choice = query.get("data", "").partition(":")
    toast = {"callback_query_id": query["id"]}
    waits = session.get("waits", {"id": None})
    if pressed != waits["id"] or time.time() > waits["until"]:
        return [{"method": "answerCallbackQuery", **toast, "text": OVER}]
    message, person = query["message"], query["from"]["id"]
    result = turn.decide(session, person, choice == "yes")
    with suppress(Refused):  # now, since the model may take minutes; too late is no reason to stop
        telegram.call("answerCallbackQuery", **toast, text=result)
    edit = {"method": "editMessageText", "message_id": message["message_id"]}
    edit |= {"chat_id": message["chat"]["id"], "text": f"{waits['plan']}\n\n{result}"}
    return [edit, *answer(message, session, person)]


def answer(message, session, person):
    """Return the calls that send the model's answer, and its question."""
    chunks = turn.go_on(session, person)
    calls = stream.answer(message, chunks, can_stop=True, markdown=True)
    if waits := session.get("waits"):
        choices = ((waits["plan"], "yes"), ("No", "no"))
        rows = [[{"text": text, "callback_data": f"{waits['id']}:{to}"}] for text, to in choices]
        question = say(message, f"{ASK}\n\n{waits['plan']}")
        calls.append({**question, "reply_markup": {"inline_keyboard": rows}})
    return calls


def on_failure(update):
    if query := update.get("callback_query"):
        toast = {"callback_query_id": query["id"], "text": FAILED}
        return [{"method": "answerCallbackQuery", **toast}]
    return [say(update["message"], FAILED)] if "message" in update else []


def say(message, text):
    is_in_topic = message.get("is_topic_message")
    topic = {"message_thread_id": message["message_thread_id"]} if is_in_topic else {}
    return {"method": "sendMessage", "chat_id": message["chat"]["id"], **topic, "text": text}
