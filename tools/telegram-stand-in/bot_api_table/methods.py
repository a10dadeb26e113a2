"""docs/methods.md: which methods the stand-in plays, and which it only checks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from telegram_stand_in.request import PLAYED

PAGE = Path(__file__).parent.parent / "docs" / "methods.md"

TEXT = """\
# Methods

The Bot API has {all} methods. The stand-in knows the parameters of each, and what it returns.
`python -m bot_api_table --methods` writes this page.

## Played: {played}

People see what such a call does, or later calls and updates show it.

{those_played}

## Only checked, and answered with a sample: {sampled}

Such a call changes nothing. Its result has the required fields of the documented type, and values
of the call where names are the same. So a test can see that the bot makes the call, but not what
follows from it.

{those_sampled}

## Refused

No method is refused altogether. A call is refused, in Telegram's words as far as they are known, if

- there is no such method
- a required parameter is missing, or one has the wrong type or exceeds a limit
- nobody has written to the bot in the chat
- Telegram doesn't know the user, the message, the file or the query
- it can't be done there or then: a draft in a group, an answer that comes twice
"""


def text(methods: Iterable[str]) -> str:
    """Return the page for the names of all methods."""
    played = sorted(name for name in methods if name in PLAYED)
    sampled = sorted(name for name in methods if name not in PLAYED)
    return TEXT.format(
        all=len(played) + len(sampled),
        played=len(played),
        sampled=len(sampled),
        those_played=_links(played),
        those_sampled=_links(sampled),
    )


def _links(names: list[str]) -> str:
    links = [f"[{name}](https://core.telegram.org/bots/api#{name.lower()})" for name in names]
    return ",\n".join(links) + "."
