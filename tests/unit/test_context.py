"""context.py: which calls are visible, so that their update must not be redelivered."""

import pytest

from tests.support.stubs import load, message

INVISIBLE = {
    "getChat": {"chat_id": 42},
    "sendChatAction": {"chat_id": 42, "action": "typing"},
    "sendMessageDraft": {"chat_id": 42, "draft_id": 1, "text": "x"},
    "sendRichMessageDraft": {"chat_id": 42, "draft_id": 1},
    "answerCallbackQuery": {"callback_query_id": "1", "text": "Saved", "show_alert": False},
    "answerInlineQuery": {"inline_query_id": "1"},
    "answerPreCheckoutQuery": {"pre_checkout_query_id": "1"},
    "answerShippingQuery": {"shipping_query_id": "1"},
    "answerWidgetQuery": {"widget_query_id": "1"},
    "deleteMessage": {"chat_id": 42, "message_id": 7},
    "deletemessages": {"chat_id": 42, "message_ids": [7]},
}
VISIBLE = {
    "sendMessage": {"chat_id": 42, "text": "x"},
    "editMessageText": {"chat_id": 42, "text": "x"},
    "setMessageReaction": {"chat_id": 42},
    "a method of tomorrow": {},
}
ALERTS = {
    "an alert": {"show_alert": True, "text": "Sold out"},
    "a game's URL": {"url": "https://example.org"},
}
MESSAGE = {"method": "sendMessage", "chat_id": 42, "text": "x"}


@pytest.mark.parametrize(
    ("method", "params", "is_visible"),
    [
        *((method, params, False) for method, params in INVISIBLE.items()),
        *((method, params, True) for method, params in VISIBLE.items()),
        *(("answerCallbackQuery", params, True) for params in ALERTS.values()),
    ],
    ids=[*INVISIBLE, *VISIBLE, *ALERTS],
)
def test_visible_methods(method, params, is_visible):
    calls = load("botkit.context").CallLog()
    calls.record(method, params)
    calls.record("getMe", {})  # people remember the one before
    assert calls.methods == [method, "getMe"]
    assert (calls.any_succeeded, calls.can_redeliver) == (True, not is_visible)


@pytest.mark.parametrize(
    ("first", "refusal"),
    [
        ("deleteMessage", ""),
        ("deleteMessage", "Bad Request: message to delete not found"),
        ("answerPreCheckoutQuery", "Bad Request: query is too old and response timeout expired"),
    ],
)
def test_update_is_redelivered_after_invisible_calls(start_bot, bot_api, first, refusal):
    """Then the call is repeated. That Telegram rejects it for this is no failure."""
    call = {"method": first, **INVISIBLE[first]}
    container = start_bot(f"def reply(update):\n    return {[call, MESSAGE]}")
    bot_api.expects(call)
    bot_api.refuses(MESSAGE, 429, "Too Many Requests", retry_after=3)
    assert container.deliver(message()) == (503, "3")
    assert container.line["outcome"] == "throttled"
    if refusal:
        bot_api.refuses(call, 400, refusal)
    else:
        bot_api.expects(call)
    bot_api.expects(MESSAGE)
    assert container.deliver(message()) == (200, None)
    assert container.line["outcome"] == "answered"
    assert container.line["methods"] == [first, "sendMessage"]


@pytest.mark.parametrize(
    ("params", "is_repeat", "is_excused"),
    [
        ({}, False, True),
        ({"text": "Sold out", "show_alert": True}, False, False),
        ({"text": "Sold out", "show_alert": True}, True, True),
    ],
    ids=["nothing to see", "an alert", "an alert again"],
)
def test_late_answer_is_already_done_unless_it_shows_something(params, is_repeat, is_excused):
    context = load("botkit.context")
    context.current.is_retry = is_repeat
    old = load("botkit.errors").TelegramError("x", 400, "Bad Request: query is too old", {})
    assert context.already_done(old, "answerCallbackQuery", params) == is_excused
    assert context.already_done(old, "answerPreCheckoutQuery", {}) == is_repeat


def test_result_of_a_rejected_repetition_is_true(container, bot_api):
    bot_api.refuses(MESSAGE, 400, "Bad Request: message is not modified")
    assert container.telegram.call("sendMessage", chat_id=42, text="x") is True
    assert container.module("context").current.calls.can_redeliver
    bot_api.refuses(MESSAGE, 400, "Bad Request: chat not found")
    with pytest.raises(container.module("errors").TelegramError):
        container.telegram.call("sendMessage", chat_id=42, text="x")
