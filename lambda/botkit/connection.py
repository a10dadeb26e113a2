"""One HTTP connection to a host, kept open. Every call ends in time, whatever the host does.

Only `socket` is needed to begin. `ssl` and urllib (exchange.py) load while the host is waited for.
"""

from __future__ import annotations

import logging
import socket
import threading
import time

from .errors import Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLContext, SSLSocket

logger = logging.getLogger("botkit")

CONNECT_SECONDS = 10  # at most, for each address of a host
IDLE_SECONDS = 30  # then reconnect: a frozen container doesn't notice the peer closing
JSON_LIMIT = 1 << 22  # bytes


class Connection:
    """A connection to the host of a URL, opened when first needed. Not thread-safe.

    `url` may have a path, which each request's path is put behind. With `proxy`
    (`http://user:password@host:port`) everything goes through a tunnel (CONNECT). `roots` are names
    of CAs, one of which should have issued the host's certificate: loading all of the system's CAs
    takes longer than the rest of start-up (docs/performance.md).
    """

    def __init__(self, url: str, proxy: str = "", roots: tuple[str, ...] = ()) -> None:
        scheme, _, rest = url.partition("://")
        self._url = url.rstrip("/")
        self._is_secure = scheme.lower() == "https"
        self._host = (rest.partition("/")[0], 443 if self._is_secure else 80)
        self._credentials, _, self._proxy = proxy.rpartition("://")[2].rstrip("/").rpartition("@")
        self._first_hop = (self._proxy, 80) if self._proxy else self._host
        self._roots = roots
        self._tls: SSLContext | None = None
        self._dial: Dial | None = None
        self._kept: socket.socket | None = None
        self._last_used = 0.0

    def prepare(self) -> None:
        """Begin to open the connection, and return at once. `open` raises what goes wrong."""
        if not (self._kept or self._dial):
            self._dial = Dial(self._first_hop)

    def open(self, timeout: float) -> None:
        """Wait until the connection is open, at most `timeout` seconds. Raises Unreachable."""
        try:
            self._kept = self._take(time.monotonic() + timeout)
            self._last_used = time.time()
        finally:
            from . import exchange  # noqa: F401  # load it before the first request

    def request(
        self,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
        timeout: float,
        limit: int = JSON_LIMIT,
    ) -> tuple[int, bytes]:
        """Post a body, or get where there is none. Returns the response's status and body.

        `timeout` is in seconds, `limit` the most bytes of the response's body. The request is sent
        once: it may have arrived even if no response did.
        Raises Unreachable, whose text never holds the path.
        """
        if timeout <= 0:
            raise Unreachable("no time left")
        deadline = time.monotonic() + timeout
        connection = self._take(deadline)
        from .exchange import Stream, send

        try:
            stream = Stream(connection, deadline, limit)
            status, data, keep_alive = send(stream, self._url + path, body, headers)
        except Exception as error:
            connection.close()
            raise Unreachable(_describe(error)) from None
        if keep_alive:
            self._kept, self._last_used = connection, time.time()
        else:
            connection.close()
        return status, data

    def _take(self, deadline: float) -> socket.socket:
        """Return the kept connection if it is still good, or a new one. Raises Unreachable."""
        connection, self._kept = self._kept, None
        if connection:
            # The wall clock: a container's other clocks may stand still while it is frozen.
            if 0 <= time.time() - self._last_used < IDLE_SECONDS and _is_quiet(connection):
                return connection
            try:
                connection.close()
            except OSError:  # a bot's code has closed the descriptor
                pass
        while True:
            try:
                return self._connect(deadline)
            except Exception as error:
                if not self._roots or type(error).__name__ != "SSLCertVerificationError":
                    raise Unreachable(_describe(error)) from None
            logger.warning(
                "All CAs had to be loaded: none of the expected ones issued the certificate of %s",
                self._host[0],
            )
            self._roots, self._tls = (), None

    def _connect(self, deadline: float) -> socket.socket:
        """Return a new connection, through the proxy and with TLS where wanted."""
        self._dial = dial = self._dial or Dial(self._first_hop)
        if self._is_secure and not self._tls:
            self._tls = _context(self._roots)  # if it fails, the next try takes the same dial
        self._dial = None
        connection = dial.wait(deadline)
        try:
            host, port = _address(*self._host)
            if self._proxy:
                from .exchange import Stream, open_tunnel

                open_tunnel(Stream(connection, deadline), host.decode(), port, self._credentials)
            if self._tls:
                connection = secure = self._tls.wrap_socket(
                    connection, do_handshake_on_connect=False, server_hostname=host
                )
                _shake_hands(secure, deadline)
        except Exception:
            connection.close()
            raise
        return connection


