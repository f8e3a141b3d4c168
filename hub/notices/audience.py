"""Whom a notice is for: the whole school, some classes, or some pupils; always the adults linked to them today."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotAllowedError
from hub.people.links import holds_on, told_about
from hub.people.rights import Rights
from hub.tables import class_group, enrolment, school_year


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
    """Read `school`, `class:NAME[,NAME]` or `pupil:ID[,ID]`; raises InvalidError with what was not found."""
    kind, _, names = words.strip().partition(":")
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if kind == "school" and not names:
        return Audience()
    if kind == "class" and wanted:
        return Audience(classes=await _classes(session, school_id, wanted, day))
    if kind == "pupil" and wanted:
        return Audience(pupils=await _pupils(session, school_id, wanted, day))
    raise InvalidError("Dites à qui : school, class:NOM ou pupil:NUMÉRO.", field="audience")


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
    told = told_about(school_id, day).subquery("told")
    chosen = select(told.c.guardian_id, told.c.pupil_id).distinct()
    if audience.classes:
        chosen = chosen.where(told.c.class_id.in_(audience.classes))
    if audience.pupils:
        chosen = chosen.where(told.c.pupil_id.in_(audience.pupils))
    return chosen


async def _classes(session: AsyncSession, school_id: int, names: list[str], day: date) -> frozenset[int]:
    rows = (
        await session.execute(
            select(class_group.c.id, class_group.c.label)
            .join(school_year, and_(school_year.c.id == class_group.c.year_id))
            .where(
                class_group.c.school_id == school_id,
                class_group.c.label.in_(names),
                school_year.c.starts_on <= day,
                school_year.c.ends_on >= day,
            )
        )
    ).all()
    missing = sorted(set(names) - {row.label for row in rows})
    if missing:
        raise InvalidError(f"Cette classe n’existe pas cette année : {', '.join(missing)}.", field="audience")
    return frozenset(row.id for row in rows)


async def _pupils(session: AsyncSession, school_id: int, names: list[str], day: date) -> frozenset[int]:
    if not all(name.isascii() and name.isdigit() and len(name) < 19 for name in names):
        raise InvalidError("Un élève se donne par son numéro : pupil:12,15.", field="audience")
    wanted = frozenset(int(name) for name in names)
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
