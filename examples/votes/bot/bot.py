"""A bot that puts a question to a group, and counts the answers: /poll Lunch? | Pizza | Soup"""

from botkit.commands import command_in

FAILED = "Sorry, something went wrong."
USAGE = "Write a question and two to eight answers: /poll Lunch? | Pizza | Soup"

HANDLED = ["message", "callback_query"]
COMMANDS = {"poll": "Ask a question: /poll Lunch? | Pizza | Soup"}


def SESSION(update):
    """Each post has a session, with the answer of each person. Messages have none."""
    message = update.get("callback_query", {}).get("message")
    return f"{message['chat']['id']}/{message['message_id']}" if message else None


def reply(update, session):
    if "callback_query" in update:
        return on_press(update["callback_query"], session)
    return on_message(update["message"])


def on_message(message):
    _, _, text = message.get("text", "").partition(" ")
    if command_in(message.get("text")) not in ("poll", "start"):
        return []
    question, *answers = [part.strip() for part in text.split("|")]
    call = {"method": "sendMessage", "chat_id": message["chat"]["id"], "text": USAGE}
    if message.get("is_topic_message"):
        call["message_thread_id"] = message["message_thread_id"]
    if question and all(answers) and 2 <= len(answers) <= 8:
        call |= {"text": question, "reply_markup": keyboard(answers, {})}
    return [call]


def on_press(query, votes):
    """Take a vote, or take it back if it is there."""
    message, person = query["message"], str(query["from"]["id"])
    calls = [{"method": "answerCallbackQuery", "callback_query_id": query["id"]}]
    if "reply_markup" not in message:  # a very old message comes without its content
        return calls
    votes[person] = None if votes.get(person) == query["data"] else query["data"]
    rows = message["reply_markup"]["inline_keyboard"]
    answers = [button["text"].rpartition(" · ")[0] for [button] in rows]
    edit = {
        "method": "editMessageReplyMarkup",
        "chat_id": message["chat"]["id"],
        "message_id": message["message_id"],
        "reply_markup": keyboard(answers, votes),
    }
    return [edit, *calls]


def on_failure(update):
    if query := update.get("callback_query"):
        toast = {"callback_query_id": query["id"], "text": FAILED}
        return [{"method": "answerCallbackQuery", **toast}]
    return [{"method": "sendMessage", "chat_id": update["message"]["chat"]["id"], "text": FAILED}]


def keyboard(answers, votes):
    choices = list(votes.values())
    return {
        "inline_keyboard": [
            [{"text": f"{answer} · {choices.count(str(n))}", "callback_data": str(n)}]
            for n, answer in enumerate(answers)
        ]
    }
