"""Whom a notice is for: the whole school, classes of this year or the next, pupils; the adults linked to them today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, case, distinct, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotAllowedError
from hub.models.notices import DeliveryState, Needs
from hub.outbox.rungs import LEFT, has_attempt
from hub.outbox.unanswered import somebody_unanswered
from hub.people.links import holds_on, not_over, told_about, told_today
from hub.people.rights import Rights
from hub.tables import attempt, class_group, copy_delivery, delivery, delivery_pupil, enrolment, notice, school_year
from i18n.slots import whole_number

MANY_CLASSES = 3


@dataclass(frozen=True, slots=True)
class Audience:
    """Classes and pupils by id; both empty means the whole school."""

    classes: frozenset[int] = frozenset()
    pupils: frozenset[int] = frozenset()

    @property
    def whole_school(self) -> bool:
        """Everybody."""
        return not self.classes and not self.pupils


async def read_audience(session: AsyncSession, *, school_id: int, words: str, day: date) -> Audience:
    """Read `school`, or `class:NAME[,NAME]` and `pupil:ID[,ID]` with a semicolon between.

    A class of next year is NAME@YEAR (`class:CP A@2027-2028`). Raises InvalidError with what was not found.
    """
    if words.strip() == "school":
        return Audience()
    classes: frozenset[int] = frozenset()
    pupils: frozenset[int] = frozenset()
    for part in words.split(";"):
        kind, _, names = part.strip().partition(":")
        wanted = [name.strip() for name in names.split(",") if name.strip()]
        if kind == "class" and wanted:
            classes |= await _classes(session, school_id, wanted, day)
        elif kind == "pupil" and wanted:
            pupils |= await _pupils(session, school_id, wanted, day)
        else:
            raise InvalidError("Dites à qui : school, class:NOM ou pupil:NUMÉRO.", field="audience")
    return Audience(classes, pupils)


async def is_to_many(session: AsyncSession, *, school_id: int, audience: Audience, day: date) -> bool:
    """Whether this is a mass send: the whole school, three classes or more, or more than half of the pupils.

    The half is of those who are here today or are to come, so that next year's classes count too, and it comes from
    more than one class: a single class is its teacher's, in the smallest school as well.
    """
    if audience.whole_school or len(audience.classes) >= MANY_CLASSES:
        return True
    chosen = or_(
        enrolment.c.class_id.in_(audience.classes),
        and_(enrolment.c.pupil_id.in_(audience.pupils), holds_on(enrolment, day)),
    )
    told, classes, here = (
        func.count(distinct(case((chosen, enrolment.c.pupil_id)))),
        func.count(distinct(case((chosen, enrolment.c.class_id)))),
        func.count(distinct(enrolment.c.pupil_id)),
    )
    wanted = select(told, classes, here).where(enrolment.c.school_id == school_id, not_over(enrolment, day))
    pupils, of_classes, in_school = (await session.execute(wanted)).one()
    return bool(of_classes > 1 and pupils * 2 > in_school)


def require_right(rights: Rights, audience: Audience, pupil_classes: frozenset[int]) -> None:
    """Refuse what is not this person's to write to today."""
    if rights.whole_school:
        return
    wanted = audience.classes | pupil_classes
    if audience.whole_school or not wanted <= rights.classes:
        raise NotAllowedError("Vous ne pouvez écrire qu’aux classes qui sont les vôtres aujourd’hui.")


async def classes_of(session: AsyncSession, *, school_id: int, pupils: frozenset[int], day: date) -> frozenset[int]:
    """Give the classes that these pupils are in on this day."""
    rows = await session.scalars(
        select(enrolment.c.class_id).where(
            enrolment.c.school_id == school_id, enrolment.c.pupil_id.in_(pupils), holds_on(enrolment, day)
        )
    )
    return frozenset(rows)


def members(school_id: int, audience: Audience, day: date) -> Select[Any]:
    """Select (guardian_id, pupil_id) of an audience, each pair once."""
    told = told_about(school_id, day, to_come=not audience.whole_school).subquery("told")
    chosen = select(told.c.guardian_id, told.c.pupil_id).distinct()
    if audience.whole_school:
        return chosen
    return chosen.where(or_(told.c.class_id.in_(audience.classes), told.c.pupil_id.in_(audience.pupils)))


