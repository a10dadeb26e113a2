"""A token kept out of the state, and a Telegram that only a proxy reaches."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from base64 import b64encode

import pytest
from telegram_bot_aws.local.processes import end, free_port
from telegram_bot_aws.local.project import ROOT

from tests.support.deployment import (
    FUNCTION,
    REGISTRATION,
    answer_to,
    client,
    texts,
)
from tests.support.telegram import OTHER_TOKEN, TOKEN

PARAMETER = "/bots/echo/token"
PASSWORD = "p@ss w:rd/%é"
ESCAPED = "p%40ss%20w%3Ard%2F%25%C3%A9"
ENCODED = b64encode(f"bot:{PASSWORD}".encode()).decode()


def keep(aws, token):
    """Put a token into Parameter Store, as the README tells operators to."""
    client(aws, "ssm").put_parameter(
        Name=PARAMETER, Value=token, Type="SecureString", Overwrite=True
    )


def logged(aws, name):
    """Return all that a function logged: the emulated AWS keeps texts without their fields."""
    events = client(aws, "logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    return "\n".join(event["message"] for event in events)


@pytest.fixture
def proxy(tmp_path):
    """The port of proxy.py, which has a user and a password, and the file of its connections."""
    port, connections, log = free_port(), tmp_path / "connections", tmp_path / "log"
    connections.touch()
    options = ["--hostname=127.0.0.1", f"--port={port}", f"--log-file={log}"]
    options += ["--num-acceptors=1", "--num-workers=1", f"--basic-auth=bot:{PASSWORD}"]
    options.append("--plugins=names_for_proxy.Names")
    environment = {**os.environ, "CONNECTIONS": str(connections)}
    environment["PYTHONPATH"] = str(ROOT / "tests" / "support")
    process = subprocess.Popen(
        [sys.executable, "-m", "proxy", *options],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 30
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            break
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, "the proxy does not start"
        time.sleep(0.05)
    yield port, connections
    end(process)


def test_token_in_parameter_store_and_telegram_behind_a_proxy(deploy, telegram, aws, proxy):
    keep(aws, TOKEN)
    port, connections = proxy
    # Only the proxy can resolve this name, so requests that bypass it fail.
    host = telegram.url.replace("127.0.0.1", "telegram.test")
    module = deploy(
        "kept",
        telegram_api_url=host,
        telegram_bot_token=None,
        telegram_bot_token_parameter=PARAMETER,
        telegram_proxy=f"http://bot:{ESCAPED}@127.0.0.1:{port}",
    )
    assert telegram.webhook["url"] == module.outputs()["webhook_url"]
    assert answer_to(telegram, "first") == "Heard: first"
    before = connections.read_text()
    for number in range(5):
        assert answer_to(telegram, f"{number}") == f"Heard: {number}"
    assert connections.read_text() == before, "the connection must be kept"
    assert {*before.split()} == {host.removeprefix("http://")}, "SSM must bypass it"

    # The token is nowhere else.
    module.terraform("plan", "-out=plan", f"-replace={FUNCTION}")
    configuration = client(aws, "lambda").get_function_configuration(FunctionName="kept")
    places = {
        "state": (module.folder / "terraform.tfstate").read_text(),
        "plan": module.terraform("show", "-json", "plan").stdout,
        "environment": json.dumps(configuration["Environment"]),
    }
    assert [place for place, text in places.items() if PARAMETER not in text] == []
    places["log"] = logged(aws, "kept")
    assert [place for place, text in places.items() if TOKEN.partition(":")[2] in text] == []

    # It is rotated by one command, and no message is lost.
    for number in range(10):
        telegram.send(telegram.message(f"during {number}"))
    telegram.revoke(OTHER_TOKEN)
    for number in range(10, 15):
        telegram.send(telegram.message(f"during {number}"))
    keep(aws, OTHER_TOKEN)
    module.apply(f"-replace={REGISTRATION}")
    telegram.wait(lambda: telegram.pending() == 0)
    assert texts(telegram)[6:] == [f"Heard: during {number}" for number in range(15)]

    # The proxy's password is in no log, and Terraform shows it only in JSON, to programs.
    lines = logged(aws, "kept")
    module.destroy()
    shown = [lines, *(said for said in module.said if not said.startswith('{"format_version"'))]
    for password in (ESCAPED, PASSWORD, ENCODED):
        assert not any(password in said for said in shown)