class Dial(threading.Thread):
    """Makes a TCP connection. In a thread, since a name look-up has no time-out."""

    def __init__(self, host: tuple[str, int]) -> None:
        super().__init__(daemon=True)
        self._host = host
        self._outcome: socket.socket | Exception = TimeoutError("timed out")
        self._is_given_up = False
        try:
            self.start()
        except RuntimeError:  # too many threads, each in a look-up that hangs; `wait` raises then
            pass

    def run(self) -> None:
        try:
            address = _address(*self._host)
            connection = socket.create_connection(address, CONNECT_SECONDS)  # type: ignore[arg-type]
            # Otherwise the first request waits one round trip longer (Nagle's algorithm).
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._outcome = connection
            if self._is_given_up:
                connection.close()
        except Exception as error:
            self._outcome = error

    def wait(self, deadline: float) -> socket.socket:
        """Return the connection. Raises what went wrong."""
        self.join(max(deadline - time.monotonic(), 0))
        outcome = self._outcome  # read once: the thread may set it at any time
        if isinstance(outcome, Exception):
            self._is_given_up = True
            raise outcome
        return outcome


def _address(authority: str, default_port: int) -> tuple[bytes, int]:
    """Return a URL's host and port. The host as bytes, since a str loads `encodings.idna`."""
    host, colon, port = authority.rpartition(":")
    if not colon or authority.endswith("]"):  # no port; an IPv6 address has colons in brackets
        host, port = authority, str(default_port)
    if not 0 <= int(port) < 65536:  # the system would take it modulo 65536
        raise ValueError("a port must be below 65536")
    return host.strip("[]").encode("ascii"), int(port)


def _context(roots: tuple[str, ...]) -> SSLContext:
    """Return a TLS context that trusts the CAs with these names, or all if none is found."""
    import ssl
    from binascii import a2b_base64

    if not roots:
        return ssl.create_default_context()
    trusted = b""
    try:
        with open(ssl.get_default_verify_paths().cafile or "", "rb") as file:
            _, *blocks = file.read().split(b"-----BEGIN CERTIFICATE-----")
        for block in blocks:
            certificate = a2b_base64(block.partition(b"-----END")[0])
            if any(root.encode() in certificate for root in roots):
                trusted += certificate
    except (OSError, ValueError):
        trusted = b""
    if not trusted:
        logger.warning("All CAs had to be loaded: the system has none of the expected ones")
    return ssl.create_default_context(cadata=trusted)


def _shake_hands(connection: SSLSocket, deadline: float) -> None:
    """Complete the TLS handshake; urllib loads while the host answers the first message."""
    import ssl

    connection.setblocking(False)
    try:
        connection.do_handshake()
    except ssl.SSLWantReadError:
        from .exchange import left

        connection.settimeout(left(deadline))  # for the whole handshake
        connection.do_handshake()


def _is_quiet(connection: socket.socket) -> bool:
    """Tell whether the peer has neither sent anything nor closed the connection.

    `select` doesn't tell: TLS's own session tickets look like data.
    """
    try:
        connection.setblocking(False)
        connection.recv(1)
    except OSError as error:
        return type(error).__name__ in ("BlockingIOError", "SSLWantReadError")
    return False


def _describe(error: Exception) -> str:
    """Name an error. Only an OSError's text is known to hold no URL, and so no token."""
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, OSError) else name
