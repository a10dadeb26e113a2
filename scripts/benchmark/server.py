"""A stand-in for the Bot API over TLS, in a process and with a CA of its own."""

from __future__ import annotations

import json
import multiprocessing
import os
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

# The chain is api.telegram.org's: a root of this name, a CA between, RSA keys of 2048 bits.
ROOT = "/C=US/O=GoDaddy.com, Inc./CN=Go Daddy Root Certificate Authority - G2"
BETWEEN = "/C=US/O=GoDaddy.com, Inc./CN=Go Daddy Secure Certificate Authority - G2"

USER = {"id": 1, "is_bot": True, "first_name": "Echo", "username": "echo_bot"}
MESSAGE = {"message_id": 2, "date": 1, "chat": {"id": 1, "type": "private"}, "text": "hello"}


class StandIn:
    """A running stand-in: its `url`, and how many connections and calls it had so far."""

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
def stand_in(certificates: Path) -> Iterator[StandIn]:
    """Run a stand-in with the certificate that `make_certificates` wrote."""
    context = multiprocessing.get_context("spawn")
    connections, calls = context.Value("i", 0), context.Value("i", 0)
    ours, theirs = context.Pipe()
    process = context.Process(
        target=_serve, args=(certificates, connections, calls, theirs), daemon=True
    )
    process.start()
    try:
        yield StandIn(f"https://localhost:{ours.recv()}", connections, calls)
    finally:
        process.terminate()
        process.join()


def make_certificates(folder: Path) -> Path:
    """Write a root, a CA between, and a server's chain and key. Returns the root's path."""
    folder.mkdir(parents=True, exist_ok=True)
    issuer = None
    for name, subject, extensions in [
        ("root", ROOT, "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign"),
        ("between", BETWEEN, "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign"),
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
    chain = "".join((folder / f"{name}.pem").read_text() for name in ("server", "between"))
    (folder / "chain.pem").write_text(chain)
    return folder / "root.pem"


def _serve(certificates: Path, connections: Any, calls: Any, pipe: Any) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "chain.pem", certificates / "server.key")

    class BotApi(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            self.request = context.wrap_socket(self.request, server_side=True)
            with connections.get_lock():
                connections.value += 1
            super().setup()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with calls.get_lock():
                calls.value += 1
            method = self.path.partition("?")[0].rpartition("/")[2].lower()
            result = {"getme": USER, "sendmessage": MESSAGE}.get(method, True)
            body = json.dumps({"ok": True, "result": result}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that doesn't trust us, or is gone: its run is what shows it."""

    server = Server(("localhost", 0), BotApi)
    pipe.send(server.server_address[1])
    parent = os.getppid()
    server.service_actions = lambda: os.getppid() != parent and os._exit(0)  # type: ignore
    server.serve_forever()
