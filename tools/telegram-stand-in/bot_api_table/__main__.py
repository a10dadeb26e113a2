"""Run by `python -m bot_api_table`, where aiogram is installed."""

from . import update

print("\n".join(update()[1]))
