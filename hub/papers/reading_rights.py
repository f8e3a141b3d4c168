"""Which member of staff may read a file: who laid it down, and who sees what it hangs on."""

from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import NotFoundError
from hub.models.base import BigId
from hub.notices.headlines import Reader
from hub.papers.asked import concerning
from hub.papers.files import GONE
from hub.tables import diary_entry, diary_file, document_file, stored_file


async def require_readable(session: AsyncSession, *, school_id: int, file_id: int, reader: Reader) -> None:
    """Refuse a file that is not this reader's to read. Raises NotFoundError: it is as if there were none."""
    which = {
        "school": school_id,
        "file": file_id,
        "staff": reader.staff_id,
        "day": reader.day,
        "classes": list(reader.rights.classes),
    }
    if (await session.execute(_readable(whole=reader.rights.whole_school), which)).first() is None:
        raise NotFoundError(GONE)


@cache
def _readable(*, whole: bool) -> Select[Any]:
    """Ask for a file that somebody may read: parameters school, file, staff; of one's own, day and classes."""
    school_id, file_id = bindparam("school", type_=BigId()), bindparam("file", type_=BigId())
    asked = select(stored_file.c.id).where(stored_file.c.school_id == school_id, stored_file.c.id == file_id)
    if whole:
        return asked
    of_documents = select(document_file.c.file_id).where(
        document_file.c.school_id == school_id, document_file.c.document_id.in_(concerning())
    )
    of_diaries = (
        select(diary_file.c.file_id)
        .join(
            diary_entry,
            and_(diary_entry.c.school_id == diary_file.c.school_id, diary_entry.c.id == diary_file.c.entry_id),
        )
        .where(
            diary_file.c.school_id == school_id,
            diary_entry.c.class_id.in_(bindparam("classes", type_=BigId(), expanding=True)),
        )
    )
    return asked.where(
        or_(
            stored_file.c.made_by == bindparam("staff", type_=BigId()),
            stored_file.c.id.in_(of_documents),
            stored_file.c.id.in_(of_diaries),
        )
    )
