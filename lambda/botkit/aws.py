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
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote

from . import context
from .connection import Connection
from .deadline import deadline
from .errors import ClientError as ClientError  # also by this name: aws.ClientError
from .errors import ResponseTooLarge, Unreachable
from .settings import settings
from .types import Any, Json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .exchange import Response

# Codes of errors after which a retry may succeed: those that botocore retries, and wrong
# permissions or credentials. Somebody can repair the latter, so no update may be dropped for them.
RETRYABLE = (
    "^403|^LimitExceeded|AccessDenied|BadDigest|BandwidthLimitExceeded|ExpiredToken|InternalServer|"
    "IDPCommunicationError|InvalidAccessKeyId|ModelTimeout|ReplicatedWriteConflict|"
    "PriorRequestNotComplete|RequestLimitExceeded|RequestTimeout|ServiceUnavailable|SlowDown|Throttl|"
    "ThroughputExceeded|TooManyRequests|TransactionInProgress|UnrecognizedClient"
)

# Services that have another name in signatures than in their hosts.
SIGNING_NAMES = {"bedrock-agent-runtime": "bedrock", "bedrock-runtime": "bedrock", "email": "ses"}

# The root CAs of AWS's services at amazonaws.com: Amazon's 1 to 4, and Starfield's.
# https://www.amazontrust.com/repository/
CA_NAMES = ("Amazon Root CA ", "Starfield Services Root Certificate Authority - G2")

# The beginnings of targets whose success always has a body: without one, nothing was kept.
NEVER_EMPTY = ("AmazonSQS.SendMessage", "AmazonSSM.", "DynamoDB_")

# By service. Tests put other objects in their place.
connections: dict[str, Connection] = {}


def call(service: str, target: str, params: Json, *, signing_name: str = "") -> Any:
    """Make a call and return its result, in the time that the invocation has left.

    `target` is the X-Amz-Target header. `service` and `signing_name` are as in `request`. Raises
    ClientError, or Unreachable if the service doesn't answer or if a retry may succeed.
    """
    version = "1.0" if service in ("dynamodb", "sqs") else "1.1"
    headers = {"Content-Type": f"application/x-amz-json-{version}", "X-Amz-Target": target}
    body = json.dumps(params).encode()
    response = _send(service, "POST", "/", {}, headers, body, signing_name)
    return _result(service, response, b"" if target.startswith(NEVER_EMPTY) else b"{}")


def request(
    service: str,
    method: str,
    path: str,
    *,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    body: Json | bytes | None = None,
    signing_name: str = "",
) -> Any:
    """Make a request to a REST API and return its result, in the time that the invocation has left.

    `service` is the part of the API's host before the region, such as "s3", and `signing_name` the
    name in its signatures, if that is another: "appconfig" for "appconfigdata". `path` is encoded
    here, except for characters that are percent-encoded already: inside a name, write "/" as "%2F"
    and "%" as "%25". A dict as `body` is sent as JSON. Returns JSON as Python values; all other
    responses, and everything from S3, as bytes. Raises ClientError, or Unreachable if the service
    doesn't answer or if a retry may succeed.
    """
    headers = {**(headers or {})}
    if isinstance(body, dict):
        body = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
    response = _send(service, method, path, query or {}, headers, body, signing_name)
    if "s3" in (service, signing_name) or "json" not in response.headers.get("Content-Type", ""):
        return response.body
    return _result(service, response)


def _send(
    service: str,
    method: str,
    path: str,
    query: dict[str, str],
    headers: dict[str, str],
    body: bytes | None,
    signing_name: str,
) -> Response:
    """Send a signed request, and return the response. Raises ClientError or Unreachable."""
    context.forbid_in_replay()
    if not (settings.aws_access_key_id and settings.aws_region):
        raise Unreachable(
            "no AWS credentials or region: AWS_ACCESS_KEY_ID and AWS_REGION must be set"
        )
    signing_name = signing_name or SIGNING_NAMES.get(service, service)
    path = quote(path, "/%")
    pairs = sorted((quote(name, ""), quote(value, "")) for name, value in query.items())
    parameters = "&".join(f"{name}={value}" for name, value in pairs)
    headers = {
        **headers,
        "Host": _url(service).partition("://")[2].partition("/")[0],
        "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
    }
    if settings.aws_session_token:
        headers["X-Amz-Security-Token"] = settings.aws_session_token
    if signing_name == "s3":
        headers["X-Amz-Content-SHA256"] = hashlib.sha256(body or b"").hexdigest()
    headers["Authorization"] = _authorization(
        signing_name, method, path, parameters, headers, body or b""
    )
    target = f"{path}?{parameters}" if parameters else path
    try:
        response = _connection(service).request(method, target, body, headers, deadline.left())
    except ResponseTooLarge:  # a retry would get the same
        text = "an answer must have at most 20 MB: ask for a part"
        raise ClientError("ResponseTooLong", text) from None
    if 200 <= response.status < 300:
        return response
    # These have no body that could say more.
    is_empty = method == "HEAD" or response.status == 304
    raise _failure(service, response, str(response.status) if is_empty else "")


