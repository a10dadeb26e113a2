"""What a bot stands on: the Bot API and AWS over one kept connection each, and the webhook."""
