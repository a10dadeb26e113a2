"""Tests of the bot: events as AWS documents them in, calls out."""

import json

import pytest

# https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html, with a message as alarms send it
ALARM = {
    "Records": [
        {
            "EventVersion": "1.0",
            "EventSource": "aws:sns",
            "EventSubscriptionArn": "arn:aws:sns:us-east-1:123456789012:notify-bot-alarms:21be56ed",
            "Sns": {
                "Type": "Notification",
                "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
                "TopicArn": "arn:aws:sns:us-east-1:123456789012:notify-bot-alarms",
                "Subject": 'ALARM: "Pumps" in US East (N. Virginia)',
                "Message": json.dumps(
                    {
                        "AlarmName": "Pumps",
                        "AlarmDescription": None,
                        "AWSAccountId": "123456789012",
                        "NewStateValue": "ALARM",
                        "NewStateReason": "Threshold Crossed: 1 datapoint [3.0] was greater.",
                        "StateChangeTime": "2026-11-25T09:00:00.000+0000",
                        "Region": "US East (N. Virginia)",
                        "OldStateValue": "OK",
                        "Trigger": {"MetricName": "Pumps", "Namespace": "Works", "Dimensions": []},
                    }
                ),
                "Timestamp": "2026-11-25T09:00:00.000Z",
            },
        }
    ]
}


def change(name, **images):
    """Return an event of the stream (docs.aws.amazon.com/lambda/latest/dg/with-ddb.html)."""
    about = {"Keys": {"order": {"S": "17"}}, "SequenceNumber": "111", "SizeBytes": 26}
    record = {
        "eventID": "1",
        "eventVersion": "1.1",
        "eventName": name,
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {**about, "StreamViewType": "NEW_IMAGE", **images},
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/notify-bot/stream/x",
    }
    return {"Records": [record]}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("CHAT_ID", "42")


IMAGE = {"order": {"S": "17"}, "state": {"S": "paid"}}


@pytest.mark.parametrize(
    "event, text",
    [
        (ALARM, "Pumps: ALARM\nThreshold Crossed: 1 datapoint [3.0] was greater."),
        (change("INSERT", NewImage=IMAGE), "Order 17 is paid."),
        (change("MODIFY", NewImage=IMAGE), "Order 17 is paid."),
        (change("REMOVE"), "Order 17 is deleted."),
    ],
    ids=["alarm", "new", "changed", "deleted"],
)
def test_an_event_is_reported_in_the_chat(bot, event, text):
    assert bot.on_event(event) == [{"method": "sendMessage", "chat_id": 42, "text": text}]


def test_each_record_is_reported(bot):
    both = {"Records": ALARM["Records"] + change("REMOVE")["Records"]}
    assert [call["text"][:5] for call in bot.on_event(both)] == ["Pumps", "Order"]


def test_an_event_of_another_kind_is_an_error(bot):
    with pytest.raises(KeyError):
        bot.on_event({"source": "aws.ec2"})


def message(text):
    return {"message": {"message_id": 8, "chat": {"id": -7, "type": "group"}, "text": text}}


def test_the_chat_learns_its_id(bot):
    [call] = bot.reply(message("/start@a_bot"))
    assert (call["chat_id"], call["text"]) == (-7, "The id of this chat is -7.")
    for text in ("hello", "/start@another_bot"):
        assert bot.reply(message(text)) == []
