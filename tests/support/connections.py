"""Functions that answer in place of a connection: each is asked as a module of botkit is.

They stand where a connection does, so botkit signs, checks and reads what goes over it.
"""

import json
from types import SimpleNamespace
from urllib.parse import parse_qsl


class ForAws:
    """Has a service's calls answered by a function with the parameters of `aws.call`.

    Requests to a REST API are answered by one with those of `aws.request`.
    """

    def __init__(self, service, function):
        self.function = function
        self._service = service

    def request(self, method, path, body, headers, timeout):
        content = json.loads(body) if body else None
        if target := headers.get("X-Amz-Target"):
            return _answer(self.function(self._service, target, content) or {})
        path, _, query = path.partition("?")
        about = {"query": dict(parse_qsl(query))} if query else {}
        if body:
            about["body"] = content
        return _answer(self.function(self._service, method, path, **about) or {})


class ForTelegram:
    """Has calls of Telegram answered by a function with the parameters of `Client.post`."""

    def __init__(self, function):
        self.function = function

    def request(self, method, path, body, headers, timeout):
        result = self.function(path.rpartition("/")[2], json.loads(body), timeout)
        return _answer({"ok": True, "result": result})


def _answer(result):
    headers = {"Content-Type": "application/json"}
    return SimpleNamespace(status=200, headers=headers, body=json.dumps(result).encode())
