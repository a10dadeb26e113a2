"""A look at the webhook, for CloudWatch's alarms. A schedule invokes the function with

{"tf": {"action": "watch"}, "url": "https://…/telegram", "namespace": "TelegramBot/telegram-bot"}
"""

from __future__ import annotations

import json
import time

from .. import telegram
from ..errors import Refused, Unreachable, loggable
from ..types import Json
from .outcome import failed

FAILING_SECONDS = 3900  # since the last error: Telegram may wait for an hour until it tries again


def watch(event: Json) -> None:
    """Print what the webhook is, as metrics in the event's `namespace`.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    try:
        info = telegram.call("getWebhookInfo")
    except (Refused, Unreachable) as error:
        failed(error).log("watch")
        return
    now, last_error = time.time(), info.get("last_error_message")
    metrics = {
        "WebhookLost": int(info["url"] != event["url"]),
        "WebhookFailing": int(
            info["pending_update_count"] > 0
            and now - info.get("last_error_date", 0) < FAILING_SECONDS
        ),
        "PendingUpdates": info["pending_update_count"],
    }
    directive = {
        "Namespace": event["namespace"],
        "Dimensions": [[]],
        "Metrics": [{"Name": name} for name in metrics],
    }
    line = {
        "_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [directive]},
        # So that no log_level drops the line. Without these two it would be of level INFO.
        "level": "FATAL",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "message": "webhook",
        **metrics,
        "last_error": last_error and loggable(str(last_error)),
    }
    print(json.dumps(line))
