"""The aws provider with a schema of only what is used, started once for many Terraform commands.

Otherwise each command would start a provider and read its schema of 1,500 resources: 3 s of CPU
time instead of 0.3. Scripts that run Terraform get a provider for each command, which costs 1.5 s.
https://developer.hashicorp.com/terraform/plugin/debugging#running-terraform-with-a-provider-in-debug-mode
https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/tfplugin5.proto
"""

import contextlib
import fcntl
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from telegram_bot_aws.local.processes import end
from telegram_bot_aws.local.project import COMMAND, ROOT, SCRIPTS, STAND_IN
from telegram_bot_aws.local.terraform import LOCK, terraform_command

GET_SCHEMA = "/tfplugin5.Provider/GetSchema"
# Fields of its response: maps of names to schemas of resources, data sources, ephemeral resources.
MAPS = (2, 3, 8)
NOWHERE = {  # `init` never asks a provider that is said to run already
    "Protocol": "grpc",
    "Pid": 1,
    "Test": True,
    "Addr": {"Network": "tcp", "String": "127.0.0.1:9"},
}
# Links to a root module's folders: the provider finds a package by its path relative to the root.
LINKED = (".build", ".terraform", "module")
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def varint(data, at):
    """Return the Protocol Buffers integer at an offset, and the offset of its end."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """Yield a message's length-delimited fields: number, content, and the field's own bytes."""
    at = 0
    while at < len(data):
        start = at
        key, at = varint(data, at)
        assert key & 7 == 2
        length, at = varint(data, at)
        yield key >> 3, data[at : at + length], data[start : at + length]
        at += length


def shortened(schema):
    """Return a response to GetSchema with only what this project uses."""
    of_docs = [*ROOT.glob("docs/**/*.md"), *ROOT.glob("docs/**/*.tf")]
    files = [*ROOT.glob("*.tf"), *ROOT.glob("examples/*/*.tf"), *of_docs]
    text = "\n".join(file.read_text() for file in files)
    names = {name.encode() for name in re.findall(r'^(?:data|resource) "(aws_\w+)"', text, re.M)}
    return b"".join(
        whole
        for number, content, whole in fields(schema)
        if number not in MAPS or next(fields(content))[1] in names
    )


@contextlib.contextmanager
def alone(lock):
    """Let only one process at a time through here."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def program_and_source(initialised):
    """Return a provider's program, and its source: "registry.terraform.io/hashicorp/aws"."""
    providers = initialised / ".terraform" / "providers"
    [program] = providers.glob("*/*/aws/*/*/terraform-provider-aws*")
    return program, "/".join(program.relative_to(providers).parts[:3])


class Providers:
    """A provider's process. It ends when another user, region or AWS needs one: it takes 0.5 GB.

    `initialised` is a module's folder, which other processes use at the same time. `here` is an
    empty folder for this process.
    """

    def __init__(self, initialised, here):
        self._here = here
        self._initialised = initialised
        self._user = self._provider = None
        self.lock_file = initialised / LOCK

    def reattach(self, root, environment):
        """Return the value of TF_REATTACH_PROVIDERS for a command in a root module's folder."""
        for name in LINKED:
            link = self._here / name
            link.unlink(missing_ok=True)
            link.symlink_to(root / name)
        names = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID")
        user = [environment[name] for name in names]
        if user != self._user:
            self.stop()
            self._user = user
            self._provider = _Provider(self._initialised, self._here, environment)
        return self._provider.reattach

    def command(self, folder):
        """Write a program into a folder: Terraform, for scripts that run it by themselves.

        Each command starts a provider and ends it. `init` installs none.
        """
        command = terraform_command()
        program = folder / Path(command[0]).name  # by which OpenTofu is known
        arguments = [str(self._initialised), tempfile.gettempdir(), *command]
        paths = [str(path) for path in (ROOT, COMMAND, STAND_IN, SCRIPTS)]
        code = (
            f"import sys; sys.path[:0] = {paths}; "
            "from tests.support.provider import run_terraform; "
            f"run_terraform(*{arguments}, *sys.argv[1:])"
        )
        python = shlex.join([sys.executable, "-P", "-c", code])
        program.write_text(f'#!/bin/sh\nexec {python} "$@"\n')
        program.chmod(0o755)
        return program

    def stop(self):
        if self._provider:
            self._provider.stop()


class _Provider(grpc.GenericRpcHandler):
    """A provider's process, and a server in front of it that shortens the schema."""

    def __init__(self, initialised, here, environment, temporary=None):
        program, source = program_and_source(initialised)
        self._schema = initialised / "schema"  # the shortened one, once it is known
        # A short path, since a socket's path has 107 characters at most.
        self._folder = tempfile.TemporaryDirectory(prefix="provider-", dir=temporary)
        self._process = subprocess.Popen(
            [program, "-debug"],
            cwd=here,
            env={
                **environment,
                "GOMEMLIMIT": "500MiB",
                "HOME": self._folder.name,
                "TMPDIR": self._folder.name,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout
        # This pipe stays open: a provider that can't write exits.
        line = next(line for line in self._process.stdout if "TF_REATTACH_PROVIDERS=" in line)
        [address] = json.loads(line.partition("=")[2].strip().strip("'")).values()
        path = address["Addr"]["String"]
        self._channel = grpc.insecure_channel(f"unix:{path}", UNLIMITED)
        self._server = grpc.server(ThreadPoolExecutor(40), [self], options=UNLIMITED)
        port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        address["Addr"] = {"Network": "tcp", "String": f"127.0.0.1:{port}"}
        self.reattach = json.dumps({source: address})  # the value of TF_REATTACH_PROVIDERS

    def service(self, handler_call_details):
        """Return a method's handler, which asks the provider, except for the schema."""
        method = handler_call_details.method
        ask = self._channel.unary_unary(method)
        if method.startswith("/plugin."):  # for a process that Terraform has started itself
            return None

        def answer(request, context):
            try:
                if method != GET_SCHEMA:
                    return ask(request)
                with alone(self._schema.with_suffix(".lock")):
                    if not self._schema.exists():
                        written = self._schema.with_suffix(".part")
                        written.write_bytes(shortened(ask(request)))
                        written.replace(self._schema)
                return self._schema.read_bytes()
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())

        return grpc.unary_unary_rpc_method_handler(answer)

    def stop(self):
        end(self._process)  # first: otherwise the server waits for requests of a killed Terraform
        self._server.stop(None).wait()
        self._channel.close()
        self._folder.cleanup()
        assert self._process.stdout
        self._process.stdout.close()


def run_terraform(initialised, temporary, *command):
    """Run Terraform with a provider that ends with it."""
    if "init" in command:
        _, source = program_and_source(Path(initialised))
        os.environ["TF_REATTACH_PROVIDERS"] = json.dumps({source: NOWHERE})
        os.execvp(command[0], command)
    provider = _Provider(Path(initialised), Path.cwd(), os.environ, temporary)
    os.environ["TF_REATTACH_PROVIDERS"] = provider.reattach
    with subprocess.Popen(command) as terraform:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, lambda number, frame: terraform.send_signal(number))
        code = terraform.wait()
    provider.stop()
    sys.exit(code)
