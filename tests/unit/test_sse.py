"""sse.py: events of a host's stream are read while they arrive. Over real sockets."""

from __future__ import annotations

import gc
import importlib
import io
import json
import threading
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.stubs import (
    Peer,
    Serve,
    answers,
    answers_all,
    answers_and_closes,
    close,
    http,
    keeps_sending,
    load,
)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
KEY = "sk-planted-key_AAAAAAAAAAAA"
HEADERS = {"authorization": f"Bearer {KEY}\n", "X-Version": "2023-06-01"}


@pytest.fixture
def sse() -> Iterator[Any]:
    """The module, with 60 seconds."""
    sse = load("botkit.sse")
    sse.deadline.start(60)
    yield sse
    for connection in sse.connections.values():
        close(connection)


def chunked(*chunks: bytes) -> bytes:
    """Return a whole response that comes in chunks."""
    return CHUNKED + b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in (*chunks, b""))


def asked(sse: Any, url: str, path: str = "/v1/chat?stream=1") -> Iterator[Any]:
    return iter(sse.events(url + path, {"stream": True}, HEADERS))


def texts(events: Iterator[Any]) -> list[str]:
    """Return the data of the events, without the empty ones."""
    return [data for data in events if data]


# What a host sends, and the types and data of the events in it, as the standard has them:
# https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
STREAMS: dict[str, tuple[bytes, list[tuple[str, str]]]] = {
    "one line": (b"data: a\n\n", [("message", "a")]),
    "several lines": (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("message", "YHOO\n+2\n10")]),
    "no space": (b"data:a\n\ndata: a\n\n", [("message", "a"), ("message", "a")]),
    "two spaces": (b"data:  a\n\n", [("message", " a")]),
    "a colon": (b"data: a: b\n\n", [("message", "a: b")]),
    "CR LF": (b"event: x\r\ndata: a\r\ndata: b\r\n\r\n", [("x", "a\nb")]),
    "CR": (b"data: a\rdata: b\r\rdata: c\r\r:\r", [("message", "a\nb"), ("message", "c")]),
    "a comment": (b": test stream\n\ndata: a\n:ping\ndata: b\n\n", [("message", "a\nb")]),
    "a type": (b"event: add\ndata: 7\n\ndata: 8\n\n", [("add", "7"), ("message", "8")]),
    "a type without data": (b"event: add\n\ndata: 8\n\n", [("message", "8")]),
    "other fields": (b"id: 1\nretry: 9\nDATA: x\nother\ndata: a\n\n", [("message", "a")]),
    "blank lines": (b"\n\n\ndata: a\n\n\n\n\ndata: b\n\n", [("message", "a"), ("message", "b")]),
    "a BOM": (b"\xef\xbb\xbfdata: a\n\n", [("message", "a")]),
    "a second BOM": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [("message", "b")]),
    "no UTF-8": (b"data: a\xffb\xf0\x9f\n\n", [("message", "a\N{REPLACEMENT CHARACTER}b\ufffd")]),
    "an emoji": ("data: 🦊\n\n".encode(), [("message", "🦊")]),
    "another line end": ("data: a\u2028b\x0bc\n\n".encode(), [("message", "a\u2028b\x0bc")]),
    "half an event": (b"data: a\n\ndata: b\n", [("message", "a")]),
    "no data": (b"data\n\ndata\ndata\n\n", [("message", "\n")]),
    "nothing": (b"", []),
}


@pytest.mark.parametrize(("stream", "events"), STREAMS.values(), ids=STREAMS)
def test_events_are_those_of_the_standard_however_they_are_cut(
    sse: Any, stream: bytes, events: list[tuple[str, str]]
) -> None:
    for size in range(1, len(stream) + 2):
        parts = (stream[at : at + size] for at in range(0, len(stream), size))
        assert [(event.type, event) for event in sse.events_in(parts) if event] == events


