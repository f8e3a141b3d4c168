"""An evening does not take place: all of its hours go, and everybody who was asked hears it once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.evenings import asked
from hub.evenings.adopting import choose_key
from hub.evenings.opening import read_evening, require_whole_school
from hub.meetings.asking_again import evening_key
from hub.meetings.withdrawing import Gone, stop_telling_of
from hub.models.notices import DeliveryState
from hub.models.school import School
from hub.notices.audience import Audience, members
from hub.notices.cancelling import stop_waiting
from hub.notices.headlines import Reader
from hub.notices.publish import AUDIENCE_MAX, Draft, tell
from hub.outbox.quiet import comes_too_late, heard_at
from hub.ports import NoticeKind, Slots
from hub.routing import day_at_school
from hub.sealing import Keyring
from hub.tables import attempt, booking, class_group, copy, delivery, evening_round, evening_wish, meeting_slot, notice


async def cancel_evening(
    session: AsyncSession, keyring: Keyring, *, school: School, evening_id: int, reader: Reader, now: datetime
) -> int:
    """Cancel the hours to come of all its classes, and tell their families; gives how many hours went.

    What waits to be told of them is stopped. Where nobody has heard of the evening yet, nobody hears that it is
    cancelled. Pressed again it does nothing. Raises NotAllowedError, NotFoundError.
    """
    require_whole_school(reader)
    row = await read_evening(session, school_id=school.key, evening_id=evening_id, lock=True)
    rounds = (await session.execute(asked.rounds(), {"school": school.key, "evening": evening_id})).all()
    hours = await _cancel_hours(session, school.key, [one.id for one in rounds], now)
    if not hours:
        return 0
    its = select(evening_wish.c.notice_id).where(
        evening_wish.c.school_id == school.key,
        evening_wish.c.evening_id == evening_id,
        evening_wish.c.notice_id.is_not(None),
    )
    keys = (choose_key(evening_id), evening_key(evening_id))
    which = or_(notice.c.id == row.notice_id, notice.c.id.in_(its), notice.c.key_name.in_(keys))
    await stop_waiting(session, school_id=school.key, which=which, now=now)
    if await _is_known(session, school.key, row):  # asked last: what is on its way now has left, or leaves no more
        await _tell(session, keyring, school, row, rounds, hours, reader, now, first=hours[0].id)
    return len(hours)


async def tell_if_none_is_left(
    session: AsyncSession, keyring: Keyring, *, school: School, round_id: int, reader: Reader, now: datetime
) -> bool:
    """Tell the class of a round that nobody receives it any more, when its last hour of an evening went at `now`.

    Only before the plan: after it, whoever had an hour has heard of each. Where the hours went before, it was told
    then. Gives whether it is told. Asks for no right: the caller has.
    """
    its = and_(evening_round.c.school_id == school.key, evening_round.c.round_id == round_id)
    evening_id = await session.scalar(select(evening_round.c.evening_id).where(its))
    if evening_id is None:
        return False
    row = await read_evening(session, school_id=school.key, evening_id=evening_id, lock=True)
    rounds = (await session.execute(asked.rounds(), {"school": school.key, "evening": evening_id})).all()
    here = (meeting_slot.c.school_id == school.key, meeting_slot.c.starts_at > now)
    found = select(
        meeting_slot.c.id, meeting_slot.c.starts_at, meeting_slot.c.round_id, meeting_slot.c.cancelled_at
    ).where(*here, meeting_slot.c.round_id.in_([one.id for one in rounds]))
    hours = (await session.execute(found.order_by(meeting_slot.c.id))).all()
    mine = [one for one in hours if one.round_id == round_id]
    went = [one for one in mine if one.cancelled_at == now]
    if row.adopted_at is not None or not went or any(one.cancelled_at is None for one in mine):
        return False
    if all(one.cancelled_at is not None for one in hours):
        which = or_(notice.c.id == row.notice_id, notice.c.key_name == evening_key(evening_id))
        await stop_waiting(session, school_id=school.key, which=which, now=now)
    if await _is_known(session, school.key, row):
        await _tell(session, keyring, school, row, rounds, mine, reader, now, first=went[0].id)
    return True


async def _cancel_hours(session: AsyncSession, school_id: int, rounds: Sequence[int], now: datetime) -> Sequence[Any]:
    """Cancel the hours to come of these rounds, and their appointments; gives them: id, starts_at, round_id."""
    mine = (
        meeting_slot.c.school_id == school_id,
        meeting_slot.c.round_id.in_(rounds),
        meeting_slot.c.cancelled_at.is_(None),
        meeting_slot.c.starts_at > now,
    )
    times = select(meeting_slot.c.id, meeting_slot.c.starts_at, meeting_slot.c.round_id).where(*mine)
    hours = (await session.execute(times.order_by(meeting_slot.c.id).with_for_update())).all()
    if not hours:
        return ()
    had = (booking.c.school_id == school_id, booking.c.slot_id.in_([hour.id for hour in hours]))
    ended = {"cancelled_at": now, "sequence": booking.c.sequence + 1}
    gone = update(booking).where(*had, booking.c.cancelled_at.is_(None)).values(ended)
    rows = (await session.execute(gone.returning(booking.c.id, booking.c.round_id, booking.c.sequence))).all()
    its = (meeting_slot.c.school_id == school_id, meeting_slot.c.id.in_([hour.id for hour in hours]))
    await session.execute(update(meeting_slot).where(*its).values(cancelled_at=now))
    over = [
        Gone(number, frozenset(), tuple((one.id, one.sequence - 1) for one in rows if one.round_id == number))
        for number in rounds
    ]
    await stop_telling_of(session, school_id=school_id, gone=over, now=now)
    return hours


async def _is_known(session: AsyncSession, school_id: int, evening: Row[Any]) -> bool:
    """Whether anybody has heard of an evening: its invitation has left, or was read out, or somebody has answered."""
    left = (
        select(attempt.c.id)
        .join(copy, copy.c.id == attempt.c.copy_id)
        .where(copy.c.school_id == school_id, copy.c.notice_id == evening.notice_id, attempt.c.sending_at.is_not(None))
    )
    told = select(delivery.c.id).where(
        delivery.c.school_id == school_id,
        delivery.c.notice_id == evening.notice_id,
        delivery.c.state.in_((DeliveryState.TOLD, DeliveryState.ACKNOWLEDGED)),
    )
    said = select(evening_wish.c.id).where(
        evening_wish.c.school_id == school_id, evening_wish.c.evening_id == evening.id
    )
    return bool(await session.scalar(select(or_(left.exists(), told.exists(), said.exists()))))


async def _tell(
    session: AsyncSession,
    keyring: Keyring,
    school: School,
    evening: Row[Any],
    rounds: Sequence[Any],
    gone: Sequence[Any],
    reader: Reader,
    now: datetime,
    *,
    first: int,
) -> None:
    """Tell the families of the classes whose hours are gone; `first`, of those that went now, names the press.

    Those at once who would hear it too late, for it is quiet there until then.
    """
    hours, these = sorted(one.starts_at for one in gone), {one.round_id for one in gone}
    classes = [one.class_id for one in rounds if one.id in these]
    labels = await session.scalars(
        select(class_group.c.label).where(class_group.c.school_id == school.key, class_group.c.id.in_(classes))
    )
    days = {day_at_school(hour, school.timezone): (hour, "") for hour in hours}
    draft = Draft(
        NoticeKind.ANNOUNCEMENT,
        f"class:{','.join(sorted(labels))}"[:AUDIENCE_MAX],
        Slots(phrase="evening_cancelled", hours=tuple(days.values()), language=school.language),
        key=f"sans-soir:{evening.id}-{first}",
        until=hours[-1] + timedelta(hours=1),
    )
    who = members(school.key, Audience(classes=frozenset(classes)), reader.day)
    heard = await heard_at(session, school=school, who=who, now=now)
    adults = set((await session.execute(select(who.subquery("asked").c.guardian_id))).scalars())
    late = [one for one in adults if comes_too_late(heard(one), hours[0])]
    told = who.subquery("told")
    pairs = select(told.c.guardian_id, told.c.pupil_id)
    soon = replace(draft, key=f"{draft.key}:tot", at_once=True)
    for one, which in ((soon, told.c.guardian_id.in_(late)), (draft, told.c.guardian_id.not_in(late))):
        if late if one.at_once else len(late) < len(adults):
            await tell(
                session, keyring, school=school, author_id=evening.author_id, draft=one, who=pairs.where(which), now=now
            )
