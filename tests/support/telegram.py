"""Tokens that the stand-in for Telegram takes and refuses."""

from __future__ import annotations

TOKEN = "1234567890:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi"
OTHER_TOKEN = "1234567890:BBbbCCccDDddEEeeFFffGGggHHhhIIiiJJj"
