"""Tests of the bot: messages in, texts out, with a table in memory."""

from types import SimpleNamespace

import pytest
from botkit import aws

DAY = 24 * 3600


class Table:
    """As much of DynamoDB as the bot uses."""

    def __init__(self):
        self.items = {}

    def call(self, service, target, params):
        key = str(params.get("Key") or {"chat": params["Item"]["chat"]})
        match target:
            case "DynamoDB_20120810.GetItem":
                return {"Item": self.items[key]} if key in self.items else {}
            case "DynamoDB_20120810.PutItem":
                self.items[key] = params["Item"]
            case "DynamoDB_20120810.DeleteItem":
                self.items.pop(key, None)
        return {}


@pytest.fixture
def table(monkeypatch):
    table = Table()
    monkeypatch.setattr(aws, "call", table.call)
    return table


@pytest.fixture
def say(bot, table):
    """Write to the bot, and return what it answers: `say(message_id, text)`."""

    def say(message_id, text, chat=4242):
        message = {"message_id": message_id, "chat": {"id": chat, "type": "private"}}
        content = {"photo": []} if text is None else {"text": text}
        [call] = bot.reply({"message": message | content})
        assert (call["method"], call["chat_id"]) == ("sendMessage", chat)
        return call["text"]

    return say


NO_FORM = "Send /start to book a table."
DONE = "Thank you, Ada: a table on Friday for four."


def test_three_questions_and_a_summary(say):
    assert say(1, "hello") == NO_FORM
    assert say(2, "/start") == "What is your name?"
    assert say(3, "Ada") == "Which day?"
    assert say(4, "Friday") == "How many people?"
    assert say(5, "four") == DONE
    assert say(6, "thanks") == NO_FORM
    assert say(7, "/start") == "What is your name?"


def test_each_chat_has_its_own_form(say):
    say(1, "/start")
    say(2, "Ada")
    assert say(1, "/start", chat=4343) == "What is your name?"
    assert say(3, "Friday") == "How many people?"


def test_a_message_that_is_delivered_twice_is_one_answer(say):
    say(1, "/start")
    assert [say(2, "Ada"), say(2, "Ada")] == ["Which day?", "Which day?"]
    say(3, "Friday")
    assert [say(4, "four"), say(4, "four")] == [DONE, DONE]


def test_what_is_no_text_is_no_answer(say):
    say(1, "/start")
    assert say(2, None) == "What is your name?"
    assert say(3, "Ada") == "Which day?"


def test_a_form_can_be_cancelled(say, table):
    say(1, "/start")
    say(2, "Ada")
    assert say(3, "/cancel") == "I forgot your answers. Send /start to begin again."
    assert table.items == {}
    assert say(4, "Friday") == NO_FORM


@pytest.mark.parametrize(("seconds", "answer"), [(DAY - 1, "Which day?"), (DAY, NO_FORM)])
def test_a_form_expires_even_while_dynamodb_still_has_it(bot, say, monkeypatch, seconds, answer):
    clock = SimpleNamespace(time=lambda: 1_700_000_000)
    monkeypatch.setattr(bot, "time", clock)
    say(1, "/start")
    clock.time = lambda: 1_700_000_000 + seconds
    assert say(2, "Ada") == answer


def test_a_group_gets_no_answer(bot):
    group = {"id": -42, "type": "supergroup"}
    assert bot.reply({"message": {"message_id": 1, "chat": group, "text": "/start"}}) == []
