"""aws.py: signed requests to AWS's services, compared with botocore's."""

import hashlib
import json
import re
import time
import traceback
from pathlib import Path
from types import SimpleNamespace

import botocore
import botocore.session
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.retries import standard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.stubs import AWS, SECRETS, SESSION_TOKEN, answers, answers_all, close, http, load

BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be
GET_ITEM = "DynamoDB_20120810.GetItem"


@pytest.fixture
def use(monkeypatch):
    """Load aws.py in Lambda's environment: `use(endpoint_url, session_token)`."""
    loaded = []

    def load_aws(endpoint_url="", session_token=SESSION_TOKEN):
        own = {"AWS_SESSION_TOKEN": session_token, "AWS_ENDPOINT_URL": endpoint_url}
        for name, value in {**AWS, **own}.items():
            monkeypatch.setenv(name, value)
        loaded.append(load("botkit.aws"))
        return loaded[-1]

    yield load_aws
    for aws in loaded:
        for connection in aws.connections.values():
            close(connection)


def failure(aws, asked="ssm"):
    """Return the error of a call of a service, or of a request ("GET s3"), which shows no key."""
    method, _, service = asked.rpartition(" ")
    aws.deadline.start(5)
    with pytest.raises((aws.ClientError, aws.Unreachable)) as caught:
        if method:
            aws.request(service, method, "/menu.pdf")
        else:
            aws.call(service, GET_ITEM, {})
    told = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    for secret in (*SECRETS, "Signature="):
        assert secret not in told
    return caught.value


PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)
NAMES = st.sampled_from(["a", "a1", "a-b", "a/b", "A", "domain", "domain-owner"]) | st.text()


class Connection:
    """A connection that answers each request with {}, and notes the last one."""

    def request(self, method, path, body, headers, timeout):
        self.method, self.target, self.body, self.headers = method, path, body or b"", headers
        return SimpleNamespace(status=200, headers={}, body=b"{}")

    def check_signature(self, signing_name, token=SESSION_TOKEN):
        """Check that the request was signed as botocore does it at its date."""
        signature = self.headers.pop("Authorization")
        kind = S3SigV4Auth if signing_name == "s3" else SigV4Auth
        keys = AWS["AWS_ACCESS_KEY_ID"], AWS["AWS_SECRET_ACCESS_KEY"]
        credentials = Credentials(*keys, token or None)
        signer = kind(credentials, signing_name, AWS["AWS_REGION"])
        url = f"https://{self.headers['Host']}{self.target}"
        request = AWSRequest(self.method, url, self.headers, self.body)
        request.context["timestamp"] = self.headers["X-Amz-Date"]
        text = signer.string_to_sign(request, signer.canonical_request(request))
        signer._inject_signature_to_request(request, signer.signature(text, request))
        assert signature == request.headers["Authorization"]


def test_any_request_is_signed_as_botocore_does(use):
    aws = use()

    @settings(BUSY, max_examples=100)
    @given(
        service=st.sampled_from(["s3", "lambda", "codeartifact"]),
        method=st.sampled_from(["GET", "POST", "DELETE"]),
        parts=st.lists(st.sampled_from(["a", "...", "%2F", "~ä b"]), min_size=1),
        query=st.dictionaries(NAMES, st.text()),
        headers=st.dictionaries(
            st.sampled_from(["X-A", "X-a1", "X-A-B", "Content-Type"]), PRINTABLE
        ),
        body=st.binary(),
    )
    def check(service, method, parts, query, headers, body):
        aws.connections[service] = connection = Connection()
        path = "/" + "/".join(parts)
        aws.request(service, method, path, query=query, headers=headers, body=body)
        connection.check_signature(service)

    check()


