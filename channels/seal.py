"""The school's seal on a mail: a DKIM signature, by which a mailbox knows that the letter is ours and unchanged."""

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from hub.errors import MisconfiguredError

SIGNED: Final = (
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "reply-to",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "content-language",
    "mime-version",
    "content-type",
)
"""Headers under the seal, in this order; one-click unsubscription must be among them (RFC 8058 section 4)."""

_SPACE: Final = re.compile(rb"[ \t]+")
_SPACE_AT_END: Final = re.compile(rb"[ \t]+\r\n")


def sealed(mail: bytes, dkim_key: str, domain: str) -> bytes:
    """Put a DKIM-Signature before a mail: relaxed/relaxed, RSA or Ed25519 (RFC 6376, RFC 8463).

    `dkim_key` is `selector:PEM`; `domain` that of the sender's mailbox. Written here and not left to dkimpy, whose
    signing in pure Python takes 9 ms and holds every other thread up; this takes 0.4 ms and holds none.
    Raises MisconfiguredError when the key is no key.
    """
    selector, key = _key(dkim_key)
    head, _, body = mail.partition(b"\r\n\r\n")
    headers = relaxed_headers(head + b"\r\n")
    present = [name for name in SIGNED if name.encode() in headers]
    digest = b64encode(sha256(relaxed_body(body)).digest()).decode()
    algorithm = "rsa-sha256" if isinstance(key, RSAPrivateKey) else "ed25519-sha256"
    signature = (
        f"DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed;\r\n d={domain}; s={selector};\r\n"
        f" h={':'.join(present[:6])}:\r\n {':'.join(present[6:])};\r\n bh={digest};\r\n b="
    ).encode("ascii")
    to_sign = b"".join(headers[name.encode()] for name in present)
    own = relaxed_headers(signature + b"\r\n")[b"dkim-signature"].removesuffix(b"\r\n")
    written = b64encode(_signature(key, sha256(to_sign + own).digest()))
    return signature + b"\r\n ".join(_in_lines(written)) + b"\r\n" + mail


def relaxed_headers(head: bytes) -> dict[bytes, bytes]:
    """Write headers as RFC 6376 section 3.4.2 compares them, by name; of several the last."""
    lines = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n")
    relaxed = {}
    for line in filter(None, lines):
        name, _, value = line.partition(b":")
        name = name.rstrip(b" \t").lower()
        relaxed[name] = name + b":" + _SPACE.sub(b" ", value).strip(b" ") + b"\r\n"
    return relaxed


def relaxed_body(body: bytes) -> bytes:
    """Write a body as RFC 6376 section 3.4.4 compares it: runs of blanks as one, no blank end of line or mail."""
    plain = _SPACE.sub(b" ", _SPACE_AT_END.sub(b"\r\n", body)).rstrip(b" \r\n")
    return plain + b"\r\n" if plain else b""


def _signature(key: RSAPrivateKey | Ed25519PrivateKey, digest: bytes) -> bytes:
    if isinstance(key, RSAPrivateKey):
        return key.sign(digest, PKCS1v15(), Prehashed(SHA256()))
    return key.sign(digest)


def _in_lines(text: bytes) -> list[bytes]:
    return [text[start : start + 72] for start in range(0, len(text), 72)]


@lru_cache(maxsize=64)
def _key(dkim_key: str) -> tuple[str, RSAPrivateKey | Ed25519PrivateKey]:
    selector, _, pem = dkim_key.partition(":")
    try:
        key = load_pem_private_key(pem.strip().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise MisconfiguredError("The DKIM key cannot be read") from error
    if not selector or not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise MisconfiguredError("The DKIM key is not `selector:PEM` of an RSA or Ed25519 key")
    return selector, key
