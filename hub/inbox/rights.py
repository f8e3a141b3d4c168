"""Who of the staff may read a conversation, today: the one place that every list, page and answer of the inbox asks.

The director and the office read all but what is confidential to somebody else; a teacher what is about a pupil in a
class of today's, or about a family all of whose pupils are there. So a substitute gets in, and a former teacher is out,
as owner too. What is confidential is read by its person alone, as long as that person has a right to it; afterwards by
the director, so that no family's words lie where nobody reads them.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import NotAllowedError, NotFoundError
from hub.models.base import BigId
from hub.models.school import Role
from hub.notices.headlines import Reader
from hub.people.links import holds_on, told_about
from hub.people.rights import WHOLE_SCHOOL
from hub.tables import contact_point, enrolment, link, pupil, staff, staff_right, thread

SCHOOL, READER, THREAD = (bindparam(name, type_=BigId()) for name in ("school", "reader", "thread"))
DAY: Any = bindparam("day", type_=Date())
"""What the statements of the inbox are asked with."""


def several(name: str) -> Any:  # noqa: ANN401 (a parameter that holds several)
    """Give a parameter that holds several numbers."""
    return bindparam(name, type_=BigId(), expanding=True)


def as_reader(school_id: int, reader: Reader) -> dict[str, Any]:
    """Give the parameters of whatever asks `may_read`."""
    return {
        "school": school_id,
        "reader": reader.staff_id,
        "day": reader.day,
        "classes": sorted(reader.rights.classes),
    }


def scope_of(reader: Reader) -> Mapping[str, bool]:
    """Give what a statement is made by: the same few for all readers, so that each is made once."""
    rights = reader.rights
    return {"whole_school": rights.whole_school, "director": Role.DIRECTOR in rights.roles and rights.whole_school}


def may_read(*, whole_school: bool, director: bool) -> ColumnElement[bool]:
    """Say that the reader may read the conversation of a row: parameters school, reader, day, classes."""
    theirs = _every_pupil_in(several("classes"))
    open_to_all: ColumnElement[bool] = thread.c.private_to.is_(None)
    if not whole_school:
        return and_(or_(open_to_all, thread.c.private_to == READER), theirs)
    mine = or_(open_to_all, thread.c.private_to == READER)
    return or_(mine, ~_has_right_to(thread.c.private_to)) if director else mine


async def own_thread(session: AsyncSession, *, school_id: int, thread_id: int, reader: Reader) -> Any:  # noqa: ANN401 (a row)
    """Read one conversation's row, of the columns of `thread`.

    Raises NotFoundError, and NotAllowedError when it is not this reader's today.
    """
    which = {**as_reader(school_id, reader), "thread": thread_id}
    row = (await session.execute(_one(), which)).one_or_none()
    if row is None:
        raise NotFoundError("Cette conversation n’existe pas.")
    if (await session.execute(_own(**scope_of(reader)), which)).one_or_none() is None:
        raise NotAllowedError("Cette conversation n’est pas à vous : elle concerne d’autres élèves, ou une personne.")
    return row


async def owner_may_read(session: AsyncSession, *, school_id: int, thread_id: int, reader: Reader) -> bool:
    """Say whether a conversation has an owner who has a right to it on the reader's day."""
    which = {**as_reader(school_id, reader), "thread": thread_id}
    return (await session.execute(_well_owned(), which)).one_or_none() is not None


async def colleagues(
    session: AsyncSession, *, school_id: int, thread_id: int, reader: Reader
) -> tuple[tuple[int, str], ...]:
    """List those beside the reader who have a right today to what it is about, as (staff, name)."""
    rows = await session.execute(_colleagues(), {**as_reader(school_id, reader), "thread": thread_id})
    return tuple((row.id, row.name) for row in rows)


@cache
def _one() -> Select[Any]:
    return select(thread).where(thread.c.school_id == SCHOOL, thread.c.id == THREAD)


@cache
def _own(*, whole_school: bool, director: bool) -> Select[Any]:
    asked = select(thread.c.id).where(thread.c.school_id == SCHOOL, thread.c.id == THREAD)
    return asked.where(may_read(whole_school=whole_school, director=director))


@cache
def _well_owned() -> Select[Any]:
    return _one().where(thread.c.owner_id.is_not(None), _has_right_to(thread.c.owner_id))


@cache
def _colleagues() -> Select[Any]:
    return (
        select(staff.c.id, staff.c.name)
        .join(thread, thread.c.school_id == staff.c.school_id)
        .where(
            staff.c.school_id == SCHOOL,
            staff.c.id != READER,
            staff.c.name != "",
            thread.c.id == THREAD,
            _has_right_to(staff.c.id),
        )
        .order_by(staff.c.name, staff.c.id)
    )


def _has_right_to(person: ColumnElement[int]) -> ColumnElement[bool]:
    """Say that this member of staff has the whole school today, or every pupil whom the conversation is about."""
    held = staff_right.alias("held")
    whole = (
        select(held.c.id)
        .where(
            held.c.school_id == SCHOOL,
            held.c.staff_id == person,
            held.c.class_id.is_(None),
            held.c.role.in_(WHOLE_SCHOOL),
            holds_on(held, DAY),
        )
        .correlate_except(held)
        .exists()
    )
    taught = staff_right.alias("taught")
    classes = (
        select(taught.c.class_id)
        .where(
            taught.c.school_id == SCHOOL,
            taught.c.staff_id == person,
            taught.c.class_id.is_not(None),
            holds_on(taught, DAY),
        )
        .correlate_except(taught)
    )
    return or_(whole, _every_pupil_in(classes))


def _every_pupil_in(classes: Any) -> ColumnElement[bool]:  # noqa: ANN401 (numbers, or the question for them)
    """Say that the conversation is about a pupil in these classes today, or a family all of whose pupils are there."""
    theirs, strange = _is_in(link.c.pupil_id, classes), ~_is_in(link.c.pupil_id, classes)
    return or_(
        and_(thread.c.pupil_id.is_not(None), _is_in(thread.c.pupil_id, classes)),
        and_(thread.c.pupil_id.is_(None), _family_has(theirs), ~_family_has(strange)),
    )


def _family_has(such: ColumnElement[bool]) -> ColumnElement[bool]:
    """Say that the adult of the conversation, or one who shares its address, is told about such a pupil today."""
    used = contact_point.alias("used")
    sharing = (
        select(used.c.guardian_id)
        .where(used.c.school_id == thread.c.school_id, used.c.address_id == thread.c.address_id)
        .correlate_except(used)
    )
    told = told_about(thread.c.school_id, DAY).where(such)
    alone = told.where(link.c.guardian_id == thread.c.guardian_id)
    together = told.where(thread.c.guardian_id.is_(None), link.c.guardian_id.in_(sharing))
    return or_(*(each.correlate_except(link, pupil, enrolment).exists() for each in (alone, together)))


def _is_in(pupil_id: ColumnElement[int], classes: Any) -> ColumnElement[bool]:  # noqa: ANN401 (numbers, or a question)
    seat = enrolment.alias("seat")
    return (
        select(seat.c.id)
        .where(
            seat.c.school_id == SCHOOL,
            seat.c.pupil_id == pupil_id,
            seat.c.class_id.in_(classes),
            holds_on(seat, DAY),
        )
        .correlate_except(seat)
        .exists()
    )
