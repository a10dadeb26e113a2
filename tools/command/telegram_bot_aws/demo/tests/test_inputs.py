"""inputs.py: what a bot's folder tells about the configuration that it needs."""

import requirements

from telegram_bot_aws.demo.inputs import (
    inputs,
    memory_size,
    missing_inputs,
    notes,
    python_note,
)


def test_bot_gets_the_inputs_that_it_needs(tmp_path):
    (tmp_path / "bot.py").write_text("")
    assert inputs(tmp_path) == {}
    assert notes(tmp_path) == []
    (tmp_path / "bot.py").write_text("from botkit import schedule\nSESSION = 'chat'\n")
    assert inputs(tmp_path) == {"queue": True, "session_retention_in_days": 1}
    needs = "To deploy the bot, set these inputs of the module: "
    named = "session_retention_in_days, queue = true."
    assert notes(tmp_path) == [needs + named]


MAIN = """
module "telegram_bot" {
  queue       = true
  memory_size = 256 # MB
  # session_retention_in_days = 1
}
"""


def test_inputs_of_the_configuration_beside_a_bot_are_known(tmp_path):
    bot = tmp_path / "bot"
    bot.mkdir()
    (bot / "bot.py").write_text("from botkit import schedule\nSESSION = 'chat'\n")
    assert memory_size(bot) == 128
    (tmp_path / "main.tf").write_text(MAIN)
    assert memory_size(bot) == 256
    assert notes(bot)[0].endswith("module: session_retention_in_days.")
    (tmp_path / "main.tf").write_text("memory_size = var.memory\n")
    assert memory_size(bot) == 0


NEEDY = """
from botkit.schedule import once
SESSION = "chat"
QUEUED_UPDATES = []
def RATE_LIMIT(update): ...
"""
TABLE = (
    "SESSION in bot.py needs a table; RATE_LIMIT in bot.py needs a table: set "
    "session_retention_in_days"
)


def test_missing_inputs_are_those_of_the_check(tmp_path):
    (tmp_path / "bot.py").write_text(NEEDY)
    told = "; ".join(missing_inputs(tmp_path, has_table=False, has_queue=False))
    assert told == f"{TABLE}; bot.py uses botkit.schedule: set queue = true"
    assert missing_inputs(tmp_path, has_table=True, has_queue=True) == []
    (tmp_path / "bot.py").write_text("SESSION =")
    assert missing_inputs(tmp_path, has_table=False, has_queue=False) == []


def test_another_python_than_awss_is_named():
    assert python_note(requirements.PYTHON) == []
    [note] = python_note("python3.99")
    assert note.startswith(f"AWS runs the bot on python3.99, but the demo on {requirements.PYTHON}")
