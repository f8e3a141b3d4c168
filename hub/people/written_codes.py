"""Codes that people copy from paper: no letter that looks like a digit, in groups, and read however they are typed."""

import secrets

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""32 signs, five bits each; without I, O, 0 and 1."""


def written_code(signs: int) -> str:
    """Make a code by chance alone."""
    return "".join(secrets.choice(LETTERS) for _ in range(signs))


def grouped(code: str, signs: int, between: str = "-") -> str:
    """Set a code in groups, as it is printed."""
    return between.join(code[start : start + signs] for start in range(0, len(code), signs))


def as_typed(words: str) -> str:
    """Read a code as somebody typed it: small letters, spaces and dashes do not matter."""
    return "".join(sign for sign in words.upper() if sign.isascii() and sign.isalnum())
