"""Whose business a class or an absence is today."""

from typing import Any

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import NotAllowedError, NotFoundError
from hub.notices.headlines import Reader
from hub.people.links import holds_on
from hub.tables import absence, enrolment


def require_class(reader: Reader, class_id: int) -> None:
    """Refuse a class that is not this reader's today. Raises NotAllowedError."""
    if not reader.rights.whole_school and class_id not in reader.rights.classes:
        raise NotAllowedError("Cette classe n’est pas la vôtre aujourd’hui.")


async def require_pupils(session: AsyncSession, school_id: int, pupils: frozenset[int], reader: Reader) -> None:
    """Refuse pupils who are not in school, or in no class of this reader's, today.

    Raises NotFoundError, NotAllowedError.
    """
    rows = await session.execute(
        select(enrolment.c.pupil_id, enrolment.c.class_id).where(
            enrolment.c.school_id == school_id, enrolment.c.pupil_id.in_(pupils), holds_on(enrolment, reader.day)
        )
    )
    classes: dict[int, set[int]] = {}
    for row in rows:
        classes.setdefault(row.pupil_id, set()).add(row.class_id)
    if not pupils or classes.keys() != pupils:
        raise NotFoundError("Cet élève n’est pas inscrit aujourd’hui.")
    if not reader.rights.whole_school and not all(theirs & reader.rights.classes for theirs in classes.values()):
        raise NotAllowedError("Cet élève est d’une autre classe que les vôtres.")


async def own_case(session: AsyncSession, school_id: int, absence_id: int, reader: Reader) -> Row[Any]:
    """Read an absence and keep it until the end of the transaction. Raises NotFoundError, NotAllowedError."""
    asked = select(absence).where(absence.c.school_id == school_id, absence.c.id == absence_id)
    row = (await session.execute(asked.with_for_update())).one_or_none()
    if row is None:
        raise NotFoundError("Cette absence n’existe pas.")
    if not reader.rights.whole_school:
        theirs = await session.execute(asked.where(in_classes(absence.c.pupil_id, reader)))
        if theirs.first() is None:
            raise NotAllowedError("Cet élève est d’une autre classe que les vôtres.")
    return row


def in_classes(pupil_id: ColumnElement[int], reader: Reader) -> ColumnElement[bool]:
    """Say that a pupil is in a class of this reader's today."""
    return pupil_id.in_(
        select(enrolment.c.pupil_id).where(
            enrolment.c.class_id.in_(reader.rights.classes), holds_on(enrolment, reader.day)
        )
    )
