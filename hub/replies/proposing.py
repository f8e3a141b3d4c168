"""Who may have written from a number that we do not know: the adults whom, or whose child, the words name."""

from collections import Counter
from datetime import date

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.people.links import told_about
from hub.people.names import name_key
from hub.tables import guardian, pupil

MOST = 5
"""Adults proposed."""
READ = 400
"""Characters of the words that are looked at: one says who one is at the beginning, or at the end of a short text."""


async def propose(connection: AsyncConnection, school_id: int, words: str, *, day: date) -> list[int]:
    """List the adults who may have written, the likeliest first; empty when the words name nobody.

    A first and a family name count for more than one of them; the office decides.
    """
    said = frozenset(name_key(words[:READ]).split())
    if not said:
        return []
    told = told_about(school_id, day, to_come=True).subquery("told")
    rows = await connection.execute(
        select(
            guardian.c.id,
            guardian.c.first_name,
            guardian.c.family_name,
            guardian.c.usage_name,
            pupil.c.first_name.label("child"),
            pupil.c.family_name.label("childs"),
        )
        .join(told, told.c.guardian_id == guardian.c.id)
        .join(pupil, and_(pupil.c.school_id == school_id, pupil.c.id == told.c.pupil_id))
        .where(guardian.c.school_id == school_id)
        .distinct()
    )
    fits: Counter[int] = Counter()
    for row in rows:
        names = (row.first_name, row.family_name, row.usage_name, row.child, row.childs)
        named = {name_key(name) for name in names if name}
        fits[row.id] = max(fits[row.id], sum(set(name.split()) <= said for name in named))
    return [who for who, how_many in fits.most_common(MOST) if how_many]
