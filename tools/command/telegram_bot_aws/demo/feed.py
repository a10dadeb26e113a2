"""The messages to the clients of the chat page: the state so far, then each change."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

from telegram_stand_in import Json

Event = tuple[str, Any]  # its kind and its data


class Feed:
    """Tells all clients about changes. `lock` guards everything that they are shown."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._clients: set[queue.SimpleQueue[Event | None]] = set()

    def events(self, snapshot: Callable[[], Json]) -> Iterator[Event]:
        """Yield a snapshot, then each change, until the end."""
        client: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        with self.lock:
            before = json.loads(json.dumps(snapshot()))
            self._clients.add(client)
        try:
            yield "snapshot", before
            while event := client.get():
                yield event
        finally:
            with self.lock:
                self._clients.discard(client)

    def tell(self, kind: str, data: Any) -> None:
        """Tell all clients about a change, with a copy of its data."""
        with self.lock:
            event = (kind, json.loads(json.dumps(data)))
            for client in self._clients:
                client.put(event)

    def end(self) -> None:
        """Tell all clients that the demo is over."""
        with self.lock:
            self.tell("end", {})
            for client in self._clients:
                client.put(None)
