"""Files in a call, as multipart/form-data.

Source: https://core.telegram.org/bots/api#sending-files
"""

from __future__ import annotations

import json
import os


def is_file(value: object) -> bool:
    """Tell whether a parameter is a file: bytes, or a pair of a file name and bytes."""
    if isinstance(value, tuple):
        return [type(part) for part in value] == [str, bytes]
    return isinstance(value, bytes)


def encode(params: dict[str, object]) -> tuple[bytes, str]:
    """Return the body with these parameters, and its Content-Type. Raises TypeError."""
    boundary = os.urandom(16).hex()
    parts = []
    for name, value in params.items():
        head = f'Content-Disposition: form-data; name="{_escape(name)}"'
        if is_file(value):
            file, data = value if isinstance(value, tuple) else (name, value)
            head += f'; filename="{_escape(file)}"\r\nContent-Type: application/octet-stream'
        else:
            data = _bytes(value if isinstance(value, str) else json.dumps(value))
        parts.append(_bytes(f"--{boundary}\r\n{head}\r\n\r\n") + data + b"\r\n")
    body = b"".join([*parts, f"--{boundary}--\r\n".encode()])
    return body, f"multipart/form-data; boundary={boundary}"


def _bytes(text: str) -> bytes:
    """Encode a text. Half a surrogate pair becomes a question mark."""
    return text.encode(errors="replace")


def _escape(name: str) -> str:
    """Escape a name as browsers do (HTML, multipart/form-data)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
