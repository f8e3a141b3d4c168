"""The evening's digest: what is new on the page, told once and together to each adult who wished it so."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.school import School
from hub.notices import digest_asked
from hub.notices.addressing import address_to
from hub.notices.publish import Draft, written
from hub.outbox.bulk import Bulk
from hub.people.staff import speaks_for
from hub.ports import News, NoticeKind, Slots
from hub.routing import day_at_school
from hub.sealing import Keyring
from hub.tables import school as schools

WAITS = timedelta(days=7)
"""How long news waits for an adult whom nothing reaches; then it stays on the page. What is to be signed waits on."""
_AT_ONCE = 5_000
"""Rows marked in one statement: SQLite takes 32,766 values."""
_NAMED = 90
"""Adults whose ids of up to 20 figures an audience of 2,000 characters holds."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """The news of this evening of adults who hear the very same: its counts, and the items that they are told of."""

    guardians: tuple[int, ...]
    news: News
    items: tuple[int, ...]


async def tell_digests(session: AsyncSession, keyring: Keyring, *, school: School, now: datetime) -> int:
    """Tell each adult in one notice what waits for this evening; gives how many adults.

    Who hears the very same hears it by the same notice: two adults on one telephone get one text.

    What is no news any more is let go of: deleted, withdrawn, ticked, signed, or of a pupil of whom the adult hears
    nothing today. Who can be reached by nothing is told later, or reads it on the page. An item is marked with its
    digest in the transaction that writes the digest, so it is in exactly one, whoever runs this beside us. Who had
    one this evening has no other: what came too late for it waits for the next.
    """
    await _one_at_a_time(session, school.key)
    day = day_at_school(now, school.timezone)
    which = {"school": school.key, "day": day}
    await session.execute(digest_asked.no_news(), {**which, "since": day - WAITS})
    morning = datetime.combine(day, time(), ZoneInfo(school.timezone))
    found = _together((await session.execute(digest_asked.waiting(), {**which, "morning": morning})).all())
    if not found:
        return 0
    author = await speaks_for(session, school_id=school.key, day=day)
    drafts = [_draft(one, school.language) for one in found]
    made = [notice_id for notice_id, _ in await written(session, keyring, school, author, drafts, now)]
    told = zip(found, made, strict=True)
    await _mark(session, [(item, notice_id) for one, notice_id in told for item in one.items])
    who = digest_asked.gathered().params(school=school.key, notices=made)
    await address_to(session, school.key, made, NoticeKind.DIGEST, who, due=now, now=now)
    return sum(len(one.guardians) for one in found)


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that a digest told of a child: a piece of homework, a document, a result."""

    pupil_id: int
    kind: NoticeKind
    subject_id: int


async def told_in(
    session: AsyncSession, *, school_id: int, notice_id: int, guardians: Collection[int]
) -> tuple[Piece, ...]:
    """Say of what a digest told some adults, by child; the caller sees to it that they may still see each."""
    which = {"school": school_id, "notice": notice_id, "guardians": list(guardians)}
    rows = await session.execute(digest_asked.subjects(), which)
    return tuple(Piece(pupil_id, NoticeKind(kind), subject_id) for pupil_id, kind, subject_id in rows)


async def _one_at_a_time(session: AsyncSession, school_id: int) -> None:
    """Let the second of two runs see what the first has told (SQLite has one writer at a time anyway)."""
    await session.execute(select(schools.c.id).where(schools.c.id == school_id).with_for_update(key_share=True))


def _together(rows: Sequence[Any]) -> list[_Waiting]:
    """Gather rows that come by adult, and adults by what they hear of: the same pieces about the same pupils."""
    same: dict[tuple[Any, ...], list[list[Any]]] = {}
    for _, group in groupby(rows, key=lambda row: row.guardian_id):
        mine = list(group)
        what = sorted((row.kind, row.subject_id, row.pupil_id, row.signs) for row in mine)
        same.setdefault(tuple(what), []).append(mine)
    return [
        _Waiting(
            tuple(int(mine[0].guardian_id) for mine in each),
            _news(each[0], by_child=True),
            tuple(row.id for mine in each for row in mine),
        )
        for each in same.values()
    ]


def _news(rows: Sequence[Any], *, by_child: bool = False) -> News:
    """Count one adult's. A piece for two children is one piece; a result is one child's."""
    children: dict[int, list[Any]] = {}
    for row in rows:
        children.setdefault(row.pupil_id, []).append(row)
    pieces = {(NoticeKind(row.kind), row.subject_id): bool(row.signs) for row in rows}
    kinds = [kind for kind, _ in pieces]
    return News(
        homework=kinds.count(NoticeKind.HOMEWORK),
        documents=kinds.count(NoticeKind.DOCUMENT),
        to_sign=sum(signs for (kind, _), signs in pieces.items() if kind is NoticeKind.DOCUMENT),
        results=sum(row.kind == NoticeKind.RESULT for row in rows),
        children=tuple((number, _news(children[number])) for number in sorted(children)) if by_child else (),
    )


def _draft(one: _Waiting, language: str) -> Draft:
    """Word a digest; its key is that of one of its items, for each is in one digest alone.

    Its audience names as many of them as fit; who has it stands in the deliveries.
    """
    slots = Slots(news=one.news, language=language)
    named = ",".join(map(str, one.guardians[:_NAMED]))
    return Draft(NoticeKind.DIGEST, f"guardian:{named}", slots, key=f"digest:{min(one.items)}")


async def _mark(session: AsyncSession, items: Sequence[tuple[int, int]]) -> None:
    connection = await session.connection()
    for start in range(0, len(items), _AT_ONCE):
        await _MARKED.run(connection, items[start : start + _AT_ONCE])


_MARKED = Bulk(
    "UPDATE digest_item SET notice_id = v.notice_id FROM v "
    "WHERE digest_item.id = v.id AND digest_item.notice_id IS NULL",
    id="bigint",
    notice_id="bigint",
)
