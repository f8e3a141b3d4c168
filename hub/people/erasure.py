"""Forgetting a person: what can be read goes, with the keys that sealed it; the history keeps numbers only.

RGPD art. 17. A guardian, pupil or address keeps its row without contents, so that counts stay right. Erasing twice
changes nothing more. Each erasure is first written to a register outside the database (ids only), so that a backup
made earlier can be made to forget again.
"""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.database import Database
from hub.errors import NotFoundError
from hub.models.people import LastRung, LinkKind, Means
from hub.people import erasure_scope as scope
from hub.people.erasure_register import FILE, Entry, append, entries
from hub.people.forgetting import (
    Traits,
    destroy_keys,
    end_deliveries,
    forget_addresses,
    forget_copies,
    forget_matters,
    forget_notices,
    forget_replies,
)
from hub.people.forgetting_papers import forget_schoolwork
from hub.people.forgetting_plans import forget_plans_of_guardian, forget_plans_of_pupil
from hub.sealing import Keyring, UnreadableError
from hub.tables import (
    absence,
    address,
    answer,
    audit,
    booking,
    booking_wait,
    calendar_feed,
    contact_point,
    data_key,
    delivery,
    digest_item,
    enrolment,
    erasure,
    evening_wish,
    family_login_guardian,
    guardian,
    insert_into,
    invitation,
    link,
    pupil,
    roll_mark,
    tray_item,
    wish,
)

__all__ = ["FILE", "erase_guardian", "erase_pupil", "replay", "wipe_traces"]

log = structlog.get_logger(__name__)
Within = AsyncConnection | AsyncSession

_OVERLAP = timedelta(minutes=10)
"""An erasure may be noted shortly before a backup begins and be done shortly after."""


async def erase_guardian(
    within: Within,
    keyring: Keyring,
    *,
    school_id: int,
    guardian_id: int,
    register: Path | None,
    by: int | None,
    now: datetime,
) -> None:
    """Forget an adult: names, links, addresses that nobody else uses, and every word to or from him or her.

    A barred link stays, without its evidence: while it stands, a stranger beside this child still waits for the
    office. A signature and a tick stay, without a name: that an adult signed is the child's. An adult whom ONDE still
    lists comes back with the next import, as somebody new. Raises NotFoundError, and OSError when `register` cannot be
    written: nothing is changed then. None: the register knows already.
    """
    mine = (guardian.c.school_id == school_id, guardian.c.id == guardian_id)
    row = (await within.execute(select(guardian).where(*mine))).one_or_none()
    if row is None:
        raise NotFoundError("Ce responsable n'existe pas.")
    await _note(within, register, Entry(school_id, "guardian", guardian_id, now), by=by)
    ending = await _ids(within, scope.own_addresses(school_id, guardian_id))
    traits = Traits(row.family_name, row.first_name, await _values(within, keyring, ending))
    await forget_matters(within, keyring, school_id, tray_item.c.guardian_id == guardian_id, traits, now=now)
    await forget_notices(within, await _ids(within, scope.own_notices(school_id, guardian_id)), now=now)
    await forget_plans_of_guardian(within, school_id, guardian_id, now=now)
    await forget_copies(within, await _ids(within, scope.own_copies(school_id, guardian_id)), over=True, now=now)
    await forget_replies(within, await _ids(within, scope.replies_of(school_id, guardian_id)))
    await forget_addresses(within, ending, now=now)
    await end_deliveries(within, delivery.c.guardian_id == guardian_id, now=now)
    await within.execute(update(answer).where(answer.c.guardian_id == guardian_id).values(words_sealed=None))
    await destroy_keys(within, data_key.c.id == row.data_key_id)
    await _unlink_guardian(within, guardian_id)
    await within.execute(update(guardian).where(*mine).values(_NO_GUARDIAN))
    log.info("erased", school=school_id, guardian=guardian_id)


_NO_GUARDIAN: dict[str, Any] = {
    "civility": "",
    "first_name": "",
    "family_name": "",
    "usage_name": "",
    "name_key": "",
    "language": "fr",
    "means": Means.ANY,
    "last_rung": LastRung.CALL,
    "quiet_from": None,
    "quiet_to": None,
    "keep_until": None,
}


