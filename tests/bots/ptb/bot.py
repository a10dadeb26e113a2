"""The bot in the function."""

from botkit import on_ptb
from handlers import build

SESSION = "chat"
HANDLED = ["message", "callback_query"]
reply = on_ptb.reply_with(build)
