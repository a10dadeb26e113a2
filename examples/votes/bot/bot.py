"""A bot that puts a question to a group, and counts the answers: /poll Lunch? | Pizza | Soup

The votes on a post are one item in DynamoDB, with an attribute for each person.
"""

import os

from botkit import aws, telegram
from botkit.errors import Refused

TABLE = os.environ["TABLE"]
USAGE = "Write a question and two to eight answers: /poll Lunch? | Pizza | Soup"

COMMANDS = {"poll": "Ask a question: /poll Lunch? | Pizza | Soup"}


def reply(update):
    for kind, answer in HANDLED.items():
        if kind in update:
            return answer(update[kind])
    return []


def on_message(message):
    command, _, text = message.get("text", "").partition(" ")
    if command.partition("@")[0] not in ("/poll", "/start"):
        return []
    question, *answers = [part.strip() for part in text.split("|")]
    call = {"method": "sendMessage", "chat_id": message["chat"]["id"], "text": USAGE}
    if message.get("is_topic_message"):
        call["message_thread_id"] = message["message_thread_id"]
    if question and all(answers) and 2 <= len(answers) <= 8:
        call |= {"text": question, "reply_markup": keyboard(answers, {})}
    return [call]


def on_press(query):
    message = query["message"]
    if "reply_markup" in message:  # a very old message comes without its content
        post = f"{message['chat']['id']}/{message['message_id']}"
        votes = vote(post, str(query["from"]["id"]), query["data"], query["id"])
        shown = None
        # Edits after two presses at the same time may arrive in the wrong order: look again.
        while votes != shown:
            show(message, votes)
            shown, votes = votes, read(post)
    return [{"method": "answerCallbackQuery", "callback_query_id": query["id"]}]


HANDLED = {"message": on_message, "callback_query": on_press}


def vote(post, person, answer, press):
    """Take a vote, or take it back if it is there, and return the votes on the post.

    Telegram may deliver a press twice, so the id of a person's last press is kept with the vote.
    """
    for choice, condition in (
        (answer, "attribute_not_exists(#me) OR (#me.press <> :press AND #me.answer <> :answer)"),
        ("none", "#me.press <> :press AND #me.answer = :answer"),
    ):
        new = {"answer": {"S": choice}, "press": {"S": press}}
        try:
            return dynamodb(
                "UpdateItem",
                Key={"post": {"S": post}},
                UpdateExpression="SET #me = :new",
                ConditionExpression=condition,
                ExpressionAttributeNames={"#me": person},
                ExpressionAttributeValues={
                    ":new": {"M": new},
                    ":answer": {"S": answer},
                    ":press": {"S": press},
                },
                ReturnValues="ALL_NEW",
            )["Attributes"]
        except aws.ClientError as error:
            if error.code != "ConditionalCheckFailedException":
                raise
    return read(post)  # this press was taken before


def read(post):
    return dynamodb("GetItem", Key={"post": {"S": post}}, ConsistentRead=True)["Item"]


def dynamodb(action, **params):
    return aws.call("dynamodb", f"DynamoDB_20120810.{action}", {"TableName": TABLE, **params})


def show(message, votes):
    """Put the counts on the buttons."""
    rows = message["reply_markup"]["inline_keyboard"]
    answers = [button["text"].rpartition(" · ")[0] for [button] in rows]
    try:
        telegram.call(
            "editMessageReplyMarkup",
            chat_id=message["chat"]["id"],
            message_id=message["message_id"],
            reply_markup=keyboard(answers, votes),
        )
    except Refused as refusal:
        if "message is not modified" not in refusal.description:
            raise


def keyboard(answers, votes):
    choices = [vote["M"]["answer"]["S"] for name, vote in votes.items() if name != "post"]
    return {
        "inline_keyboard": [
            [{"text": f"{answer} · {choices.count(str(n))}", "callback_data": str(n)}]
            for n, answer in enumerate(answers)
        ]
    }
