"""The emulated API Gateway: what reaches the function, and what it answers by itself."""

import socket

import pytest
from telegram_stand_in import post

from telegram_bot_aws.emulated_aws.gateway import MAX_REQUEST_BYTES, Gateway

OK = {"statusCode": 200, "headers": {}, "body": "ok"}


class Function:
    """The invoked function: it keeps the bodies that came, and answers as told."""

    def __init__(self):
        self.answer = OK
        self.bodies = []

    def __call__(self, event):
        self.bodies.append(event["body"])
        return self.answer


@pytest.fixture
def function():
    return Function()


@pytest.fixture
def gateway(function):
    with Gateway(function) as gateway:
        yield gateway


def test_a_request_reaches_the_function(gateway, function):
    status, headers, body = post(gateway.webhook_url, {}, b"{}")
    assert (status, headers["apigw-requestid"], body) == (200, "local-1", "ok")
    assert function.bodies == ["{}"]
    assert post(f"{gateway.webhook_url}/more", {}, b"{}")[0] == 404
    assert function.bodies == ["{}"]


@pytest.mark.parametrize("answer", [None, "text", {"body": "no status"}], ids=str)
def test_a_function_that_fails(gateway, function, answer):
    function.answer = answer
    status, _, body = post(gateway.webhook_url, {}, b"{}")
    assert (status, body) == (500, '{"message":"Internal Server Error"}')


def test_a_request_that_is_too_long(gateway, function):
    head = f"POST /telegram HTTP/1.1\r\nHost: x\r\nContent-Length: {MAX_REQUEST_BYTES + 1}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", gateway.server_port), timeout=60) as connection:
        connection.sendall(head.encode())
        with connection.makefile("rb") as received:
            said = received.read().decode()  # to the end: the connection is closed
    assert said.startswith("HTTP/1.1 413 ")
    assert said.endswith('{"message":"Request Too Long"}')
    assert function.bodies == []