def _result(service: str, response: Response, default: bytes = b"{}") -> Any:
    """Return the JSON of a response, or the `default` of an empty one. Raises Unreachable."""
    result = _parse(response.body or default)
    if result is None:
        raise Unreachable(f"{service}: HTTP {response.status}, and no JSON")
    return result


def _failure(service: str, response: Response, code: str) -> Exception:
    """Return the exception for an error of AWS: ClientError or Unreachable.

    `code` is for a response that contains none.
    """
    fields = _parse(response.body)
    if not isinstance(fields, dict):
        tags = re.findall(rb"<(Code|Message)>([^<]*)</", response.body)
        fields = {tag.decode(): text.decode(errors="replace") for tag, text in tags}
    kind = response.headers.get("x-amzn-ErrorType") or fields.get("__type") or fields.get("Code")
    code = str(kind or code).partition(":")[0].rpartition("#")[2]  # of "namespace#Code:address"
    if response.status >= 500 or not code:
        return Unreachable(f"{service}: HTTP {response.status}")
    message = str(fields.get("message") or fields.get("Message") or "no message")
    if settings.aws_session_token:  # an error may quote the token
        message = message.replace(settings.aws_session_token, "…")
    if response.status == 429 or re.search(RETRYABLE, code):
        return Unreachable(f"{service}: {code}: {message}")
    return ClientError(code, message)


def _parse(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def to_json(value: Any) -> str:
    """Return a value in short JSON. Raises what json.dumps raises, and ValueError for NaN."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text = text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")  # SQS takes neither
    return text.encode(errors="replace").decode()  # half a surrogate pair


def start_connecting(service: str) -> Callable[[], None]:
    """Start to connect to a service, in the background. Returns a function that waits for that.

    It raises Unreachable.
    """
    connection = _connection(service)
    connection.start_connecting()
    return lambda: connection.open(deadline.left())


def _connection(service: str) -> Connection:
    if service not in connections:
        ca_names = CA_NAMES if settings.aws_dns_suffix == "amazonaws.com" else ()
        connections[service] = Connection(_url(service), ca_names=ca_names)
    return connections[service]


def _url(service: str) -> str:
    host = f"{service}.{settings.aws_region}.{settings.aws_dns_suffix}"
    return settings.aws_endpoint_url or f"https://{host}"


def _authorization(
    signing_name: str, method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> str:
    """Return the Authorization header that signs a request with these headers.

    `path` and `query` are as they are sent, with the query's parameters sorted by name.
    Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
    """
    signed = {name.lower(): " ".join(headers[name].split()) for name in headers}
    names = sorted(signed)
    lines = "".join(f"{name}:{signed[name]}\n" for name in names)
    if signing_name != "s3":
        path = quote(path)  # encoded twice, as all services except S3 expect
    digest = signed.get("x-amz-content-sha256") or hashlib.sha256(body).hexdigest()
    request = f"{method}\n{path}\n{query}\n{lines}\n{';'.join(names)}\n{digest}"
    date = signed["x-amz-date"]
    scope = f"{date[:8]}/{settings.aws_region}/{signing_name}/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}"
    signature = hmac.digest(_key(settings.aws_secret_access_key, scope), text.encode(), "sha256")
    credential = f"Credential={settings.aws_access_key_id}/{scope}"
    signed_names = f"SignedHeaders={';'.join(names)}"
    return f"AWS4-HMAC-SHA256 {credential}, {signed_names}, Signature={signature.hex()}"


# AWS renews the secret, and the scope has the day and the service.
@lru_cache(8)
def _key(secret: str, scope: str) -> bytes:
    """Return the key for the requests of a day to a service in a region."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
