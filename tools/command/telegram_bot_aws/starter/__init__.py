"""The beginning of your own bot."""
