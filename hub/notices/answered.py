"""What the families answered to a question, whether they come and how many, on whatever channel."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Date, Integer, Select, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.answers import AnswerKind
from hub.models.base import BigId
from hub.notices.chairs import by_adult, chairs, who_comes
from hub.notices.left import Child
from hub.notices.left_asked import children
from hub.notices.room import Room, seats_of
from hub.notices.standing import concerns, still_told
from hub.people.links import told_today
from hub.people.names import full_name
from hub.tables import answer, delivery, delivery_pupil, guardian

ASKED = (AnswerKind.YES, AnswerKind.NO, AnswerKind.COUNT)


@dataclass(frozen=True, slots=True)
class Answered:
    """What one adult said: yes, no, or (COUNT) `number` persons; `children` whom that is about for the reader.

    `waits`: the room is full, and some of these have no place yet.
    """

    guardian_id: int
    name: str
    kind: AnswerKind
    number: int | None
    at: datetime
    children: tuple[Child, ...]
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """What was said so far: `yes` and `no` in adults (« three of us » is a yes), `persons` where they said how many.

    `chairs`: how many these need, where two parents who announce the same family count once.
    `taken`: those that somebody has, where the room is counted; `waiting`: adults who wait for one.
    `silent`: children about whom nobody has said anything, where one answer stands for a family. `listed`: those whom
    the reader may see, the last first; `unlisted`: how many more there are.
    """

    yes: int = 0
    no: int = 0
    persons: int = 0
    chairs: int = 0
    taken: int = 0
    waiting: int = 0
    silent: int = 0
    listed: tuple[Answered, ...] = ()
    unlisted: int = 0


async def answers_to(
    session: AsyncSession,
    *,
    school_id: int,
    notice_id: int,
    day: date,
    classes: frozenset[int] | None = None,
    most: int = 100,
    by_family: bool = False,
) -> Answers:
    """Read what adults who still have a right to the notice on `day` said.

    `classes` limits the names (not the figures) to adults of pupils of these classes. `by_family`: one
    answer stands for both parents.
    """
    which = {"school": school_id, "notice": notice_id, "day": day, "classes": list(classes or ()), "most": most}
    said = {row.kind: row for row in await session.execute(_figures(), which)}
    silent = int((await session.execute(_silent(), which)).scalar_one()) if by_family else 0
    if not said:
        return Answers(silent=silent)
    coming = (await session.execute(who_comes(), which)).all()
    room = Room(0, by_family, seats_of(coming))
    waiting = {one.guardian_id for one in room.seats if one.waits}
    rows = (await session.execute(_listed(of_classes=classes is not None), which)).all()
    young: dict[int, list[Child]] = defaultdict(list)
    theirs = {**which, "ids": [row.delivery_id for row in rows]}
    for row in await session.execute(children(of_classes=classes is not None), theirs) if rows else ():
        young[row.delivery_id].append(Child(row.id, row.first_name, row.label or ""))
    yes, counted = (said.get(kind) for kind in (AnswerKind.YES, AnswerKind.COUNT))
    return Answers(
        yes=sum(row.adults for row in (yes, counted) if row is not None),
        no=said[AnswerKind.NO].adults if AnswerKind.NO in said else 0,
        chairs=chairs(by_adult(coming), by_family=by_family),
        taken=room.taken,
        waiting=len(waiting),
        silent=silent,
        persons=0 if counted is None else counted.persons,
        listed=tuple(
            Answered(
                row.guardian_id,
                full_name(row.first_name, row.usage_name, row.family_name),
                row.kind,
                row.number,
                row.at,
                tuple(young[row.delivery_id]),
                row.guardian_id in waiting,
            )
            for row in rows
        ),
        unlisted=rows[0].all_of_them - len(rows) if rows else 0,
    )


def _asked() -> Any:  # noqa: ANN401 (conditions)
    return and_(
        answer.c.school_id == bindparam("school", type_=BigId()),
        answer.c.notice_id == bindparam("notice", type_=BigId()),
        answer.c.kind.in_(ASKED),
        still_told(bindparam("day", type_=Date())),
    )


def _theirs() -> Any:  # noqa: ANN401 (a condition)
    return and_(
        delivery.c.school_id == answer.c.school_id,
        delivery.c.notice_id == answer.c.notice_id,
        delivery.c.guardian_id == answer.c.guardian_id,
    )


@cache
def _figures() -> Select[Any]:
    """Count the adults of each answer, and the persons they announce: parameters school, notice, day."""
    return (
        select(
            answer.c.kind, func.count().label("adults"), func.coalesce(func.sum(answer.c.number), 0).label("persons")
        )
        .join(delivery, _theirs())
        .where(_asked())
        .group_by(answer.c.kind)
    )


@cache
def _silent() -> Select[Any]:
    """Count the children about whom nobody has answered: parameters school, notice, day."""
    other, theirs = delivery.alias("other"), delivery_pupil.alias("theirs")
    by_somebody = (
        select(answer.c.id)
        .join(
            other,
            and_(
                other.c.school_id == answer.c.school_id,
                other.c.notice_id == answer.c.notice_id,
                other.c.guardian_id == answer.c.guardian_id,
            ),
        )
        .join(theirs, and_(theirs.c.school_id == other.c.school_id, theirs.c.delivery_id == other.c.id))
        .where(
            answer.c.notice_id == delivery.c.notice_id,
            answer.c.kind.in_(ASKED),
            theirs.c.pupil_id == delivery_pupil.c.pupil_id,
        )
        .correlate(delivery, delivery_pupil)
    )
    return (
        select(func.count(delivery_pupil.c.pupil_id.distinct()))
        .join(
            delivery,
            and_(delivery.c.school_id == delivery_pupil.c.school_id, delivery.c.id == delivery_pupil.c.delivery_id),
        )
        .where(
            delivery.c.school_id == bindparam("school", type_=BigId()),
            delivery.c.notice_id == bindparam("notice", type_=BigId()),
            told_today(delivery, delivery_pupil, bindparam("day", type_=Date())),
            ~by_somebody.exists(),
        )
    )


@cache
def _listed(*, of_classes: bool) -> Select[Any]:
    """Ask who said it, the last first: parameters school, notice, day, most; classes where asked for."""
    asked = (
        select(
            answer.c.guardian_id,
            answer.c.kind,
            answer.c.number,
            answer.c.at,
            delivery.c.id.label("delivery_id"),
            guardian.c.first_name,
            guardian.c.usage_name,
            guardian.c.family_name,
            func.count().over().label("all_of_them"),
        )
        .join(delivery, _theirs())
        .join(guardian, and_(guardian.c.school_id == answer.c.school_id, guardian.c.id == answer.c.guardian_id))
        .where(_asked())
        .order_by(answer.c.at.desc(), answer.c.id.desc())
        .limit(bindparam("most", type_=Integer()))
    )
    if of_classes:
        asked = asked.where(
            concerns(bindparam("classes", type_=BigId(), expanding=True), bindparam("day", type_=Date()))
        )
    return asked
