"""A teacher opens appointments for a class, adds hours, writes down what a family says by telephone, cancels."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.classroom.classes import Classroom, enter, enter_to_write
from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.meetings.asked import before_its_plan
from hub.meetings.telling import Freed, invite, tell_cancelled, tell_who_waits, tell_who_waits_in_vain
from hub.meetings.times import Offer, check_offer, closing
from hub.meetings.withdrawing import Gone, leave_out, stop_telling_of
from hub.models.school import Role, School
from hub.notices.headlines import Reader
from hub.outbox.quiet import after_silence
from hub.people.links import holds_on
from hub.people.schools import school_key
from hub.ports import NoticeKind, Slots
from hub.routing import KEEP, day_at_school, lane_of
from hub.sealing import Keyring, Seal
from hub.tables import booking, insert_into, meeting_round, meeting_slot, staff, staff_right
from i18n.checks import TEXT_MAX
from i18n.slots import LINE_MAX

TITLE, TEXT, LINK = b"meeting_round.title", b"meeting_round.text", b"meeting_slot.link"


@dataclass(frozen=True, slots=True)
class RoundDraft:
    """Appointments for a class, clean. `teachers`: who offers these hours. `until`: the last day to choose."""

    class_id: int
    title: str
    offer: Offer
    teachers: tuple[int, ...]
    text: str = ""
    until: date | None = None
    tell: bool = True


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may offer hours to a class."""

    staff_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Opened:
    """What came of a press. `notice_id`: by which families were invited, if they were."""

    round_id: int
    notice_id: int | None = None
    times: int = field(default=0, kw_only=True)


async def open_round(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    reader: Reader,
    draft: RoundDraft,
    key: str,
    now: datetime,
) -> Opened:
    """Offer hours to the families of a class, and invite them in the same press; `key` names it: twice is once.

    Raises InvalidError, NotAllowedError, NotFoundError.
    """
    room = await enter_to_write(session, school_id=school.key, class_id=draft.class_id, reader=reader)
    check_words(draft.title, draft.text, key)
    times = check_offer(draft.offer, school.timezone, now)
    seal = await school_key(session, keyring, school.key)
    closes_at = closing(times[0][0], draft.until, school.timezone)
    if closes_at <= (after_silence(school, lane_of(NoticeKind.ANNOUNCEMENT), now) if draft.tell else now):
        raise InvalidError("Laissez aux familles le temps de choisir : donnez un jour à venir.", field="until")
    row = {
        "school_id": school.key,
        "class_id": room.class_id,
        "author_id": reader.staff_id,
        "key_name": key,
        "title_sealed": seal.close(draft.title.encode(), TITLE),
        "text_sealed": seal.close(draft.text.encode(), TEXT) if draft.text else None,
        "closes_at": closes_at,
        "made_at": now,
        "keep_until": max(draft.offer.day, now.date()) + KEEP,
    }
    made = insert_into(meeting_round, session).values(row).on_conflict_do_nothing().returning(meeting_round.c.id)
    round_id = (await session.execute(made)).scalar_one_or_none()
    if round_id is None:
        mine = and_(meeting_round.c.school_id == school.key, meeting_round.c.key_name == key)
        before = (await session.execute(select(meeting_round.c.id, meeting_round.c.notice_id).where(mine))).one()
        return Opened(before.id, before.notice_id)
    await _check_teachers(session, school.key, room, reader, draft.teachers)
    number = await _offer(session, seal, school.key, int(round_id), draft.offer, draft.teachers, times)
    notice_id = None
    if draft.tell:
        slots = Slots(
            phrase="appointments",
            subject=draft.title,
            text=draft.text or None,
            day=day_at_school(closes_at, school.timezone),
            language=school.language,
        )
        notice_id = await invite(
            session, keyring, school=school, author_id=reader.staff_id, round_id=int(round_id),
            key=f"rdv:{key}"[:64], slots=slots, now=now,
        )  # fmt: skip
    return Opened(int(round_id), notice_id, times=number)


