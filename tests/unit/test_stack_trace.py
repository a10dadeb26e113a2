"""stack_trace.py: exceptions for the log, without people's words and secrets.

How an exception is described: test_bot_module.py and test_check.py.
"""

import pytest

from tests.support.stubs import TOKEN, load


@pytest.fixture
def stack_trace():
    return load("botkit.stack_trace")


TEXTS = {
    "a value": ("no sixsix", "no …"),
    "too short": ("no fives", "no fives"),
    "a quoted part": ("can't be 'abc', nor 'ab'", "can't be '…', nor 'ab'"),
    "a value with another in it": ("no long-sixsix", "no …"),
    "a token": (f"no {TOKEN}", "no …"),
    "no token": (f"no {TOKEN[:-1]}", f"no {TOKEN[:-1]}"),
    "a token in a URL": (f"no /bot{TOKEN.replace(':', '%3A')}/getMe", "no /bot…/getMe"),
    "a password in a URL": ("no http://ada:pw@proxy:80", "no http://…@proxy:80"),
    "Lambda's own": ("no /var/task", "no /var/task"),
}


@pytest.mark.parametrize(("text", "shown"), TEXTS.values(), ids=TEXTS)
def test_values_of_the_environment_are_left_out(stack_trace, monkeypatch, text, shown):
    values = {"A": "sixsix", "B": "fives", "C": "long-sixsix", "D": "xabcx", "E": r"\sixth"}
    monkeypatch.setattr("os.environ", {**values, "LAMBDA_TASK_ROOT": "/var/task"})
    assert stack_trace.redact(text) == shown


def test_names_in_the_source_stay(stack_trace, monkeypatch):
    monkeypatch.setattr("os.environ", {"A": "app.production", "B": "six-six"})
    error = ModuleNotFoundError("no 'app.production', no 'duct', no 'six-six'")
    shown = "ModuleNotFoundError: no 'app.production', no 'duct', no '…'"
    assert stack_trace.describe(error) == shown


def test_no_path_of_the_machine_is_shown(stack_trace, monkeypatch):
    monkeypatch.setattr("sys.path", ["", "/var/task", "/var/task/lib"])  # "": as in python -c
    for folder in ("/home/ada", "/var/task", "/var/task/lib"):
        assert stack_trace.relative_path(f"{folder}/words.py") == "words.py"


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (SyntaxError("odd", ("/elsewhere/words.py", 3, 1, "")), "SyntaxError: odd at words.py:3"),
        (SyntaxError("odd"), "SyntaxError: odd"),
        (ValueError("odd"), "ValueError: odd"),
    ],
    ids=["a file outside of all folders", "no file", "outside of the bot"],
)
def test_error_is_described_with_its_file(stack_trace, error, shown):
    assert stack_trace.describe(error) == shown


def test_syntax_error_without_a_file_has_its_line(stack_trace, tmp_path):
    bot = tmp_path / "bot.py"
    with pytest.raises(SyntaxError) as raised:
        exec(compile("\nraise SyntaxError('odd')", bot, "exec"), {"__name__": "bot"})
    assert stack_trace.describe(raised.value) == "SyntaxError: odd at bot.py:2"
