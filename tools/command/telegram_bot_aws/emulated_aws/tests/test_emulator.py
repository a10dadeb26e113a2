"""emulator.py: whom the emulated AWS answers, and what it says if it doesn't start."""

import socket

import pytest
from telegram_stand_in import http_request

from telegram_bot_aws.emulated_aws import emulator
from telegram_bot_aws.local.processes import ToolError

MQTT = 8883  # MiniStack's other port


def test_only_this_machine_reaches_it_and_no_web_page():
    """It would run anyone's code."""
    with emulator.Emulator() as aws:
        url = f"{aws.url}/2015-03-31/functions"
        assert http_request("GET", url, {})[0] == 200
        assert http_request("GET", url, {"Host": "evil.example"})[0] == 403
        for port in (aws.port, MQTT):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.2", port))  # only as every interface's


@pytest.mark.parametrize(
    ("server", "patience", "said"),
    [
        ("import sys; sys.exit('no port')", 240, "the emulated AWS does not start:\nno port\n"),
        (
            "import time; time.sleep(600)",
            0,
            "the emulated AWS did not answer within 0 seconds. If this machine is busy, try again "
            "when it isn't.",
        ),
    ],
    ids=["its server ends", "a busy machine"],
)
def test_why_it_does_not_start(tmp_path, monkeypatch, server, patience, said):
    script = tmp_path / "server.py"
    script.write_text(server)
    monkeypatch.setattr(emulator, "SERVER", script)
    monkeypatch.setattr(emulator, "PATIENCE_SECONDS", patience)
    with pytest.raises(ToolError) as caught, emulator.Emulator():
        pass
    assert str(caught.value) == said
