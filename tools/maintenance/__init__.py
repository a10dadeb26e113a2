"""For maintainers: mutants, the next Bot API, and the check of a release."""
