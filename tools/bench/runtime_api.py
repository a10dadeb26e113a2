"""A local Lambda Runtime API (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).

It serves one function at a time, which AWS's own runtime client runs as on Lambda:

    with RuntimeApi() as api:
        function = subprocess.Popen(
            [python, "-m", "awslambdaric", "handler.handler"],
            cwd=unpacked_package, env={**api.environment(), **environment_of_the_function},
        )
        api.wait_until_started()
        print(api.invoke({"rawPath": "/telegram"}).payload)
"""

from __future__ import annotations

import json
import queue
import time
from typing import Any, NamedTuple

from telegram_bot_aws.local.http_server import LocalRequest, LocalServer


class Answer(NamedTuple):
    """The result of an invocation.

    `payload` is the function's result or, if it `failed`, the error that Lambda would report.
    `seconds` run from sending the event to receiving the answer.
    """

    payload: Any
    failed: bool
    seconds: float


class InitError(Exception):
    """The function can't be started; the text is its runtime client's report."""


class RuntimeApi(LocalServer):
    """The Runtime API, until the `with` block ends. `time_out` is the function's, in seconds."""

    def __init__(self, time_out: float = 30.0) -> None:
        self._time_out = time_out
        self._waiting: queue.Queue[InitError | None] = queue.Queue()
        self._events: queue.Queue[bytes | None] = queue.Queue()
        self._answers: queue.Queue[tuple[float, bytes, bool]] = queue.Queue()
        self._sent = 0.0
        self._invocations = 0
        super().__init__(_Request)

    def __exit__(self, *exception: object) -> None:
        self._events.put(None)
        super().__exit__(*exception)

    def environment(self) -> dict[str, str]:
        """Return the variables that Lambda sets for a function, including this API's address."""
        return {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": "telegram-bot",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_LAMBDA_LOG_LEVEL": "INFO",
            "AWS_REGION": "eu-central-1",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
        }

    def wait_until_started(self, seconds: float = 60.0) -> None:
        """Wait until the function asks for its first event, or for its next one after an answer.

        Raises InitError, or TimeoutError.
        """
        try:
            error = self._waiting.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError(f"the function did not start within {seconds:.0f} s") from None
        if error:
            raise error

    def invoke(self, event: Any) -> Answer:
        """Invoke the function, which has asked for an event. Raises TimeoutError."""
        self._events.put(json.dumps(event).encode())
        try:
            arrived, body, failed = self._answers.get(timeout=self._time_out)
        except queue.Empty:
            raise TimeoutError(f"no answer within {self._time_out:.0f} s") from None
        return Answer(json.loads(body), failed, arrived - self._sent)


class _Request(LocalRequest):
    server: RuntimeApi

    def do_GET(self) -> None:
        api = self.server
        api._waiting.put(None)
        event = api._events.get()
        if event is None:
            self.close_connection = True
            return
        api._invocations += 1
        api._sent = time.perf_counter()
        deadline = int((time.time() + api._time_out) * 1000)
        headers = [
            ("Lambda-Runtime-Aws-Request-Id", f"request-{api._invocations}"),
            ("Lambda-Runtime-Deadline-Ms", f"{deadline}"),
            ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:::function:bot"),
            ("Lambda-Runtime-Trace-Id", "Root=1-0-0;Sampled=0"),
            ("Content-Type", "application/json"),
        ]
        self.respond(200, headers, event)

    def do_POST(self) -> None:
        body = self._body()
        arrived = time.perf_counter()
        self.respond(202, [("Content-Type", "application/json")], b'{"status": "OK"}')
        if self.path.endswith("/init/error"):
            self.server._waiting.put(InitError(body.decode(errors="replace")))
        else:
            self.server._answers.put((arrived, body, self.path.endswith("/error")))

    def _body(self) -> bytes:
        if "Content-Length" in self.headers:
            return self.rfile.read(int(self.headers["Content-Length"]))
        body = b""  # the runtime clients send answers in chunks
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers
            pass
        return body
