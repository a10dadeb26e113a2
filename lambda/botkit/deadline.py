"""The deadline of start-up, and then of each invocation."""

from .http import Deadline

# Lambda stops a start-up after 10 s. handler.py sets the deadline of each invocation.
deadline = Deadline(8.0)
