"""For maintainers: the next Bot API, the page of inputs, and a release."""
