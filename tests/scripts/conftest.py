"""Fixtures for tools that run in the test's process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import client

from tests.support.wheels import Index


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close the connections to the Bot API, as the end of a tool's process would."""
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
def index(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Index:
    """Wheels that a test makes, which are all that uv finds; its caches are new."""
    return Index(tmp_path_factory.mktemp("index"), monkeypatch.setenv)


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A TMPDIR for a tool: processes with it in their environment were started by the tool.

    Its path is short, since Terraform talks to its provider over a socket in it.
    """
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
