"""What becomes of an absence: explained, alarmed, found, handed on; each case has an owner and an end."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.absences.arrivals import end_as_found
from hub.absences.asked import REASONS, enrolled
from hub.absences.chasing import NEWS_FOR, end_chasing
from hub.absences.missing import Case, alert, keep_to_ourselves, kept_until, open_lately
from hub.absences.rights import own_case, require_class, require_pupils
from hub.absences.watch import on_watch
from hub.errors import InvalidError
from hub.models.answers import AnswerKind
from hub.models.rolls import AbsenceState
from hub.models.school import School
from hub.notices.headlines import Reader
from hub.people.links import told_about
from hub.people.noting import note
from hub.ports import HalfDay
from hub.routing import SUNDAY, check_absent_on
from hub.sealing import Keyring
from hub.tables import absence

Within = AsyncConnection | AsyncSession
TYPED = ("phone", "gate", "note", "voicemail")
"""Ways by which the office hears of an absence, and types it in."""
_ENDED = "Cette absence est déjà close."


async def answered(
    connection: Within,
    *,
    school_id: int,
    notice_id: int,
    pupils: Sequence[int],
    kind: AnswerKind,
    guardian_id: int | None,
    through: str,
    now: datetime,
) -> None:
    """Feel what a family answered to an absence alert, for each of these pupils.

    Any reason explains the case, and nobody else is asked any more. A child who should be at school alarms whoever is
    on watch, also after another adult explained; and after an alarm a reason is shown beside it, but only a person of
    the school ends it. The first reason stands; who gave it may change it. Harmless to repeat.
    What answers a second alert about a child, pressed by hand, is felt in the case of the first.
    """
    await keep_to_ourselves(connection, school_id, pupils)
    asked = select(absence).where(
        absence.c.school_id == school_id, absence.c.notice_id == notice_id, absence.c.pupil_id.in_(pupils)
    )
    rows = list((await connection.execute(asked.order_by(absence.c.id).with_for_update())).all())
    second = set(pupils) - {row.pupil_id for row in rows}
    if second:
        rows += await open_lately(connection, school_id, second, since=now - NEWS_FOR)
    if kind is AnswerKind.SHOULD_BE_HERE:
        await _alarm(connection, school_id, [row for row in rows if row.state is not AbsenceState.FOUND], now)
    elif kind in REASONS:
        ended = await _explain(connection, rows, _said(kind, guardian_id, None, through), now)
        if ended or second:
            await end_chasing(connection, school_id=school_id, notices=sorted({notice_id, *ended}), now=now)


async def told_before(
    connection: Within,
    *,
    school_id: int,
    pupils: Sequence[int],
    day: date,
    half_day: HalfDay,
    reason: AnswerKind,
    guardian_id: int | None,
    typed_by: int | None,
    through: str,
    now: datetime,
) -> None:
    """Write down an absence that was said before any alert, or in another way than by answering it.

    What a case covers already is explained, the rest becomes explained cases: no alert will leave. Of an adult, only
    pupils of whom he or she is told on that day count. A Sunday is no school day: nothing is written. `typed_by`: a
    member of staff says so, which also ends an alarm.
    """
    wanted = frozenset(pupils)
    if guardian_id is not None:
        told = told_about(school_id, day).subquery("told")
        theirs = select(told.c.pupil_id).where(told.c.guardian_id == guardian_id, told.c.pupil_id.in_(wanted))
        wanted = frozenset((await connection.execute(theirs)).scalars())
    if not wanted or day.weekday() == SUNDAY:
        return
    await keep_to_ourselves(connection, school_id, wanted)
    asked = select(absence).where(
        absence.c.school_id == school_id, absence.c.day == day, absence.c.pupil_id.in_(wanted)
    )
    rows = (await connection.execute(asked.order_by(absence.c.id).with_for_update())).all()
    said = _said(reason, guardian_id, typed_by, through)
    covered = [row for row in rows if half_day in (row.half_day, HalfDay.DAY) or row.half_day is HalfDay.DAY]
    notices = await _explain(connection, covered, said, now)
    if notices:
        await end_chasing(connection, school_id=school_id, notices=notices, calls=typed_by is not None, now=now)
    fresh = []
    for number in sorted(wanted):
        left = _left(half_day, {row.half_day for row in rows if row.pupil_id == number})
        fresh += [{"pupil_id": number, "half_day": left}] if left else []
    if fresh:
        ended = {"state": AbsenceState.EXPLAINED, "opened_at": now, "closed_at": now}
        same = {"school_id": school_id, "day": day, "keep_until": kept_until(school_id, day), **ended, **said}
        await connection.execute(insert(absence).values([{**same, **each} for each in fresh]))


async def type_in(
    session: AsyncSession,
    *,
    school: School,
    pupils: Sequence[int],
    day: date,
    half_day: HalfDay,
    reason: AnswerKind,
    through: str,
    reader: Reader,
    guardian_id: int | None = None,
    now: datetime,
) -> None:
    """Type in what came by phone, at the gate, on a note or the answering machine (`TYPED`).

    It also ends a case that is open, an alarm included: a person of the school says so. Raises InvalidError,
    NotFoundError, NotAllowedError.
    """
    if reason not in REASONS:
        raise InvalidError("Choisissez un motif.", field="reason")
    if through not in TYPED:
        raise InvalidError("Dites par où c’est arrivé : téléphone, portail, mot ou répondeur.", field="through")
    check_absent_on(day, reader.day)
    await require_pupils(session, school.key, frozenset(pupils), reader)
    await told_before(
        session,
        school_id=school.key,
        pupils=pupils,
        day=day,
        half_day=half_day,
        reason=reason,
        guardian_id=guardian_id,
        typed_by=reader.staff_id,
        through=through,
        now=now,
    )


async def found(
    session: AsyncSession, keyring: Keyring, *, school: School, absence_id: int, reader: Reader, now: datetime
) -> None:
    """The child is found: alarm and calls end, what has not left is stopped, all who had the alert are told.

    Harmless to repeat. Raises NotFoundError, NotAllowedError.
    """
    row = await own_case(session, school.key, absence_id, reader)
    if row.state is AbsenceState.FOUND:
        return
    await end_as_found(session, keyring, school=school, cases=[row], reader=reader, now=now)
    await note(session, school.key, reader.staff_id, "absence_found", ("absence", absence_id), now)


async def hand_on(session: AsyncSession, *, school: School, absence_id: int, reader: Reader, now: datetime) -> None:
    """Hand an open case on, to the director, the police or the State; what is on its way to the family goes on.

    Raises NotFoundError, NotAllowedError, InvalidError when it is closed.
    """
    await _own_open(session, school, absence_id, reader)
    await _set(session, school.key, absence_id, state=AbsenceState.HANDED_ON, closed_at=now)
    await note(session, school.key, reader.staff_id, "absence_handed_on", ("absence", absence_id), now)


async def take(session: AsyncSession, *, school: School, absence_id: int, reader: Reader, now: datetime) -> None:
    """Take an open case, also from whoever has it. Raises as `hand_on` does."""
    row = await _own_open(session, school, absence_id, reader)
    if row.owner_id != reader.staff_id:
        await _set(session, school.key, absence_id, owner_id=reader.staff_id)
        await note(session, school.key, reader.staff_id, "absence_taken", ("absence", absence_id), now)


async def give_back(session: AsyncSession, *, school: School, absence_id: int, reader: Reader, now: datetime) -> None:
    """Leave one's own case to somebody else. Raises as `hand_on` does."""
    row = await _own_open(session, school, absence_id, reader)
    if row.owner_id != reader.staff_id:
        raise InvalidError("Cette absence n’est pas entre vos mains.")
    await _set(session, school.key, absence_id, owner_id=None)
    await note(session, school.key, reader.staff_id, "absence_given_back", ("absence", absence_id), now)


