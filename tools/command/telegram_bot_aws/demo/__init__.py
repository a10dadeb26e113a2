"""The demo: a chat with the bot in the browser, and where that bot runs."""
