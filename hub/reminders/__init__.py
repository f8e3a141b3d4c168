"""Reminders that go by themselves: before a meeting, before a signature is due, after silence; each has an end."""
