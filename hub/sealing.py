"""The safe: seals what the school knows of a family, and finds it again without opening it.

A *data key* seals the values of one subject (a guardian, an address, a notice, a school). It is kept sealed itself,
by a *master key* that never touches the database. Deleting a data key makes everything under it unreadable.
AES-256-GCM throughout (NIST SP 800-38D, 96-bit random nonces); lookups and tokens by keyed BLAKE2b (RFC 7693), a
MAC like HMAC and several times as quick: each message needs three.
"""

import hmac
import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.errors import PasserelleError, SettingsError
from hub.settings import Settings

NONCE = 12


class UnreadableError(PasserelleError):
    """The key is gone or wrong: what was sealed stays sealed."""


class Seal:
    """One data key, open."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def close(self, clear: bytes, what: bytes) -> bytes:
        """Seal `clear`; `what` (the column) is bound in, so a value cannot be moved to another column."""
        nonce = os.urandom(NONCE)
        return nonce + self._cipher.encrypt(nonce, clear, what)

    def open(self, sealed: bytes, what: bytes) -> bytes:
        """Read what `close` sealed for the same column; raises UnreadableError."""
        try:
            return self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], what)
        except (InvalidTag, ValueError) as error:
            raise UnreadableError("Ceci a été scellé sous une autre clé.") from error


class Keyring:
    """The master keys by version, and the keys derived from the oldest: lookups, tokens, link codes."""

    def __init__(self, masters: Mapping[int, bytes]) -> None:
        if not masters or any(len(key) != 32 for key in masters.values()):
            raise SettingsError("Une clé maîtresse a 32 octets et s'écrit version:base64.")
        self._masters = {version: AESGCM(key) for version, key in masters.items()}
        self._newest = max(masters)
        oldest = masters[min(masters)]
        self._lookup, self._token, self._code = (_derived(oldest, use) for use in (b"lookup", b"token", b"link"))

    def new_key(self) -> tuple[bytes, int, Seal]:
        """Make a data key: (sealed, version of the master key that sealed it, open)."""
        key, nonce = secrets.token_bytes(32), os.urandom(NONCE)
        return nonce + self._masters[self._newest].encrypt(nonce, key, b"data_key"), self._newest, Seal(key)

    def seal(self, wrapped: bytes, version: int) -> Seal:
        """Open a data key; raises UnreadableError."""
        master = self._masters.get(version)
        if master is None:
            raise UnreadableError(f"La clé maîtresse {version} n'est pas au trousseau.")
        try:
            return Seal(master.decrypt(wrapped[:NONCE], wrapped[NONCE:], b"data_key"))
        except InvalidTag as error:
            raise UnreadableError("Cette clé a été scellée sous une autre clé maîtresse.") from error

    def lookup(self, kind: str, value: str) -> bytes:
        """Hash a value so that equal ones are found (16 bytes, keyed: a dump of the database cannot be searched)."""
        return _keyed(self._lookup, f"{kind}:{value}")

    def code_hash(self, code: str) -> bytes:
        """Hash the code of a link or a session (16 bytes, keyed)."""
        return _keyed(self._code, code)

    def token(self, kind: str, number: int) -> str:
        """Sign a number for callbacks and mail addresses: lower case, digits and dots only, at most 40 characters."""
        return f"{kind}.{number}.{_keyed(self._token, f'{kind}.{number}').hex()[:16]}"

    def drawn(self, use: str, number: int, salt: int = 0) -> bytes:
        """Draw 16 bytes for a number, the same each time: what is printed again bears the same code."""
        return _keyed(self._token, f"{use}#{number}#{salt}")

    def read_token(self, kind: str, token: str) -> int | None:
        """Give the number if the token is ours and of this kind."""
        head, _, rest = token.lower().partition(".")
        number = rest.partition(".")[0]
        if head != kind or not (number.isascii() and number.isdigit()) or len(number) > 18:
            return None
        known = self.token(kind, int(number))
        return int(number) if hmac.compare_digest(known, token.lower()) else None


def link_code() -> str:
    """Make a link's code: 12 letters and digits, 70 bits of chance."""
    return b64encode(os.urandom(9), altchars=b"7k").decode()


def keyring(settings: Settings) -> Keyring:
    """Read the master keys of this installation; a demo makes its own at first use."""
    if settings.master_keys is not None:
        return Keyring(_parsed(settings.master_keys.get_secret_value().replace(",", "\n")))
    path = settings.key_file
    if not path.exists():
        _made(path)
    return Keyring(_parsed(path.read_text(encoding="ascii")))


def _made(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(f"1:{b64encode(secrets.token_bytes(32)).decode()}\n")


def _parsed(text: str) -> dict[int, bytes]:
    try:
        pairs = (line.split(":", 1) for line in text.split("\n") if line.strip())
        return {int(version): b64decode(key, validate=True) for version, key in pairs}
    except ValueError as error:
        raise SettingsError("Les clés maîtresses s'écrivent version:base64, une par ligne.") from error


def _keyed(key: bytes, value: str) -> bytes:
    return blake2b(value.encode(), key=key, digest_size=16).digest()


def _derived(master: bytes, use: bytes) -> bytes:
    return HKDF(SHA256(), 32, None, b"passerelle " + use).derive(master)
