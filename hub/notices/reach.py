"""How far a notice got: of the adults concerned, how many confirmed, have it, wait for it, or must be called."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cache
from operator import add
from typing import Any

from sqlalchemy import Select, Subquery, and_, bindparam, case, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import NotFoundError
from hub.models.base import BigId
from hub.models.notices import AttemptState, DeliveryState
from hub.notices.left import Left, left_to_call
from hub.notices.left_asked import known_by_somebody
from hub.people.phones import masked
from hub.ports import ChannelName
from hub.sealing import Keyring
from hub.tables import attempt, call_task, copy, copy_delivery, delivery, delivery_pupil, guardian, notice


@dataclass(frozen=True, slots=True)
class Tally:
    """Adults by how far the notice got with them. `gone`: cancelled or expired, no longer concerned."""

    acknowledged: int = 0
    told: int = 0
    moving: int = 0
    to_call: int = 0
    gone: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*map(add, _numbers(self), _numbers(other)))

    @property
    def know(self) -> int:
        """Those who have it."""
        return self.acknowledged + self.told

    @property
    def adults(self) -> int:
        """Those whom it concerns."""
        return self.know + self.moving + self.to_call

    @property
    def settled(self) -> bool:
        """Nobody waits and nobody is to be called."""
        return not (self.moving or self.to_call)


@dataclass(frozen=True, slots=True)
class Reach:
    """The state of a notice. `cost` in hundredths of a cent, so far; `proved` of those told, by their telephone.

    `channels` by the way that stands or was tried last; None: no way at all. `languages` by code, the most spoken
    first. `next_at`: when something happens by itself next. `unknown_children`: pupils with an adult to call of whom
    no adult knows yet. `left`: the adults to call, at most 200.
    """

    notice_id: int
    tally: Tally
    proved: int
    channels: tuple[tuple[ChannelName | None, Tally], ...]
    languages: tuple[tuple[str, Tally], ...]
    segments: int
    cost: int
    next_at: datetime | None
    unknown_children: int
    left: tuple[Left, ...]

    def as_dict(self) -> dict[str, object]:
        """For the command line's JSON; telephone numbers are masked."""
        return {
            "notice": self.notice_id,
            "adults": self.tally.adults,
            "states": asdict(self.tally),
            "channels": {channel.value if channel else "none": asdict(tally) for channel, tally in self.channels},
            "languages": {code: asdict(tally) for code, tally in self.languages},
            "proved": self.proved,
            "segments": self.segments,
            "cost": self.cost,
            "children_nobody_knows": self.unknown_children,
            "left": [_left_as_dict(one) for one in self.left],
        }


async def reach(
    session: AsyncSession,
    *,
    school_id: int,
    notice_id: int,
    day: date,
    classes: frozenset[int] | None = None,
    keyring: Keyring | None = None,
) -> Reach:
    """Count, in eight questions at most, whatever the number of adults. Raises NotFoundError.

    `day` is today at the school. `classes` limits the names (not the figures) to pupils of these classes.
    Numbers are read when a keyring is given.
    """
    which = {"school": school_id, "notice": notice_id}
    if (await session.execute(_KNOWN, which)).one_or_none() is None:
        raise NotFoundError("Cet avis n’existe pas.")
    lines = [_Line.of(row) for row in await session.execute(_grouped(), which)]
    paid = (await session.execute(_paid(), which)).one()
    unknown = (await session.execute(_unknown(), which)).scalar_one()
    left = await left_to_call(
        session, school_id=school_id, day=day, notice_id=notice_id, classes=classes, keyring=keyring
    )
    return Reach(
        notice_id=notice_id,
        tally=sum((line.tally for line in lines), Tally()),
        proved=sum(line.tally.told for line in lines if line.proved),
        channels=_by(lines, lambda line: line.channel),
        languages=_by(lines, lambda line: line.language),
        segments=paid.segments,
        cost=paid.cost,
        next_at=paid.next_at,
        unknown_children=unknown,
        left=left,
    )


async def pulse(session: AsyncSession, *, school_id: int, notice_id: int) -> tuple[object, ...]:
    """Give what changes whenever the board would: one cheap question, asked each second while somebody looks."""
    which = {"school": school_id, "notice": notice_id}
    answers = [await session.execute(asked, which) for asked in _beats()]
    return tuple(tuple(row) for answer in answers for row in answer)


@dataclass(frozen=True, slots=True)
class _Line:
    """Adults of one state, language and channel."""

    tally: Tally
    language: str
    channel: ChannelName | None
    proved: bool

    @classmethod
    def of(cls, row: Any) -> "_Line":  # noqa: ANN401 (a row)
        channel = ChannelName(row.channel) if row.channel else None
        return cls(Tally(**{_PLACE[row.state]: row.adults}), row.language, channel, bool(row.proved))


_PLACE = {
    DeliveryState.HELD: "moving",
    DeliveryState.ON_THE_WAY: "moving",
    DeliveryState.TOLD: "told",
    DeliveryState.ACKNOWLEDGED: "acknowledged",
    DeliveryState.TO_CALL: "to_call",
    DeliveryState.CANCELLED: "gone",
    DeliveryState.EXPIRED: "gone",
}


