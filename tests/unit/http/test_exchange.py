"""exchange.py: reads and writes of http.client end in time and in size. Over a socket pair."""

import socket
import sys
import threading

import pytest
from botkit.deadline import Deadline

from tests.support.stubs import load, unreachable


@pytest.fixture
def module():
    return load("botkit.http.exchange")


def test_after_the_deadline_nothing_is_sent_or_read(module):
    near, far = socket.socketpair()
    with near, far:
        far.sendall(b"HTTP/1.1 200 OK\r\n")
        stream = module.Stream(near, Deadline(0), 0)
        with pytest.raises(TimeoutError, match="^no time left$"):
            stream.makefile("rb").readline()
        with pytest.raises(TimeoutError, match="^no time left$"):
            stream.sendall(b"GET")
            stream.readinto(bytearray(9))
        far.setblocking(False)
        with pytest.raises(BlockingIOError):
            far.recv(1)


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no SOCK_SEQPACKET")
def test_a_head_and_a_short_body_are_sent_together(module):
    near, far = socket.socketpair(type=socket.SOCK_SEQPACKET)  # keeps the packets apart
    with near, far:
        stream = module.Stream(near, Deadline(60), 0)
        stream.sendall(b"POST")
        stream.sendall(b"{}")
        far.sendall(b"HTTP/1.1 200 OK\r\n")
        stream.makefile("rb").readline()
        assert far.recv(100) == b"POST{}"
        stream.sendall(bytes(16384))
        stream.sendall(b"x")  # as long as this, it isn't collected any more
        assert len(far.recv(20_000)) == 16385


def test_no_time_is_left_at_the_deadline():
    assert Deadline(0.5, lambda: 5.0).timeout() == 0.5
    with pytest.raises(TimeoutError):
        Deadline(0, lambda: 5.0).timeout()


@pytest.mark.parametrize("more", [0, 1], ids=["the most allowed", "a byte more"])
def test_an_answer_has_a_largest_size(module, more):
    limit = 5  # and 1 MB for all but the body
    size = limit + (1 << 20) + more
    near, far = socket.socketpair()
    with near, far:
        thread = threading.Thread(target=far.sendall, args=(b" " * size,), daemon=True)
        thread.start()
        file = module.Stream(near, Deadline(60), limit).makefile("rb")
        if more:
            with pytest.raises(unreachable(), match="^the response is too long$"):
                file.read(size)
        else:
            assert len(file.read(size)) == size
        thread.join(60)
