"""inputs.py: what a bot's folder tells about the configuration that it needs."""

import requirements

from telegram_bot_aws.demo.inputs import (
    inputs,
    memory_size,
    notes,
    python_note,
)
from telegram_bot_aws.local.container import Look, look_at

NEEDY = """
from botkit.schedule import once
SESSION = "chat"
RATE_LIMIT = (20, 60)
ALLOWED_UPDATES = ["message"]
def reply(update, session): ...
"""
TABLE = (
    "SESSION in bot.py needs a table; RATE_LIMIT in bot.py needs a table: set "
    "session_retention_in_days"
)


def test_bot_gets_the_inputs_that_it_needs(tmp_path):
    assert inputs(tmp_path, Look(["message"], [])) == {}
    assert inputs(tmp_path, Look(["stopped_message_generation"], [])) == {"queue": True}
    assert notes(tmp_path, Look([], [])) == []
    (tmp_path / "bot.py").write_text(NEEDY)
    found = look_at(tmp_path)
    told = f"{TABLE}; bot.py uses botkit.schedule: set queue = true"
    assert "; ".join(found.missing) == told
    assert look_at(tmp_path, has_table=True, has_queue=True).missing == []
    assert inputs(tmp_path, found) == {"queue": True, "session_retention_in_days": 1}
    needs = "To deploy the bot, set these inputs of the module: "
    named = "session_retention_in_days, queue = true."
    assert notes(tmp_path, found) == [needs + named]


MAIN = """
module "telegram_bot" {
  queue       = true
  memory_size = 256 # MB
  # session_retention_in_days = 1
}
"""


NEEDS = Look([], ["set session_retention_in_days", "set queue = true"])


def test_inputs_of_the_configuration_beside_a_bot_are_known(tmp_path):
    bot = tmp_path / "bot"
    bot.mkdir()
    assert memory_size(bot) == 128
    (tmp_path / "main.tf").write_text(MAIN)
    assert memory_size(bot) == 256
    assert notes(bot, NEEDS)[0].endswith("module: session_retention_in_days.")
    (tmp_path / "main.tf").write_text("memory_size = var.memory\n")
    assert memory_size(bot) == 0


def test_another_python_than_awss_is_named():
    assert python_note(requirements.PYTHON) == []
    [note] = python_note("python3.99")
    assert note.startswith(f"AWS runs the bot on python3.99, but the demo on {requirements.PYTHON}")
