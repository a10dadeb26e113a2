"""An echo bot as in tutorials: one call of urlopen per message."""

import json
import os
import urllib.request

TOKEN = os.environ["TELEGRAM_BOT_TOKEN"]
SECRET = os.environ["TELEGRAM_WEBHOOK_SECRET"]
API_URL = os.environ.get("TELEGRAM_API_URL", "https://api.telegram.org")


def handler(event, context):
    if event["headers"].get("x-telegram-bot-api-secret-token") != SECRET:
        return {"statusCode": 401}
    update = json.loads(event["body"])
    message = update.get("message")
    if message and "text" in message:
        answer = {"chat_id": message["chat"]["id"], "text": "You said: " + message["text"]}
        request = urllib.request.Request(
            f"{API_URL}/bot{TOKEN}/sendMessage",
            data=json.dumps(answer).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            json.load(response)
    return {"statusCode": 200}
