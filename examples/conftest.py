"""Gives the tests the bot, and stand-ins for Telegram and AWS."""

try:
    from botkit.testing import aws, bot, calls, chat, schedules, sessions
except ModuleNotFoundError as error:  # terraform init puts botkit into .terraform/
    raise ModuleNotFoundError(f"{error}. Run terraform init first") from None

__all__ = ["aws", "bot", "calls", "chat", "sessions", "schedules"]
