"""The calendar as somebody may see it: the staff of a school, or the adults of a child."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Date, Select, and_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.agenda.entries import Entry, in_order
from hub.agenda.events import may_write, opened
from hub.agenda.meetings import meetings_for_staff, meetings_of
from hub.errors import NotAllowedError, NotFoundError
from hub.models.agenda import EventKind
from hub.models.base import BigId
from hub.models.school import School
from hub.notices.headlines import Reader
from hub.people.schools import school_key
from hub.routing import class_order, day_at_school
from hub.sealing import Keyring, Seal
from hub.tables import class_group, event, school_year


@dataclass(frozen=True, slots=True)
class ClassName:
    """A class that one may note something for."""

    class_id: int
    label: str


async def own_classes(session: AsyncSession, *, school_id: int, reader: Reader) -> list[ClassName]:
    """List the classes of this year that are this reader's, the youngest first."""
    which = {"school": school_id, "day": reader.day, "classes": list(reader.rights.classes)}
    rows = await session.execute(_classes(of_classes=not reader.rights.whole_school), which)
    return sorted((ClassName(row.id, row.label) for row in rows), key=lambda one: class_order(one.label))


async def for_staff(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    reader: Reader,
    classes: Collection[ClassName],
    first: date,
    last: date,
) -> list[Entry]:
    """List what happens on these days, of the school and of `classes` (this reader's own), with meetings pressed."""
    which = {"school": school.key, "first": first, "last": last, "classes": [one.class_id for one in classes]}
    seal = await school_key(session, keyring, school.key)
    rows = await session.execute(_events(cancelled=False), which)
    noted = [_entry(row, seal) for row in rows]
    invited = await meetings_for_staff(
        session,
        keyring,
        school_id=school.key,
        timezone=school.timezone,
        reader=reader,
        labels=[one.label for one in classes],
        first=first,
        last=last,
    )
    return in_order(_joined(noted, invited))


async def one_event(
    session: AsyncSession, keyring: Keyring, *, school_id: int, reader: Reader, event_id: int
) -> tuple[Entry, int]:
    """Read an event that somebody may change, and who noted it. Raises NotAllowedError, NotFoundError."""
    row = (await session.execute(_one(), {"school": school_id, "event": event_id})).one_or_none()
    if row is None or row.cancelled_at is not None:
        raise NotFoundError("Cet événement n’est plus à l’agenda.")
    if not may_write(reader.rights, row.class_id, EventKind(row.kind)):
        raise NotAllowedError("Cet événement n’est pas à vous : il se change par qui l’a noté, ou par la direction.")
    return _entry(row, await school_key(session, keyring, school_id)), row.author_id


async def for_family(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    timezone: str,
    guardians: Collection[int],
    classes: Collection[int],
    first: date,
    last: date,
    now: datetime,
    cancelled: bool = False,
) -> list[Entry]:
    """List what happens on these days in the school and in `classes`, where these adults' children are today.

    With the meetings to which these adults were invited. `cancelled`: also what is not any more.
    """
    if not classes:
        return []
    which = {"school": school_id, "first": first, "last": last, "classes": list(classes)}
    seal = await school_key(session, keyring, school_id)
    noted = [_entry(row, seal) for row in await session.execute(_events(cancelled=cancelled), which)]
    invited = await meetings_of(
        session,
        keyring,
        school_id=school_id,
        timezone=timezone,
        guardians=guardians,
        day=day_at_school(now, timezone),
        now=now,
        first=first,
        last=last,
    )
    found = _joined(noted, invited)
    return in_order(found if cancelled else (one for one in found if not one.cancelled))


async def year_ends(session: AsyncSession, *, school_id: int, day: date) -> date:
    """Give the last day of the school year that a day is in; the end of August where none is known."""
    found = (await session.execute(_year_ends(), {"school": school_id, "day": day})).scalar_one_or_none()
    return found or date(day.year + (day.month >= 9), 8, 31)


