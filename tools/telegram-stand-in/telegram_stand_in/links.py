"""Links as Telegram keeps them.

Source: https://github.com/tdlib/td, HttpUrl.cpp and LinkManager.cpp.
"""

from __future__ import annotations

import ipaddress
import re

OWN = re.compile(r"(tg|ton|tonsite):(?://)?@?", re.I)
SCHEME = re.compile(r"([^:/?#@\[\]]*)://")
PORT = re.compile(r"(.+):([^:\]@]*)", re.S)
HOST = re.compile(r"(?:[\w.!$,~*'();&+=-]|[^\x00-\x7f]|%[0-9a-f]{2})+", re.I | re.A)
USER = re.compile(r"(?:[\w.!$,~*'();&+=:-]|[^\x00-\x7f]|%[0-9a-f]{2})*", re.I | re.A)
LARGEST_PORT = 65535
BLANKS = " \t\r\n\0\x0b"


def checked_link(url: str) -> str:
    """Return a link as Telegram keeps it, or nothing if it is invalid."""
    if not (own := OWN.match(url)):
        return _http_link(url)
    scheme = own[1].lower()
    host, path = _split(url[own.end() :])
    if not re.fullmatch(r"[A-Za-z0-9_.-]+" if scheme == "tonsite" else "[A-Za-z0-9_-]+", host):
        return ""
    return f"{scheme}://{host.lower()}{path[1:] if path.startswith('/?') else path}"


def _http_link(url: str) -> str:
    found = SCHEME.match(url)
    scheme = found[1].lower() if found else "http"
    place, path = _split(url[found.end() :] if found else url)
    port = 0
    if with_port := PORT.fullmatch(place):
        place, digits = with_port.groups()
        port = int(digits) if re.fullmatch("0*[1-9][0-9]{0,4}", digits, re.A) else -1
    user, _, host = place.rpartition("@")
    if scheme not in ("http", "https") or not 0 <= port <= LARGEST_PORT or not _is_host(user, host):
        return ""
    place = f"{user}@{host.lower()}" if user else host.lower()
    return f"{scheme}://{place}{f':{port}' if port else ''}{path}"


def _split(rest: str) -> tuple[str, str]:
    """Return the host and the path, which begins with a slash and has its blanks escaped."""
    host = re.split("[/?#]", rest, maxsplit=1)[0]
    path = rest[len(host) :].rstrip(BLANKS)
    path = re.sub("[\0- ]", lambda found: f"%{ord(found[0]):02X}", path)
    return host, path if path.startswith("/") else f"/{path}"


def _is_host(user: str, host: str) -> bool:
    if host.startswith("[") and host.endswith("]"):
        try:
            return bool(ipaddress.IPv6Address(host[1:-1]))
        except ValueError:
            return False
    known = HOST.fullmatch(host) and USER.fullmatch(user)
    return known is not None and "." in host and host != "."
