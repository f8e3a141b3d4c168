"""The homework diary as a family reads it, for each of its children; and the ticks that it puts there."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, delete
from sqlalchemy.ext.asyncio import AsyncSession

from hub.classroom.diary import words_of
from hub.classroom.diary_asked import entries_for_pupils, to_do_by_day
from hub.classroom.diary_files import files_of
from hub.errors import NotFoundError
from hub.models.classroom import EntryKind
from hub.papers.files import FileCard
from hub.people.schools import school_key
from hub.sealing import Keyring
from hub.tables import diary_entry, diary_tick, insert_into
from i18n.slots import N_


@dataclass(frozen=True, slots=True)
class ForPupil:
    """What the diary says to one pupil. `ticked`: by one of his or her adults; nobody is told by whom."""

    entry_id: int
    pupil_id: int
    kind: EntryKind
    subject: str
    day: date
    text: str
    ticked: bool
    files: tuple[FileCard, ...]


@dataclass(frozen=True, slots=True)
class ToDo:
    """How many pieces one pupil has still to do for a day."""

    pupil_id: int
    day: date
    pieces: int


async def diary_for(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    pupils: Collection[int],
    first: date,
    last: date,
    today: date,
) -> tuple[ForPupil, ...]:
    """Read what the diary says to some pupils from `first` to `last`; in at most four questions, whatever their number.

    Asks for no right: the caller has the pupils from `children_of`, or from a link that stands open.
    """
    return await _read(session, keyring, school_id, pupils, (first, last), today)


async def diary_of_notice(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    pupils: Collection[int],
    notice_id: int,
    entries: Collection[int] | None,
    today: date,
) -> tuple[ForPupil, ...]:
    """Read what a notice told of, or these entries, and nothing else of the diary; for some pupils."""
    mine = diary_entry.c.notice_id == notice_id if entries is None else diary_entry.c.id.in_(entries)
    return await _read(session, keyring, school_id, pupils, (date.min, date.max), today, mine)


async def still_to_do(
    session: AsyncSession, *, school_id: int, pupils: Collection[int], first: date, last: date, today: date
) -> tuple[ToDo, ...]:
    """Count what some pupils have still to do, by day; in one question, and no word is opened."""
    which = {"school": school_id, "pupils": list(pupils), "first": first, "last": last, "day": today}
    rows = await session.execute(to_do_by_day(), which)
    return tuple(ToDo(row.pupil_id, row.day, row.pieces) for row in rows)


async def tick(
    session: AsyncSession,
    *,
    school_id: int,
    entry_id: int,
    pupil_id: int,
    guardian_id: int,
    done: bool,
    today: date,
    now: datetime,
) -> None:
    """Tick a piece for a pupil, or take the tick back; twice is once, and it stands for all adults of this pupil.

    The caller has this pupil's adult from `children_of`, or from a link that stands open. Raises NotFoundError for what
    the diary does not ask of this pupil.
    """
    which = {"school": school_id, "pupils": [pupil_id], "first": date.min, "last": date.max, "day": today}
    mine = entries_for_pupils().where(diary_entry.c.id == entry_id, diary_entry.c.kind == EntryKind.DUE)
    if (await session.execute(mine, which)).first() is None:
        raise NotFoundError(N_("Ce devoir n'est plus au cahier."))
    if not done:
        ticks = (diary_tick.c.school_id == school_id, diary_tick.c.entry_id == entry_id)
        await session.execute(delete(diary_tick).where(*ticks, diary_tick.c.pupil_id == pupil_id))
        return
    row = {"school_id": school_id, "entry_id": entry_id, "pupil_id": pupil_id, "guardian_id": guardian_id, "at": now}
    await session.execute(insert_into(diary_tick, session).values(row).on_conflict_do_nothing())


async def _read(
    session: AsyncSession,
    keyring: Keyring,
    school_id: int,
    pupils: Collection[int],
    days: tuple[date, date],
    today: date,
    *more: ColumnElement[bool],
) -> tuple[ForPupil, ...]:
    which = {"school": school_id, "pupils": list(pupils), "first": days[0], "last": days[1], "day": today}
    rows = (await session.execute(entries_for_pupils().where(*more) if more else entries_for_pupils(), which)).all()
    if not rows:
        return ()
    clear = words_of(await school_key(session, keyring, school_id), rows)
    files = await files_of(session, keyring, school_id=school_id, entries={row.id for row in rows})
    return tuple(
        ForPupil(
            row.id,
            row.pupil_id,
            EntryKind(row.kind),
            row.subject,
            row.day,
            text,
            bool(row.ticked),
            files.get(row.id, ()),
        )
        for row, text in zip(rows, clear, strict=True)
    )
