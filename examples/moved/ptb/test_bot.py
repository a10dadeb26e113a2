"""Tests of the bot: what people do by their words, and what they see."""


def test_a_booking_is_kept_and_shown(chat):
    ada = chat.user("Ada")
    for text in ("/bookings", "/book", "Friday", "four", "/book", "/cancel", "/bookings"):
        ada.send(text)
    assert [message.text for message in ada.unread()] == [
        "You have no bookings.",
        "Which day?",
        "How many people?",
        "Booked: Friday, for four.",
        "Which day?",
        "Nothing is booked.",
        "Friday, for four",
    ]


def test_a_conversation_is_in_the_session(chat, sessions):
    ada = chat.user("Ada")
    ada.send("/book")
    id = ada.user["id"]
    assert sessions[str(id)] == {"conversations of book": {f"[{id}, {id}]": 0}}
