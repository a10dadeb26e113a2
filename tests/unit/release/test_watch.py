"""watch.py: the webhook's state, as metrics for CloudWatch's alarms."""

import json

import pytest

URL = "https://abcdef1234.execute-api.eu-central-1.amazonaws.com/telegram"
INFO = {"url": URL, "has_custom_certificate": False, "pending_update_count": 3}
WATCH = {"tf": {"action": "watch"}, "url": URL, "namespace": "TelegramBot/bot"}
NOW = 1767225600
AT = "2026-01-01T00:00:00Z"
SEEN = {
    "well": ({}, 0, None),
    "gone": ({"url": ""}, 1, None),
    "another's": ({"url": URL + "2", "last_error_message": "\ud800"}, 1, "\\ud800"),
}


@pytest.mark.parametrize(("more", "lost", "last_error"), SEEN.values(), ids=SEEN)
def test_a_lost_webhook_is_printed_as_a_metric(
    container, bot_api, monkeypatch, capsys, more, lost, last_error
):
    import time

    monkeypatch.setattr(time, "time", lambda: float(NOW))
    bot_api.answers("getWebhookInfo", {}, {**INFO, **more})
    assert container.invoke(WATCH) is None
    directive = {
        "Namespace": "TelegramBot/bot",
        "Dimensions": [[]],
        "Metrics": [{"Name": "WebhookLost"}],
    }
    printed = capsys.readouterr().out
    assert json.loads(printed) == {
        "_aws": {"Timestamp": NOW * 1000, "CloudWatchMetrics": [directive]},
        "level": "FATAL",
        "timestamp": AT,
        "message": "webhook",
        "WebhookLost": lost,
        "pending_updates": 3,
        "last_error": last_error,
    }
    assert f'"Timestamp": {NOW}000,' in printed, "a whole number of milliseconds"
    assert container.log == []


@pytest.mark.parametrize(
    ("code", "outcome"), [(401, "misconfigured"), (429, "throttled"), (500, "unreachable")]
)
def test_without_an_answer_from_telegram_there_is_no_metric(
    container, bot_api, capsys, code, outcome
):
    bot_api.refuses({"method": "getWebhookInfo"}, code, "no")
    assert container.invoke(WATCH) is None
    assert (container.line["message"], container.line["outcome"]) == ("watch", outcome)
    assert capsys.readouterr().out == ""
