"""A crash at every call of an example, whose handler gets the updates by its webhook."""

import os
import sys

import pytest
from telegram_bot_aws.local.project import LAMBDA, ROOT

pytest_plugins = ["pytester"]

# The handler in a process behind an HTTP server. Its sessions outlive the process.
FUNCTION = f"""
import pathlib, sys, threading
sys.path[:0] = [*sys.argv[1:], {str(LAMBDA)!r}]
from botkit import aws
from botkit.fakes.process import Services
Services(aws, pathlib.Path("sessions.json")).install()
from handler import handler
from telegram_bot_aws.demo.deployments import registration
from telegram_bot_aws.emulated_aws.gateway import Gateway

class Context:
    function_name, memory_limit_in_mb, aws_request_id = "bot", 128, "request"
    def get_remaining_time_in_millis(self):
        return 25000

with Gateway(lambda event: handler(event, Context())) as gateway:
    handler(registration("register", gateway.webhook_url), Context())
    threading.Event().wait()
"""
TEST = """
import pathlib, sys, pytest

@pytest.mark.telegram_crashes
def test_it(bot_api):
    for file in pathlib.Path().glob("*.json"):
        file.unlink()
    bot_api.patience = 300
    bot_api.start(sys.executable, "function.py", {bot!r}, **{environment!r})
    ada = bot_api.user("Ada")
    for text, answer in (
        ("/start", "What is your name?"),
        ("Ada", "Which day?"),
    ):
        ada.send(text)
        assert ada.receive().text == answer
"""


@pytest.mark.slow
def test_a_form(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    environment = {"SESSION_TABLE": "sessions", "TELEGRAM_WEBHOOK_SECRET": "s" * 32}
    (pytester.path / "function.py").write_text(FUNCTION)
    bot = str(ROOT / "examples" / "form" / "bot")
    pytester.makepyfile(TEST.format(bot=bot, environment=environment))
    result = pytester.runpytest_inprocess("-p", "pytest_telegram_stand_in")
    result.assert_outcomes(passed=1)
