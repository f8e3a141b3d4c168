"""The telephone of a member of staff: an authenticator, which shows six digits anew every thirty seconds (RFC 6238)."""

from base64 import b32decode
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP = 30
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Whose it is, and the secret that it was given (base32, in any groups)."""

    name: str
    secret: str = field(repr=False)

    def shows(self, at: datetime) -> str:
        """Say which digits stand on it at a moment."""
        key = b32decode(self.secret.replace(" ", ""))
        made = TOTP(key, 6, SHA1(), STEP)  # noqa: S303 (RFC 6238; a MAC, in which its weakness does not matter)
        return made.generate(int(at.timestamp())).decode()

    def changes_in(self, at: datetime) -> int:
        """Say in how many seconds they change."""
        return STEP - int(at.timestamp()) % STEP
