"""What families wish of an evening: about whom they come, and when they can; said by them, or written for them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotFoundError
from hub.evenings import asked
from hub.evenings.opening import EVENING_TITLE
from hub.meetings.asking_again import stop_asking
from hub.meetings.rounds import TEXT
from hub.models.school import School
from hub.people.kin import Child
from hub.people.schools import school_key
from hub.routing import day_at_school
from hub.sealing import Keyring
from hub.tables import evening_wish, insert_into, meeting_evening
from i18n.slots import N_

Window = tuple[datetime, datetime]
"""From when until when somebody can come."""
OVER = N_("Le plan de la soirée est fait : appelez l'école.")
LATE = N_("Il est trop tard pour le dire ici : appelez l'école.")
WHEN = N_("Dites quel soir vous pouvez venir.")
TURNED = N_("La fin vient après le début : vérifiez les heures.")
MOST = 10
"""Windows of one adult."""


@dataclass(frozen=True, slots=True)
class OnDay:
    """One evening of it: from when until when teachers receive, and when this family can come, if it said so."""

    day: date
    starts_at: datetime
    ends_at: datetime
    window: Window | None


@dataclass(frozen=True, slots=True)
class AboutChild:
    """A child about whom one may come. `teacher`: who receives its class. `comes`: what was said, None before."""

    child: Child
    round_id: int
    teacher: str
    comes: bool | None

    @property
    def key(self) -> str:
        """What names it in a form."""
        return f"{self.child.pupil_id}-{self.round_id}"


@dataclass(frozen=True, slots=True)
class ToWish:
    """An evening that asks a family for its wishes, until `closes_at`. `said`: it has answered."""

    evening_id: int
    title: str
    text: str
    closes_at: datetime
    children: tuple[AboutChild, ...]
    days: tuple[OnDay, ...]

    @property
    def said(self) -> bool:
        """Whether this family has said its wishes."""
        return any(one.comes is not None for one in self.children)

    def asks(self, now: datetime) -> bool:
        """Whether a family may still say its wishes by itself."""
        return self.closes_at > now

    def __repr__(self) -> str:
        return f"ToWish({self.evening_id})"


async def evenings_for(
    session: AsyncSession, keyring: Keyring, *, school: School, children: Collection[Child], now: datetime
) -> list[ToWish]:
    """List the evenings that ask about these children, `children_of` gave them.

    A child who stands beside two adults of one visitor is shown once: beside the one who answered. Of a child in two
    classes one may meet both teachers.
    """
    classes = sorted({child.class_id for child in children})
    which = {"school": school.key, "classes": classes, "now": now}
    rows = (await session.execute(asked.to_wish(), which)).all() if classes else []
    if not rows:
        return []
    seal = await school_key(session, keyring, school.key)
    who = {"evenings": sorted({row.evening_id for row in rows}), "guardians": sorted({c.guardian_id for c in children})}
    said = (await session.execute(asked.wishes_of(), {"school": school.key, **who})).all()
    found = []
    for evening_id, group in groupby(sorted(rows, key=lambda row: row.evening_id), key=lambda row: row.evening_id):
        hours = list(group)
        mine = {(row.guardian_id, row.pupil_id, row.round_id): row for row in said if row.evening_id == evening_id}
        text = hours[0].text_sealed
        found.append(
            ToWish(
                evening_id,
                seal.open(hours[0].title_sealed, EVENING_TITLE).decode(),
                seal.open(text, TEXT).decode() if text else "",
                hours[0].until,
                _about(children, hours, mine),
                days_of(hours, mine.values(), school.timezone),
            )
        )
    return found


async def wish(
    session: AsyncSession,
    *,
    school: School,
    evening_id: int,
    about: Collection[AboutChild],
    wanted: Collection[tuple[int, int]],
    windows: Sequence[Window],
    now: datetime,
    by: int | None = None,
) -> None:
    """Keep what an adult wishes: to come about those `wanted`, (pupil, round), in these windows; said again, anew.

    `about`: all of whom `evenings_for` asks.

    What the plan proposed to them before counts no more. `by`: the member of staff who writes it down for them, which
    goes beyond the last day. Raises InvalidError, NotFoundError.
    """
    # nobody adopts a plan meanwhile; other families say theirs
    here = select(meeting_evening.c.closes_at, meeting_evening.c.adopted_at).where(
        meeting_evening.c.school_id == school.key, meeting_evening.c.id == evening_id
    )
    row = (await session.execute(here.with_for_update(read=True))).one_or_none()
    if row is None:
        raise NotFoundError("Cette soirée n’existe pas.")
    if row.adopted_at is not None:
        raise InvalidError(OVER)
    if by is None and row.closes_at <= now:
        raise InvalidError(LATE)
    if wanted and not windows:
        raise InvalidError(WHEN)
    if len(windows) > MOST or any(ends <= starts for starts, ends in windows):
        raise InvalidError(TURNED)
    which = {"school": school.key, "evening": evening_id, "day": day_at_school(now, school.timezone)}
    who = sorted({one.child.guardian_id for one in about})
    told = await session.execute(asked.concerned(some=True), {**which, "guardians": who})
    may = {(one.guardian_id, one.pupil_id, one.round_id) for one in told}
    if not about or not {(one.child.guardian_id, one.child.pupil_id, one.round_id) for one in about} <= may:
        raise NotFoundError("Cette soirée n’existe pas.")
    rows = [
        {
            "school_id": school.key,
            "evening_id": evening_id,
            "guardian_id": one.child.guardian_id,
            "pupil_id": one.child.pupil_id,
            "round_id": one.round_id,
            "comes": (one.child.pupil_id, one.round_id) in wanted,
            "windows": [[starts.isoformat(), ends.isoformat()] for starts, ends in windows],
            "said_at": now,
            "written_by": by,
            "slot_id": None,
            "why": "",
        }
        for one in about
    ]
    made = insert_into(evening_wish, session)
    fresh = {name: made.excluded[name] for name in ("comes", "windows", "said_at", "written_by", "slot_id", "why")}
    keys = ["round_id", "guardian_id", "pupil_id", "school_id"]
    await session.execute(made.values(rows).on_conflict_do_update(index_elements=keys, set_=fresh))
    await stop_asking(session, school_id=school.key, evening_id=evening_id, now=now)


def windows_in(stored: Sequence[Sequence[str]]) -> tuple[Window, ...]:
    """Read windows as they are kept."""
    return tuple((datetime.fromisoformat(starts), datetime.fromisoformat(ends)) for starts, ends in stored)


def _about(
    children: Collection[Child], hours: Sequence[Any], said: dict[tuple[int, int, int], Any]
) -> tuple[AboutChild, ...]:
    receives = {row.class_id: (row.round_id, row.teacher) for row in hours}
    found = dict[tuple[int, int], AboutChild]()
    for child in children:
        if child.class_id not in receives:
            continue
        round_id, teacher = receives[child.class_id]
        mine, before = said.get((child.guardian_id, child.pupil_id, round_id)), found.get((child.pupil_id, round_id))
        if before is None or (before.comes is None and mine is not None):
            comes = None if mine is None else mine.comes
            found[child.pupil_id, round_id] = AboutChild(child, round_id, teacher, comes)
    return tuple(found.values())


def days_of(hours: Sequence[Any], said: Collection[Any], timezone: str) -> tuple[OnDay, ...]:
    """List the days of some hours, and when somebody can come who said these wishes."""
    windows = {day_at_school(one[0], timezone): one for row in said for one in windows_in(row.windows)}
    days = dict[date, list[Any]]()
    for row in hours:
        days.setdefault(day_at_school(row.starts_at, timezone), []).append(row)
    return tuple(
        OnDay(day, min(row.starts_at for row in those), max(row.ends_at for row in those), windows.get(day))
        for day, those in sorted(days.items())
    )


def steps(one: OnDay, *, minutes: int = 30) -> tuple[datetime, ...]:
    """List moments to choose from, every half an hour from the first hour on, and the end."""
    found, at = [], one.starts_at
    while at < one.ends_at:
        found.append(at)
        at += timedelta(minutes=minutes)
    return (*found, one.ends_at)
