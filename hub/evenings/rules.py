"""A whole-school evening in figures: who asks for whom, when they can come, and what a plan gives each family. Pure.

What is fair, in this order; what stands above is never given up for what stands below:

1. as many families as possible have all their appointments, then as many appointments as possible are given;
2. where hours are short, a lot says who goes without: drawn anew for each evening, by its seed, so neither the
   alphabet nor the same families come last; who has which appointment is settled here, before any evening is counted;
3. the fewest evenings away from home, all families together;
4. the shortest wait between two appointments for the family that waits longest, then for all together.

What 1 means where hours are short: a family that needs three hours gives way before three that need one each.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Hour:
    """A free time that a teacher offers to a class; `day`: the evening it is on, by the school's clock."""

    slot_id: int
    class_id: int
    day: date
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """An appointment about one child with the teacher of a class; `holds`: the hour already chosen, which stands."""

    pupil_id: int
    class_id: int
    holds: int | None = None


@dataclass(frozen=True, slots=True)
class Comers:
    """Adults who come together, under one number; separated parents are two, each with wishes of their own.

    `windows`: from when until when they can come; none: at any hour.
    """

    who: int
    wants: tuple[Wanted, ...]
    windows: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Evenings:
    """All that a plan is made of; `seed` decides the lot."""

    hours: tuple[Hour, ...]
    comers: tuple[Comers, ...]
    seed: int = 0


class Why(StrEnum):
    """Why an appointment could not be given."""

    NO_HOUR = "no_hour"
    """The teacher offers none."""
    NOT_THEN = "not_then"
    """None is offered at the hours when they can come."""
    CLASH = "clash"
    """What is left is while they are with another teacher."""
    FULL = "full"
    """Others have all those at which they could come."""


@dataclass(frozen=True, slots=True)
class Given:
    """What one appointment became: an hour, or why there is none."""

    pupil_id: int
    class_id: int
    slot_id: int | None
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one family is proposed, its evenings in order, and its minutes of waiting between appointments."""

    who: int
    given: tuple[Given, ...]
    days: tuple[date, ...]
    wait: int

    @property
    def whole(self) -> bool:
        """Whether all that they asked for is given."""
        return all(one.slot_id is not None for one in self.given)


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan for all; `best`: it is known that none is fairer, else time ran out and this is the fairest found."""

    proposals: tuple[Proposal, ...]
    best: bool

    @property
    def score(self) -> tuple[int, int, int, int, int]:
        """Give families whole, appointments, evenings, longest wait and all waits in minutes: the order of fairness."""
        return (
            sum(one.whole for one in self.proposals),
            sum(one.slot_id is not None for proposal in self.proposals for one in proposal.given),
            sum(len(one.days) for one in self.proposals),
            max((one.wait for one in self.proposals), default=0),
            sum(one.wait for one in self.proposals),
        )


def can_have(comers: Comers, wanted: Wanted, hours: Iterable[Hour]) -> list[Hour]:
    """List the hours that would do: of that class, wholly within their wishes; what they hold already, that alone."""
    offered = [one for one in hours if one.class_id == wanted.class_id]
    if wanted.holds is not None:
        return [one for one in offered if one.slot_id == wanted.holds]
    if not comers.windows:
        return offered
    return [one for one in offered if any(a <= one.starts_at and one.ends_at <= b for a, b in comers.windows)]


def plan_of(evenings: Evenings, chosen: dict[tuple[int, int, int], int], *, best: bool) -> Plan:
    """Say what each family gets: `chosen` is the hour of each (who, pupil, class) that has one."""
    hours = {one.slot_id: one for one in evenings.hours}
    of_class = defaultdict[int, list[Hour]](list)
    for hour in evenings.hours:
        of_class[hour.class_id].append(hour)
    taken = set(chosen.values())
    return Plan(tuple(_proposal(one, hours, of_class, chosen, taken) for one in evenings.comers), best)


def waiting(hours: Iterable[Hour]) -> int:
    """Count the minutes between the first and the last appointment of each evening that are spent with nobody."""
    evening = defaultdict[date, list[Hour]](list)
    for hour in hours:
        evening[hour.day].append(hour)
    return sum(
        minutes(max(one.ends_at for one in those) - min(one.starts_at for one in those))
        - sum(minutes(one.ends_at - one.starts_at) for one in those)
        for those in evening.values()
    )


def minutes(length: timedelta) -> int:
    """Give a length in whole minutes."""
    return int(length.total_seconds()) // 60


def _proposal(
    comers: Comers,
    hours: dict[int, Hour],
    of_class: dict[int, list[Hour]],
    chosen: dict[tuple[int, int, int], int],
    taken: set[int],
) -> Proposal:
    keys = [(comers.who, one.pupil_id, one.class_id) for one in comers.wants]
    mine = [hours[chosen[key]] for key in keys if key in chosen]
    given = []
    for key, wanted in zip(keys, comers.wants, strict=True):
        slot_id = chosen.get(key)
        why = _why(comers, wanted, of_class.get(wanted.class_id, []), taken) if slot_id is None else None
        given.append(Given(wanted.pupil_id, wanted.class_id, slot_id, why))
    return Proposal(comers.who, tuple(given), tuple(sorted({one.day for one in mine})), waiting(mine))


def _why(comers: Comers, wanted: Wanted, offered: list[Hour], taken: set[int]) -> Why:
    if not offered:
        return Why.NO_HOUR
    could = can_have(comers, wanted, offered)
    if not could:
        return Why.NOT_THEN
    return Why.CLASH if any(one.slot_id not in taken for one in could) else Why.FULL
