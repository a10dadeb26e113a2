"""Telegram's faults, each over a socket: the status, Retry-After, calls and log line that it gets.

Whatever Telegram does, the function answers in its time, and serves the next update.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from typing import Any

import pytest
from conftest import Serve, Start
from stubs import (
    PASSWORD,
    Part,
    Peer,
    answers,
    answers_all,
    answers_and_closes,
    http,
    keeps_sending,
    message,
    refusal,
    resets_after_request,
    silent,
    slow,
    unused_port,
)

SHORT = 1_300  # milliseconds that the function has left, of which it keeps a second
GENEROUS = 3.0  # seconds: a busy machine is late, a function that hangs is never back
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


def says(code: int, description: str, **parameters: Any) -> Part:
    """Return the part that refuses a call as Telegram does."""
    return on(http(refusal(code, description, **parameters), f"{code} Whatever"))


# The part that Telegram plays, and what comes of it: status, Retry-After, outcome, number of calls.
FAULTS: dict[str, tuple[Part, int, str | None, str, int]] = {
    "400": (says(400, "Bad Request: chat not found"), 200, None, "refused", 1),
    "401": (says(401, "Unauthorized"), 503, None, "misconfigured", 1),
    "403": (says(403, "Forbidden: bot was kicked"), 200, None, "refused", 1),
    "404": (says(404, "Not Found"), 503, None, "misconfigured", 1),
    "404 method": (says(404, "Not Found: method not found"), 200, None, "refused", 1),
    "413": (says(413, "Request Entity Too Large"), 200, None, "refused", 1),
    "429": (says(429, "Too Many Requests"), 503, None, "throttled", 1),
    "429 for 5 s": (says(429, "Too Many", retry_after=5), 503, "5", "throttled", 1),
    "429 for 0 s": (says(429, "Too Many", retry_after=0), 503, "0", "throttled", 1),
    "429 for -1 s": (says(429, "Too Many", retry_after=-1), 503, None, "throttled", 1),
    "429 for some text": (says(429, "Too Many", retry_after="soon"), 503, None, "throttled", 1),
    "429 for ages": (says(429, "Too Many", retry_after=10**30), 503, "3600", "throttled", 1),
    "moved": (
        on(http(refusal(400, "upgraded", migrate_to_chat_id=-1001), "400 Bad"), http()),
        200,
        None,
        "answered",
        2,
    ),
    "moved, then away": (
        answers_and_closes(
            http(refusal(400, "upgraded", migrate_to_chat_id=-1001), "400 Bad"), b""
        ),
        503,
        None,
        "unreachable",
        2,
    ),
    "500": (says(500, "Internal Server Error"), 503, None, "unreachable", 1),
    "502 with HTML": (on(GATEWAY), 503, None, "unreachable", 1),
    "empty": (on(http(b"")), 503, None, "unreachable", 1),
    "truncated": (
        answers_and_closes(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"ok": tr'),
        503,
        None,
        "unreachable",
        1,
    ),
    "garbage": (on(http(b"\x00\xff\xfe{")), 503, None, "unreachable", 1),
    "no HTTP": (on(b"SSH-2.0-OpenSSH_9.9\r\n"), 503, None, "unreachable", 1),
    "dripping body": (keeps_sending(HEAD, b" ", 0.02), 503, None, "unreachable", 1),
    "dripping body of a length": (
        keeps_sending(HEAD[:-2] + b"Content-Length: 100000\r\n\r\n", b" ", 0.02),
        503,
        None,
        "unreachable",
        1,
    ),
    "dripping head": (keeps_sending(b"HTTP/1.1 200 OK", b"K", 0.02), 503, None, "unreachable", 1),
    "endless body": (keeps_sending(HEAD, b" " * 65536), 503, None, "unreachable", 1),
    "endless head": (
        keeps_sending(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
        503,
        None,
        "unreachable",
        1,
    ),
    "closed after the request": (answers_and_closes(b""), 503, None, "unreachable", 1),
    "reset after the request": (resets_after_request, 503, None, "unreachable", 1),
    "silent for ever": (silent, 503, None, "unreachable", 1),
    "too slow": (slow(0.6), 503, None, "unreachable", 1),
}
LEVELS = {"answered": "INFO", "refused": "WARNING", "throttled": "WARNING"}


@pytest.mark.parametrize(
    ("part", "status", "retry_after", "outcome", "calls"), FAULTS.values(), ids=FAULTS
)
def test_a_fault(
    serve: Serve,
    start: Start,
    part: Part,
    status: int,
    retry_after: str | None,
    outcome: str,
    calls: int,
) -> None:
    peer = serve(part, *[answers_all] * 9)
    container = start(peer.url)
    began = time.monotonic()
    assert container.deliver(message(1), SHORT) == (status, retry_after)
    assert time.monotonic() - began < GENEROUS
    assert len(peer.requests) == calls
    line = container.line
    assert (line["message"], line["outcome"]) == ("update", outcome)
    assert line["level"] == LEVELS.get(outcome, "ERROR")
    if outcome != "answered":
        assert line["error" if outcome == "unreachable" else "refusal"]
    assert container.deliver(message(2), SHORT) == (200, None)
    assert len(peer.requests) == calls + 1


def test_an_answer_that_comes_a_second_late_is_in_time(serve: Serve, start: Start) -> None:
    container = start(serve(slow(1)).url)
    assert container.deliver(message()) == (200, None)
    assert container.line["outcome"] == "answered"
    assert container.log[-1]["milliseconds"] >= 1000


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_refused_connection(start: Start, scheme: str) -> None:
    with unused_port() as port:
        container = start(f"{scheme}://127.0.0.1:{port}")
        assert container.line["message"] == "not ready at start-up"
        assert container.line["level"] == "WARNING"
        assert container.deliver(message()) == (503, None)
    assert container.line["outcome"] == "unreachable"
    assert container.line["error"].startswith("ConnectionRefusedError: ")


def test_a_connection_that_was_closed_meanwhile_is_opened_anew_once(
    serve: Serve, start: Start
) -> None:
    closed = threading.Event()

    def first(peer: Peer, connection: socket.socket) -> None:
        answers_and_closes(http())(peer, connection)
        connection.close()
        closed.set()

    peer = serve(first, answers_all)
    container = start(peer.url)
    assert container.deliver(message(1)) == (200, None)
    assert closed.wait(5)
    assert container.deliver(message(2)) == (200, None)
    assert (peer.connections, len(peer.requests)) == (2, 2)


def test_a_connection_that_is_dead_without_a_sign_costs_one_try(serve: Serve, start: Start) -> None:
    def dies(peer: Peer, connection: socket.socket) -> None:
        peer.read_request(connection)
        connection.sendall(http())
        silent(peer, connection)

    peer = serve(dies, answers_all)
    container = start(peer.url)
    assert container.deliver(message(1)) == (200, None)
    assert container.deliver(message(2), SHORT) == (503, None)
    assert container.deliver(message(2), SHORT) == (200, None)
    assert (peer.connections, len(peer.requests)) == (2, 3)


def test_a_certificate_that_nobody_signed(serve: Serve, start: Start, tls: ssl.SSLContext) -> None:
    peer = serve(answers_all, tls=tls)
    container = start(peer.url)
    assert container.deliver(message()) == (503, None)
    assert container.line["error"].startswith("SSLCertVerificationError: ")
    assert peer.requests == []


def test_a_host_that_speaks_no_tls(serve: Serve, start: Start) -> None:
    def plain(peer: Peer, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.recv(65536)

    container = start(serve(plain).url.replace("http:", "https:"))
    assert container.deliver(message()) == (503, None)
    assert container.line["error"].startswith("SSLError: ")


def test_a_handshake_that_hangs(serve: Serve, start: Start) -> None:
    peer = serve(lambda *_: None, silent)  # at start-up it fails at once
    container = start(peer.url.replace("http:", "https:"))
    began = time.monotonic()
    assert container.deliver(message(), SHORT) == (503, None)
    assert time.monotonic() - began < GENEROUS
    assert peer.connections == 2


def test_a_name_that_is_not_known(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*arguments: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    container = start("https://api.telegram.example")
    assert container.deliver(message()) == (503, None)
    assert container.line["error"].startswith("gaierror: ")


def test_a_name_look_up_that_hangs(
    serve: Serve, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    released, resolve = threading.Event(), socket.getaddrinfo

    def hang(*arguments: Any) -> Any:
        released.wait(10)
        return resolve(*arguments)

    peer = serve(answers_and_closes(http()), answers_all)
    container = start(peer.url)
    container.deliver(message(1))
    before = set(threading.enumerate())
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", hang)
        patch.setattr(container.handler.api.client.connection, "_last_used", 0)
        began = time.monotonic()
        assert container.deliver(message(2), SHORT) == (503, None)
        assert time.monotonic() - began < GENEROUS
    late = set(threading.enumerate()) - before
    assert [thread.daemon for thread in late] == [True]  # it keeps no process from its end
    released.set()
    for thread in late:
        thread.join(5)
    assert container.deliver(message(2)) == (200, None)
    assert len(peer.requests) == 2  # none by the thread that was late


def test_a_proxy_that_wants_other_credentials(serve: Serve, start: Start) -> None:
    peer = serve(answers(http(b"", "407 Proxy Authentication Required")))
    proxy = f"http://bot:{PASSWORD}@localhost:{peer.port}"
    container = start("http://api.telegram.example", TELEGRAM_PROXY=proxy)
    assert container.deliver(message()) == (503, None)
    assert container.line["error"] == "OSError: the proxy opens no tunnel: it answered 407"


def test_no_call_is_made_when_the_time_is_over(serve: Serve, start: Start) -> None:
    peer = serve(answers_all)
    container = start(peer.url)
    assert container.deliver(message(), 900) == (503, None)
    assert container.line["error"] == "no time left"
    assert peer.requests == []


def test_what_telegram_says_can_always_be_logged(serve: Serve, start: Start) -> None:
    peer = serve(answers(http(refusal(400, "half a pair: \ud800"), "400 Bad Request")))
    container = start(peer.url)
    assert container.deliver(message()) == (200, None)
    assert container.line["refusal"] == "sendMessage: 400 half a pair: \\ud800"
