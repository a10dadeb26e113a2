"""A stand-in for Telegram: the Bot API over HTTP, and a server that delivers updates.

`Telegram` answers calls, `Server` serves it, and a `Person` acts. The names listed here are public;
all others may change.

From the inside out: bot_api has the documented methods and types, markup formats text, files and
delivery are what their names say, methods carries out calls, stand_in is Telegram itself, server
speaks HTTP, words describe it, people act, and testing plays a test.
"""

from .bot_api import METHODS as METHODS
from .bot_api import TYPES as TYPES
from .bot_api import Json as Json
from .delivery import Delivery as Delivery
from .delivery import http_request as http_request
from .delivery import kind_of as kind_of
from .delivery import post as post
from .limits import Limits as Limits
from .people import LOCATION as LOCATION
from .people import Person as Person
from .people import contact as contact
from .server import LocalServer as LocalServer
from .server import Server as Server
from .stand_in import FAULTS as FAULTS
from .stand_in import Call as Call
from .stand_in import Fault as Fault
from .stand_in import Telegram as Telegram
from .state import ADA as ADA
from .state import GRACE as GRACE
from .state import QUERIES as QUERIES
from .state import Bot as Bot
from .state import Sent as Sent
from .state import private_chat as private_chat
from .testing import BotApi as BotApi
from .testing import Stage as Stage
from .words import buttons as buttons
from .words import label_pressed as label_pressed
from .words import seen as seen
from .words import text_of as text_of
from .words import title_of as title_of

__version__ = "0.1.0"
