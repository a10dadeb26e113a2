"""A fault of Telegram's and one of the machine's: the update waits, and the next is answered.

Each kind of fault is tested in tests/unit, where it arises.
"""

import resource
import threading

from tests.support.stubs import (
    answers_all,
    answers_and_closes,
    http,
    message,
    resets_after_request,
)


def logged(outcome, update_id):
    """Return the log line of an update."""
    return {
        "level": "INFO" if outcome == "answered" else "ERROR",
        "logger": "botkit",
        "message": "update",
        "update_id": update_id,
        "update_type": "message",
        "methods": ["sendMessage"],
        "outcome": outcome,
    }


def fails(container, error, update_id=1):
    """Deliver an update, and check that it waits, and that the log says why."""
    assert container.deliver(message(update_id)) == (503, None)
    line = container.line
    assert line.pop("error").startswith(error)
    assert line == logged("unreachable", update_id)


def is_served(container, update_id=2):
    """Deliver an update, and check that it is answered after any earlier failure."""
    assert container.deliver(message(update_id)) == (200, None)
    assert container.line == logged("answered", update_id)


def test_no_file_descriptor_is_left(serve, start):
    closed = threading.Event()

    def answers_and_reports_its_close(peer, connection):
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
