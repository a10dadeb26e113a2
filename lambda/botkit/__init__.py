"""The modules that a bot imports: `telegram` (the Bot API), `aws`, `session`, `later`, `stream`,
`on_aiogram`, `on_ptb`, `on_telebot`, `deadline`, `errors` and `types`. The folders aren't for bots.
"""
