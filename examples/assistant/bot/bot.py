"""An assistant: a language model of Amazon Bedrock answers, and the chat sees the answer grow.

What was said is the session of a chat or topic. What a person asked on a day has a session of its
own, and so has a post that grows: an update may come twice, if a container ends in the middle, and
then no question is counted and no post made once more.
"""

import contextlib
import logging
import os
import time

import boto3
from botkit import session as sessions
from botkit import telegram
from botkit.errors import Refused, Unreachable
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

MODEL = os.environ["MODEL"]
QUESTIONS = int(os.environ["QUESTIONS"])  # that a person may ask on a day

SYSTEM = "You are an assistant in a Telegram chat. Answer briefly, in plain text without Markdown."
MAX_TOKENS = 2000  # of an answer
REMEMBERED = 20  # texts of a conversation, from both sides

# Seconds. All of a question must be over within the function's time-out, with one retry.
SILENCE = 60  # without a word, after which the model has failed
LONGEST = 150  # for an answer

# Seconds between two looks at an answer that grows. Telegram takes about 20 messages per minute
# in a group: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
PACE = {"private": 1.0, "group": 4.0, "supergroup": 4.0}
GROWS = " …"
MAX_TEXT = 4096 - len(GROWS)  # of a message, in UTF-16 code units

HELP = "Ask me anything. I know what we said, until you send /new. In a group, begin with /ask."
NEW = "I forgot what we said."
ENOUGH = f"You asked {QUESTIONS} questions today. You can ask again tomorrow (UTC)."
NO_ANSWER = "The model gave no answer. Please ask again in a minute, or in other words."
BREAKS_OFF = "\n\n(The answer breaks off here. Please ask again if you need the rest.)"

SESSION = "topic"
COMMANDS = {"ask": "Ask a question in a group", "new": "Begin again", "help": "What I do"}

bedrock = boto3.client(
    "bedrock-runtime",
    config=Config(
        connect_timeout=5,
        read_timeout=SILENCE,
        retries={"mode": "standard", "total_max_attempts": 2},
    ),
)


def reply(update, session):
    message = update["message"]
    if sender(message).get("is_bot") or message.get("is_automatic_forward"):
        return []
    text = message.get("text", "")
    command, question = "", text
    if text.startswith("/"):
        command, question = [*text.split(maxsplit=1), ""][:2]
    match command.partition("@")[0]:
        case "/new":
            session.clear()
            return [send(message, NEW)]
        case "/start" | "/help":
            return [send(message, HELP)]
        case name if name != "/ask":
            if message["chat"]["type"] != "private":
                return []
            question = text
    if not question.strip():
        return [send(message, HELP)]
    return answer(update["update_id"], message, question.strip(), session)


HANDLED = {"message": reply}


def answer(update_id, message, question, session):
    """Return the calls that answer a question. Others are made before, while the answer grows."""
    growing = Growing(update_id, message)
    if not count(message, update_id):
        return [send(message, ENOUGH)]
    growing.call("sendChatAction", action="typing")
    texts = [*session.get("texts", []), question]
    text = ask(texts, growing.show)
    if text:
        session["texts"] = [*texts, text][-REMEMBERED:]
    else:
        count(message, update_id, by=-1)
    return growing.whole(text or NO_ANSWER)


def ask(texts, show):
    """Return the model's answer to the last of a conversation's texts, or "" if there is none.

    `show` is called with all of it so far, each time it has grown.
    """
    messages = [
        {"role": "assistant" if number % 2 else "user", "content": [{"text": text}]}
        for number, text in enumerate(texts)
    ]
    text, is_whole = "", False
    ends = time.monotonic() + LONGEST
    try:
        stream = bedrock.converse_stream(
            modelId=MODEL,
            system=[{"text": SYSTEM}],
            messages=messages,
            inferenceConfig={"maxTokens": MAX_TOKENS},
        )["stream"]
        with contextlib.closing(stream):
            for event in stream:
                if "messageStop" in event:
                    is_whole = event["messageStop"]["stopReason"] != "max_tokens"
                elif time.monotonic() > ends:
                    logging.error("the model took longer than %s s", LONGEST)
                    break
                elif "contentBlockDelta" in event:
                    text += event["contentBlockDelta"]["delta"].get("text", "")
                    show(text)
    except (BotoCoreError, ClientError, HTTPError) as error:
        is_aws = isinstance(error, ClientError)
        reason = error.response["Error"]["Code"] if is_aws else type(error).__name__
        logging.error("the model failed: %s", reason)
    text = text.strip()
    return text + BREAKS_OFF if text and not is_whole else text


