"""What people send to the stand-in, and what the tests' bot answers."""

TOKEN = "1234567890:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi"
OTHER_TOKEN = "1234567890:BBbbCCccDDddEEeeFFffGGggHHhhIIiiJJj"
CHAT = 4242


def say(telegram, text, chat=CHAT):
    telegram.send(telegram.message(text, chat={"id": chat, "type": "private"}))


def files(telegram):
    """Return the names and contents of all files that were sent, in order."""
    return [(file.name, file.data) for file in telegram.files.by_id.values()]


def said(call):
    """Return the text that a call of the tests' bot answers."""
    return str(call.params["text"]).removeprefix("Heard: ")
