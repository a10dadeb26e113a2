"""Shared by all of botkit: settings, a stored token, the journal of calls, an update's place."""

from __future__ import annotations

from ..types import Json


def kind_of(update: Json) -> str:
    """Return the kind of an update, such as "message", or "" if it has none.

    Source: https://core.telegram.org/bots/api#update
    """
    return next((key for key in update if key != "update_id"), "")
