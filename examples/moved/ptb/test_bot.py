"""Tests of the bot: updates and a session in, calls out."""


def message(text):
    ada = {"id": 42, "is_bot": False, "first_name": "Ada"}
    about = {"message_id": 1, "date": 0, "chat": {"id": 42, "type": "private"}, "from": ada}
    if text.startswith("/"):
        about["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text)}]
    return {"update_id": 1, "message": {**about, "text": text}}


def test_a_booking_is_kept_and_shown(bot, calls):
    session = {}
    for text in ("/bookings", "/book", "Friday", "four", "/book", "/cancel", "/bookings"):
        assert bot.reply(message(text), session) == []
    assert session == {"user_data": {"42": {"bookings": ["Friday, for four"]}}}
    assert calls.texts() == [
        "You have no bookings.",
        "Which day?",
        "How many people?",
        "Booked: Friday, for four.",
        "Which day?",
        "Nothing is booked.",
        "Friday, for four",
    ]


def test_a_conversation_is_in_the_session(bot, calls):
    session = {}
    bot.reply(message("/book"), session)
    assert session == {"conversations of book": {"[42, 42]": 0}}
