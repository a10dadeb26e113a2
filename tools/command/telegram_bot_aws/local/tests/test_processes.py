"""processes.py: processes that end with ours, and files of variables."""

import subprocess
import sys

import pytest

from telegram_bot_aws.local.processes import end, end_at_once, read_env_file


@pytest.mark.parametrize("ends", [end, end_at_once])
def test_the_children_of_an_ended_process_are_ended(ends):
    starts = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'input()'])"
    over = subprocess.Popen(
        [sys.executable, "-c", starts],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    over.wait()
    ends(over)
    assert over.stdin and over.stdout
    assert over.stdout.read() == b"", "the child must have ended"
    over.stdout.close()
    over.stdin.close()


# A file's content, and its variables.
VARIABLES = {
    "byte order mark": (b"\xef\xbb\xbfA=1\nB=2\n", {"A": "1", "B": "2"}),
    "Windows' lines": (b"A=1\r\nB='2'\r\n", {"A": "1", "B": "2"}),
    "line separator": ("A=1\u20282\nB='\u2029'".encode(), {"A": "1\u20282", "B": "\u2029"}),
    "spaces": (b" \tA = 1 \t# one\n\n  # none\n", {"A": "1"}),
    "nothing": (b"", {}),
}


@pytest.mark.parametrize(("data", "variables"), VARIABLES.values(), ids=VARIABLES)
def test_a_file_with_variables(tmp_path, data, variables):
    (tmp_path / "file").write_bytes(data)
    assert read_env_file(str(tmp_path / "file")) == variables


NO_VARIABLES = {
    "NUL": (b"A=1\nB=se\0cret\n", "line 2: a variable can't have a NUL byte: remove it"),
    "UTF-16": ("A=secret".encode("utf-16"), "can't be read: it isn't text"),
    "no UTF-8": (b"A=\xffsecret", "can't be read: it isn't text"),
}


@pytest.mark.parametrize(("data", "sentence"), NO_VARIABLES.values(), ids=NO_VARIABLES)
def test_an_invalid_file_of_variables(tmp_path, data, sentence):
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(ValueError, match=sentence) as caught:
        read_env_file(str(tmp_path / "file"))
    assert "secret" not in str(caught.value)
