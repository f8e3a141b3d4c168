"""The questions behind documents: which there are for whom, and what hangs on them; each written once."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import Date, Integer, Select, and_, bindparam, or_, select

from hub.models.base import BigId
from hub.outbox.rungs import same
from hub.people.links import told_about
from hub.tables import class_group, document, document_file, document_for, notice_follow, pupil, staff

_SCHOOL, _DAY = bindparam("school", type_=BigId()), bindparam("day", type_=Date())
_DOCUMENT = bindparam("document", type_=BigId())
_DOCUMENTS = bindparam("documents", type_=BigId(), expanding=True)
_CLASSES = bindparam("classes", type_=BigId(), expanding=True)
_PUPILS = bindparam("pupils", type_=BigId(), expanding=True)


@cache
def listed(*, of_classes: bool) -> Select[Any]:
    """Ask for documents with their author, the newest first: parameters school, limit, offset.

    Of one's own: also day and classes.
    """
    asked = (
        select(document, staff.c.name.label("author"))
        .join(staff, same(document, staff, "author_id"))
        .where(document.c.school_id == _SCHOOL)
        .order_by(document.c.published_at.desc(), document.c.id.desc())
        .limit(bindparam("limit", type_=Integer()))
        .offset(bindparam("offset", type_=Integer()))
    )
    return asked.where(document.c.id.in_(concerning())) if of_classes else asked


@cache
def one_document(*, of_classes: bool) -> Select[Any]:
    """Ask for a document: parameters school, document; of one's own, day and classes."""
    asked = (
        select(document, staff.c.name.label("author"))
        .join(staff, same(document, staff, "author_id"))
        .where(document.c.school_id == _SCHOOL, document.c.id == _DOCUMENT)
    )
    return asked.where(document.c.id.in_(concerning())) if of_classes else asked


def concerning() -> Select[Any]:
    """Select the documents that concern some classes today: the school's, the classes', those of their pupils."""
    told = told_about(_SCHOOL, _DAY).subquery("told")
    theirs = select(told.c.pupil_id).where(told.c.class_id.in_(_CLASSES))
    whole = and_(document_for.c.class_id.is_(None), document_for.c.pupil_id.is_(None))
    return select(document_for.c.document_id).where(
        document_for.c.school_id == _SCHOOL,
        or_(whole, document_for.c.class_id.in_(_CLASSES), document_for.c.pupil_id.in_(theirs)),
    )


@cache
def targets() -> Select[Any]:
    """Ask whom documents are for, by name: parameters school, documents."""
    return (
        select(
            document_for.c.document_id,
            document_for.c.class_id,
            document_for.c.pupil_id,
            class_group.c.label,
            pupil.c.first_name,
            pupil.c.family_name,
            pupil.c.usage_name,
        )
        .outerjoin(class_group, same(document_for, class_group, "class_id"))
        .outerjoin(pupil, same(document_for, pupil, "pupil_id"))
        .where(document_for.c.school_id == _SCHOOL, document_for.c.document_id.in_(_DOCUMENTS))
        .order_by(document_for.c.id)
    )


@cache
def hanging() -> Select[Any]:
    """Ask for the files of documents, in order: parameters school, documents."""
    return (
        select(document_file.c.document_id, document_file.c.file_id)
        .where(document_file.c.school_id == _SCHOOL, document_file.c.document_id.in_(_DOCUMENTS))
        .order_by(document_file.c.document_id, document_file.c.position, document_file.c.id)
    )


@cache
def for_children(*, one: bool) -> Select[Any]:
    """Ask for the documents for some children, the newest first: parameters school, classes, pupils, limit.

    A row for each of those whom a document is for. `one`: only this one (parameter document).
    """
    whole = and_(document_for.c.class_id.is_(None), document_for.c.pupil_id.is_(None))
    mine = or_(whole, document_for.c.class_id.in_(_CLASSES), document_for.c.pupil_id.in_(_PUPILS))
    theirs = select(document_for.c.document_id).where(document_for.c.school_id == _SCHOOL, mine)
    newest = (
        select(document.c.id)
        .where(document.c.school_id == _SCHOOL, document.c.withdrawn_at.is_(None), document.c.id.in_(theirs))
        .order_by(document.c.published_at.desc(), document.c.id.desc())
        .limit(bindparam("limit", type_=Integer()))
    )
    if one:
        newest = newest.where(document.c.id == _DOCUMENT)
    of_document = and_(document_for.c.school_id == document.c.school_id, document_for.c.document_id == document.c.id)
    return (
        select(document, document_for.c.class_id, document_for.c.pupil_id.label("for_pupil"))
        .join(document_for, of_document)
        .where(document.c.school_id == _SCHOOL, mine, document.c.id.in_(newest))
        .order_by(document.c.published_at.desc(), document.c.id.desc())
    )


@cache
def of_notice() -> Select[Any]:
    """Ask for the documents that a notice tells of, first or once more: parameters school, notice."""
    notice_id = bindparam("notice", type_=BigId())
    before = select(notice_follow.c.before_id).where(
        notice_follow.c.school_id == _SCHOOL, notice_follow.c.notice_id == notice_id
    )
    return (
        select(document.c.id)
        .where(
            document.c.school_id == _SCHOOL,
            or_(document.c.notice_id == notice_id, document.c.notice_id.in_(before)),
        )
        .order_by(document.c.id)
    )


def grouped(rows: Iterable[Any]) -> dict[int, tuple[int, ...]]:
    """Gather pairs (one, other) by the first, in their order."""
    found: dict[int, list[int]] = {}
    for one, other in rows:
        found.setdefault(one, []).append(other)
    return {one: tuple(others) for one, others in found.items()}
