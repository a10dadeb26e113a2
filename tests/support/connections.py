"""Functions that answer in place of a connection: each is asked as a module of botkit is.

They stand where a connection does, so botkit signs, checks and reads what goes over it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

from pytest_httpserver import HTTPServer
from werkzeug import Request

Json = dict[str, Any]
JSON = {"Content-Type": "application/json"}


class _Answers:
    """In place of a Connection: nothing is opened."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def prepare(self) -> None:
        """Open nothing."""

    def open(self, timeout: float) -> None:
        """Open nothing."""

    def watch(self, see: Callable[..., object]) -> None:
        """Have another function see what is asked before it is answered. It may raise instead."""
        answer = self._function

        def watched(*asked: Any, **content: Any) -> Any:
            see(*asked, **content)
            return answer(*asked, **content)

        self._function = watched


class Calls(_Answers):
    """Has AWS's calls answered by a function with the parameters of `aws.call`."""

    def __init__(self, service: str, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._service = service

    def exchange(self, method: str, path: str, body: bytes, headers: Json, timeout: float) -> Any:
        result = self._function(self._service, headers["X-Amz-Target"], json.loads(body))
        return _answer(result or {})


class Requests(Calls):
    """Has requests to a REST API of AWS answered by a function with those of `aws.request`."""

    def exchange(self, method: str, path: str, body: bytes, headers: Json, timeout: float) -> Any:
        path, _, query = path.partition("?")
        about: Json = {"query": dict(parse_qsl(query))} if query else {}
        if body:
            about["body"] = json.loads(body)
        return _answer(self._function(self._service, method, path, **about) or {})


class Posts(_Answers):
    """Has calls of Telegram answered by a function with the parameters of `Client.post`."""

    def exchange(
        self, method: str, path: str, body: bytes, headers: Json, timeout: float, limit: int
    ) -> Any:
        result = self._function(path.rpartition("/")[2], json.loads(body), timeout)
        return _answer({"ok": True, "result": result})


class Served(_Answers):
    """Has requests answered by a server of pytest-httpserver, without a connection to it."""

    def __init__(self, server: HTTPServer) -> None:
        super().__init__(server.application)

    def exchange(
        self, method: str, path: str, body: bytes, headers: Json, timeout: float, limit: int
    ) -> Any:
        if timeout <= 0:
            from botkit.errors import Unreachable  # of the container that asks

            raise Unreachable("no time left")
        request = Request.from_values(path, method=method, data=body, headers=headers)
        answer = self._function(request)
        return SimpleNamespace(status=answer.status_code, headers=answer.headers, body=answer.data)


def _answer(result: Any) -> Any:
    return SimpleNamespace(status=200, headers=JSON, body=json.dumps(result).encode())