def _numbers(tally: Tally) -> tuple[int, ...]:
    return (tally.acknowledged, tally.told, tally.moving, tally.to_call, tally.gone)


def _by(lines: Iterable[_Line], what: Callable[[_Line], Any]) -> tuple[tuple[Any, Tally], ...]:
    sums: dict[Any, Tally] = {}
    for line in lines:
        sums[what(line)] = sums.get(what(line), Tally()) + line.tally
    return tuple(sorted(sums.items(), key=lambda item: (item[0] is None, -item[1].adults, item[0] or "")))


_SCHOOL, _NOTICE = bindparam("school", type_=BigId()), bindparam("notice", type_=BigId())
_KNOWN = select(notice.c.id).where(notice.c.school_id == _SCHOOL, notice.c.id == _NOTICE)


@cache
def _beats() -> tuple[Select[Any], ...]:
    mine = and_(delivery.c.school_id == _SCHOOL, delivery.c.notice_id == _NOTICE)
    states: Select[Any] = (
        select(delivery.c.state, func.count(), func.max(delivery.c.state_at))
        .where(mine)
        .group_by(delivery.c.state)
        .order_by(delivery.c.state)
    )
    calls: Any = (
        select(func.count(), func.count(call_task.c.owner_id), func.max(call_task.c.taken_at))
        .join(delivery, and_(delivery.c.school_id == call_task.c.school_id, delivery.c.id == call_task.c.delivery_id))
        .where(mine, call_task.c.done_at.is_(None))
    )
    return states, calls, _paid()


def _each() -> Subquery:
    """Each delivery with the copy that counts: of the rung it stands on, else of the last one tried."""
    tried = (
        select(func.max(copy_delivery.c.rung))
        .where(copy_delivery.c.school_id == delivery.c.school_id, copy_delivery.c.delivery_id == delivery.c.id)
        .correlate(delivery)
        .scalar_subquery()
    )
    proved = (
        select(attempt.c.id)
        .join(
            copy_delivery,
            and_(copy_delivery.c.school_id == attempt.c.school_id, copy_delivery.c.copy_id == attempt.c.copy_id),
        )
        .where(
            copy_delivery.c.school_id == delivery.c.school_id,
            copy_delivery.c.delivery_id == delivery.c.id,
            attempt.c.state == AttemptState.DELIVERED,
        )
        .correlate(delivery)
        .exists()
    )
    return (
        select(
            delivery.c.school_id,
            delivery.c.id,
            delivery.c.guardian_id,
            delivery.c.state,
            case((delivery.c.rung > 0, delivery.c.rung), else_=tried).label("rung"),
            case((delivery.c.state == DeliveryState.TOLD, case((proved, 1), else_=0)), else_=literal(0)).label(
                "proved"
            ),
        )
        .where(delivery.c.school_id == _SCHOOL, delivery.c.notice_id == _NOTICE)
        .subquery("each_one")
    )


@cache
def _grouped() -> Select[Any]:
    one = _each()
    return (
        select(one.c.state, guardian.c.language, copy.c.channel, one.c.proved, func.count().label("adults"))
        .join(guardian, and_(guardian.c.school_id == one.c.school_id, guardian.c.id == one.c.guardian_id))
        .outerjoin(
            copy_delivery,
            and_(
                copy_delivery.c.school_id == one.c.school_id,
                copy_delivery.c.delivery_id == one.c.id,
                copy_delivery.c.rung == one.c.rung,
            ),
        )
        .outerjoin(copy, and_(copy.c.school_id == copy_delivery.c.school_id, copy.c.id == copy_delivery.c.copy_id))
        .group_by(one.c.state, guardian.c.language, copy.c.channel, one.c.proved)
    )


@cache
def _paid() -> Select[Any]:
    return (
        select(
            func.coalesce(func.sum(attempt.c.segments), 0).label("segments"),
            func.coalesce(func.sum(attempt.c.cost), 0).label("cost"),
            func.min(attempt.c.look_at).label("next_at"),
        )
        .join(copy, and_(copy.c.school_id == attempt.c.school_id, copy.c.id == attempt.c.copy_id))
        .where(copy.c.school_id == _SCHOOL, copy.c.notice_id == _NOTICE)
    )


@cache
def _unknown() -> Select[Any]:
    return (
        select(func.count(func.distinct(delivery_pupil.c.pupil_id)))
        .join(
            delivery,
            and_(delivery.c.school_id == delivery_pupil.c.school_id, delivery.c.id == delivery_pupil.c.delivery_id),
        )
        .where(
            delivery.c.school_id == _SCHOOL,
            delivery.c.notice_id == _NOTICE,
            delivery.c.state == DeliveryState.TO_CALL,
            ~known_by_somebody(delivery_pupil),
        )
    )


def _left_as_dict(one: Left) -> dict[str, object]:
    return {
        "adult": one.name,
        "children": [child.first_name for child in one.children],
        "language": one.language,
        "nobody_knows": one.nobody_knows,
        "numbers": [masked(number.e164) for number in one.numbers],
        "called_by": one.owner,
    }
