"""HTTP over a connection that stays open. It knows nothing about Telegram, AWS or Lambda."""
