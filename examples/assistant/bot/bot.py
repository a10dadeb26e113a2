"""An assistant: a language model answers, and the chat sees the answer grow.

The conversation is the session of a chat or topic. A person's questions of a day are in a separate
session: an update may come twice, if a container ends in the middle, and no question counts twice.
"""

import logging
import os
import time

import models
from botkit import session as sessions
from botkit import stream
from botkit.commands import command_in
from botkit.errors import ClientError, Unreachable

QUESTIONS = int(os.environ["QUESTIONS"])  # that a person may ask on a day

SYSTEM = "You are an assistant in a Telegram chat. Answer briefly, in Markdown, formulas between $."
REMEMBERED = 20  # texts of a conversation, from both sides

# Seconds. All of a question must be over within the function's time-out, with one retry.
SILENCE = 60  # without a word, after which the model has failed
LONGEST = 150  # for an answer

HELP = "Ask me anything. I know what we said, until you send /new. In a group, begin with /ask."
NEW = "I forgot what we said."
ENOUGH = f"You asked {QUESTIONS} questions today. You can ask again tomorrow (UTC)."
NO_ANSWER = "The model gave no answer. Please ask again in a minute, or in other words."
FAILED = "Sorry, something went wrong."
BREAKS_OFF = "\n\n(The answer breaks off here. Please ask again if you need the rest.)"

SESSION = "topic"
HANDLED = ["message", "stopped_message_generation"]
COMMANDS = {"ask": "Ask a question in a group", "new": "Begin again", "help": "What I do"}


def reply(update, session):
    if "stopped_message_generation" in update:
        stream.stop(update["stopped_message_generation"])
        return []
    message = update["message"]
    who = message.get("sender_chat") or message["from"]  # a group or channel that one writes as
    if who.get("is_bot") or message.get("is_automatic_forward"):
        return []
    text = message.get("text", "")
    question = [*text.split(maxsplit=1), ""][1] if text[:1] == "/" else text
    match command_in(text):
        case "new":
            session.clear()
            return say(message, NEW)
        case "start" | "help":
            return say(message, HELP)
        case name if name != "ask":
            if message["chat"]["type"] != "private":
                return []
            question = text
    if not question.strip():
        return say(message, HELP)
    today = time.strftime(f"questions of {who['id']} on %Y-%m-%d", time.gmtime(message["date"]))
    if not count(today, update["update_id"]):
        return say(message, ENOUGH)
    texts, said = [*session.get("texts", []), question.strip()], []
    calls = stream.answer(message, ask(texts, said), can_stop=True, markdown=True)
    if answer := "".join(said).strip():
        session["texts"] = [*texts, answer][-REMEMBERED:]
    elif calls:  # it says that there is no answer
        count(today, update["update_id"], by=0)
    return calls


def ask(texts, said, retries=1):
    """Yield the model's answer to the last of a conversation's texts, and add it to `said`."""
    is_whole = False
    try:
        for words, thoughts, reason in converse(texts):
            if reason:
                is_whole = reason not in models.CUT
            if thoughts:
                yield stream.Thinking(thoughts)
            said.append(words)
            yield words
    except (ClientError, Unreachable) as error:
        logging.error("the model failed: %s", getattr(error, "code", error))
        models.key.cache_clear()  # it may have changed
        if retries and not any(said) and isinstance(error, Unreachable):
            time.sleep(1)
            return (yield from ask(texts, said, retries - 1))
    if not "".join(said).strip():
        yield NO_ANSWER
    elif not is_whole:
        said.append(BREAKS_OFF)
        yield BREAKS_OFF


def converse(texts):
    """Yield what models.answer does, until the model has been silent or has spoken too long."""
    began = heard = time.monotonic()
    for said in models.answer(SYSTEM, texts):
        heard = time.monotonic() if any(said) else heard
        if time.monotonic() > min(began + LONGEST, heard + SILENCE):
            raise Unreachable("it took too long")
        yield said


def say(message, text):
    is_in_topic = message.get("is_topic_message")
    topic = {"message_thread_id": message["message_thread_id"]} if is_in_topic else {}
    return [{"method": "sendMessage", "chat_id": message["chat"]["id"], **topic, "text": text}]


def count(today, update_id, by=1):
    """Count a question of today, and tell whether the model may answer it. With 0, take it back."""

    def add(session):
        others = [each for each in session.get("asked", []) if each != update_id]
        session["asked"] = [*others, *[update_id] * by][:QUESTIONS]
        return update_id in session["asked"]

    return sessions.change(today, add)


def on_failure(update):
    return say(update["message"], FAILED) if "message" in update else []
