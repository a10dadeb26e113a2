"""Shared by all of botkit while the function runs: its settings, and the calls it has made."""
