"""inputs.py: what a bot's folder tells about the configuration that it needs."""

import requirements

from telegram_bot_aws.demo.inputs import inputs, notes, python_note


def test_bot_gets_the_inputs_that_it_needs(tmp_path):
    (tmp_path / "bot.py").write_text("")
    assert inputs(tmp_path) == {}
    assert notes(tmp_path) == []
    (tmp_path / "bot.py").write_text("from botkit import schedule\nSESSION = 'chat'\n")
    assert inputs(tmp_path) == {"queue": True, "session_retention_in_days": 1}
    needs = "To deploy the bot, set these inputs of the module: "
    named = "session_retention_in_days, queue = true."
    assert notes(tmp_path) == [needs + named]


def test_another_python_than_awss_is_named():
    assert python_note(requirements.PYTHON) == []
    [note] = python_note("python3.99")
    assert note.startswith(f"AWS runs the bot on python3.99, but the demo on {requirements.PYTHON}")
