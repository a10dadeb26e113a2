"""A bot that tells a chat what happens in AWS. New objects in S3 need no Python: see main.tf."""

import json
import os

from botkit.commands import command_in

CHAT_ID = int(os.environ["CHAT_ID"])

ALLOWED_UPDATES = ["message"]
COMMANDS = {"start": "Tell the id of this chat"}


def reply(update):
    message = update["message"]
    if command_in(message.get("text")) != "start":
        return []
    chat_id = message["chat"]["id"]
    return [say(chat_id, f"The id of this chat is {chat_id}.")]


def on_event(event):
    """Report alarms (SNS) and orders (the table's stream). Both send a list of records."""
    return [say(CHAT_ID, news(record)) for record in event["Records"]]


def news(record):
    return of_alarm(record["Sns"]) if "Sns" in record else of_order(record)


def of_alarm(notification):
    alarm = json.loads(notification["Message"])
    return f"{alarm['AlarmName']}: {alarm['NewStateValue']}\n{alarm['NewStateReason']}"


def of_order(record):
    order = record["dynamodb"]["Keys"]["order"]["S"]
    if record["eventName"] == "REMOVE":
        return f"Order {order} is deleted."
    return f"Order {order} is {record['dynamodb']['NewImage']['state']['S']}."


def say(chat_id, text):
    return {"method": "sendMessage", "chat_id": chat_id, "text": text}
