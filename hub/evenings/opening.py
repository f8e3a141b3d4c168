"""The director opens an evening: hours in several classes at once, and families are asked when they can come."""

import secrets
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.classroom.classes import classes_today
from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.evenings import asked
from hub.meetings.rounds import ELSEWHERE, TEXT, TITLE, check_nowhere_else, check_words
from hub.meetings.times import ROOM_MAX, Offer, check_offer, closing
from hub.models.school import School
from hub.notices.audience import Audience, is_to_many, members
from hub.notices.headlines import Reader
from hub.notices.publish import AUDIENCE_MAX, Draft, tell
from hub.outbox.quiet import after_silence
from hub.people.schools import school_key
from hub.ports import NoticeKind, Slots
from hub.routing import KEEP, day_at_school, lane_of, leaves_at
from hub.sealing import Keyring, Seal
from hub.tables import evening_round, insert_into, meeting_evening, meeting_round, meeting_slot

EVENING_TITLE = b"meeting_evening.title"
"""What the title of an evening is sealed as."""
DAYS = 5
"""Evenings that are planned together at most."""


TO_PLAN = timedelta(days=3)
"""How long before the first evening wishes end, unless a day is named: a plan is read, adopted, and told."""


@dataclass(frozen=True, slots=True)
class Receives:
    """Who receives the families of a class, and where. Who receives in several offers their hours in turn."""

    class_id: int
    staff_id: int
    room: str = ""


@dataclass(frozen=True, slots=True)
class EveningDraft:
    """An evening as it was filled in, clean. `offer`: the hours of each of `days`. `until`: the last day for wishes."""

    title: str
    text: str
    offer: Offer
    days: tuple[date, ...]
    receive: tuple[Receives, ...]
    until: date | None = None


@dataclass(frozen=True, slots=True)
class MayReceive:
    """Who may receive families in a class, the usual one first: (id, name) of each."""

    class_id: int
    label: str
    who: tuple[tuple[int, str], ...]


async def may_receive(session: AsyncSession, *, school_id: int, reader: Reader) -> tuple[MayReceive, ...]:
    """List the classes of today, and who may receive families in each. Raises NotAllowedError."""
    require_whole_school(reader)
    rows = (await session.execute(asked.receivers(), {"school": school_id, "day": reader.day})).all()
    leads = [(row.id, row.name) for row in rows if row.class_id is None]
    return tuple(
        MayReceive(
            one.class_id,
            one.label,
            tuple(dict.fromkeys([*((row.id, row.name) for row in rows if row.class_id == one.class_id), *leads])),
        )
        for one in await classes_today(session, school_id=school_id, reader=reader)
    )


async def open_evening(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    reader: Reader,
    draft: EveningDraft,
    key: str,
    now: datetime,
) -> int:
    """Open hours in all these classes, and ask their families when they can come; gives the evening.

    `key` names the press: twice is once. Raises InvalidError, NotAllowedError.
    """
    known = {one.class_id: one for one in await may_receive(session, school_id=school.key, reader=reader)}
    check_words(draft.title, draft.text, key)
    _check_receivers(draft, known)
    times = _times(draft, school.timezone, now)
    early = min(draft.days) - TO_PLAN
    leaves = after_silence(school, lane_of(NoticeKind.ANNOUNCEMENT), now)
    in_time = early >= day_at_school(leaves, school.timezone)
    closes_at = closing(times[0][0], draft.until or (early if in_time else None), school.timezone)
    if closes_at <= leaves:
        raise InvalidError("Laissez aux familles le temps de répondre : donnez un jour à venir.", field="until")
    seal = await school_key(session, keyring, school.key)
    evening_id, fresh = await _written(session, seal, school, reader, draft, closes_at, key, now)
    if not fresh:
        return evening_id
    await check_nowhere_else(session, school.key, [one.staff_id for one in draft.receive], times)
    rounds = await _rounds(session, seal, school, reader, draft, evening_id, times, now)
    await _slots(session, school.key, draft, rounds, times)
    labels = ",".join(known[class_id].label for class_id in rounds)
    slots = Slots(
        phrase="evening_wishes",
        subject=draft.title,
        text=draft.text or None,
        day=day_at_school(closes_at, school.timezone),
        language=school.language,
    )
    many = await is_for_many(session, school_id=school.key, classes=rounds, day=reader.day)
    due = leaves_at(NoticeKind.ANNOUNCEMENT, slots, many=many, asked=None, now=now)
    audience, name = f"class:{labels}"[:AUDIENCE_MAX], f"soir:{key}"[:64]
    told = await tell(
        session,
        keyring,
        school=school,
        author_id=reader.staff_id,
        draft=Draft(NoticeKind.ANNOUNCEMENT, audience, slots, key=name, due_at=due),
        who=members(school.key, Audience(classes=frozenset(rounds)), reader.day),
        now=now,
    )
    here = (meeting_evening.c.school_id == school.key, meeting_evening.c.id == evening_id)
    await session.execute(update(meeting_evening).where(*here).values(notice_id=told.notice_id))
    return evening_id


async def is_for_many(session: AsyncSession, *, school_id: int, classes: Collection[int], day: date) -> bool:
    """Whether asking these classes is a mass send, which wants a second factor and a minute to stop it."""
    audience = Audience(classes=frozenset(classes))
    return await is_to_many(session, school_id=school_id, audience=audience, day=day)


