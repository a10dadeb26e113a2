"""What the chat's server refuses."""


class InvalidRequest(ValueError):
    """What was asked for can't be done; the text says why."""
