"""An absence that the school noted by mistake is taken back: what the roll says of the child counts again."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.absences.cases import TYPED
from hub.absences.missing import Half, Missed, alert_due, keep_to_ourselves, miss
from hub.absences.rights import own_case
from hub.errors import InvalidError
from hub.models.notices import DeliveryState
from hub.models.rolls import AbsenceState, Mark
from hub.models.school import School
from hub.notices.audience import informed
from hub.notices.headlines import Reader
from hub.outbox.rungs import same
from hub.people.noting import note
from hub.ports import HalfDay
from hub.sealing import Keyring
from hub.tables import absence, delivery, delivery_pupil, roll, roll_mark

_NOT_OURS = "Ne se reprend que ce que l’école a noté elle-même, et qui tient encore."
_KNOWN = "La famille a déjà reçu l’alerte de cette absence : appelez-la, puis notez ce qu’elle dit."


async def unsay(
    session: AsyncSession, keyring: Keyring, *, school: School, absence_id: int, reader: Reader, now: datetime
) -> Missed:
    """Take back what was typed in, as if nobody had said it; gives what the roll makes of it.

    Where a roll has the child missing, the case is open again. An alert that the note had held back leaves then: after
    the school's hold, counted from the roll; half an hour after it nobody is alerted unasked. What an adult said stays,
    and once an alert has reached the family there is nothing left to take back.
    Raises NotFoundError, NotAllowedError, InvalidError.
    """
    mine = (absence.c.school_id == school.key, absence.c.id == absence_id)
    pupils = (await session.scalars(select(absence.c.pupil_id).where(*mine))).all()
    await keep_to_ourselves(session, school.key, pupils)
    row = await own_case(session, school.key, absence_id, reader)
    if row.state is not AbsenceState.EXPLAINED or row.typed_by is None or row.through not in TYPED:
        raise InvalidError(_NOT_OURS)
    if row.notice_id is None:
        await session.execute(delete(absence).where(*mine))
    else:
        await _open_again(session, school, row, reader, now)
    await note(session, school.key, reader.staff_id, "absence_unsaid", ("absence", absence_id), now)
    alerts = unasked = 0
    for taken in (await session.execute(_rolls_that_miss(row))).all():
        half = Half(taken.class_id, row.day, taken.half_day)
        due = alert_due(school, half, taken_at=taken.taken_at, now=now)
        pupil = frozenset({row.pupil_id})
        missed = await miss(session, keyring, school=school, half=half, pupils=pupil, reader=reader, due=due, now=now)
        alerts, unasked = alerts + missed.alerts, unasked + missed.unasked
    return Missed(alerts, 0, unasked)


async def _open_again(session: AsyncSession, school: School, row: Row[Any], reader: Reader, now: datetime) -> None:
    """Open a case whose alert has not left. One that goes on for another child goes on for this one too."""
    if (await session.execute(informed(school.key, [row.notice_id], reader.day))).first() is not None:
        raise InvalidError(_KNOWN)
    goes_on = (
        select(delivery.c.id)
        .join(delivery_pupil, same(delivery_pupil, delivery, "delivery_id"))
        .where(
            delivery.c.school_id == school.key,
            delivery.c.notice_id == row.notice_id,
            delivery_pupil.c.pupil_id == row.pupil_id,
            delivery.c.state != DeliveryState.CANCELLED,
        )
    )
    unsaid = {"reason": None, "typed_by": None, "through": "", "closed_at": None, "opened_at": now}
    if (await session.execute(goes_on)).first() is None:
        unsaid["notice_id"] = None
    await session.execute(
        update(absence)
        .where(absence.c.school_id == school.key, absence.c.id == row.id)
        .values(state=AbsenceState.OPEN, **unsaid)
    )


def _rolls_that_miss(row: Row[Any]) -> Any:  # noqa: ANN401 (a select)
    """Select the rolls of a case's half-days that have its child missing."""
    halves = (row.half_day,) if row.half_day is not HalfDay.DAY else (HalfDay.MORNING, HalfDay.AFTERNOON)
    return (
        select(roll.c.class_id, roll.c.half_day, roll.c.taken_at)
        .join(roll_mark, same(roll_mark, roll, "roll_id"))
        .where(
            roll.c.school_id == row.school_id,
            roll.c.day == row.day,
            roll.c.half_day.in_(halves),
            roll_mark.c.pupil_id == row.pupil_id,
            roll_mark.c.mark == Mark.ABSENT,
        )
        .order_by(roll.c.half_day.desc(), roll.c.id)
    )
