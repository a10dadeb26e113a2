"""Shared by the adapters on_aiogram, on_ptb and on_telebot. Other bots don't load it."""
