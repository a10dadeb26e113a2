"""Tests of the bot: updates in, calls out."""

ADA = {"id": 42, "is_bot": False, "first_name": "Ada"}
CHAT = {"id": 42, "type": "private", "first_name": "Ada"}


def test_a_message_is_answered_with_hello_and_a_button(bot):
    message = {"message_id": 1, "date": 0, "chat": CHAT, "from": ADA, "text": "Hi"}
    [call] = bot.reply({"update_id": 1, "message": message})
    assert (call["method"], call["chat_id"], call["text"]) == ("sendMessage", 42, "Hello, Ada!")
    [[button]] = call["reply_markup"]["inline_keyboard"]
    assert button["text"] == "Again"


def test_the_button_says_it_again(bot):
    query = {"id": "7", "from": ADA, "message": {"chat": CHAT}, "data": "hello"}
    answer, hello = bot.reply({"update_id": 2, "callback_query": query})
    assert hello["text"] == "Hello, Ada!"
    assert answer == {"method": "answerCallbackQuery", "callback_query_id": "7"}
