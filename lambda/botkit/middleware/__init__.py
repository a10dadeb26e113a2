"""The larger middleware, and what few bots enable: pipeline.py has the order."""
