"""Twilio's list of messages, read: what a family sent to us, and what became of what we sent."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Listed:
    """One message as Twilio lists it, ours or a family's.

    `at`: when it was sent, to the second. `service`: the messaging service (MG…) that it went through.
    """

    sid: str
    inbound: bool
    from_: str
    to: str
    body: str
    at: datetime
    status: str = ""
    code: str = ""
    service: str = ""
    media: int = 0

    def __repr__(self) -> str:
        return f"Listed({self.sid})"


def filters(sender: str, *, inbound: bool) -> dict[str, str]:
    """Ask for one sender's messages only; of a messaging service for all of the account, having no filter of its own.

    Source: https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
    """
    if sender.startswith("MG"):
        return {}
    return {"to": sender} if inbound else {"from_": sender}


def read_listed(one: Any) -> Listed:  # noqa: ANN401  # twilio ships no types
    """Read a message of the list. Raises AttributeError or ValueError for what is none."""
    media = str(one.num_media or "0")
    return Listed(
        sid=str(one.sid or ""),
        inbound=one.direction == "inbound",
        from_=str(one.from_ or ""),
        to=str(one.to or ""),
        body=str(one.body or ""),
        at=one.date_sent or one.date_created or datetime.now(UTC),
        status=str(one.status or ""),
        code=str(one.error_code or ""),
        service=str(one.messaging_service_sid or ""),
        media=int(media) if media.isdecimal() else 0,
    )
