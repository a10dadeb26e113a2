"""One process of the aws provider for many commands of Terraform's, with a schema of what they use.

Without it, nearly all of a command's CPU time goes into the start of the provider, and into its
schema of 1,500 resources, which Terraform reads again for each command.
https://developer.hashicorp.com/terraform/plugin/debugging#running-terraform-with-a-provider-in-debug-mode
https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/tfplugin5.proto
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from local.processes import end, watched

GET_SCHEMA = "/tfplugin5.Provider/GetSchema"
# Fields of its answer: maps of names to schemas of resources, data sources, ephemeral resources.
MAPS = (2, 3, 8)
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a Protocol Buffers integer, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield a message's fields: number, content, and the bytes as they stand. All have a length."""
    at = 0
    while at < len(data):
        start = at
        key, at = varint(data, at)
        assert key & 7 == 2
        length, at = varint(data, at)
        yield key >> 3, data[at : at + length], data[start : at + length]
        at += length


def shortened(schema: bytes, kept: Iterable[str]) -> bytes:
    """Return an answer to GetSchema with these resources only."""
    names = {name.encode() for name in kept}
    return b"".join(
        whole
        for number, content, whole in fields(schema)
        if number not in MAPS or next(fields(content))[1] in names
    )


class Provider(grpc.GenericRpcHandler):  # type: ignore[misc]
    """A provider's process, and a server in front of it that shortens the schema.

    `environment` gains what lets Terraform find it.
    """

    def __init__(self, root: Path, resources: Iterable[str], environment: dict[str, str]) -> None:
        providers = root / ".terraform" / "providers"
        [program] = providers.glob("*/*/aws/*/*/terraform-provider-aws*")
        self._resources = set(resources)
        self._schema = b""
        # A short path, since that of a socket has 107 characters at most.
        self._folder = tempfile.TemporaryDirectory(prefix="provider-")
        self._process = subprocess.Popen(
            [program, "-debug"],
            cwd=root,
            env={**environment, "TMPDIR": self._folder.name},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        watched("group", self._process.pid)  # not to outlive tests that are killed
        assert self._process.stdout
        # It stays open: a provider that can't write ends.
        line = next(line for line in self._process.stdout if "TF_REATTACH_PROVIDERS=" in line)
        [reattach] = json.loads(line.partition("=")[2].strip().strip("'")).values()
        self._channel = grpc.insecure_channel(f"unix:{reattach['Addr']['String']}", UNLIMITED)
        self._server = grpc.server(ThreadPoolExecutor(40), [self], options=UNLIMITED)
        port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        reattach["Addr"] = {"Network": "tcp", "String": f"127.0.0.1:{port}"}
        source = "/".join(program.relative_to(providers).parts[:3])
        environment["TF_REATTACH_PROVIDERS"] = json.dumps({source: reattach})

    def service(self, handler_call_details: Any) -> Any:
        """Return what answers a method: the provider itself, but for its schema."""
        method = handler_call_details.method
        ask = self._channel.unary_unary(method)
        if method.startswith("/plugin."):  # of the process that Terraform would have started
            return None

        def answer(request: bytes, context: Any) -> Any:
            if method == GET_SCHEMA and self._schema:
                return self._schema
            try:
                answer = ask(request)
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())
            if method == GET_SCHEMA:
                self._schema = answer = shortened(answer, self._resources)
            return answer

        return grpc.unary_unary_rpc_method_handler(answer)

    def stop(self) -> None:
        self._server.stop(None).wait()
        self._channel.close()
        end(self._process)
        watched("group", self._process.pid, over=True)
        self._folder.cleanup()
        assert self._process.stdout
        self._process.stdout.close()