async def alert_now(
    session: AsyncSession, keyring: Keyring, *, school: School, absence_id: int, reader: Reader, now: datetime
) -> bool:
    """Alert the family of an open case that has no alert, at once: a person asks. False: there is nobody to tell.

    Raises as `hand_on` does.
    """
    row = await _own_open(session, school, absence_id, reader)
    if row.notice_id is not None:
        return True
    cases = [Case(row.id, row.pupil_id)]
    done = await alert(
        session, keyring, school, cases, day=row.day, half_day=row.half_day, reader=reader, due=now, now=now
    )
    await note(session, school.key, reader.staff_id, "absence_alerted", ("absence", absence_id), now)
    return bool(done)


async def alert_class(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    class_id: int,
    day: date,
    half_day: HalfDay,
    reader: Reader,
    now: datetime,
) -> int:
    """Do as `alert_now` for every open case of a class's late roll; gives how many alerts leave.

    Raises NotAllowedError.
    """
    require_class(reader, class_id)
    rows = await session.execute(
        select(absence)
        .where(
            absence.c.school_id == school.key,
            absence.c.day == day,
            absence.c.half_day == half_day,
            absence.c.pupil_id.in_(enrolled(class_id, day)),
            absence.c.state == AbsenceState.OPEN,
            absence.c.notice_id.is_(None),
        )
        .order_by(absence.c.id)
        .with_for_update()
    )
    cases = [Case(row.id, row.pupil_id) for row in rows]
    return await alert(session, keyring, school, cases, day=day, half_day=half_day, reader=reader, due=now, now=now)


