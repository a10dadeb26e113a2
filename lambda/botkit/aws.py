"""Signed requests to AWS services, for example to read an item from DynamoDB, or a file from S3.

    from botkit import aws

    item = aws.call("dynamodb", "DynamoDB_20120810.GetItem", {"TableName": …, "Key": …})
    file = aws.request("s3", "GET", "/my-bucket/menu.pdf")

The function's role must allow it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from .deadline import deadline
from .errors import Unreachable, loggable
from .http.connection import Connection
from .settings import settings
from .types import Any, Json

# Errors after which a retry may succeed, by a part of their code: throttling, faults in an event
# stream, and wrong permissions or credentials. The latter is configuration, so no update may be
# dropped.
RETRYABLE = (
    "AccessDenied",
    "ExpiredToken",
    "InternalServer",
    "InvalidAccessKeyId",
    "ModelStreamError",
    "ModelTimeout",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "Throttl",
    "ThroughputExceeded",
    "TooManyRequests",
    "TransactionInProgress",
    "UnrecognizedClient",
)

# Services whose signatures name them otherwise than their hosts do.
SIGNED_AS = {"bedrock-agent-runtime": "bedrock", "bedrock-runtime": "bedrock", "email": "ses"}

# The root CAs of AWS's services: https://www.amazontrust.com/repository/
ROOTS = (
    *(f"Amazon Root CA {number}" for number in range(1, 5)),
    "Starfield Services Root Certificate Authority - G2",
)

PAUSE = 1.0  # seconds between two empty events

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
    version = "1.0" if service in ("dynamodb", "sqs") else "1.1"
    headers = {"Content-Type": f"application/x-amz-json-{version}", "X-Amz-Target": target}
    status, _, data = _send(service, "POST", "/", {}, headers, json.dumps(params).encode())
    result = _parsed(data)
    if status != 200 or not isinstance(result, dict):
        raise Unreachable(f"{service}: HTTP {status}")
    return result


def request(
    service: str,
    method: str,
    path: str,
    *,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    body: Json | bytes | None = None,
) -> Any:
    """Make a request to a REST API and return its result, in the time that the invocation has left.

    `service` is the first part of the API's host, such as "s3". `path` is encoded here, except for
    what is already percent-encoded: inside a name, write "/" as "%2F" and "%" as "%25". A dict as
    `body` is sent as JSON. Returns JSON as Python has it, and everything else as bytes, all of S3
    included. Raises ClientError, or Unreachable if the service doesn't answer or if a retry may
    succeed.
    """
    headers = {**(headers or {})}
    if isinstance(body, dict):
        body = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
    status, kind, data = _send(service, method, path, query or {}, headers, body)
    if service == "s3" or "json" not in kind:
        return data
    result = _parsed(data or b"{}")
    if result is None:
        raise Unreachable(f"{service}: HTTP {status}, and no JSON")
    return result


def events(service: str, path: str, body: Json) -> Iterator[Json]:
    """Post to a REST API that answers with an event stream, and yield each event as it comes.

    So does "bedrock-runtime" with ConverseStream. An event is a dict with its type, such as
    `{"contentBlockDelta": {…}}`. It is empty each time that nothing has come for a second. `path`
    is as in `request`. Raises ClientError or Unreachable, even after some events.
    """
    from .event_stream import messages

    data = json.dumps(body).encode()
    url, headers = _signed(service, "POST", path, {}, {"Content-Type": "application/json"}, data)
    try:
        for fields, payload in messages(_parts(service, url, data, headers)):
            if not fields:
                yield {}
            elif ":event-type" in fields:
                yield {fields[":event-type"]: json.loads(payload)}
            else:
                kind = fields.get(":exception-type") or fields.get(":error-code", "")
                raise _failure(service, kind[:1].upper() + kind[1:], payload)
    except ValueError as error:
        raise Unreachable(f"{service}: the event stream can't be read: {error}") from None


def _parts(service: str, url: str, body: bytes, headers: dict[str, str]) -> Iterator[bytes]:
    """Yield the parts of an answer as they come. Raises ClientError or Unreachable."""
    stream = _connection(service).stream(url, body, headers, deadline.left(), PAUSE)
    kind, refusal = "", b""
    try:
        for status, fields, part in stream:
            if status in (0, 200):
                yield part
            else:
                kind = fields.get("x-amzn-ErrorType", "")
                refusal += part
    except ConnectionError as error:
        raise Unreachable(str(error)) from None
    if status != 200:
        raise _failure(service, kind, refusal, status)


def _send(
    service: str,
    method: str,
    path: str,
    query: dict[str, str],
    headers: dict[str, str],
    body: bytes | None,
) -> tuple[int, str, bytes]:
    """Make a signed request. Returns the status, the type and the content of the answer.

    Raises ClientError or Unreachable.
    """
    url, headers = _signed(service, method, path, query, headers, body or b"")
    try:
        status, fields, data = _connection(service).exchange(
            method, url, body, headers, deadline.left()
        )
    except ConnectionError as error:
        raise Unreachable(str(error)) from None
    if 200 <= status < 300:
        return status, fields.get("Content-Type", ""), data
    kind = fields.get("x-amzn-ErrorType", "")
    if method == "HEAD":  # its answer can't say more
        kind = kind or str(status)
    raise _failure(service, kind, data, status)


def _signed(
    service: str,
    method: str,
    path: str,
    query: dict[str, str],
    headers: dict[str, str],
    body: bytes,
) -> tuple[str, dict[str, str]]:
    """Return the path with the query, and the headers of a signed request. Raises Unreachable."""
    if not (settings.aws_access_key_id and settings.aws_region):
        raise Unreachable(
            "no AWS credentials or region: AWS_ACCESS_KEY_ID and AWS_REGION must be set"
        )
    path = quote(path, "/%")
    parameters = "&".join(sorted(f"{quote(n, '')}={quote(query[n], '')}" for n in query))
    headers = {
        **headers,
        "Host": urlsplit(_url(service)).netloc,
        "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
    }
    if settings.aws_session_token:
        headers["X-Amz-Security-Token"] = settings.aws_session_token
    if service == "s3":
        headers["X-Amz-Content-SHA256"] = hashlib.sha256(body).hexdigest()
    headers["Authorization"] = authorization(
        service, settings.aws_region, method, path, parameters, headers, body
    )
    return f"{path}?{parameters}" if parameters else path, headers


def _failure(service: str, kind: str, data: bytes, status: int = 400) -> Exception:
    """Return the exception for an error of AWS: ClientError or Unreachable.

    `kind` and `data` are as in `_error`.
    """
    code, message = _error(kind, data)
    if status >= 500 or not code:
        return Unreachable(f"{service}: HTTP {status}")
    if settings.aws_session_token:  # an error may quote the token
        message = message.replace(settings.aws_session_token, "…")
    if status == 429 or any(name in code for name in RETRYABLE):
        return Unreachable(f"{service}: {code}: {message}")
    return ClientError(code, message)


def _error(kind: str, data: bytes) -> tuple[str, str]:
    """Return the code and the message of an error, which is in JSON or XML. No code: not AWS's.

    `kind` is the X-Amzn-ErrorType header, if there is one. In JSON, the code may also be in it.
    """
    told = _parsed(data)
    if not isinstance(told, dict):
        tags = rb"<(Code|Message)>([^<]*)</"
        told = {tag.decode(): text.decode(errors="replace") for tag, text in re.findall(tags, data)}
    code = kind or told.get("__type") or told.get("Code") or ""
    message = told.get("message") or told.get("Message") or "no message"
    # It may come as "namespace#Code:address".
    return str(code).partition(":")[0].rpartition("#")[2], str(message)


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


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


def authorization(
    service: str,
    region: str,
    method: str,
    path: str,
    query: str,
    headers: dict[str, str],
    body: bytes,
) -> str:
    """Return the Authorization header that signs a request with these headers.

    `path` and `query` are as they are sent, the query's parameters in order.
    Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
    """
    signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    if service != "s3":
        path = quote(path)  # once more, as all services but S3 want it
    digest = hashlib.sha256(body).hexdigest()
    request = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{digest}"
    date = signed["x-amz-date"]
    scope = f"{date[:8]}/{region}/{SIGNED_AS.get(service, service)}/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = f"AWS4{settings.aws_secret_access_key}".encode()
    for part in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}"):
        key = hmac.digest(key, part.encode(), "sha256")
    credential = f"Credential={settings.aws_access_key_id}/{scope}"
    return f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={key.hex()}"
