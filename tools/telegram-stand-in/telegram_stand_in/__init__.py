"""A stand-in for Telegram: the Bot API over HTTP, and a server that delivers updates.

From the inside out: bot_api has the documented methods and types, markup formats text, files and
delivery are what their names say, state is what Telegram knows, methods carries out calls, stand_in
puts all of it together, and server speaks HTTP.
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
