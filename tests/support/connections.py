"""Functions that answer in place of a connection: each is asked as a module of botkit is.

They stand where a connection does, so botkit signs, checks and reads what goes over it.
"""

import json
from types import SimpleNamespace
from urllib.parse import parse_qsl

from werkzeug import Request

JSON = {"Content-Type": "application/json"}


class _Answers:
    """In place of a Connection: nothing is opened."""

    def __init__(self, function):
        self._function = function

    def start_connecting(self):
        """Open nothing."""

    def open(self, timeout):
        """Open nothing."""

    def watch(self, see):
        """Have another function see what is asked before it is answered. It may raise instead."""
        answer = self._function

        def watched(*asked, **content):
            see(*asked, **content)
            return answer(*asked, **content)

        self._function = watched


class Calls(_Answers):
    """Has AWS's calls answered by a function with the parameters of `aws.call`."""

    def __init__(self, service, function):
        super().__init__(function)
        self._service = service

    def request(self, method, path, body, headers, timeout):
        result = self._function(self._service, headers["X-Amz-Target"], json.loads(body))
        return _answer(result or {})


class Requests(Calls):
    """Has requests to a REST API of AWS answered by a function with those of `aws.request`."""

    def request(self, method, path, body, headers, timeout):
        path, _, query = path.partition("?")
        about = {"query": dict(parse_qsl(query))} if query else {}
        if body:
            about["body"] = json.loads(body)
        return _answer(self._function(self._service, method, path, **about) or {})


class Posts(_Answers):
    """Has calls of Telegram answered by a function with the parameters of `Client.post`."""

    def request(self, method, path, body, headers, timeout):
        result = self._function(path.rpartition("/")[2], json.loads(body), timeout)
        return _answer({"ok": True, "result": result})


class Served(_Answers):
    """Has requests answered by a server of pytest-httpserver, without a connection to it."""

    def __init__(self, server):
        super().__init__(server.application)

    def request(self, method, path, body, headers, timeout):
        if timeout <= 0:
            from botkit.errors import Unreachable  # of the container that asks

            raise Unreachable("no time left")
        request = Request.from_values(path, method=method, data=body, headers=headers)
        answer = self._function(request)
        return SimpleNamespace(status=answer.status_code, headers=answer.headers, body=answer.data)


def _answer(result):
    return SimpleNamespace(status=200, headers=JSON, body=json.dumps(result).encode())
