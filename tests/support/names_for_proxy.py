"""A plugin for proxy.py: names that only the proxy knows, and a list of its connections."""

import os
from pathlib import Path

from proxy.http.proxy import HttpProxyBasePlugin


class Names(HttpProxyBasePlugin):
    """Resolves every name below .test to this machine."""

    def resolve_dns(self, host, port):
        with Path(os.environ["CONNECTIONS"]).open("a") as file:
            file.write(f"{host}:{port}\n")
        return ("127.0.0.1" if host.endswith(".test") else None), None
