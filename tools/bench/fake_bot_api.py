"""A fake Bot API over TLS, with its own CA. It is also DynamoDB.

It checks nothing and answers at once, with the certificates that a function expects of Telegram.
"""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

from telegram_bot_aws.local.http_server import LocalRequest, LocalServer

# The certificate chain resembles that of api.telegram.org: a root, an intermediate CA, RSA keys.
# The root also has Amazon's name, so that the function expects it of AWS.
ROOT_CA = (
    "/C=US/O=GoDaddy.com, Inc./OU=Amazon Root CA 1/CN=Go Daddy Root Certificate Authority - G2"
)
INTERMEDIATE_CA = "/C=US/O=GoDaddy.com, Inc./CN=Go Daddy Secure Certificate Authority - G2"

USER = {"id": 1, "is_bot": True, "first_name": "Echo", "username": "echo_bot"}
MESSAGE = {"message_id": 2, "date": 1, "chat": {"id": 1, "type": "private"}, "text": "hello"}


def make_certificates(folder: Path) -> Path:
    """Write a CA, an intermediate CA, and a server's chain and key. Returns the CA's path."""
    folder.mkdir(parents=True, exist_ok=True)
    is_ca = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign"
    issuer = None
    for name, subject, extensions in [
        ("root", ROOT_CA, is_ca),
        ("intermediate", INTERMEDIATE_CA, is_ca),
        ("server", "/CN=localhost", "subjectAltName=DNS:localhost"),
    ]:
        extensions += "\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid"
        (folder / "extensions").write_text(extensions)
        key, request, certificate = f"{name}.key", f"{name}.csr", f"{name}.pem"
        signer = ["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-CAcreateserial"]
        for command in (
            ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key]
            + ["-subj", subject, "-out", request],
            ["x509", "-req", "-in", request, "-days", "7", "-out", certificate]
            + ["-extfile", "extensions", *(signer if issuer else ["-signkey", key])],
        ):
            done = subprocess.run(
                ["openssl", *command], cwd=folder, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise SystemExit(f"openssl {command[0]}: {done.stderr}")
        issuer = name
    chain = "".join((folder / f"{name}.pem").read_text() for name in ("server", "intermediate"))
    (folder / "chain.pem").write_text(chain)
    return folder / "root.pem"


class FakeBotApi(LocalServer):
    """A running fake. `calls` counts those of the Bot API so far."""

    def __init__(self, certificates: Path) -> None:
        super().__init__(_Request, "localhost")
        self.url = self.url.replace("http:", "https:")
        self.calls = 0
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificates / "chain.pem", certificates / "server.key")


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
