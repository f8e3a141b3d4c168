"""Who is left to call, on a page: numbers are masked for everybody but the one who took the call."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from hub.notices.calls import LEFT_LYING
from hub.notices.left import Left
from hub.people.phones import masked, shown
from web.staff_words import way_of, why

SEAM = secrets.token_hex(16)
"""Stands in a printed page around what only the owner of a call may read; nobody outside can know or write it."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number to call: as everybody may see it, and as the caller does (`dial` for the telephone)."""

    address_id: int
    masked: str
    clear: str
    dial: str

    def __repr__(self) -> str:
        return f"Number({self.address_id})"


@dataclass(frozen=True, slots=True)
class ToCall:
    """An adult to call, the same for all who look; `lying`: taken long ago, so a colleague may take it."""

    one: Left
    numbers: tuple[Number, ...]
    why: tuple[str, ...]
    icon: str
    lying: bool
    seam: str = SEAM

    @property
    def first(self) -> bool:
        """A child may be missing, or nobody of the family knows."""
        return self.one.alarm or self.one.nobody_knows


def to_call(left: Iterable[Left], *, timezone: str, day: date, now: datetime) -> tuple[ToCall, ...]:
    """Put those who are left in the words of the page."""
    return tuple(
        ToCall(
            one=one,
            numbers=tuple(
                Number(number.address_id, masked(number.e164), shown(number.e164), number.e164)
                for number in one.numbers
            ),
            why=why(one, timezone, day),
            icon=way_of(one),
            lying=one.taken_at is not None and one.taken_at <= now - LEFT_LYING,
        )
        for one in left
    )


def for_reader(printed: str, staff_id: int) -> str:
    """Give a printed page as one reader may see it.

    One printing serves all who look: at each seam it holds whose call it is, what that person reads (the number in
    clear), and what all others do.
    """
    plain, *rest = printed.split(SEAM)
    chosen = [plain]
    for owner, own, others, after in zip(rest[0::4], rest[1::4], rest[2::4], rest[3::4], strict=True):
        chosen += [own if owner == str(staff_id) else others, after]
    return "".join(chosen)
