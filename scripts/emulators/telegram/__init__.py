"""A stand-in for Telegram: the Bot API over HTTP, and a server that delivers updates.

From the inside out: bot_api knows what is documented, markup how text is formatted, files and
delivery what they are named after, state what Telegram knows, methods what each method does,
stand_in all of it together, server how it is spoken to.
"""

from .bot_api import METHODS
from .delivery import Delivery, Post, post
from .server import Server
from .stand_in import FAULTS, Call, Fault, Telegram
from .state import ADA, BOT, GRACE, Bot, Json

__all__ = [
    "ADA",
    "BOT",
    "FAULTS",
    "GRACE",
    "METHODS",
    "Bot",
    "Call",
    "Delivery",
    "Fault",
    "Json",
    "Post",
    "Server",
    "Telegram",
    "post",
]
