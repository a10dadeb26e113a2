"""What the adapters on_aiogram, on_ptb and on_telebot share. Other bots don't load it."""
