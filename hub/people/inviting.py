"""Printed invitations: a sheet for each adult of some classes, or for one, to travel in the school bag."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotAllowedError
from hub.models.people import AddressState, Medium
from hub.people.joining import invite
from hub.people.links import told_about
from hub.people.names import full_name
from hub.people.rights import Rights
from hub.routing import class_order
from hub.sealing import Keyring
from hub.tables import address, audit, class_group, contact_point, guardian, pupil

_LIVES = (AddressState.UNVERIFIED, AddressState.ACTIVE)


@dataclass(frozen=True, slots=True)
class Sheet:
    """An invitation on paper: for whom, through the bag of which child, in which language, and its code in clear."""

    name: str
    child: str
    class_label: str
    language: str
    code: str = field(repr=False)


async def invite_classes(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    staff_id: int,
    rights: Rights,
    classes: Collection[int],
    medium: Medium,
    day: date,
    now: datetime,
) -> list[Sheet]:
    """Make an invitation for each adult of these classes who has no address of this kind yet, and note who did.

    For director and office; a teacher for his or her own classes. Codes are given this once, only their hashes are
    kept. Raises NotAllowedError, InvalidError.
    """
    if not classes:
        raise InvalidError("Choisissez au moins une classe.", field="classes")
    if not rights.whole_school and not set(classes) <= rights.classes:
        raise NotAllowedError("Ces classes ne sont pas les vôtres.")
    told = told_about(school_id, day).subquery("told")
    rows = await _uninvited(session, school_id, told, told.c.class_id.in_(classes), medium)
    sheets = [await _sheet(session, keyring, school_id, row, medium, staff_id, now) for row in rows]
    act = {"at": now, "staff_id": staff_id, "act": "invite", "subject": "school", "subject_id": school_id}
    await session.execute(insert(audit).values(school_id=school_id, **act, count=len(sheets)))
    return sheets


async def invite_adult(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    staff_id: int,
    guardian_id: int,
    medium: Medium,
    day: date,
    now: datetime,
) -> Sheet:
    """Make the invitation of one adult, and note who did. For director and office.

    Raises InvalidError when there is nobody to invite: an address of this kind is there, or no pupil today.
    """
    told = told_about(school_id, day, to_come=True).subquery("told")
    rows = await _uninvited(session, school_id, told, told.c.guardian_id == guardian_id, medium)
    if not rows:
        raise InvalidError("Cet adulte a déjà Telegram, ou n’est lié à aucun élève aujourd’hui.")
    sheet = await _sheet(session, keyring, school_id, rows[0], medium, staff_id, now)
    act = {"at": now, "staff_id": staff_id, "act": "invite", "subject": "guardian", "subject_id": guardian_id}
    await session.execute(insert(audit).values(school_id=school_id, **act, count=1))
    return sheet


async def _sheet(
    session: AsyncSession,
    keyring: Keyring,
    school_id: int,
    row: Any,  # noqa: ANN401 (a row)
    medium: Medium,
    staff_id: int,
    now: datetime,
) -> Sheet:
    code = await invite(
        session, keyring, school_id=school_id, guardian_id=row.guardian_id, medium=medium, made_by=staff_id, now=now
    )
    name = full_name(row.first_name, row.usage_name, row.family_name)
    return Sheet(name, row.child, row.label, row.language, code)


async def _uninvited(
    session: AsyncSession, school_id: int, told: Subquery, wanted: ColumnElement[bool], medium: Medium
) -> list[Any]:
    """List the adults told about a pupil so, each once, in the order in which a teacher hands out."""
    joined = (
        select(contact_point.c.id)
        .join(
            address, and_(address.c.school_id == contact_point.c.school_id, address.c.id == contact_point.c.address_id)
        )
        .where(
            contact_point.c.school_id == school_id,
            contact_point.c.guardian_id == guardian.c.id,
            address.c.medium == medium,
            address.c.state.in_(_LIVES),
        )
    )
    rows = await session.execute(
        select(
            told.c.guardian_id,
            guardian.c.first_name,
            guardian.c.family_name,
            guardian.c.usage_name,
            guardian.c.language,
            pupil.c.first_name.label("child"),
            pupil.c.name_key,
            class_group.c.label,
        )
        .join(guardian, and_(guardian.c.school_id == school_id, guardian.c.id == told.c.guardian_id))
        .join(pupil, and_(pupil.c.school_id == school_id, pupil.c.id == told.c.pupil_id))
        .join(class_group, and_(class_group.c.school_id == school_id, class_group.c.id == told.c.class_id))
        .where(wanted, ~joined.exists())
    )
    ordered = sorted(rows, key=lambda row: (class_order(row.label), row.name_key, row.guardian_id))
    return list({row.guardian_id: row for row in reversed(ordered)}.values())[::-1]
