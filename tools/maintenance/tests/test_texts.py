"""scripts/compare-texts: which differences count. It asks TDLib, which the tests do not."""

from __future__ import annotations

import pytest

from maintenance.texts import Reading, TDLib, is_known, ours, theirs


class Told(TDLib):
    """TDLib's answer, as it gave it."""

    def __init__(self, answer: dict[str, object] | None) -> None:
        super().__init__()
        self.answer = answer

    def ask(self, kind: str, **request: object) -> dict[str, object] | None:
        return self.answer


DIFFERENCES = [
    ("10:30.com", ["media_timestamp 0+5"], True),
    ("a.com 10:30", ["url 0+5", "media_timestamp 6+5"], True),
    ("a.com 10:30", ["media_timestamp 6+5"], False),
    ("+15551234567", [], True),
    ("4242424242424242", ["bank_card_number 0+16"], True),
    ("a.com", [], False),
    ("nothing", ["url 0+7"], False),
]


@pytest.mark.parametrize(("text", "entities", "known"), DIFFERENCES)
def test_which_differences_are_known(text: str, entities: list[str], known: bool) -> None:
    assert is_known(Reading(text, entities), ours(text)) is known


def test_a_reading_of_the_library_is_as_short_as_ours() -> None:
    kind = {"@type": "textEntityTypeTextUrl", "url": "http://a.bc/"}
    entity = {"offset": 0, "length": 1, "type": kind}
    tdlib = Told({"@type": "formattedText", "text": "x", "entities": [entity]})
    assert theirs(tdlib, "[x](a.bc)", "MarkdownV2") == ours("[x](a.bc)", "MarkdownV2")


def test_an_error_is_told_without_its_beginning() -> None:
    tdlib = Told({"@type": "error", "message": "Can't parse entities: Can't find end"})
    assert theirs(tdlib, "*", "MarkdownV2") == Reading("", [], "Can't find end")


def test_a_library_that_ends_gives_no_reading() -> None:
    assert theirs(Told(None), "*") is None
