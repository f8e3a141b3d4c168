"""What would happen: a school's ladder played through for one family, by the rules by which the engine climbs."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.base import BigId
from hub.models.ladders import Occasion
from hub.models.people import LastRung, Means
from hub.outbox.rungs import WRITABLE, caller_for, same, sender_for, wanted
from hub.patience import Ladder
from hub.people.finding import find_adults
from hub.ports import ChannelName
from hub.tables import address, contact_point, guardian


@dataclass(frozen=True, slots=True)
class Step:
    """What happens `after` the press if nothing was answered before; `way` None: the end, which is `end`."""

    after: timedelta
    way: ChannelName | None = None
    end: LastRung | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """An adult, the first names of the children that he or she is told about, and the steps of the ladder."""

    guardian_id: int
    name: str
    children: tuple[str, ...]
    means: Means
    steps: tuple[Step, ...]


URGENT = frozenset({Occasion.ABSENCE, Occasion.URGENT})
"""Where paper comes too late: at the end somebody calls, whatever the adult wishes (`standing.by_letter`)."""
MOST_PLAYED = 8
"""Adults that are played at once: more, and the name is to be said more exactly."""


def end_of(occasion: Occasion, last_rung: LastRung, means: Means) -> LastRung:
    """Say what is left for an adult when no message reaches, by the rule of `standing.by_letter`."""
    on_paper = last_rung in (LastRung.LETTER, LastRung.WRITE_ONLY) or means is Means.WRITE_ONLY
    if on_paper:
        return LastRung.CALL if occasion in URGENT else LastRung.LETTER
    return last_rung


def steps_of(ladder: Ladder, ways: Sequence[ChannelName], last_rung: LastRung) -> tuple[Step, ...]:
    """Play a ladder through for an adult who never answers, and whom every message reaches.

    What only has to arrive ends with its first way. Whom nothing can reach is somebody's task at once.
    """
    if not ways:
        return (Step(timedelta(0), end=last_rung),)
    if ladder.patience is None:
        return (Step(timedelta(0), ways[0]),)
    steps = [Step(place * ladder.patience, way) for place, way in enumerate(ways)]
    if ladder.calls:
        steps.append(Step(len(ways) * ladder.patience, end=last_rung))
    return tuple(steps)


def ways_of(points: Sequence[Any], means: Means, *, rings: bool) -> tuple[ChannelName, ...]:
    """Order the ways of an adult as `rungs.next_way` does: calls last, and first for whom the school calls first.

    `points` in their order, with `writes` and `calls`: whether one may be written to, and called, now.
    """
    written = [ChannelName(row.channel) for row in points if row.writes]
    may_ring = rings and means in (Means.ANY, Means.CALL_FIRST)
    called = [ChannelName.VOICE for row in points if row.calls] if may_ring else []
    return (*called, *written) if means is Means.CALL_FIRST else (*written, *called)


async def play(
    session: AsyncSession, *, school_id: int, words: str, occasion: Occasion, ladder: Ladder, day: date
) -> tuple[int, tuple[Played, ...]]:
    """Play a ladder through for the adults who bear these words, or whose child does: how many, and the first of them.

    Raises InvalidError as `find_adults` does.
    """
    count, found = await find_adults(session, school_id=school_id, words=words, day=day)
    adults = found[:MOST_PLAYED]
    asked = {"school": school_id, "guardians": [each.guardian_id for each in adults]}
    points = defaultdict[int, list[Any]](list)
    for row in await session.execute(_points(), asked):
        points[row.guardian_id].append(row)
    wishes = {row.id: row for row in await session.execute(_wishes(), asked)}
    return count, tuple(
        Played(
            each.guardian_id,
            each.name,
            tuple(name for _, name in each.pupils),
            Means(wishes[each.guardian_id].means),
            steps_of(
                ladder,
                ways_of(points[each.guardian_id], Means(wishes[each.guardian_id].means), rings=ladder.rings),
                end_of(occasion, LastRung(wishes[each.guardian_id].last_rung), Means(wishes[each.guardian_id].means)),
            ),
        )
        for each in adults
    )


@cache
def _points() -> Select[Any]:
    """Ask where some adults can be written to and called now, in their order: parameters school, guardians."""
    telephone = contact_point.c.channel.in_((ChannelName.SMS, ChannelName.VOICE))
    return (
        select(
            contact_point.c.guardian_id,
            contact_point.c.channel,
            sender_for().is_not(None).label("writes"),
            and_(telephone, caller_for().is_not(None)).label("calls"),
        )
        .join(address, same(contact_point, address, "address_id"))
        .where(
            contact_point.c.school_id == bindparam("school", type_=BigId()),
            contact_point.c.guardian_id.in_(bindparam("guardians", type_=BigId(), expanding=True)),
            wanted(),
            address.c.state.in_(WRITABLE),
        )
        .order_by(contact_point.c.guardian_id, contact_point.c.position)
    )


@cache
def _wishes() -> Select[Any]:
    return select(guardian.c.id, guardian.c.means, guardian.c.last_rung).where(
        guardian.c.school_id == bindparam("school", type_=BigId()),
        guardian.c.id.in_(bindparam("guardians", type_=BigId(), expanding=True)),
    )
