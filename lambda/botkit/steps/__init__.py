"""The larger steps of a way, and those that few bots switch on: ways.py has their order."""
