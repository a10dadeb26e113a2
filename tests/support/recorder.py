"""Requests of Terraform to the emulated AWS, on their way through this process."""

from __future__ import annotations

import http.client
import re
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple

from telegram_bot_aws.local.http_server import LocalServer


class Request(NamedTuple):
    """A request that Terraform made to AWS."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def service(self):
        """The service that it was signed for."""
        match = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", self.headers["Authorization"])
        assert match
        return match[1]

    @property
    def kind(self):
        """All that says which action it needs."""
        named = re.search(rb"Action=\w+", self.body)
        target = self.headers.get("X-Amz-Target", named[0].decode() if named else "")
        return (self.service, self.method, self.path, target)


class Recorder(LocalServer):
    """Hands requests on to the emulated AWS as they are, and notes them."""

    def __init__(self, aws):
        self.aws = aws
        self.requests = []
        super().__init__(_Handler)

    def send(self, request):
        connection = http.client.HTTPConnection("127.0.0.1", self.aws.port, timeout=300)
        try:
            connection.request(*request[:2], request.body, request.headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are written together: a busy provider may close the connection in between, and
    # repeat the request.
    wbufsize = -1
    server: Recorder

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path, dict(self.headers.items()), body)
        self.server.requests.append(request)
        status, headers, data = self.server.send(request)
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_DELETE = do_GET = do_PATCH = do_PUT = do_POST

    def log_message(self, *arguments):
        pass
