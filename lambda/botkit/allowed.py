"""Who may use the bot, by the input allowed_ids: for updates and for requests of a Mini App."""

from __future__ import annotations

from .outcome import Outcome
from .settings import settings

blocked_count = 0  # updates and requests that this container has ignored


def is_in(ids: list[int] | None) -> bool:
    """Tell whether one of these ids is listed. None, of an update that names nobody, is in."""
    return ids is None or not settings.allowed_ids.isdisjoint(ids)


def ignored(ids: list[int] | None) -> Outcome:
    """Return the outcome for a stranger. The log line has the ids, to copy into allowed_ids."""
    global blocked_count
    blocked_count += 1
    return Outcome("ignored", told={"sender_ids": ids, "blocked_count": blocked_count})
