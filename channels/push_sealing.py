"""The envelope of a notification: closed for one browser alone, and stamped by the school that sends it."""

import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from typing import Final

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MOST: Final = 4096
"""Bytes of a message that every push service carries. Source: RFC 8030 section 7.2."""
CLEAR_MOST: Final = MOST - (16 + 4 + 1 + 65) - (1 + 16)
"""Bytes that can be closed into one: less salt, record size and key (RFC 8188 section 2.1), delimiter and tag."""
STAMP_LIFE: Final = 12 * 3600
"""Seconds that a stamp is good; services refuse more than a day. Source: RFC 8292 section 2."""

_CURVE: Final = ec.SECP256R1()


def seal(clear: bytes, *, p256dh: str, auth: str) -> bytes:
    """Close `clear` (at most CLEAR_MOST bytes) for the browser that gave these keys, under a key made for it alone.

    Raises ValueError when the keys are none. Source: RFC 8291.
    """
    return seal_with(ec.generate_private_key(_CURVE), os.urandom(16), clear, p256dh=p256dh, auth=auth)


def seal_with(own: ec.EllipticCurvePrivateKey, salt: bytes, clear: bytes, *, p256dh: str, auth: str) -> bytes:
    """Close with a given key pair and salt, each of which may be used once only."""
    theirs, secret, ours = unwritten(p256dh), unwritten(auth), _point(own)
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, theirs))
    material = _drawn(secret, shared, b"WebPush: info\0" + theirs + ours, 32)
    key = _drawn(salt, material, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _drawn(salt, material, b"Content-Encoding: nonce\0", 12)
    head = salt + struct.pack("!IB", MOST, len(ours)) + ours
    return head + AESGCM(key).encrypt(nonce, clear + b"\2", None)


def stamp(secret: str, *, subject: str, origin: str, now: int) -> str:
    """Write the Authorization for one push service (`origin`): who sends, good for some hours from `now` (epoch).

    The same all through an hour: a signature costs more than closing the message. Raises ValueError when `secret` is
    no key. Source: RFC 8292.
    """
    return _stamped(secret, subject, origin, now // 3600)


@lru_cache(maxsize=256)
def _stamped(secret: str, subject: str, origin: str, hour: int) -> str:
    key = ec.derive_private_key(int.from_bytes(unwritten(secret), "big"), _CURVE)
    claims = {"aud": origin, "exp": hour * 3600 + STAMP_LIFE, "sub": subject}
    said = f"{written(orjson.dumps(_HEAD))}.{written(orjson.dumps(claims))}"
    r, s = decode_dss_signature(key.sign(said.encode("ascii"), ec.ECDSA(hashes.SHA256())))
    signature = written(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return f"vapid t={said}.{signature}, k={written(_point(key))}"


_HEAD: Final = {"typ": "JWT", "alg": "ES256"}


def is_key(p256dh: str) -> bool:
    """Whether a browser's public key is a point of the curve; anything else could never be closed for."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, unwritten(p256dh))
    except ValueError:
        return False
    return True


def written(raw: bytes) -> str:
    """Write bytes in letters that need no care in a header (base64url without padding)."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def unwritten(text: str) -> bytes:
    """Read them back; raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _drawn(salt: bytes, material: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(material)
