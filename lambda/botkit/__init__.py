"""What a bot imports: the Bot API (`telegram`), AWS (`aws`), `session`, `errors` and `types`.

`host` runs the bot on Lambda, and `http` makes the requests. A bot imports neither.
"""
