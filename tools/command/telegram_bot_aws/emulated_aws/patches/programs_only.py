"""Only programs on this machine are answered.

MiniStack also answers any web page in a browser here, which could make functions and run them.
"""

from __future__ import annotations

import re
from typing import Any

# Names that mean this machine, which no public name does: none ends with a number. The provider
# puts the account before the address when it asks for a bucket's tags.
THIS_MACHINE = re.compile(rb"(([0-9]{12}\.)?127\.0\.0\.1|([\w-]+\.)*localhost)(:[0-9]+)?")
API = re.compile(rb"[0-9a-f]{8}\.execute-api\.localhost(:[0-9]+)?")
PAGE = re.compile(r"/app(/|$)")


def for_programs(app: Any) -> Any:
    """Return MiniStack's ASGI application, which refuses what a web page sends."""

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan" or is_from_a_program(scope):
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            body = b'{"message":"this AWS is for programs on this machine only"}'
            headers = [
                (b"content-type", b"application/json"),
                (b"content-length", f"{len(body)}".encode()),
            ]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    return guarded


def is_from_a_program(scope: Any) -> bool:
    """Tell whether a request comes from a program, or is for a bot's page, which anyone may ask.

    The demo passes a page's requests on with its headers. Behind another name, which a web page's
    server has led to this machine, a browser would take this server for the web page's own.
    """
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"")
    if API.fullmatch(host) and PAGE.match(scope["path"]):
        return True
    is_navigation = headers.get(b"sec-fetch-site", b"none") == b"none"
    return bool(THIS_MACHINE.fullmatch(host)) and b"origin" not in headers and is_navigation


def apply() -> None:
    """Have MiniStack refuse the others."""
    from ministack import app as server

    server.app = for_programs(server.app)
