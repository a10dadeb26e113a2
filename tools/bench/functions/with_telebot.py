"""An echo bot with pyTelegramBotAPI."""

import os

import telebot

SECRET = os.environ["TELEGRAM_WEBHOOK_SECRET"]
telebot.apihelper.API_URL = os.environ["TELEGRAM_API_URL"] + "/bot{0}/{1}"
bot = telebot.TeleBot(os.environ["TELEGRAM_BOT_TOKEN"], threaded=False)


@bot.message_handler(content_types=["text"])
def echo(message):
    bot.send_message(message.chat.id, "You said: " + message.text)


def handler(event, context):
    if event["headers"].get("x-telegram-bot-api-secret-token") != SECRET:
        return {"statusCode": 401}
    bot.process_new_updates([telebot.types.Update.de_json(event["body"])])
    return {"statusCode": 200}
