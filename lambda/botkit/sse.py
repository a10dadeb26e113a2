"""Server-sent events of an HTTP API as they come, for example the words of a language model.

    from botkit import sse

    for data in sse.events("https://api.example.com/v1/chat/completions", body, headers):
        …

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterable, Iterator

from . import current
from .deadline import deadline
from .errors import ClientError, TooLong, Unreachable
from .http.connection import Connection
from .types import Json

PAUSE = 1.0  # seconds without an event, after which an empty one comes
LARGEST = 1 << 22  # characters of an event
MOST_TOLD = 300  # characters of a refusal
# Without user and fragment.
URL = re.compile(r'(https?://((?:[\w.-]+|\[[\w.:]+\])(?::\d+)?))(/[!"$-~]*)?', re.ASCII)
NAME = re.compile("[!#$%&'*+.^`|~0-9A-Za-z_-]+")  # of a header
SECRET = 16  # characters: so long a word in a header or in the URL's query may be a key

# A retry may succeed, as after any status from 500 on. Somebody can repair a wrong key or an empty
# account, so no update may be dropped for them. But 403 may be about what a person wrote: retries
# would hold up the chat for a day.
RETRYABLE = (401, 402, 408, 425, 429)

connections: dict[str, Connection] = {}  # by scheme and host


class Event(str):
    """The data of an event. `type` is its name, "message" if the host gave none."""

    type = "message"


def events(url: str, body: Json, headers: dict[str, str] | None = None) -> Iterator[Event]:
    """Post `body` as JSON to a host that answers with an event stream, and yield each event.

    An event is a text, its data. An empty one comes after each second without an event, and for a
    part of the stream that contains none. `url` must be ASCII: percent-encode other characters.
    Spaces around the value of a header are left out. The whole stream has the time that the
    invocation has left. If the iterator is closed early, so is the connection.

    Raises, even after some events, Unreachable if the host doesn't answer, breaks off or refuses
    for now, and ClientError if it refuses, or answers with something else. A stream that isn't in
    chunks may end early without an error: look for its last event. Raises ValueError for a URL or a
    header that can't be sent.
    """
    current.check_rerun()
    found = URL.fullmatch(url)
    if not found:
        raise ValueError("url must be https://host/path, in ASCII, without a user and a fragment")
    origin, host, path = found.groups(default="/")
    own = {name.title(): value.strip() for name, value in (headers or {}).items()}
    for name, value in own.items():
        if not NAME.fullmatch(name):
            raise ValueError("a header's name must have ASCII letters, digits and hyphens only")
        if not (value.isascii() and value.isprintable()):
            raise ValueError(f"the header {name} must contain printable ASCII only")
    connection = connections.setdefault(origin, Connection(origin))
    try:
        yield from events_in(_parts(connection, host, path, json.dumps(body).encode(), own))
    except TooLong:
        raise ClientError("ResponseTooLong", f"{host}: an event must have at most 4 MB") from None


def _parts(
    connection: Connection, host: str, path: str, body: bytes, own: dict[str, str]
) -> Iterator[bytes]:
    """Yield the parts of an event stream as they come. Raises ClientError or Unreachable."""
    from .http import arriving

    headers = {"Accept": "text/event-stream", "Content-Type": "application/json", **own}
    refusal = b""
    for answer in arriving.post(connection, path, body, headers, deadline.left(), PAUSE):
        if answer.status in (0, 200):
            kind, coding = answer.headers.get_content_type(), answer.headers["Content-Encoding"]
            if answer.status and (kind != "text/event-stream" or coding):
                text = f"{host}: the answer must be an event stream, not {kind} {coding or ''}"
                raise ClientError("InvalidEventStream", text.rstrip())
            yield answer.body
        else:
            refusal += answer.body
    if answer.status != 200:
        query = re.split("[=&]", path.partition("?")[2])
        raise _failure(host, answer.status, refusal, [*query, *" ".join(own.values()).split()])


def _failure(host: str, status: int, refusal: bytes, words: list[str]) -> Exception:
    """Return the error for a refusal: the host's text, with the bot's keys cut out.

    `words` are those of the headers and of the URL's query, which may be keys.
    """
    text = " ".join(refusal.decode(errors="replace").split())
    for word in words:
        if len(word) >= SECRET:
            text = text.replace(word, "…")
    text = f"{host}: HTTP {status}: {text[:MOST_TOLD]}"
    if status < 200 or status >= 500:
        return Unreachable(f"{host}: HTTP {status}")
    return Unreachable(text) if status in RETRYABLE else ClientError(f"{status}", text)


def events_in(parts: Iterable[bytes]) -> Iterator[Event]:
    """Yield the events in the parts of a stream, and an empty one for each part without any.

    Invalid UTF-8 is replaced, and an unfinished event at the end is left out.
    """
    utf_8 = codecs.getincrementaldecoder("utf-8-sig")("replace")  # without a BOM
    decoder = io.IncrementalNewlineDecoder(utf_8, translate=True)
    rest, last = io.StringIO(), ""  # an unfinished event, and its last character
    for part in parts:
        text = decoder.decode(part)
        rest.write(text)
        blocks = [""]
        # Look only at what is new: a large event may come in many small parts.
        if "\n\n" in last + text:
            *blocks, end = rest.getvalue().split("\n\n")
            rest = io.StringIO()
            rest.write(end)
        last = text[-1:] or last
        if rest.tell() > LARGEST:
            raise TooLong("an event is too long")
        yield from map(_event, blocks or [""])


def _event(block: str) -> Event:
    """Return the event in some lines, an empty one if they have no data."""
    data, kind = [], ""
    for line in block.split("\n"):
        name, _, value = line.partition(":")  # a comment has no name
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "event":
            kind = value
    event = Event("\n".join(data))
    event.type = kind or "message"
    return event