async def erase_pupil(
    within: Within,
    keyring: Keyring,
    *,
    school_id: int,
    pupil_id: int,
    register: Path | None,
    by: int | None,
    now: datetime,
) -> list[str]:
    """Forget a pupil: names, birthday, number, classes, links, absences, results, every text that may name the child.

    Documents for this pupil alone go with their files; gives where these lay, for the store. The adults stay, for
    they may have other children here; those who have none go with the next purge. Raises as `erase_guardian` does.
    """
    mine = (pupil.c.school_id == school_id, pupil.c.id == pupil_id)
    row = (await within.execute(select(pupil).where(*mine))).one_or_none()
    if row is None:
        raise NotFoundError("Cet élève n'existe pas.")
    await _note(within, register, Entry(school_id, "pupil", pupil_id, now), by=by)
    traits = Traits(row.family_name, row.first_name)
    await forget_matters(within, keyring, school_id, tray_item.c.pupil_id == pupil_id, traits, now=now)
    await forget_notices(within, await _ids(within, scope.notices_about(school_id, pupil_id)), now=now)
    await forget_plans_of_pupil(within, school_id, pupil_id, now=now)
    await forget_copies(within, await _ids(within, scope.copies_about(school_id, pupil_id)), over=False, now=now)
    await forget_replies(within, await _ids(within, scope.replies_about(school_id, pupil_id)))
    await within.execute(update(answer).where(answer.c.pupil_id == pupil_id).values(words_sealed=None))
    for table in (enrolment, absence, roll_mark):
        await within.execute(delete(table).where(table.c.pupil_id == pupil_id))
    places = await forget_schoolwork(within, school_id, pupil_id)
    await _unlink_pupil(within, pupil_id, now=now)
    await within.execute(update(pupil).where(*mine).values({**_NO_PUPIL, "left_on": row.left_on or now.date()}))
    log.info("erased", school=school_id, pupil=pupil_id)
    return places


_NO_PUPIL: dict[str, Any] = {
    "first_name": "",
    "family_name": "",
    "usage_name": "",
    "name_key": "",
    "born_on": None,
    "ine_hash": None,
    "keep_until": None,
}


async def replay(within: Within, keyring: Keyring, register: Path, *, since: datetime, now: datetime) -> int:
    """Forget again whom the register names since a backup was made (`since`); gives how many were found.

    Earlier entries are in the backup already, and their ids may be somebody else's by now.
    """
    found = 0
    for entry in entries(register):
        if entry.at < since - _OVERLAP:
            continue
        whose: dict[str, Any] = {"school_id": entry.school, "register": None, "by": None, "now": now}
        try:
            if entry.subject == "guardian":
                await erase_guardian(within, keyring, guardian_id=entry.id, **whose)
            elif entry.subject == "pupil":
                await erase_pupil(within, keyring, pupil_id=entry.id, **whose)
        except NotFoundError:
            continue  # came after the backup and went before the restore
        found += 1
    return found


async def wipe_traces(database: Database) -> None:
    """Let SQLite give up what it only marked as free: its pages and its log still hold what was erased.

    To be called after the commit. PostgreSQL does it in its own time (autovacuum, and WAL that is recycled); what
    was sealed is unreadable at once on both, as its key is overwritten.
    """
    if database.dialect != "sqlite":
        return
    async with database.engine() as connection:
        for statement in ("COMMIT", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)", "BEGIN IMMEDIATE"):
            await connection.exec_driver_sql(statement)


async def _note(within: Within, register: Path | None, entry: Entry, *, by: int | None) -> None:
    """Put down that this person is erased, outside first; what was noted before is not noted again."""
    row = {"school_id": entry.school, "subject": entry.subject, "subject_id": entry.id, "at": entry.at}
    made = insert_into(erasure, within).values(row).on_conflict_do_nothing().returning(erasure.c.id)
    fresh = (await within.execute(made)).scalar_one_or_none() is not None
    if register is not None and fresh:
        await asyncio.to_thread(append, register, entry)
    who = {"school_id": entry.school, "at": entry.at, "staff_id": by, "act": "erase"}
    await within.execute(insert(audit).values(**who, subject=entry.subject, subject_id=entry.id))


async def _unlink_guardian(within: Within, guardian_id: int) -> None:
    await within.execute(delete(link).where(link.c.guardian_id == guardian_id, link.c.kind != LinkKind.BARRED))
    await within.execute(update(link).where(link.c.guardian_id == guardian_id).values(evidence_sealed=None))
    theirs = (contact_point, invitation, family_login_guardian, wish, calendar_feed, digest_item)
    for table in (*theirs, booking, booking_wait, evening_wish):
        await within.execute(delete(table).where(table.c.guardian_id == guardian_id))


async def _unlink_pupil(within: Within, pupil_id: int, *, now: datetime) -> None:
    adults = {
        int(row[0]) for row in await within.execute(select(link.c.guardian_id).where(link.c.pupil_id == pupil_id))
    }
    await within.execute(delete(link).where(link.c.pupil_id == pupil_id))
    linked = exists().where(link.c.guardian_id == guardian.c.id)
    await within.execute(
        update(guardian)
        .where(guardian.c.id.in_(adults), guardian.c.name_key != "", ~linked)
        .values(keep_until=now.date() - timedelta(days=1))
    )


async def _values(within: Within, keyring: Keyring, ids: list[int]) -> tuple[str, ...]:
    rows = await within.execute(
        select(address.c.value_sealed, data_key.c.wrapped, data_key.c.master_version)
        .join(data_key, data_key.c.id == address.c.data_key_id)
        .where(address.c.id.in_(ids))
    )
    values = []
    for sealed, wrapped, version in rows:
        try:
            values.append(keyring.seal(wrapped, version).open(sealed, b"address.value").decode())
        except UnreadableError:
            continue  # erased before
    return tuple(values)


async def _ids(within: Within, which: scope.Ids) -> list[int]:
    return [int(row[0]) for row in await within.execute(which)]
