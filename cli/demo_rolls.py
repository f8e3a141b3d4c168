"""The rolls of the demo: taken, begun, come late, and missing. No family hears of them, so that the news adds up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.absences.cases import told_before, type_in
from hub.absences.rolls import class_roll, rolls_of, take_roll
from hub.database import Database
from hub.models.answers import AnswerKind
from hub.models.rolls import Mark
from hub.models.school import School
from hub.notices.headlines import Reader
from hub.people.links import told_about
from hub.people.rights import rights_on
from hub.routing import SUNDAY, day_at_school, half_day_at
from hub.sealing import Keyring


@dataclass(frozen=True, slots=True)
class Taken:
    """A roll: the marks of its first pupils, and how long it waited in its tablet."""

    marks: tuple[Mark, ...] = ()
    complete: bool = True
    age: timedelta = timedelta(0)


ROLLS: Mapping[int, Taken | None] = {
    0: Taken((Mark.ABSENT, Mark.ABSENT, Mark.LATE)),
    1: Taken((Mark.ABSENT,), age=timedelta(minutes=40)),
    2: Taken((Mark.LATE,), complete=False),
    3: None,
    4: None,
}
"""By the class's place; in the others everybody is there. Of the first class the school knows why two are missing; who
is missing in the second waits for somebody to alert the family, for its roll came too late to do so unasked."""


async def take_rolls(database: Database, keyring: Keyring, opened: School, *, staff_id: int, now: datetime) -> None:
    """Take the rolls of this half-day, by a member of staff of the whole school; on a Sunday there are none."""
    day, half_day = day_at_school(now, opened.timezone), half_day_at(now, opened.timezone)
    if day.weekday() == SUNDAY:
        return
    async with database.school(opened.key) as session:
        rights = await rights_on(session, school_id=opened.key, staff_id=staff_id, day=day)
        then: dict[str, Any] = {"day": day, "half_day": half_day, "reader": Reader(staff_id, rights, day)}
        for place, one in enumerate(await rolls_of(session, school_id=opened.key, **then)):
            taken = ROLLS.get(place, Taken())
            if taken is None:
                continue
            roll = await class_roll(session, school_id=opened.key, class_id=one.class_id, **then)
            pupils = [pupil.pupil_id for pupil in roll.pupils]
            if place == 0:
                await _told(session, opened, pupils, then, now)
            await take_roll(
                session,
                keyring,
                school=opened,
                class_id=one.class_id,
                marks=dict(zip(pupils, taken.marks, strict=False)),
                complete=taken.complete,
                taken_at=now - taken.age,
                now=now,
                **then,
            )


async def _told(
    session: AsyncSession, opened: School, pupils: Sequence[int], then: Mapping[str, Any], now: datetime
) -> None:
    """Let the office note that one child is ill, and let an adult of another write why it is missing."""
    ill: dict[str, Any] = {"reason": AnswerKind.ILL, "through": "phone", "now": now}
    await type_in(session, school=opened, pupils=pupils[:1], **then, **ill)
    told = told_about(opened.key, then["day"]).subquery()
    writer = select(func.min(told.c.guardian_id)).where(told.c.pupil_id == pupils[1])
    await told_before(
        session,
        school_id=opened.key,
        pupils=pupils[1:2],
        day=then["day"],
        half_day=then["half_day"],
        reason=AnswerKind.TRANSPORT,
        guardian_id=await session.scalar(writer),
        typed_by=None,
        through="sms",
        now=now,
    )
