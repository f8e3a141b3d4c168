"""Finding a family: adults by their own name or by the name of a pupil, as somebody at the telephone says it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, FromClause, Subquery, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError
from hub.models.people import AddressState
from hub.people.addresses import state_to_read
from hub.people.links import told_about
from hub.people.names import NAME_MAX, full_name, name_key
from hub.ports import ChannelName
from hub.tables import address, class_group, contact_point, guardian, pupil

MOST_FOUND = 50
"""Adults that a search shows; more, and it is to be said more exactly."""
FEWEST_LETTERS = 2


@dataclass(frozen=True, slots=True)
class Found:
    """An adult: the children that he or she is told about, each with the class, and the ways on file, in their order.

    `ways` are (way, state of the address), `pupils` (id, first name) of the children.
    """

    guardian_id: int
    name: str
    language: str
    children: tuple[tuple[str, str], ...]
    ways: tuple[tuple[ChannelName, AddressState], ...]
    pupils: tuple[tuple[int, str], ...] = ()


async def find_adults(session: AsyncSession, *, school_id: int, words: str, day: date) -> tuple[int, tuple[Found, ...]]:
    """Count the adults who bear these words, or whose child does, in any order; give the first MOST_FOUND.

    A word may be the beginning of a name; accents and capitals do not matter. Only who is told about a pupil today
    is found. Raises InvalidError for less than FEWEST_LETTERS letters.
    """
    wanted = name_key(words[:NAME_MAX]).split()
    if sum(map(len, wanted)) < FEWEST_LETTERS:
        raise InvalidError("Donnez au moins deux lettres d’un nom ou d’un prénom.", field="q")
    told = told_about(school_id, day, to_come=True).subquery("told")
    ids = await _bearers(session, school_id, told, wanted)
    return len(ids), await _cards(session, school_id, told, ids[:MOST_FOUND])


async def _bearers(session: AsyncSession, school_id: int, told: Subquery, wanted: Sequence[str]) -> list[int]:
    """List the adults in the order of their names; the key holds no name of use, so those are read as they are."""
    rows = await session.execute(
        select(
            guardian.c.id,
            guardian.c.family_name,
            guardian.c.usage_name,
            guardian.c.first_name,
            pupil.c.family_name.label("child_family"),
            pupil.c.usage_name.label("child_usage"),
            pupil.c.first_name.label("child_first"),
        )
        .join(told, told.c.guardian_id == guardian.c.id)
        .join(pupil, and_(pupil.c.school_id == school_id, pupil.c.id == told.c.pupil_id))
        .where(guardian.c.school_id == school_id, or_(_may_bear(guardian, wanted), _may_bear(pupil, wanted)))
        .order_by(guardian.c.name_key, guardian.c.id)
    )
    return list(
        dict.fromkeys(
            row.id
            for row in rows
            if _bears(wanted, (row.first_name, row.usage_name, row.family_name))
            or _bears(wanted, (row.child_first, row.child_usage, row.child_family))
        )
    )


def _may_bear(person: FromClause, wanted: Sequence[str]) -> ColumnElement[bool]:
    every = and_(*(person.c.name_key.contains(word, autoescape=True) for word in wanted))
    return or_(every, person.c.usage_name != "")


def _bears(wanted: Sequence[str], names: Iterable[str]) -> bool:
    borne = name_key(" ".join(names)).split()
    return all(any(name.startswith(word) for name in borne) for word in wanted)


async def _cards(session: AsyncSession, school_id: int, told: Subquery, ids: Sequence[int]) -> tuple[Found, ...]:
    rows = await session.execute(
        select(
            guardian.c.id,
            guardian.c.first_name,
            guardian.c.usage_name,
            guardian.c.family_name,
            guardian.c.language,
            pupil.c.id.label("pupil_id"),
            pupil.c.first_name.label("child"),
            class_group.c.label,
        )
        .join(told, told.c.guardian_id == guardian.c.id)
        .join(pupil, and_(pupil.c.school_id == school_id, pupil.c.id == told.c.pupil_id))
        .join(class_group, and_(class_group.c.school_id == school_id, class_group.c.id == told.c.class_id))
        .where(guardian.c.school_id == school_id, guardian.c.id.in_(ids))
        .order_by(guardian.c.name_key, guardian.c.id, pupil.c.id, class_group.c.id)
    )
    adults = defaultdict(list)
    for row in rows:
        adults[row.id].append(row)
    ways = await _ways(session, school_id, ids)
    return tuple(
        Found(
            guardian_id=guardian_id,
            name=full_name(of[0].first_name, of[0].usage_name, of[0].family_name),
            language=of[0].language,
            children=tuple(dict.fromkeys((row.child, row.label) for row in of)),
            ways=tuple(ways[guardian_id]),
            pupils=tuple(dict.fromkeys((row.pupil_id, row.child) for row in of)),
        )
        for guardian_id, of in adults.items()
    )


async def _ways(
    session: AsyncSession, school_id: int, ids: Sequence[int]
) -> dict[int, list[tuple[ChannelName, AddressState]]]:
    rows = await session.execute(
        select(contact_point.c.guardian_id, contact_point.c.channel, state_to_read())
        .join(address, and_(address.c.school_id == school_id, address.c.id == contact_point.c.address_id))
        .where(contact_point.c.school_id == school_id, contact_point.c.guardian_id.in_(ids))
        .order_by(contact_point.c.position)
    )
    found: dict[int, list[tuple[ChannelName, AddressState]]] = defaultdict(list)
    for row in rows:
        found[row.guardian_id].append((ChannelName(row.channel), AddressState(row.state)))
    return found
