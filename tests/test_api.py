"""api.py, aws.py: the bot's calls with its token, which may be kept in Parameter Store."""

from __future__ import annotations

import json
import time
from types import ModuleType
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from conftest import BotApi, Serve, Start
from stubs import SECRET, TOKEN, Container, Peer, answers, echo, http, load, message, refusal

OLD = "123456789:planted-old-token_EEEEEEEEEEEEEEEEE"
KEY = "planted-key-of-the-role_DDDDDDDDDDDD"
CALL = {"chat_id": 42, "text": "You said: hi"}


def parameter(value: Any) -> bytes:
    return http({"Parameter": {"Name": "/bot/token", "Value": value}})


@pytest.fixture
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")


@pytest.fixture
def start_with_parameter(start: Start, aws_environment: None) -> Start:
    """Start a container whose token is kept in a Parameter Store: `start(api_url, store)`."""

    def start_container(api_url: str, store: Peer) -> Container:
        return start(
            api_url,
            TELEGRAM_BOT_TOKEN="",
            TELEGRAM_BOT_TOKEN_PARAMETER="/bot/token",
            AWS_ENDPOINT_URL=store.url,
        )

    return start_container


@pytest.mark.parametrize("value", [TOKEN, f" {TOKEN}\n"], ids=["as it is", "with a line end"])
def test_the_token_is_fetched_at_start_up(
    start_with_parameter: Start, serve: Serve, bot_api: BotApi, value: str
) -> None:
    store = serve(answers(parameter(value)))
    container = start_with_parameter(bot_api.url, store)
    assert store.bodies == [{"Name": "/bot/token", "WithDecryption": True}]
    bot_api.expects(echo(), echo())
    assert container.deliver(message(1)) == (200, None)
    assert container.deliver(message(2)) == (200, None)
    assert len(store.requests) == 1


