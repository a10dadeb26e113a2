"""The Bot API over HTTP, as Telegram speaks it: GET and POST, JSON, forms and uploads.

It is for this machine only: it refuses other host names, and pages of other sites.
"""

from __future__ import annotations

import email.parser
import email.utils
import json
import re
import select
import socket
import sys
import threading
import urllib.parse
from collections.abc import Callable
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from .bot_api import METHODS, Json, Refusal, decode_form, method_named, parsed
from .files import Upload
from .stand_in import Call, Telegram

if TYPE_CHECKING:
    from typing_extensions import Self

MAX_REQUEST_BYTES = 52 * 2**20  # a file of 50 MB and its envelope
# Names that mean this machine. No public name ends in .test or .localhost (RFC 6761).
THIS_MACHINE = re.compile(
    r"(127(\.[0-9]{1,3}){3}|\[::1\]|([\w-]+\.)*(localhost|test))(:[0-9]+)?", re.I
)
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(;.*)?\r?\n")
TOKEN = "([0-9]+:[A-Za-z0-9_-]+)"


class LocalServer(ThreadingHTTPServer):
    """A server on a local address, which runs until its `with` block ends. Port 0 is a free one.

    Its threads end with the program, and it ignores clients that leave.
    """

    daemon_threads = True

    def __init__(
        self, handler: type[BaseHTTPRequestHandler], host: str = "127.0.0.1", port: int = 0
    ) -> None:
        super().__init__((host, port), handler)
        self.url = f"http://{host}:{self.server_port}"

    def __enter__(self) -> Self:
        # How long the end of each test may take: it waits until the thread looks again.
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Server(LocalServer):
    """Serves the Bot API of a `Telegram`, at its `url`.

    `act` carries out what a test POSTs to other paths than the Bot API's: it gets the path and the
    parameters, and returns the answer, or None if there is no such path. `carry_out` carries out a
    call of the Bot API, whose client is at a connection.
    """

    request_queue_size = 512  # all of an album's uploads, or of a load test, may arrive at once

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram
        self.act: Callable[[str, Json], Json | None] = lambda path, params: None
        self.carry_out: Callable[..., Call] = self._carry_out
        super().__init__(_Request)
        telegram.url = self.url

    def __exit__(self, *exception: object) -> None:
        self.telegram.stop()
        super().__exit__(*exception)

    def _carry_out(self, connection: socket.socket, method: str, params: Json, **more: Any) -> Call:
        return self.telegram.answer(method, params, **more)


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60.0  # seconds, for a request to begin and to arrive
    server: Server

    def do_POST(self) -> None:
        try:
            self._check_origin()
            data = self._body()
            path, _, query = self.path.partition("?")
            if path.startswith("/file/"):
                self._serve_file(urllib.parse.unquote(path))
                return
            if path.startswith("/bot"):
                self._call(path, query, data)
            else:
                self._act(path, query, data)
        except Refusal as refusal:
            # Nobody knows where the next request begins.
            self.close_connection = True
            self._answer(refusal.code, refusal.answer)

    do_GET = do_POST

    def _check_origin(self) -> None:
        pages = [page for name in ("Origin", "Referer") if (page := self.headers.get(name))]
        hosts = [re.sub("^https?://|[/?#].*", "", page) for page in pages]
        names = [self.headers.get("Host", "localhost"), *hosts]
        # A picture's GET has no Origin, and its page can leave out the Referer, but not this.
        is_others = self.headers.get("Sec-Fetch-Site") == "cross-site" and not pages
        if is_others or not all(map(THIS_MACHINE.fullmatch, names)):
            raise Refusal(403, "Forbidden: this Bot API is for this machine only")

    # Reading.

    def _body(self) -> bytes:
        """Read the body, whole or in chunks."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        length = self.headers.get("Content-Length", "0")
        if not re.fullmatch("[0-9]{1,15}", length, re.ASCII):
            raise Refusal(400, "Bad Request: invalid Content-Length")
        if int(length) > MAX_REQUEST_BYTES:
            raise Refusal(413, "Request Entity Too Large")
        return self._read(int(length))

    def _read(self, length: int) -> bytes:
        data = self.rfile.read(length)
        if len(data) < length:
            raise ConnectionResetError("the client left")
        return data

    def _chunks(self) -> bytes:
        data = bytearray()
        while True:
            line = CHUNK.fullmatch(self.rfile.readline(1000))
            if not line:
                raise Refusal(400, "Bad Request: invalid chunk")
            length = int(line[1], 16)
            if len(data) + length > MAX_REQUEST_BYTES:
                raise Refusal(413, "Request Entity Too Large")
            if not length:
                while self.rfile.readline(1000).strip():  # trailers
                    pass
                return bytes(data)
            data += self._read(length)
            self.rfile.readline(10)

    # Answering.

    def _act(self, path: str, query: str, data: bytes) -> None:
        params, uploads = params_of("", query, self._content_type(), data)
        params |= {name: upload.data for name, upload in uploads.items()}
        # A GET may be a picture's in a page of another site.
        answer = self.server.act(path, params) if self.command == "POST" else None
        if not answer:
            raise Refusal(404, "Not Found")
        self._answer(answer.get("error_code", 200), answer)

    def _call(self, path: str, query: str, data: bytes) -> None:
        match = re.fullmatch(rf"/bot{TOKEN}/(\w+)", path)
        if not match:
            raise Refusal(404, "Not Found")
        bot, method = self.server.telegram.bot_of(match[1]), match[2]
        if bot is None:
            raise Refusal(401, "Unauthorized")
        params, uploads = params_of(method, query, self._content_type(), data)
        call = self.server.carry_out(self.connection, method, params, bot=bot, uploads=uploads)
        if call.fault == "silence":
            self._say_nothing()
        elif call.fault == "lost":
            self.close_connection = True
        else:
            self._answer(call.status, call.answer)

    def _content_type(self) -> str:
        return str(self.headers.get("Content-Type", "application/json"))

    def _serve_file(self, path: str) -> None:
        match = re.fullmatch(rf"/file/bot{TOKEN}/(.+)", path)
        telegram = self.server.telegram
        file = telegram.files.at(match[2]) if match and telegram.bot_of(match[1]) else None
        if file is None:
            raise Refusal(404, "Not Found")
        self._send(200, [("Content-Type", file.content_type)], file.data)

    def _say_nothing(self) -> None:
        """Wait until the client gives up, or the stand-in stops."""
        self.close_connection = True
        while not self.server.telegram.stopped:
            if select.select([self.connection], [], [], 0.2)[0]:
                return

    def _answer(self, status: int, answer: Json) -> None:
        headers = [("Content-Type", "application/json")]
        if retry_after := answer.get("parameters", {}).get("retry_after"):
            headers.append(("Retry-After", f"{retry_after}"))
        self._send(status, headers, json.dumps(answer).encode())

    def _send(self, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
        if self.close_connection:
            headers = [*headers, ("Connection", "close")]
        self.send_response(status)
        for name, value in [*headers, ("Content-Length", f"{len(data)}")]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Say nothing: a request's path may hold a token."""


