"""An HTTP connection that stays open. Each request ends in time, even if the server never does.

Connecting starts with `socket` alone. `ssl` and urllib (exchange.py) load during the wait.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from functools import lru_cache

from .deadline import Deadline
from .errors import Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLContext, SSLSocket

    from .exchange import Response

logger = logging.getLogger("botkit")

CONNECT_SECONDS = 10  # for each address of a host
IDLE_SECONDS = 30  # then reconnect: a frozen container doesn't notice that the peer has closed


class Connection:
    """A connection to the host in `url`, opened when it is first needed. Not thread-safe.

    `url` may include a path prefix. With `proxy` (`http://user:password@host:port`), requests go
    through a tunnel (CONNECT). `ca_names` are the names, or their beginnings, of the CAs that
    should have issued the certificate. All CAs are loaded only if none of these did: that takes
    longer than the rest of start-up (docs/performance.md).
    """

    _last_used: float  # by time.time(), while a connection is kept

    def __init__(self, url: str, proxy: str = "", ca_names: tuple[str, ...] = ()) -> None:
        scheme, _, rest = url.partition("://")
        self.url = url.rstrip("/")
        self._is_secure = scheme.lower() == "https"
        self._host = (rest.partition("/")[0], 443 if self._is_secure else 80)
        self._credentials, _, self._proxy = proxy.rpartition("://")[2].rstrip("/").rpartition("@")
        self._first_host = (self._proxy, 80) if self._proxy else self._host
        self._ca_names = ca_names
        self._dial: Dial | None = None
        self._kept: socket.socket | None = None

    def start_connecting(self) -> None:
        """Start to open the connection, in the background. `open` raises any error."""
        if not (self._kept or self._dial):
            self._dial = Dial(self._first_host)

    def open(self, timeout: float) -> None:
        """Wait for up to `timeout` seconds until the connection is open. Raises Unreachable."""
        try:
            self._kept, self._last_used = self._take(Deadline(timeout)), time.time()
        finally:
            from . import exchange  # noqa: F401  # load it before the first request

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
        timeout: float,
    ) -> Response:
        """Make a request, and return the response.

        `timeout` is in seconds. The request is sent once. It may have arrived even if there is no
        response. Raises Unreachable, which never quotes the path, or its subclass ResponseTooLarge.
        """
        if timeout <= 0:
            raise Unreachable("no time left")
        deadline = Deadline(timeout)
        connection = self._take(deadline)
        from .exchange import Stream, send

        response = None
        try:
            stream = Stream(connection, deadline)
            response = send(stream, method, self.url + path, body, headers)
            return response
        except Exception as error:
            raise _to_unreachable(error) from None
        finally:  # also when an interrupt ends it
            if response and not response.is_last:
                self._kept, self._last_used = connection, time.time()
            else:
                connection.close()

    def _take(self, deadline: Deadline) -> socket.socket:
        """Return the kept connection if it still works, or a new one. Raises Unreachable."""
        connection, self._kept = self._kept, None
        if connection:
            # The wall clock, since other clocks may stop while a container is frozen.
            if 0 <= time.time() - self._last_used < IDLE_SECONDS and _is_idle(connection):
                return connection
            connection.close()
        try:
            return self._connect(deadline)
        except Exception as error:
            if not self._ca_names or type(error).__name__ != "SSLCertVerificationError":
                raise _to_unreachable(error) from None
        logger.warning(
            "All CAs had to be loaded: none of the expected ones issued the certificate of %s",
            self._host[0],
        )
        self._ca_names = ()
        return self._take(deadline)

    def _connect(self, deadline: Deadline) -> socket.socket:
        """Return a new connection, with the proxy and TLS if configured."""
        self._dial = dial = self._dial or Dial(self._first_host)
        # If this fails, the next attempt uses the same dial.
        context = _context(self._ca_names) if self._is_secure else None
        self._dial = None
        connection = dial.wait(deadline)
        try:
            host, port = _address(*self._host)
            if self._proxy:
                from .exchange import Stream, open_tunnel

                stream = Stream(connection, deadline)
                open_tunnel(stream, host.decode(), port, self._credentials)
            if context:
                connection = secure = context.wrap_socket(
                    connection, do_handshake_on_connect=False, server_hostname=host
                )
                _handshake(secure, deadline)
        except BaseException:
            connection.close()
            raise
        return connection


class Dial(threading.Thread):
    """Opens a TCP connection in a thread, since a DNS look-up has no time-out."""

    def __init__(self, host: tuple[str, int]) -> None:
        super().__init__(daemon=True)
        self._host = host
        self._outcome: socket.socket | Exception = TimeoutError("timed out")
        self._is_given_up = False
        self.start()

    def run(self) -> None:
        try:
            address = _address(*self._host)
            connection = socket.create_connection(address, CONNECT_SECONDS)  # type: ignore[arg-type]
            # Otherwise the first request takes one more round trip (Nagle's algorithm).
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._outcome = connection
            if self._is_given_up:
                connection.close()
        except Exception as error:
            self._outcome = error

    def wait(self, deadline: Deadline) -> socket.socket:
        """Return the connection, or raise the error."""
        self.join(deadline.left())
        outcome = self._outcome  # read once: the thread may set it at any time
        if isinstance(outcome, Exception):
            self._is_given_up = True
            raise outcome
        return outcome


def _address(authority: str, default_port: int) -> tuple[bytes, int]:
    """Return the host and port of a URL. The host is bytes: a str would load `encodings.idna`."""
    host, colon, port = authority.rpartition(":")
    if not colon or authority.endswith("]"):  # no port; an IPv6 address has colons in brackets
        host, port = authority, str(default_port)
    return host.strip("[]").encode("ascii"), int(port)


@lru_cache
def _context(ca_names: tuple[str, ...]) -> SSLContext:
    """Return a TLS context that trusts the CAs with these names, or all CAs if there are none."""
    import ssl

    if not ca_names:
        return ssl.create_default_context()
    names = [name.encode() for name in ca_names]
    try:
        with open(ssl.get_default_verify_paths().cafile or "", "rb") as file:
            found = _certificates(file.read().replace(b"\n", b""), names)
    except (OSError, ValueError):
        found = set()
    trusted = b"".join(each for each in found if any(name in each for name in names))
    if not trusted:
        logger.warning("All CAs had to be loaded: the system has none of the expected ones")
    return ssl.create_default_context(cadata=trusted)


def _certificates(store: bytes, names: list[bytes]) -> set[bytes]:
    """Return the certificates in `store` (PEM, without newlines) that may have one of the names.

    They are found by the names' base64, since decoding all of them takes longer. Raises ValueError.
    """
    from binascii import a2b_base64, b2a_base64

    found = set()
    for name in names:
        for shift in range(3):  # 3 bytes are 4 characters, so a name has three forms
            # Without the characters that also depend on the bytes before and after the name: the
            # first four, and the last three.
            code = b2a_base64(bytes(shift) + name, newline=False)[4 if shift else 0 : -3]
            at = store.find(code)
            while at >= 0:
                end = store.index(b"-", at)
                found.add(a2b_base64(store[store.rindex(b"-", 0, at) + 1 : end]))
                at = store.find(code, end)
    return found


def _handshake(connection: SSLSocket, deadline: Deadline) -> None:
    """Complete the TLS handshake. urllib loads while the first message is under way."""
    import ssl

    connection.setblocking(False)
    try:
        connection.do_handshake()
    except ssl.SSLWantReadError:
        from . import exchange  # noqa: F401

        connection.settimeout(deadline.timeout())  # for the whole handshake
        connection.do_handshake()


def _is_idle(connection: socket.socket) -> bool:
    """Tell whether the peer has neither sent anything nor closed the connection.

    `select` can't tell, because TLS session tickets look like data.
    """
    try:
        connection.setblocking(False)
        connection.recv(1)
    except OSError as error:
        return type(error).__name__ in ("BlockingIOError", "SSLWantReadError")
    return False


def _to_unreachable(error: Exception) -> Unreachable:
    """Return an error that can't quote a URL with the token. Only an OSError's text never does."""
    if isinstance(error, Unreachable):
        return error
    name = type(error).__name__
    return Unreachable(f"{name}: {error}" if isinstance(error, OSError) else name)
