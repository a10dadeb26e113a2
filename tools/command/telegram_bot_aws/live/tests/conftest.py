"""Fixtures: the connections of tools that run in the test's process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from telegram_bot_aws.live import client


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
