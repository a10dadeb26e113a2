"""The code for rich messages. Only a bot that sends them loads it."""