def params_of(
    method: str, query: str, content_type: str, data: bytes
) -> tuple[Json, dict[str, Upload]]:
    """Return a call's parameters, with their JSON types, and its uploads. Raises Refusal."""
    fields = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    uploads: dict[str, Upload] = {}
    params: Json = {}
    header = Message()
    header["Content-Type"] = content_type
    kind = header.get_content_type()
    try:
        if kind == "application/x-www-form-urlencoded":
            fields |= urllib.parse.parse_qsl(data.decode(), keep_blank_values=True)
        elif kind == "multipart/form-data":
            boundary = f"{header.get_param('boundary', '')}"
            more, uploads = multipart(data, boundary.encode())
            fields |= more
        elif data:
            params = parsed(data)
    except UnicodeDecodeError:
        raise Refusal(400, "Bad Request: strings must be encoded in UTF-8") from None
    except ValueError:  # a name in an encoding that Python doesn't decode with replacements
        raise Refusal(400, "Bad Request: can't parse the names of its parts") from None
    if not isinstance(params, dict):
        raise Refusal(400, "Bad Request: can't parse JSON object")
    name = method_named(method)
    known = METHODS[name] if name else {}
    fields |= {part: f"attach://{part}" for part in uploads if part in known}
    return {**(decode_form(name, fields) if name else fields), **params}, uploads


def multipart(data: bytes, boundary: bytes) -> tuple[dict[str, str], dict[str, Upload]]:
    """Return the fields and the files of multipart/form-data. Raises ValueError."""
    fields: dict[str, str] = {}
    uploads: dict[str, Upload] = {}
    if not boundary:
        return fields, uploads
    for part in (b"\r\n" + data).split(b"\r\n--" + boundary)[1:]:
        if part.startswith(b"--"):
            break
        head, _, content = part.partition(b"\r\n\r\n")
        headers = email.parser.HeaderParser().parsestr(head.decode().lstrip() + "\r\n\r\n")
        param = headers.get_param("name", "", "Content-Disposition")
        name = email.utils.collapse_rfc2231_value(param or "")
        filename = headers.get_filename()
        if filename is None:
            fields[name] = content.decode()
        else:
            uploads[name] = Upload(filename, headers.get_content_type(), content)
    return fields, uploads
