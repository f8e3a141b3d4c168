"""The list of conversations: who wrote, about which child, the first words, whose turn it is, what waits too long."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ScalarSelect, Table, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.inbox import listing_asked as asked
from hub.inbox.begun import begun_about
from hub.inbox.envelopes import Envelopes, replies
from hub.inbox.rights import SCHOOL, THREAD, as_reader, scope_of, several
from hub.models.threads import ThreadState
from hub.notices.headlines import Reader
from hub.people.names import full_name
from hub.ports import ChannelName
from hub.sealing import Keyring
from hub.tables import audit, delivery, reply, thread_notice

SHOWN = 30
"""Conversations of one page."""
FIRST_WORDS = 120
"""Characters of a reply that the list shows."""
READ_OF = 2000
"""Characters in which they are looked for: a mail may have ten million."""


class Pick(StrEnum):
    """Which conversations are looked at; ALL are those that are not closed."""

    ALL = "all"
    NEW = "new"
    MINE = "mine"
    LATE = "late"
    WAITING = "waiting"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Parties:
    """Who speaks in a conversation: `adult`, or `shared`, the names of those who share an address.

    `children`: (first name, class of today) of the pupil it is about, else of all of the family. `silent`: an adult who
    writes from an address of his or her own and is told about no pupil today, a barred one for instance; the office
    alone reads that, and nothing of a child is said there.
    """

    adult: str
    shared: tuple[str, ...]
    children: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        return f"Parties({len(self.children)} children)"

    @property
    def silent(self) -> bool:
        """Whether this is one adult who has no right to any pupil."""
        return len(self.shared) == 1 and not self.children


@dataclass(frozen=True, slots=True)
class Line:
    """A conversation in the list. `words`: None when they were erased; `newest`: the reply that they are of.

    `late_since`: when it should have been answered. `keeper`: to whom it is confidential. `subject`: what we began it
    about.
    """

    thread_id: int
    parties: Parties
    state: ThreadState
    at: datetime
    owner_id: int | None
    owner: str | None
    keeper: str | None
    unread: bool
    late_since: datetime | None
    newest: int | None = None
    channel: ChannelName | None = None
    sense: str = ""
    doubt: str = ""
    words: str | None = ""
    subject: str = ""

    def __repr__(self) -> str:
        return f"Line({self.thread_id})"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a reader: unread, late (the oldest since `late_since`), and theirs to answer."""

    new: int = 0
    late: int = 0
    mine: int = 0
    late_since: datetime | None = None


async def conversations(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    reader: Reader,
    now: datetime,
    pick: Pick = Pick.ALL,
    page: int = 1,
) -> tuple[tuple[Line, ...], bool]:
    """List one page of the conversations that this reader may read, the newest first; gives whether there are more."""
    which = {**as_reader(school_id, reader), "now": now, "most": SHOWN + 1, "after": SHOWN * (page - 1)}
    rows = (await session.execute(asked.picked(pick.value, **scope_of(reader)), which)).all()
    return await lines(session, keyring, rows[:SHOWN], school_id=school_id, day=reader.day, now=now), len(rows) > SHOWN


async def waiting(session: AsyncSession, *, school_id: int, reader: Reader, now: datetime) -> Waiting:
    """Count what waits for this reader."""
    row = (await session.execute(asked.counted(**scope_of(reader)), {**as_reader(school_id, reader), "now": now})).one()
    return Waiting(row.new, row.late, row.mine, row.late_since)


async def how_many_new(session: AsyncSession, *, school_id: int, reader: Reader) -> int:
    """Count what this reader has not read: one question, for every page asks it."""
    which = as_reader(school_id, reader)
    return int((await session.execute(asked.how_many_new(**scope_of(reader)), which)).scalar_one())


async def pulse(session: AsyncSession, *, school_id: int, thread_id: int | None = None) -> tuple[object, ...]:
    """Give what changes whenever somebody writes or acts: cheap, asked several times a second while one looks.

    Of one conversation also whenever our words in it get further.
    """
    which = {"school": school_id, "thread": thread_id}
    beat = tuple((await session.execute(_PULSE, which)).one())
    return beat if thread_id is None else (*beat, (await session.execute(_ANSWERS, which)).scalar_one())