def test_events_arrive_one_by_one(serve: Serve, sse: Any) -> None:
    may_go_on = threading.Event()

    def stream(peer: Peer, connection: Any) -> None:
        peer.read_request(connection)
        connection.sendall(CHUNKED + b"9\r\ndata: a\n\n\r\n")
        assert may_go_on.wait(60)
        connection.sendall(b"14\r\nevent: end\ndata: b\n\n\r\n0\r\n\r\n")
        answers_all(peer, connection)

    peer = serve(stream)
    events = asked(sse, peer.url)
    assert "a" in events
    may_go_on.set()
    [last] = [event for event in events if event]
    assert (last, last.type) == ("b", "end")
    head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    assert json.loads(body) == {"stream": True}
    first, *fields = head.decode().split("\r\n")
    assert first == "POST /v1/chat?stream=1 HTTP/1.1"
    assert {
        "Accept: text/event-stream",
        "Accept-Encoding: identity",
        f"Authorization: Bearer {KEY}",
        "Content-Type: application/json",
        f"Host: localhost:{peer.port}",
        "X-Version: 2023-06-01",
    } <= {*fields}


def test_the_connection_is_kept_for_the_next_request(serve: Serve, sse: Any) -> None:
    peer = serve(answers(chunked(b"data: a\n\n"), chunked(b"data: b\n\n")))
    assert [texts(asked(sse, peer.url)), texts(asked(sse, peer.url, ""))] == [["a"], ["b"]]
    assert peer.connections == 1
    assert peer.requests[1].startswith(b"POST / HTTP/1.1\r\n")


