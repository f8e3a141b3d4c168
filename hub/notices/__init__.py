"""Notices: who they are for, how they are published, and how far they got."""
