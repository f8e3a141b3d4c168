"""Mails as the programs of families write them, in many languages; all people and addresses are invented."""
