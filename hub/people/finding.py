"""Finding a family: adults by their own name or by the name of a pupil, as somebody at the telephone says it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Date, FromClause, Select, String, and_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError
from hub.models.base import BigId
from hub.models.people import AddressState
from hub.people.addresses import state_to_read
from hub.people.links import told_about
from hub.people.names import NAME_MAX, full_name, name_key
from hub.ports import ChannelName
from hub.tables import address, class_group, contact_point, guardian, pupil

MOST_FOUND = 50
"""Adults that a search shows; more, and it is to be said more exactly."""
FEWEST_LETTERS = 2
_SCHOOL, _DAY = bindparam("school", type_=BigId()), bindparam("day", type_=Date())
_IDS = bindparam("ids", type_=BigId(), expanding=True)


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
    ids = await _bearers(session, school_id, wanted, day)
    return len(ids), await _cards(session, school_id, ids[:MOST_FOUND], day)


async def _bearers(session: AsyncSession, school_id: int, wanted: Sequence[str], day: date) -> list[int]:
    """List the adults in the order of their names; the key holds no name of use, so that one is read as it is."""
    parts = {f"word_{place}": word for place, word in enumerate(wanted)}
    rows = await session.execute(_asked_bearers(len(wanted)), {"school": school_id, "day": day, **parts})
    return list(
        dict.fromkeys(
            row.id
            for row in rows
            if _bears(wanted, row.name_key, row.usage_name) or _bears(wanted, row.child_key, row.child_usage)
        )
    )


@cache
def _asked_bearers(words: int) -> Select[Any]:
    """Ask for whoever may bear so many words, with each child: parameters school, day, word_0 and so on."""
    told = told_about(_SCHOOL, _DAY, to_come=True).subquery("told")
    wanted = [bindparam(f"word_{place}", type_=String()) for place in range(words)]
    return (
        select(
            guardian.c.id,
            guardian.c.name_key,
            guardian.c.usage_name,
            pupil.c.name_key.label("child_key"),
            pupil.c.usage_name.label("child_usage"),
        )
        .join(told, told.c.guardian_id == guardian.c.id)
        .join(pupil, and_(pupil.c.school_id == _SCHOOL, pupil.c.id == told.c.pupil_id))
        .where(guardian.c.school_id == _SCHOOL, or_(_may_bear(guardian, wanted), _may_bear(pupil, wanted)))
        .order_by(guardian.c.name_key, guardian.c.id)
    )


def _may_bear(person: FromClause, wanted: Sequence[BindParameter[str]]) -> ColumnElement[bool]:
    """Say that the key holds every word; a key is letters and digits alone, so no word of it is a pattern."""
    every = and_(*(person.c.name_key.contains(word) for word in wanted))
    return or_(every, person.c.usage_name != "")


def _bears(wanted: Sequence[str], key: str, usage_name: str) -> bool:
    borne = (f"{key} {name_key(usage_name)}" if usage_name else key).split()
    return all(any(name.startswith(word) for name in borne) for word in wanted)


async def _cards(session: AsyncSession, school_id: int, ids: Sequence[int], day: date) -> tuple[Found, ...]:
    rows = await session.execute(_asked_cards(), {"school": school_id, "day": day, "ids": list(ids)})
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


@cache
def _asked_cards() -> Select[Any]:
    """Ask for some adults, a row for each child and class: parameters school, day, ids."""
    told = told_about(_SCHOOL, _DAY, to_come=True).subquery("told")
    return (
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
        .join(pupil, and_(pupil.c.school_id == _SCHOOL, pupil.c.id == told.c.pupil_id))
        .join(class_group, and_(class_group.c.school_id == _SCHOOL, class_group.c.id == told.c.class_id))
        .where(guardian.c.school_id == _SCHOOL, guardian.c.id.in_(_IDS))
        .order_by(guardian.c.name_key, guardian.c.id, pupil.c.id, class_group.c.id)
    )


async def _ways(
    session: AsyncSession, school_id: int, ids: Sequence[int]
) -> dict[int, list[tuple[ChannelName, AddressState]]]:
    found: dict[int, list[tuple[ChannelName, AddressState]]] = defaultdict(list)
    for row in await session.execute(_asked_ways(), {"school": school_id, "ids": list(ids)}):
        found[row.guardian_id].append((ChannelName(row.channel), AddressState(row.state)))
    return found


@cache
def _asked_ways() -> Select[Any]:
    """Ask for the ways of some adults, in their order: parameters school, ids."""
    return (
        select(contact_point.c.guardian_id, contact_point.c.channel, state_to_read())
        .join(address, and_(address.c.school_id == _SCHOOL, address.c.id == contact_point.c.address_id))
        .where(contact_point.c.school_id == _SCHOOL, contact_point.c.guardian_id.in_(_IDS))
        .order_by(contact_point.c.position)
    )
