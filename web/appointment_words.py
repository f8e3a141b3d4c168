"""How appointments read to a family, on its own page or behind a message: by day and teacher, in its language."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from hub.meetings.choosing import TakenError
from hub.meetings.reading import ForChild, Time
from hub.routing import day_at_school
from i18n.tongues import Tongue


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours that one teacher has left on one day: the number of each, and the hour as one says it."""

    day: str
    teacher: str
    room: str
    online: bool
    times: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What is offered for one child. `when`: one's own appointment, empty where there is none; `until`: a day."""

    school_id: int
    one: ForChild
    when: str
    until: str
    hours: tuple[Hours, ...]


def shown(speaks: Tongue, school_id: int, one: ForChild, timezone: str) -> Shown:
    """Say it in one language."""
    when = _when(speaks, one.own, timezone) if one.own else ""
    return Shown(school_id, one, when, _day(speaks, one.closes_at, timezone), _hours(speaks, one.free, timezone))


def too_late(speaks: Tongue, late: TakenError, timezone: str) -> str:
    """Say to whoever came too late which hours are free; with their day where they stand on several."""
    if not late.free:
        return speaks.gettext("Cette heure vient d'être prise, et il n'en reste aucune : demandez à être prévenu.")
    days = {day_at_school(at, timezone) for at in late.free}
    say = speaks.time if len(days) == 1 else speaks.moment
    times = speaks.names(tuple(say(at, timezone) for at in late.free))
    return speaks.gettext("Cette heure vient d'être prise. Encore libres : %(times)s.") % {"times": times}


def _when(speaks: Tongue, time: Time, timezone: str) -> str:
    hours = {"start": speaks.time(time.starts_at, timezone), "end": speaks.time(time.ends_at, timezone)}
    said = {"day": _day(speaks, time.starts_at, timezone), "hours": speaks.gettext("de %(start)s à %(end)s") % hours}
    return speaks.gettext("%(day)s, %(hours)s") % said


def _hours(speaks: Tongue, free: Sequence[Time], timezone: str) -> tuple[Hours, ...]:
    def place(one: Time) -> tuple[str, str, str, bool]:
        return _day(speaks, one.starts_at, timezone), one.teacher, one.room, one.online

    ordered = sorted(
        free, key=lambda one: (day_at_school(one.starts_at, timezone), one.teacher, one.room, one.starts_at)
    )
    return tuple(
        Hours(*where, tuple((one.slot_id, speaks.time(one.starts_at, timezone)) for one in those))
        for where, those in groupby(ordered, key=place)
    )


def _day(speaks: Tongue, moment: datetime, timezone: str) -> str:
    return speaks.day(day_at_school(moment, timezone))
