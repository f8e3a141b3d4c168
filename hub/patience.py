"""Patience: how long a school waits for an answer before it tries the next way, and how each ladder ends. Pure.

A ladder is what happens, one rung after the other, to a notice that asks for an answer and gets none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from hub.errors import InvalidError
from hub.models.ladders import Occasion
from hub.models.notices import Needs
from hub.ports import NoticeKind


@dataclass(frozen=True, slots=True)
class Ladder:
    """One ladder. `patience`: from one way to the next while nothing is answered; None: arriving is enough.

    `rings`: an automatic call is one of the ways; `calls`: whoever has not answered in the end is called by a person.
    """

    patience: timedelta | None
    rings: bool
    calls: bool


NO_LADDER = Ladder(None, rings=False, calls=True)
"""What asks for nothing is told once; only whom nothing reached is called."""
USUAL: Mapping[Occasion, Ladder] = {
    Occasion.ABSENCE: Ladder(timedelta(minutes=10), rings=True, calls=True),
    Occasion.URGENT: Ladder(timedelta(minutes=10), rings=True, calls=True),
    Occasion.MEETING: Ladder(timedelta(hours=24), rings=False, calls=False),
    Occasion.QUESTION: Ladder(timedelta(hours=48), rings=False, calls=False),
}
"""The ladders of a school that has set none: minutes while a child may be missing, days where a place is kept."""
BOUNDS: Mapping[Occasion, tuple[timedelta, timedelta]] = {
    Occasion.ABSENCE: (timedelta(minutes=2), timedelta(hours=2)),
    Occasion.URGENT: (timedelta(minutes=2), timedelta(hours=2)),
    Occasion.MEETING: (timedelta(hours=1), timedelta(days=7)),
    Occasion.QUESTION: (timedelta(hours=1), timedelta(days=3)),
}
"""The least and the most patience of each: below, a text has hardly arrived; above, the answer comes too late.

A question that waits for so long at each of five ways still has a day left for the call (`routing.QUESTION_LIVES`).
"""


def asks(kind: NoticeKind, needs: Needs) -> bool:
    """Say that somebody waits for an answer."""
    return kind in (NoticeKind.ABSENCE, NoticeKind.MEETING) or needs is not Needs.NONE


def occasion_of(kind: NoticeKind, needs: Needs) -> Occasion | None:
    """Say which ladder a notice climbs; None: none. In a crisis all ways are taken at once, and nobody answers."""
    match kind:
        case NoticeKind.ABSENCE:
            return Occasion.ABSENCE
        case NoticeKind.URGENT:
            return Occasion.URGENT
        case NoticeKind.MEETING:
            return Occasion.MEETING
        case NoticeKind.CRISIS | NoticeKind.CODE:
            return None
        case _:
            return Occasion.QUESTION if asks(kind, needs) else None


def ladder_for(kind: NoticeKind, needs: Needs, of_school: Mapping[Occasion, Ladder]) -> Ladder:
    """Give the ladder of a notice, by what its school set. An urgent notice that asks nothing needs no patience."""
    occasion = occasion_of(kind, needs)
    if occasion is None:
        return NO_LADDER
    ladder = of_school.get(occasion, USUAL[occasion])
    return ladder if asks(kind, needs) else Ladder(None, rings=ladder.rings, calls=True)


def check_patience(occasion: Occasion, patience: timedelta) -> None:
    """Refuse to chase families every few seconds, or to wait until it is too late. Raises InvalidError."""
    least, most = BOUNDS[occasion]
    if not least <= patience <= most:
        raise InvalidError(
            f"« {TITLES[occasion]} » : attendez entre {said(least)} et {said(most)} avant la voie suivante.",
            field=occasion,
        )


TITLES: Mapping[Occasion, str] = {
    Occasion.ABSENCE: "Absence",
    Occasion.URGENT: "Message urgent",
    Occasion.MEETING: "Réunion",
    Occasion.QUESTION: "Question",
}


def within_bounds(occasion: Occasion, patience: timedelta) -> timedelta:
    """Give the patience that counts: a school may have set more when more was allowed."""
    least, most = BOUNDS[occasion]
    return min(max(patience, least), most)


def said(wait: timedelta) -> str:
    """Say a length of time in French, in its largest whole unit: 10 minutes, 24 heures, 3 jours."""
    minutes = round(wait.total_seconds() / 60)
    if minutes > _A_DAY and minutes % _A_DAY == 0:
        return f"{minutes // _A_DAY} jours"
    if minutes >= _AN_HOUR and minutes % _AN_HOUR == 0:
        return f"{minutes // _AN_HOUR} heure{'s' if minutes > _AN_HOUR else ''}"
    return f"{minutes} minute{'s' if minutes > 1 else ''}"


_AN_HOUR, _A_DAY = 60, 1440