def _joined(noted: Iterable[Entry], invited: Iterable[Entry]) -> list[Entry]:
    """Show once what was noted and then told by an invitation; where that was put right, as it is now."""
    by_notice = {number: one for one in invited for number in one.notices}
    found, used = list[Entry](), set[int]()
    for one in noted:
        told = by_notice.get(one.notice_id or 0)
        if told is None or told.notice_id is None:
            found.append(one)
            continue
        used.add(told.notice_id)
        found.append(_as_told(one, told))
    rest = {one.notice_id: one for one in by_notice.values()}
    return found + [one for number, one in rest.items() if number not in used]


def _as_told(one: Entry, told: Entry) -> Entry:
    answered = replace(one, asks=told.asks and not told.cancelled, said=told.said, delivery_id=told.delivery_id)
    if told.notice_id == one.notice_id or told.cancelled or one.cancelled:
        return answered
    return replace(
        answered,
        title=told.title or one.title,
        place=told.place,
        first=told.first,
        last=told.last,
        starts_at=told.starts_at,
        ends_at=None,
        sequence=one.sequence + told.sequence,
        changed_at=max(one.changed_at, told.changed_at),
    )


def _entry(row: Any, seal: Seal) -> Entry:  # noqa: ANN401 (a row)
    title, text, place = opened(row, seal)
    return Entry(
        kind=EventKind(row.kind),
        title=title,
        text=text,
        place=place,
        first=row.starts_on,
        last=row.ends_on,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        uid=row.uid,
        sequence=row.sequence,
        made_at=row.made_at,
        changed_at=row.changed_at,
        cancelled=row.cancelled_at is not None,
        event_id=row.id,
        notice_id=row.notice_id,
        class_id=row.class_id,
        class_label=row.label or "",
    )


_SCHOOL, _DAY = bindparam("school", type_=BigId()), bindparam("day", type_=Date())
_CLASSES = bindparam("classes", type_=BigId(), expanding=True)


def _with_class() -> Select[Any]:
    mine = and_(class_group.c.school_id == event.c.school_id, class_group.c.id == event.c.class_id)
    return select(event, class_group.c.label).outerjoin(class_group, mine).where(event.c.school_id == _SCHOOL)


@cache
def _events(*, cancelled: bool) -> Select[Any]:
    """Ask for the events of some days: parameters school, first, last, classes."""
    asked = _with_class().where(
        event.c.starts_on <= bindparam("last", type_=Date()),
        event.c.ends_on >= bindparam("first", type_=Date()),
        or_(event.c.class_id.is_(None), event.c.class_id.in_(_CLASSES)),
    )
    return (asked if cancelled else asked.where(event.c.cancelled_at.is_(None))).order_by(event.c.id)


@cache
def _one() -> Select[Any]:
    """Ask for an event: parameters school, event."""
    return _with_class().where(event.c.id == bindparam("event", type_=BigId()))


@cache
def _year_ends() -> Select[Any]:
    """Ask for the end of a school year: parameters school, day."""
    of_day = and_(school_year.c.starts_on <= _DAY, school_year.c.ends_on >= _DAY)
    return select(func.max(school_year.c.ends_on)).where(school_year.c.school_id == _SCHOOL, of_day)


@cache
def _classes(*, of_classes: bool) -> Select[Any]:
    """Ask for the classes of a day's year that are still open: parameters school, day, classes."""
    asked = (
        select(class_group.c.id, class_group.c.label)
        .join(
            school_year,
            and_(school_year.c.school_id == class_group.c.school_id, school_year.c.id == class_group.c.year_id),
        )
        .where(
            class_group.c.school_id == _SCHOOL,
            school_year.c.starts_on <= _DAY,
            school_year.c.ends_on >= _DAY,
            or_(class_group.c.closed_on.is_(None), class_group.c.closed_on > _DAY),
        )
    )
    return asked.where(class_group.c.id.in_(_CLASSES)) if of_classes else asked
