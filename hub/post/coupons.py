"""The code on a coupon: short, without signs that look alike, and with one that tells when another was mistyped."""

from base64 import b64encode

from hub.errors import InvalidError
from hub.people.written_codes import LETTERS, as_typed, grouped
from hub.sealing import Keyring

SIGNS = 8
"""40 bits of chance; whoever types one is signed in, and finds letters of the own school alone."""


def coupon_code(keyring: Keyring, delivery_id: int, salt: int = 0) -> str:
    """Give the code on the coupon of a letter, its check sign last; the same whenever it is printed again."""
    number = int.from_bytes(keyring.drawn("coupon", delivery_id, salt)[:5])
    code = "".join(LETTERS[number >> 5 * place & 31] for place in range(SIGNS))
    return code + _check_sign(code)


def letter_link(keyring: Keyring, delivery_id: int, salt: int = 0) -> str:
    """Give the code of a letter's square: 12 letters and digits, 72 bits of chance, as a link in a message."""
    return b64encode(keyring.drawn("letter", delivery_id, salt)[:9], altchars=b"7k").decode()


def as_printed(code: str) -> str:
    """Set a code in groups of three, as it stands on the coupon."""
    return grouped(code, 3)


def read_coupon(words: str) -> str:
    """Read a code as somebody typed it. Raises InvalidError when it is none, or was mistyped."""
    code = as_typed(words)
    if len(code) != SIGNS + 1:
        raise InvalidError("Un code de coupon a neuf signes, par exemple ABC-DEF-GHJ.", field="code")
    if any(sign not in LETTERS for sign in code) or _check_sign(code[:-1]) != code[-1]:
        raise InvalidError("Ce code est mal recopié : un signe au moins n’est pas le bon. Relisez-le.", field="code")
    return code


def _check_sign(code: str) -> str:
    """Weigh each sign by its place: one wrong sign, or two neighbours exchanged, gives another check sign.

    Weights are odd, so that each is invertible modulo 32; neighbours' weights differ by 2, which misses an exchange
    only of signs sixteen apart.
    """
    return LETTERS[sum((2 * place + 1) * LETTERS.index(sign) for place, sign in enumerate(code)) % len(LETTERS)]
