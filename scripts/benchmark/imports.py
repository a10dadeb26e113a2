"""The modules that the function loads at start-up, beyond those of AWS's runtime client."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from pathlib import Path

from benchmark.measure import Variant
from benchmark.variants import Builder

# The runtime client first, as on Lambda; then the function.
PROGRAM = """
import json, logging, sys
import awslambdaric.bootstrap, awslambdaric.lambda_runtime_client
logging.disable()
before = set(sys.modules)
print("import time: from here", file=sys.stderr)
import handler
print("import time: to here", file=sys.stderr)
print(json.dumps(sorted(set(sys.modules) - before)))
"""
CLOSED_PORT = "https://localhost:1"
RUNS = 7


def loaded(
    python: str, folder: Path, mode: str, path: str, url: str = CLOSED_PORT, store: str = ""
) -> tuple[set[str], dict[str, float]]:
    """Start a package once. Returns the modules that it loads, and the ms that each took itself.

    `path` is the runtime client's folder, `url` the Bot API's, `store` a file of CAs to trust.
    """
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), path]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "REPLY_MODE": mode,
        "TELEGRAM_API_URL": url,
        "TELEGRAM_BOT_TOKEN": "12345:benchmark",
        **({"SSL_CERT_FILE": store} if store else {}),
    }
    command = [python, "-X", "importtime", "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    _, _, rest = done.stderr.partition("import time: from here\n")
    took = {}
    for line in rest.partition("import time: to here")[0].splitlines():
        microseconds, _, name = line.removeprefix("import time:").split("|")
        took[name.strip()] = int(microseconds) / 1000
    return set(json.loads(done.stdout)), took


def table(builder: Builder, bot: Variant, url: str) -> dict[str, float]:
    """Return the modules that a bot loads, and the median of the ms that each took itself."""
    mode, client, store = bot.environment["REPLY_MODE"], str(builder.client), str(builder.store)
    times: dict[str, list[float]] = {}
    for _ in range(RUNS):
        for name, took in loaded(builder.python, bot.folder, mode, client, url, store)[1].items():
            times.setdefault(name, []).append(took)
    return {name: statistics.median(values) for name, values in times.items()}
