"""An assistant: a language model answers, and the chat sees the answer grow.

The model has one tool, a reminder. The person decides about each by a button.
"""

import logging
import os
from datetime import UTC, datetime, timedelta

from botkit import schedule, stream
from botkit.commands import command_in

if os.environ.get("MODEL_URL"):
    import openai_form as model
else:
    import bedrock as model

SYSTEM = "You are an assistant in a Telegram chat. Answer briefly, in Markdown, formulas between $."
REMIND = {
    "name": "remind",
    "description": "Remind the person, who is asked first. Don't say that you did.",
    "parameters": {
        "type": "object",
        "properties": {
            "minutes": {"type": "integer", "description": "how many minutes from now"},
            "text": {"type": "string", "description": "what to remind of, in a few words"},
        },
        "required": ["minutes", "text"],
    },
}
MAX_TEXTS = 20  # texts of a conversation, from both sides
MAX_MINUTES = 7 * 24 * 60  # minutes until a reminder

HELP = "Ask me anything. I know what we said, until you send /new. In a group, begin with /ask."
NEW = "I forgot what we said."
ENOUGH = "That was enough for today. Ask again tomorrow."
NO_ANSWER = "The model gave no answer. Please ask again in a minute, or in other words."
BREAKS_OFF = "\n\n(The answer breaks off here. Please ask again if you need the rest.)"
FAILED = "Sorry, something went wrong."

SESSION = "topic"
RATE_LIMIT = (50, 24 * 3600)  # updates of a person in a day: each costs money
ALLOWED_UPDATES = ["message", "callback_query", "stopped_message_generation"]
QUEUED_UPDATES = ["message", "callback_query"]  # an answer may take minutes
COMMANDS = {"ask": "Ask a question in a group", "new": "Begin again", "help": "What I do"}


def reply(update, session):
    if "stopped_message_generation" in update:
        stream.stop(update["stopped_message_generation"])
        return []
    if "callback_query" in update:
        return on_press(update["callback_query"], session)
    message, text = update["message"], update["message"].get("text", "")
    match command_in(text):
        case "new":
            session.clear()
            return say(message, NEW)
        case "ask":
            text = text.partition(" ")[2]
        case "":
            if message["chat"]["type"] != "private":
                return []
        case _:
            text = ""
    return on_question(message, text.strip(), session) if text.strip() else say(message, HELP)


def on_question(message, question, session):
    """Have the model answer. If it wants to remind somebody, ask the person about that."""
    texts, said, wishes = [*session.get("texts", []), question], [], []
    chunks = answer(texts, said, wishes)
    calls = stream.answer(message, chunks, can_stop=True, markdown=True)
    if said:
        session["texts"] = [*texts, "".join(said)][-MAX_TEXTS:]
    for wish in wishes:
        session["wish"] = {"of": message["message_id"], "who": message["from"]["id"], **wish}
        buttons = [
            {"text": text, "callback_data": f"{text} {message['message_id']}"}
            for text in ("Yes", "No")
        ]
        [call] = say(message, f"A reminder in {wish['minutes']} minutes: {wish['text']}?")
        calls.append({**call, "reply_markup": {"inline_keyboard": [buttons]}})
    return calls


def answer(texts, said, wishes):
    """Yield the model's answer, and add its words to `said`, and a reminder to `wishes`."""
    try:
        for part in model.answer(SYSTEM, texts, REMIND):
            match part:
                case str() if part:
                    said.append(part)
                    yield part
                case {"minutes": int(minutes), "text": str(text)} if 0 < minutes <= MAX_MINUTES:
                    wishes.append({"minutes": minutes, "text": text[:200]})
    except OSError as error:
        logging.error("the model failed: %s", error)
        yield BREAKS_OFF if said else NO_ANSWER


def on_press(query, session):
    """Do what the person has decided about a reminder, once."""
    decision, _, of = query["data"].partition(" ")
    wish, message = session.get("wish", {}), query["message"]
    toast = {"method": "answerCallbackQuery", "callback_query_id": query["id"]}
    if str(wish.get("of")) != of or wish["who"] != query["from"]["id"]:
        return [{**toast, "text": "This isn't for you to decide, or not any more."}]
    del session["wish"]
    text = "No reminder."
    if decision == "Yes":
        at = datetime.now(UTC) + timedelta(minutes=wish["minutes"])
        [call] = say(message, f"⏰ {wish['text']}")
        schedule.once(call, at, f"{message['chat']['id']}.{of}")
        text = f"I will remind you in {wish['minutes']} minutes: {wish['text']}"
    place = {"chat_id": message["chat"]["id"], "message_id": message["message_id"]}
    return [toast, {"method": "editMessageText", **place, "text": text}]


def say(message, text):
    is_in_topic = message.get("is_topic_message")
    topic = {"message_thread_id": message["message_thread_id"]} if is_in_topic else {}
    return [{"method": "sendMessage", "chat_id": message["chat"]["id"], **topic, "text": text}]


def on_rate_limit(update):
    return say(update["message"], ENOUGH) if "message" in update else []


def on_error(update):
    return say(update["message"], FAILED) if "message" in update else []
