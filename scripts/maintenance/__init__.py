"""What the maintainers run: mutants, and the next Bot API."""
