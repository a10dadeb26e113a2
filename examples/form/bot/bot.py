"""A bot that books a table: it asks three questions, one after the other."""

QUESTIONS = ["What is your name?", "Which day?", "How many people?"]
SESSION = "chat"  # reply() gets what it kept for a chat
HANDLED = ["message"]
COMMANDS = {"start": "Book a table", "cancel": "Forget my answers"}


def reply(update, session):
    message = update["message"]
    if message["chat"]["type"] != "private":  # in a group people would answer for each other
        return []
    text = answer(message.get("text", ""), session)
    return [{"method": "sendMessage", "chat_id": message["chat"]["id"], "text": text}]


def answer(text, session):
    if text.startswith("/cancel"):
        session.clear()
        return "I forgot your answers. Send /start to begin again."
    if text.startswith("/start"):
        session["answers"] = []
        return QUESTIONS[0]
    answers = session.get("answers", QUESTIONS)
    if len(answers) == len(QUESTIONS):
        return "Send /start to book a table."
    answers += [text] if text else []  # a photo, for instance, is no answer
    if len(answers) < len(QUESTIONS):
        return QUESTIONS[len(answers)]
    return "Thank you, {}: a table on {} for {}.".format(*answers)
