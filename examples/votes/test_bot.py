"""Tests of the bot: updates and sessions in, calls out."""

import pytest

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


def message(text, **content):
    return {"message": {"message_id": 8, "chat": GROUP, "text": text, **content}}


def press(bot, votes, data="0", person=7, message=POST):
    """Press a button, and return the calls and what the buttons say then."""
    query = {**PRESS, "from": {"id": person}, "data": data, "message": message}
    *edits, answer = bot.reply({"callback_query": query}, votes)
    assert answer == ANSWER
    for edit in edits:
        assert edit["method"] == "editMessageReplyMarkup"
        assert (edit["chat_id"], edit["message_id"]) == (-42, 9)
        return [row[0]["text"] for row in edit["reply_markup"]["inline_keyboard"]]


def test_a_poll_has_a_button_for_each_answer(bot):
    for text in ("/poll Lunch? | Pizza | Soup", "/poll@votes_bot  Lunch?|Pizza|Soup "):
        assert bot.reply(message(text), {}) == [
            {
                "method": "sendMessage",
                "chat_id": -42,
                "text": "Lunch?",
                "reply_markup": POST["reply_markup"],
            }
        ]


def test_a_poll_stays_in_its_topic(bot):
    [call] = bot.reply(message("/poll Q | A | B", is_topic_message=True, message_thread_id=5), {})
    assert call["message_thread_id"] == 5


@pytest.mark.parametrize(
    "text", ["/start", "/poll", "/poll Q", "/poll Q | A", "/poll Q | A | ", "/poll  | A | B"]
)
def test_what_is_no_poll_is_told_how_to_write_one(bot, text):
    assert bot.reply(message(text), {}) == [
        {"method": "sendMessage", "chat_id": -42, "text": bot.USAGE}
    ]


def test_other_messages_get_no_answer(bot):
    assert bot.reply(message("Soup, please"), {}) == []
    assert bot.reply({"message": {"message_id": 8, "chat": GROUP, "photo": []}}, {}) == []


def test_a_vote_is_counted(bot):
    votes = {}
    assert press(bot, votes) == ["Pizza · 1", "Soup · 0"]
    assert press(bot, votes, person=8) == ["Pizza · 2", "Soup · 0"]
    assert press(bot, votes, "1", person=8) == ["Pizza · 1", "Soup · 1"]
    assert votes == {"7": "0", "8": "1"}


def test_a_vote_that_is_there_is_taken_back(bot):
    votes = {"7": "0", "8": "0"}
    assert press(bot, votes) == ["Pizza · 1", "Soup · 0"]
    assert press(bot, votes) == ["Pizza · 2", "Soup · 0"]


def test_a_post_out_of_reach_gets_no_vote(bot):
    votes = {}
    assert press(bot, votes, message={"message_id": 9, "chat": GROUP, "date": 0}) is None
    assert votes == {}


def test_each_post_has_its_own_votes(bot):
    assert bot.SESSION({"callback_query": PRESS}) == "-42/9"
    assert bot.SESSION(message("/poll")) is None
