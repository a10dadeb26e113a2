"""aws_server.py: how the emulated AWS sends its answers."""

from __future__ import annotations

import h11
from emulators.aws_server import Connection


def test_an_answers_head_waits_for_what_follows_it() -> None:
    connection = Connection(h11.SERVER)
    for _ in range(2):
        connection.receive_data(b"GET / HTTP/1.1\r\nHost: aws\r\n\r\n")
        while connection.next_event() != h11.EndOfMessage():
            pass
        assert connection.send(h11.Response(status_code=200, headers=[])) == b""
        sent = connection.send(h11.Data(data=b"a"))
        assert sent.startswith(b"HTTP/1.1 200 ") and sent.endswith(b"a\r\n")
        assert b"HTTP" not in connection.send(h11.Data(data=b"b"))
        connection.send(h11.EndOfMessage())
        connection.start_next_cycle()
