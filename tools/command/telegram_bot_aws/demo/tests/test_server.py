"""server.py: what the server makes of requests that its page would never send."""

import json
import socket
import struct
import threading

import pytest
from telegram_stand_in import Telegram, post

from telegram_bot_aws.demo.chat import Chat
from telegram_bot_aws.demo.server import MAX_REQUEST, PageServer
from tests.support.telegram import TOKEN


@pytest.fixture
def page():
    with PageServer(Chat(Telegram(TOKEN))) as page:
        yield page


def answer_to(page, length, body=""):
    """Post JSON with any Content-Length, and return the raw response."""
    head = (
        f"POST /send HTTP/1.1\r\nHost: 127.0.0.1:{page.server_port}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    with socket.create_connection(("127.0.0.1", page.server_port), timeout=60) as connection:
        connection.sendall(head.encode("latin-1"))
        with connection.makefile("rb") as answer:
            return answer.read()


def test_wrong_length_of_a_request_is_refused(page):
    for length in ("", "-1", "abc", "²", "9" * 5000, f"{MAX_REQUEST + 1}"):
        assert answer_to(page, length).startswith(b"HTTP/1.1 413 "), length


def test_an_invalid_action_is_refused(page):
    for body in ("", "1e999", "[" * 90_000, '{"text": 1e999}', "[1]"):
        assert answer_to(page, f"{len(body)}", body).startswith(b"HTTP/1.1 400 "), body[:20]


def test_other_sites_are_turned_away(page):
    body = json.dumps({"chat": "ada", "kind": "text", "text": "hello"}).encode()
    for changed, status in (
        ({"Host": "evil.example"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Content-Type": "text/plain"}, 403),
        ({}, 200),
    ):
        sent = {"Content-Type": "application/json", **changed}
        assert post(f"{page.url}/send", sent, body)[0] == status, changed
    assert post(f"{page.url}/bots", sent, body)[0] == 404  # no action, though the chat's method


def test_a_browser_that_leaves_is_forgotten(page, capfd):
    others = set(threading.enumerate())
    for sent in (b"", b"POST /send", b"GET /events HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", page.server_port)) as connection:
            connection.sendall(sent)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert answer_to(page, "2", "{}").startswith(b"HTTP/1.1 400 ")
    page.chat.feed.end()
    for thread in set(threading.enumerate()) - others:
        if "process_request_thread" in thread.name:
            thread.join(60)
    assert "Traceback" not in "".join(capfd.readouterr())
