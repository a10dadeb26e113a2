"""Prints metrics of the webhook, for alarms, when a schedule invokes the function:

    {"tf": {"action": "watch"}, "url": "https://…/telegram", "namespace": "TelegramBot/NAME"}

CloudWatch makes metrics of the printed lines (embedded metric format).
"""

from __future__ import annotations

import json
import time

from .. import telegram
from ..calls import outcome_of
from ..errors import Failure, encodable
from ..types import Json

FAILING_SECONDS = 3900  # since the last error: Telegram may wait up to an hour between retries


def watch(event: Json) -> None:
    """Print metrics of the webhook, which CloudWatch puts into the `namespace` of the event.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    try:
        info = telegram.call("getWebhookInfo")
    except Failure as error:
        outcome_of(error).log("watch", None, [], {})
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
        # With these two, no log_level drops the line.
        "level": "FATAL",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "message": "webhook",
        **metrics,
        "last_error": last_error and encodable(str(last_error)),
    }
    print(json.dumps(line))
