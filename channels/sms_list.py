"""Twilio's lists, read: what a family sent to us, what became of what we sent, and who rang."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

PRICE_MOST: Final = 1000
"""No message costs so much, in any money: such a price is not known."""


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


@dataclass(frozen=True, slots=True)
class Rang:
    """One call as Twilio lists it, whatever became of it. `at`: when it began, to the second."""

    sid: str
    inbound: bool
    from_: str
    to: str
    at: datetime

    def __repr__(self) -> str:
        return f"Rang({self.sid})"


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


def read_call(one: Any) -> Rang:  # noqa: ANN401  # twilio ships no types
    """Read a call of the list. Raises AttributeError for what is none."""
    return Rang(
        sid=str(one.sid or ""),
        inbound=one.direction == "inbound",
        from_=str(one._from or ""),  # noqa: SLF001 (the only name that twilio's client has for it)
        to=str(one.to or ""),
        at=one.start_time or one.date_created or datetime.now(UTC),
    )


def read_cost(price: object) -> int | None:
    """Read "-0.0750" as 750 hundredths of a cent, of whatever money the account is kept in; mostly not known yet."""
    if price is None:
        return None
    try:
        amount = abs(Decimal(str(price)))
    except InvalidOperation:
        return None
    return round(amount * 10_000) if amount.is_finite() and amount < PRICE_MOST else None
