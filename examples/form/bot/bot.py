"""A bot that books a table: it asks three questions, one after the other.

The next message may meet another container, so what was said so far is in DynamoDB, an item per
chat, and is read at each update.
"""

import os
import time

from botkit import aws

TABLE = os.environ["TABLE"]
QUESTIONS = ["What is your name?", "Which day?", "How many people?"]
KEPT = 24 * 3600  # seconds, after the last answer

COMMANDS = {"start": "Book a table", "cancel": "Forget my answers"}


def reply(update):
    message = update["message"]
    chat = message["chat"]
    if chat["type"] != "private":  # in a group people would answer for each other
        return []
    text = answer(chat["id"], message["message_id"], message.get("text", ""))
    return [{"method": "sendMessage", "chat_id": chat["id"], "text": text}]


HANDLED = {"message": reply}


def answer(chat, message_id, text):
    if text.startswith("/cancel"):
        dynamodb("DeleteItem", Key=key(chat))
        return "I forgot your answers. Send /start to begin again."
    if text.startswith("/start"):
        write(chat, message_id, [])
        return QUESTIONS[0]
    last_message_id, answers = read(chat)
    # Telegram may deliver a message twice: its text is taken once, and the answer is the same.
    if message_id != last_message_id:
        if last_message_id is None or len(answers) == len(QUESTIONS):
            return "Send /start to book a table."
        if text:  # not a photo, for instance
            answers.append(text)
            write(chat, message_id, answers)
    if len(answers) < len(QUESTIONS):
        return QUESTIONS[len(answers)]
    name, day, people = answers
    return f"Thank you, {name}: a table on {day} for {people}."


def read(chat):
    """Return the id of the message that was last taken (None: there is no form) and the answers."""
    item = dynamodb("GetItem", Key=key(chat), ConsistentRead=True).get("Item")
    # DynamoDB may take days to delete what has expired.
    if not item or int(item["expires_at"]["N"]) <= time.time():
        return None, []
    return int(item["message_id"]["N"]), [each["S"] for each in item["answers"]["L"]]


def write(chat, message_id, answers):
    item = {
        **key(chat),
        "message_id": {"N": str(message_id)},
        "answers": {"L": [{"S": each} for each in answers]},
        "expires_at": {"N": str(int(time.time()) + KEPT)},
    }
    dynamodb("PutItem", Item=item)


def key(chat):
    return {"chat": {"N": str(chat)}}


def dynamodb(action, **params):
    return aws.call("dynamodb", f"DynamoDB_20120810.{action}", {"TableName": TABLE, **params})
