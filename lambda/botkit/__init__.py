"""The modules that a bot imports: `telegram` (the Bot API), `aws`, `session`, `conversation`,
`commands`, `schedule`, `stream`, `deadline`, `errors` and `types`; in its tests, `testing`. All
else is for the function itself.
"""
