"""Events as AWS hands them to the function."""

from __future__ import annotations

import time
from typing import Any

HOST = "abcdef1234.execute-api.eu-central-1.amazonaws.com"


def webhook_event(body: str, headers: dict[str, str], request_id: str = "request") -> Any:
    """Return the event that API Gateway makes of a POST to the webhook (payload format 2.0).

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    now = time.time()
    return {
        "version": "2.0",
        "routeKey": "POST /telegram",
        "rawPath": "/telegram",
        "rawQueryString": "",
        "headers": {"host": HOST, **{name.lower(): value for name, value in headers.items()}},
        "requestContext": {
            "apiId": HOST.partition(".")[0],
            "domainName": HOST,
            "http": {
                "method": "POST",
                "path": "/telegram",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "",
            },
            "requestId": request_id,
            "routeKey": "POST /telegram",
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "timeEpoch": int(now * 1000),
        },
        "body": body,
        "isBase64Encoded": False,
    }
