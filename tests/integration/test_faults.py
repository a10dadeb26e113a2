"""Faults of Telegram over a socket: the function answers in time, and serves the next update.

Each kind of fault is tested in tests/unit, where it arises. This is what becomes of one in all.
"""

from __future__ import annotations

import resource
import socket
import threading
import time
from typing import Any

import pytest

from tests.conftest import Serve, Start
from tests.support.stubs import (
    Container,
    Part,
    Peer,
    answers,
    answers_all,
    answers_and_closes,
    http,
    message,
    resets_after_request,
    silent,
    ticking,
)

SHORT = 2_000  # milliseconds that the function has left; it reserves one second
GENEROUS = 15.0  # seconds, for a busy machine; a function that ignores SHORT takes 24


def logged(outcome: str, update_id: int) -> dict[str, Any]:
    """Return the log line of an update."""
    return {
        "level": "INFO" if outcome == "answered" else "ERROR",
        "logger": "botkit",
        "message": "update",
        "update_id": update_id,
        "kind": "message",
        "methods": ["sendMessage"],
        "outcome": outcome,
    }


def fails(container: Container, error: str, update_id: int = 1) -> None:
    """Deliver an update, and check that it waits, and that the log says why."""
    assert container.deliver(message(update_id), SHORT) == (503, None)
    line = container.line
    assert line.pop("error").startswith(error)
    assert line == logged("unreachable", update_id)


def is_served(container: Container, update_id: int = 2) -> None:
    """Deliver an update, and check that it is answered, whatever happened before."""
    assert container.deliver(message(update_id)) == (200, None)
    assert container.line == logged("answered", update_id)


FAULTS: dict[str, tuple[Part, str]] = {
    "no answer of the Bot API": (
        answers(http(b"<html>Bad Gateway", "502 Bad Gateway"), http()),
        "sendMessage: HTTP 502, and no answer from the Bot API",
    ),
    "reset after the request": (resets_after_request, "ConnectionResetError: "),
    "silent for ever": (silent, "TimeoutError: "),
}


@pytest.mark.parametrize(("part", "error"), FAULTS.values(), ids=FAULTS)
def test_a_fault(serve: Serve, start: Start, part: Part, error: str) -> None:
    peer = serve(part, answers_all)
    container = start(peer.url)
    began = time.monotonic()
    with ticking():  # what is silent would never end by itself
        fails(container, error)
    assert time.monotonic() - began < GENEROUS
    assert len(peer.requests) == 1
    is_served(container)
    assert len(peer.requests) == 2


def test_a_refused_connection(serve: Serve, start: Start) -> None:
    peer = serve(answers_all, listens=False)
    container = start(f"http://127.0.0.1:{peer.port}")
    line = container.line
    assert line.pop("error").startswith("ConnectionRefusedError: ")
    assert line == {"level": "WARNING", "logger": "botkit", "message": "not ready at start-up"}
    fails(container, "ConnectionRefusedError: ")
    peer.listen()
    is_served(container)
    assert (peer.connections, len(peer.requests)) == (1, 1)


def test_no_file_descriptor_is_left(serve: Serve, start: Start) -> None:
    closed = threading.Event()

    def answers_and_reports_its_close(peer: Peer, connection: socket.socket) -> None:
        answers_and_closes(http())(peer, connection)
        connection.close()
        closed.set()

    peer = serve(resets_after_request, answers_and_reports_its_close, answers_all)
    container = start(peer.url.replace("localhost", "127.0.0.1"))
    fails(container, "ConnectionResetError: ")  # imports what a failure needs
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
