"""A bot that tells prices from a file beside it."""

import json
from pathlib import Path

PRICES = json.loads(Path(__file__).with_name("prices.json").read_text())


def reply(update):
    message = update["message"]
    price = PRICES.get(message.get("text", "").strip().lower())
    text = price or f"I have {', '.join(PRICES)}."
    return [{"method": "sendMessage", "chat_id": message["chat"]["id"], "text": text}]


HANDLED = {"message": reply}
