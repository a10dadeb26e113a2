"""connection.py and exchange.py: one connection, kept open, and its requests. Over real sockets."""

import base64
import importlib
import itertools
import signal
import socket
import ssl
import struct
import threading
import time
from contextlib import nullcontext
from functools import partial

import pytest
import trustme
from botkit.deadline import Deadline

from tests.support.needs import skip_or_fail
from tests.support.stubs import NOBODY, PASSWORD, answers, answers_all, http, load, unreachable

BODY = b'{"chat_id": 42}'
HEADERS = {"Content-Type": "application/json"}
ENDLESS_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def module():
    return load("botkit.connection")


@pytest.fixture
def connect(module):
    """Make connections, and close them in the end."""
    made = []

    def make(url, proxy="", ca_names=()):
        made.append(module.Connection(url, proxy, ca_names))
        return made[-1]

    yield make
    for connection in made:
        if connection._dial:
            connection._dial.wait(Deadline(5)).close()
        if connection._kept:
            connection._kept.close()


@pytest.fixture(scope="module")
def authority():
    """A certificate authority for this run."""
    return trustme.CA()


@pytest.fixture(scope="module")
def tls(authority):
    """The server's side of TLS for "localhost", whose certificate `authority` has signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def store(authority, tmp_path, monkeypatch):
    """Have the system's file of CAs contain `authority`, and another one."""
    other = trustme.CA(organization_name="The other root")
    pems = [ca.cert_pem.bytes().decode() for ca in (authority, other)]
    file = tmp_path / "store.pem"
    file.write_text("# The CAs of this system\n" + "".join(pems))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))


def post(connection, timeout=5, path="/bot1:a/getMe"):
    answer = connection.request("POST", path, BODY, HEADERS, timeout)
    return answer.status, answer.body


def cuts(response=b""):
    """Return the part that reads a request, and closes the connection after this response."""

    def part(peer, connection):
        peer.read_request(connection)
        connection.sendall(response)

    return part


def keeps_sending(piece, pause=0):
    """Return the part that answers with a head, and then repeats a piece for ever."""

    def part(peer, connection):
        cuts(ENDLESS_HEAD)(peer, connection)
        while not peer.over.wait(pause):
            connection.sendall(piece)

    return part


def silent(peer, connection):
    """Read requests until the client closes, and never answer."""
    while peer.read_request(connection):
        pass


