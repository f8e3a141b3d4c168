"""What the mail server in front of us found of a mail's From: its own, somebody else's, or it does not say."""

import re
from enum import Enum, auto
from typing import Final

HEAD_MOST: Final = 64 * 1024
"""Bytes of a mail's head in which the results of our mail server stand."""
_RESULTS = re.compile(rb"^authentication-results:((?:.*\n[ \t])*.*)", re.IGNORECASE | re.MULTILINE)
_RESULT = re.compile(rb";\s*(dmarc|spf|dkim)\s*=\s*(pass|fail)\b")
_COMMENT = re.compile(rb"\([^()]{0,998}\)")
"""Results of a mail server: « id; spf=fail (a comment) smtp.mailfrom=…; dkim=none ». Source: RFC 8601 section 2.2."""


class Proof(Enum):
    """Whether our mail server vouches for a From."""

    YES = auto()
    NO = auto()
    NONE = auto()


def vouched_for(raw: bytes, authserv: str | None) -> Proof:
    """Read the topmost result, which is our own server's: those further down are the sender's to write.

    `authserv` is the name that our server signs its results with. Only then is it believed that DMARC passed: where no
    server of ours writes results, anybody can write one. That DMARC failed, or SPF did and no signature holds, is
    believed of any: forged, it only makes a mail less believed. Source: RFC 8601 section 5, RFC 7489 section 11.
    """
    head = raw[:HEAD_MOST].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    result = _RESULTS.search(head)
    if result is None:
        return Proof.NONE
    said = _COMMENT.sub(b" ", result[1]).lower()
    found = set(_RESULT.findall(said))
    if (b"dmarc", b"fail") in found or ((b"spf", b"fail") in found and (b"dkim", b"pass") not in found):
        return Proof.NO
    server = said.partition(b";")[0].split()
    ours = authserv is not None and server[:1] == [authserv.lower().encode()]
    return Proof.YES if ours and (b"dmarc", b"pass") in found else Proof.NONE
