"""Tests of the bot: updates and a session in, calls out."""

ADA = {"id": 42, "is_bot": False, "first_name": "Ada"}
CHAT = {"id": 42, "type": "private"}


def message(text):
    return {"update_id": 1, "message": {**about(), "from": ADA, "text": text}}


def about():
    return {"message_id": 1, "date": 0, "chat": CHAT}


def press(data, person=ADA):
    query = {"id": "1", "from": person, "chat_instance": "1", "data": data}
    return {"update_id": 2, "callback_query": {**query, "message": about() | {"date": 1}}}


def test_a_book_is_added_shown_and_taken_off(bot, calls):
    session = {}
    for text in ("/add", "Emma", "Jane Austen", "/list"):
        assert bot.reply(message(text), session) == []
    assert session == {"fsm:42:42:default": {"data": {"books": ["Emma, by Jane Austen"]}}}
    assert calls.texts() == [
        "What is the title?",
        "Who wrote it?",
        "<b>Emma, by Jane Austen</b> is on your list.",
        "What have you read?",
    ]
    [[button]] = calls[-1]["reply_markup"]["inline_keyboard"]
    others = {"fsm:42:7:default": {"data": {"books": ["Ulysses"]}}}
    bot.reply(press(button["callback_data"], ADA | {"id": 7}), others)
    assert others == {"fsm:42:7:default": {"data": {"books": ["Ulysses"]}}}
    bot.reply(press(button["callback_data"]), session)
    bot.reply(message("/list"), session)
    assert calls[-1]["text"] == "Your list is empty."


def test_the_kinds_of_update_are_those_with_a_handler(bot):
    assert bot.HANDLED == ["callback_query", "message"]
