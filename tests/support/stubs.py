"""Stand-ins for Lambda and for Telegram: a container, its events, and a faulty server."""

import contextlib
import importlib
import importlib.util
import json
import re
import shutil
import socket
import sys
import threading
import time
import traceback
from functools import cache, lru_cache, partial
from importlib.abc import ExecutionLoader
from importlib.machinery import PathFinder, SourceFileLoader
from types import SimpleNamespace

import pytest
from awslambdaric.lambda_runtime_marshaller import to_json
from botkit.fakes import services
from telegram_bot_aws.local.events import webhook_event
from telegram_bot_aws.local.project import LAMBDA, ROOT

from tests.support.connections import ForAws, ForTelegram

BOT = ROOT / "tests/bots/plain/bot.py"
# The names of the function's settings, and of its modules.
SETTINGS = re.findall('get\\("([A-Z_]+)"', (LAMBDA / "botkit/settings.py").read_text())
FUNCTION = [
    ".".join(path.relative_to(LAMBDA).with_suffix("").parts).removesuffix(".__init__")
    for path in LAMBDA.rglob("*.py")
]
TOKEN = "123456789:planted-token_AAAAAAAAAAAAAAAA"  # as short as one may be
SECRET = "planted-secret_BBBBBBBBBBBBBBBBBBBBBBBB"
PASSWORD = "planted-password_CCCCCCCCCCCCCCCCCCCCCC"
OLD_TOKEN = "123456789:planted-old-token_EEEEEEEEEEEEEEEEE"
KEY = "planted/key+of-the-role_DDDDDDDDDDDDDDDD"
SESSION_TOKEN = "planted/session+token==of-the-role_FFFFFFFF"
SECRETS = (TOKEN, SECRET, PASSWORD, OLD_TOKEN, KEY, SESSION_TOKEN)
TEXT = "planted text of a person"
SECRET_HEADER = "x-telegram-bot-api-secret-token"


class Loader(SourceFileLoader):
    """Reads a module's file once, however often it is imported, unless the file changes."""

    def get_code(self, fullname):
        return self._code(fullname, self.path_stats(self.path)["mtime"])

    @cache  # noqa: B019 # there are as many as modules
    def _code(self, fullname, saved):
        return super().get_code(fullname)


class Written(ExecutionLoader):
    """Loads a bot.py that is never on a disk, as if it were where Lambda has it.

    It is compiled once, however many containers import it.
    """

    source_to_code = staticmethod(lru_cache(ExecutionLoader.source_to_code))

    def __init__(self, source):
        self._source = source

    def get_source(self, fullname):
        return self._source

    def get_filename(self, fullname):
        return "/var/task/bot.py"


class Finder:
    """Finds handler and botkit at once: a container imports some 20 modules of them, for each test.

    What finds them otherwise looks at the disk, and asks pytest whether they are tests. `bot` is
    the source of the test's bot.py, if it has one.
    """

    bot = None

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name == "bot" and cls.bot is not None:
            return importlib.util.spec_from_loader(name, Written(cls.bot))
        folder = path[0] if path else str(LAMBDA)
        is_ours = name in ("botkit", "handler") or name.startswith("botkit.")
        if not is_ours or not folder.startswith(str(LAMBDA)):
            return None
        return cls._spec(name, folder)

    @staticmethod
    @cache
    def _spec(name, folder):
        spec = PathFinder.find_spec(name, [folder])
        file = spec and spec.origin
        return importlib.util.spec_from_loader(name, Loader(name, file)) if file else None


class Context:
    """The part of Lambda's context object that the function reads."""

    aws_request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"

    def __init__(self, milliseconds):
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self):
        return self.milliseconds


