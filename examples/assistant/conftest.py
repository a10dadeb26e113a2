"""Gives the tests the bot, with sessions, a Telegram and a model that are plain objects."""

import copy
import importlib.util
import itertools
import json
import socket
import struct
import threading
import time
from binascii import crc32
from pathlib import Path
from types import SimpleNamespace

import pytest
from botkit import aws, session, stream, telegram
from botkit.deadline import deadline
from botkit.invocation.settings import settings

BOT = Path(__file__).parent / "bot" / "bot.py"
EVENTS = aws.events


class Sessions(dict):
    """What the bot keeps, by its keys: `botkit.session`, in memory."""

    def read(self, key):
        return copy.deepcopy(self.get(key, {}))

    def change(self, key, function, days=None):
        return function(self.setdefault(key, {}))

    def texts(self, key):
        return self[key]["texts"]


class Chat:
    """Telegram: it notes what it is called with, and fails once with what `fails` has."""

    def __init__(self):
        self.calls = []
        self.fails = {}
        self.ids = itertools.count(900)

    def call(self, method, **params):
        self.calls.append((method, params))
        if method in self.fails:
            raise self.fails.pop(method)
        return {"message_id": next(self.ids)} if method == "sendMessage" else True

    def texts(self, method):
        return [params["text"] for name, params in self.calls if name == method]


class Model:
    """Bedrock: it answers in pieces, and raises `error` after them if there is one.

    A piece that is None is a second of silence.
    """

    def __init__(self):
        self.pieces = ["Hello", ", Ada."]
        self.stop = "end_turn"
        self.error = None
        self.asked = []

    def events(self, service, path, body):
        self.asked.append((path, body))
        yield {"messageStart": {"role": "assistant"}}
        for piece in self.pieces:
            word = {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": piece}}}
            yield {} if piece is None else word
        if self.error:
            raise self.error
        yield {"contentBlockStop": {"contentBlockIndex": 0}}
        yield {"messageStop": {"stopReason": self.stop}}
        yield {"metadata": {"usage": {}}}


@pytest.fixture
def model(monkeypatch):
    """The model that the bot meets."""
    model = Model()
    monkeypatch.setattr(aws, "events", model.events)
    return model


@pytest.fixture
def bot(monkeypatch):
    """The bot, imported for this test only, with a queue; it shows each piece of an answer."""
    for name, value in {"MODEL": "a-model:0", "QUESTIONS": "3"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(settings, "queue_url", "a queue")
    monkeypatch.setattr(settings, "session_table", "a table")
    for name in ("DRAFT_PAUSE", "EDIT_PAUSE", "LOOK_PAUSE"):
        monkeypatch.setattr(stream, name, 0)
    deadline.start(300)
    spec = importlib.util.spec_from_file_location("assistant_bot", BOT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def kept(monkeypatch):
    kept = Sessions()
    monkeypatch.setattr(session, "read", kept.read)
    monkeypatch.setattr(session, "change", kept.change)
    return kept


@pytest.fixture
def reply(bot, kept):
    """Have the bot answer an update, with the session of its chat or topic."""

    def reply(update):
        message = update["message"]
        key = f"{message['chat']['id']}"
        if message.get("is_topic_message"):
            key += f"/{message['message_thread_id']}"
        session = kept.read(key)
        calls = bot.reply(update, session)
        kept[key] = session
        return calls

    return reply


@pytest.fixture
def chat(monkeypatch):
    chat = Chat()
    monkeypatch.setattr(telegram, "call", chat.call)
    return chat


@pytest.fixture
def clock(bot, monkeypatch):
    """The bot's clock, which stands still: `clock.now` is its time."""
    clock = SimpleNamespace(now=1_800_000_000.0)
    standing = SimpleNamespace(
        gmtime=time.gmtime,
        monotonic=lambda: clock.now,
        sleep=lambda seconds: None,
        strftime=time.strftime,
    )
    monkeypatch.setattr(bot, "time", standing)
    return clock


def frame(kind, payload):
    """Return an event as Bedrock sends it (application/vnd.amazon.eventstream)."""
    headers = b""
    for name, value in ((":event-type", kind), (":message-type", "event")):
        headers += struct.pack(">B", len(name)) + name.encode() + b"\7"
        headers += struct.pack(">H", len(value)) + value.encode()
    body = json.dumps(payload).encode()
    start = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    message = start + struct.pack(">I", crc32(start)) + headers + body
    return message + struct.pack(">I", crc32(message))


@pytest.fixture
def bedrock(bot, clock, model, monkeypatch):
    """Have the bot ask a Bedrock that says a word and falls silent, which takes no time.

    `bedrock(hangs)` sets whether it also keeps the connection.
    """
    word = frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hello"}})
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve(hangs):
        connection, _ = listener.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(head + b"%x\r\n%b\r\n" % (len(word), word))
            if hangs:
                over.wait(60)

    def events(*about):
        spoke = False
        for event in EVENTS(*about):
            spoke = spoke or bool(event)
            clock.now += 10 if spoke and not event else 0
            yield event

    def use(hangs):
        threading.Thread(target=serve, args=(hangs,), daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        monkeypatch.setattr(settings, "aws_endpoint_url", url)
        monkeypatch.setattr(settings, "aws_access_key_id", "a key")
        monkeypatch.setattr(settings, "aws_region", "us-east-1")
        monkeypatch.setattr(aws, "connections", {})
        monkeypatch.setattr(aws, "events", events)
        monkeypatch.setattr(aws, "PAUSE", 0.01)

    yield use
    over.set()
    listener.close()
