"""How quickly a notice got there: how many adults knew at the end of each minute, and what happened on the way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, extract, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.base import BigId
from hub.models.notices import AttemptState, DeliveryState
from hub.notices.standing import KNOWS
from hub.ports import Follows
from hub.tables import attempt, copy, copy_delivery, delivery, notice, notice_follow

MOST_COLUMNS = 60
STEPS = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=7),
)
"""What a column stands for: minutes at first, coarser as the notice grows old."""
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Knowing:
    """Adults who came to know, and adults who confirmed, in one minute."""

    know: int = 0
    confirmed: int = 0

    def __add__(self, other: "Knowing") -> "Knowing":
        return Knowing(self.know + other.know, self.confirmed + other.confirmed)


@dataclass(frozen=True, slots=True)
class Column:
    """How many adults knew, and how many of them had confirmed, when a step of time ended."""

    until: datetime
    know: int
    confirmed: int


@dataclass(frozen=True, slots=True)
class Course:
    """What became known when. `minutes`: by the minute in which it happened, in order, those without news left out.

    `stopped_at`: when what had not left was stopped, to the minute. `followed`: the notices that followed this one.
    """

    minutes: Mapping[datetime, Knowing]
    stopped_at: datetime | None = None
    followed: tuple[tuple[datetime, Follows], ...] = ()

    @property
    def last_at(self) -> datetime | None:
        """The minute of the last news; None: nobody knows yet."""
        return max(self.minutes, default=None)

    def reached(self, adults: int) -> datetime | None:
        """Give the minute in which so many adults knew; None: not yet."""
        sums = accumulate(self.minutes.values())
        return next((at for at, sum_ in zip(self.minutes, sums, strict=True) if sum_.know >= adults), None)

    def columns(self, began: datetime, until: datetime) -> tuple[timedelta, tuple[Column, ...]]:
        """Sum up from `began` to `until`, in at most MOST_COLUMNS steps; gives the step and the columns.

        What happened before the beginning counts into the first column; the last one may end before its step is over.
        """
        first, last = _minute_of(began), max(_minute_of(until), _minute_of(self.last_at or until))
        step = next((step for step in STEPS if (last - first) // step < MOST_COLUMNS), STEPS[-1])
        sums = [Knowing()] * min((last - first) // step + 1, MOST_COLUMNS)
        for at, news in self.minutes.items():
            place = min(max((at - first) // step, 0), len(sums) - 1)
            sums[place] += news
        return step, tuple(
            Column(min(first + step * n, max(until, last)), so_far.know, so_far.confirmed)
            for n, so_far in enumerate(accumulate(sums), 1)
        )


async def course(session: AsyncSession, *, school_id: int, notice_id: int) -> Course:
    """Read when adults came to know, in two questions whatever their number.

    An adult knows from the moment at which a telephone had it, else from when the state changed; what a server took
    and the adult confirmed later counts from the confirmation, for nothing is known of the time before.
    """
    which = {"school": school_id, "notice": notice_id}
    rows = (await session.execute(_grouped(), which)).all()
    stopped = [row.known for row in rows if row.state == DeliveryState.CANCELLED]
    followed = (await session.execute(_followed(), which)).all()
    return Course(
        minutes=_by_minute(row for row in rows if row.state != DeliveryState.CANCELLED),
        stopped_at=_moment(max(stopped)) if stopped else None,
        followed=tuple((row.created_at, Follows(row.how)) for row in followed),
    )


def _by_minute(rows: Iterable[Any]) -> dict[datetime, Knowing]:
    found: dict[datetime, Knowing] = {}
    for row in rows:
        found[_moment(row.known)] = found.get(_moment(row.known), Knowing()) + Knowing(know=row.adults)
        if row.confirmed is not None:
            at = _moment(row.confirmed)
            found[at] = found.get(at, Knowing()) + Knowing(confirmed=row.adults)
    return dict(sorted(found.items()))


@cache
def _grouped() -> Select[Any]:
    """Ask for adults by state, and by the minutes in which they knew and confirmed: school, notice."""
    school, of_notice = bindparam("school", type_=BigId()), bindparam("notice", type_=BigId())
    proved = (
        select(copy_delivery.c.delivery_id, func.min(attempt.c.ended_at).label("at"))
        .select_from(copy)
        .join(attempt, attempt.c.copy_id == copy.c.id)
        .join(copy_delivery, copy_delivery.c.copy_id == copy.c.id)
        .where(copy.c.school_id == school, copy.c.notice_id == of_notice, attempt.c.state == AttemptState.DELIVERED)
        .group_by(copy_delivery.c.delivery_id)
        .subquery("proved")
    )
    one = (
        select(delivery.c.state, delivery.c.state_at, proved.c.at.label("proved_at"))
        .outerjoin(proved, proved.c.delivery_id == delivery.c.id)
        .where(
            delivery.c.school_id == school,
            delivery.c.notice_id == of_notice,
            delivery.c.state.in_((*KNOWS, DeliveryState.CANCELLED)),
        )
        .subquery("one")
    )
    known_at = case(
        (and_(one.c.state != DeliveryState.CANCELLED, one.c.proved_at < one.c.state_at), one.c.proved_at),
        else_=one.c.state_at,
    )
    confirmed_at = case((one.c.state == DeliveryState.ACKNOWLEDGED, one.c.state_at))
    minute = select(one.c.state, _minute(known_at).label("known"), _minute(confirmed_at).label("confirmed")).subquery(
        "minute"
    )
    return select(minute, func.count().label("adults")).group_by(minute.c.state, minute.c.known, minute.c.confirmed)


@cache
def _followed() -> Select[Any]:
    """Ask for the notices that followed this one, the first before: school, notice."""
    return (
        select(notice.c.created_at, notice_follow.c.how)
        .join(notice, and_(notice.c.school_id == notice_follow.c.school_id, notice.c.id == notice_follow.c.notice_id))
        .where(
            notice_follow.c.school_id == bindparam("school", type_=BigId()),
            notice_follow.c.before_id == bindparam("notice", type_=BigId()),
        )
        .order_by(notice.c.created_at, notice.c.id)
    )


def _minute(moment: ColumnElement[datetime]) -> ColumnElement[int]:
    """Give the minute of a moment, as seconds since 1970; PostgreSQL's carry a fraction, which goes too."""
    seconds = extract("epoch", moment)
    return seconds - seconds % 60


def _moment(seconds: Any) -> datetime:  # noqa: ANN401 (an integer, or PostgreSQL's numeric)
    return datetime.fromtimestamp(int(seconds), UTC)


def _minute_of(moment: datetime) -> datetime:
    return moment - (moment - datetime.fromtimestamp(0, UTC)) % _MINUTE
