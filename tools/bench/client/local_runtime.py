"""AWS's runtime client, with events from the standard input in place of the Runtime API.

    python -m local_runtime HANDLER <events >log 2>results

Each line of the input is an event. After start-up and after each event, a line of JSON says the
result, and the ms of CPU time and the MB of memory that the process has needed so far.
"""

import json
import os
import sys
import time

from awslambdaric import __main__, lambda_runtime_client

SECONDS = 600  # that an invocation may take
results: list[object] = []


def next() -> tuple[bytes, dict[str, object]]:
    """Return the next event, and headers of the Runtime API. At the end, end the process."""
    cpu = time.process_time() * 1000
    status = open("/proc/self/status").read()  # noqa: PTH123  # pathlib would be measured
    memory = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    told = {"result": results[-1] if results else None, "cpu": cpu, "memory": memory}
    print(json.dumps(told), file=sys.stderr)
    event = sys.stdin.buffer.readline()
    if not event:
        sys.stdout.flush()
        os._exit(0)  # what Python does at its end is nobody's wait
    return event, {
        "Lambda-Runtime-Aws-Request-Id": f"request-{len(results) + 1}",
        "Lambda-Runtime-Deadline-Ms": int((time.time() + SECONDS) * 1000),
        "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:::function:bot",
        "Lambda-Runtime-Trace-Id": "Root=1-0-0;Sampled=0",
        "Content-Type": "application/json",
    }


def post_invocation_result(invoke_id: str, result: bytes, *about: object) -> None:
    results.append(json.loads(result))


def post_error(invoke_id: str, error: str, *about: object) -> None:
    results.append(json.loads(error))


if "SLOW" in os.environ:  # by valgrind, all takes 50 times as long
    from botkit import deadline

    deadline.LIMITS["connect"] = SECONDS
    deadline.deadline.start(SECONDS)
# AWS's own is loaded already, as on Lambda.
lambda_runtime_client.runtime_client = sys.modules[__name__]
__main__.main(sys.argv)