def test_a_changed_token_is_fetched_again(
    start_with_parameter: Start, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = serve(answers(parameter(OLD), parameter(TOKEN)))
    peer = serve(answers(http(refusal(401, "Unauthorized"), "401 Unauthorized"), http()))
    container = start_with_parameter(peer.url, store)
    monkeypatch.setattr(container.handler.api, "fetched_at", time.monotonic() - 61)
    assert container.deliver(message()) == (200, None)
    tokens = [request.split(b"/")[1].decode() for request in peer.requests]
    assert tokens == ["bot" + OLD, "bot" + TOKEN]
    assert peer.bodies[0] == peer.bodies[1]


def test_a_token_that_was_fetched_a_moment_ago_is_not_fetched_again(
    start_with_parameter: Start, serve: Serve
) -> None:
    store = serve(answers(parameter(TOKEN)))
    unauthorized = http(refusal(401, "Unauthorized"), "401 Unauthorized")
    container = start_with_parameter(serve(answers(unauthorized)).url, store)
    assert container.deliver(message()) == (503, None)
    assert container.line["outcome"] == "misconfigured"
    assert len(store.requests) == 1


STORES: dict[str, tuple[bytes, str]] = {
    "refused": (
        http(
            {"__type": "com.amazonaws#AccessDeniedException", "Message": "not authorized"},
            "400 Bad Request",
        ),
        "the token can't be fetched: AccessDeniedException: not authorized",
    ),
    "refused, in small letters": (
        http({"__type": "ParameterNotFound", "message": "gone"}, "400 Bad Request"),
        "the token can't be fetched: ParameterNotFound: gone",
    ),
    "throttled": (http({"__type": "ThrottlingException"}, "400 Bad"), "ssm: ThrottlingException"),
    "exhausted": (
        http({"__type": "x#ProvisionedThroughputExceededException"}, "400 Bad"),
        "ssm: ProvisionedThroughputExceededException",
    ),
    "broken": (http({"__type": "InternalServerError"}, "500 Oops"), "ssm: HTTP 500"),
    "no JSON": (http(b"<html>"), "ssm: HTTP 200"),
    "no object": (http([]), "ssm: HTTP 200"),
    "nested too deep": (http(b"[" * 100_000), "ssm: HTTP 200"),
    "no parameter": (http({}), "the token can't be fetched: there is none in the answer"),
    "parameter is none": (
        http({"Parameter": None}),
        "the token can't be fetched: there is none in the answer",
    ),
    "value is none": (parameter(7), "the token can't be fetched: there is none in the answer"),
}


@pytest.mark.parametrize(("answer", "error"), STORES.values(), ids=STORES)
def test_without_a_token_updates_wait(
    start_with_parameter: Start, serve: Serve, bot_api: BotApi, answer: bytes, error: str
) -> None:
    store = serve(answers(answer, answer, parameter(TOKEN)))
    container = start_with_parameter(bot_api.url, store)
    assert container.log[-1]["message"] == "not ready at start-up"
    assert container.log[-1]["error"] == error
    assert container.deliver(message()) == (503, None)
    assert container.line["outcome"] == "unreachable"
    assert container.line["error"] == error
    bot_api.expects(echo())
    assert container.deliver(message()) == (200, None)


def test_without_any_setting_updates_wait(start: Start, bot_api: BotApi) -> None:
    container = start(bot_api.url, TELEGRAM_BOT_TOKEN="")
    assert container.deliver(message()) == (503, None)
    assert container.line["error"] == "TELEGRAM_BOT_TOKEN is not set"


def test_terraform_fetches_the_token_again(start_with_parameter: Start, serve: Serve) -> None:
    store = serve(answers(parameter(OLD), parameter(TOKEN)))
    info = {"url": "https://bot.example/telegram", "pending_update_count": 0}
    peer = serve(answers(http(), http({"ok": True, "result": info})))
    container = start_with_parameter(peer.url, store)
    container.invoke({"tf": {"action": "create"}, "url": info["url"], "max_connections": 40})
    assert all(request.startswith(b"POST /bot" + TOKEN.encode()) for request in peer.requests)
    assert peer.bodies[0]["secret_token"] == SECRET


@pytest.fixture
def aws(aws_environment: None) -> ModuleType:
    return load("aws")


@pytest.mark.parametrize(
    ("service", "target", "version"),
    [
        ("ssm", "AmazonSSM.GetParameter", "1.1"),
        ("dynamodb", "DynamoDB_20120810.GetItem", "1.0"),
    ],
)
@pytest.mark.parametrize("session", ["session", ""], ids=["role", "user"])
def test_a_call_is_signed_as_botocore_signs_it(
    serve: Serve,
    aws_environment: None,
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    target: str,
    version: str,
    session: str,
) -> None:
    peer = serve(answers(http({"answer": 1})))
    monkeypatch.setenv("AWS_ENDPOINT_URL", peer.url)
    monkeypatch.setenv("AWS_SESSION_TOKEN", session)
    aws = load("aws")
    assert aws.call(service, target, {"Name": "é"}, 5) == {"answer": 1}
    aws.connections[service]._kept.close()
    head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    sent = dict(field.split(": ", 1) for field in fields)
    assert line == "POST / HTTP/1.1"
    assert json.loads(body) == {"Name": "é"}
    assert sent["Content-Type"] == f"application/x-amz-json-{version}"
    assert sent["X-Amz-Target"] == target
    assert sent.get("X-Amz-Security-Token", "") == session
    names = ("Content-Type", "Host", "X-Amz-Target")
    request = AWSRequest("POST", peer.url + "/", {name: sent[name] for name in names}, body)
    signer = SigV4Auth(Credentials("AKIDEXAMPLE", KEY, session or None), service, "eu-central-1")
    request.context["timestamp"] = sent["X-Amz-Date"]
    if session:
        request.headers["X-Amz-Security-Token"] = session
    request.headers["X-Amz-Date"] = sent["X-Amz-Date"]
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    assert sent["Authorization"].endswith(f"Signature={signature}")
    scope = f"{sent['X-Amz-Date'][:8]}/eu-central-1/{service}/aws4_request"
    assert sent["Authorization"].startswith(f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, ")
    signed = signer.signed_headers(signer.headers_to_sign(request))
    assert f", SignedHeaders={signed}, " in sent["Authorization"]


def test_a_service_has_one_connection_and_its_own_host(
    aws: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Connection:
        def __init__(self, url: str) -> None:
            asked.append(url)

        def post(self, *arguments: Any) -> tuple[int, bytes]:
            asked.append(arguments[2]["Host"])
            return 200, b"{}"

    monkeypatch.setattr(aws, "Connection", Connection)
    monkeypatch.setattr(aws, "connections", {})
    aws.call("ssm", "AmazonSSM.GetParameter", {}, 5)
    assert asked == [
        "https://ssm.eu-central-1.amazonaws.com",
        "ssm.eu-central-1.amazonaws.com",
    ]


def test_a_refusal_of_aws_says_its_code(serve: Serve, aws_environment: None) -> None:
    peer = serve(answers(http({"__type": "a#ConditionalCheckFailed", "message": "no"}, "400 Bad")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", peer.url)
        aws = load("aws")
    with pytest.raises(aws.Refused, match="^ConditionalCheckFailed: no$") as caught:
        aws.call("dynamodb", "DynamoDB_20120810.PutItem", {}, 5)
    aws.connections["dynamodb"]._kept.close()
    assert caught.value.code == "ConditionalCheckFailed"
