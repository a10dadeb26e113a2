"""One HTTP connection, kept open, whose requests end in time whatever the other side does."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from binascii import a2b_base64, b2a_base64
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import unquote, urlsplit

from errors import Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` and its kind would cost 2 ms of every cold start
    from collections.abc import Callable

IDLE_SECONDS = 30  # then a connection is opened anew: a frozen container sees no goodbye
MAX_ANSWER = 1 << 20  # bytes


class Connection:
    """A connection to the host of a URL, opened when first needed.

    `url` may have a path, which each request's path is put behind. With `proxy`
    (`http://user:password@host:port`) everything goes through a tunnel (CONNECT). `root` is a name
    in the certificate of the CA that the host's own is expected to come from in the end.
    """

    def __init__(self, url: str, proxy: str = "", root: str = "") -> None:
        self._url = urlsplit(url)
        self._proxy = urlsplit(proxy) if proxy else None
        self._root = root
        self._tls: ssl.SSLContext | None = None
        self._kept: HTTPConnection | None = None
        self._last_used = 0.0

    def open(self, timeout: float) -> None:
        """Open the connection ahead of the first request. `timeout` is in seconds.

        Raises Unreachable.
        """
        self._keep(self._take(timeout))

    def post(
        self, path: str, body: bytes, headers: dict[str, str], timeout: float
    ) -> tuple[int, bytes]:
        """Post a body and return the answer's status and body. `timeout` is in seconds.

        The request is sent once: it may have arrived even where no answer did.
        Raises Unreachable, whose text never holds the path.
        """
        deadline = time.monotonic() + timeout
        http = self._take(timeout)

        def exchange() -> tuple[int, bytes]:
            http.request("POST", self._url.path.rstrip("/") + path, body, headers)
            with http.getresponse() as response:
                answer = response.read(MAX_ANSWER)
                if response.read(1):
                    raise HTTPException("an endless answer")
                return response.status, answer

        status, answer = _within(deadline - time.monotonic(), http, exchange)
        if http.sock is not None:  # the answer may say that the connection closes after it
            self._keep(http)
        return status, answer

    def _connect(self, http: HTTPConnection) -> None:
        try:
            http.connect()
        except ssl.SSLCertVerificationError:
            if not (self._tls and self._root):
                raise
            self._root = ""  # the host has moved to another CA: from now on trust them all
            self._tls.load_default_certs()
            http.close()
            http.connect()

    def _keep(self, http: HTTPConnection) -> None:
        self._kept = http
        self._last_used = time.time()

    def _take(self, timeout: float) -> HTTPConnection:
        """Return the kept connection if it is still good, else a new one."""
        if timeout <= 0:
            raise Unreachable("no time left")
        http, self._kept = self._kept, None
        # The wall clock: a container's other clocks may stand still while it is frozen.
        if http and 0 <= time.time() - self._last_used < IDLE_SECONDS and _is_quiet(http.sock):
            http.sock.settimeout(timeout)
            return http
        if http:
            _close(http)
        try:
            new = self._new(timeout)
        except (OSError, ValueError) as error:  # no certificates, or a URL that is none
            raise Unreachable(_describe(error)) from None
        _within(timeout, new, lambda: self._connect(new))
        return new

    def _new(self, timeout: float) -> HTTPConnection:
        host = self._proxy or self._url
        http = HTTPConnection(host.hostname or "", host.port, timeout=timeout)
        if self._url.scheme == "https":
            if not self._tls:  # with no data it trusts all that the system trusts
                self._tls = ssl.create_default_context(cadata=_trusted(self._root))
            http = HTTPSConnection(
                host.hostname or "", host.port, timeout=timeout, context=self._tls
            )
        if self._proxy:
            http.set_tunnel(self._url.hostname or "", self._url.port, self._proxy_headers())
        http.auto_open = 0  # once closed, a request that is still on its way must not reopen it
        return http

    def _proxy_headers(self) -> dict[str, str]:
        if not self._proxy or self._proxy.username is None:
            return {}
        credentials = unquote(self._proxy.username) + ":" + unquote(self._proxy.password or "")
        encoded = b2a_base64(credentials.encode(), newline=False).decode()
        return {"Proxy-Authorization": "Basic " + encoded}


def _within[T](timeout: float, http: HTTPConnection, work: Callable[[], T]) -> T:
    """Return what work returns, or raise Unreachable when it fails or the time is over.

    Work has a thread of its own: a socket's own time-out doesn't hold for a name look-up, and
    starts anew with each byte that arrives.
    """
    outcome: list[T | Exception] = []
    given_up = threading.Event()
    connected = http.sock  # http.client forgets it where the answer ends with the connection

    def run() -> None:
        try:
            outcome.append(work())
        except Exception as error:
            outcome.append(error)
        if given_up.is_set():  # it may have connected when nobody waited any more
            _close(http)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(max(timeout, 0))
    result = outcome[0] if outcome else TimeoutError(f"no answer within {timeout:.1f} s")
    if isinstance(result, Exception):
        given_up.set()
        _close(http, connected)
        raise Unreachable(_describe(result)) from None
    return result


def _trusted(root: str) -> bytes:
    """Return the certificates of the system's CAs that have a name in them, as DER, maybe none.

    Loading all of them costs more than the rest of a start-up.
    """
    store = ssl.get_default_verify_paths().cafile
    if not root or not store:
        return b""
    try:
        with open(store, encoding="latin-1") as file:
            _, *blocks = file.read().split("-----BEGIN CERTIFICATE-----")
        certificates = [a2b_base64(block.partition("-----END")[0]) for block in blocks]
    except (OSError, ValueError):
        return b""
    return b"".join(each for each in certificates if root.encode() in each)


def _describe(error: Exception) -> str:
    """Name an error. Only an OSError's text is known to hold no URL, and so no token."""
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, OSError) else name


def _is_quiet(connection: socket.socket) -> bool:
    """Tell whether nothing waits to be read, as on a connection that is still open.

    A real read, since what waits may be TLS's own (session tickets), which says nothing.
    """
    connection.setblocking(False)
    try:
        connection.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        pass
    return False


def _close(http: HTTPConnection, connected: socket.socket | None = None) -> None:
    """Close a connection, and end a thread that may wait on it, or may be closing it."""
    connected = http.sock or connected
    if connected is not None:
        try:
            connected.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
    http.close()
