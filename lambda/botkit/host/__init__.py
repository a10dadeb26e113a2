"""Runs a bot on Lambda. A bot never imports it."""
