"""From a draft to the families: an assessment is shown, they are told of it as each wishes, and it is taken back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.classroom import results_asked as asked
from hub.classroom.results_sheets import Sheet, sheet_to_write
from hub.errors import InvalidError
from hub.models.school import School
from hub.notices.cancelling import cancel
from hub.notices.headlines import Reader
from hub.notices.publish import Draft
from hub.notices.wishes import Wished, as_wished, no_news, tell_as_wished
from hub.people.noting import note
from hub.ports import NoticeKind, Slots
from hub.sealing import Keyring
from hub.tables import assessment


@dataclass(frozen=True, slots=True)
class Reach:
    """Of how many pupils an assessment says something, and how their adults would hear of it."""

    pupils: int
    wished: Wished


async def reach_of(session: AsyncSession, *, school_id: int, assessment_id: int, reader: Reader) -> Reach:
    """Count before the press; changes nothing. Asks for no right: who has read the assessment has."""
    which = {"school": school_id, "assessment": assessment_id}
    pupils = (await session.execute(asked.how_many_have(), which)).scalar_one()
    who = asked.to_tell(school_id, assessment_id, reader.day)
    return Reach(pupils, await as_wished(session, school_id=school_id, kind=NoticeKind.RESULT, who=who))


async def publish_sheet(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    assessment_id: int,
    reader: Reader,
    tell: bool,
    now: datetime,
) -> Sheet:
    """Show an assessment to the families of its pupils, and tell them of it once, as each wishes.

    No message holds a result, only the title. Of a pupil of whom nothing is noted nobody is told. Pressing twice
    changes nothing; what was shown silently may be told later. Gives the assessment as it was. Raises InvalidError
    while nothing is noted, NotFoundError, NotAllowedError.
    """
    which = {"school_id": school.key, "assessment_id": assessment_id}
    sheet = await sheet_to_write(session, keyring, **which, reader=reader)
    counted = {"school": school.key, "assessment": assessment_id}
    if not (await session.execute(asked.how_many_have(), counted)).scalar_one():
        raise InvalidError("Rien n’est encore noté : remplissez la grille, puis publiez.")
    mine = (assessment.c.school_id == school.key, assessment.c.id == assessment_id)
    if sheet.published_at is None:
        await session.execute(update(assessment).where(*mine).values(published_at=now, changed_at=now))
        await note(session, school.key, reader.staff_id, "results_published", ("assessment", assessment_id), now)
    if tell and sheet.notice_id is None:
        told = await tell_as_wished(
            session,
            keyring,
            school=school,
            author_id=reader.staff_id,
            draft=Draft(
                kind=NoticeKind.RESULT,
                audience=f"class:{sheet.classroom.label}",
                slots=Slots(subject=sheet.title, language=school.language),
                key=f"result:{assessment_id}:{sheet.published_at or now:%Y%m%d%H%M%S}",
            ),
            who=asked.to_tell(school.key, assessment_id, reader.day),
            subjects=[assessment_id],
            now=now,
        )
        await session.execute(update(assessment).where(*mine).values(notice_id=told.notice_id))
    return sheet


async def withdraw_sheet(
    session: AsyncSession, keyring: Keyring, *, school_id: int, assessment_id: int, reader: Reader, now: datetime
) -> None:
    """Take an assessment back: families see it no more, what has not left stops, and a link says that it is over.

    Raises InvalidError, NotFoundError, NotAllowedError.
    """
    which = {"school_id": school_id, "assessment_id": assessment_id}
    sheet = await sheet_to_write(session, keyring, **which, reader=reader)
    if sheet.published_at is None:
        return
    if sheet.notice_id is not None:
        await cancel(session, school_id=school_id, notice_id=sheet.notice_id, now=now)
    await no_news(session, school_id=school_id, kind=NoticeKind.RESULT, subject_id=assessment_id)
    await session.execute(
        update(assessment)
        .where(assessment.c.school_id == school_id, assessment.c.id == assessment_id)
        .values(published_at=None, notice_id=None, changed_at=now)
    )
    await note(session, school_id, reader.staff_id, "results_withdrawn", ("assessment", assessment_id), now)
