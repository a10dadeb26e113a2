"""People's view and taps, in words."""

from __future__ import annotations

import pytest

from telegram_stand_in import ADA, Button, Json, Telegram, buttons, label_of
from tests.calls import TOKEN


@pytest.mark.parametrize(
    ("text", "labels", "pressed"),
    [
        ("Add", {"\N{HEAVY PLUS SIGN} Add": 1, "\N{HEAVY PLUS SIGN} Add more": 1}, 0),
        ("1", {"1\N{VARIATION SELECTOR-16}\N{COMBINING ENCLOSING KEYCAP}": 1}, 0),
        ("Yes", {"Yes": 1, "\N{SLICE OF PIZZA} Yes": 2}, 1),
        ("Yes", {"\N{SLICE OF PIZZA} Yes": 1, "Yes": 1}, 1),
        ("\N{SLICE OF PIZZA}", {"\N{SLICE OF PIZZA}": 1, "": 2}, 0),
    ],
    ids=["the whole text", "a keycap", "the latest", "the very text", "an emoji alone"],
)
def test_which_button_is_meant(text: str, labels: dict[str, int], pressed: int) -> None:
    there = {label: Button("press", {}, "", at) for label, at in labels.items()}
    assert label_of(text, there) == [*labels][pressed]


@pytest.mark.parametrize(
    ("markup", "rows"),
    [
        ({"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}, ["[A]"]),
        ({"remove_keyboard": True}, []),
    ],
    ids=["inline", "removed"],
)
def test_the_rows_of_an_answers_buttons(markup: Json, rows: list[str]) -> None:
    telegram = Telegram(TOKEN)
    telegram.send(telegram.message("hello"))
    message = {"chat_id": ADA["id"], "text": "hi", "reply_markup": markup}
    assert buttons(telegram.answer("sendMessage", message)) == rows
    telegram.stop()
