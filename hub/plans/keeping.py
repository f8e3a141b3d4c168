"""A plan is pressed, changed, moved, cancelled: whoever may press it as a notice may press it for later.

Whom it is for is only read here to be refused in time; who is told is asked again when it leaves.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from secrets import token_hex
from typing import Any

import orjson
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.agenda.reading import year_ends
from hub.errors import InvalidError
from hub.models.planned import Fired, PlanState
from hub.models.school import School
from hub.notices.headlines import Reader
from hub.notices.publish import Draft, allowed_audience, check_draft
from hub.outbox.quiet import check_in_time
from hub.people.noting import note
from hub.plans.asked import one_plan
from hub.plans.moments import Rhythm, check_near, check_plannable, check_rhythm, coming, next_besides, next_look
from hub.plans.reading import SLOTS, Planned, one, read_plan, require_change, school_open
from hub.ports import NoticeKind, Slots
from hub.routing import KEEP, day_at_school
from hub.sealing import Keyring
from hub.tables import data_key, insert_into, planned_firing, planned_notice


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """What somebody presses for later. `key` names the press: the same key again gives the same plan back."""

    kind: NoticeKind
    audience: str
    slots: Slots
    rhythm: Rhythm
    key: str = field(default_factory=lambda: token_hex(16))


@dataclass(frozen=True, slots=True)
class Checked:
    """A draft that may be kept: its rhythm with its end, its next moments, the first of them."""

    rhythm: Rhythm
    next: tuple[datetime, ...]
    next_at: datetime


class ChangedMeanwhileError(InvalidError):
    """Somebody else changed the plan since it was read."""

    def __init__(self) -> None:
        super().__init__(
            "Quelqu’un d’autre a changé cet avis prévu pendant que vous écriviez : regardez ce qu’il dit maintenant, "
            "puis relisez et gardez votre version si elle doit la remplacer.",
            field="when",
        )


async def check(
    session: AsyncSession, *, school: School, author_id: int, draft: PlanDraft, now: datetime, most: int = 3
) -> Checked:
    """Say when a plan would leave. Raises InvalidError, NotAllowedError, as the press itself would."""
    today, rhythm = day_at_school(now, school.timezone), draft.rhythm
    notice = Draft(draft.kind, draft.audience, draft.slots, key=draft.key)
    check_draft(notice)
    check_near(rhythm.starts_on, today)
    check_plannable(draft.kind, draft.slots, rhythm, school.timezone)
    ends = await year_ends(session, school_id=school.key, day=max(rhythm.starts_on, today))
    if rhythm.repeats and rhythm.until is None:
        rhythm = replace(rhythm, until=ends)
    check_rhythm(rhythm, now=now, year_ends=ends, timezone=school.timezone)
    await allowed_audience(session, school.key, author_id, notice, day=today)
    soon = coming(rhythm, now, school.timezone, most, is_open=await school_open(session, school, today))
    next_at = next_look(rhythm, now, school.timezone)
    if not soon or next_at is None:
        raise InvalidError(
            "Rien ne partirait : aucun de ces jours n’est un jour de classe jusque-là.", field="weekdays"
        )
    if draft.kind is NoticeKind.MEETING:
        check_in_time(school, draft.slots.starts_at, soon[0])
    return Checked(rhythm, soon, next_at)


async def keep(
    session: AsyncSession, keyring: Keyring, *, school: School, author_id: int, draft: PlanDraft, now: datetime
) -> int:
    """Press a plan; gives its number. Raises what `check` raises; nothing is kept then."""
    checked = await check(session, school=school, author_id=author_id, draft=draft, now=now)
    before = select(planned_notice.c.id).where(
        planned_notice.c.school_id == school.key, planned_notice.c.key_name == draft.key
    )
    found = (await session.execute(before)).scalar_one_or_none()
    if found is not None:
        await _refuse_other_words(session, keyring, school.key, int(found), replace(draft, rhythm=checked.rhythm))
        return int(found)
    wrapped, master_version, seal = keyring.new_key()
    locked = {"school_id": school.key, "subject": "plan", "wrapped": wrapped, "master_version": master_version}
    key_id = (await session.execute(insert(data_key).values(locked).returning(data_key.c.id))).scalar_one()
    row = {
        "school_id": school.key,
        "data_key_id": key_id,
        "key_name": draft.key,
        "kind": draft.kind,
        "state": PlanState.WAITING,
        "author_id": author_id,
        "audience": draft.audience.strip(),
        "slots_sealed": seal.close(orjson.dumps(draft.slots), SLOTS),
        "version": 1,
        "made_at": now,
        "changed_at": now,
        **_timed(checked.rhythm, checked.next_at),
    }
    made = insert_into(planned_notice, session).values(row).on_conflict_do_nothing().returning(planned_notice.c.id)
    plan_id = (await session.execute(made)).scalar_one_or_none()
    if plan_id is None:  # pressed twice in the same moment
        plan_id = (await session.execute(before)).scalar_one()
    return int(plan_id)


async def change(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    reader: Reader,
    plan_id: int,
    version: int,
    draft: PlanDraft,
    now: datetime,
) -> None:
    """Put another version in the place of one that has not left. The author stays, and must have the right to it.

    Raises what `check` raises, and ChangedMeanwhileError when this is not the version that was read.
    """
    seen = await _changeable(session, keyring, school, reader, plan_id, now)
    checked = await check(session, school=school, author_id=seen.says.author_id, draft=draft, now=now)
    found = select(data_key.c.wrapped, data_key.c.master_version).where(
        data_key.c.school_id == school.key,
        data_key.c.id.in_(select(planned_notice.c.data_key_id).where(planned_notice.c.id == plan_id)),
    )
    wrapped, master_version = (await session.execute(found)).one()
    values = {
        "kind": draft.kind,
        "audience": draft.audience.strip(),
        "slots_sealed": keyring.seal(wrapped, master_version).close(orjson.dumps(draft.slots), SLOTS),
        **_timed(checked.rhythm, checked.next_at),
    }
    await _write(session, school.key, reader, plan_id, version, values, now=now)


async def move(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    reader: Reader,
    plan_id: int,
    version: int,
    at: time,
    day: date | None,
    now: datetime,
) -> None:
    """Let it leave at another hour, not twice on a day; what leaves once, on another day. Raises as `change` does."""
    seen = await _changeable(session, keyring, school, reader, plan_id, now)
    rhythm = replace(seen.rhythm, at=at)
    if not rhythm.repeats and day is not None:
        rhythm = replace(rhythm, starts_on=day)
    draft = PlanDraft(seen.says.kind, seen.says.audience, seen.says.slots, rhythm)
    checked = await check(session, school=school, author_id=seen.says.author_id, draft=draft, now=now)
    left = {day_at_school(one.due_at, school.timezone) for one in seen.firings if one.outcome is Fired.LEFT}
    values = _timed(checked.rhythm, next_besides(left, checked.rhythm, now, school.timezone))
    await _write(session, school.key, reader, plan_id, version, values, now=now)


async def cancel(
    session: AsyncSession, keyring: Keyring, *, school: School, reader: Reader, plan_id: int, now: datetime
) -> None:
    """Let nothing of it leave any more; twice changes nothing. Raises InvalidError when it is over already."""
    seen = await one(session, keyring, school=school, reader=reader, plan_id=plan_id, now=now)
    require_change(reader, seen)
    done = await session.execute(
        update(planned_notice)
        .where(
            planned_notice.c.school_id == school.key,
            planned_notice.c.id == plan_id,
            planned_notice.c.state == PlanState.WAITING,
        )
        .values(state=PlanState.CANCELLED, next_at=None, changed_at=now, version=planned_notice.c.version + 1)
        .returning(planned_notice.c.id)
    )
    if done.scalar_one_or_none() is not None:
        await note(session, school.key, reader.staff_id, "plan_cancelled", ("plan", plan_id), now)
    elif seen.state is not PlanState.CANCELLED:
        raise InvalidError("Cet avis n’attend plus : s’il est parti, c’est sur son suivi qu’on l’arrête.", field="when")


async def take_note(
    session: AsyncSession, keyring: Keyring, *, school: School, reader: Reader, plan_id: int, now: datetime
) -> None:
    """Say that somebody has seen what did not leave; it stands on no first page any more."""
    seen = await one(session, keyring, school=school, reader=reader, plan_id=plan_id, now=now)
    require_change(reader, seen)
    await session.execute(
        update(planned_firing)
        .where(
            planned_firing.c.school_id == school.key,
            planned_firing.c.planned_id == plan_id,
            planned_firing.c.outcome != Fired.LEFT,
            planned_firing.c.seen_at.is_(None),
        )
        .values(seen_at=now)
    )


async def planned_before(session: AsyncSession, *, school_id: int, key: str) -> bool:
    """Whether a sheet has been pressed for later, and waits."""
    mine = (planned_notice.c.school_id == school_id, planned_notice.c.key_name == key)
    asked = select(planned_notice.c.id).where(*mine, planned_notice.c.state == PlanState.WAITING)
    return (await session.execute(asked)).scalar_one_or_none() is not None


async def _refuse_other_words(
    session: AsyncSession, keyring: Keyring, school_id: int, plan_id: int, draft: PlanDraft
) -> None:
    """Refuse to take a sheet that says something else for the one that was pressed: its words would be lost."""
    row = (await session.execute(one_plan(), {"school": school_id, "plan": plan_id})).one_or_none()
    before = read_plan(row, keyring) if row is not None else None
    if before is None or (before.says.kind, before.says.audience, before.says.slots, before.rhythm) != (
        draft.kind,
        draft.audience.strip(),
        draft.slots,
        draft.rhythm,
    ):
        raise InvalidError(
            "Un autre avis est déjà prévu de cette feuille : changez-le parmi les avis prévus, ou écrivez celui-ci "
            "sur une nouvelle feuille.",
            field="when",
        )


async def _changeable(
    session: AsyncSession, keyring: Keyring, school: School, reader: Reader, plan_id: int, now: datetime
) -> Planned:
    """Read a plan that waits. One whose moment has come is not taken from under the clock: it leaves first."""
    seen = await one(session, keyring, school=school, reader=reader, plan_id=plan_id, now=now)
    require_change(reader, seen)
    if seen.state is not PlanState.WAITING:
        raise InvalidError("Cet avis n’attend plus : il est parti, fini ou annulé. Écrivez-en un autre.", field="when")
    if seen.next_at is not None and seen.next_at <= now:
        raise InvalidError("Cet avis part en ce moment même : relisez dans une minute.", field="when")
    return seen


def _timed(rhythm: Rhythm, next_at: datetime) -> dict[str, Any]:
    return {
        "starts_on": rhythm.starts_on,
        "at": rhythm.at,
        "weekdays": ",".join(str(day) for day in sorted(rhythm.weekdays)) or None,
        "every": rhythm.every,
        "until": rhythm.until,
        "in_term": rhythm.in_term,
        "next_at": next_at,
        "keep_until": (rhythm.until or rhythm.starts_on) + KEEP,
    }


async def _write(
    session: AsyncSession,
    school_id: int,
    reader: Reader,
    plan_id: int,
    version: int,
    values: dict[str, Any],
    *,
    now: datetime,
) -> None:
    """Write a new version over the one that was read; nothing where another has been written, or the clock struck."""
    done = await session.execute(
        update(planned_notice)
        .where(
            planned_notice.c.school_id == school_id,
            planned_notice.c.id == plan_id,
            planned_notice.c.version == version,
            planned_notice.c.state == PlanState.WAITING,
            planned_notice.c.next_at > now,
        )
        .values(**values, version=version + 1, changed_at=now)
        .returning(planned_notice.c.id)
    )
    if done.scalar_one_or_none() is None:
        raise ChangedMeanwhileError
    await note(session, school_id, reader.staff_id, "plan_changed", ("plan", plan_id), now)
