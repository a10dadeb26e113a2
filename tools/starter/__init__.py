"""What a bot of your own begins with."""
