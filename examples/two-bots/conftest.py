"""Gives the tests the bots."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture
def load():
    """Import the bot of a folder: `load("sales-bot")`."""

    def load(name):
        path = Path(__file__).parent / name / "bot.py"
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load
