"""Who sees a document today, who signs it for whom, and whose signature is missing; each question written once."""

from collections.abc import Collection
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Date,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    union,
)

from hub.models.base import BigId
from hub.models.notices import Needs
from hub.models.people import LinkKind
from hub.outbox.rungs import same
from hub.people.links import tells, told_about
from hub.tables import class_group, document, document_for, guardian, link, pupil, signature, staff, usual_name

SIGNING_KINDS = (LinkKind.JOINT, LinkKind.SOLE, LinkKind.DELEGATED, LinkKind.SERVICE)
"""Who may decide at all; a parent who is only informed (Code civil art. 373-2-1) sees the papers and signs none."""

_SCHOOL, _DAY = bindparam("school", type_=BigId()), bindparam("day", type_=Date())
_DOCUMENT = bindparam("document", type_=BigId())
_DOCUMENTS = bindparam("documents", type_=BigId(), expanding=True)
_CLASSES = bindparam("classes", type_=BigId(), expanding=True)
_GUARDIANS = bindparam("guardians", type_=BigId(), expanding=True)


def told_of(
    school_id: int | BindParameter[int], day: date | BindParameter[date], documents: Select[tuple[int]]
) -> CompoundSelect[Any]:
    """Select (document_id, guardian_id, pupil_id, class_id): every adult who sees these documents today, and for whom.

    Three questions in one, by whom a document can be for: asked as one "or", each document would be held against each
    adult of the school.
    """
    told = told_about(school_id, day).subquery("told")
    given = (  # DISTINCT keeps SQLite from beginning with all pupils of the school
        select(document_for.c.document_id, document_for.c.class_id, document_for.c.pupil_id)
        .where(document_for.c.school_id == school_id, document_for.c.document_id.in_(documents))
        .distinct()
        .subquery("given")
    )
    whole = and_(given.c.class_id.is_(None), given.c.pupil_id.is_(None))
    return union(
        *(
            select(given.c.document_id, told.c.guardian_id, told.c.pupil_id, told.c.class_id).join(told, mine)
            for mine in (whole, given.c.class_id == told.c.class_id, given.c.pupil_id == told.c.pupil_id)
        )
    )


def one(school_id: int | BindParameter[int], document_id: int | BindParameter[int]) -> Select[tuple[int]]:
    """Select a document, to ask whom it is for."""
    return select(document.c.id).where(document.c.school_id == school_id, document.c.id == document_id)


def members(school_id: int, classes: Collection[int], pupils: Collection[int], day: date) -> Select[Any]:
    """Select (guardian_id, pupil_id) of those who would see a document today; for nobody by name: the whole school."""
    told = told_about(school_id, day).subquery("told")
    chosen = select(told.c.guardian_id, told.c.pupil_id).distinct()
    if not classes and not pupils:
        return chosen
    return chosen.where(or_(told.c.class_id.in_(classes), told.c.pupil_id.in_(pupils)))


def decides(day: date | BindParameter[date]) -> ColumnElement[bool]:
    """Say that a link lets its adult sign for its pupil today."""
    return and_(tells(link, day), link.c.may_decide.is_(True), link.c.kind.in_(SIGNING_KINDS))


def signers(
    school_id: int | BindParameter[int], day: date | BindParameter[date], documents: Select[tuple[int]]
) -> Select[Any]:
    """Select what `told_of` selects, of the adults who may sign."""
    told = told_of(school_id, day, documents).subquery("sees")
    mine = and_(
        link.c.school_id == school_id,
        link.c.guardian_id == told.c.guardian_id,
        link.c.pupil_id == told.c.pupil_id,
        decides(day),
    )
    return select(told).where(exists().where(mine))


def missing(school_id: int, document_id: int, needs: Needs, day: date) -> Select[Any]:
    """Select (guardian_id, pupil_id) of those whose signature a document still lacks."""
    who = signers(school_id, day, one(school_id, document_id)).subquery("signers")
    signed = and_(
        signature.c.school_id == school_id,
        signature.c.document_id == document_id,
        signature.c.pupil_id == who.c.pupil_id,
        *((signature.c.guardian_id == who.c.guardian_id,) if needs is Needs.BOTH else ()),
    )
    return select(who.c.guardian_id, who.c.pupil_id).where(~exists().where(signed)).distinct()


