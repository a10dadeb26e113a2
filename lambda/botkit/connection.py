"""One HTTP connection, kept open, whose requests end in time whatever the other side does."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from binascii import a2b_base64, b2a_base64

from . import http1
from .errors import Unreachable

IDLE_SECONDS = 30  # then a connection is opened anew: a frozen container sees no goodbye


class Connection:
    """A connection to the host of a URL, opened when first needed.

    `url` may have a path, which each request's path is put behind. With `proxy`
    (`http://user:password@host:port`) everything goes through a tunnel (CONNECT). `root` is a name
    in the certificate of the CA that the host's own is expected to come from in the end.
    """

    def __init__(self, url: str, proxy: str = "", root: str = "") -> None:
        scheme, _, rest = url.partition("://")
        self._authority, _, path = rest.partition("/")
        self._path = f"/{path}".rstrip("/")
        self._is_secure = scheme.lower() == "https"
        self._proxy = proxy.rpartition("://")[2].rstrip("/")
        self._root = root
        self._tls: ssl.SSLContext | None = None
        self._kept: socket.socket | None = None
        self._last_used = 0.0

    def prepare(self) -> None:
        """Begin to open the connection."""

    def open(self, timeout: float) -> None:
        """Open the connection ahead of the first request. `timeout` is in seconds.

        Raises Unreachable.
        """
        deadline = time.monotonic() + timeout
        self._keep(self._take() or self._new(deadline))

    def post(
        self, path: str, body: bytes, headers: dict[str, str], timeout: float
    ) -> tuple[int, bytes]:
        """Post a body and return the answer's status and body. `timeout` is in seconds.

        The request is sent once: it may have arrived even where no answer did.
        Raises Unreachable, whose text never holds the path.
        """
        deadline = time.monotonic() + timeout
        if timeout <= 0:
            raise Unreachable("no time left")
        connection = self._take() or self._new(deadline)
        headers = {
            "Host": self._authority,
            "Accept-Encoding": "identity",
            "Content-Length": str(len(body)),
            **headers,
        }
        try:
            head = http1.head(f"POST {self._path + path} HTTP/1.1", headers)
            status, answer, stays = http1.exchange(connection, head + body, deadline)
        except (OSError, ValueError) as error:
            connection.close()
            raise Unreachable(_describe(error)) from None
        if stays:
            self._keep(connection)
        else:
            connection.close()
        return status, answer

    def _keep(self, connection: socket.socket) -> None:
        self._kept = connection
        self._last_used = time.time()

    def _take(self) -> socket.socket | None:
        """Return the kept connection if it is still good."""
        connection, self._kept = self._kept, None
        # The wall clock: a container's other clocks may stand still while it is frozen.
        if connection and 0 <= time.time() - self._last_used < IDLE_SECONDS:
            if _is_quiet(connection):
                return connection
        if connection:
            connection.close()
        return None

    def _new(self, deadline: float) -> socket.socket:
        """Return a new connection. Raises Unreachable.

        It is made in a thread of its own: a socket's own time-out doesn't hold for a name look-up,
        and starts anew with each address of the name.
        """
        opened: list[socket.socket] = []
        outcome: list[socket.socket | Exception] = []
        given_up = threading.Event()

        def dial() -> None:
            try:
                outcome.append(self._dial(deadline, opened))
            except Exception as error:
                outcome.append(error)
            if given_up.is_set():  # it may have connected when nobody waited any more
                _shut(opened)

        thread = threading.Thread(target=dial, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # there are too many, each in a look-up that hangs
            raise Unreachable(str(error)) from None
        thread.join(max(deadline - time.monotonic(), 0))
        result = outcome[0] if outcome else TimeoutError("timed out")
        if isinstance(result, Exception):
            given_up.set()
            _shut(opened)
            raise Unreachable(_describe(result)) from None
        return result

    def _dial(self, deadline: float, opened: list[socket.socket]) -> socket.socket:
        try:
            return self._connect(deadline, opened)
        except ssl.SSLCertVerificationError:
            if not (self._tls and self._root):
                raise
            self._root = ""  # the host has moved to another CA: from now on trust them all
            self._tls.load_default_certs()
            _shut(opened)
            return self._connect(deadline, opened)

    def _connect(self, deadline: float, opened: list[socket.socket]) -> socket.socket:
        """Return a new connection, through the proxy and with TLS where wanted.

        Each socket is put into `opened` as soon as it is there.
        """
        host, port = _address(self._authority, 443 if self._is_secure else 80)
        credentials, _, proxy = self._proxy.rpartition("@")
        address = _address(proxy, 80) if proxy else (host, port)
        connection = socket.create_connection(address, http1.left(deadline))  # type: ignore[arg-type]
        opened.append(connection)
        if proxy:
            headers = {"Proxy-Authorization": _basic(credentials)} if credentials else {}
            name = f"[{host.decode()}]" if b":" in host else host.decode()
            http1.open_tunnel(connection, f"{name}:{port}", headers, deadline)
        if not self._is_secure:
            return connection
        if not self._tls:  # with no data it trusts all that the system trusts
            self._tls = ssl.create_default_context(cadata=_trusted(self._root))
        connection.settimeout(http1.left(deadline))  # for the whole handshake
        secure = self._tls.wrap_socket(connection, server_hostname=host)
        opened.append(secure)
        return secure


def _address(authority: str, default_port: int) -> tuple[bytes, int]:
    """Return a URL's host and port.

    The host as bytes: for a str, Python loads the tables of all alphabets, which takes 1 ms.
    """
    host, colon, port = authority.rpartition(":")
    if not colon or authority.endswith("]"):  # no port; an IPv6 address has colons in brackets
        host, port = authority, str(default_port)
    number = int(port)
    if not 0 <= number < 65536:
        raise ValueError("no port has this number")
    return host.strip("[]").encode("ascii"), number


def _basic(credentials: str) -> str:
    """Return a URL's user:password as the Proxy-Authorization header has it."""
    from urllib.parse import unquote  # 2 ms, and no proxy, no need

    user, _, password = credentials.partition(":")
    decoded = f"{unquote(user)}:{unquote(password)}".encode()
    return "Basic " + b2a_base64(decoded, newline=False).decode()


def _trusted(root: str) -> bytes:
    """Return the certificates of the system's CAs that have a name in them, as DER, maybe none.

    Loading all of them takes longer than all else that start-up does (docs/performance.md).
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


def _shut(opened: list[socket.socket]) -> None:
    """Close sockets, and end a thread that may wait on one."""
    for connection in opened:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        connection.close()
