"""A fake Bot API over TLS, with its own CA. It is also DynamoDB.

It checks nothing and answers at once, with the certificates that a function expects of Telegram.
"""

from __future__ import annotations

import json
import socket
import ssl
from typing import Any

from telegram_bot_aws.local.http_server import LocalRequest
from telegram_stand_in import LocalServer
from trustme import CA, KeyType

# The name of the root, as the function expects it of Telegram and of AWS.
ROOT = "Go Daddy Root Certificate Authority - G2, Amazon Root CA 1"

USER = {"id": 1, "is_bot": True, "first_name": "Echo", "username": "echo_bot"}
MESSAGE = {"message_id": 2, "date": 1, "chat": {"id": 1, "type": "private"}, "text": "hello"}


class FakeBotApi(LocalServer):
    """A running fake. `calls` counts those of the Bot API so far.

    Its chain resembles that of api.telegram.org: a root, an intermediate CA, RSA keys. `root` and
    `certificate` are PEM.
    """

    def __init__(self) -> None:
        super().__init__(_Request, "localhost")
        self.url = self.url.replace("http:", "https:")
        self.calls = 0
        root = CA(organization_unit_name=ROOT, key_type=KeyType.RSA)
        issued = root.create_child_ca(KeyType.RSA).issue_cert("localhost", key_type=KeyType.RSA)
        self.root = root.cert_pem.bytes().decode()
        self.certificate = issued.cert_chain_pems[0].bytes().decode()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued.configure_cert(self.context)


class _Request(LocalRequest):
    server: FakeBotApi
    wbufsize = -1  # an answer is sent whole

    def setup(self) -> None:
        # Before the handshake, as nginx does: Nagle would hold back the end of our part of it.
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if target := self.headers.get("X-Amz-Target"):
            self.respond(200, [], json.dumps(self.of_aws(target, data)).encode())
            return
        self.server.calls += 1
        method = self.path.partition("?")[0].rpartition("/")[2].lower()
        result = {"getme": USER, "sendmessage": MESSAGE}.get(method, True)
        body = json.dumps({"ok": True, "result": result}).encode()
        self.respond(200, [("Content-Type", "application/json")], body)

    do_GET = do_POST

    item: dict[str, Any] = {}  # what was put over this connection

    def of_aws(self, target: str, data: bytes) -> dict[str, Any]:
        if target.endswith("PutItem"):
            self.item = {"Item": json.loads(data)["Item"]}
        return self.item if target.endswith("GetItem") else {}
