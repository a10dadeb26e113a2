"""Fixtures: what a tool that runs in the test's process needs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import client


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close the connections to the Bot API, as a tool's process does by its end."""
    made: list[client.Client] = []
    kind = client.Client

    def make(api_url: str, token: str, proxy: str = "") -> client.Client:
        made.append(kind(api_url, token, proxy))
        return made[-1]

    monkeypatch.setattr(client, "Client", make)
    yield
    for each in made:
        if each.connection._kept:
            each.connection._kept.close()


@pytest.fixture
def temporary() -> Iterator[Path]:
    """The folder for temporary files; what has it in its environment, the tool started.

    Its path is short: Terraform talks to its provider over a socket in there.
    """
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
