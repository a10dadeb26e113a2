"""Events as AWS hands them to the function."""

from __future__ import annotations

import time
from base64 import b64encode
from typing import Any
from urllib.parse import unquote

HOST = "abcdef1234.execute-api.eu-central-1.amazonaws.com"


def webhook_event(body: str, headers: dict[str, str], request_id: str = "request") -> Any:
    """Return the event of a POST to the webhook."""
    return http_event("POST /telegram", "POST", "/telegram", "", headers, body, request_id)


def app_event(
    method: str,
    path: str,
    query: str = "",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    request_id: str = "request",
) -> Any:
    """Return the event of a request for the bot's page. `path` may be percent-encoded."""
    decoded = unquote(path.replace("%25", "%2525"))
    headers = {name.lower(): value for name, value in (headers or {}).items()}
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    event = http_event("ANY /app/{proxy+}", method, decoded, query, headers, "", request_id)
    is_text = kind.startswith("text/") or kind == "application/json"
    event["isBase64Encoded"] = bool(body) and not is_text
    event["body"] = body.decode(errors="replace") if is_text else b64encode(body).decode()
    if not body:
        del event["body"]
    return event


def http_event(
    route: str,
    method: str,
    path: str,
    query: str,
    headers: dict[str, str],
    body: str,
    request_id: str,
) -> Any:
    """Return the event that API Gateway makes of a request (payload format 2.0).

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    now = time.time()
    return {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": HOST, **{name.lower(): value for name, value in headers.items()}},
        "requestContext": {
            "apiId": HOST.partition(".")[0],
            "domainName": HOST,
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "",
            },
            "requestId": request_id,
            "routeKey": route,
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "timeEpoch": int(now * 1000),
        },
        "body": body,
        "isBase64Encoded": False,
    }
