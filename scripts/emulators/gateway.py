"""API Gateway with the routes of the webhook and the page, emulated by a local HTTP server."""

from __future__ import annotations

import base64
import contextlib
import itertools
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

from local.events import app_event, webhook_event

from emulators.local_server import LocalServer

JSON = {"Content-Type": "application/json"}
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
LARGEST_REQUEST = 10 << 20  # bytes


class Gateway(LocalServer):
    """The HTTP API, on a free port of the loopback interface until the `with` block ends.

    `invoke` is called with each request's event, and returns what the function does. The answer's
    `apigw-requestid` is the event's `requestId`.
    """

    request_queue_size = 512  # as many chats may write at once

    def __init__(self, invoke: Callable[[Any], Any]) -> None:
        self.invoke = invoke
        self.numbers = itertools.count(1)
        super().__init__(("127.0.0.1", 0), _Request)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.webhook_url = f"{self.url}/telegram"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __exit__(self, *exception: object) -> None:
        self.shutdown()
        self.server_close()


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Gateway

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not re.fullmatch("[0-9]{1,15}", length, re.ASCII):
            self.close_connection = True  # what follows can't be told from another request
            self._answer(400, JSON, b'{"message":"Bad Request"}')
            return
        if int(length) > LARGEST_REQUEST:
            self.close_connection = True
            self._answer(413, JSON, b'{"message":"Request Too Long"}')
            return
        body = self.rfile.read(int(length))
        request_id = f"local-{next(self.server.numbers)}"
        path, _, query = self.path.partition("?")
        headers = dict(self.headers)
        if self.command == "POST" and self.path == "/telegram":
            event = webhook_event(body.decode(errors="replace"), headers, request_id)
        elif re.match("/app(/|$)", path):
            event = app_event(self.command, path, query, headers, body, request_id)
        else:
            self._answer(404, JSON, b'{"message":"Not Found"}')
            return
        result = self.server.invoke(event)
        if not isinstance(result, dict) or "statusCode" not in result:
            result = {"statusCode": 500, "body": '{"message":"Internal Server Error"}'}
        headers = {**result.get("headers", {}), "apigw-requestid": request_id}
        data = result.get("body", "").encode()
        if result.get("isBase64Encoded"):
            data = base64.b64decode(data)
        self._answer(result["statusCode"], headers, data)

    do_DELETE = do_GET = do_HEAD = do_OPTIONS = do_PATCH = do_PUT = do_POST

    def _answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
        with contextlib.suppress(OSError):
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""
