"""What a push service checks on an envelope, and how a browser opens it. Sources: RFC 8291, RFC 8292."""

import re
import struct
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

STAMP = re.compile(r"vapid t=(?P<said>[\w-]+\.[\w-]+)\.(?P<signature>[\w-]+), ?k=(?P<key>[\w-]+)", re.IGNORECASE)
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")
URGENCIES = {"very-low", "low", "normal", "high"}
MOST = 4096
A_DAY = 86_400
HEAD = 16 + 4 + 1
CURVE = ec.SECP256R1()


@dataclass(frozen=True, slots=True)
class BrowserKeys:
    """The keys of one subscription, which never leave the browser."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)
    auth: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        """The public key as the browser gives it away."""
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def open_sealed(body: bytes, keys: BrowserKeys) -> bytes | None:
    """Open an envelope as the browser does; None when it is not for these keys, or is not one."""
    if len(body) < HEAD:
        return None
    salt, (size, length) = body[:16], struct.unpack("!IB", body[16:HEAD])
    theirs, rest = body[HEAD : HEAD + length], body[HEAD + length :]
    if len(rest) > size:  # one record and no more: RFC 8291 section 4
        return None
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs)
        material = _drawn(
            keys.auth, keys.private.exchange(ec.ECDH(), point), b"WebPush: info\0" + keys.public + theirs, 32
        )
        key = _drawn(salt, material, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _drawn(salt, material, b"Content-Encoding: nonce\0", 12)
        padded = AESGCM(key).decrypt(nonce, rest, None).rstrip(b"\0")
    except (InvalidTag, ValueError):
        return None
    return padded[:-1] if padded.endswith(b"\2") else None


def complaint(headers: Mapping[str, str], body: bytes, *, origin: str, key: str) -> int | None:
    """Say with which HTTP status a push service refuses a message before it looks at the browser; None: it does not.

    `key`: the one that the browser subscribed under, when it named any.
    """
    if len(body) > MOST:
        return 413
    ttl, topic = headers.get("ttl", ""), headers.get("topic")
    plain = (
        ttl.isdecimal()
        and (topic is None or TOPIC.fullmatch(topic) is not None)
        and headers.get("urgency", "normal") in URGENCIES
        and (not body or headers.get("content-encoding") == "aes128gcm")
    )
    return _stamp_complaint(headers.get("authorization", ""), origin, key) if plain else 400


def claims_of(authorization: str) -> dict[str, Any]:
    """Read what a stamp says, unchecked."""
    found = STAMP.fullmatch(authorization)
    said: dict[str, Any] = orjson.loads(unwritten(found["said"].partition(".")[2])) if found else {}
    return said


def _stamp_complaint(authorization: str, origin: str, key: str) -> int | None:
    found = STAMP.fullmatch(authorization)
    if found is None:
        return 401
    claims, now = claims_of(authorization), time.time()
    good = (
        (not key or found["key"].rstrip("=") == key.rstrip("="))
        and _is_signed(found["said"], unwritten(found["signature"]), unwritten(found["key"]))
        and claims.get("aud") == origin
        and now < claims.get("exp", 0) <= now + A_DAY
        and str(claims.get("sub", "")).startswith(("mailto:", "https://"))
    )
    return None if good else 403


def _is_signed(said: str, signature: bytes, key: bytes) -> bool:
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, key)
        numbers = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        public.verify(encode_dss_signature(*numbers), said.encode("ascii"), ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return len(signature) == 64


def written(raw: bytes) -> str:
    """Write bytes as base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def unwritten(text: str) -> bytes:
    """Read them back."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _drawn(salt: bytes, material: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(material)
