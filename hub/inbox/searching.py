"""Searching the conversations: by name, by the subject of those we began, and by a word in what was said.

Words are sealed, and no index of them is kept: it would give away what families write to whoever holds the database.
So names are found by the register's index, and the newest conversations that this reader may read are opened one after
the other, in memory, as far back as MOST_OPENED replies and MOST_SECONDS allow. `Search.back_to` says how far that was.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError
from hub.inbox import listing_asked as asked
from hub.inbox.begun import all_begun
from hub.inbox.envelopes import Envelopes, replies
from hub.inbox.listing import SHOWN, Line, lines
from hub.inbox.rights import as_reader, may_read, scope_of
from hub.models.base import BigId
from hub.notices.headlines import Reader
from hub.people.names import NAME_MAX, name_key
from hub.sealing import Keyring
from hub.tables import contact_point, guardian, link, pupil, reply, thread

MOST_OPENED, MOST_SECONDS, AT_ONCE = 5000, 0.5, 250
"""Replies that one search opens, how long it may take, and replies that are read together."""
FEWEST_LETTERS = 2
LOOKED_THROUGH = 20_000
"""Characters of one reply that are looked through: a mail may have ten million, and everybody waits meanwhile."""


@dataclass(frozen=True, slots=True)
class Search:
    """What was found, the newest first. `back_to`: words were looked for down to this moment; None: in all of them."""

    lines: tuple[Line, ...]
    back_to: datetime | None


async def search(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    reader: Reader,
    words: str,
    now: datetime,
    clock: Callable[[], float],
) -> Search:
    """Find conversations by a name or by words; accents and capitals do not matter. `clock` counts seconds.

    Raises InvalidError for less than FEWEST_LETTERS letters.
    """
    wanted = name_key(words[:NAME_MAX]).split()
    if sum(map(len, wanted)) < FEWEST_LETTERS:
        raise InvalidError("Donnez au moins deux lettres.", field="q")
    which = {**as_reader(school_id, reader), "now": now}
    named = await _named(session, which, reader, wanted)
    spoken, back_to = await _spoken(session, keyring, which, reader, wanted, clock)
    begun = await all_begun(session, keyring, school_id=school_id, reader=reader)
    titled = [number for number, subject in begun.items() if all(word in name_key(subject) for word in wanted)]
    ids = list(dict.fromkeys([*named, *titled, *spoken]))[:SHOWN]
    found = asked.conversations(**scope_of(reader)).where(thread.c.id.in_(ids)).order_by(*_NEWEST)
    rows = (await session.execute(found, which)).all()
    return Search(await lines(session, keyring, rows, school_id=school_id, day=reader.day, now=now), back_to)


_NEWEST = (thread.c.last_at.desc(), thread.c.id.desc())


async def _named(session: AsyncSession, which: dict[str, Any], reader: Reader, wanted: Sequence[str]) -> list[int]:
    """Find by the name of an adult who speaks, or of a child."""
    adults = select(guardian.c.id).where(guardian.c.school_id == thread.c.school_id, _bears(guardian, wanted))
    young = select(pupil.c.id).where(pupil.c.school_id == thread.c.school_id, _bears(pupil, wanted))
    parents = select(link.c.guardian_id).where(link.c.school_id == thread.c.school_id, link.c.pupil_id.in_(young))
    sharing = select(contact_point.c.address_id).where(
        contact_point.c.school_id == thread.c.school_id,
        or_(contact_point.c.guardian_id.in_(adults), contact_point.c.guardian_id.in_(parents)),
    )
    asked_for = (
        select(thread.c.id)
        .where(
            thread.c.school_id == which["school"],
            may_read(**scope_of(reader)),
            or_(
                thread.c.guardian_id.in_(adults),
                thread.c.pupil_id.in_(young),
                and_(thread.c.pupil_id.is_(None), thread.c.guardian_id.in_(parents)),
                and_(thread.c.guardian_id.is_(None), thread.c.address_id.in_(sharing)),
            ),
        )
        .order_by(*_NEWEST)
        .limit(SHOWN)
    )
    return list((await session.execute(asked_for, which)).scalars())


def _bears(person: Any, wanted: Sequence[str]) -> ColumnElement[bool]:  # noqa: ANN401 (a table)
    return and_(*(person.c.name_key.contains(word, autoescape=True) for word in wanted))


async def _spoken(
    session: AsyncSession,
    keyring: Keyring,
    which: dict[str, Any],
    reader: Reader,
    wanted: Sequence[str],
    clock: Callable[[], float],
) -> tuple[list[int], datetime | None]:
    """Open replies, the newest first, until enough are found, or it has taken too long."""
    envelopes = await Envelopes.of(session, keyring, which["school"])
    until, found, before = clock() + MOST_SECONDS, dict[int, None](), _AFTER_ALL
    asked_for = _before(**scope_of(reader))
    for _ in range(MOST_OPENED // AT_ONCE):
        rows = (await session.execute(asked_for, {**which, "before": before})).all()
        for row in rows:
            said = name_key((envelopes.words(row) or "")[:LOOKED_THROUGH])
            if all(word in said for word in wanted):
                found[row.thread_id] = None
        if len(rows) < AT_ONCE:
            return list(found), None
        before, back_to = rows[-1].id, rows[-1].received_at
        if clock() > until or len(found) >= SHOWN:
            break
    return list(found), back_to


@cache
def _before(*, whole_school: bool, director: bool) -> Select[Any]:
    """Ask for the newest replies before one of them that a reader may read: parameters of `as_reader`, and before."""
    return (
        replies()
        .join(thread, and_(thread.c.school_id == reply.c.school_id, thread.c.id == reply.c.thread_id))
        .where(reply.c.id < bindparam("before", type_=BigId()), may_read(whole_school=whole_school, director=director))
        .order_by(reply.c.id.desc())
        .limit(AT_ONCE)
    )


_AFTER_ALL = 2**62
