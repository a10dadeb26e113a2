"""Files that bots and people sent, kept in memory."""

from __future__ import annotations

import hashlib
import itertools
import mimetypes
import struct
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from .bot_api import Json

PNG = b"\x89PNG\r\n\x1a\n"
IMAGES = {PNG: "png", b"\xff\xd8\xff": "jpg", b"GIF8": "gif", b"RIFF": "webp"}
EXTENSIONS = {"photo": ".jpg", "video": ".mp4", "voice": ".oga", "sticker": ".webp"}


@dataclass
class Upload:
    """An uploaded file."""

    name: str
    content_type: str
    data: bytes


@dataclass
class File:
    """A file. `url` is its address, if it was sent by one: nothing is fetched from there."""

    id: str
    unique_id: str
    path: str
    name: str
    content_type: str
    data: bytes
    url: str = ""

    def about(self) -> Json:
        """Return the fields that all kinds of file have."""
        ids = {"file_id": self.id, "file_unique_id": self.unique_id}
        return {**ids, "file_size": len(self.data)} if self.data else ids

    def photo_size(self) -> Json:
        """Return an image as PhotoSize, with a default for other formats than PNG."""
        is_png = self.data.startswith(PNG) and len(self.data) >= 24
        width, height = struct.unpack(">II", self.data[16:24]) if is_png else (640, 480)
        return {**self.about(), "width": width, "height": height}


class Files:
    """All files, by id. A file's path is the last part of the address where it is served."""

    def __init__(self) -> None:
        self.by_id: dict[str, File] = {}
        self._numbers = itertools.count(1)

    def add(self, kind: str, data: bytes, name: str = "", *, url: str = "", id: str = "") -> File:
        """Keep a file of a kind, such as "photo"."""
        number = next(self._numbers)
        extension = EXTENSIONS.get(kind) or PurePath(name).suffix
        if kind == "photo" and (found := image_type(data)):
            extension = f".{found}"
        path = f"{kind}s/file_{number}{extension}"
        content_type = mimetypes.guess_type(name or path)[0] or "application/octet-stream"
        unique = hashlib.sha256(data or (url or id).encode()).hexdigest()[:16]
        id = id or f"{kind}-{number}-{unique}"
        self.by_id[id] = file = File(id, unique, path, name, content_type, data, url)
        return file

    def at(self, path: str) -> File | None:
        """Return the file that is served at a path."""
        files = [*self.by_id.values()]  # at once: uploads add others meanwhile
        return next((file for file in files if file.path == path), None)

    def learn(self, content: Any, kind: str = "document") -> None:
        """Keep a placeholder for each file of a message that nobody uploaded."""
        if isinstance(content, list):
            for item in content:
                self.learn(item, kind)
        elif isinstance(content, dict):
            if isinstance(id := content.get("file_id"), str) and id not in self.by_id:
                self.add(kind, id.encode(), id=id)
            for name, item in content.items():
                self.learn(item, name)


def image_type(data: bytes) -> str:
    """Return the extension for an image's format, or nothing for another file."""
    return next((name for start, name in IMAGES.items() if data.startswith(start)), "")
