"""Gives the tests the bot, with a table, a Telegram and a model that are plain objects."""

import importlib.util
import itertools
import json
import socket
import struct
import threading
from binascii import crc32
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from botkit import aws, telegram
from botocore.config import Config

BOT = Path(__file__).parent / "bot" / "bot.py"
NOT_NOW = aws.ClientError("ConditionalCheckFailedException", "The conditional request failed")


class Table:
    """The calls of DynamoDB that the bot makes, on items in a dict."""

    def __init__(self):
        self.items = {}

    def call(self, service, target, params):
        assert (service, params["TableName"]) == ("dynamodb", "assistant")
        name = params["Key"]["name"]["S"]
        match target.rpartition(".")[2]:
            case "GetItem":
                return {"Item": self.items[name]} if name in self.items else {}
            case "DeleteItem":
                self.items.pop(name, None)
            case "UpdateItem":
                values = params["ExpressionAttributeValues"]
                if ":ids" in values:
                    self.count(name, values, params["UpdateExpression"])
                else:
                    new = {key[1:]: value for key, value in values.items()}
                    self.items[name] = self.items.get(name, {}) | new
        return {}

    def count(self, name, values, expression):
        asked = set(self.items.get(name, {}).get("asked", ()))
        id, most = values[":id"]["N"], int(values[":most"]["N"])
        if len(asked) >= most and id not in asked:
            raise NOT_NOW
        asked = asked | {id} if " ADD " in expression else asked - {id}
        self.items[name] = {"asked": asked, "expires_at": values[":end"]}

    def texts(self, name):
        return [each["S"] for each in self.items[name]["texts"]["L"]]


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
    """Bedrock: it answers in pieces, and raises `error` after them if there is one."""

    def __init__(self):
        self.pieces = ["Hello", ", Ada."]
        self.stop = "end_turn"
        self.error = None
        self.asked = []

    def converse_stream(self, **request):
        self.asked.append(request)
        if self.error and not self.pieces:
            raise self.error
        return {"stream": self.events()}

    def events(self):
        yield {"messageStart": {"role": "assistant"}}
        for piece in self.pieces:
            yield {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": piece}}}
        if self.error:
            raise self.error
        yield {"contentBlockStop": {"contentBlockIndex": 0}}
        yield {"messageStop": {"stopReason": self.stop}}
        yield {"metadata": {"usage": {}}}


@pytest.fixture
def model(monkeypatch):
    """The model that the bot meets: making boto3's own client takes its time."""
    model = Model()
    monkeypatch.setattr(boto3, "client", lambda service, config: model)
    return model


@pytest.fixture
def bot(model, monkeypatch):
    """The bot, imported for this test only; it shows each piece of an answer."""
    environment = {"MODEL": "a-model", "QUESTIONS": "3", "TABLE": "assistant"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("assistant_bot", BOT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "PACE", dict.fromkeys(module.PACE, 0))
    return module


@pytest.fixture
def table(monkeypatch):
    table = Table()
    monkeypatch.setattr(aws, "call", table.call)
    return table


@pytest.fixture
def chat(monkeypatch):
    chat = Chat()
    monkeypatch.setattr(telegram, "call", chat.call)
    return chat


@pytest.fixture
def clock(bot, monkeypatch):
    """The bot's clock, which stands still: `clock.now` is its time."""
    clock = SimpleNamespace(now=1_800_000_000.0)
    time = SimpleNamespace(
        gmtime=bot.time.gmtime,
        monotonic=lambda: clock.now,
        strftime=bot.time.strftime,
        time=lambda: clock.now,
    )
    monkeypatch.setattr(bot, "time", time)
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
def client(bot, monkeypatch):
    """Have the bot use a client of boto3's whose Bedrock says a word and falls silent.

    `client(hangs)` sets whether it also keeps the connection.
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
                over.wait(10)

    def use(hangs):
        threading.Thread(target=serve, args=(hangs,), daemon=True).start()
        client = boto3.session.Session("a key", "a secret", region_name="us-east-1").client(
            "bedrock-runtime",
            endpoint_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
            config=Config(read_timeout=0.2, retries={"total_max_attempts": 1}),
        )
        monkeypatch.setattr(bot, "bedrock", client)

    yield use
    over.set()
    listener.close()