async def evening_is_for_many(session: AsyncSession, *, school_id: int, evening_id: int, day: date) -> bool:
    """Whether the classes of an evening are many: each of their families hears of its plan."""
    rows = await session.execute(asked.rounds(), {"school": school_id, "evening": evening_id})
    classes = [row.class_id for row in rows]
    return bool(classes) and await is_for_many(session, school_id=school_id, classes=classes, day=day)


def require_whole_school(reader: Reader) -> None:
    """Let the director and the office alone plan for all. Raises NotAllowedError."""
    if not reader.rights.whole_school:
        raise NotAllowedError("La direction et le secrétariat préparent les soirées de toute l’école.")


async def read_evening(session: AsyncSession, *, school_id: int, evening_id: int, lock: bool = False) -> Any:  # noqa: ANN401 (a row)
    """Read an evening; `lock`: nobody else changes it, nor a family its wishes, until we are done.

    Raises NotFoundError.
    """
    found = select(meeting_evening).where(meeting_evening.c.school_id == school_id, meeting_evening.c.id == evening_id)
    row = (await session.execute(found.with_for_update() if lock else found)).one_or_none()
    if row is None:
        raise NotFoundError("Cette soirée n’existe pas.")
    return row


def _check_receivers(draft: EveningDraft, known: dict[int, MayReceive]) -> None:
    if not draft.receive:
        raise InvalidError("Choisissez au moins une classe, et qui y reçoit.", field="receive")
    for one in draft.receive:
        if one.class_id not in known or one.staff_id not in dict(known[one.class_id].who):
            raise InvalidError("Une de ces personnes n’enseigne plus dans cette classe : choisissez.", field="receive")
        if len(one.room) > ROOM_MAX:
            raise InvalidError("La salle compte 60 signes au plus.", field="receive")


def _times(draft: EveningDraft, timezone: str, now: datetime) -> list[tuple[datetime, datetime]]:
    """Give the hours of all its days, in their order. Raises InvalidError."""
    days = sorted(set(draft.days))
    if not 0 < len(days) <= DAYS:
        raise InvalidError("Donnez de un à cinq jours.", field="day")
    return [each for day in days for each in check_offer(replace(draft.offer, day=day), timezone, now)]


async def _written(
    session: AsyncSession,
    seal: Seal,
    school: School,
    reader: Reader,
    draft: EveningDraft,
    closes_at: datetime,
    key: str,
    now: datetime,
) -> tuple[int, bool]:
    """Write the evening down, unless this press was heard before: (id, whether it is new)."""
    row = {
        "school_id": school.key,
        "author_id": reader.staff_id,
        "key_name": key,
        "title_sealed": seal.close(draft.title.encode(), EVENING_TITLE),
        "seed": secrets.randbelow(2**31),
        "closes_at": closes_at,
        "made_at": now,
        "best": False,
        "keep_until": max(draft.days) + KEEP,
    }
    made = insert_into(meeting_evening, session).values(row).on_conflict_do_nothing().returning(meeting_evening.c.id)
    evening_id = (await session.execute(made)).scalar_one_or_none()
    if evening_id is not None:
        return int(evening_id), True
    mine = and_(meeting_evening.c.school_id == school.key, meeting_evening.c.key_name == key)
    return int((await session.execute(select(meeting_evening.c.id).where(mine))).scalar_one()), False


async def _rounds(
    session: AsyncSession,
    seal: Seal,
    school: School,
    reader: Reader,
    draft: EveningDraft,
    evening_id: int,
    times: Sequence[tuple[datetime, datetime]],
    now: datetime,
) -> dict[int, int]:
    """Open a round in each class; gives them by class."""
    rows = [
        {
            "school_id": school.key,
            "class_id": class_id,
            "author_id": reader.staff_id,
            "key_name": f"soir:{evening_id}:{class_id}",
            "title_sealed": seal.close(draft.title.encode(), TITLE),
            "text_sealed": seal.close(draft.text.encode(), TEXT) if draft.text else None,
            "closes_at": closing(times[0][0], None, school.timezone),
            "made_at": now,
            "keep_until": max(draft.days) + KEEP,
        }
        for class_id in dict.fromkeys(one.class_id for one in draft.receive)
    ]
    made = insert(meeting_round).returning(meeting_round.c.class_id, meeting_round.c.id)
    rounds = {int(row.class_id): int(row.id) for row in await session.execute(made, rows)}
    its = {"school_id": school.key, "evening_id": evening_id}
    await session.execute(insert(evening_round), [{**its, "round_id": round_id} for round_id in rounds.values()])
    return rounds


async def _slots(
    session: AsyncSession,
    school_id: int,
    draft: EveningDraft,
    rounds: dict[int, int],
    times: Sequence[tuple[datetime, datetime]],
) -> None:
    """Write the hours down: all of them for who receives in one class, in turn for who receives in several."""
    receives = defaultdict[int, list[Receives]](list)
    for one in draft.receive:
        receives[one.staff_id].append(one)
    rows = [
        {
            "school_id": school_id,
            "round_id": rounds[one.class_id],
            "staff_id": staff_id,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "room": one.room,
        }
        for staff_id, those in receives.items()
        for number, (starts_at, ends_at) in enumerate(times)
        for one in (those[number % len(those)],)
    ]
    made = insert_into(meeting_slot, session).on_conflict_do_nothing().returning(meeting_slot.c.id)
    if len((await session.execute(made, rows)).all()) < len(rows):
        raise InvalidError(ELSEWHERE, field="day")