def _said(reason: AnswerKind, told_by: int | None, typed_by: int | None, through: str) -> dict[str, Any]:
    return {"reason": reason, "told_by": told_by, "typed_by": typed_by, "through": through}


async def _explain(connection: Within, rows: Sequence[Row[Any]], said: dict[str, Any], now: datetime) -> list[int]:
    """Write a reason into cases, and close those that may be; gives the alerts that it ends.

    A person of the school may put right what an adult said; it stays what that adult said.
    """
    by_person = said["typed_by"] is not None
    for row in rows:
        mine = row.typed_by is None and row.told_by == said["told_by"]
        values = dict(said) if row.reason is None or by_person or mine else {}
        if by_person and row.reason is not None and row.through not in TYPED:
            values = {"reason": said["reason"], "typed_by": said["typed_by"]}
        closes = row.state is AbsenceState.OPEN and (row.alarmed_at is None or by_person)
        if closes:
            values |= {"state": AbsenceState.EXPLAINED, "closed_at": now}
        if values:
            await connection.execute(update(absence).where(absence.c.id == row.id).values(**values))
    ended = {row.notice_id for row in rows if row.state is AbsenceState.OPEN and (row.alarmed_at is None or by_person)}
    return sorted(ended - {None})


async def _alarm(connection: Within, school_id: int, rows: Sequence[Row[Any]], now: datetime) -> None:
    owner = await on_watch(connection, school_id=school_id, now=now) if rows else None
    for row in rows:
        values = {
            "state": AbsenceState.OPEN,
            "closed_at": None,
            "alarmed_at": row.alarmed_at or now,
            "owner_id": row.owner_id if row.alarmed_at else owner or row.owner_id,
        }
        await connection.execute(update(absence).where(absence.c.id == row.id).values(**values))


def _left(wanted: HalfDay, has: set[HalfDay]) -> HalfDay | None:
    """Say which part of what was said no case covers yet."""
    if HalfDay.DAY in has or wanted in has:
        return None
    if wanted is not HalfDay.DAY or not has:
        return wanted
    left = {HalfDay.MORNING, HalfDay.AFTERNOON} - has
    return next(iter(left), None)


async def _own_open(session: AsyncSession, school: School, absence_id: int, reader: Reader) -> Row[Any]:
    row = await own_case(session, school.key, absence_id, reader)
    if row.state is not AbsenceState.OPEN:
        raise InvalidError(_ENDED)
    return row


async def _set(session: AsyncSession, school_id: int, absence_id: int, **values: object) -> None:
    await session.execute(
        update(absence).where(absence.c.school_id == school_id, absence.c.id == absence_id).values(**values)
    )