def test_an_event_is_empty_while_none_comes(
    serve: Serve, sse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while comments come, since the answer may be stopped meanwhile."""
    heard = [threading.Event() for _ in range(3)]

    def stream(peer: Peer, connection: Any) -> None:
        peer.read_request(connection)
        for event, data in zip(
            heard, (CHUNKED, b"8\r\n: ping\n\n\r\n", b"9\r\ndata: a\n\n\r\n0\r\n\r\n"), strict=True
        ):
            assert event.wait(60)
            connection.sendall(data)

    assert sse.PAUSE == 1.0, "as events() says"
    monkeypatch.setattr(sse, "PAUSE", 0.01)
    events = asked(sse, serve(stream).url)
    for event in heard:
        assert [next(events), next(events)] == ["", ""]
        event.set()
    assert texts(events) == ["a"]


# A body that isn't in chunks has a length, or ends with the connection.
@pytest.mark.parametrize(
    "head",
    [HEAD + b"Content-Length: 18\r\n\r\n", HEAD.replace(b"1.1", b"1.0") + b"\r\n"],
    ids=["a length", "no length"],
)
def test_a_stream_may_come_without_chunks(
    serve: Serve, sse: Any, monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    may_go_on = threading.Event()

    def stream(peer: Peer, connection: Any) -> None:
        peer.read_request(connection)
        connection.sendall(head + b"data: a\n\n")
        assert may_go_on.wait(60)
        connection.sendall(b"data: b\n\n")

    monkeypatch.setattr(sse, "PAUSE", 0.01)
    events = asked(sse, serve(stream).url)
    assert "a" in events
    assert next(events) == ""
    may_go_on.set()
    assert texts(events) == ["b"]


def test_two_streams_of_a_host_keep_one_connection(serve: Serve, sse: Any) -> None:
    peer = serve(answers(chunked(b"data: a\n\n", b"data: b\n\n")))
    first, second = (filter(None, asked(sse, peer.url)) for _ in range(2))
    assert [next(first), next(second), next(first), next(second)] == ["a", "a", "b", "b"]
    assert [*first, *second] == []
    gc.collect()  # a socket that is left open would warn
    assert peer.connections == 2


def test_who_closes_early_closes_the_connection(serve: Serve, sse: Any) -> None:
    peer = serve(keeps_sending(CHUNKED, b"9\r\ndata: a\n\n\r\n"))
    events: Any = asked(sse, peer.url)
    assert "a" in events
    events.close()
    assert all(connection._kept is None for connection in sse.connections.values())


REFUSED = {"error": {"message": f"Wrong:\n key {KEY}."}}
TOLD = r'{"error": {"message": "Wrong:\n key …."}}'
FAILURES: dict[str, tuple[bytes, int, str, str]] = {
    "refused": (http(REFUSED, "400 No"), 0, "ClientError", "400: HOST: HTTP 400: " + TOLD),
    "no such model": (http(b"", "404 No"), 0, "ClientError", "404: HOST: HTTP 404: "),
    "elsewhere": (http(b"", "307 No", "Location: /"), 0, "ClientError", "307: HOST: HTTP 307: "),
    "no content": (http(b"", "204 No"), 0, "ClientError", "204: HOST: HTTP 204: "),
    "long": (http(b"x" * 999, "400 No"), 0, "ClientError", "400: HOST: HTTP 400: " + "x" * 300),
    "a wrong key": (http(REFUSED, "401 No"), 0, "Unreachable", "HOST: HTTP 401: " + TOLD),
    "a flagged text": (http({}, "403 No"), 0, "ClientError", "403: HOST: HTTP 403: {}"),
    "too often": (http(REFUSED, "429 No"), 0, "Unreachable", "HOST: HTTP 429: " + TOLD),
    "overloaded": (http(REFUSED, "529 No"), 0, "Unreachable", "HOST: HTTP 529"),
    "nothing final": (b"HTTP/1.1 199 Wait\r\n\r\n", 0, "Unreachable", "HOST: HTTP 199"),
    "JSON": (
        *(http({}, "200 OK", "Content-Type: application/json"), 0, "ClientError"),
        "InvalidEventStream: HOST: the answer must be an event stream, not application/json",
    ),
    "compressed": (
        *(chunked(b"?").replace(b"\r\n", b"\r\nContent-Encoding: gzip\r\n", 1), 0, "ClientError"),
        "InvalidEventStream: HOST: the answer must be an event stream, not text/event-stream gzip",
    ),
    "cut": (
        *(chunked(b"data: a\n\n")[:-5], 1, "Unreachable"),
        "ConnectionError: the response is incomplete",
    ),
    "cut before its length": (
        *(HEAD + b"Content-Length: 1000000000000000000\r\n\r\ndata: a\n\n", 1, "Unreachable"),
        "ConnectionError: the response is incomplete",
    ),
    "a chunk without end": (
        *(CHUNKED + b"600000\r\n" + b"a" * (6 << 20), 0, "ClientError"),
        "ResponseTooLong: HOST: an event must have at most 4 MB",
    ),
    "a line without end": (
        *(chunked(b"data: a\n\n", *[b"a" * (1 << 20)] * 5), 1, "ClientError"),
        "ResponseTooLong: HOST: an event must have at most 4 MB",
    ),
    "comments without end": (
        *(chunked(*[b":\n" * (1 << 19)] * 5), 0, "ClientError"),
        "ResponseTooLong: HOST: an event must have at most 4 MB",
    ),
}


@pytest.mark.parametrize(("answer", "count", "kind", "text"), FAILURES.values(), ids=FAILURES)
def test_a_stream_may_fail_at_once_or_later(
    serve: Serve, sse: Any, answer: bytes, count: int, kind: str, text: str
) -> None:
    peer = serve(answers_and_closes(answer))
    seen = []
    with pytest.raises(getattr(sse, kind)) as caught:
        for event in asked(sse, peer.url):
            seen += [event] if event else []
    assert type(caught.value).__name__ == kind
    assert str(caught.value) == text.replace("HOST", f"localhost:{peer.port}")
    assert len(seen) == count
    told = "".join(traceback.format_exception(caught.value))
    assert KEY not in told and "/v1/chat" not in told


def test_an_error_doesnt_quote_a_key_of_the_url(serve: Serve, sse: Any) -> None:
    answer = http(b"Consumer 'api_key:%b' of /v1/chat" % KEY.encode(), "400 No")
    events = asked(sse, serve(answers_and_closes(answer)).url, f"/v1/chat?alt=sse&key={KEY}")
    with pytest.raises(sse.ClientError, match="HTTP 400: Consumer 'api_key:…' of /v1/chat$"):
        next(filter(None, events))


def test_an_event_is_put_together_once_however_many_parts_it_has(
    sse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a host that sends it byte by byte would cost the square of its length."""
    read: list[str] = []

    class Counted(io.StringIO):
        def getvalue(self) -> str:
            read.append(super().getvalue())
            return read[-1]

    monkeypatch.setattr(sse.io, "StringIO", Counted)
    assert texts(sse.events_in(bytes([each]) for each in b"data: ab\ndata: cd\n\n")) == ["ab\ncd"]
    assert read == ["data: ab\ndata: cd\n\n"]


def test_any_number_of_events_may_come(serve: Serve, sse: Any) -> None:
    event = b"data: " + b"x" * 1000 + b"\n\n"
    count = (6 << 20) // len(event)
    assert len(texts(asked(sse, serve(answers(chunked(*[event] * count))).url))) == count


@pytest.mark.parametrize(
    "piece",
    [b"", b"1\r\na\r\n", b"2\r\n:\n\r\n", b"1\r\n\n\r\n"],
    ids=["silence", "a line", "comments", "blank lines"],
)
def test_a_host_that_never_ends_doesnt_outlast_the_deadline(
    serve: Serve, sse: Any, piece: bytes
) -> None:
    peer = serve(keeps_sending(CHUNKED, piece, 0.01))
    sse.deadline.start(0.2)
    with pytest.raises(sse.Unreachable, match="^TimeoutError|^no time left$"):
        texts(asked(sse, peer.url))
    sse.deadline.start(0)
    with pytest.raises(sse.Unreachable, match="^no time left$"):
        next(asked(sse, "http://127.0.0.1:1"))


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("ftp://host/v1", {}),
        ("host/v1", {}),
        ("https:///v1", {}),
        ("https://user:password@host/v1", {}),
        ("https://host/v1#top", {}),
        ("https://host/v1 2", {}),
        ("https://host/v1\n", {}),
        ("https://hôst/v1", {}),
        ("https://host/é", {}),
        ("https://host:é/", {}),
        ("https://host:port/", {}),
        ("https://a:b:1/", {}),
        ("https://host/", {"X-Clé": "a"}),
        ("https://host/", {"X Key: b": "a"}),
        ("https://host/", {"": "a"}),
        ("https://host/", {"X-Key": "a\nb"}),
        ("https://host/", {"X-Key": "é"}),
    ],
    ids=repr,
)
def test_what_cant_be_sent_is_an_error_that_quotes_nothing(
    sse: Any, url: str, headers: dict[str, str]
) -> None:
    with pytest.raises(ValueError) as caught:
        next(iter(sse.events(url, {}, headers)))
    assert not {"password", "é", "b"} & set(str(caught.value).split())
    assert sse.connections == {}


def test_a_dialogue_that_runs_again_asks_nobody(sse: Any) -> None:
    importlib.import_module("botkit.current").asking.rerun = []
    with pytest.raises(ValueError, match="runs again"):
        next(asked(sse, "http://127.0.0.1:1"))


@given(st.lists(st.sampled_from([b"data: a", b"\n", b"\r", b"\r\n", b":", b"\xf0", b"event:b"])))
def test_anything_can_be_read(stream: list[bytes]) -> None:
    sse = importlib.import_module("botkit.sse")
    whole = list(filter(None, sse.events_in([b"".join(stream) + b":"])))
    assert list(filter(None, sse.events_in([*stream, b":"]))) == whole
