"""The school's silence: the hours and days in which it writes nothing that can wait. Pure.

The usual hours are those of the circular of 10 July 2025 on digital disconnection: from eight in the evening to seven,
and from Friday evening to Monday morning; a head may adapt them. Somebody of the staff may write at any time, and it
leaves when the silence ends. What passes is decided elsewhere, in one place: the urgent lane (`routing.lane_of`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.errors import InvalidError

SATURDAY = 5
EARLIEST, LATEST = time(18, 30), time(23, 30)
"""Between them silence begins: not before the evening's digest (`routing.DIGEST_AT`) has had time to leave."""
FIRST, LAST = time(5), time(9)
"""Between them it ends: a word about the day must come before the day."""
A_YEAR = 366
SPREAD = timedelta(minutes=10)
"""What waited all night leaves within these first minutes, and not all in the first second."""


@dataclass(frozen=True, slots=True)
class Silence:
    """When a school is silent, by its own clock.

    `begins`, `ends`: each night. `weekends`: Saturdays, Sundays and public holidays too. `holidays`: the vacations of
    its zone too; usually not, for families want to know by day, before the summer ends, when school begins.
    """

    begins: time
    ends: time
    weekends: bool = True
    holidays: bool = False


USUAL = Silence(time(20), time(7))


def silent_until(
    now: datetime, timezone: str, silence: Silence | None, is_free: Callable[[date], bool]
) -> datetime | None:
    """Say when the silence ends that holds now, in UTC; None when it does not hold. It never holds for ever.

    `is_free`: whether a day, Saturday and Sunday apart, is silent as a whole (`free_days`).
    """
    if silence is None:
        return None
    here = now.astimezone(ZoneInfo(timezone))

    def is_silent(day: date) -> bool:
        return (silence.weekends and day.weekday() >= SATURDAY) or is_free(day)

    if silence.ends <= here.time() < silence.begins and not is_silent(here.date()):
        return None
    day = here.date() if here.time() < silence.ends else here.date() + timedelta(days=1)
    for _ in range(A_YEAR):
        if not is_silent(day):
            break
        day += timedelta(days=1)
    return datetime.combine(day, silence.ends, tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def spread(number: int) -> timedelta:
    """Say how long after the end of the silence the copy of this number leaves: less than `SPREAD`, always the same."""
    return timedelta(minutes=number * 7 % (SPREAD // timedelta(minutes=1)))


def check_silence(silence: Silence) -> None:
    """Refuse hours that begin before school is over or end after the day has begun. Raises InvalidError."""
    if not EARLIEST <= silence.begins <= LATEST:
        raise InvalidError("Le silence commence entre 18 h 30 et 23 h 30.", field="begins")
    if not FIRST <= silence.ends <= LAST:
        raise InvalidError("Le silence finit entre 5 h et 9 h.", field="ends")
