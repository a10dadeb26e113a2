"""Requests of Terraform to the emulated AWS, on their way through this process."""

import contextlib
import http.client
import re
from collections import namedtuple

from telegram_bot_aws.local.http_server import MAX_REQUEST_BYTES, LocalRequest
from telegram_stand_in import LocalServer


class Request(namedtuple("Request", ["method", "path", "headers", "body"])):
    """A request that Terraform made to AWS."""

    @property
    def service(self):
        """The service that it was signed for."""
        return re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", self.headers["Authorization"])[1]

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

    def send(self, given):
        method, path, headers, body = given
        connection = http.client.HTTPConnection("127.0.0.1", self.aws.port)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()


class _Handler(LocalRequest):
    # Head and body are written together: a busy provider may close the connection in between, and
    # repeat the request.
    wbufsize = -1

    def do_POST(self):
        body = self.body(MAX_REQUEST_BYTES)
        given = Request(self.command, self.path, dict(self.headers.items()), body)
        self.server.requests.append(given)
        status, headers, data = self.server.send(given)
        about = {"connection", "content-length", "date", "server", "transfer-encoding"}
        self.respond(status, [each for each in headers if each[0].lower() not in about], data)

    do_DELETE = do_GET = do_PATCH = do_PUT = do_POST