async def add_hours(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    reader: Reader,
    round_id: int,
    offer: Offer,
    teachers: Sequence[int],
    now: datetime,
) -> int:
    """Offer more hours in a round; who waits is told. Gives how many. Raises as `open_round` does."""
    row, room = await enter_round(session, school_id=school.key, round_id=round_id, reader=reader)
    times = check_offer(offer, school.timezone, now)
    seal = await school_key(session, keyring, school.key)
    await _check_teachers(session, school.key, room, reader, teachers)
    number = await _offer(session, seal, school.key, round_id, offer, teachers, times)
    values = {
        "closes_at": max(row.closes_at, closing(times[0][0], None, school.timezone)),
        "keep_until": max(row.keep_until, offer.day + KEEP),
    }
    here = (meeting_round.c.school_id == school.key, meeting_round.c.id == round_id)
    await session.execute(update(meeting_round).where(*here).values(values))
    await tell_who_waits(session, keyring, Freed(round_id, times[0][0]), school=school, now=now)
    return number


async def cancel_hours(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    reader: Reader,
    round_id: int,
    slots: Collection[int],
    now: datetime,
) -> int:
    """Cancel hours of a round; whoever had one is told, and gives how many adults. Raises NotFoundError.

    Where none is left, so is whoever waits for one.
    """
    await enter_round(session, school_id=school.key, round_id=round_id, reader=reader)
    mine = and_(
        meeting_slot.c.school_id == school.key,
        meeting_slot.c.round_id == round_id,
        meeting_slot.c.id.in_(slots),
        meeting_slot.c.cancelled_at.is_(None),
    )
    asked = select(meeting_slot.c.id, meeting_slot.c.starts_at).where(mine)
    found = (await session.execute(asked.order_by(meeting_slot.c.id).with_for_update())).all()
    when = {row.id: row.starts_at for row in found}
    here = (booking.c.school_id == school.key, booking.c.slot_id.in_(list(when)), booking.c.cancelled_at.is_(None))
    gone = update(booking).where(*here).values(cancelled_at=now, sequence=booking.c.sequence + 1)
    rows = (await session.execute(gone.returning(booking.c.id, booking.c.slot_id, booking.c.sequence))).all()
    await session.execute(update(meeting_slot).where(mine).values(cancelled_at=now))
    over = Gone(round_id, frozenset(when.values()), tuple((row.id, row.sequence - 1) for row in rows))
    await stop_telling_of(session, school_id=school.key, gone=[over], now=now)
    await leave_out(session, keyring, school_id=school.key, slots=list(when), staff_id=reader.staff_id, now=now)
    if when:
        await tell_who_waits_in_vain(
            session, keyring, school=school, author_id=reader.staff_id, round_id=round_id, now=now
        )
    to_come = sorted((row.id, when[row.slot_id]) for row in rows if when[row.slot_id] > now)
    return await tell_cancelled(session, keyring, to_come, school=school, author_id=reader.staff_id, now=now)


async def enter_round(session: AsyncSession, *, school_id: int, round_id: int, reader: Reader) -> tuple[Any, Classroom]:
    """Give a round and its class to who may write there today. Raises NotFoundError, NotAllowedError."""
    here = and_(meeting_round.c.school_id == school_id, meeting_round.c.id == round_id)
    found = select(meeting_round, before_its_plan().label("wishes")).where(here)
    row = (await session.execute(found)).one_or_none()
    if row is None:
        raise NotFoundError("Ces rendez-vous n’existent pas.")
    return row, await enter(session, school_id=school_id, class_id=row.class_id, reader=reader)


