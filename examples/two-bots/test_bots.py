"""Tests of both bots: messages in, calls out."""

import pytest


def message(**content):
    return {"message": {"message_id": 1, "chat": {"id": 42, "type": "private"}, **content}}


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("sales-bot", {"text": " Apples"}, "2.40 a kilo"),
        ("sales-bot", {"text": "pears"}, "I have apples, bread."),
        ("sales-bot", {"photo": []}, "I have apples, bread."),
        ("support-bot", {"text": "/start"}, "What is wrong?"),
        ("support-bot", {"text": "It squeaks."}, "Thank you. Somebody will look at it."),
        ("support-bot", {"photo": []}, "Thank you. Somebody will look at it."),
    ],
)
def test_answers(load, name, content, text):
    calls = load(name).reply(message(**content))
    assert calls == [{"method": "sendMessage", "chat_id": 42, "text": text}]
