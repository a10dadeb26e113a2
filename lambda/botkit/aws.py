"""Signed JSON calls to AWS services, for example to read an item from DynamoDB.

    from botkit import aws

    item = aws.call("dynamodb", "DynamoDB_20120810.GetItem", {"TableName": …, "Key": …})

The function's role must allow it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from urllib.parse import urlsplit

from .deadline import deadline
from .errors import Unreachable, loggable
from .http.connection import Connection
from .settings import settings
from .types import Any, Json

# Errors after which a retry may succeed, by a part of their code: throttling, and wrong permissions
# or credentials. The latter is configuration, so no update may be dropped.
RETRYABLE = (
    "AccessDenied",
    "ExpiredToken",
    "RequestLimitExceeded",
    "Throttl",
    "ThroughputExceeded",
    "TooManyRequests",
    "TransactionInProgress",
    "UnrecognizedClient",
)

# The root CAs of AWS's services: https://www.amazontrust.com/repository/
ROOTS = (
    *(f"Amazon Root CA {number}" for number in range(1, 5)),
    "Starfield Services Root Certificate Authority - G2",
)

connections: dict[str, Connection] = {}  # by service


class ClientError(Exception):
    """AWS refused a call. `code` is the name of the error, such as "ResourceNotFoundException"."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(loggable(f"{code}: {message}"))
        self.code = code


def call(service: str, target: str, params: Json) -> Any:
    """Make a call and return its result, in the time that the invocation has left.

    `target` is the X-Amz-Target header. Raises ClientError, or Unreachable if the service doesn't
    answer or if a retry may succeed.
    """
    if not (settings.aws_access_key_id and settings.aws_region):
        raise Unreachable(
            "no AWS credentials or region: AWS_ACCESS_KEY_ID and AWS_REGION must be set"
        )
    connection = _connection(service)
    body = json.dumps(params).encode()
    version = "1.0" if service in ("dynamodb", "sqs") else "1.1"
    headers = {
        "Content-Type": f"application/x-amz-json-{version}",
        "Host": urlsplit(_url(service)).netloc,
        "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
        "X-Amz-Target": target,
    }
    if settings.aws_session_token:
        headers["X-Amz-Security-Token"] = settings.aws_session_token
    headers["Authorization"] = authorization(service, settings.aws_region, headers, body)
    try:
        status, data = connection.request("/", body, headers, deadline.left())
    except ConnectionError as error:
        raise Unreachable(str(error)) from None
    try:
        result = json.loads(data)
    except (ValueError, RecursionError):
        result = None
    if status == 200 and isinstance(result, dict):
        return result
    if status >= 500 or not isinstance(result, dict) or "__type" not in result:
        raise Unreachable(f"{service}: HTTP {status}")
    code = str(result["__type"]).rpartition("#")[2]
    message = str(result.get("message") or result.get("Message") or "no message")
    if settings.aws_session_token:  # an error may quote the token
        message = message.replace(settings.aws_session_token, "…")
    if any(name in code for name in RETRYABLE):
        raise Unreachable(f"{service}: {code}: {message}")
    raise ClientError(code, message)


def prepare(service: str) -> None:
    """Start to connect to a service, in the background."""
    _connection(service).prepare()


def connect(service: str) -> None:
    """Open the connection to a service, before the first call. Raises Unreachable."""
    try:
        _connection(service).open(deadline.left())
    except ConnectionError as error:
        raise Unreachable(str(error)) from None


def _connection(service: str) -> Connection:
    return connections.setdefault(service, Connection(_url(service), roots=ROOTS))


def _url(service: str) -> str:
    return settings.aws_endpoint_url or f"https://{service}.{settings.aws_region}.amazonaws.com"


def authorization(service: str, region: str, headers: dict[str, str], body: bytes) -> str:
    """Return the Authorization header that signs a POST to "/" with these headers.

    Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
    """
    signed = {name.lower(): value.strip() for name, value in headers.items()}
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    date = signed["x-amz-date"]
    scope = f"{date[:8]}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = f"AWS4{settings.aws_secret_access_key}".encode()
    for part in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}"):
        key = hmac.digest(key, part.encode(), "sha256")
    credential = f"Credential={settings.aws_access_key_id}/{scope}"
    return f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={key.hex()}"
