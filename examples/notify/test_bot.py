"""Tests of the bot: events of AWS in, calls out."""

import json

import pytest

# What the bot reads of an event: https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
REASON = "Threshold Crossed: 1 datapoint [3.0] was greater."
MESSAGE = {"AlarmName": "Pumps", "NewStateValue": "ALARM", "NewStateReason": REASON}
ALARM = {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps(MESSAGE)}}]}


def change(name, **images):
    """Return an event of the stream (docs.aws.amazon.com/lambda/latest/dg/with-ddb.html)."""
    about = {"Keys": {"order": {"S": "17"}}, **images}
    return {"Records": [{"eventSource": "aws:dynamodb", "eventName": name, "dynamodb": about}]}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("CHAT_ID", "42")


IMAGE = {"order": {"S": "17"}, "state": {"S": "paid"}}


@pytest.mark.parametrize(
    "event, text",
    [
        (ALARM, f"Pumps: ALARM\n{REASON}"),
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
