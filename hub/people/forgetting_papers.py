"""How what a class wrote and showed goes: diary, documents, results, and the files that nothing hangs on any more.

A file's row goes with its key, so that what lies in the store can be read by nobody from then on; its place is given
back, for the store to be emptied after the commit.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Table, and_, delete, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.people.forgetting import destroy_keys
from hub.tables import (
    assessment,
    assessment_item,
    booking,
    booking_wait,
    class_group,
    data_key,
    diary_entry,
    diary_file,
    diary_tick,
    digest_item,
    document,
    document_file,
    document_for,
    evening_round,
    evening_wish,
    event,
    meeting_evening,
    meeting_round,
    meeting_slot,
    result,
    school_year,
    signature,
    stored_file,
)

Within = AsyncConnection | AsyncSession

LOOSE = timedelta(days=1)
"""A file that hangs on nothing may belong to a form that is being filled in; after this it belongs to none."""

PAPERS: tuple[Table, ...] = (diary_entry, assessment, document, event, digest_item, meeting_evening, meeting_round)
"""What has a last day of its own; files go with what they hang on."""


async def purge_papers(session: AsyncSession, school_id: int, *, today: date, now: datetime) -> tuple[int, list[str]]:
    """Let go what has been kept as long as it may be; gives how many rows, and where the files lay that went."""
    gone = 0
    for table in PAPERS:
        over = (table.c.school_id == school_id, table.c.keep_until < today)
        ids = [int(row.id) for row in await session.execute(select(table.c.id).where(*over))]
        for start in range(0, len(ids), _AT_ONCE):
            await _let_go(session, table, ids[start : start + _AT_ONCE])
        gone += len(ids)
    gone += await _let_ticks_go(session, school_id, today)
    loose = (
        stored_file.c.school_id == school_id,
        or_(stored_file.c.made_at < now - LOOSE, stored_file.c.keep_until < today),
    )
    places = await let_files_go(session, *loose)
    return gone + len(places), places


async def forget_schoolwork(within: Within, school_id: int, pupil_id: int) -> list[str]:
    """Take away what is kept of one pupil's work, and the documents that were for this pupil alone.

    Gives where their files lay.
    """
    another = document_for.alias()
    alone = (
        select(document_for.c.document_id)
        .where(document_for.c.school_id == school_id, document_for.c.pupil_id == pupil_id)
        .where(~exists().where(another.c.document_id == document_for.c.document_id, another.c.id != document_for.c.id))
    )
    documents = [int(row[0]) for row in await within.execute(alone)]
    files = [
        int(row[0])
        for row in await within.execute(
            select(document_file.c.file_id).where(document_file.c.document_id.in_(documents))
        )
    ]
    for table in (result, diary_tick, signature, digest_item, document_for, booking, booking_wait, evening_wish):
        await within.execute(delete(table).where(table.c.pupil_id == pupil_id))
    await _let_go(within, document, documents)
    return await let_files_go(within, stored_file.c.school_id == school_id, stored_file.c.id.in_(files))


async def let_files_go(within: Within, *which: ColumnElement[bool]) -> list[str]:
    """Take away those of these files that nothing hangs on, with their keys; gives where they lay."""
    held = or_(*(exists().where(table.c.file_id == stored_file.c.id) for table in (diary_file, document_file)))
    asked = select(stored_file.c.id, stored_file.c.data_key_id, stored_file.c.place).where(*which, ~held)
    rows = (await within.execute(asked)).all()
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        keys = data_key.c.id.in_([row.data_key_id for row in some])
        await destroy_keys(within, keys)
        await within.execute(delete(stored_file).where(stored_file.c.id.in_([row.id for row in some])))
        await within.execute(delete(data_key).where(keys))
    return [row.place for row in rows]


async def _let_ticks_go(session: AsyncSession, school_id: int, today: date) -> int:
    """Let go which family ticked what, once the year is over: the diary itself is kept longer, to be copied."""
    over = (
        select(diary_entry.c.id)
        .join(class_group, and_(class_group.c.school_id == school_id, class_group.c.id == diary_entry.c.class_id))
        .join(school_year, and_(school_year.c.school_id == school_id, school_year.c.id == class_group.c.year_id))
        .where(diary_entry.c.school_id == school_id, school_year.c.ends_on < today)
    )
    ticks = delete(diary_tick).where(diary_tick.c.school_id == school_id, diary_tick.c.entry_id.in_(over))
    return len((await session.execute(ticks.returning(diary_tick.c.id))).all())


async def _let_go(within: Within, table: Table, ids: Sequence[int]) -> None:
    """Take rows away with what hangs on them, from the leaves to the root."""
    items = select(assessment_item.c.id).where(assessment_item.c.assessment_id.in_(ids))
    for leaf, which in {
        diary_entry: ((diary_tick, diary_tick.c.entry_id.in_(ids)), (diary_file, diary_file.c.entry_id.in_(ids))),
        assessment: (
            (result, result.c.item_id.in_(items)),
            (assessment_item, assessment_item.c.assessment_id.in_(ids)),
        ),
        meeting_evening: tuple((part, part.c.evening_id.in_(ids)) for part in (evening_wish, evening_round)),
        meeting_round: tuple(
            (part, part.c.round_id.in_(ids))
            for part in (evening_wish, evening_round, booking_wait, booking, meeting_slot)
        ),
        document: tuple((part, part.c.document_id.in_(ids)) for part in (signature, document_file, document_for)),
    }.get(table, ()):
        await within.execute(delete(leaf).where(which))
    await within.execute(delete(table).where(table.c.id.in_(ids)))


_AT_ONCE = 500