async def colleagues(session: AsyncSession, *, school_id: int, class_id: int, reader: Reader) -> list[Colleague]:
    """List who may offer hours to a class: oneself; for the director and the office, all who teach it and lead."""
    if not reader.rights.whole_school:
        which = staff.c.id == reader.staff_id
    else:
        leads = and_(staff_right.c.class_id.is_(None), staff_right.c.role == Role.DIRECTOR)
        rights = select(staff_right.c.staff_id).where(
            staff_right.c.school_id == school_id,
            holds_on(staff_right, reader.day),
            or_(staff_right.c.class_id == class_id, leads),
        )
        which = staff.c.id.in_(rights)
    asked = select(staff.c.id, staff.c.name).where(staff.c.school_id == school_id, which, staff.c.name != "")
    return [Colleague(row.id, row.name) for row in await session.execute(asked.order_by(staff.c.name, staff.c.id))]


async def _check_teachers(
    session: AsyncSession, school_id: int, room: Classroom, reader: Reader, teachers: Sequence[int]
) -> None:
    """Refuse hours of nobody, or of somebody for whom this reader opens none."""
    if not teachers:
        raise InvalidError("Dites qui reçoit les familles.", field="teachers")
    known = await colleagues(session, school_id=school_id, class_id=room.class_id, reader=reader)
    if not set(teachers) <= {one.staff_id for one in known}:
        raise NotAllowedError("Vous n’ouvrez des rendez-vous que pour vous, ou pour qui enseigne dans cette classe.")


async def _offer(
    session: AsyncSession,
    seal: Seal,
    school_id: int,
    round_id: int,
    offer: Offer,
    teachers: Sequence[int],
    times: Sequence[tuple[datetime, datetime]],
) -> int:
    """Write the times down, unless one who offers them is somewhere else then."""
    await check_nowhere_else(session, school_id, teachers, times)
    link = seal.close(offer.link.encode(), LINK) if offer.link else None
    rows = [
        {
            "school_id": school_id,
            "round_id": round_id,
            "staff_id": staff_id,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "room": offer.room,
            "link_sealed": link,
        }
        for staff_id in dict.fromkeys(teachers)
        for starts_at, ends_at in times
    ]
    made = insert_into(meeting_slot, session).on_conflict_do_nothing().returning(meeting_slot.c.id)
    if len((await session.execute(made, rows)).all()) < len(rows):
        raise InvalidError(ELSEWHERE, field="day")
    return len(rows)


ELSEWHERE = "À ces heures il y a déjà des rendez-vous de la même personne : choisissez-en d’autres."


async def check_nowhere_else(
    session: AsyncSession, school_id: int, teachers: Sequence[int], times: Sequence[tuple[datetime, datetime]]
) -> None:
    """Refuse hours that overlap others of the same person; of two presses at once the second waits for the first."""
    theirs = select(staff.c.id).where(staff.c.school_id == school_id, staff.c.id.in_(teachers)).order_by(staff.c.id)
    await session.execute(theirs.with_for_update(key_share=True))
    near = select(meeting_slot.c.starts_at, meeting_slot.c.ends_at).where(
        meeting_slot.c.school_id == school_id,
        meeting_slot.c.staff_id.in_(teachers),
        meeting_slot.c.cancelled_at.is_(None),
        meeting_slot.c.starts_at < times[-1][1],
        meeting_slot.c.ends_at > times[0][0],
    )
    for row in await session.execute(near):
        if any(row.starts_at < ends and row.ends_at > starts for starts, ends in times):
            raise InvalidError(ELSEWHERE, field="day")


def check_words(title: str, text: str, key: str) -> None:
    """Refuse what families could not read, and a press without a name. Raises InvalidError."""
    if not any(map(str.isalnum, title)):
        raise InvalidError("Donnez un titre : c’est ce que les familles lisent d’abord.", field="title")
    if len(title) > LINE_MAX:
        raise InvalidError("Le titre compte 150 signes au plus.", field="title")
    if len(text) > TEXT_MAX:
        raise InvalidError("Le texte est trop long : 4 000 signes au plus.", field="text")
    if not 0 < len(key) <= 60:
        raise InvalidError("La clé d’un envoi compte de 1 à 60 signes.", field="key")
