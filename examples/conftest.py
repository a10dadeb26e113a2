"""Gives the tests the bot, and stand-ins for Telegram and AWS."""

from botkit.testing import aws, bot, calls, chat, no_pauses, sessions, waits

__all__ = ["aws", "bot", "calls", "chat", "no_pauses", "sessions", "waits"]