# A service, the name that it is signed by, and a request with the target that is to be sent.
REQUESTS = {
    "a query": (
        *("scheduler", "scheduler", "DELETE", "/schedules/tea"),
        {"query": {"groupName": "my bot+é/~", "clientToken": "a=b&c", "A": ""}},
        "/schedules/tea?A=&clientToken=a%3Db%26c&groupName=my%20bot%2B%C3%A9%2F~",
    ),
    "a path as it is": ("s3", "s3", "HEAD", "/my-bucket//a/../b", {}, "/my-bucket//a/../b"),
    "a bucket in the host": ("my-bucket.s3", "s3", "GET", "/a", {"signing_name": "s3"}, "/a"),
    "bytes": (
        *("s3", "s3", "PUT", "/my-bucket/%2Fx%25"),
        {
            "body": bytes(range(256)),
            "headers": {"Content-Type": "image/png", "X-Amz-Acl": " a  b "},
        },
        "/my-bucket/%2Fx%25",
    ),
    "a dict of another type": (
        *("iotwireless", "iotwireless", "PATCH", "/x"),
        {"body": {"a": 1}, "headers": {"Content-Type": "application/merge-patch+json"}},
        "/x",
    ),
    "a model": (
        *("bedrock-runtime", "bedrock", "POST", "/model/eu.anthropic.x-v1:0/converse"),
        {"body": {"messages": []}},
        "/model/eu.anthropic.x-v1%3A0/converse",
    ),
}


@pytest.mark.parametrize(
    ("service", "signing_name", "method", "path", "more", "target"), REQUESTS.values(), ids=REQUESTS
)
def test_request_is_sent_and_signed(use, service, signing_name, method, path, more, target):
    aws = use()
    aws.connections[service] = sent = Connection()
    aws.request(service, method, path, **more)
    assert (sent.method, sent.target) == (method, target)
    given = more.get("body", b"")
    if isinstance(given, dict):
        own = more.get("headers", {}).get("Content-Type")
        assert sent.headers["Content-Type"] == (own or "application/json")
        assert json.loads(sent.body) == given
    else:
        assert sent.body == given
    hashed = hashlib.sha256(sent.body).hexdigest()
    assert sent.headers.get("X-Amz-Content-SHA256") == (hashed if signing_name == "s3" else None)
    sent.check_signature(signing_name)


def test_signing_names_are_botocores(use):
    session = botocore.session.get_session()
    models = map(session.get_service_model, ("bedrock-agent-runtime", "bedrock-runtime", "sesv2"))
    assert use().SIGNING_NAMES == {model.endpoint_prefix: model.signing_name for model in models}


ANSWERS = {
    "JSON": (
        "scheduler",
        http({"a": 1}, "299 Odd", "Content-Type: application/json"),
        {"a": 1},
    ),
    "another type": ("polly", http(b"ID3", "200 OK", "Content-Type: audio/mpeg"), b"ID3"),
    "no content": ("s3", http(b"", "204 No Content"), b""),
    "a file of JSON": ("s3", http(b"{}", "200 OK", "Content-Type: application/json"), b"{}"),
    "in its bucket": ("my-bucket.s3", http(b"{}", "200 OK", "Content-Type: text/json"), b"{}"),
}


@pytest.mark.parametrize(("service", "answer", "result"), ANSWERS.values(), ids=ANSWERS)
def test_request_returns_json_or_bytes(serve, use, service, answer, result):
    more = {"signing_name": "s3"} if service.startswith("my") else {}
    aws = use(serve(answers(answer)).url)
    assert aws.request(service=service, method="GET", path="/x", **more) == result


def test_call_without_content_returns_nothing(serve, use):
    assert use(serve(answers(http(b""))).url).call("sqs", "AmazonSQS.DeleteMessage", {}) == {}


@pytest.mark.parametrize(
    "target", ["AmazonSQS.SendMessage", "AmazonSSM.GetParameter", "DynamoDB_20120810.PutItem"]
)
def test_nothing_is_kept_by_an_empty_answer(serve, use, target):
    aws = use(serve(answers(http(b""))).url)
    with pytest.raises(aws.Unreachable):
        aws.call("any", target, {})


