"""An echo bot with requests. The session keeps its connection."""

import json
import os

import requests

TOKEN = os.environ["TELEGRAM_BOT_TOKEN"]
SECRET = os.environ["TELEGRAM_WEBHOOK_SECRET"]
API_URL = os.environ.get("TELEGRAM_API_URL", "https://api.telegram.org")
session = requests.Session()


def handler(event, context):
    if event["headers"].get("x-telegram-bot-api-secret-token") != SECRET:
        return {"statusCode": 401}
    update = json.loads(event["body"])
    message = update.get("message")
    if message and "text" in message:
        answer = {"chat_id": message["chat"]["id"], "text": "You said: " + message["text"]}
        url = f"{API_URL}/bot{TOKEN}/sendMessage"
        session.post(url, json=answer, timeout=10).raise_for_status()
    return {"statusCode": 200}
