"""A plugin of proxy.py's: names that only the proxy knows, and a note of what it connects to."""

from __future__ import annotations

import os
from pathlib import Path

from proxy.http.proxy import HttpProxyBasePlugin


class Names(HttpProxyBasePlugin):
    """Takes every name below .test for this machine."""

    def resolve_dns(self, host: str, port: int) -> tuple[str | None, None]:
        with Path(os.environ["CONNECTIONS"]).open("a") as file:
            file.write(f"{host}:{port}\n")
        return ("127.0.0.1" if host.endswith(".test") else None), None
