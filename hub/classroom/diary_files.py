"""The files that hang on entries of the diary."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, insert, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.base import BigId
from hub.papers.files import FileCard, cards
from hub.sealing import Keyring
from hub.tables import diary_file, document_file, stored_file


async def files_of(
    session: AsyncSession, keyring: Keyring, *, school_id: int, entries: Collection[int]
) -> Mapping[int, tuple[FileCard, ...]]:
    """Give the files of some entries, by entry and in their order; in two questions. Asks for no right."""
    if not entries:
        return {}
    rows = (await session.execute(_hanging(), {"school": school_id, "entries": list(entries)})).all()
    found = await cards(session, keyring, school_id=school_id, files={row.file_id for row in rows})
    hanging: dict[int, list[FileCard]] = {}
    for row in rows:
        if row.file_id in found:
            hanging.setdefault(row.entry_id, []).append(found[row.file_id])
    return {entry_id: tuple(files) for entry_id, files in hanging.items()}


async def hang_on(session: AsyncSession, *, school_id: int, entry_id: int, files: Sequence[int]) -> None:
    """Hang stored files on an entry, behind those that hang there."""
    if not files:
        return
    mine = (diary_file.c.school_id == school_id, diary_file.c.entry_id == entry_id)
    last = (await session.execute(select(func.max(diary_file.c.position)).where(*mine))).scalar_one() or 0
    rows = [
        {"school_id": school_id, "entry_id": entry_id, "file_id": file_id, "position": position}
        for position, file_id in enumerate(files, start=last + 1)
    ]
    await session.execute(insert(diary_file), rows)


async def take_off(
    session: AsyncSession, *, school_id: int, entry_id: int, day: date, files: Collection[int] | None = None
) -> None:
    """Take files off an entry, all or some; what then hangs nowhere goes with the night."""
    mine = [diary_file.c.school_id == school_id, diary_file.c.entry_id == entry_id]
    if files is not None:
        mine.append(diary_file.c.file_id.in_(files))
    taken = await session.scalars(delete(diary_file).where(*mine).returning(diary_file.c.file_id))
    off = taken.all()
    if off:
        used = union_all(select(diary_file.c.file_id), select(document_file.c.file_id)).subquery("used")
        orphans = (
            stored_file.c.school_id == school_id,
            stored_file.c.id.in_(off),
            stored_file.c.id.not_in(select(used.c.file_id)),
        )
        await session.execute(update(stored_file).where(*orphans).values(keep_until=day))


async def keep_longer(session: AsyncSession, *, school_id: int, files: Collection[int], until: date) -> None:
    """Keep files as long as the entry that took them over."""
    mine = (stored_file.c.school_id == school_id, stored_file.c.id.in_(files), stored_file.c.keep_until < until)
    await session.execute(update(stored_file).where(*mine).values(keep_until=until))


@cache
def _hanging() -> Select[Any]:
    """Ask which files hang on some entries: parameters school, entries."""
    return (
        select(diary_file.c.entry_id, diary_file.c.file_id)
        .where(
            diary_file.c.school_id == bindparam("school", type_=BigId()),
            diary_file.c.entry_id.in_(bindparam("entries", type_=BigId(), expanding=True)),
        )
        .order_by(diary_file.c.entry_id, diary_file.c.position)
    )
