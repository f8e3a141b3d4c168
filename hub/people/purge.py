"""The night's tidying: what has been kept as long as it may be goes, and people who left are forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Table, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.models import metadata
from hub.people.erasure import erase_guardian, erase_pupil
from hub.people.forgetting import forget_addresses
from hub.people.forgetting_papers import PAPERS, purge_papers
from hub.people.forgetting_plans import end_plans_of_staff, purge_plans
from hub.sealing import Keyring
from hub.tables import (
    absence,
    address,
    answer,
    assessment,
    attempt,
    calendar_feed,
    call_task,
    class_group,
    copy,
    copy_delivery,
    data_key,
    delivery,
    delivery_pupil,
    diary_entry,
    digest_item,
    document,
    evening_wish,
    event,
    family_code,
    family_login,
    family_login_guardian,
    guardian,
    invitation,
    letter,
    link,
    meeting_evening,
    meeting_round,
    notice,
    notice_follow,
    notice_version,
    page_link,
    paper_code,
    planned_firing,
    planned_notice,
    pupil,
    receipt,
    recovery_code,
    reply,
    reply_attachment,
    reply_choice,
    roll,
    roll_mark,
    school_year,
    staff,
    staff_factor,
    staff_right,
    staff_session,
    stored_file,
    thread,
    thread_notice,
    thread_read,
    tray_item,
)

AFTER_LEAVING = timedelta(days=85)
"""A pupil and the adults around are forgotten at most three months after the pupil left; some nights to spare."""
AFTER_THE_LINK = timedelta(days=30)
"""An expired page link is kept for a month, so that it can say that it has expired."""
AFTER_WORKING = timedelta(days=365)
"""Who worked here is forgotten a year after the last right ended: as long as what he or she wrote is kept."""
A_DAY = timedelta(days=1)

_failure = metadata.tables["sign_in_failure"]


@dataclass(frozen=True, slots=True)
class Purged:
    """How many went. `places`: where files lay that went, to be taken out of the store after the commit."""

    pupils: int
    guardians: int
    addresses: int
    notices: int
    staff: int
    others: int
    places: tuple[str, ...] = ()


async def purge(
    session: AsyncSession, keyring: Keyring, *, school_id: int, register: Path, today: date, now: datetime
) -> Purged:
    """Tidy one school. `today` is the school's day; a row goes the day after its `keep_until`.

    Adults whose last pupil is forgotten are forgotten too. The audit is kept (five years, only ever added to).
    """
    pupils, places = await _forget_pupils(session, keyring, school_id, register, today=today, now=now)
    guardians = await _forget_guardians(session, keyring, school_id, register, today=today, now=now)
    over = select(address.c.id).where(address.c.school_id == school_id, address.c.keep_until < today)
    addresses = [int(row.id) for row in await session.execute(over)]
    await forget_addresses(session, addresses, now=now)
    notices = await _purge_notices(session, school_id, today)
    employees = await _purge_staff(session, school_id, today, now)
    plans = await purge_plans(session, school_id, today)
    papers, lay = await purge_papers(session, school_id, today=today, now=now)
    others = await _purge_others(session, school_id, today, now)
    await _purge_classes(session, school_id, today)
    return Purged(pupils, guardians, len(addresses), notices, employees, others + papers + plans, (*places, *lay))


async def purge_above_schools(connection: AsyncConnection, *, now: datetime) -> None:
    """Tidy what belongs to no school: family sessions that ended, codes and failed sign-ins of yesterday or before.

    A session whose last adult was forgotten is nobody's, and goes too.
    """
    nobodys = ~exists().where(family_login_guardian.c.login_id == family_login.c.id)
    over = or_(family_login.c.expires_at < now, nobodys & (family_login.c.created_at < now - A_DAY))
    ended = [int(row.id) for row in await connection.execute(select(family_login.c.id).where(over))]
    old = family_code.c.made_at < now - A_DAY
    await connection.execute(delete(family_code).where(or_(old, family_code.c.login_id.in_(ended))))
    await connection.execute(delete(family_login_guardian).where(family_login_guardian.c.login_id.in_(ended)))
    await connection.execute(delete(family_login).where(family_login.c.id.in_(ended)))
    await connection.execute(delete(_failure).where(_failure.c.at < now - A_DAY))


async def _forget_pupils(
    session: AsyncSession, keyring: Keyring, school_id: int, register: Path, *, today: date, now: datetime
) -> tuple[int, list[str]]:
    due = select(pupil.c.id).where(
        pupil.c.school_id == school_id,
        pupil.c.name_key != "",
        or_(pupil.c.keep_until < today, pupil.c.left_on <= today - AFTER_LEAVING),
    )
    ids = [int(row.id) for row in await session.execute(due)]
    places: list[str] = []
    for pupil_id in ids:
        places += await erase_pupil(
            session, keyring, school_id=school_id, pupil_id=pupil_id, register=register, by=None, now=now
        )
    return len(ids), places


async def _forget_guardians(
    session: AsyncSession, keyring: Keyring, school_id: int, register: Path, *, today: date, now: datetime
) -> int:
    """Forget adults whose time is over; nobody beside whom a pupil still stands."""
    linked = exists().where(link.c.guardian_id == guardian.c.id)
    due = select(guardian.c.id).where(
        guardian.c.school_id == school_id, guardian.c.name_key != "", guardian.c.keep_until < today, ~linked
    )
    ids = [int(row.id) for row in await session.execute(due)]
    for guardian_id in ids:
        await erase_guardian(
            session, keyring, school_id=school_id, guardian_id=guardian_id, register=register, by=None, now=now
        )
    return len(ids)


async def _purge_notices(session: AsyncSession, school_id: int, today: date) -> int:
    """Let notices go with everything that became of them, from the leaves to the root; their keys last."""
    over = select(notice.c.id, notice.c.data_key_id).where(notice.c.school_id == school_id, notice.c.keep_until < today)
    rows = (await session.execute(over)).all()
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        await _purge_some_notices(session, [row.id for row in some], [row.data_key_id for row in some])
    return len(rows)


_AT_ONCE = 500
"""Rows a statement: SQLite and PostgreSQL both take some 32,000 values in one, and a lock should be short."""


async def _purge_some_notices(session: AsyncSession, ids: Sequence[int], keys: Sequence[int]) -> None:
    copies = select(copy.c.id).where(copy.c.notice_id.in_(ids))
    deliveries = select(delivery.c.id).where(delivery.c.notice_id.in_(ids))
    tries = select(attempt.c.id).where(attempt.c.copy_id.in_(copies))
    named_by = (reply, absence, diary_entry, assessment, document, event, digest_item, planned_firing, meeting_round)
    for table in (*named_by, meeting_evening, evening_wish):
        await session.execute(update(table).where(table.c.notice_id.in_(ids)).values(notice_id=None))
    for gone in (
        receipt.c.attempt_id.in_(tries),
        attempt.c.copy_id.in_(copies),
        page_link.c.copy_id.in_(copies),
        invitation.c.copy_id.in_(copies),
        copy_delivery.c.copy_id.in_(copies),
        copy.c.notice_id.in_(ids),
        call_task.c.delivery_id.in_(deliveries),
        letter.c.delivery_id.in_(deliveries),
        delivery_pupil.c.delivery_id.in_(deliveries),
        answer.c.notice_id.in_(ids),
        delivery.c.notice_id.in_(ids),
        notice_version.c.notice_id.in_(ids),
        notice_follow.c.notice_id.in_(ids),
        notice_follow.c.before_id.in_(ids),
        thread_notice.c.notice_id.in_(ids),
        notice.c.id.in_(ids),
        data_key.c.id.in_(keys),
    ):
        table = gone.left.table
        await session.execute(delete(table).where(gone))


async def _purge_staff(session: AsyncSession, school_id: int, today: date, now: datetime) -> int:
    """Forget who worked here: what they wrote keeps its number, without a name."""
    mine = staff_right.c.staff_id == staff.c.id
    longer = exists().where(mine, or_(staff_right.c.to_on.is_(None), staff_right.c.to_on >= today - AFTER_WORKING))
    over = or_(staff.c.keep_until < today, exists().where(mine) & ~longer)
    asked = select(staff.c.id).where(staff.c.school_id == school_id, staff.c.name != "", over)
    ids = [int(row.id) for row in await session.execute(asked)]
    for table in (staff_session, staff_right, staff_factor, recovery_code, paper_code):
        await session.execute(delete(table).where(table.c.staff_id.in_(ids)))
    await end_plans_of_staff(session, ids, now=now)
    for staff_id in ids:
        await session.execute(
            update(staff)
            .where(staff.c.id == staff_id)
            .values(name="", email_sealed=b"", email_hash=f"erased {staff_id}".encode(), password_hash=None)
        )
    return len(ids)


async def _purge_others(session: AsyncSession, school_id: int, today: date, now: datetime) -> int:
    await _empty(session, school_id, today, now)
    over = (
        (reply, reply.c.keep_until < today),
        (thread, (thread.c.keep_until < today) & ~exists().where(reply.c.thread_id == thread.c.id)),
        (absence, absence.c.keep_until < today),
        (roll, roll.c.keep_until < today),
        (tray_item, tray_item.c.keep_until < today),
        (page_link, page_link.c.expires_at < now - AFTER_THE_LINK),
        (staff_session, staff_session.c.expires_at < now),
        (invitation, invitation.c.expires_at < now - AFTER_THE_LINK),
        (calendar_feed, calendar_feed.c.ended_at < now - AFTER_THE_LINK),
        (paper_code, paper_code.c.ends_on < today - AFTER_THE_LINK),
        (staff_right, staff_right.c.to_on < today - AFTER_WORKING),
    )
    gone = 0
    for table, which in over:
        done = await session.execute(delete(table).where(table.c.school_id == school_id, which).returning(table.c.id))
        gone += len(done.all())
    return gone


async def _purge_classes(session: AsyncSession, school_id: int, today: date) -> None:
    """Let classes and years go that nothing points to any more, a year after they ended."""
    over = select(school_year.c.id).where(
        school_year.c.school_id == school_id, school_year.c.ends_on < today - AFTER_WORKING
    )
    for table, which in ((class_group, class_group.c.year_id.in_(over)), (school_year, school_year.c.id.in_(over))):
        pointing = [
            (tie.parent.table, tie.parent)
            for other in metadata.sorted_tables
            for tie in other.foreign_keys
            if tie.column is table.c.id
        ]
        unused = [~exists().where(other.c.school_id == school_id, column == table.c.id) for other, column in pointing]
        await session.execute(delete(table).where(table.c.school_id == school_id, which, *unused))


async def _empty(session: AsyncSession, school_id: int, today: date, now: datetime) -> None:
    """Take away what hangs on replies, conversations and rolls that go, so that they can."""
    replies = select(reply.c.id).where(reply.c.school_id == school_id, reply.c.keep_until < today)
    threads = select(thread.c.id).where(thread.c.school_id == school_id, thread.c.keep_until < today)
    rolls = select(roll.c.id).where(roll.c.school_id == school_id, roll.c.keep_until < today)
    await session.execute(update(thread_notice).where(thread_notice.c.reply_id.in_(replies)).values(reply_id=None))
    old = (reply_choice.c.school_id == school_id) & (reply_choice.c.asked_at < now - AFTER_THE_LINK)
    for table, gone in (
        (reply_attachment, reply_attachment.c.reply_id.in_(replies)),
        (reply_choice, reply_choice.c.reply_id.in_(replies) | old),
        (thread_read, thread_read.c.thread_id.in_(threads)),
        (thread_notice, thread_notice.c.thread_id.in_(threads)),
        (roll_mark, roll_mark.c.roll_id.in_(rolls)),
    ):
        await session.execute(delete(table).where(gone))


PURGED: frozenset[Table] = frozenset(
    {
        *(pupil, guardian, address, notice, planned_notice, staff, reply, thread, absence, roll, tray_item),
        *(stored_file, *PAPERS),
    }
)
"""Every table with a `keep_until`; a test holds this list against the registers."""
