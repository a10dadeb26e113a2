"""When everything must end: start-up at first, then each invocation."""

from .http import Deadline

# Lambda ends a start-up after 10 s. handler.py sets what an invocation may take.
deadline = Deadline(8.0)
