"""An evening as the director and the office see it: who answered, and what the plan gives each family."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.evenings import asked
from hub.evenings.opening import EVENING_TITLE, read_evening, require_whole_school
from hub.evenings.rules import Hour, Why, waiting
from hub.evenings.wishes import OnDay, Window, days_of, windows_in
from hub.models.school import School
from hub.notices.headlines import Reader
from hub.people.names import full_name
from hub.people.schools import school_key
from hub.routing import class_order, day_at_school
from hub.sealing import Keyring


@dataclass(frozen=True, slots=True)
class Asked:
    """One child about whom an adult comes: the hour, or why there is none. Neither: no plan has been made of it."""

    child: str
    class_label: str
    starts_at: datetime | None
    teacher: str
    why: Why | None


@dataclass(frozen=True, slots=True)
class Family:
    """What one adult said, and has: `days` away from home, `wait` minutes between appointments, for all of them."""

    guardian_id: int
    adult: str
    windows: tuple[Window, ...]
    asks: tuple[Asked, ...]
    days: tuple[date, ...]
    wait: int

    @property
    def given(self) -> int:
        """How many of the hours that were asked for there are."""
        return sum(one.starts_at is not None for one in self.asks)

    @property
    def whole(self) -> bool:
        """Whether there is an hour for each."""
        return self.given == len(self.asks)


@dataclass(frozen=True, slots=True)
class OfClass:
    """A class of an evening: who receives, its hours, and the round."""

    round_id: int
    label: str
    teachers: tuple[str, ...]
    hours: int
    taken: int


@dataclass(frozen=True, slots=True)
class EveningSheet:
    """An evening. `families` come; `declined` adults said that they do not, `silent` have said nothing yet.

    `pairs`: for whom the office may write wishes down: (adult, children) by the adult's id. `sought_at`: of the plan
    that stands here; `best`: it is known that none is fairer. Without `days` it does not take place.
    """

    evening_id: int
    title: str
    closes_at: datetime
    notice_id: int | None
    sought_at: datetime | None
    adopted_at: datetime | None
    best: bool
    classes: tuple[OfClass, ...]
    families: tuple[Family, ...]
    declined: int
    silent: int
    pairs: tuple[tuple[int, str, str], ...]
    days: tuple[OnDay, ...]

    @property
    def whole(self) -> int:
        """How many families have all their hours."""
        return sum(one.whole for one in self.families)

    @property
    def wanted(self) -> int:
        """How many appointments were asked for."""
        return sum(len(one.asks) for one in self.families)

    @property
    def given(self) -> int:
        """How many of them have an hour."""
        return sum(one.given for one in self.families)

    @property
    def longest(self) -> int:
        """The longest wait of one family, in minutes."""
        return max((one.wait for one in self.families), default=0)

    @property
    def unmade(self) -> int:
        """Of how many appointments that were asked for no plan has been made: they were said since."""
        return sum(one.starts_at is None and one.why is None for family in self.families for one in family.asks)


@dataclass(frozen=True, slots=True)
class EveningListed:
    """An evening in the list of those to come."""

    evening_id: int
    title: str
    first: datetime
    classes: int
    adopted: bool


async def evenings_to_come(
    session: AsyncSession, keyring: Keyring, *, school_id: int, now: datetime
) -> list[EveningListed]:
    """List the evenings of a school that are to come."""
    rows = (await session.execute(asked.evenings_to_come(), {"school": school_id, "now": now})).all()
    if not rows:
        return []
    seal = await school_key(session, keyring, school_id)
    return [
        EveningListed(
            row.id,
            seal.open(row.title_sealed, EVENING_TITLE).decode(),
            row.first,
            row.classes,
            row.adopted_at is not None,
        )
        for row in rows
    ]


async def evening_sheet(
    session: AsyncSession, keyring: Keyring, *, school: School, evening_id: int, reader: Reader
) -> EveningSheet:
    """Read an evening, for the director and the office. Raises NotAllowedError, NotFoundError."""
    require_whole_school(reader)
    row = await read_evening(session, school_id=school.key, evening_id=evening_id)
    seal = await school_key(session, keyring, school.key)
    which = {"school": school.key, "evening": evening_id}
    hours = (await session.execute(asked.hours(), which)).all()
    pairs = (await session.execute(asked.concerned(), {**which, "day": reader.day})).all()
    had = {(one.guardian_id, one.pupil_id, one.round_id): one for one in hours if one.guardian_id is not None}
    by_slot = {one.slot_id: one for one in hours}
    families, names, declined, silent = [], [], 0, 0
    for guardian_id, group in groupby(pairs, key=lambda one: one.guardian_id):
        those = list(group)
        adult = full_name(those[0].first_name, those[0].usage_name, those[0].family_name)
        names.append((guardian_id, adult, ", ".join(one.child for one in those)))
        comes = [one for one in those if one.comes or _has(had, one)]
        if comes:
            adopted = row.adopted_at is not None
            families.append(_family(guardian_id, adult, comes, had, by_slot, school.timezone, adopted=adopted))
        declined += not comes and all(one.comes is False for one in those)
        silent += not comes and any(one.comes is None for one in those)
    return EveningSheet(
        evening_id=evening_id,
        title=seal.open(row.title_sealed, EVENING_TITLE).decode(),
        closes_at=row.closes_at,
        notice_id=row.notice_id,
        sought_at=row.sought_at,
        adopted_at=row.adopted_at,
        best=row.best,
        classes=_classes(hours, {one.class_id: one.label for one in pairs}),
        families=tuple(sorted(families, key=lambda one: one.whole)),
        declined=declined,
        silent=silent,
        pairs=tuple(names),
        days=days_of(hours, (), school.timezone),
    )


def _has(had: dict[tuple[int, int, int], Any], one: Any) -> Any:  # noqa: ANN401 (rows)
    return had.get((one.guardian_id, one.pupil_id, one.round_id))


def _family(
    guardian_id: int,
    adult: str,
    comes: Sequence[Any],
    had: dict[tuple[int, int, int], Any],
    by_slot: dict[int, Any],
    timezone: str,
    *,
    adopted: bool,
) -> Family:
    """Say what one adult has: what was chosen; before the plan is adopted, else what it proposes."""
    asks, mine = [], []
    for one in comes:
        hour = _has(had, one) or (None if adopted else by_slot.get(one.slot_id))
        why = Why(one.why) if one.why and hour is None else None
        asks.append(
            Asked(
                full_name(one.child, "", one.child_family),
                one.label,
                hour.starts_at if hour else None,
                hour.teacher if hour else "",
                why,
            )
        )
        if hour is not None:
            day = day_at_school(hour.starts_at, timezone)
            mine.append(Hour(hour.slot_id, hour.class_id, day, hour.starts_at, hour.ends_at))
    windows = sorted({window for one in comes if one.windows for window in windows_in(one.windows)})
    days = tuple(sorted({hour.day for hour in mine}))
    return Family(guardian_id, adult, tuple(windows), tuple(asks), days, waiting(mine))


def _classes(hours: Sequence[Any], labels: dict[int, str]) -> tuple[OfClass, ...]:
    found = []
    for round_id, group in groupby(sorted(hours, key=lambda row: row.round_id), key=lambda row: row.round_id):
        those = list(group)
        found.append(
            OfClass(
                round_id,
                labels.get(those[0].class_id, ""),
                tuple(dict.fromkeys(row.teacher for row in those)),
                len(those),
                sum(row.guardian_id is not None for row in those),
            )
        )
    return tuple(sorted(found, key=lambda one: class_order(one.label)))
