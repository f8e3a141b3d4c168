"""When one is reminded: before a meeting, before a signature is due, after silence. Pure: no session, no clock.

Nobody is reminded at the weekend, nor in the holidays but on the eve of a day of class.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import chain
from zoneinfo import ZoneInfo

from hub.holidays import is_public_holiday
from hub.models.notices import Needs
from hub.ports import NoticeKind
from hub.routing import EVENING, SATURDAY

FROM, EARLY = time(10), time(8)
"""From when in the day one is reminded; of a meeting of the same day, at eight."""
AFTERNOON = time(12)
HALFWAY = timedelta(hours=2)
"""Later than this before a meeting nobody is reminded of it any more."""
NEAR, FAR = 4, 21
"""Days before a meeting among which an eve is looked for; then, in the holidays, the last day of class."""
BEFORE_DUE = range(2, 10)
SILENCES = {NoticeKind.MEETING: (3,), NoticeKind.ANNOUNCEMENT: (2, 5)}
"""Days of silence after which one is asked again; with the eve of a meeting that is twice at most."""
DAY = timedelta(days=1)


class Why(StrEnum):
    """Which reminder of a notice it is: each goes once. Its word stands in the key of the reminder's notice."""

    EVE = "eve"
    SILENCE = "silence"
    SILENCE_AGAIN = "silence2"


@dataclass(frozen=True, slots=True)
class Window:
    """Between which moments (UTC) one is reminded; a clock that stood still for longer lets it be."""

    begins: datetime
    ends: datetime

    def holds(self, now: datetime) -> bool:
        """Whether now is the time."""
        return self.begins <= now < self.ends


@dataclass(frozen=True, slots=True)
class Asked:
    """A notice that wants an answer. `left_at`: when it left. `ends_at`: when it is over, or a meeting begins."""

    kind: NoticeKind
    needs: Needs
    left_at: datetime
    ends_at: datetime


def reminders_of(asked: Asked, days: Collection[date], timezone: str) -> dict[Why, Window]:
    """Say when a notice is reminded of, and why; `days`: the days of class around it.

    What left after a window had begun needs none: whoever has it has just read it.
    """
    found: dict[Why, Window] = {}
    if asked.kind is NoticeKind.MEETING:
        eve = before_meeting(asked.ends_at, days, timezone)
        if eve is not None and asked.left_at < eve.begins:
            found[Why.EVE] = eve
    last = found[Why.EVE].begins if Why.EVE in found else asked.ends_at
    asks = asked.kind is NoticeKind.MEETING or asked.needs is not Needs.NONE
    for why, waits in zip((Why.SILENCE, Why.SILENCE_AGAIN), SILENCES.get(asked.kind, ()) if asks else (), strict=False):
        window = unanswered_for(asked.left_at, waits, days, timezone)
        if window is not None and window.ends <= last:
            found[why] = window
    return found


def before_meeting(starts_at: datetime, days: Collection[date], timezone: str) -> Window | None:
    """Say when one is reminded of a meeting: on the eve, of a Monday's on Friday, from ten until the evening.

    On the first day after holidays it is the same morning, where the meeting is in the afternoon; within the holidays
    the last day of class before them.
    """
    here = starts_at.astimezone(ZoneInfo(timezone))
    meets = here.date()
    for back in range(1, NEAR + 1):
        if _may_be(meets - back * DAY, days):
            return _daytime(meets - back * DAY, timezone)
    if meets in days and here.time() >= AFTERNOON:
        return Window(_at(meets, EARLY, timezone), starts_at - HALFWAY)
    last = next((meets - back * DAY for back in range(NEAR + 1, FAR + 1) if meets - back * DAY in days), None)
    return None if last is None else _daytime(last, timezone)


def before_due(due_on: date, given_at: datetime, days: Collection[date], timezone: str) -> Window | None:
    """Say when one is reminded to sign: two days before the day, or sooner where nobody is at school then.

    None where the document was given later than that.
    """
    near = (due_on - back * DAY for back in BEFORE_DUE if _may_be(due_on - back * DAY, days))
    far = (due_on - back * DAY for back in range(BEFORE_DUE.stop, FAR + 1) if due_on - back * DAY in days)
    day = next(chain(near, far), None)
    window = None if day is None else _daytime(day, timezone)
    return window if window is not None and given_at < window.begins else None


def unanswered_for(left_at: datetime, waits: int, days: Collection[date], timezone: str) -> Window | None:
    """Say when one is asked again: on the first day of class that comes at least `waits` days later."""
    first = left_at.astimezone(ZoneInfo(timezone)).date() + waits * DAY
    day = next((first + on * DAY for on in range(FAR) if first + on * DAY in days), None)
    return None if day is None else _daytime(day, timezone)


def _may_be(day: date, days: Collection[date]) -> bool:
    """Whether one may be reminded on a day: of class or the eve of one, but no weekend and no public holiday."""
    return day.weekday() < SATURDAY and not is_public_holiday(day) and (day in days or day + DAY in days)


def _daytime(day: date, timezone: str) -> Window:
    return Window(_at(day, FROM, timezone), _at(day, EVENING, timezone))


def _at(day: date, hour: time, timezone: str) -> datetime:
    return datetime.combine(day, hour, ZoneInfo(timezone)).astimezone(UTC)