@cache
def tallies(*, of_classes: bool) -> Select[Any]:
    """Count the signatures that documents need and have: parameters school, day, documents, classes.

    A document that needs one counts children, one that needs all counts each deciding adult of each child.
    """
    needing = select(document.c.id).where(
        document.c.school_id == _SCHOOL, document.c.id.in_(_DOCUMENTS), document.c.needs != Needs.NONE
    )
    who = signers(_SCHOOL, _DAY, needing).subquery("signers")
    own = and_(
        signature.c.school_id == _SCHOOL,
        signature.c.document_id == who.c.document_id,
        signature.c.pupil_id == who.c.pupil_id,
        signature.c.guardian_id == who.c.guardian_id,
    )
    any_of_child = and_(
        signature.c.school_id == _SCHOOL,
        signature.c.document_id == who.c.document_id,
        signature.c.pupil_id == who.c.pupil_id,
    )
    each = select(
        who.c.document_id,
        who.c.pupil_id,
        func.count(who.c.guardian_id.distinct()).label("adults"),
        func.count(case((exists().where(own), who.c.guardian_id)).distinct()).label("signed"),
        func.max(case((exists().where(any_of_child), 1), else_=0)).label("some"),
    ).group_by(who.c.document_id, who.c.pupil_id)
    if of_classes:
        each = each.where(who.c.class_id.in_(_CLASSES))
    child = each.subquery("each_child")
    both = document.c.needs == Needs.BOTH
    return (
        select(
            document.c.id,
            func.sum(case((both, child.c.adults), else_=1)).label("needed"),
            func.sum(case((both, child.c.signed), else_=child.c.some)).label("signed"),
        )
        .join(child, child.c.document_id == document.c.id)
        .where(document.c.school_id == _SCHOOL)
        .group_by(document.c.id)
    )


@cache
def standing(*, of_classes: bool) -> Select[Any]:
    """Ask for all who may sign a document, by class and child: parameters school, day, document, classes."""
    who = signers(_SCHOOL, _DAY, one(_SCHOOL, _DOCUMENT)).subquery("signers")
    asked = (
        select(
            who.c.pupil_id,
            who.c.guardian_id,
            pupil.c.first_name,
            usual_name(pupil).label("family_name"),
            class_group.c.label.label("class_label"),
            guardian.c.first_name.label("adult_first"),
            usual_name(guardian).label("adult_family"),
        )
        .join(pupil, and_(pupil.c.school_id == _SCHOOL, pupil.c.id == who.c.pupil_id))
        .join(class_group, and_(class_group.c.school_id == _SCHOOL, class_group.c.id == who.c.class_id))
        .join(guardian, and_(guardian.c.school_id == _SCHOOL, guardian.c.id == who.c.guardian_id))
        .order_by(class_group.c.label, pupil.c.name_key, who.c.pupil_id, guardian.c.name_key, who.c.guardian_id)
    )
    return asked.where(who.c.class_id.in_(_CLASSES)) if of_classes else asked


@cache
def signatures() -> Select[Any]:
    """Ask for the signatures of a document, with the names: parameters school, document."""
    return (
        select(
            signature.c.pupil_id,
            signature.c.guardian_id,
            signature.c.at,
            signature.c.through,
            staff.c.name.label("typed_by"),
            guardian.c.first_name.label("adult_first"),
            usual_name(guardian).label("adult_family"),
        )
        .join(guardian, same(signature, guardian, "guardian_id"))
        .outerjoin(staff, same(signature, staff, "typed_by"))
        .where(signature.c.school_id == _SCHOOL, signature.c.document_id == _DOCUMENT)
        .order_by(signature.c.at, signature.c.id)
    )


@cache
def deciding() -> Select[Any]:
    """Ask for whom some adults may sign today, and their names: parameters school, guardians, day."""
    return (
        select(link.c.guardian_id, link.c.pupil_id)
        .where(link.c.school_id == _SCHOOL, link.c.guardian_id.in_(_GUARDIANS), decides(_DAY))
        .distinct()
    )


@cache
def own_signatures() -> Select[Any]:
    """Ask what some adults have signed: parameters school, guardians, documents."""
    return select(
        signature.c.document_id, signature.c.pupil_id, signature.c.guardian_id, signature.c.at, signature.c.through
    ).where(
        signature.c.school_id == _SCHOOL,
        signature.c.guardian_id.in_(_GUARDIANS),
        signature.c.document_id.in_(_DOCUMENTS),
    )


@cache
def names_of() -> Select[Any]:
    """Ask what some adults are called: parameters school, guardians."""
    return select(
        guardian.c.id,
        guardian.c.service,
        guardian.c.first_name,
        usual_name(guardian).label("family_name"),
    ).where(guardian.c.school_id == _SCHOOL, guardian.c.id.in_(_GUARDIANS))
