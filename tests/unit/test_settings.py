"""settings.py: the environment, read once."""

import re

import pytest

from tests.support.stubs import PASSWORD, SECRET, TOKEN, load

ENVIRONMENT = {
    "ALLOWED_IDS": ("allowed_ids", "42,-1001234567890"),
    "TELEGRAM_BOT_TOKEN": ("token", TOKEN),
    "TELEGRAM_BOT_TOKEN_PARAMETER": ("token_parameter", "/bot/token"),
    "TELEGRAM_WEBHOOK_SECRET": ("webhook_secret", SECRET),
    "TELEGRAM_API_URL": ("api_url", "http://localhost:8081"),
    "TELEGRAM_PROXY": ("proxy", f"http://bot:{PASSWORD}@proxy.example:3128"),
    "MINI_APP_URL": ("mini_app_url", "https://bot.example/app/index.html"),
    "REPLY_MODE": ("reply_mode", "webhook"),
    "QUEUE_URL": ("queue_url", "https://sqs.eu-central-1.amazonaws.com/123456789012/bot.fifo"),
    "SESSION_TABLE": ("session_table", "bot_sessions"),
    "SESSION_RETENTION_IN_DAYS": ("session_retention_in_days", "30"),
    "SCHEDULE_GROUP": ("schedule_group", "bot"),
    "SCHEDULER_KMS_KEY_ARN": (
        "scheduler_kms_key_arn",
        "arn:aws:kms:eu-central-1:123456789012:key/1",
    ),
    "SCHEDULER_ROLE_ARN": ("scheduler_role_arn", "arn:aws:iam::123456789012:role/bot_scheduler"),
    "AWS_DNS_SUFFIX": ("aws_dns_suffix", "amazonaws.com.cn"),
    "AWS_LAMBDA_FUNCTION_VERSION": ("function_version", "41"),
    "AWS_REGION": ("aws_region", "eu-central-1"),
    "AWS_ACCESS_KEY_ID": ("aws_access_key_id", "planted-key-id"),
    "AWS_SECRET_ACCESS_KEY": ("aws_secret_access_key", "planted-key"),
    "AWS_SESSION_TOKEN": ("aws_session_token", "planted-session"),
    "AWS_ENDPOINT_URL": ("aws_endpoint_url", "http://localhost:4566"),
}
DEFAULTS = {
    "allowed_ids": frozenset(),
    "api_url": "https://api.telegram.org",
    "aws_dns_suffix": "amazonaws.com",
    "reply_mode": "api",
}


def read(monkeypatch, environment):
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load("botkit.settings").settings


def test_the_variables_are_read_and_nothing_else(monkeypatch):
    settings = read(monkeypatch, {name: value for name, (_, value) in ENVIRONMENT.items()})
    ids = {"allowed_ids": frozenset({42, -1001234567890})}
    assert vars(settings) == dict(ENVIRONMENT.values()) | ids


@pytest.mark.parametrize("names", [[], ENVIRONMENT], ids=["absent", "empty"])
def test_a_variable_may_be_left_out(monkeypatch, names):
    settings = read(monkeypatch, dict.fromkeys(names, ""))
    assert vars(settings) == {name: DEFAULTS.get(name, "") for name, _ in ENVIRONMENT.values()}


def test_only_secrets_are_left_out_of_errors():
    """The other values have parts such as "bot" and "api", which a bot's error may quote."""
    not_secret = load("botkit.stack_trace").NOT_SECRET
    secrets = {name for name in ENVIRONMENT if not re.match(not_secret, name)}
    assert secrets == {
        *("AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("TELEGRAM_API_URL", "TELEGRAM_BOT_TOKEN", "TELEGRAM_PROXY", "TELEGRAM_WEBHOOK_SECRET"),
    }
