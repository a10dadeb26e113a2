"""A token kept out of the state, and a proxy: what happens while either is unavailable."""

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
    start_new_container,
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


@contextlib.contextmanager
def forbidden(aws, name, action):
    """Take an action away from a function's role for a while."""
    iam = client(aws, "iam")
    policy = iam.get_role_policy(RoleName=name, PolicyName=name)["PolicyDocument"]
    kept = [each for each in policy["Statement"] if each["Action"] != action]
    assert len(kept) < len(policy["Statement"])
    for statements in (kept, policy["Statement"]):
        document = json.dumps({**policy, "Statement": statements})
        for named in (name, f"{name}-live"):
            iam.put_role_policy(RoleName=name, PolicyName=named, PolicyDocument=document)
        if statements is kept:
            yield


def refused(telegram, outcome):
    """Return a check whether a delivery from now on got a 503 for this reason."""
    before = len(telegram.deliveries)

    def check():
        later = telegram.deliveries[before:]
        return (503, outcome) in [(each.status, each.body) for each in later]

    return check


def logged(aws, name):
    """Return all that a function logged: the emulated AWS keeps texts without their fields."""
    events = client(aws, "logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    return "\n".join(event["message"] for event in events)


class Proxy:
    """proxy.py with a user and a password, which can stop and start again on the same port."""

    def __init__(self, folder):
        self.port = free_port()
        self._connections = folder / "connections"
        self._connections.touch()
        self._log = folder / "log"
        self._process = None

    @property
    def connections(self):
        """The hosts that it has connected to."""
        return self._connections.read_text().splitlines()

    def start(self, password):
        options = ["--hostname=127.0.0.1", f"--port={self.port}", f"--log-file={self._log}"]
        options += ["--num-acceptors=1", "--num-workers=1", f"--basic-auth=bot:{password}"]
        environment = {**os.environ, "CONNECTIONS": str(self._connections)}
        environment["PYTHONPATH"] = str(ROOT / "tests" / "support")
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "proxy",
                *options,
                "--plugins=names_for_proxy.Names",
            ],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, "the proxy does not start"
            time.sleep(0.05)

    def stop(self):
        if self._process:
            end(self._process)
            self._process = None


@pytest.fixture
def proxy(tmp_path):
    proxy = Proxy(tmp_path)
    yield proxy
    proxy.stop()


def test_token_in_parameter_store_and_telegram_behind_a_proxy(deploy, telegram, aws, proxy):
    keep(aws, TOKEN)
    proxy.start(PASSWORD)
    # Only the proxy can resolve this name, so requests that bypass it fail.
    host = telegram.url.replace("127.0.0.1", "telegram.test")
    module = deploy(
        "kept",
        telegram_api_url=host,
        telegram_bot_token=None,
        telegram_bot_token_parameter=PARAMETER,
        telegram_proxy=f"http://bot:{ESCAPED}@127.0.0.1:{proxy.port}",
    )
    assert telegram.webhook["url"] == module.outputs()["webhook_url"]
    assert answer_to(telegram, "first") == "Heard: first"
    connections = len(proxy.connections)
    for number in range(5):
        assert answer_to(telegram, f"{number}") == f"Heard: {number}"
    assert len(proxy.connections) == connections, "the connection must be kept"
    assert set(proxy.connections) == {host.removeprefix("http://")}, "SSM must bypass it"

    # While the proxy is down a message waits, and it is answered afterwards.
    proxy.stop()
    telegram.send(telegram.message("no proxy"))
    telegram.wait(refused(telegram, "unreachable"))
    proxy.start(PASSWORD)
    telegram.wait(lambda: telegram.pending() == 0)
    assert texts(telegram)[6:] == ["Heard: no proxy"]

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
    assert texts(telegram)[7:] == [f"Heard: during {number}" for number in range(15)]

    # Nor is one lost while a permission is missing.
    with forbidden(aws, "kept", "ssm:GetParameter"):
        start_new_container(aws, "kept", timeout=3)
        telegram.send(telegram.message("without a permission"))
        telegram.wait(refused(telegram, "unreachable"))
        url = "https://bot.example/telegram"
        event = {"url": url, "max_connections": 40, "tf": {"action": "register"}}
        invoked = client(aws, "lambda").invoke(FunctionName="kept:live", Payload=json.dumps(event))
        answer = invoked["Payload"].read().decode()
    assert "the token can't be fetched: ssm: AccessDeniedException: User: arn:aws:sts::" in answer
    arn = f"arn:aws:ssm:us-east-1:000000000000:parameter{PARAMETER}"
    assert f"/kept/kept is not authorized to perform: ssm:GetParameter on resource: {arn}" in answer
    telegram.wait(lambda: telegram.pending() == 0)
    assert texts(telegram)[22:] == ["Heard: without a permission"]

    # An answer in the response doesn't need the token.
    module.variables["reply_mode"] = "webhook"
    module.apply()
    client(aws, "ssm").delete_parameter(Name=PARAMETER)
    start_new_container(aws, "kept", timeout=3)
    assert answer_to(telegram, "no token") == "Heard: no token"
    assert telegram.calls[-1].delivery == telegram.deliveries[-1].number

    # The proxy's password is in no log, and Terraform shows it only in JSON, to programs.
    lines = logged(aws, "kept")
    module.destroy()
    shown = [lines, *(said for said in module.said if not said.startswith('{"format_version"'))]
    for password in (ESCAPED, PASSWORD, ENCODED):
        assert not any(password in said for said in shown)
