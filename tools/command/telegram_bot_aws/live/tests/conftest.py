"""Fixtures: the connections of tools that run in the test's process."""

import pytest

from telegram_bot_aws.live import client


@pytest.fixture
def connections(monkeypatch):
    """Close the connections to the Bot API, as the end of a tool's process would."""
    made = []
    kind = client.Client

    def make(api_url, token, proxy=""):
        made.append(kind(api_url, token, proxy))
        return made[-1]

    monkeypatch.setattr(client, "Client", make)
    yield
    for each in made:
        if each.connection._kept:
            each.connection._kept.close()
