"""A stand-in for Telegram: the Bot API over HTTP, and a server that delivers updates.

`Telegram` answers calls, `Server` serves it, and a `Person` acts. The names listed here are public;
all others may change.

From the inside out: bot_api has the documented methods and types, markup formats text, files and
delivery are what their names say, methods carries out calls, stand_in is Telegram itself, server
speaks HTTP, words describe it, people act, and testing plays a test.
"""

from .bot_api import METHODS, TYPES, Json
from .delivery import Delivery, kind_of, post
from .limits import Limits
from .mini_app import init_data
from .people import LOCATION, Person, contact
from .server import Server
from .stand_in import FAULTS, Call, Fault, Telegram
from .state import ADA, BOT, GRACE, QUERIES, Bot, Sent, private_chat
from .testing import BotApi, Stage
from .words import buttons, buttons_of, label_pressed, seen, text_of, title_of

__version__ = "0.1.0"

__all__ = [
    "ADA",
    "BOT",
    "FAULTS",
    "GRACE",
    "LOCATION",
    "METHODS",
    "QUERIES",
    "TYPES",
    "Bot",
    "BotApi",
    "Call",
    "Delivery",
    "Fault",
    "Json",
    "Limits",
    "Person",
    "Sent",
    "Server",
    "Stage",
    "Telegram",
    "buttons",
    "buttons_of",
    "contact",
    "init_data",
    "kind_of",
    "label_pressed",
    "post",
    "private_chat",
    "seen",
    "text_of",
    "title_of",
]