async def lines(
    session: AsyncSession, keyring: Keyring, rows: Sequence[Any], *, school_id: int, day: date, now: datetime
) -> tuple[Line, ...]:
    """Put rows of `listing_asked.conversations` in words, in five questions whatever their number."""
    if not rows:
        return ()
    who = await parties(session, rows, school_id=school_id, day=day)
    wanted = {"school": school_id, "replies": [row.newest for row in rows if row.newest is not None]}
    envelopes = await Envelopes.of(session, keyring, school_id)
    said = {row.id: row for row in await session.execute(_SOME, wanted)}
    begun = await begun_about(session, keyring, school_id=school_id, threads=[row.id for row in rows])
    return tuple(_line(row, who[row.id], begun.get(row.id, ""), said.get(row.newest), envelopes, now) for row in rows)


async def parties(session: AsyncSession, rows: Sequence[Any], *, school_id: int, day: date) -> dict[int, Parties]:
    """Say who speaks in some conversations, by conversation; `rows` as `listing_asked.conversations` gives them."""
    here: dict[str, Any] = {"school": school_id, "day": day}
    shared = await _sharing(session, here, [row for row in rows if row.guardian_id is None])
    adults = {row.guardian_id for row in rows if row.guardian_id} | {one for of in shared.values() for one in of}
    young: Mapping[int, list[int]] = defaultdict(list)
    for row in await session.execute(asked.families(), {**here, "guardians": sorted(adults)}):
        young[row.guardian_id].append(row.pupil_id)
    about = {row.id: _pupils(row, shared.get(row.address_id, {}), young) for row in rows}
    pupils = sorted({one for of in about.values() for one in of})
    seats = {
        row.id: (row.first_name, row.label or "")
        for row in await session.execute(asked.seats(), {**here, "pupils": pupils})
    }
    return {
        row.id: Parties(
            adult=full_name(row.first_name, row.usage_name, row.family_name) if row.guardian_id else "",
            shared=tuple(shared.get(row.address_id, {}).values()) if row.guardian_id is None else (),
            children=tuple(seats[one] for one in about[row.id] if one in seats),
        )
        for row in rows
    }


async def _sharing(session: AsyncSession, here: Mapping[str, Any], rows: Sequence[Any]) -> Mapping[int, dict[int, str]]:
    """Give who shares each address: name by guardian, by address."""
    found: dict[int, dict[int, str]] = defaultdict(dict)
    addresses = sorted({row.address_id for row in rows if row.address_id is not None})
    if addresses:
        for row in await session.execute(asked.sharing(), {**here, "addresses": addresses}):
            found[row.address_id][row.id] = full_name(row.first_name, row.usage_name, row.family_name)
    return found


def _pupils(row: Any, shared: Mapping[int, str], young: Mapping[int, list[int]]) -> list[int]:  # noqa: ANN401 (a row)
    if row.pupil_id is not None:
        return [row.pupil_id]
    adults = [row.guardian_id] if row.guardian_id is not None else list(shared)
    return list(dict.fromkeys(one for adult in adults for one in young.get(adult, ())))


def _line(row: Any, who: Parties, subject: str, said: Any, envelopes: Envelopes, now: datetime) -> Line:  # noqa: ANN401 (rows)
    late = row.state == ThreadState.OPEN and row.due_at is not None and row.due_at <= now
    line = Line(
        thread_id=row.id,
        parties=who,
        state=ThreadState(row.state),
        at=row.last_at,
        owner_id=row.owner_id,
        owner=row.owner,
        keeper=row.keeper if row.private_to is not None else None,
        unread=bool(row.unread) and row.state == ThreadState.OPEN,
        late_since=row.due_at if late else None,
        subject=subject,
    )
    if said is None:
        return line
    words = envelopes.words(said)
    return replace(
        line,
        newest=said.id,
        channel=ChannelName(said.channel),
        sense=said.sense,
        doubt=said.doubt,
        words=None if words is None else " ".join(words[:READ_OF].split())[:FIRST_WORDS],
    )


_SOME = replies().where(reply.c.id.in_(several("replies")))


def _last(table: Table) -> ScalarSelect[int]:
    """Ask for the newest row of this school, from the end: no index by school is needed."""
    return select(table.c.id).where(table.c.school_id == SCHOOL).order_by(table.c.id.desc()).limit(1).scalar_subquery()


_PULSE = select(*(_last(table) for table in (reply, audit, thread_notice)))
_ANSWERS = (
    select(func.max(delivery.c.state_at))
    .join(thread_notice, thread_notice.c.notice_id == delivery.c.notice_id)
    .where(thread_notice.c.school_id == SCHOOL, thread_notice.c.thread_id == THREAD)
)