XML = b"<Error><Code>NoSuchKey</Code><Message>no \xff key</Message><Key>menu.pdf</Key></Error>"
TOO_LONG = "ClientError: ResponseTooLong: an answer must have at most 20 MB: ask for a part"
TOKEN_LEFT_OUT = "ClientError: Oops: …\\ud800"


def refused(kind, status="400 Bad", **about):
    """Return the answer to a call that fails."""
    return http({"__type": kind, **about}, status)


FAILURES = {
    "a header": (
        "GET s3",
        http({"Message": "no"}, "404 No", "x-amzn-ErrorType: ResourceNotFoundException:http://x/"),
        "ClientError: ResourceNotFoundException: no",
    ),
    "XML": ("GET s3", http(XML, "404 No"), "ClientError: NoSuchKey: no \ufffd key"),
    "nothing final": ("GET s3", b"HTTP/1.1 199 Wait\r\n\r\n", "Unreachable: s3: HTTP 199"),
    "a choice": ("GET s3", http(b"<Code>Odd</Code>", "300 No"), "ClientError: Odd: no message"),
    "not changed": ("GET s3", http(b"", "304 Same"), "ClientError: 304: no message"),
    "too long": ("GET s3", http(b"x" * (21 << 20)), TOO_LONG),
    "nothing, to HEAD": ("HEAD s3", http(b"", "404 No"), "ClientError: 404: no message"),
    "no right, to HEAD": ("HEAD s3", http(b"", "403 No"), "Unreachable: s3: 403: no message"),
    "a proxy": ("GET s3", http(b"<html>", "403 No"), "Unreachable: s3: HTTP 403"),
    "invalid JSON": (
        "GET lambda",
        http(b"{", "200 OK", "Content-Type: application/json"),
        "Unreachable: lambda: HTTP 200, and no JSON",
    ),
    "a namespace": ("ssm", refused("com.amazonaws.x#Oops"), "ClientError: Oops: no message"),
    "the token": ("ssm", refused("Oops", message=f"{SESSION_TOKEN}\ud800"), TOKEN_LEFT_OUT),
    "a limit that stays": (
        "ssm",
        refused("x#ItemCollectionSizeLimitExceededException"),
        "ClientError: ItemCollectionSizeLimitExceededException: no message",
    ),
    "no permission yet": (
        "ssm",
        refused("AccessDeniedException", message="no"),
        "Unreachable: ssm: AccessDeniedException: no",
    ),
    "a server error": ("ssm", refused("Oops", "500 No"), "Unreachable: ssm: HTTP 500"),
    "an odd 429": ("ssm", refused("Odd", "429 No"), "Unreachable: ssm: Odd: no message"),
    "no JSON": ("ssm", http(b"<html>"), "Unreachable: ssm: HTTP 200, and no JSON"),
    "nested too deep": ("ssm", http(b"[" * 100_000), "Unreachable: ssm: HTTP 200, and no JSON"),
}


@pytest.mark.parametrize(("asked", "answer", "text"), FAILURES.values(), ids=FAILURES)
def test_failure_is_a_client_error_or_unreachable(serve, use, asked, answer, text):
    error = failure(use(serve(answers(answer)).url), asked)
    assert f"{type(error).__name__}: {error}" == text
    if text.startswith("ClientError"):
        assert error.code == text.split(": ")[1]


