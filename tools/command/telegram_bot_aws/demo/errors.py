"""The error that the chat's server answers with 400."""


class InvalidRequest(ValueError):
    """A request can't be carried out; the text says why."""
