"""API Gateway with the routes of the webhook and the page, emulated by a local HTTP server."""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Callable
from typing import Any

from telegram_stand_in import LocalServer

from telegram_bot_aws.local.events import app_event, webhook_event
from telegram_bot_aws.local.http_server import MAX_REQUEST_BYTES, LocalRequest

JSON = [("Content-Type", "application/json")]
FRAMES = re.compile(r"frame-ancestors[^;]*")


class Gateway(LocalServer):
    """The HTTP API. `invoke` gets the event of each request, and returns the function's result.

    The header `apigw-requestid` of an answer is the event's `requestId`. With a `chat`, there is
    only the page, for browsers on this machine, and that origin may show it in a frame, as
    Telegram's web clients may on AWS.
    """

    request_queue_size = 512  # as many chats may write at once

    def __init__(self, invoke: Callable[[Any], Any], chat: str = "") -> None:
        self.invoke = invoke
        self.chat = chat
        self.numbers = itertools.count(1)
        super().__init__(_Request)
        self.webhook_url = f"{self.url}/telegram"


class _Request(LocalRequest):
    server: Gateway

    def do_POST(self) -> None:
        body = self.body(MAX_REQUEST_BYTES)
        if body is None:
            self.respond(413, JSON, b'{"message":"Request Too Long"}')
            return
        chat = self.server.chat
        if chat and not self.is_from_here(opened=True):
            self.respond(403, JSON, b'{"message":"this page is for this machine only"}')
            return
        request_id = f"local-{next(self.server.numbers)}"
        path, _, query = self.path.partition("?")
        headers = dict(self.headers)
        if self.command == "POST" and self.path == "/telegram" and not chat:
            event = webhook_event(body.decode(errors="replace"), headers, request_id)
        elif path.startswith("/app/"):
            event = app_event(self.command, path, query, headers, body, request_id)
        else:
            self.respond(404, JSON, b'{"message":"Not Found"}')
            return
        result = self.server.invoke(event)
        if not isinstance(result, dict) or "statusCode" not in result:
            result = {"statusCode": 500, "body": '{"message":"Internal Server Error"}'}
        answered = {**result.get("headers", {}), "apigw-requestid": request_id}
        if chat:
            frames = f"frame-ancestors 'self' {chat}"
            answered = {name: FRAMES.sub(frames, value) for name, value in answered.items()}
        data = result.get("body", "").encode()
        if result.get("isBase64Encoded"):
            data = base64.b64decode(data)
        self.respond(result["statusCode"], answered.items(), data)

    do_DELETE = do_GET = do_HEAD = do_OPTIONS = do_PATCH = do_PUT = do_POST
