"""Takes out of a mail what is attached to it: a doctor's note, a photograph of a signed sheet."""

import re
from dataclasses import dataclass, field
from email.message import Message
from typing import Final

from hub.letters.parts import bytes_of, disposition, file_name, parts_of

ATTACHMENTS_MOST: Final = 10
ATTACHED_BYTES_MOST: Final = 10 * 1024 * 1024
"""Of all attachments together; what comes after is left in the mail."""
_LOGO_MOST: Final = 20_000
"""Bytes of a picture within the text that may be the logo of a signature."""
_NO_ATTACHMENT: Final = re.compile(
    r"multipart/.*|message/(?:delivery-status|global-delivery-status|disposition-notification|feedback-report)"
    r"|text/rfc822-headers|application/(?:pgp-signature|pgp-keys|pgp-encrypted|(?:x-)?pkcs7-signature)"
)
_ENDINGS: Final = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png", "image/heic": ".heic"}
_ENDINGS_MORE: Final = {"message/rfc822": ".eml", "text/plain": ".txt", "text/calendar": ".ics"}


@dataclass(frozen=True, slots=True)
class Attachment:
    """What a family attached. `name` is safe to show and to store; `content_type` is what the mail says, unproven."""

    name: str
    content_type: str
    data: bytes = field(repr=False)


def attachments_of(mail: Message) -> tuple[Attachment, ...]:
    """List what is attached, ten at most; pictures within the text only where they are too large for a logo."""
    found: list[Attachment] = []
    room = ATTACHED_BYTES_MOST
    for part in parts_of(mail):
        kind = part.get_content_type().lower().replace("\x00", "")
        if _NO_ATTACHMENT.fullmatch(kind) or not _is_attached(part, kind):
            continue
        data = bytes_of(part)
        if not data or len(data) > room or (_is_in_the_text(part, kind) and len(data) <= _LOGO_MOST):
            continue
        found.append(Attachment(safe_name(file_name(part), kind, len(found) + 1), kind, data))
        room -= len(data)
        if len(found) == ATTACHMENTS_MOST:
            break
    return tuple(found)


def safe_name(name: str, content_type: str, number: int) -> str:
    """Keep of a file's name what can do no harm: no folder, no sign that is not shown, a hundred signs."""
    shown = "".join(sign for sign in name.replace("\\", "/").rpartition("/")[2] if sign.isprintable())
    shown = re.sub(r"[<>:\"|?*]", "_", shown).strip(" .")
    if len(shown) > 100:
        stem, dot, ending = shown.rpartition(".")
        shown = f"{stem[: 99 - len(ending)]}.{ending}" if dot and len(ending) <= 10 else shown[:100]
    ending = _ENDINGS.get(content_type) or _ENDINGS_MORE.get(content_type, "")
    return shown or f"piece-jointe-{number}{ending}"


def _is_attached(part: Message, kind: str) -> bool:
    if disposition(part) == "attachment" or kind == "message/rfc822":
        return True
    if kind in ("text/plain", "text/html"):
        return bool(file_name(part)) and disposition(part) == "inline"
    return bool(file_name(part)) or kind.startswith(("application/", "audio/", "video/", "image/"))


def _is_in_the_text(part: Message, kind: str) -> bool:
    return kind.startswith("image/") and disposition(part) != "attachment"
