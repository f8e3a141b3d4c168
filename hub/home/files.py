"""Which file a family may read: what hangs on a document or on the diary of a child that it may be told about today."""

from collections.abc import Collection
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from hub.classroom.diary_asked import entries_for_pupils
from hub.errors import NotFoundError
from hub.models.base import BigId
from hub.people.kin import Child
from hub.ports import NoticeKind
from hub.tables import (
    diary_entry,
    diary_file,
    digest_item,
    document,
    document_file,
    document_for,
    notice_follow,
)
from i18n.slots import N_

GONE = N_("Ce fichier n'est plus là : l'école l'a retiré, ou il ne vous concerne plus.")

_SCHOOL, _FILE = bindparam("school", type_=BigId()), bindparam("file", type_=BigId())
_NOTICE = bindparam("notice", type_=BigId())


async def require_theirs(
    session: AsyncSession,
    *,
    school_id: int,
    file_id: int,
    children: Collection[Child],
    day: date,
    notice_id: int | None = None,
) -> None:
    """Refuse a file that is not for these children, as `children_of` gave them for this day. Raises NotFoundError.

    `notice_id`: it must also be of what this notice tells of, for one link opens one notice.
    """
    which = {
        "school": school_id,
        "file": file_id,
        "classes": sorted({child.class_id for child in children}),
        "pupils": sorted({child.pupil_id for child in children}),
        "guardians": sorted({child.guardian_id for child in children}),
        "notice": notice_id,
        "day": day,
        "first": date.min,
        "last": date.max,
    }
    if (await session.execute(_theirs(told=notice_id is not None), which)).first() is None:
        raise NotFoundError(GONE)


@cache
def _theirs(*, told: bool) -> Select[Any]:
    """Ask for a file of some children: parameters school, file, classes, pupils, day, first, last.

    Of the diary: of what stands there for them. `told`: also parameters notice and guardians.
    """
    classes = bindparam("classes", type_=BigId(), expanding=True)
    whole = and_(document_for.c.class_id.is_(None), document_for.c.pupil_id.is_(None))
    of_pupils = document_for.c.pupil_id.in_(bindparam("pupils", type_=BigId(), expanding=True))
    theirs = select(document_for.c.document_id).where(
        document_for.c.school_id == _SCHOOL, or_(whole, document_for.c.class_id.in_(classes), of_pupils)
    )
    documents = (
        select(document_file.c.file_id)
        .join(
            document,
            and_(document.c.school_id == document_file.c.school_id, document.c.id == document_file.c.document_id),
        )
        .where(
            document_file.c.school_id == _SCHOOL,
            document_file.c.file_id == _FILE,
            document.c.withdrawn_at.is_(None),
            document.c.id.in_(theirs),
        )
    )
    entries = (
        select(diary_file.c.file_id)
        .join(
            diary_entry,
            and_(diary_entry.c.school_id == diary_file.c.school_id, diary_entry.c.id == diary_file.c.entry_id),
        )
        .where(
            diary_file.c.school_id == _SCHOOL,
            diary_file.c.file_id == _FILE,
            diary_entry.c.id.in_(select(entries_for_pupils().order_by(None).subquery("read").c.id)),
        )
    )
    if told:
        documents = documents.where(
            or_(document.c.notice_id.in_(_said_by()), document.c.id.in_(_in_digest(NoticeKind.DOCUMENT)))
        )
        entries = entries.where(
            or_(diary_entry.c.notice_id == _NOTICE, diary_entry.c.id.in_(_in_digest(NoticeKind.HOMEWORK)))
        )
    return select(union_all(documents, entries).subquery().c.file_id)


def _said_by() -> Select[Any]:
    """Select the notice itself, and the one that it says again."""
    before = select(notice_follow.c.before_id).where(
        notice_follow.c.school_id == _SCHOOL, notice_follow.c.notice_id == _NOTICE
    )
    return select(union_all(select(_NOTICE.label("id")), before).subquery().c.id)


def _in_digest(kind: NoticeKind) -> Select[Any]:
    return select(digest_item.c.subject_id).where(
        digest_item.c.school_id == _SCHOOL,
        digest_item.c.notice_id == _NOTICE,
        digest_item.c.kind == kind,
        digest_item.c.guardian_id.in_(bindparam("guardians", type_=BigId(), expanding=True)),
    )
