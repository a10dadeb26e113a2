"""The modules that a bot imports: `telegram` (the Bot API), `aws`, `session`,
`conversation`, `commands`, `schedule`, `stream`, `on_aiogram`, `on_ptb`, `on_telebot`, `deadline`,
`errors` and `types`; in its tests, `testing`. All else is for the function itself.
"""
