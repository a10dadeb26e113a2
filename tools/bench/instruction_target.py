"""The program that valgrind counts: AWS's runtime client, then a function and its updates.

    python instruction_target.py FOLDER -1     the client alone
    python instruction_target.py FOLDER N      the function in this folder, with N updates

Its input is the event of the update with the id 1000000.
"""

import json
import os
import sys

from awslambdaric import bootstrap, lambda_runtime_client  # noqa: F401


class Context:
    """What a function reads of Lambda's context."""

    aws_request_id = "counted"
    tenant_id = None

    def get_remaining_time_in_millis(self) -> int:
        return 600_000


folder, updates = sys.argv[1], int(sys.argv[2])
event = json.load(sys.stdin)
bootstrap._setup_logging(bootstrap.LogFormat.JSON.value, "INFO", bootstrap.StandardLogSink())
if updates >= 0:
    os.chdir(folder)
    sys.path.insert(0, folder)
    from botkit import deadline

    deadline.LIMITS["connect"] = 600.0  # all takes 50 times as long here
    deadline.deadline.start(600)
    import handler

    for number in range(1, updates + 1):
        body = event["body"].replace("1000000", str(1_000_000 + number))
        response = handler.handler({**event, "body": body}, Context())
        if response["statusCode"] != 200:
            sys.exit(f"the response to an update is {response}")
sys.stdout.flush()
os._exit(0)  # what Python does at its end is nobody's wait
