"""connection.py with HTTP/1.1 written by hand over a socket, in place of urllib's.

It keeps every promise of connection.py, but has no proxy. What it loads is `socket` and `ssl`.
"""

from __future__ import annotations

import io
import socket
import ssl
import threading
import time
from binascii import a2b_base64

from .errors import Unreachable

IDLE_SECONDS = 30
JSON_LIMIT = 1 << 22  # bytes
MAX_HEADERS = 100


class Connection:
    def __init__(self, url, proxy="", roots=()):
        if proxy:
            raise ValueError("this alternative has no proxy")
        scheme, _, rest = url.partition("://")
        self._authority, _, path = rest.partition("/")
        self._path = f"/{path}".rstrip("/")
        self._is_secure = scheme.lower() == "https"
        self._roots = roots
        self._tls = None
        self._dial = None
        self._kept = None
        self._last_used = 0.0

    def prepare(self):
        if not (self._kept or self._dial):
            self._dial = Dial(self._connect)

    def open(self, timeout):
        self._keep(self._take(time.monotonic() + timeout))

    def request(self, path, body, headers, timeout, limit=JSON_LIMIT):
        method = "GET" if body is None else "POST"
        if body is not None:
            headers = {"Content-Length": str(len(body)), **headers}
        deadline = time.monotonic() + timeout
        if timeout <= 0:
            raise Unreachable("no time left")
        connection = self._take(deadline)
        headers = {"Host": self._authority, "Accept-Encoding": "identity", **headers}
        try:
            head = request_head(f"{method} {self._path + path} HTTP/1.1", headers)
            status, answer, stays = exchange(connection, head + (body or b""), deadline, limit)
        except (OSError, ValueError) as error:
            connection.close()
            raise Unreachable(describe(error)) from None
        if stays:
            self._keep(connection)
        else:
            connection.close()
        return status, answer

    def _keep(self, connection):
        self._kept = connection
        self._last_used = time.time()

    def _take(self, deadline):
        connection, self._kept = self._kept, None
        if connection and 0 <= time.time() - self._last_used < IDLE_SECONDS:
            if is_quiet(connection):
                return connection
        if connection:
            connection.close()
        self.prepare()
        dial, self._dial = self._dial, None
        try:
            return dial.result(deadline)
        except ssl.SSLCertVerificationError as error:
            if not self._roots:
                raise Unreachable(describe(error)) from None
            self._roots, self._tls = (), None
            return self._take(deadline)
        except Exception as error:
            raise Unreachable(describe(error)) from None

    def _connect(self, opened):
        default_port = 443 if self._is_secure else 80
        host, port = address(self._authority, default_port)
        connection = socket.create_connection((host, port), 10)
        opened.append(connection)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._is_secure:
            return connection
        if not self._tls:
            self._tls = ssl.create_default_context(cadata=trusted(self._roots))
        secure = self._tls.wrap_socket(connection, server_hostname=host)
        opened.append(secure)
        return secure


class Dial:
    """A connection that is made in a thread, since a look-up of a name has no time-out."""

    def __init__(self, connect):
        self._opened = []
        self._outcome = []
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(connect,), daemon=True)
        self._thread.start()

    def _run(self, connect):
        try:
            self._outcome.append(connect(self._opened))
        except Exception as error:
            self._outcome.append(error)
        if self._given_up.is_set():
            self._shut()

    def result(self, deadline):
        self._thread.join(max(deadline - time.monotonic(), 0))
        result = self._outcome[0] if self._outcome else TimeoutError("timed out")
        if isinstance(result, Exception):
            self._given_up.set()
            self._shut()
            raise result
        return result

    def _shut(self):
        for connection in self._opened:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()


def address(authority, default_port):
    # The host as bytes: for a str, Python loads the tables of all alphabets, which takes 1 ms.
    host, colon, port = authority.rpartition(":")
    if not colon or authority.endswith("]"):
        host, port = authority, str(default_port)
    return host.strip("[]").encode("ascii"), int(port)


def trusted(roots):
    store = ssl.get_default_verify_paths().cafile
    if not roots or not store:
        return b""
    try:
        with open(store, encoding="latin-1") as file:
            _, *blocks = file.read().split("-----BEGIN CERTIFICATE-----")
        certificates = [a2b_base64(block.partition("-----END")[0]) for block in blocks]
    except (OSError, ValueError):
        return b""
    names = [root.encode() for root in roots]
    return b"".join(each for each in certificates if any(name in each for name in names))


def describe(error):
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, OSError) else name


def is_quiet(connection):
    connection.setblocking(False)
    try:
        connection.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        pass
    return False


def left(deadline):
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("no time left")
    return seconds


def request_head(first_line, headers):
    lines = [first_line, *(f"{name}: {value}" for name, value in headers.items())]
    if first_line.count(" ") != 2 or not all(map(str.isprintable, lines)):
        raise ValueError("a request with characters that it can't have")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def exchange(connection, request, deadline, limit):
    connection.settimeout(left(deadline))
    connection.sendall(request)
    answer = io.BufferedReader(Received(connection, deadline, limit))
    status, headers = read_head(answer)
    while status < 200:  # an interim answer, with another one behind it
        status, headers = read_head(answer)
    stays = "close" not in headers.get("connection", "")
    if headers.get("transfer-encoding") == "chunked":
        body = read_chunks(answer, limit)
    elif "content-length" in headers:
        body = read(answer, number(headers["content-length"]), limit)
    else:
        body, stays = answer.read(), False
    if len(body) > limit:
        raise ConnectionError("an endless response")
    return status, body, stays


class Received(io.RawIOBase):
    def __init__(self, connection, deadline, limit):
        self._connection = connection
        self._deadline = deadline
        self._left = 2 * limit

    def readable(self):
        return True

    def readinto(self, buffer):
        self._connection.settimeout(left(self._deadline))
        count = self._connection.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise ConnectionError("an endless response")
        return count


def read_head(answer):
    version, _, rest = line(answer).partition(" ")
    if not version.startswith("http/1."):
        raise ConnectionError("an answer that isn't HTTP/1")
    headers = {} if version == "http/1.1" else {"connection": "close"}
    for _ in range(MAX_HEADERS + 1):  # and an empty line
        header = line(answer)
        if not header:
            return number(rest.partition(" ")[0]), headers
        name, _, value = header.partition(":")
        headers[name] = value.strip()
    raise ConnectionError("an endless response")


def read_chunks(answer, limit):
    body = b""
    while size := number(line(answer).partition(";")[0], 16):
        body += read(answer, size, limit)
        line(answer)
    while line(answer):  # headers that come last
        pass
    return body


def read(answer, size, limit):
    if size > limit:
        raise ConnectionError("an endless response")
    data = answer.read(size)
    if len(data) != size:
        raise ConnectionError("the answer broke off")
    return data


def line(answer):
    data = answer.readline()
    if not data.endswith(b"\n"):
        raise ConnectionError("the answer broke off" if data else "closed without an answer")
    return data.decode("latin-1").strip().lower()


def number(text, base=10):
    try:
        value = int(text, base)
    except ValueError:
        value = -1
    if value < 0:
        raise ConnectionError("an answer that isn't HTTP/1")
    return value
