"""Faults of Telegram, each over a socket: their status, Retry-After, calls and log line.

Whatever Telegram does, the function answers in time, and serves the next update.
"""

from __future__ import annotations

import resource
import socket
import ssl
import threading
import time
from typing import Any

import pytest
import trustme

from tests.conftest import Serve, Start
from tests.support.stubs import (
    OK,
    PASSWORD,
    Container,
    Json,
    Part,
    Peer,
    answers_all,
    answers_and_closes,
    http,
    keeps_sending,
    message,
    refusal,
    resets_after_request,
    resets_at_once,
    silent,
    slow,
    ticking,
)

# Milliseconds that the function has left. It reserves one second. Only faults that never end get
# the short time.
SHORT, LONG = 2_000, 60_000
GENEROUS = 15.0  # seconds, for a busy machine; a function that ignores SHORT takes 24
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
GATEWAY = http(b"<html><h1>502 Bad Gateway", "502 Bad Gateway", "Content-Type: text/html")


def on(*responses: bytes) -> Part:
    """Return the part that gives some answers, and then carries out all else."""

    def part(peer: Peer, connection: socket.socket) -> None:
        for response in responses:
            peer.read_request(connection)
            connection.sendall(response)
        answers_all(peer, connection)

    return part


def logged(outcome: str, update_id: int, **fields: Any) -> Json:
    """Return the log line of an update."""
    return {
        "level": {"answered": "INFO", "refused": "WARNING", "throttled": "WARNING"}.get(
            outcome, "ERROR"
        ),
        "logger": "botkit",
        "message": "update",
        "update_id": update_id,
        "kind": "message",
        "methods": ["sendMessage"],
        "outcome": outcome,
        **fields,
    }


def fails(
    container: Container,
    reason: str,
    outcome: str = "unreachable",
    answer: tuple[int, str | None] = (503, None),
    update_id: int = 1,
    milliseconds: int = LONG,
    **fields: Any,
) -> None:
    """Deliver an update, and check that it fails in time, with this status and Retry-After.

    Its log line has an error or a refusal that begins with `reason`, and other fields if given.
    """
    began = time.monotonic()
    if reason.startswith("TimeoutError"):  # it would never end by itself
        with ticking():
            assert container.deliver(message(update_id), SHORT) == answer
    else:
        assert container.deliver(message(update_id), milliseconds) == answer
    assert time.monotonic() - began < GENEROUS
    line = container.line
    assert line.pop("error" if outcome == "unreachable" else "refusal").startswith(reason)
    assert line == logged(outcome, update_id, **fields)


def is_served(container: Container, update_id: int = 2) -> None:
    """Deliver an update, and check that it is answered, whatever happened before."""
    assert container.deliver(message(update_id)) == (200, None)
    assert container.line == logged("answered", update_id)


# What Telegram answers, and what comes of it: status and Retry-After, and the outcome.
REFUSALS: dict[str, tuple[Json, tuple[int, str | None], str]] = {
    "400": (refusal(400, "Bad Request: chat not found"), (200, None), "refused"),
    "401": (refusal(401, "Unauthorized"), (503, None), "misconfigured"),
    "403": (refusal(403, "Forbidden: bot was kicked"), (200, None), "refused"),
    "404": (refusal(404, "Not Found"), (503, None), "misconfigured"),
    "404 method": (refusal(404, "Not Found: method not found"), (200, None), "refused"),
    "413": (refusal(413, "Request Entity Too Large"), (200, None), "refused"),
    "421": (refusal(421, "Misdirected Request"), (503, None), "misconfigured"),
    "429": (refusal(429, "Too Many Requests"), (503, None), "throttled"),
    "429 for 5 s": (refusal(429, "Too Many", retry_after=5), (503, "5"), "throttled"),
    "429 for 0 s": (refusal(429, "Too Many", retry_after=0), (503, "0"), "throttled"),
    "429 for -1 s": (refusal(429, "Too Many", retry_after=-1), (503, None), "throttled"),
    "429 for some text": (refusal(429, "Too Many", retry_after="soon"), (503, None), "throttled"),
    "429 for ages": (refusal(429, "Too Many", retry_after=10**30), (503, "3600"), "throttled"),
    "half a surrogate pair": (refusal(400, "half a pair: \ud800"), (200, None), "refused"),
}


