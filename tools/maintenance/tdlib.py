"""Answer requests by TDLib, Telegram's own library: one request in a line of JSON, one answer too.

It needs tdjson, and no network. TDLib ends the whole program on some texts, so texts.py runs this
as one by itself.
"""

from __future__ import annotations

import json
import sys

import tdjson


def answer(request: str) -> bytes:
    told: bytes | None = tdjson.td_execute(request.encode())
    return told or b"null"


if __name__ == "__main__":
    answer(json.dumps({"@type": "setLogVerbosityLevel", "new_verbosity_level": 0}))
    for line in sys.stdin:
        print(json.dumps(json.loads(answer(line))), flush=True)
