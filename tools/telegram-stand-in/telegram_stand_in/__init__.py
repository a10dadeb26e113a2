"""A stand-in for Telegram: the Bot API over HTTP, and a server that delivers updates.

`Telegram` answers calls, and does what people do; `Server` serves it. What is named here is public;
all else may change.

From the inside out: bot_api has the documented methods and types, markup formats text, files and
delivery are what their names say, state is what Telegram knows, methods carries out calls, stand_in
puts all of it together, and server speaks HTTP.
"""

from .bot_api import METHODS, TYPES
from .delivery import Delivery, Post, kind_of, post
from .files import Upload, image_type, picture
from .mini_app import init_data
from .rich import buttons_in, lines_of, plain_text
from .server import Server
from .stand_in import FAULTS, Call, Fault, Telegram
from .state import ADA, BOT, GRACE, QUERIES, Bot, Json, private_chat

__all__ = [
    "ADA",
    "BOT",
    "FAULTS",
    "GRACE",
    "METHODS",
    "QUERIES",
    "TYPES",
    "Bot",
    "Call",
    "Delivery",
    "Fault",
    "Json",
    "Post",
    "Server",
    "Telegram",
    "Upload",
    "buttons_in",
    "image_type",
    "init_data",
    "kind_of",
    "lines_of",
    "picture",
    "plain_text",
    "post",
    "private_chat",
]
