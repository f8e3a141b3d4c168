"""When one is reminded: before a meeting, before a signature is due, after silence. Pure: no session, no clock.

Nobody is reminded at the weekend, nor in the holidays but on the eve of a day of class.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import chain
from zoneinfo import ZoneInfo

from hub.agenda.eves import DAY, FAR, Window, before_meeting, daytime, may_remind
from hub.models.notices import Needs
from hub.ports import NoticeKind

BEFORE_DUE = range(2, 10)
SILENCES = {NoticeKind.MEETING: (3,), NoticeKind.ANNOUNCEMENT: (2, 5)}
"""Days of silence after which one is asked again; with the eve of a meeting that is twice at most."""


class Why(StrEnum):
    """Which reminder of a notice it is: each goes once. Its word stands in the key of the reminder's notice."""

    EVE = "eve"
    SILENCE = "silence"
    SILENCE_AGAIN = "silence2"


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
        if asked.left_at < eve.begins:
            found[Why.EVE] = eve
    last = found[Why.EVE].begins if Why.EVE in found else asked.ends_at
    asks = asked.kind is NoticeKind.MEETING or asked.needs is not Needs.NONE
    for why, waits in zip((Why.SILENCE, Why.SILENCE_AGAIN), SILENCES.get(asked.kind, ()) if asks else (), strict=False):
        window = unanswered_for(asked.left_at, waits, days, timezone)
        if window is not None and window.ends <= last:
            found[why] = window
    return found


def before_due(due_on: date, given_at: datetime, days: Collection[date], timezone: str) -> Window | None:
    """Say when one is reminded to sign: two days before the day, or sooner where nobody is at school then.

    None where the document was given later than that.
    """
    near = (due_on - back * DAY for back in BEFORE_DUE if may_remind(due_on - back * DAY, days))
    far = (due_on - back * DAY for back in range(BEFORE_DUE.stop, FAR + 1) if due_on - back * DAY in days)
    day = next(chain(near, far), None)
    window = None if day is None else daytime(day, timezone)
    return window if window is not None and given_at < window.begins else None


def unanswered_for(left_at: datetime, waits: int, days: Collection[date], timezone: str) -> Window | None:
    """Say when one is asked again: on the first day of class that comes at least `waits` days later."""
    first = left_at.astimezone(ZoneInfo(timezone)).date() + waits * DAY
    day = next((first + on * DAY for on in range(FAR) if first + on * DAY in days), None)
    return None if day is None else daytime(day, timezone)
