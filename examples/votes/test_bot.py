"""Tests of the bot: updates in, calls out. What DynamoDB and Telegram answer is scripted."""

import pytest
from botkit import aws, telegram
from botkit.errors import Refused

GROUP = {"id": -42, "type": "supergroup"}
POST = {
    "message_id": 9,
    "chat": GROUP,
    "text": "Lunch?",
    "reply_markup": {
        "inline_keyboard": [
            [{"text": "Pizza · 0", "callback_data": "0"}],
            [{"text": "Soup · 0", "callback_data": "1"}],
        ]
    },
}
PRESS = {"id": "777", "from": {"id": 7}, "message": POST, "data": "0"}
ANSWER = {"method": "answerCallbackQuery", "callback_query_id": "777"}
NOT_NOW = aws.ClientError("ConditionalCheckFailedException", "The conditional request failed")


def message(text, **content):
    return {"message": {"message_id": 8, "chat": GROUP, "text": text, **content}}


def votes(**choices):
    """Return a post's item: votes(_7="0") is the first answer, chosen by the person 7."""
    people = {
        name.strip("_"): {"M": {"answer": {"S": choice}, "press": {"S": "1"}}}
        for name, choice in choices.items()
    }
    return {"post": {"S": "-42/9"}, **people}


@pytest.fixture
def dynamodb(monkeypatch):
    """Script DynamoDB's answers, and note the calls: `dynamodb(answer, …)` returns the list."""

    def script(*answers):
        calls, left = [], list(answers)

        def call(service, target, params):
            calls.append((target.rpartition(".")[2], params))
            answer = left.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(aws, "call", call)
        return calls

    return script


@pytest.fixture
def shown(monkeypatch):
    """Note what the buttons say after each edit."""
    shown = []

    def call(method, **params):
        assert (method, params["chat_id"], params["message_id"]) == (
            "editMessageReplyMarkup",
            GROUP["id"],
            POST["message_id"],
        )
        shown.append([row[0]["text"] for row in params["reply_markup"]["inline_keyboard"]])

    monkeypatch.setattr(telegram, "call", call)
    return shown


def test_a_poll_has_a_button_for_each_answer(bot):
    for text in ("/poll Lunch? | Pizza | Soup", "/poll@votes_bot  Lunch?|Pizza|Soup "):
        assert bot.reply(message(text)) == [
            {
                "method": "sendMessage",
                "chat_id": -42,
                "text": "Lunch?",
                "reply_markup": POST["reply_markup"],
            }
        ]


def test_a_poll_stays_in_its_topic(bot):
    [call] = bot.reply(message("/poll Q | A | B", is_topic_message=True, message_thread_id=5))
    assert call["message_thread_id"] == 5


@pytest.mark.parametrize(
    "text", ["/start", "/poll", "/poll Q", "/poll Q | A", "/poll Q | A | ", "/poll  | A | B"]
)
def test_what_is_no_poll_is_told_how_to_write_one(bot, text):
    assert bot.reply(message(text)) == [
        {"method": "sendMessage", "chat_id": -42, "text": bot.USAGE}
    ]


def test_other_messages_get_no_answer(bot):
    assert bot.reply(message("Soup, please")) == []
    assert bot.reply({"message": {"message_id": 8, "chat": GROUP, "photo": []}}) == []


def test_a_vote_is_one_write_with_a_condition(bot, dynamodb, shown):
    calls = dynamodb({"Attributes": votes(_7="0", _8="0")}, {"Item": votes(_7="0", _8="0")})
    assert bot.reply({"callback_query": PRESS}) == [ANSWER]
    assert [action for action, _ in calls] == ["UpdateItem", "GetItem"]
    write = calls[0][1]
    assert (write["TableName"], write["Key"]) == ("votes", {"post": {"S": "-42/9"}})
    assert write["ExpressionAttributeNames"] == {"#me": "7"}
    assert write["ExpressionAttributeValues"][":new"]["M"] == {
        "answer": {"S": "0"},
        "press": {"S": "777"},
    }
    assert shown == [["Pizza · 2", "Soup · 0"]]


def test_a_vote_that_is_there_is_taken_back(bot, dynamodb, shown):
    calls = dynamodb(NOT_NOW, {"Attributes": votes(_7="none")}, {"Item": votes(_7="none")})
    assert bot.reply({"callback_query": PRESS}) == [ANSWER]
    write = calls[1][1]
    assert write["ExpressionAttributeValues"][":new"]["M"]["answer"] == {"S": "none"}
    assert shown == [["Pizza · 0", "Soup · 0"]]


def test_a_press_that_was_taken_before_only_shows_the_counts(bot, dynamodb, shown):
    calls = dynamodb(NOT_NOW, NOT_NOW, {"Item": votes(_7="0")}, {"Item": votes(_7="0")})
    assert bot.reply({"callback_query": PRESS}) == [ANSWER]
    assert [action for action, _ in calls] == ["UpdateItem", "UpdateItem", "GetItem", "GetItem"]
    assert shown == [["Pizza · 1", "Soup · 0"]]


def test_a_vote_in_the_meantime_is_shown_too(bot, dynamodb, shown):
    both = votes(_7="0", _8="1")
    dynamodb({"Attributes": votes(_7="0")}, {"Item": both}, {"Item": both})
    assert bot.reply({"callback_query": PRESS}) == [ANSWER]
    assert shown == [["Pizza · 1", "Soup · 0"], ["Pizza · 1", "Soup · 1"]]


def test_any_other_refusal_is_raised(bot, dynamodb):
    dynamodb(aws.ClientError("ResourceNotFoundException", "no such table"))
    with pytest.raises(aws.ClientError, match="no such table"):
        bot.reply({"callback_query": PRESS})


NOT_MODIFIED = "Bad Request: message is not modified: it is the same"
TOO_MANY = "Too Many Requests: retry after 3"


def test_counts_that_are_shown_already_are_no_error(bot, dynamodb, monkeypatch):
    def refuse(method, **params):
        raise Refused(method, 400, NOT_MODIFIED, {})

    dynamodb({"Attributes": votes(_7="0")}, {"Item": votes(_7="0")})
    monkeypatch.setattr(telegram, "call", refuse)
    assert bot.reply({"callback_query": PRESS}) == [ANSWER]


def test_a_rate_limit_is_raised_so_that_telegram_tries_again(bot, dynamodb, monkeypatch):
    def refuse(method, **params):
        raise Refused(method, 429, TOO_MANY, {"retry_after": 3})

    dynamodb({"Attributes": votes(_7="0")}, {"Item": votes(_7="0")})
    monkeypatch.setattr(telegram, "call", refuse)
    with pytest.raises(Refused):
        bot.reply({"callback_query": PRESS})


def test_a_post_out_of_reach_gets_no_vote(bot, dynamodb):
    dynamodb()
    inaccessible = {"message_id": 9, "chat": GROUP, "date": 0}
    assert bot.reply({"callback_query": PRESS | {"message": inaccessible}}) == [ANSWER]
