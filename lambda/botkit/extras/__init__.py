"""What a bot switches on: each module is loaded only if the function or the bot uses it."""
