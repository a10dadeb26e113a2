"""What a terminal shows: colours, and why something can't be reached."""

from __future__ import annotations

import os
import socket
from typing import TextIO

COLOURS = {"green": 32, "red": 31, "yellow": 33, "blue": 34}


def coloured(text: str, colour: str, output: TextIO) -> str:
    """Colour a text for a terminal. It stays plain elsewhere, and with NO_COLOR or TERM=dumb.

    Source: https://no-color.org
    """
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if plain or not output.isatty():
        return text
    return f"\033[{COLOURS[colour]}m{text}\033[0m"


def reason(error: Exception) -> str:
    """Return why something can't be reached, in words if its name isn't known."""
    is_name = isinstance(error, socket.gaierror) or str(error).startswith("gaierror:")
    return "no network or DNS" if is_name else str(error)
