"""files.py: files in a call, as a server reads them."""

import email
import email.policy

import pytest

from tests.support.stubs import load

files = load("botkit.files")


def parsed(params):
    """Return the parts of a body: name, file name, type, content."""
    body, content_type = files.to_multipart(params)
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    whole = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    return [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get_content_type(),
            part.get_payload(decode=True),
        )
        for part in whole.iter_parts()
    ]


def test_files_and_other_parameters_are_parts():
    content = bytes(range(256)) + b"\r\n--boundary"
    params = {
        "chat_id": 42,
        "caption": "Grüße",
        "media": [{"type": "photo", "media": "attach://one"}],
        "one": content,
        "two": ("a.png", b"2"),
    }
    assert parsed(params) == [
        ("chat_id", None, "text/plain", b"42"),
        ("caption", None, "text/plain", "Grüße".encode()),
        ("media", None, "text/plain", b'[{"type": "photo", "media": "attach://one"}]'),
        ("one", "one", "application/octet-stream", content),
        ("two", "a.png", "application/octet-stream", b"2"),
    ]


def test_file_name_cannot_end_its_header():
    (part,) = parsed({"document": ('a"\r\nX-Evil: 1.txt', b"1")})
    assert part[1] == "a%22%0D%0AX-Evil: 1.txt"


def test_half_a_surrogate_pair_in_a_file_name_is_replaced():
    parts = parsed({"caption": "a\ud800", "document": ("b\udfff", b"1")})
    assert [(part[1], part[3]) for part in parts] == [(None, b"a?"), ("b?", b"1")]


def test_each_body_has_its_own_boundary():
    assert files.to_multipart({"a": b"1"})[1] != files.to_multipart({"a": b"1"})[1]


@pytest.mark.parametrize(
    "value", ["text", ("a",), ("a", "b"), (b"a", b"b"), ["a", b"b"], ("a", b"b", 1)], ids=repr
)
def test_values_that_are_not_files(value):
    assert not files.is_file(value)
