"""What pupils learn, as this school words it: a list by domain, from which assessments take their columns."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.classroom.competences_start import CYCLES_2_AND_3
from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.models.base import BigId
from hub.notices.headlines import Reader
from hub.tables import competence, insert_into
from i18n.slots import clean_line

DOMAIN_MOST, LABEL_MOST, MOST = 60, 120, 300
"""Characters of a domain and of a wording; how many a school's list may hold."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """A line of the list; `closed`: it is offered for no new assessment."""

    competence_id: int
    domain: str
    label: str
    closed: bool


async def competences(session: AsyncSession, *, school_id: int, reader: Reader) -> tuple[Learnt, ...]:
    """Read the school's list, by domain, the closed ones too. Raises NotAllowedError."""
    _require_writer(reader)
    rows = (await session.execute(_listed(), {"school": school_id})).all()
    places: dict[str, int] = {}
    for row in rows:
        places.setdefault(row.domain, len(places))
    return tuple(
        Learnt(row.id, row.domain, row.label, row.closed_on is not None and row.closed_on <= reader.day)
        for row in sorted(rows, key=lambda row: places[row.domain])
    )


async def begin_with_the_livret(session: AsyncSession, *, school_id: int, reader: Reader) -> int:
    """Take the list that every school may begin with; what stands already stays. Gives how many came."""
    _require_writer(reader)
    lines = [(domain, label) for domain, labels in CYCLES_2_AND_3.items() for label in labels]
    return await _added(session, school_id, lines)


async def add_competence(session: AsyncSession, *, school_id: int, reader: Reader, domain: str, label: str) -> None:
    """Add a line, by anybody who teaches or runs the school. Raises InvalidError, NotAllowedError."""
    _require_writer(reader)
    if not await _added(session, school_id, [(_domain(domain), _label(label))]):
        raise InvalidError("Cette compétence est déjà dans la liste.", field="label")


async def rename_competence(
    session: AsyncSession, *, school_id: int, competence_id: int, reader: Reader, label: str
) -> None:
    """Word a line anew, by the director or the office; what was judged under the old words keeps them.

    Raises InvalidError, NotAllowedError, NotFoundError.
    """
    _require_whole_school(reader)
    wanted = _label(label)
    mine = (competence.c.school_id == school_id, competence.c.id == competence_id)
    domain = (await session.execute(select(competence.c.domain).where(*mine))).scalar_one_or_none()
    if domain is None:
        raise NotFoundError(_UNKNOWN)
    alike = select(competence.c.id).where(
        competence.c.school_id == school_id,
        competence.c.domain == domain,
        competence.c.label == wanted,
        competence.c.id != competence_id,
    )
    if (await session.execute(alike)).first() is not None:
        raise InvalidError("Cette compétence est déjà dans la liste.", field="label")
    await session.execute(update(competence).where(*mine).values(label=wanted))


async def close_competence(
    session: AsyncSession, *, school_id: int, competence_id: int, reader: Reader, closed: bool
) -> None:
    """Offer a line for no new assessment, or offer it again, by the director or the office.

    Raises NotAllowedError, NotFoundError.
    """
    _require_whole_school(reader)
    done = await session.execute(
        update(competence)
        .where(competence.c.school_id == school_id, competence.c.id == competence_id)
        .values(closed_on=reader.day if closed else None)
        .returning(competence.c.id)
    )
    if done.scalar_one_or_none() is None:
        raise NotFoundError(_UNKNOWN)


_UNKNOWN = "Cette compétence n’est pas dans la liste de l’école."


def _require_writer(reader: Reader) -> None:
    if not reader.rights.writes:
        raise NotAllowedError("La liste des compétences est à qui enseigne ici.")


def _require_whole_school(reader: Reader) -> None:
    if not reader.rights.whole_school:
        raise NotAllowedError("La direction et le secrétariat changent la liste ; vous pouvez y ajouter.")


def _domain(typed: str) -> str:
    words = clean_line(typed)
    if not 0 < len(words) <= DOMAIN_MOST:
        raise InvalidError(f"Il faut un domaine, de {DOMAIN_MOST} signes au plus.", field="domain")
    return words


def _label(typed: str) -> str:
    words = clean_line(typed)
    if not 0 < len(words) <= LABEL_MOST:
        raise InvalidError(f"Dites la compétence en {LABEL_MOST} signes au plus.", field="label")
    return words


async def _added(session: AsyncSession, school_id: int, lines: Iterable[tuple[str, str]]) -> int:
    """Add what is not there yet, after what is; gives how many came."""
    standing = select(func.count(competence.c.id), func.coalesce(func.max(competence.c.position), 0))
    count, last = (await session.execute(standing.where(competence.c.school_id == school_id))).one()
    rows = [
        {"school_id": school_id, "domain": domain, "label": label, "position": last + place}
        for place, (domain, label) in enumerate(lines, 1)
    ]
    if count + len(rows) > MOST:
        raise InvalidError(f"La liste est pleine : {MOST} compétences au plus.", field="label")
    added = insert_into(competence, session).values(rows).on_conflict_do_nothing().returning(competence.c.id)
    return len((await session.execute(added)).all())


@cache
def _listed() -> Select[Any]:
    """Ask for the whole list, in the order in which it grew: parameter school."""
    asked = select(competence.c.id, competence.c.domain, competence.c.label, competence.c.closed_on)
    return asked.where(competence.c.school_id == bindparam("school", type_=BigId())).order_by(
        competence.c.position, competence.c.id
    )
