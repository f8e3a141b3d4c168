"""Who left: pupils without a place in the year to come, worked through together, and what is forgotten when."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Date,
    Select,
    and_,
    bindparam,
    delete,
    distinct,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotFoundError
from hub.models.base import BigId
from hub.models.people import Matter
from hub.notices.headlines import Reader
from hub.people.names import full_name
from hub.people.purge import AFTER_LEAVING
from hub.routing import class_order
from hub.tables import audit, class_group, enrolment, link, pupil, school_year, tray_item
from hub.years.moving import A_DAY, seat_in
from hub.years.turning import Year, require, years_at

FAR = timedelta(days=366)
"""A departure further away than this was mistyped."""
_SCHOOL, _DAY = bindparam("school", type_=BigId()), bindparam("day", type_=Date())
_School = int | BindParameter[int]


@dataclass(frozen=True, slots=True)
class Undecided:
    """A pupil who may have left. `was_in`: the last class; `asked`: a whole import missed this pupil."""

    pupil_id: int
    name: str
    was_in: str
    asked: bool


@dataclass(frozen=True, slots=True)
class Gone:
    """A pupil who left, and the night after which nothing of this child is kept; `adults`: who goes with the child."""

    pupil_id: int
    name: str
    left_on: date
    forgotten_on: date
    adults: int


@dataclass(frozen=True, slots=True)
class Seat:
    """A class that a pupil may be placed in."""

    class_id: int
    label: str
    year: str


async def undecided(session: AsyncSession, *, school_id: int, reader: Reader) -> tuple[Undecided, ...]:
    """List the pupils to decide upon: without a place from the year to come on, or whom a whole import missed."""
    require(reader)
    edge = await _edge(session, school_id, reader)
    rows = await session.execute(_undecided(), {"school": school_id, "edge": edge})
    found = [
        Undecided(row.id, full_name(row.first_name, "", row.family_name), row.was_in or "", bool(row.asked))
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: class_order(one.was_in)))


@cache
def _undecided() -> Select[Any]:
    """Ask for the pupils to decide upon, with their last class: parameters school, edge (the day a place is for)."""
    last = (
        select(class_group.c.label)
        .join(enrolment, and_(enrolment.c.school_id == _SCHOOL, enrolment.c.class_id == class_group.c.id))
        .where(class_group.c.school_id == _SCHOOL, enrolment.c.pupil_id == pupil.c.id)
        .order_by(enrolment.c.from_on.desc(), enrolment.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    missed = _missed()
    return (
        select(pupil.c.id, pupil.c.first_name, pupil.c.family_name, last.label("was_in"), missed.label("asked"))
        .where(*_stands(_SCHOOL), or_(~_has_place(), missed))
        .order_by(pupil.c.family_name, pupil.c.first_name, pupil.c.id)
    )


async def seats(session: AsyncSession, *, school_id: int, day: date) -> tuple[Seat, ...]:
    """List the classes of this year and the next in which there is still a place to give."""
    rows = await session.execute(_open_classes(), {"school": school_id, "day": day})
    return tuple(
        Seat(row.id, row.label, row.year)
        for row in sorted(rows, key=lambda one: (-one.starts_on.toordinal(), class_order(one.label)))
    )


async def leave(
    session: AsyncSession, *, school_id: int, pupils: Collection[int], left_on: date, reader: Reader, now: datetime
) -> tuple[int, int]:
    """Note that pupils leave: from this day on nobody is told about them, and three months later they are forgotten.

    Gives how many, and how many adults have no other child here. Who left already is not noted again. Raises
    InvalidError for a day far away or nobody chosen, NotAllowedError.
    """
    require(reader)
    if abs(left_on - reader.day) > FAR:
        raise InvalidError("Cette date de départ est trop loin : vérifiez l’année.", field="le")
    going = await _chosen(session, school_id, pupils)
    theirs = (enrolment.c.school_id == school_id, enrolment.c.pupil_id.in_(going))
    await session.execute(delete(enrolment).where(*theirs, enrolment.c.from_on >= left_on))
    ends = or_(enrolment.c.to_on.is_(None), enrolment.c.to_on >= left_on)
    await session.execute(update(enrolment).where(*theirs, ends).values(to_on=left_on - A_DAY))
    await session.execute(
        update(pupil)
        .where(pupil.c.school_id == school_id, pupil.c.id.in_(going))
        .values(left_on=left_on, keep_until=left_on + AFTER_LEAVING)
    )
    await _settled(session, school_id, going, reader, now)
    await _note(session, school_id, reader, "leave", going, now)
    adults = (await session.execute(_alone(school_id, link.c.pupil_id.in_(going)))).scalar_one()
    return len(going), int(adults)


async def stay(
    session: AsyncSession, *, school_id: int, pupils: Collection[int], class_id: int, reader: Reader, now: datetime
) -> int:
    """Give pupils who stay a place in a class of this year or the next; gives how many had none there.

    Raises InvalidError where nobody or no class is chosen, NotAllowedError, NotFoundError for a class that is closed.
    """
    require(reader)
    if not class_id:
        raise InvalidError("Choisissez la classe de ceux qui restent.", field="classe")
    staying = await _chosen(session, school_id, pupils)
    chosen = _open_classes().where(class_group.c.id == class_id)
    row = (await session.execute(chosen, {"school": school_id, "day": reader.day})).one_or_none()
    if row is None:
        raise NotFoundError("Cette classe est fermée, ou n’existe pas.")
    year = Year(row.year_id, row.year, row.starts_on, row.ends_on)
    seated = await seat_in(session, school_id, staying, class_id, year, day=reader.day)
    await _settled(session, school_id, staying, reader, now)
    await _note(session, school_id, reader, "stay", staying, now)
    return seated


async def come_back(session: AsyncSession, *, school_id: int, pupil_id: int, reader: Reader, now: datetime) -> None:
    """Take a departure back that was noted by mistake; the pupil is to be placed again. Raises NotFoundError."""
    require(reader)
    back = update(pupil).where(
        pupil.c.school_id == school_id, pupil.c.id == pupil_id, pupil.c.name_key != "", pupil.c.left_on.is_not(None)
    )
    done = await session.execute(back.values(left_on=None, keep_until=None).returning(pupil.c.id))
    if done.first() is None:
        raise NotFoundError("Cet élève n’est pas noté comme parti.")
    await _note(session, school_id, reader, "come_back", [pupil_id], now)


async def gone(session: AsyncSession, *, school_id: int, reader: Reader) -> tuple[Gone, ...]:
    """List who left and is not forgotten yet, whoever goes first on top. Raises NotAllowedError."""
    require(reader)
    return tuple(
        Gone(row.id, full_name(row.first_name, "", row.family_name), row.left_on, _forgotten_on(row), int(row.n))
        for row in await session.execute(_gone(), {"school": school_id})
    )


@cache
def _gone() -> Select[Any]:
    """Ask for who left, with the adults who have no other child here: parameter school."""
    adults = _alone(_SCHOOL, link.c.pupil_id == pupil.c.id).correlate(pupil).scalar_subquery()
    return (
        select(
            pupil.c.id, pupil.c.first_name, pupil.c.family_name, pupil.c.left_on, pupil.c.keep_until, adults.label("n")
        )
        .where(pupil.c.school_id == _SCHOOL, pupil.c.name_key != "", pupil.c.left_on.is_not(None))
        .order_by(pupil.c.left_on, pupil.c.family_name, pupil.c.first_name)
    )


def _forgotten_on(row: Any) -> date:  # noqa: ANN401 (a row)
    """Say at the end of which day the nightly purge takes a pupil: the sooner of the two that it looks at."""
    due: date = row.left_on + AFTER_LEAVING
    return due if row.keep_until is None else min(due, row.keep_until + A_DAY)


async def _edge(session: AsyncSession, school_id: int, reader: Reader) -> date:
    """Say from which day on a pupil wants a place: today, or the first day of the year to come."""
    _, new = await years_at(session, school_id=school_id, day=reader.day)
    return max(reader.day, new.starts_on) if new else reader.day


def _stands(school_id: _School) -> tuple[ColumnElement[bool], ...]:
    return (pupil.c.school_id == school_id, pupil.c.name_key != "", pupil.c.left_on.is_(None))


def _has_place() -> ColumnElement[bool]:
    return exists().where(
        enrolment.c.school_id == _SCHOOL,
        enrolment.c.pupil_id == pupil.c.id,
        or_(enrolment.c.to_on.is_(None), enrolment.c.to_on >= bindparam("edge", type_=Date())),
    )


def _missed() -> ColumnElement[bool]:
    return exists().where(
        tray_item.c.school_id == _SCHOOL,
        tray_item.c.pupil_id == pupil.c.id,
        tray_item.c.matter == Matter.LEFT,
        tray_item.c.closed_at.is_(None),
    )


@cache
def _open_classes() -> Select[Any]:
    """Ask for the classes with a place to give: parameters school, day."""
    return (
        select(
            class_group.c.id,
            class_group.c.label,
            class_group.c.year_id,
            school_year.c.label.label("year"),
            school_year.c.starts_on,
            school_year.c.ends_on,
        )
        .join(school_year, and_(school_year.c.school_id == _SCHOOL, school_year.c.id == class_group.c.year_id))
        .where(class_group.c.school_id == _SCHOOL, class_group.c.closed_on.is_(None), school_year.c.ends_on >= _DAY)
    )


def _alone(school_id: _School, of: ColumnElement[bool]) -> Select[Any]:
    """Count adults beside these pupils (`of`) who stand beside no other who is still here."""
    other, here = link.alias("other"), pupil.alias("here")
    stays = exists().where(
        other.c.school_id == school_id,
        other.c.guardian_id == link.c.guardian_id,
        here.c.school_id == school_id,
        here.c.id == other.c.pupil_id,
        here.c.left_on.is_(None),
    )
    return select(func.count(distinct(link.c.guardian_id))).where(link.c.school_id == school_id, of, ~stays)


async def _chosen(session: AsyncSession, school_id: int, pupils: Collection[int]) -> list[int]:
    asked = select(pupil.c.id).where(*_stands(school_id), pupil.c.id.in_(set(pupils))).order_by(pupil.c.id)
    found = [int(row.id) for row in await session.execute(asked)]
    if not found:
        raise InvalidError("Cochez au moins un élève.", field="eleves")
    return found


async def _settled(
    session: AsyncSession, school_id: int, pupils: Collection[int], reader: Reader, now: datetime
) -> None:
    """Close what the tray asks about these pupils: it is answered."""
    await session.execute(
        update(tray_item)
        .where(tray_item.c.school_id == school_id, tray_item.c.pupil_id.in_(pupils))
        .where(tray_item.c.matter == Matter.LEFT, tray_item.c.closed_at.is_(None))
        .values(closed_at=now, closed_by=reader.staff_id)
    )


async def _note(
    session: AsyncSession, school_id: int, reader: Reader, act: str, pupils: Collection[int], now: datetime
) -> None:
    who = {"school_id": school_id, "at": now, "staff_id": reader.staff_id, "act": act, "subject": "pupil"}
    await session.execute(insert(audit), [{**who, "subject_id": one} for one in pupils])