@pytest.mark.parametrize(
    ("service", "target", "version", "token", "more"),
    [
        ("codebuild", "CodeBuild_20161006.ListBuilds", "1.1", SESSION_TOKEN, {}),
        ("dynamodb", GET_ITEM, "1.0", SESSION_TOKEN, {}),
        ("streams.dynamodb", GET_ITEM, "1.1", SESSION_TOKEN, {"signing_name": "dynamodb"}),
        ("sqs", "AmazonSQS.SendMessage", "1.0", "", {}),
    ],
    ids=["codebuild", "dynamodb", "another_name", "sqs_as_a_user"],
)
def test_call_is_signed_as_botocore_does(use, service, target, version, token, more):
    before = int(time.time()) - 1  # the clock that gmtime() reads may be a tick behind
    aws = use(session_token=token)
    aws.connections[service] = sent = Connection()
    params = {"Name": "/bots/é", "WithDecryption": True}
    assert aws.call(service, target, params, **more) == {}
    assert (sent.method, sent.target) == ("POST", "/")
    assert json.loads(sent.body) == params
    assert sent.headers["Host"] == f"{service}.eu-central-1.amazonaws.com"
    assert sent.headers["Content-Type"] == f"application/x-amz-json-{version}"
    assert sent.headers["X-Amz-Target"] == target
    assert sent.headers.get("X-Amz-Security-Token") == (token or None)
    sent_at = time.strptime(sent.headers["X-Amz-Date"] + " UTC", "%Y%m%dT%H%M%SZ %Z")
    assert before <= time.mktime(sent_at) - time.timezone <= time.time()
    sent.check_signature(more.get("signing_name", service), token)


@pytest.mark.parametrize("suffix", ["amazonaws.com", "amazonaws.com.cn"])
def test_each_service_has_the_host_and_cas_of_its_partition(use, monkeypatch, suffix):
    monkeypatch.setenv("AWS_DNS_SUFFIX", suffix)
    aws = use()
    connection = aws._connection("ssm")
    assert connection.url == f"https://ssm.eu-central-1.{suffix}"
    # Of others, the system's, since they aren't known to be Amazon's.
    assert connection._ca_names == (() if suffix.endswith(".cn") else aws.CA_NAMES)
    assert aws.connections == {"ssm": connection}


def retried_by_botocore():
    """Return the codes of the errors that botocore retries, for any service."""
    policies = json.loads(
        Path(botocore.__file__).with_name("data").joinpath("_retry.json").read_text()
    )
    codes = set(re.findall('"service_error_code": "([^"]+)"', json.dumps(policies)))
    codes |= set(standard.TransientRetryableChecker._TRANSIENT_ERROR_CODES)
    return codes | set(standard.ThrottledRetryableChecker._THROTTLED_ERROR_CODES)


@pytest.mark.parametrize("code", sorted(retried_by_botocore()))
def test_error_that_botocore_retries_is_unreachable(serve, use, code):
    answer = refused(f"com.amazonaws.x#{code}", message="not now")
    error = failure(use(serve(answers(answer)).url, session_token=""), "dynamodb")
    assert (type(error).__name__, str(error)) == ("Unreachable", f"dynamodb: {code}: not now")


def test_ca_names_are_amazons(use):
    trusted = Path(botocore.__file__).with_name("cacert.pem").read_text("utf-8")
    amazons = re.findall("# Subject: CN=((?:Amazon|Starfield Services) .*) O=", trusted)
    roots = use().CA_NAMES
    assert all(name.startswith(roots) for name in amazons)
    assert all(any(name.startswith(root) for name in amazons) for root in roots)


@pytest.mark.parametrize("missing", ["aws_access_key_id", "aws_region"])
def test_nothing_is_sent_without_credentials_or_region(serve, use, monkeypatch, missing):
    peer = serve(answers_all)
    aws = use(peer.url)
    monkeypatch.setattr(aws.settings, missing, "")
    assert "AWS_ACCESS_KEY_ID and AWS_REGION" in str(failure(aws))
    assert peer.requests == []


def test_json_is_short_and_strict(use):
    """Sizes are counted in it, and sessions and schedules are made of it."""
    to_json = use().to_json
    assert to_json({"é": [1, "\ud800"]}) == '{"é":[1,"?"]}'
    with pytest.raises(ValueError, match="nan"):
        to_json([float("nan")])
