"""Prints a metric of the webhook, for an alarm, when a schedule invokes the function:

    {"tf": {"action": "watch"}, "url": "https://…/telegram", "namespace": "TelegramBot/NAME"}

CloudWatch makes a metric of the printed line (embedded metric format).
"""

from __future__ import annotations

import json
import time

from .. import telegram
from ..calls import outcome_of
from ..errors import BotkitError, encodable
from ..types import Json


def watch(event: Json) -> None:
    """Print whether the webhook is lost, which CloudWatch puts into the `namespace` of the event.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    try:
        info = telegram.call("getWebhookInfo")
    except BotkitError as error:
        outcome_of(error).log("watch", None, [], {})
        return
    now, last_error = time.time(), info.get("last_error_message")
    directive = {
        "Namespace": event["namespace"],
        "Dimensions": [[]],
        "Metrics": [{"Name": "WebhookLost"}],
    }
    line = {
        "_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [directive]},
        # With these two, no log_level drops the line.
        "level": "FATAL",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "message": "webhook",
        "WebhookLost": int(info["url"] != event["url"]),
        "pending_updates": info["pending_update_count"],
        "last_error": last_error and encodable(str(last_error)),
    }
    print(json.dumps(line))
