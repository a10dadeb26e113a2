"""types.pyi: an author's types find mistakes, and cost nothing at run time."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.needs import skip_or_fail

ROOT = Path(__file__).resolve().parents[2]
RIGHT = """
from botkit.types import Call, SendMessage, SendPhoto, Update


def reply(update: Update) -> list[Call]:
    if "message" not in update:
        return []
    message = update["message"]
    text: SendMessage = {
        "method": "sendMessage",
        "chat_id": message["chat"]["id"],
        "text": message["from"]["first_name"] if "from" in message else "you",
        "reply_markup": {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]},
    }
    photo: SendPhoto = {"method": "sendPhoto", "chat_id": "@channel", "photo": ("a.png", b"png")}
    return [text, photo, {"method": "setChatTitle", "chat_id": 42, "title": "x"}]
"""
CALL = """
from botkit.types import SendMessage

call: SendMessage = {{"method": "sendMessage", "chat_id": 42, {}}}
"""
CALLS = """
from botkit.types import Call


def f() -> list[Call]:
    return [{{"chat_id": 42, {}}}]
"""
NO_CALL = "list-item|not assignable"
NESTED = '"text": "x", "reply_parameters": {"mesage_id": 1, "message_id": 1}'
FIELD = """
from botkit.types import Update


def f(u: Update) -> object:
    return u["mesage"]
"""
# The mistakes, by name, and the errors of a type checker.
WRONG = {
    "key": (CALL.format('"text": "x", "replymarkup": {}'), "replymarkup"),
    "type": (CALL.format('"text": 7'), r'"int"|Literal\[7\]'),
    "missing": (CALL.format('"protect_content": True'), "text"),
    "nested": (CALL.format(NESTED), "mesage_id"),
    "field": (FIELD, "mesage"),
    "key in a list": (CALLS.format('"method": "sendMessage", "txt": "x"'), NO_CALL),
    "missing in a list": (CALLS.format('"method": "sendMessage"'), NO_CALL),
    "method in a list": (CALLS.format('"method": "sendMesage", "text": "x"'), NO_CALL),
    "other type": (CALLS.format('"method": "setChatTitle", "title": 7'), f"{NO_CALL}|title"),
    "name": ("from botkit.types import SendMesage as SendMesage\n", "SendMesage"),
}


def mypy(folder):
    cache = ("--cache-dir", str(ROOT / ".mypy_cache" / "types"))  # another, for these options
    command = [sys.executable, "-m", "mypy", "--strict", *cache, "."]
    environment = {"MYPYPATH": str(ROOT / "lambda")}
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=folder
    ).stdout


def pyright(folder):
    (folder / "pyrightconfig.json").write_text(
        json.dumps({"extraPaths": [str(ROOT / "lambda")], "typeCheckingMode": "strict"})
    )
    command = [sys.executable, "-m", "pyright", "."]
    result = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    if "informations" not in result.stdout:
        skip_or_fail(f"pyright needs Node: {result.stderr.strip()[-200:]}")
    return result.stdout


@pytest.mark.parametrize("check", [mypy, pytest.param(pyright, marks=pytest.mark.slow)])
def test_type_checker_finds_each_mistake(check, tmp_path):
    """And nothing else. All in one run, since starting a checker takes seconds."""
    (tmp_path / "right.py").write_text(RIGHT)
    for name, (source, _) in WRONG.items():
        (tmp_path / f"wrong_{name.replace(' ', '_')}.py").write_text(source)
    # pyright continues an error on lines that begin with blanks.
    errors = re.split(r"\n(?=\S)|\n(?=  /)", check(tmp_path))
    assert not [error for error in errors if "right.py" in error and "error" in error]
    for name, (_, word) in WRONG.items():
        said = [error for error in errors if f"wrong_{name.replace(' ', '_')}.py:" in error]
        assert any(re.search(word, error) for error in said), f"{name}: {said}"


def test_each_name_is_a_dict_at_run_time():
    types = importlib.import_module("botkit.types")
    assert types.Update is types.SendMessage is dict
    assert not hasattr(types, "__path__"), "Python would take it for a package"
    namespace = {}
    exec(RIGHT, namespace)
    assert namespace["reply"]({"update_id": 1}) == []
