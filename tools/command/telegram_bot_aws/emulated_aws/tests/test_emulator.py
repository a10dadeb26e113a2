"""What the emulated AWS says if it doesn't start."""

import pytest

from telegram_bot_aws.emulated_aws import emulator
from telegram_bot_aws.local.processes import ToolError


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