def unanswered(school_id: int, notice_id: int, day: date) -> Select[Any]:
    """Select (guardian_id, pupil_id) of those whom a notice concerns still, and who did not answer it.

    Who is to be called is not written to again: the call says it, and a second one would ring at the same family. Where
    one answer stands for a family, neither is the other parent.
    """
    one = select(notice.c.id).where(
        notice.c.school_id == school_id, notice.c.id == notice_id, notice.c.needs == Needs.ONE
    )
    return _of_notices(school_id, [notice_id], day).where(
        delivery.c.state.not_in((DeliveryState.ACKNOWLEDGED, DeliveryState.HELD, DeliveryState.TO_CALL)),
        or_(~one.exists(), somebody_unanswered()),
    )


def informed(school_id: int, notices: Sequence[int], day: date) -> Select[Any]:
    """Select (guardian_id, pupil_id), each once, of those who have one of these notices, or to whom one has left."""
    left = (
        select(attempt.c.id)
        .join(
            copy_delivery,
            and_(copy_delivery.c.school_id == attempt.c.school_id, copy_delivery.c.copy_id == attempt.c.copy_id),
        )
        .where(
            copy_delivery.c.school_id == delivery.c.school_id,
            copy_delivery.c.delivery_id == delivery.c.id,
            attempt.c.sending_at.is_not(None),
        )
        .correlate(delivery)
        .exists()
    )
    knows = delivery.c.state.in_((DeliveryState.ACKNOWLEDGED, DeliveryState.TOLD))
    return _of_notices(school_id, notices, day).where(or_(knows, left)).distinct()


def who_has(school_id: int, notice_id: int, day: date) -> Select[Any]:
    """Select (guardian_id, pupil_id), each once, of those to whom a notice has left; who is to be called has it not."""
    had = delivery.c.state.in_((DeliveryState.ON_THE_WAY, DeliveryState.TOLD, DeliveryState.ACKNOWLEDGED))
    left = or_(delivery.c.state != DeliveryState.ON_THE_WAY, has_attempt(*LEFT))
    return _of_notices(school_id, [notice_id], day).where(had, left).distinct()


def of_adult(school_id: int, notice_id: int, guardian_id: int, day: date) -> Select[Any]:
    """Select (guardian_id, pupil_id) of one adult of a notice, of the children that he or she is told about still."""
    return _of_notices(school_id, [notice_id], day).where(delivery.c.guardian_id == guardian_id)


def _of_notices(school_id: int, notices: Sequence[int], day: date) -> Select[Any]:
    return (
        select(delivery.c.guardian_id, delivery_pupil.c.pupil_id)
        .join(
            delivery_pupil,
            and_(delivery_pupil.c.school_id == delivery.c.school_id, delivery_pupil.c.delivery_id == delivery.c.id),
        )
        .where(
            delivery.c.school_id == school_id,
            delivery.c.notice_id.in_(notices),
            told_today(delivery, delivery_pupil, day),
        )
    )


async def _classes(session: AsyncSession, school_id: int, names: list[str], day: date) -> frozenset[int]:
    """Find classes by name, those of another year by NAME@YEAR; a year that is over is none."""
    rows = (
        await session.execute(
            select(class_group.c.id, class_group.c.label, school_year.c.label.label("year"), school_year.c.starts_on)
            .join(school_year, and_(school_year.c.id == class_group.c.year_id))
            .where(
                class_group.c.school_id == school_id,
                class_group.c.label.in_({name.partition("@")[0].strip() for name in names}),
                school_year.c.ends_on >= day,
            )
        )
    ).all()
    known = {(row.label if row.starts_on <= day else f"{row.label}@{row.year}"): row.id for row in rows}
    missing = sorted(name for name in names if name not in known)
    if missing:
        raise InvalidError(f"Cette classe n’existe pas cette année : {', '.join(missing)}.", field="audience")
    return frozenset(known[name] for name in names)


async def _pupils(session: AsyncSession, school_id: int, names: list[str], day: date) -> frozenset[int]:
    numbers = [whole_number(name) for name in names]
    wanted = frozenset(number for number in numbers if number is not None)
    if None in numbers:
        raise InvalidError("Un élève se donne par son numéro : pupil:12,15.", field="audience")
    found = frozenset(
        await session.scalars(
            select(enrolment.c.pupil_id).where(
                enrolment.c.school_id == school_id, enrolment.c.pupil_id.in_(wanted), holds_on(enrolment, day)
            )
        )
    )
    if wanted - found:
        missing = ", ".join(str(number) for number in sorted(wanted - found))
        raise InvalidError(f"Aucun élève inscrit aujourd’hui ne porte ce numéro : {missing}.", field="audience")
    return wanted
