"""The questions behind the evening's digest: what waits for it, and what of that is still news; each written once."""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Date, Delete, Select, and_, bindparam, case, delete, literal, or_, select

from hub.models.base import BigId, UtcDateTime
from hub.models.classroom import EntryKind
from hub.models.home import How
from hub.models.notices import Needs
from hub.outbox.rungs import next_rung
from hub.people.links import told_about, told_today
from hub.ports import NoticeKind
from hub.tables import (
    assessment,
    diary_entry,
    diary_tick,
    digest_item,
    document,
    document_for,
    enrolment,
    link,
    notice,
    pupil,
    signature,
    wish,
)

_SCHOOL, _DAY = bindparam("school", type_=BigId()), bindparam("day", type_=Date())


@cache
def waiting() -> Select[Any]:
    """Ask for what waits until this day, of adults who can be written to now, and had none today.

    Parameters school, day, morning (when this day began).
    """
    told = digest_item.alias("told")
    had = (
        select(told.c.id)
        .join(notice, and_(notice.c.school_id == told.c.school_id, notice.c.id == told.c.notice_id))
        .where(
            told.c.school_id == digest_item.c.school_id,
            told.c.guardian_id == digest_item.c.guardian_id,
            notice.c.created_at >= bindparam("morning", type_=UtcDateTime()),
        )
        .correlate(digest_item)
        .exists()
    )
    first = next_rung(digest_item.c.guardian_id, digest_item.c.school_id, literal(0)).correlate(digest_item)
    return (
        select(
            digest_item.c.id,
            digest_item.c.guardian_id,
            digest_item.c.pupil_id,
            digest_item.c.kind,
            digest_item.c.subject_id,
            digest_item.c.signs,
        )
        .where(_waits(), first.scalar_subquery().is_not(None), ~had)
        .order_by(digest_item.c.guardian_id, digest_item.c.id)
    )


@cache
def no_news() -> Delete:
    """Let go of what waits and is none any more: parameters school, day, since.

    Its subject has gone, its adult has no right or wants none of it, it was ticked or signed, or it has waited from
    before `since` for an address.
    """
    news = case(
        (digest_item.c.kind == NoticeKind.HOMEWORK, _homework()),
        (digest_item.c.kind == NoticeKind.DOCUMENT, _document()),
        (digest_item.c.kind == NoticeKind.RESULT, _result()),
        else_=literal(False),  # noqa: FBT003 (SQLAlchemy's)
    )
    stale = and_(digest_item.c.on_day < bindparam("since", type_=Date()), digest_item.c.signs.is_(False))
    told = told_today(digest_item, digest_item, _DAY)
    return delete(digest_item).where(_waits(), or_(~told, ~news, stale, _only_on_the_page()))


@cache
def gathered() -> Select[Any]:
    """Ask for (guardian_id, pupil_id, notice_id), each once, of some digests: parameters school, notices."""
    notices = bindparam("notices", type_=BigId(), expanding=True)
    return (
        select(digest_item.c.guardian_id, digest_item.c.pupil_id, digest_item.c.notice_id)
        .where(digest_item.c.school_id == _SCHOOL, digest_item.c.notice_id.in_(notices))
        .distinct()
    )


@cache
def subjects() -> Select[Any]:
    """Ask of what a digest told some adults, of each child once: parameters school, notice, guardians."""
    return (
        select(digest_item.c.pupil_id, digest_item.c.kind, digest_item.c.subject_id)
        .where(
            digest_item.c.school_id == _SCHOOL,
            digest_item.c.notice_id == bindparam("notice", type_=BigId()),
            digest_item.c.guardian_id.in_(bindparam("guardians", type_=BigId(), expanding=True)),
        )
        .distinct()
        .order_by(digest_item.c.pupil_id, digest_item.c.kind, digest_item.c.subject_id)
    )


def _waits() -> ColumnElement[bool]:
    return and_(digest_item.c.school_id == _SCHOOL, digest_item.c.notice_id.is_(None), digest_item.c.on_day <= _DAY)


def _only_on_the_page() -> ColumnElement[bool]:
    """Say that its adult has come to want this kind on the page alone; nobody is spared a signature."""
    said = select(wish.c.id).where(
        wish.c.school_id == digest_item.c.school_id,
        wish.c.guardian_id == digest_item.c.guardian_id,
        wish.c.kind == digest_item.c.kind,
        wish.c.how == How.PAGE,
    )
    return and_(digest_item.c.signs.is_(False), said.correlate(digest_item).exists())


def _homework() -> ColumnElement[bool]:
    """It is still to be done, by a pupil of that class, and nobody has ticked it."""
    in_class = (
        told_about(digest_item.c.school_id, _DAY)
        .where(
            link.c.guardian_id == digest_item.c.guardian_id,
            link.c.pupil_id == digest_item.c.pupil_id,
            enrolment.c.class_id == diary_entry.c.class_id,
        )
        .correlate_except(link, pupil, enrolment)
    )
    stands = select(diary_entry.c.id).where(
        diary_entry.c.school_id == digest_item.c.school_id,
        diary_entry.c.id == digest_item.c.subject_id,
        or_(diary_entry.c.kind == EntryKind.DONE, diary_entry.c.day > _DAY),
        in_class.exists(),
    )
    ticked = select(diary_tick.c.id).where(
        diary_tick.c.school_id == digest_item.c.school_id,
        diary_tick.c.entry_id == digest_item.c.subject_id,
        diary_tick.c.pupil_id == digest_item.c.pupil_id,
    )
    return and_(stands.correlate(digest_item).exists(), ~ticked.correlate(digest_item).exists())


def _document() -> ColumnElement[bool]:
    """It was not withdrawn, it is for this pupil, and this adult's signature is not there yet."""
    in_class = (
        told_about(digest_item.c.school_id, _DAY, to_come=True)
        .where(
            link.c.guardian_id == digest_item.c.guardian_id,
            link.c.pupil_id == digest_item.c.pupil_id,
            enrolment.c.class_id == document_for.c.class_id,
        )
        .correlate_except(link, pupil, enrolment)
    )
    everybody = and_(document_for.c.class_id.is_(None), document_for.c.pupil_id.is_(None))
    signed = select(signature.c.id).where(
        signature.c.school_id == document.c.school_id,
        signature.c.document_id == document.c.id,
        signature.c.pupil_id == digest_item.c.pupil_id,
        or_(document.c.needs == Needs.ONE, signature.c.guardian_id == digest_item.c.guardian_id),
    )
    stands = (
        select(document.c.id)
        .join(
            document_for,
            and_(document_for.c.school_id == document.c.school_id, document_for.c.document_id == document.c.id),
        )
        .where(
            document.c.school_id == digest_item.c.school_id,
            document.c.id == digest_item.c.subject_id,
            document.c.withdrawn_at.is_(None),
            or_(everybody, document_for.c.pupil_id == digest_item.c.pupil_id, in_class.exists()),
            ~signed.correlate(document, digest_item).exists(),
        )
    )
    return stands.correlate(digest_item).exists()


def _result() -> ColumnElement[bool]:
    """It is shown to families."""
    stands = select(assessment.c.id).where(
        assessment.c.school_id == digest_item.c.school_id,
        assessment.c.id == digest_item.c.subject_id,
        assessment.c.published_at.is_not(None),
    )
    return stands.correlate(digest_item).exists()
