"""deployments.py: what a bot's folder tells about the configuration that it needs."""

from pathlib import Path

import requirements

from telegram_bot_aws.demo.deployments import (
    Hosted,
    identity,
    inputs,
    memory_size,
    notes,
    python_note,
)
from telegram_bot_aws.local.container import Look, look_at
from telegram_bot_aws.local.project import LAMBDA

NEEDY = """
from botkit.schedule import once
SESSION = "chat"
RATE_LIMIT = (20, 60)
ALLOWED_UPDATES = ["message"]
def reply(update, session): ...
"""
MAIN = """
module "telegram_bot" {
  queue       = true
  memory_size = 256 # MB
  # session_retention_in_days = 1
}
"""
NEEDS = "To deploy the bot, set these inputs of the module: "


def test_bot_gets_the_inputs_that_it_needs(tmp_path):
    assert inputs(tmp_path, Look(["message"], [])) == {}
    assert inputs(tmp_path, Look(["stopped_message_generation"], [])) == {"queue": True}
    assert notes(tmp_path, Look([], [])) == []
    (tmp_path / "bot.py").write_text(NEEDY)
    assert look_at(tmp_path, has_table=True, has_queue=True).missing == []
    found = look_at(tmp_path)
    assert inputs(tmp_path, found) == {"queue": True, "session_retention_in_days": 1}
    assert notes(tmp_path, found) == [f"{NEEDS}session_retention_in_days, queue = true."]
    (tmp_path / "bot").mkdir()
    (tmp_path / "main.tf").write_text(MAIN)
    assert notes(tmp_path / "bot", found) == [f"{NEEDS}session_retention_in_days."]


def test_memory_of_the_configuration_beside_a_bot_is_known(tmp_path):
    bot = tmp_path / "bot"
    for text, size in (("", 128), (MAIN, 256), ("memory_size = var.memory\n", 0)):
        (tmp_path / "main.tf").write_text(text)
        assert memory_size(bot) == size


def test_another_python_than_awss_is_named():
    assert python_note(requirements.PYTHON) == []
    [note] = python_note("python3.99")
    assert note.startswith(f"AWS runs the bot on python3.99, but the demo on {requirements.PYTHON}")


def test_a_bot_has_the_modules_name_or_its_folders():
    folder = Path("/home/ada/dice/bot")
    assert Hosted("t", folder, "tea-bot", address="module.bot").title == "tea-bot"
    assert Hosted("t", folder).title == "dice"
    assert Hosted("t", LAMBDA).title == "telegram-bot"
    for name, username in (
        ("dice", "dice_bot"),
        ("dice-bot", "dice_bot"),
        ("a-" * 32, "a_" * 14 + "_bot"),
    ):
        assert identity(name) == {"first_name": name, "username": username}
