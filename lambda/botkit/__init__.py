"""What a bot imports: `telegram` (the Bot API), `aws`, `session`, `later`, `errors` and `types`.

`host` runs the bot on Lambda, and `http` makes the requests. A bot imports neither.
"""
