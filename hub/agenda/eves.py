"""Which day is the eve of another, and when on it one is reminded. Pure: no session, no clock.

Nobody is reminded at the weekend, nor in the holidays but on the eve of a day of class; amid the summer, where no day
of class is near, on the eve all the same.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.holidays import is_public_holiday
from hub.routing import EVENING, SATURDAY

FROM, EARLY = time(10), time(8)
"""From when in the day one is reminded; of a meeting of the same day, at eight."""
AFTERNOON = time(12)
HALFWAY = timedelta(hours=2)
"""Later than this before a meeting nobody is reminded of it any more."""
NEAR, FAR = 4, 21
"""Days before a meeting among which an eve is looked for; then, in the holidays, the last day of class."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Between which moments (UTC) one is reminded; a clock that stood still for longer lets it be."""

    begins: datetime
    ends: datetime

    def holds(self, now: datetime) -> bool:
        """Whether now is the time."""
        return self.begins <= now < self.ends


def before_meeting(starts_at: datetime, days: Collection[date], timezone: str) -> Window:
    """Say when one is reminded of a meeting: on the eve, of a Monday's on Friday, from ten until the evening.

    On the first day after holidays it is the same morning, where the meeting is in the afternoon; within the holidays
    the last day of class before them; further away from any, the eve.
    """
    here = starts_at.astimezone(ZoneInfo(timezone))
    meets = here.date()
    for back in range(1, NEAR + 1):
        if may_remind(meets - back * DAY, days):
            return daytime(meets - back * DAY, timezone)
    if meets in days and here.time() >= AFTERNOON:
        return Window(_at(meets, EARLY, timezone), starts_at - HALFWAY)
    last = next((meets - back * DAY for back in range(NEAR + 1, FAR + 1) if meets - back * DAY in days), None)
    return daytime(last or _weekday_before(meets), timezone)


def farthest(today: date, days: Collection[date]) -> date:
    """Say which day is the last whose eve may be today: some days ahead, behind holidays the next day of class."""
    behind = (today + on * DAY for on in range(1, FAR + 1) if today + on * DAY in days)
    return max(today + NEAR * DAY, next(behind, today + FAR * DAY))


def may_remind(day: date, days: Collection[date]) -> bool:
    """Whether one may be reminded on a day: of class or the eve of one, but no weekend and no public holiday."""
    return day.weekday() < SATURDAY and not is_public_holiday(day) and (day in days or day + DAY in days)


def daytime(day: date, timezone: str) -> Window:
    """Say when on a day one is reminded: from ten until the evening."""
    return Window(_at(day, FROM, timezone), _at(day, EVENING, timezone))


def _weekday_before(meets: date) -> date:
    day = meets - DAY
    while day.weekday() >= SATURDAY or is_public_holiday(day):
        day -= DAY
    return day


def _at(day: date, hour: time, timezone: str) -> datetime:
    return datetime.combine(day, hour, ZoneInfo(timezone)).astimezone(UTC)
