"""What our function loads when it starts, on top of what AWS's runtime client has loaded."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

# The runtime client first, as on Lambda; then ours, which finds nobody at this address.
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
NOBODY = "https://localhost:1"


def loaded(
    python: str, folder: Path, mode: str, path: str = "", store: str = ""
) -> tuple[set[str], dict[str, float]]:
    """Start a package once. Returns the modules that it loads, and the ms that each took itself."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(folder), path])),
        "PYTHONDONTWRITEBYTECODE": "1",
        "REPLY_MODE": mode,
        "TELEGRAM_API_URL": NOBODY,
        "TELEGRAM_BOT_TOKEN": "12345:benchmark",
        **({"SSL_CERT_FILE": store} if store else {}),
    }
    command = [python, "-X", "importtime", "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    _, _, ours = done.stderr.partition("import time: from here\n")
    took = {}
    for line in ours.partition("import time: to here")[0].splitlines():
        microseconds, _, name = line.removeprefix("import time:").split("|")
        took[name.strip()] = int(microseconds) / 1000
    return set(json.loads(done.stdout)), took


def table(python: str, folder: Path, mode: str, path: str, runs: int = 7) -> dict[str, float]:
    """Return the modules that a package loads, and the least ms that each took itself."""
    times: dict[str, list[float]] = {}
    for _ in range(runs):
        for name, milliseconds in loaded(python, folder, mode, path)[1].items():
            times.setdefault(name, []).append(milliseconds)
    return {name: min(values) for name, values in times.items()}
