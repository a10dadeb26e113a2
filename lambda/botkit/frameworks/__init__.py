"""Common parts of the adapters on_aiogram, on_ptb and on_telebot. Other bots don't load them."""
