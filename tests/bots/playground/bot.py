"""A bot that does what a message says, by a word, to show all that the demo's chat can show."""

import struct

# The head of a PNG: 60 × 40 pixels.
PICTURE = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 60, 40, 8, 2, 0, 0, 0)
BUTTONS = [
    [
        {"text": "Change", "callback_data": "text"},
        {"text": "Docs", "url": "https://core.telegram.org/"},
    ]
]
MARKUP = (
    "<b>bold</b> <i>italic <u>under</u></i> <s>gone</s> <tg-spoiler>secret</tg-spoiler> "
    "<code>code</code> <pre>block</pre> <a href='https://example.org/'>link</a> "
    "<blockquote>quote</blockquote>"
)
PRESS = {"text": "Change", "callback_data": "text"}
OFF = {"text": "Sold out", "disabled": {}}
BLOCKS = [
    {"type": "heading", "text": "Soups", "size": 2},
    {"type": "paragraph", "text": ["With ", {"type": "bold", "text": "bread"}]},
    {"type": "buttons", "buttons": [PRESS, OFF]},
]
MENU = [["Tea", "Coffee"], [{"text": "My number", "request_contact": True}]]
TEA = {
    "title": "Tea",
    "description": "A cup",
    "payload": "tea",
    "currency": "XTR",
    "prices": [{"label": "Tea", "amount": 3}],
}
CHOICES = [{"text": "Yes"}, {"text": "No"}]
COMMANDS = {"tea": "Make some tea"}


def calls_for(word, to, message):
    here = {**to, "message_id": message["message_id"]}
    last = {**to, "message_id": message["message_id"] - 1}
    text = {"method": "sendMessage", **to, "text": f"Did {word}"}
    fire = [{"type": "emoji", "emoji": "\N{FIRE}"}]
    album = [
        {"type": "photo", "media": "attach://blue"},
        {"type": "photo", "media": "attach://red"},
    ]
    files = {"blue": ("a.png", PICTURE), "red": ("b.png", PICTURE)}
    calls = {
        "photo": [{"method": "sendPhoto", **to, "photo": ("blue.png", PICTURE), "caption": "Blue"}],
        "file": [{"method": "sendDocument", **to, "document": ("notes.txt", b"some notes")}],
        "voice": [{"method": "sendVoice", **to, "voice": ("voice.ogg", b"OggS")}],
        "album": [{"method": "sendMediaGroup", **to, **files, "media": album}],
        "web": [{"method": "sendPhoto", **to, "photo": "https://example.org/a.png"}],
        "draft": [{"method": "sendMessageDraft", **to, "draft_id": 1, "text": "Let me thi"}],
        "story": [
            {"method": "sendMessageDraft", **to, "draft_id": 2, "text": "On", "can_stop": True}
        ],
        "rich": [{"method": "sendRichMessage", **to, "rich_message": {"blocks": BLOCKS}}],
        "buttons": [{**text, "reply_markup": {"inline_keyboard": BUTTONS}}],
        "markup": [{**text, "text": MARKUP, "parse_mode": "HTML"}],
        "delete": [{"method": "deleteMessage", **last}],
        "react": [{"method": "setMessageReaction", **here, "reaction": fire}],
        "dice": [{"method": "sendDice", **to, "emoji": "\N{DIRECT HIT}"}],
        "keyboard": [{**text, "reply_markup": {"keyboard": MENU}}],
        "remove": [{**text, "reply_markup": {"remove_keyboard": True}}],
        "force": [{**text, "reply_markup": {"force_reply": True}}],
        "typo": [{"method": "sendMesage", **to, "text": "x"}],
        "unknown": [{**text, "txt": "x"}],
        "other": [{"method": "editGeneralForumTopic", **to, "name": "News"}],
        "pay": [{"method": "sendInvoice", **to, **TEA}],
        "poll": [{"method": "sendPoll", **to, "question": "Tea?", "options": CHOICES}],
        "print": [text],
    }
    return calls.get(word, [])


def reply(update):
    if "callback_query" in update:
        message = update["callback_query"]["message"]
        where = {"chat_id": message["chat"]["id"], "message_id": message["message_id"]}
        new = {"inline_keyboard": [[{"text": "New", "callback_data": "new"}]]}
        return [{"method": "editMessageText", **where, "text": "Changed", "reply_markup": new}]
    if "inline_query" in update:
        query = update["inline_query"]
        content = {"message_text": "Picked " + query["query"]}
        result = {"type": "article", "id": "1", "title": "Pick", "input_message_content": content}
        answer = {"inline_query_id": query["id"], "results": [result]}
        return [{"method": "answerInlineQuery", **answer}]
    if "stopped_message_generation" in update:
        stopped = update["stopped_message_generation"]
        return [{"method": "sendMessage", "chat_id": stopped["chat"]["id"], "text": "Stopped"}]
    if "pre_checkout_query" in update:
        id = update["pre_checkout_query"]["id"]
        return [{"method": "answerPreCheckoutQuery", "pre_checkout_query_id": id, "ok": True}]
    message = update.get("message")
    if not message:
        return []
    if payment := message.get("successful_payment"):
        charge = {"telegram_payment_charge_id": payment["telegram_payment_charge_id"]}
        return [{"method": "refundStarPayment", "user_id": message["from"]["id"], **charge}]
    to = {"chat_id": message["chat"]["id"]}
    if "contact" in message or "reply_to_message" in message or message["from"]["id"] == 4343:
        said = message.get("text", "a contact")
        name = message["from"]["first_name"]
        return [{"method": "sendMessage", **to, "text": f"{name} sent {said}"}]
    word = message.get("text", "")
    if word == "print":
        print("a line of\tits own")
    if word == "raise":
        raise ValueError("no such thing")
    return calls_for(word, to, message)


KINDS = "message edited_message callback_query inline_query message_reaction chosen_inline_result"
NEWER = "pre_checkout_query stopped_message_generation"
ALLOWED_UPDATES = dict.fromkeys(f"{KINDS} poll poll_answer {NEWER}".split(), reply)
