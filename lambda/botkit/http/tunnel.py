"""A tunnel through a proxy, for a function that has one."""

from __future__ import annotations

import base64
from urllib.parse import unquote

from .exchange import HTTPOverStream, Stream


def open_tunnel(stream: Stream, host: str, port: int, credentials: str) -> None:
    """Ask a proxy for a tunnel. `credentials` are `user:password`, as in a URL. Raises OSError."""
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    client = HTTPOverStream(address, stream)
    headers = {"Host": address}
    if credentials:
        user, _, password = credentials.partition(":")
        decoded = f"{unquote(user)}:{unquote(password)}"
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(decoded.encode()).decode()
    client.request("CONNECT", address, headers=headers)
    status = client.getresponse().status
    if not 200 <= status < 300:
        raise OSError(f"the proxy refused a tunnel: it answered {status}")