class Container:
    """A new Lambda container: the modules of lambda/ loaded afresh. Only one lives at a time.

    `log` has what was logged, `said` all that it ever answered or raised.
    """

    def __init__(self, log):
        self.log = log.lines
        self.said = []
        unload()
        self.handler = importlib.import_module("handler")

    def invoke(self, event, milliseconds=10_000):
        """Invoke the function as AWS's runtime client does, with so many milliseconds left.

        Telegram's limits of the last invocation have passed.
        """
        if telegram := sys.modules.get("botkit.telegram"):
            telegram.blocked_until.clear()
        try:
            answer = self.handler.handler(event, Context(milliseconds))
        except Exception as error:
            self.said += traceback.format_exception(error)
            raise
        as_sent = to_json(answer)
        as_sent.encode()  # an answer that can't be encoded ends a container on Lambda
        self.said.append(as_sent)
        return json.loads(as_sent)

    def deliver(self, update, milliseconds=10_000):
        """Deliver an update as Telegram does. Returns the status and Retry-After."""
        answer = self.invoke(request(json.dumps(update)), milliseconds)
        return answer["statusCode"], answer["headers"].get("Retry-After")

    def outcome_of(self, body="", **fields):
        """Deliver a body, which gets an empty 200, and return the outcome that is logged."""
        assert self.invoke(request(body or UPDATE, **fields)) == text_response(200)
        return str(self.line["outcome"])

    def failure(self, event):
        """Invoke the function with an event that fails, and return the error that Lambda sees."""
        with pytest.raises(self.module("event").EventFailed) as caught:
            self.invoke(event)
        return str(caught.value)

    def reply_with(self, calls):
        """Make the bot's reply() return calls, or raise an exception."""

        def reply(update):
            if isinstance(calls, BaseException):
                raise calls
            return calls

        self.bot.reply = reply

    def stop_clock(self):
        """Have the deadline go by a clock that stands still while `now` isn't changed."""
        clock = SimpleNamespace(now=0.0)
        self.module("deadline").deadline.clock = lambda: clock.now
        return clock

    @property
    def bot(self):
        """The container's bot.py, which an update imports if start-up had no time for it."""
        return importlib.import_module("bot")

    @property
    def telegram(self):
        """The container's botkit.telegram."""
        return self.module("telegram")

    def module(self, name):
        """Return a module of botkit, which is imported if the container hasn't done so."""
        return importlib.import_module(f"botkit.{name}")

    def stub_aws(self, call, *services):
        """Have a function with the parameters of `aws.call` answer the calls of AWS's services.

        For Scheduler, it has those of `aws.request`.
        """
        connections = self.module("aws").connections
        for service in services or ("dynamodb", "sqs", "ssm"):
            close(connections.get(service))
            connections[service] = ForAws(service, call)

    def spy_on_aws(self, see, *services):
        """Have a function see the calls of services before they are answered. It may raise."""
        connections = self.module("aws").connections
        for service in services or ("dynamodb", "sqs"):
            if isinstance(answers := connections.get(service), ForAws):
                self.stub_aws(partial(watched, see, answers.function), service)

    def before_next_put(self, act, times=1):
        """Have somebody else act before the next PutItem, or have it fail by raising."""
        left = [times]

        def see(service, target, params):
            if target.endswith("PutItem") and left[0]:
                left[0] -= 1
                act()

        self.spy_on_aws(see, "dynamodb")

    def stub_telegram(self, post):
        """Have a function with the parameters of `Client.post` answer the calls of Telegram."""
        close(self.telegram.default_client.connection)
        self.telegram.default_client.connection = ForTelegram(post)

    @property
    def line(self):
        """The last log line, without what changes from run to run."""
        varying = {"timestamp", "duration_ms", "requestId"}
        return {key: value for key, value in self.log[-1].items() if key not in varying}

    def stop(self):
        """Close the container's connections, as its end would."""
        if telegram := sys.modules.get("botkit.telegram"):
            close(telegram.default_client.connection)
        if aws := sys.modules.get("botkit.aws"):
            for connection in aws.connections.values():
                close(connection)
        unload()


def watched(see, answer, *asked, **content):
    """Have a function see what is asked before another one answers it. It may raise instead."""
    see(*asked, **content)
    return answer(*asked, **content)


def close(connection):
    """Close a connection of botkit, if it is open."""
    if kept := getattr(connection, "_kept", None):
        kept.close()


def loaded():
    """Return the modules of the function that are loaded, by name."""
    return {name: sys.modules[name] for name in FUNCTION if name in sys.modules}


def unload():
    """Forget the modules of the function: the next import is a cold start."""
    for name in loaded():
        del sys.modules[name]


QUEUE = services.QUEUE_URL
# The credentials of a function whose AWS a test answers itself.
AWS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_REGION": "eu-central-1",
    "AWS_SECRET_ACCESS_KEY": KEY,
    "AWS_SESSION_TOKEN": SESSION_TOKEN,
}


