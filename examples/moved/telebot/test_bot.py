"""Tests of the bot: updates and a session in, calls out."""


def message(text):
    ada = {"id": 42, "is_bot": False, "first_name": "Ada"}
    about = {"message_id": 1, "date": 0, "chat": {"id": 42, "type": "private"}, "from": ada}
    if text.startswith("/"):
        about["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text)}]
    return {"update_id": 1, "message": {**about, "text": text}}


def test_a_birthday_is_kept_and_shown(bot, calls):
    session = {}
    for text in ("/list", "/add", "Grace", "9 December", "/list"):
        assert bot.reply(message(text), session) == []
    known = {"state": "knows", "data": {"birthdays": ["Grace: 9 December"]}}
    assert session == {"states": {"42:42": known}}
    assert calls.texts() == [
        "I know no birthdays.",
        "Whose birthday?",
        "When is Grace's birthday?",
        "I will remember.",
        "Grace: 9 December",
    ]


def test_what_comes_next_is_in_the_session(bot, calls):
    session = {}
    bot.reply(message("/add"), session)
    assert session == {"steps": {"42": [["bot", "name", [], {}]]}}
