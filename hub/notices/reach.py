"""How far a notice got: of the adults concerned, how many confirmed, have it, wait for it, or must be called."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from operator import add
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import NotFoundError
from hub.models.notices import DeliveryState
from hub.notices import reach_asked
from hub.notices.calls import LEFT_LYING
from hub.notices.left import Left, how_many_left, left_to_call
from hub.people.phones import masked
from hub.ports import ChannelName
from hub.sealing import Keyring


@dataclass(frozen=True, slots=True)
class Tally:
    """Adults by how far the notice got with them.

    `moving`: on the way, or waiting while the notice can still be stopped. `gone`: no longer concerned, for it was
    cancelled or expired, or the adult has no right to it any more.
    """

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
    first. `next_at`: when something happens by itself next; `asks_at`: when whoever has it and does not answer is asked
    by the next way. `unknown_children`: pupils with an adult to call of whom no adult knows yet. `alarms`: adults who
    have it and must be called all the same, for a child may be missing. `letters`: of those to call, how many get a
    letter instead (`standing.by_letter`). `left`: the adults to call, those that were
    asked for; `unlisted`: how many more there are for this reader.
    """

    notice_id: int
    tally: Tally
    proved: int
    channels: tuple[tuple[ChannelName | None, Tally], ...]
    languages: tuple[tuple[str, Tally], ...]
    segments: int
    cost: int
    next_at: datetime | None
    asks_at: datetime | None
    unknown_children: int
    alarms: int
    letters: int
    left: tuple[Left, ...]
    unlisted: int = 0

    @property
    def calls(self) -> int:
        """How many adults somebody must call, listed or not."""
        return self.tally.to_call - self.letters + self.alarms

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
            "alarms": self.alarms,
            "letters": self.letters,
            "left": [_left_as_dict(one) for one in self.left],
        }


async def reach(
    session: AsyncSession,
    *,
    school_id: int,
    notice_id: int,
    day: date,
    now: datetime,
    classes: frozenset[int] | None = None,
    keyring: Keyring | None = None,
    most: int = 200,
) -> Reach:
    """Count, in nine questions at most, whatever the number of adults. Raises NotFoundError.

    `day` is today at the school, `now` this moment. `classes` limits the names (not the figures) to pupils of
    these classes. Numbers are read when a keyring is given. `most` adults to call are listed.
    """
    which = {"school": school_id, "notice": notice_id, "day": day, "now": now}
    if (await session.execute(reach_asked.KNOWN, which)).one_or_none() is None:
        raise NotFoundError("Cet avis n’existe pas.")
    lines = [_Line.of(row) for row in await session.execute(reach_asked.grouped(), which)]
    paid = (await session.execute(reach_asked.paid(), which)).one()
    besides = (await session.execute(reach_asked.besides(), which)).one()
    of_these: Any = {"school_id": school_id, "day": day, "now": now, "notice_id": notice_id, "classes": classes}
    left = await left_to_call(session, **of_these, keyring=keyring, most=most)
    unlisted = await how_many_left(session, **of_these) - most if len(left) == most else 0
    return Reach(
        notice_id=notice_id,
        tally=sum((line.tally for line in lines), Tally()),
        proved=sum(line.tally.told for line in lines if line.proved),
        channels=_by(lines, lambda line: line.channel),
        languages=_by(lines, lambda line: line.language),
        segments=paid.segments,
        cost=paid.cost,
        next_at=paid.next_at,
        asks_at=paid.asks_at,
        unknown_children=besides.unknown,
        alarms=besides.alarms,
        letters=besides.letters,
        left=left,
        unlisted=unlisted,
    )


async def pulse(
    session: AsyncSession, *, school_id: int, notice_id: int, day: date, now: datetime
) -> tuple[object, ...]:
    """Give what changes whenever the board would: three cheap questions, asked each second while somebody looks."""
    which = {"school": school_id, "notice": notice_id, "day": day, "now": now, "lying": now - LEFT_LYING}
    answers = [await session.execute(asked, which) for asked in reach_asked.beats()]
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


def _left_as_dict(one: Left) -> dict[str, object]:
    return {
        "adult": one.name,
        "children": [child.first_name for child in one.children],
        "language": one.language,
        "nobody_knows": one.nobody_knows,
        "why": one.why.reason.value,
        "tried_last": one.why.way.value if one.why.way and one.why.tried_at else None,
        "numbers": [masked(number.e164) for number in one.numbers],
        "called_by": one.owner,
    }
