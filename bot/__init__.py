"""Telegram's door: updates, commands, buttons."""
