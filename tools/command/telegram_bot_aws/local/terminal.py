"""Text for a terminal: colours, texts from outside, and why something can't be reached."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TextIO

COLOURS = {"green": 32, "red": 31, "yellow": 33, "blue": 34}

# Control characters but line breaks and tabs. In this form JSON may contain them.
CONTROL = {n: f"\\u{n:04x}" for n in (*range(32), *range(127, 160)) if n not in b"\t\n"}


def visible(text: str) -> str:
    """Return a text from outside without what a terminal would obey, such as escape sequences."""
    return text.translate(CONTROL)


def shown(path: Path) -> str:
    """Return a path as a person in this folder writes it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def coloured(text: str, colour: str, output: TextIO) -> str:
    """Return a text made visible, and in a colour for a terminal, if one is given.

    It stays plain elsewhere, and with NO_COLOR or TERM=dumb.
    Source: https://no-color.org
    """
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if not colour or plain or not output.isatty():
        return visible(text)
    return f"\033[{COLOURS[colour]}m{visible(text)}\033[0m"


def reason(error: Exception) -> str:
    """Return why something can't be reached, in words if its name isn't known."""
    is_name = isinstance(error, socket.gaierror) or str(error).startswith("gaierror:")
    return "no network or DNS" if is_name else str(error)


def ago(seconds: float) -> str:
    """Return an age in words: "1 min ago", "3 days ago"."""
    for unit, length in (("day", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            number = int(seconds // length)
            return f"{number} {unit}{'s' if unit == 'day' and number > 1 else ''} ago"
    return "moments ago"
