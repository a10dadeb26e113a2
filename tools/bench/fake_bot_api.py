"""A fake Bot API over TLS, in a separate process, with its own CA. It is also DynamoDB.

It checks nothing and answers at once, to add little to the measured times. `telegram_stand_in`
behaves like Telegram instead: a call takes half as long again, and more with each one it keeps.
"""

from __future__ import annotations

import json
import multiprocessing
import multiprocessing.connection
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from telegram_bot_aws.local.http_server import LocalRequest, LocalServer
from telegram_bot_aws.local.processes import ToolError

# The certificate chain resembles that of api.telegram.org: a root, an intermediate CA, RSA keys.
# The root also has Amazon's name, so that the function expects it of AWS.
ROOT_CA = (
    "/C=US/O=GoDaddy.com, Inc./OU=Amazon Root CA 1/CN=Go Daddy Root Certificate Authority - G2"
)
INTERMEDIATE_CA = "/C=US/O=GoDaddy.com, Inc./CN=Go Daddy Secure Certificate Authority - G2"

USER = {"id": 1, "is_bot": True, "first_name": "Echo", "username": "echo_bot"}
MESSAGE = {"message_id": 2, "date": 1, "chat": {"id": 1, "type": "private"}, "text": "hello"}


class FakeBotApi:
    """A running fake: its `url`, its connections and calls so far."""

    def __init__(self, url: str, connections: Any, calls: Any) -> None:
        self.url = url
        self._connections = connections
        self._calls = calls

    @property
    def connections(self) -> int:
        return int(self._connections.value)

    @property
    def calls(self) -> int:
        return int(self._calls.value)


@contextmanager
def fake_bot_api(certificates: Path) -> Iterator[FakeBotApi]:
    """Run it. `certificates` is the folder that `make_certificates` wrote. Raises ToolError."""
    context = multiprocessing.get_context("spawn")
    connections, calls = context.Value("i", 0), context.Value("i", 0)
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(
        target=_serve, args=(certificates, connections, calls, sender), daemon=True
    )
    process.start()
    sender.close()  # so that nobody waits for a process that has died
    try:
        try:
            port = receiver.recv()
        except EOFError:
            raise ToolError("the fake Bot API must start: see its error above") from None
        yield FakeBotApi(f"https://localhost:{port}", connections, calls)
    finally:
        process.terminate()
        process.join()


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


def _serve(certificates: Path, connections: Any, calls: Any, sender: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C: the parent ends this process
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "chain.pem", certificates / "server.key")

    class BotApi(LocalRequest):
        wbufsize = -1  # an answer is sent whole

        def setup(self) -> None:
            # Before the handshake, as nginx does: Nagle would hold back the end of our part of it.
            self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.request = context.wrap_socket(self.request, server_side=True)
            with connections.get_lock():
                connections.value += 1
            super().setup()

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if target := self.headers.get("X-Amz-Target"):
                self.respond(200, [], json.dumps(self.of_aws(target, data)).encode())
                return
            with calls.get_lock():
                calls.value += 1
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

    parent = multiprocessing.parent_process()
    assert parent
    with LocalServer(BotApi, "localhost") as server:
        sender.send(server.server_port)
        multiprocessing.connection.wait([parent.sentinel])
