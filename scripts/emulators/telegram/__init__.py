"""A stand-in for Telegram: the Bot API over HTTP, and a server that delivers updates."""

from .state import (
    BOT,
    FAULTS,
    METHODS,
    Call,
    Delivery,
    Fault,
    Json,
    Server,
    Telegram,
    post,
)

__all__ = [
    "BOT",
    "FAULTS",
    "METHODS",
    "Call",
    "Delivery",
    "Fault",
    "Json",
    "Server",
    "Telegram",
    "post",
]
