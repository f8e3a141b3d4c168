"""Choosing an hour by a digit or a tap: what is asked next, what each answer does; the same in an SMS and a chat."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotFoundError
from hub.meetings.choosing import Comes, TakenError, choose, give_back, wait
from hub.meetings.reading import ForChild, Time, for_family
from hub.models.school import School
from hub.people.kin import Child, children_of
from hub.routing import day_at_school
from hub.sealing import Keyring

MOST = 5
"""Hours that are offered at once: what one reads in an SMS."""
CHOICES = 9
"""Adults or children to choose from: what one digit says."""


class Does(StrEnum):
    """What an answer does."""

    SPEAK = "a"
    """It is this adult who answers."""
    CHILD = "c"
    """It is about this child: show the hours, or the appointment."""
    HOUR = "h"
    BACK = "b"
    WAIT = "w"


@dataclass(frozen=True, slots=True)
class Act:
    """An answer that may be given. `number`: the hour or the appointment; 0 where it does not matter."""

    does: Does
    guardian_id: int
    pupil_id: int = 0
    round_id: int = 0
    number: int = 0


class Asks(StrEnum):
    """What is said, and so what may be answered."""

    WHO = "who"
    CHILD = "child"
    HOURS = "hours"
    OWN = "own"
    """One has an appointment: other hours, or to give it back."""
    FULL = "full"
    WAITS = "waits"
    BOOKED = "booked"
    GIVEN_BACK = "given_back"
    CLOSED = "closed"
    ELSEWHERE = "elsewhere"
    """What there is to choose from cannot be told apart here."""


@dataclass(frozen=True, slots=True)
class Way:
    """One of the answers: an hour (`time`), or somebody (`name`, a first name)."""

    act: Act
    time: Time | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What is said to a family. `own`: its appointment. `back` gives that back. `late`: somebody was quicker.

    `ways`: what one may answer, in the order of the numbers from 1.
    """

    asks: Asks
    ways: tuple[Way, ...] = ()
    own: Time | None = None
    back: Act | None = None
    late: bool = False

    @property
    def numbered(self) -> dict[int, Act]:
        """What each number does; 0 gives the appointment back."""
        numbered = {number: way.act for number, way in enumerate(self.ways, start=1)}
        return numbered if self.back is None else {0: self.back, **numbered}


async def begin(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    adults: Sequence[tuple[int, str]],
    now: datetime,
    pupils: Collection[int] | None = None,
) -> Told:
    """Show what is offered to whoever speaks: one of these adults (id, first name). Of several, ask who it is.

    `pupils`: for these children alone.
    """
    children, offered = await _offered(session, keyring, school, [guardian_id for guardian_id, _ in adults], now)
    if pupils is not None:
        offered = [one for one in offered if one.child.pupil_id in pupils]
    rooms = {one.child.class_id for one in offered}
    concerned = {child.guardian_id for child in children if child.class_id in rooms}
    speaking = [adult for adult in adults if adult[0] in concerned]
    if not speaking:
        return Told(Asks.CLOSED)
    if len(speaking) > 1:
        return _choose_from(Asks.WHO, [Way(Act(Does.SPEAK, adult), name=name) for adult, name in speaking])
    if len(offered) == 1:
        return _shown(offered[0])
    twice = len({one.child.first_name for one in offered}) < len(offered)
    names = [f"{one.child.first_name} ({one.title})" if twice else one.child.first_name for one in offered]
    ways = [Way(_act(Does.CHILD, one), name=name) for one, name in zip(offered, names, strict=True)]
    return _choose_from(Asks.CHILD, ways)


async def go_on(session: AsyncSession, keyring: Keyring, act: Act, *, school: School, now: datetime) -> Told:
    """Do what was answered, and say what came of it. Rights are asked for again; a stale answer shows what is."""
    if act.does is Does.SPEAK:
        return await begin(session, keyring, school=school, adults=[(act.guardian_id, "")], now=now)
    late = False
    try:
        done = await _done(session, keyring, act, school, now)
    except TakenError:
        done, late = None, True
    except (InvalidError, NotFoundError):
        done = None
    if done is Asks.GIVEN_BACK:
        return Told(done)
    one = await _still(session, keyring, act, school, now)
    if one is None:
        return Told(Asks.CLOSED)
    if done is Asks.BOOKED:
        return Told(done, (Way(_act(Does.CHILD, one)),), own=one.own, back=_back(one))
    if act.does is Does.WAIT and not (one.free or one.own or one.waits):
        comes = Comes(act.guardian_id, act.pupil_id)
        await wait(session, school=school, round_id=one.round_id, comes=comes, waits=True, now=now)
        return Told(Asks.WAITS)
    return replace(_shown(one), late=late)


async def _done(session: AsyncSession, keyring: Keyring, act: Act, school: School, now: datetime) -> Asks | None:
    """Choose or give back. Raises what these raise."""
    if act.does is Does.HOUR:
        comes = Comes(act.guardian_id, act.pupil_id)
        await choose(session, keyring, school=school, slot_id=act.number, comes=comes, now=now)
        return Asks.BOOKED
    if act.does is Does.BACK:
        mine = [act.guardian_id]
        await give_back(session, keyring, school=school, booking_id=act.number, guardians=mine, now=now)
        return Asks.GIVEN_BACK
    return None


async def _still(session: AsyncSession, keyring: Keyring, act: Act, school: School, now: datetime) -> ForChild | None:
    """Read what an answer is about as it is now; None when nothing of it is offered any more."""
    _, offered = await _offered(session, keyring, school, [act.guardian_id], now)
    return next((one for one in offered if (one.child.pupil_id, one.round_id) == (act.pupil_id, act.round_id)), None)


async def _offered(
    session: AsyncSession, keyring: Keyring, school: School, guardians: Collection[int], now: datetime
) -> tuple[Sequence[Child], list[ForChild]]:
    day = day_at_school(now, school.timezone)
    children = await children_of(session, school_id=school.key, guardians=guardians, day=day)
    return children, await for_family(session, keyring, school_id=school.key, children=children, now=now)


def _shown(one: ForChild) -> Told:
    """Say what there is for one child: the appointment and other hours, free hours, or that one may wait."""
    free = tuple(Way(_act(Does.HOUR, one, time.slot_id), time) for time in one.free[:MOST])
    if one.own is not None:
        return Told(Asks.OWN, free, own=one.own, back=_back(one))
    if free:
        return Told(Asks.HOURS, free)
    return Told(Asks.WAITS) if one.waits else Told(Asks.FULL, (Way(_act(Does.WAIT, one)),))


def _choose_from(asks: Asks, ways: Sequence[Way]) -> Told:
    """Let one choose from names, where they can be told apart and a digit says each."""
    names = [way.name for way in ways]
    clear = len(set(names)) == len(names) <= CHOICES and all(names)
    return Told(asks, tuple(ways)) if clear else Told(Asks.ELSEWHERE)


def _back(one: ForChild) -> Act | None:
    return None if one.booking_id is None else _act(Does.BACK, one, one.booking_id)


def _act(does: Does, one: ForChild, number: int = 0) -> Act:
    return Act(does, one.child.guardian_id, one.child.pupil_id, one.round_id, number)
