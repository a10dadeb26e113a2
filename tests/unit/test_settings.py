"""settings.py: the environment, read once."""

import re

import pytest

from tests.support.stubs import SETTINGS, load

SECRETS = {
    *("AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("TELEGRAM_API_URL", "TELEGRAM_BOT_TOKEN", "TELEGRAM_PROXY", "TELEGRAM_WEBHOOK_SECRET"),
}
DEFAULTS = {
    "allowed_ids": frozenset(),
    "api_url": "https://api.telegram.org",
    "aws_dns_suffix": "amazonaws.com",
    "reply_mode": "api",
}


def read(monkeypatch, environment):
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return vars(load("botkit.settings").settings)


def test_each_variable_is_one_setting(monkeypatch):
    """What each means is tested where it is used."""
    values = {name: f"the value of {name}" for name in SETTINGS} | {"ALLOWED_IDS": "42,-1001"}
    settings = read(monkeypatch, values)
    assert settings.pop("allowed_ids") == {42, -1001}
    assert sorted([*settings.values(), "42,-1001"]) == sorted(values.values())


@pytest.mark.parametrize("names", [[], SETTINGS], ids=["absent", "empty"])
def test_a_variable_may_be_left_out(monkeypatch, names):
    settings = read(monkeypatch, dict.fromkeys(names, ""))
    assert {name: value for name, value in settings.items() if value != ""} == DEFAULTS


def test_only_secrets_are_left_out_of_errors():
    """The other values have parts such as "bot" and "api", which a bot's error may quote."""
    not_secret = load("botkit.stack_trace").NOT_SECRET
    assert {name for name in SETTINGS if not re.match(not_secret, name)} == SECRETS