def copy_function(to):
    """Copy lambda/ with the tests' bot, as a package holds an author's."""
    shutil.copytree(LAMBDA, to, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(BOT, to)
    return to


def load(name):
    """Return a module of lambda/, loaded afresh."""
    unload()
    return importlib.import_module(name)


def unreachable():
    """Return the error for no usable answer, of the modules that are loaded now."""
    return importlib.import_module("botkit.errors").Unreachable


def request(body, secret=SECRET, **fields):
    """Return the event of a webhook request; `fields` are added to it, or replace its own."""
    headers = {"content-type": "application/json", SECRET_HEADER: secret}
    return {**webhook_event(body, headers), **fields}


def queue_event(body, received=1, queue=QUEUE):
    """Return the event with which Lambda delivers a message of a queue. `body` may be an update."""
    if isinstance(body, dict) and "update_id" in body:
        body = {"update": body}
    text = body if isinstance(body, str) else json.dumps(body)
    return services.queue_event(
        {"id": "message-1", "group": "42", "body": text, "received": received}, queue
    )


def message(update_id=1, **fields):
    """Return an update with a message: a text, unless other fields are given."""
    return {
        "update_id": update_id,
        "message": {
            "message_id": 7,
            "date": 1767225600,
            "chat": {"id": 42, "type": "private", "first_name": "Ada"},
            "from": {"id": 42, "is_bot": False, "first_name": "Ada"},
            **(fields or {"text": TEXT}),
        },
    }


def echo(text=TEXT, **params):
    """Return the call with which the tests' bot answers a text."""
    return {"method": "sendMessage", "chat_id": 42, "text": "Heard: " + text, **params}


UPDATE = json.dumps(message())
CALL = {"method": "sendMessage", "chat_id": 42, "text": "x"}


def text_response(status, body="", **headers):
    """Return the response that API Gateway gets to a webhook request, unless it holds a call."""
    headers = {"Content-Type": "text/plain", **headers}
    return {"statusCode": status, "headers": headers, "body": body}


def with_pauses(monkeypatch, clock=None):
    """Return the pauses that modules of botkit make from now on. They take no time, but move a
    clock. Threads of libraries, such as MiniStack's, pause as ever.
    """
    clock, pauses, before = clock or SimpleNamespace(now=0.0), [], time.sleep

    def sleep(seconds):
        if not str(sys._getframe(1).f_globals["__name__"]).startswith("botkit."):
            return before(seconds)
        assert seconds > 0 and clock.now < 300, "it would never end"
        clock.now += seconds
        pauses.append(seconds)

    monkeypatch.setattr(time, "sleep", sleep)
    return pauses


class Peer:
    """A server on loopback that plays one part for each connection, and the last one for the rest.

    It counts its connections, and keeps the requests it has read, head and body.
    """

    def __init__(self, *parts, tls=None):
        self.connections = 0
        self.requests = []
        self.over = threading.Event()
        self._tls = tls
        self._parts = parts
        self._sockets = []
        self._threads = []
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://localhost:{self.port}"
        self._spawn(self._accept)

    @property
    def bodies(self):
        """The posted JSON, parsed."""
        return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in self.requests]

    def read_request(self, connection):
        """Read a request, and keep it. Returns b"" when the client has gone."""
        data = b""
        while not is_whole(data):
            received = connection.recv(65536)
            if not received:
                return b""
            data += received
        self.requests.append(data)
        return data

    def stop(self):
        """Close everything, and end the threads."""
        self.over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:  # the first one accepts connections, and closes them
            thread.join(60)
            assert not thread.is_alive()

    def _accept(self):
        while not self.over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:  # it is over, or a test has left no file descriptor
                continue
            part = self._parts[min(self.connections, len(self._parts) - 1)]
            self.connections += 1
            self._sockets.append(connection)
            self._spawn(partial(self._play, connection, part))
        for connection in self._sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _play(self, connection, part):
        with contextlib.suppress(OSError), connection:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                part(self, connection)

    def _spawn(self, work):
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()


def is_whole(data):
    """Tell whether these are all bytes of a request."""
    head, end, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\ncontent-length: (\d+)", head)
    return end and len(body) >= int(length[1] if length else 0)


OK = {"ok": True, "result": True}
NOBODY = "http://127.0.0.1:1"  # a port that refuses connections


def http(body=OK, status="200 OK", *fields):
    """Return a whole HTTP/1.1 response; a body that isn't bytes is written as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(data)}", *fields]
    return "\r\n".join([*head, "", ""]).encode() + data


def refusal(code, description, **parameters):
    """Return the body of an error answer of the Bot API."""
    answer = {"ok": False, "error_code": code, "description": description}
    return {**answer, "parameters": parameters} if parameters else answer


def parameter(value):
    """Return Parameter Store's answer."""
    return http({"Parameter": {"Name": "/bot/token", "Value": value}})


def answers(*responses):
    """Return the part that answers requests in turn, and leaves a connection open at the end.

    One more request closes it: who sent that would wait for the rest of its time.
    """
    left = [*responses]

    def part(peer, connection):
        while left and peer.read_request(connection):
            connection.sendall(left.pop(0))
        peer.read_request(connection)

    return part


def answers_all(peer, connection):
    """Carry out every call, on a connection that is kept."""
    while peer.read_request(connection):
        connection.sendall(http())
