"""What rich messages need. Only a bot that sends them loads it."""