def reset(connection):
    """Reset a connection: unread data is lost, and the client gets ECONNRESET."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_request_is_sent_without_other_headers(serve, connect):
    peer = serve(answers_all)
    answer = post(connect(peer.url + "/prefix/"), path="/bot1:a//../b%2Fc?d=%20")
    assert answer == (200, http().partition(b"\r\n\r\n")[2])
    head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    assert line == "POST /prefix/bot1:a//../b%2Fc?d=%20 HTTP/1.1"
    assert sorted(fields) == [
        "Accept-Encoding: identity",
        f"Content-Length: {len(BODY)}",
        "Content-Type: application/json",
        f"Host: localhost:{peer.port}",
    ]
    assert body == BODY


def test_start_connecting_connects_once_in_the_background(serve, connect):
    arrived = threading.Event()

    def part(peer, connection):
        arrived.set()
        answers_all(peer, connection)

    peer = serve(part)
    connection = connect(peer.url)
    for _ in ("begins", "has begun"):
        connection.start_connecting()
        assert arrived.wait(60)
    connection.open(5)
    connection.start_connecting()  # is open
    assert connection._kept.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert post(connection)[0] == 200
    assert peer.connections == 1


# Valid answers after which a connection takes no other request.
LAST = {
    "the end": http(b"{}", "200 OK", "Connection: close"),
    "HTTP/1.0": http(b"{}").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "no length": b"HTTP/1.1 200 OK\r\n\r\n{}",
}
MORE = {
    "a length": http(b"{}"),
    "chunks": CHUNKED + b"1\r\n{\r\n01;a=b\r\n}\r\n0\r\n\r\n",
    "an interim answer": b"HTTP/1.1 100 Continue\r\n\r\n" + http(b"{}"),
}


@pytest.mark.parametrize("answer", [*LAST.values(), *MORE.values()], ids=[*LAST, *MORE])
def test_response_is_read_and_its_connection_reused(serve, connect, answer):
    def part(peer, connection):
        peer.read_request(connection)
        connection.sendall(answer)
        if answer not in LAST.values():
            answers_all(peer, connection)

    peer = serve(part, answers_all)
    connection = connect(peer.url)
    assert post(connection) == (200, b"{}")
    assert (connection._kept is None) == (answer in LAST.values())
    assert post(connection)[0] == 200
    assert peer.connections == 1 + (answer in LAST.values())


def test_final_response_is_not_mistaken_for_the_next(serve, connect):
    interim = b"HTTP/1.1 199 Early\r\n\r\n"
    peer = serve(answers(interim + http(b"late")), answers_all)
    connection = connect(peer.url)
    assert post(connection) == (199, b"")
    assert post(connection)[1] == http().partition(b"\r\n\r\n")[2]
    assert peer.connections == 2


GONE = {
    "closed": (False, socket.socket.close),
    "reset": (False, reset),
    "sends_without_a_request": (False, lambda connection: connection.sendall(b"HTTP/1.1")),
    "tls_reset": (True, reset),
}


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(("is_secure", "last"), GONE.values(), ids=GONE)
def test_stale_connection_is_replaced_once(serve, connect, module, tls, is_secure, last):
    asked, ended = threading.Event(), threading.Event()

    def first(peer, connection):
        for _ in range(2):
            cuts(http())(peer, connection)
        asked.wait(60)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # it arrives at once
        last(connection)
        ended.set()
        peer.over.wait()

    peer = serve(first, answers_all, tls=tls if is_secure else None)
    connection = connect(peer.url)
    # Twice: the second request confirms that the first answer came, before a reset drops it.
    assert [post(connection)[0] for _ in range(2)] == [200] * 2
    asked.set()
    assert ended.wait(60)
    assert post(connection)[0] == 200
    assert (peer.connections, len(peer.requests)) == (2, 3)
    assert module._context.cache_info().misses == is_secure, "the CAs are loaded once"


@pytest.mark.parametrize(
    ("seconds", "connections"),
    [(29.9, 1), (30, 2), (-1, 2)],
    ids=["just in time", "idle too long", "clock set back"],
)
def test_idle_connection_is_replaced(serve, connect, module, monkeypatch, seconds, connections):
    now = 1767225600.0
    monkeypatch.setattr(time, "time", lambda: now)
    peer = serve(answers_all)
    connection = connect(peer.url)
    post(connection)
    now += seconds
    post(connection)
    assert (peer.connections, len(peer.requests)) == (connections, 2)


TIMEOUT = "TimeoutError: "
CUT = "ConnectionError: the response is incomplete"
FAULTS = {
    "silent": (silent, TIMEOUT),
    "dripping body": (keeps_sending(b" ", 0.02), TIMEOUT),
    "endless body": (keeps_sending(b" " * 65536), "the response is too long"),
    "closed without an answer": (cuts(), "RemoteDisconnected: Remote end closed"),
    "cut in its head": (cuts(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"), CUT),
    "truncated": (cuts(ENDLESS_HEAD[:-2] + b"Content-Length: 3\r\n\r\n{}"), "Incomp"),
    "too long for all memory": (answers(http(b"")[:-5] + b"9" * 15 + b"\r\n\r\n{}"), "MemoryError"),
}


@pytest.mark.parametrize(("part", "text"), FAULTS.values(), ids=FAULTS)
def test_fault_ends_in_time_without_a_retry(serve, connect, module, monkeypatch, part, text):
    ended = threading.Event()

    def first(peer, connection):
        try:
            part(peer, connection)
        finally:
            ended.set()

    peer = serve(first, answers_all)
    connection = connect(peer.url)
    began = time.monotonic()
    if text == TIMEOUT:  # its clock moves by 10 ms whenever it is read
        readings = itertools.count()
        deadline = importlib.import_module("botkit.deadline").deadline
        monkeypatch.setattr(deadline, "clock", lambda: next(readings) / 100)
    with pytest.raises(unreachable()) as caught:
        post(connection, 0.3 if text == TIMEOUT else 60)
    monkeypatch.undo()
    assert time.monotonic() - began < 20
    assert str(caught.value).startswith(text)
    assert ended.wait(60)  # the connection is closed, whatever still comes
    assert (peer.connections, len(peer.requests)) == (1, 1)
    # The error of urllib may quote the path, and so the token.
    assert caught.value.__suppress_context__ and caught.value.__cause__ is None
    assert post(connection)[0] == 200
    assert peer.connections == 2


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_interrupted_request_closes_its_connection(serve, connect, scheme):
    ended = threading.Event()

    def interrupts(peer, connection):
        connection.recv(1)
        main = threading.main_thread().ident
        assert main
        signal.pthread_kill(main, signal.SIGINT)
        silent(peer, connection)
        ended.set()

    connection = connect(f"{scheme}://localhost:{serve(interrupts).port}")
    # Else it would load during the handshake, and an interrupted import may leave its file open.
    importlib.import_module("botkit.exchange")
    with pytest.raises(KeyboardInterrupt) as caught:
        post(connection, 60)
    assert ended.wait(60), f"only {caught} still knows it"


def test_response_has_a_largest_size(serve, connect, monkeypatch):
    response = http(b"x" * 900)
    connection = connect(serve(answers(response, response)).url)
    exchange = importlib.import_module("botkit.exchange")
    monkeypatch.setattr(exchange, "MAX_RESPONSE_BYTES", len(response))
    assert post(connection)[0] == 200
    monkeypatch.setattr(exchange, "MAX_RESPONSE_BYTES", len(response) - 1)
    with pytest.raises(unreachable(), match="^the response is too long$"):
        post(connection)


def test_sending_ends_in_time(serve, connect):
    connection = connect(serve(lambda peer, connection: peer.over.wait()).url)
    connection.open(5)
    began = time.monotonic()
    with pytest.raises(unreachable(), match="^TimeoutError: "):
        connection.request("POST", "/", bytes(1 << 24), {}, 0.1)
    assert time.monotonic() - began < 9  # connecting had 10 seconds


def test_refused_connection_is_unreachable(connect, caplog):
    connection = connect(NOBODY.replace("http:", "https:"), ca_names=("trustme v",))
    for ask in (connection.open, partial(post, connection)):
        with pytest.raises(unreachable(), match="ConnectionRefusedError: "):
            ask(5)
    assert "issued the certificate" not in caplog.text  # another CA would not help


def test_nothing_is_sent_after_the_deadline(serve, connect):
    peer = serve(answers_all)
    connection = connect(peer.url)
    for _ in ("not yet open", "kept"):
        with pytest.raises(unreachable(), match="^no time left$"):
            post(connection, 0)
        connection.open(5)
    assert peer.requests == []


ADDRESSES = {
    "a name": ("localhost", (b"localhost", 80)),
    "a port": ("localhost:8081", (b"localhost", 8081)),
    "no port after the colon": ("localhost:", None),
    "IPv6": ("[::1]", (b"::1", 80)),
    "IPv6 and a port": ("[::1]:8081", (b"::1", 8081)),
    "not ASCII": ("é.example", None),
}


@pytest.mark.parametrize(("authority", "expected"), ADDRESSES.values(), ids=ADDRESSES)
def test_address_of_a_url(module, authority, expected):
    with nullcontext() if expected else pytest.raises(ValueError):
        assert module._address(authority, 80) == expected


@pytest.mark.parametrize(("letter", "error"), [(" ", "InvalidURL"), ("é", "UnicodeEncodeError")])
def test_invalid_path_is_not_quoted(serve, connect, letter, error):
    with pytest.raises(unreachable(), match=f"^{error}$"):
        post(connect(serve(answers_all).url), path=f"/bot1:a{letter}b/getMe")


def test_hanging_name_lookup_times_out_and_sends_nothing_later(serve, connect, module, monkeypatch):
    released, done, ended = threading.Event(), threading.Event(), threading.Event()
    look_up = socket.getaddrinfo

    def hangs(*arguments):  # as the system's may for minutes
        released.wait(60)
        done.set()
        return look_up(*arguments)

    def first(peer, connection):
        answers_all(peer, connection)
        ended.set()

    peer = serve(first)
    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    before = set(threading.enumerate())
    began = time.monotonic()
    with pytest.raises(unreachable(), match="TimeoutError: "):
        post(connect(peer.url), 0.1)
    assert time.monotonic() - began < 20
    late = set(threading.enumerate()) - before
    assert [thread.daemon for thread in late] == [True]  # it doesn't keep a process alive
    released.set()
    assert done.wait(60)
    assert ended.wait(60)  # it connected, and closed without a request
    assert peer.requests == []


@pytest.mark.parametrize(
    ("trusts", "host", "why"),
    [(False, "localhost", "verify failed"), (True, "127.0.0.1", "IP address mismatch")],
    ids=["unknown_ca", "other_name"],
)
def test_invalid_certificate_is_rejected(request, serve, connect, tls, trusts, host, why):
    if trusts:
        request.getfixturevalue("store")
    peer = serve(answers_all, tls=tls)
    with pytest.raises(unreachable(), match=f"SSLCertVerificationError: .*{why}"):
        post(connect(f"https://{host}:{peer.port}"))
    assert peer.requests == []


def test_dripping_handshake_ends_in_time(serve, connect, module):
    ended = threading.Event()

    def drips(peer, connection):
        connection.recv(65536)
        connection.sendall(b"\x16\x03\x03\x40\x00")  # a handshake of 16 KiB
        try:
            while not peer.over.wait(0.02):
                connection.sendall(b"\x02")
        finally:
            ended.set()

    connection = connect(serve(drips).url.replace("http:", "https:"))
    with pytest.raises(unreachable(), match="TimeoutError: "):
        connection.open(0.2)
    assert ended.wait(60)  # the connection is closed, whatever still comes


MOVED = "All CAs had to be loaded: none of the expected ones issued the certificate of localhost:{}"
MISSING = "All CAs had to be loaded: the system has none of the expected ones"
ROOTS = {
    "the host's": (("trustme v",), 1, 1, []),
    "the host's and another": (("The other root", "trustme v"), 1, 2, []),
    "others": (("no such root", "The other root"), 2, 2, [MOVED]),
    "in no certificate": (("no such root",), 1, 2, [MISSING]),
    "none": ((), 1, 2, []),
}


@pytest.mark.parametrize(("roots", "connections", "trusted", "told"), ROOTS.values(), ids=ROOTS)
def test_all_cas_are_loaded_only_if_none_is_expected(
    serve, connect, module, store, tls, caplog, roots, connections, trusted, told
):
    peer = serve(answers_all, tls=tls)
    connection = connect(peer.url, ca_names=roots)
    assert post(connection)[0] == 200
    assert peer.connections == connections
    assert len(module._context(connection._ca_names).get_ca_certs()) == trusted
    assert [(log.name, log.levelname, log.getMessage()) for log in caplog.records] == [
        ("botkit", "WARNING", text.format(peer.port)) for text in told
    ]


@pytest.mark.parametrize("text", [None, "-----BEGIN CERTIFICATE-----\nAAAAA"])
def test_unreadable_ca_file_is_left_to_openssl(module, monkeypatch, tmp_path, text):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "store.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    if text is not None:
        (tmp_path / "store.pem").write_text(text)
    assert module._context(("trustme",)).get_ca_certs() == []


@pytest.mark.parametrize("before", ["", "a", "ab"])
def test_certificate_is_found_by_name_at_any_offset(module, before):
    certificate = f"{before}The name of a root, and more".encode()
    pem = b"-----BEGIN CERTIFICATE-----%b-----END CERTIFICATE-----"
    others = (b"other", b"One name of a root, and more")
    store = b"".join(pem % base64.b64encode(each) for each in (certificate, *others))
    assert module._certificates(store, [b"The name of a root"]) == {certificate}


@pytest.mark.parametrize("peer", ["telegram", "aws"])
def test_expected_cas_are_installed(peer):
    if not ssl.get_default_verify_paths().cafile:
        skip_or_fail("this machine has no file of CA certificates: install ca-certificates")
    roots = load(f"botkit.{peer}").CA_NAMES
    trusted = load("botkit.connection")._context(roots).get_ca_certs()
    assert trusted
    assert all(any(root in str(each["subject"]) for root in roots) for each in trusted)


def test_untrusted_host_is_rejected_with_all_cas(serve, connect, module, store):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    impostor = trustme.CA(organization_name="The other root")  # the name only
    impostor.issue_cert("localhost").configure_cert(context)
    peer = serve(answers_all, tls=context)
    connection = connect(peer.url, ca_names=("The other root",))
    for _ in range(2):
        with pytest.raises(unreachable(), match="SSLCertVerificationError: "):
            post(connection)
    assert (peer.connections, peer.requests) == (3, [])  # all roots are tried once, then kept


PROXIES = {
    "no user": ("", None),
    "a user": (f"bot:{PASSWORD}@", f"bot:{PASSWORD}"),
    "odd letters": ("b%40t:%3A%C3%A9@", "b@t::é"),
}


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(("user", "credentials"), PROXIES.values(), ids=PROXIES)
def test_requests_go_through_the_proxy(serve, connect, tls, user, credentials):
    def part(peer, connection):
        peer.read_request(connection)
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        with tls.wrap_socket(connection, server_side=True) as inner:
            answers_all(peer, inner)

    peer = serve(part)
    connection = connect("HTTPS://localhost", f"http://{user}localhost:{peer.port}")
    assert [post(connection)[0] for _ in range(2)] == [200, 200]
    assert peer.connections == 1
    head, first, second = peer.requests
    line, *fields = head.decode().rstrip().split("\r\n")
    assert line.startswith("CONNECT localhost:443 HTTP/1.")
    sent = [field for field in fields if field.startswith("Proxy-Authorization")]
    code = base64.b64encode((credentials or "").encode()).decode()
    assert sent == ([f"Proxy-Authorization: Basic {code}"] if credentials else [])
    assert first == second
    assert first.startswith(b"POST /bot1:a/getMe HTTP/1.1\r\n")
    assert b"Proxy-Authorization" not in first


@pytest.mark.parametrize("status", [199, 300, 407])
def test_refusing_proxy_is_unreachable(serve, connect, status):
    peer = serve(answers(http(b"", f"{status} No")))
    connection = connect("http://[::1]", f"http://bot:{PASSWORD}@localhost:{peer.port}")
    with pytest.raises(unreachable()) as caught:
        post(connection)
    assert str(caught.value) == f"OSError: the proxy refused a tunnel: it answered {status}"
    assert peer.requests[0].startswith(b"CONNECT [::1]:80 HTTP/1.")