class Growing:
    """An answer that the chat sees grow: by drafts in a private chat, by edits in a group."""

    def __init__(self, update_id, message):
        self.key = f"post of {update_id}"
        self.message = message
        self.is_private = message["chat"]["type"] == "private"
        # In a group, the id of the message that is edited, if the first words were posted before.
        self.post = None if self.is_private else sessions.read(self.key).get("post")
        self.pace = PACE[message["chat"]["type"]]
        self.waits_until = 0.0

    def show(self, text):
        """Show the end of a text, unless it is too soon."""
        if time.monotonic() < self.waits_until or not text.strip():
            return
        self.waits_until = time.monotonic() + self.pace
        end = split(text)[-1] + GROWS
        if self.is_private:
            self.call("sendMessageDraft", draft_id=self.message["message_id"], text=end)
        elif self.post:
            self.call("editMessageText", message_id=self.post, text=end)
        elif post := self.call(**send(self.message, end)):
            self.post = post["message_id"]
            sessions.change(self.key, lambda session: session.update(post=self.post))

    def call(self, method, **params):
        """Make a call that may fail: what matters is the whole answer, in the end."""
        try:
            return make(method, **{**destination(self.message), **params})
        except Refused as refusal:
            self.waits_until += refusal.retry_after or 0
        except Unreachable:
            pass

    def whole(self, text):
        """Return the calls that show all of a text."""
        calls = [send(self.message, part) for part in split(text)]
        if self.post:
            about = {"chat_id": self.message["chat"]["id"], "message_id": self.post}
            calls[0] = {"method": "editMessageText", **about, "text": calls[0]["text"]}
        return calls


def make(method, **params):
    try:
        return telegram.call(method, **params)
    except Refused as refusal:
        if "message is not modified" not in refusal.description:
            raise


def split(text):
    """Return a text as parts that fit into messages, cut between lines or words."""
    parts = []
    while text:
        part = text.encode("utf-16-le")[: 2 * MAX_TEXT].decode("utf-16-le", "ignore")
        if len(part) < len(text):
            places = (part.rfind(mark) for mark in ("\n", " "))
            part = part[: next((at for at in places if at > len(part) / 2), len(part))]
        parts.append(part.strip())
        text = text[len(part) :].strip()
    return parts


def sender(message):
    """Return who wrote a message: a person, or a group or channel that one writes as."""
    return message.get("sender_chat") or message["from"]


def send(message, text):
    call = {"method": "sendMessage", **destination(message), "text": text}
    if message["chat"]["type"] != "private":
        question = {"message_id": message["message_id"], "allow_sending_without_reply": True}
        call["reply_parameters"] = question
    return call


def destination(message):
    """Return the parameters of the chat, and of the topic in it, that a message is from."""
    params = {"chat_id": message["chat"]["id"]}
    if message.get("is_topic_message"):
        params["message_thread_id"] = message["message_thread_id"]
    return params


def count(message, update_id, by=1):
    """Count a question of today, and tell whether it may be asked. With -1, take it back."""

    def add(session):
        asked = [each for each in session.get("asked", []) if each != update_id]
        if by > 0:
            asked.append(update_id)
        session["asked"] = asked[:QUESTIONS]
        return update_id in session["asked"]

    day = time.strftime("%Y-%m-%d", time.gmtime(message["date"]))
    return sessions.change(f"questions of {sender(message)['id']} on {day}", add)