@pytest.mark.parametrize(("refused", "answer", "outcome"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal(
    serve: Serve, start: Start, refused: Json, answer: tuple[int, str | None], outcome: str
) -> None:
    code, description = refused["error_code"], refused["description"]
    peer = serve(on(http(refused, f"{code} Whatever")))
    container = start(peer.url)
    parameters = refused.get("parameters", {}).items()
    fields = {name: value for name, value in parameters if type(value) is int}
    reason = f"sendMessage: {code} {description}".encode(errors="backslashreplace").decode()
    fails(container, reason, outcome, answer, **fields)
    assert len(peer.requests) == 1
    is_served(container)
    assert (peer.connections, len(peer.requests)) == (1, 2)


NO_ANSWER = "sendMessage: HTTP {}, and no answer from the Bot API"
ENDLESS = "the response is too long"

# The part that Telegram plays, and how the error in the log line begins.
FAULTS: dict[str, tuple[Part, str]] = {
    "500": (
        on(http(refusal(500, "Internal Server Error"), "500 Oops")),
        NO_ANSWER.format(500),
    ),
    "502 with HTML": (on(GATEWAY), NO_ANSWER.format(502)),
    "empty": (on(http(b"")), NO_ANSWER.format(200)),
    "truncated": (
        answers_and_closes(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"ok": tr'),
        "IncompleteRead",
    ),
    "garbage": (on(http(b"\x00\xff\xfe{")), NO_ANSWER.format(200)),
    "no HTTP": (on(b"SSH-2.0-OpenSSH_9.9\r\n"), "BadStatusLine"),
    "dripping body": (keeps_sending(HEAD, b" ", 0.02), "TimeoutError: "),
    "dripping body of a length": (
        keeps_sending(HEAD[:-2] + b"Content-Length: 100000\r\n\r\n", b" ", 0.02),
        "TimeoutError: ",
    ),
    "dripping head": (keeps_sending(b"HTTP/1.1 200 OK", b"K", 0.02), "TimeoutError: "),
    "endless body": (keeps_sending(HEAD, b" " * 65536), ENDLESS),
    "endless head": (keeps_sending(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"), "HTTPException"),
    "closed after the request": (
        answers_and_closes(b""),
        "RemoteDisconnected: ",
    ),
    "reset after the request": (resets_after_request, "ConnectionResetError: "),
    "silent for ever": (silent, "TimeoutError: "),
    "too slow": (slow(30), "TimeoutError: "),
}


@pytest.mark.parametrize(("part", "error"), FAULTS.values(), ids=FAULTS)
def test_a_fault(serve: Serve, start: Start, part: Part, error: str) -> None:
    peer = serve(part, *[answers_all] * 9)
    container = start(peer.url)
    fails(container, error)
    assert len(peer.requests) == 1
    is_served(container)
    assert len(peer.requests) == 2


MOVED = http(refusal(400, "upgraded", migrate_to_chat_id=-1001), "400 Bad Request")


def test_a_group_that_moved(serve: Serve, start: Start) -> None:
    peer = serve(on(MOVED))
    container = start(peer.url)
    is_served(container, 1)
    assert [body["chat_id"] for body in peer.bodies] == [42, -1001]
    is_served(container)
    assert (peer.connections, len(peer.requests)) == (1, 3)


def test_a_group_that_moved_before_telegram_went(serve: Serve, start: Start) -> None:
    peer = serve(answers_and_closes(MOVED, b""), answers_all)
    container = start(peer.url)
    fails(container, "RemoteDisconnected: ")
    assert [body["chat_id"] for body in peer.bodies] == [42, -1001]
    is_served(container)
    assert (peer.connections, len(peer.requests)) == (2, 3)


def test_a_connection_that_is_reset_before_the_request(serve: Serve, start: Start) -> None:
    closing = http(OK, "200 OK", "Connection: close")
    peer = serve(answers_and_closes(closing), resets_at_once, answers_all)
    container = start(peer.url)
    is_served(container, 1)
    fails(container, "ConnectionResetError: ", update_id=2)
    assert (peer.connections, len(peer.requests)) == (2, 1)
    is_served(container, 3)
    assert (peer.connections, len(peer.requests)) == (3, 2)


def test_an_answer_that_comes_a_second_late_is_in_time(serve: Serve, start: Start) -> None:
    def late(peer: Peer, connection: socket.socket) -> None:
        peer.read_request(connection)
        peer.over.wait(1)
        connection.sendall(http())
        answers_all(peer, connection)

    peer = serve(late)
    container = start(peer.url)
    is_served(container, 1)
    assert 1000 <= container.log[-1]["milliseconds"] < GENEROUS * 1000
    is_served(container)
    assert (peer.connections, len(peer.requests)) == (1, 2)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_refused_connection(
    serve: Serve, start: Start, authority: trustme.CA, scheme: str
) -> None:
    peer = serve(answers_all, listens=False)
    if scheme == "https":
        peer.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(peer.tls)
    container = start(f"{scheme}://127.0.0.1:{peer.port}")
    line = container.line
    assert line.pop("error").startswith("ConnectionRefusedError: ")
    assert line == {"level": "WARNING", "logger": "botkit", "message": "not ready at start-up"}
    fails(container, "ConnectionRefusedError: ")
    peer.listen()
    is_served(container)
    assert (peer.connections, len(peer.requests)) == (1, 1)


def answers_and_reports_its_close(closed: threading.Event) -> Part:
    """Return the part that answers a request, closes the connection, and then sets the event."""

    def part(peer: Peer, connection: socket.socket) -> None:
        answers_and_closes(http())(peer, connection)
        connection.close()
        closed.set()

    return part


def test_a_connection_that_was_closed_meanwhile_is_opened_again_once(
    serve: Serve, start: Start
) -> None:
    closed = threading.Event()
    peer = serve(answers_and_reports_its_close(closed), answers_all)
    container = start(peer.url)
    is_served(container, 1)
    assert closed.wait(60)
    is_served(container, 2)
    is_served(container, 3)
    assert (peer.connections, len(peer.requests)) == (2, 3)


def test_a_silently_dead_connection_costs_one_try(serve: Serve, start: Start) -> None:
    def dies(peer: Peer, connection: socket.socket) -> None:
        peer.read_request(connection)
        connection.sendall(http())
        silent(peer, connection)

    peer = serve(dies, answers_all)
    container = start(peer.url)
    is_served(container, 1)
    fails(container, "TimeoutError: ", update_id=2)
    assert (peer.connections, len(peer.requests)) == (1, 2)
    is_served(container, 2)
    is_served(container, 3)
    assert (peer.connections, len(peer.requests)) == (2, 4)


@pytest.mark.usefixtures("trusted")
def test_a_certificate_that_nobody_signed(serve: Serve, start: Start, tls: ssl.SSLContext) -> None:
    unknown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(unknown)
    peer = serve(answers_all, tls=unknown)
    container = start(peer.url)
    fails(container, "SSLCertVerificationError: ")
    assert peer.requests == []
    peer.tls = tls
    is_served(container)
    assert len(peer.requests) == 1


@pytest.mark.usefixtures("trusted")
def test_a_host_that_speaks_no_tls(serve: Serve, start: Start, tls: ssl.SSLContext) -> None:
    def plain(peer: Peer, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.recv(65536)

    peer = serve(plain, plain, answers_all)  # the first at start-up
    container = start(peer.url.replace("http:", "https:"))
    fails(container, "SSLError: ")
    assert (peer.connections, peer.requests) == (2, [])
    peer.tls = tls
    is_served(container)
    assert (peer.connections, len(peer.requests)) == (3, 1)


@pytest.mark.usefixtures("trusted")
def test_a_handshake_that_hangs(serve: Serve, start: Start, tls: ssl.SSLContext) -> None:
    def hangs(peer: Peer, connection: socket.socket) -> None:
        while connection.recv(65536):
            pass

    peer = serve(lambda *_: None, hangs, answers_all)  # at start-up it fails at once
    container = start(peer.url.replace("http:", "https:"))
    fails(container, "TimeoutError: ")
    assert (peer.connections, peer.requests) == (2, [])
    peer.tls = tls
    is_served(container)
    assert (peer.connections, len(peer.requests)) == (3, 1)


def test_a_name_that_is_not_known(
    serve: Serve, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*arguments: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    peer = serve(answers_all)
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", unknown)
        container = start(peer.url)
        fails(container, "gaierror: ")
    assert (peer.connections, peer.requests) == (0, [])
    is_served(container)
    assert (peer.connections, len(peer.requests)) == (1, 1)


def test_a_name_look_up_that_hangs(
    serve: Serve, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    released, resolve = threading.Event(), socket.getaddrinfo

    def hang(*arguments: Any) -> Any:
        released.wait(60)
        return resolve(*arguments)

    peer = serve(answers_and_closes(http()), answers_all)
    container = start(peer.url)
    is_served(container, 1)
    before = set(threading.enumerate())
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", hang)
        patch.setattr(container.telegram._client.connection, "_last_used", 0)
        fails(container, "TimeoutError: ", update_id=2)
    late = set(threading.enumerate()) - before
    assert [thread.daemon for thread in late] == [True]  # it doesn't keep a process alive
    released.set()
    for thread in late:
        thread.join(60)
    assert len(peer.requests) == 1  # the late thread made none
    is_served(container, 2)
    is_served(container, 3)
    assert len(peer.requests) == 3


def test_no_file_descriptor_is_left(serve: Serve, start: Start) -> None:
    closed = threading.Event()
    peer = serve(resets_after_request, answers_and_reports_its_close(closed), answers_all)
    container = start(peer.url.replace("localhost", "127.0.0.1"))
    fails(container, "ConnectionResetError: ", update_id=1)  # imports what a failure needs
    is_served(container, 1)
    assert closed.wait(60)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))  # only the standard streams
    try:
        fails(container, "OSError: [Errno 24] Too many open files", update_id=2)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    is_served(container, 2)
    assert len(peer.requests) == 3


def test_a_proxy_that_wants_other_credentials(serve: Serve, start: Start) -> None:
    refuses = answers_and_closes(http(b"", "407 Proxy Authentication Required"))
    peer = serve(refuses, refuses, on(b"HTTP/1.1 200 Connected\r\n\r\n"))
    proxy = f"http://bot:{PASSWORD}@localhost:{peer.port}"
    container = start("http://api.telegram.example", TELEGRAM_PROXY=proxy)
    fails(container, "OSError: the proxy refused a tunnel: it answered 407")
    is_served(container)
    methods = [request.partition(b" ")[0] for request in peer.requests]
    assert methods == [b"CONNECT", b"CONNECT", b"CONNECT", b"POST"]


def test_no_call_is_made_when_the_time_is_over(serve: Serve, start: Start) -> None:
    peer = serve(answers_all)
    container = start(peer.url)
    fails(container, "no time left", milliseconds=900)
    assert peer.requests == []
    is_served(container)
    assert len(peer.requests) == 1
