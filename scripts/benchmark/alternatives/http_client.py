"""connection.py over http.client, each request in a thread that can be given up.

It has no proxy, and no second try with all CAs. What it doesn't define is connection.py's own.
"""

import socket  # noqa: F401
import ssl
import threading
import time
from binascii import a2b_base64, b2a_base64  # noqa: F401
from http.client import HTTPSConnection
from urllib.parse import urlsplit

from botkit.errors import Unreachable

IDLE_SECONDS = 30


class Connection:
    def __init__(self, url, proxy="", root=""):
        self._url = urlsplit(url)
        context = ssl.create_default_context(cadata=_trusted(root))
        self._http = HTTPSConnection(self._url.hostname, self._url.port, context=context)
        self._last_used = 0.0

    def open(self, timeout):
        self._http.timeout = timeout
        within(timeout, self._http.connect)
        self._last_used = time.time()

    def post(self, path, body, headers, timeout):
        if self._http.sock and not (
            0 <= time.time() - self._last_used < IDLE_SECONDS and _is_quiet(self._http.sock)
        ):
            self._http.close()

        def exchange():
            self._http.timeout = timeout
            if self._http.sock:
                self._http.sock.settimeout(timeout)
            return self.exchange(path, body, headers)

        result = within(timeout, exchange)
        self._last_used = time.time()
        return result

    def exchange(self, path, body, headers):
        self._http.request("POST", self._url.path + path, body, headers)
        with self._http.getresponse() as response:
            return response.status, response.read()


def within(timeout, work):
    outcome = []

    def run():
        try:
            outcome.append(work())
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout)
    if not outcome or isinstance(outcome[0], Exception):
        raise Unreachable(str(outcome))
    return outcome[0]
