"""Features that a bot switches on: each module loads only if the function or the bot uses it."""
