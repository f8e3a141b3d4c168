"""Why a child is absent, noted from what the family wrote: staff read it in the conversation, the register gets it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.absences.asked import REASONS
from hub.absences.cases import told_before
from hub.absences.rights import own_case
from hub.errors import InvalidError
from hub.inbox.answering import adults_of, last_of_the_family
from hub.inbox.rights import own_thread
from hub.models.answers import AnswerKind
from hub.models.rolls import AbsenceState
from hub.notices.headlines import Reader
from hub.ports import ChannelName, HalfDay
from hub.tables import absence, pupil

MOST = 6
"""Absences of one family that a conversation offers, the newest first."""


@dataclass(frozen=True, slots=True)
class Unexplained:
    """An open absence of a child of a conversation."""

    absence_id: int
    first_name: str
    day: date
    half_day: HalfDay

    def __repr__(self) -> str:
        return f"Unexplained({self.absence_id})"


async def unexplained(
    session: AsyncSession, *, school_id: int, thread_id: int, reader: Reader
) -> tuple[Unexplained, ...]:
    """List the open absences of the children of a conversation whose register this reader may see today.

    Raises NotFoundError, NotAllowedError.
    """
    row = await own_thread(session, school_id=school_id, thread_id=thread_id, reader=reader)
    return tuple(
        Unexplained(each.id, each.first_name, each.day, HalfDay(each.half_day))
        for each in await session.execute(_open_cases(school_id, row, reader))
    )


async def excuse(
    session: AsyncSession,
    *,
    school_id: int,
    thread_id: int,
    absence_id: int,
    reason: AnswerKind,
    reader: Reader,
    now: datetime,
) -> None:
    """Write into the register what the family said here of an open absence: it is then explained, and alarms end.

    Raises InvalidError for what is no reason, or is of no child of this conversation; NotFoundError, NotAllowedError.
    """
    if reason not in REASONS:
        raise InvalidError("Choisissez un motif.", field="raison")
    row = await own_thread(session, school_id=school_id, thread_id=thread_id, reader=reader)
    case = await own_case(session, school_id, absence_id, reader)
    here = (await session.execute(_open_cases(school_id, row, reader))).all()
    if absence_id not in {each.id for each in here}:
        raise InvalidError("Cette absence est déjà close, ou n’est pas d’un enfant de cette conversation.")
    last = await last_of_the_family(session, school_id, thread_id)
    rang = last is None or last.channel == ChannelName.VOICE
    await told_before(
        await session.connection(),
        school_id=school_id,
        pupils=[case.pupil_id],
        day=case.day,
        half_day=case.half_day,
        reason=reason,
        guardian_id=row.guardian_id,
        typed_by=reader.staff_id,
        through="call" if rang else ChannelName(last.channel).value,
        now=now,
    )


def _open_cases(school_id: int, row: Any, reader: Reader) -> Select[Any]:  # noqa: ANN401 (a row)
    """Select what nobody has explained of the children whom this conversation's adult is told about."""
    about = adults_of(school_id, row, reader).subquery("about")
    return (
        select(absence.c.id, absence.c.day, absence.c.half_day, pupil.c.first_name)
        .join(pupil, and_(pupil.c.school_id == absence.c.school_id, pupil.c.id == absence.c.pupil_id))
        .where(
            absence.c.school_id == school_id,
            absence.c.state == AbsenceState.OPEN,
            absence.c.pupil_id.in_(select(about.c.pupil_id)),
        )
        .order_by(absence.c.day.desc(), absence.c.id)
        .limit(MOST)
    )
