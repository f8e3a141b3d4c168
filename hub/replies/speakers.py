"""Who writes from an address: the adults who use it and have a right today, and whom the words themselves name."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Date, Select, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.base import BigId
from hub.people.links import told_about
from hub.replies.meaning import named, plain
from hub.replies.served import Adult
from hub.replies.threads import Party
from hub.tables import contact_point, guardian, pupil


async def adults_at(
    connection: AsyncConnection, *, school_id: int, addresses: Collection[int], day: date
) -> dict[int, tuple[Adult, ...]]:
    """List the adults who use each address and are told about a pupil today, each with those pupils."""
    rows = await connection.execute(_users(), {"school": school_id, "addresses": list(addresses), "day": day})
    found: dict[int, dict[int, Adult]] = {address_id: {} for address_id in addresses}
    for row in rows:
        name = row.usage_name or row.family_name if row.service else row.first_name or row.family_name
        adults = found[row.address_id]
        known = adults.get(row.id) or Adult(row.id, 0, name, row.service, {})
        adults[row.id] = replace(known, pupils={**known.pupils, row.pupil_id: row.pupil})
    return {address_id: tuple(adults.values()) for address_id, adults in found.items()}


def party_of(adults: Sequence[Adult], guardian_id: int | None) -> Party:
    """Say whose conversation it is: of the one who says so or who is alone, else of all of them."""
    speaking = [adult for adult in adults if adult.guardian_id == guardian_id] if guardian_id is not None else adults
    if len(speaking) == 1:
        return Party(speaking[0].guardian_id, tuple(speaking[0].pupils))
    return Party(None, tuple({pupil_id for adult in adults for pupil_id in adult.pupils}))


def says_who(words: str, adults: Sequence[Adult]) -> tuple[int, str] | None:
    """Find the adult of several who says his or her name first: « Odile : malade »; gives (guardian, the rest)."""
    return named(words, _once((adult.name, adult.guardian_id) for adult in adults)) if len(adults) > 1 else None


def names_pupil(words: str, adults: Sequence[Adult]) -> tuple[int, str] | None:
    """Find the pupil whom the words begin with: « Lina est malade »; gives (pupil, the rest)."""
    return named(words, _once({(name, key) for adult in adults for key, name in adult.pupils.items()}))


def _once(pairs: Any) -> dict[str, int]:  # noqa: ANN401 (any iterable of pairs)
    """Keep the names that only one bears."""
    keyed = [(plain(name), who) for name, who in pairs]
    counted = Counter(name for name, _ in keyed)
    return {name: who for name, who in keyed if counted[name] == 1}


@cache
def _users() -> Select[Any]:
    school_id = bindparam("school", type_=BigId())
    told = told_about(school_id, bindparam("day", type_=Date()), to_come=True).subquery("told")
    return (
        select(
            contact_point.c.address_id,
            guardian.c.id,
            guardian.c.first_name,
            guardian.c.usage_name,
            guardian.c.family_name,
            guardian.c.service,
            pupil.c.id.label("pupil_id"),
            pupil.c.first_name.label("pupil"),
        )
        .join(guardian, and_(guardian.c.school_id == school_id, guardian.c.id == contact_point.c.guardian_id))
        .join(told, told.c.guardian_id == guardian.c.id)
        .join(pupil, and_(pupil.c.school_id == school_id, pupil.c.id == told.c.pupil_id))
        .where(
            contact_point.c.school_id == school_id,
            contact_point.c.address_id.in_(bindparam("addresses", type_=BigId(), expanding=True)),
        )
        .distinct()
        .order_by(guardian.c.id, pupil.c.id)
    )
