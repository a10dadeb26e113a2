"""HTTP over a connection that stays open. It knows nothing about Telegram, AWS or Lambda."""

from __future__ import annotations

from ..errors import Unreachable


class TooLong(Unreachable):
    """A response, or a part of one that comes in parts, has more bytes than its limit."""
