"""The rules of the road: which lane, which day it is, how long to wait. Pure; the school's time zone lives here."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.errors import InvalidError
from hub.models.home import How
from hub.models.notices import ErrorKind
from hub.ports import HalfDay, Lane, NoticeKind, Proof, Slots
from hub.settings import Settings
from i18n.slots import N_

URGENT_KINDS = frozenset({NoticeKind.URGENT, NoticeKind.CRISIS, NoticeKind.ABSENCE, NoticeKind.CODE})
"""What waits behind nothing; a code too, for somebody sits before the page."""
NAMING_KINDS = frozenset(
    {NoticeKind.ABSENCE, NoticeKind.MEETING, NoticeKind.HOMEWORK, NoticeKind.RESULT, NoticeKind.DIGEST}
)
"""Kinds that are about particular pupils; the others are for all, and siblings do not multiply them."""

MOST_TRIES = 8
LINK_DAYS = 7
ABSENT_AHEAD = timedelta(days=7)
"""How far ahead an absence may be said: further, the day was mistyped."""
LEVELS = ("TPS", "PS", "MS", "GS", "CP", "CE1", "CE2", "CM1", "CM2")
"""The levels of a French primary school, the youngest first."""
TIME_TO_STOP = timedelta(seconds=60)
"""Somebody's own words to the whole school can be stopped for a minute, unless a second person has read them."""
UNCALLED = frozenset({NoticeKind.HOMEWORK, NoticeKind.RESULT, NoticeKind.DIGEST, NoticeKind.CODE})
"""What nobody calls a family about: it stands on the page. A document that wants a signature does want a call."""
NOT_BY_HAND = UNCALLED | {NoticeKind.DOCUMENT, NoticeKind.REMINDER}
"""What the house writes itself, or what is told from the page where it stands: nobody presses it as a notice."""
USUAL = {NoticeKind.HOMEWORK: How.EVENING, NoticeKind.DOCUMENT: How.AT_ONCE, NoticeKind.RESULT: How.EVENING}
"""How an adult who said nothing hears of what is on the page."""
CODE_LIVES = timedelta(minutes=10)
"""How long six digits open a family's page: as long as a text may take, and somebody finds it."""
QUESTION_LIVES = timedelta(days=16)
"""How long an answer is asked for: five ways at the longest patience, then a call; reminders after two days, five."""
DIGEST_AT = time(18)
"""When the evening's digest leaves, by the school's clock: children are home, and nobody's evening is disturbed."""
SATURDAY, SUNDAY = 5, 6
MORNING, EVENING = time(7), time(20)
"""Between them, and from Friday evening to Monday morning, the school writes to nobody whom it need not wake.

Source: circular of 10 July 2025 on digital disconnection.
"""
KEEP = timedelta(days=365)
"""How long proof of what was said and answered is kept at most; the nightly purge lets it go."""
SILENT_DAYS = 45
"""Operators give a number to somebody else 45 to 120 days after its owner left it."""


def lane_of(kind: NoticeKind) -> Lane:
    """An absence alert never waits behind an announcement: a child may be missing."""
    return Lane.URGENT if kind in URGENT_KINDS else Lane.ROUTINE


def day_at_school(now: datetime, timezone: str) -> date:
    """Say which day it is at the school."""
    return now.astimezone(ZoneInfo(timezone)).date()


def clock_at_school(now: datetime, timezone: str) -> time:
    """Say what the school's clock shows."""
    return now.astimezone(ZoneInfo(timezone)).time()


NOON, SCHOOL_IS_OUT = time(13), time(17)
"""Until then the morning's children, and the afternoon's, may still come."""


def half_day_at(now: datetime, timezone: str) -> HalfDay:
    """Say which half of the day it is at the school; until one o'clock the morning is not over."""
    return HalfDay.MORNING if clock_at_school(now, timezone) < NOON else HalfDay.AFTERNOON


def is_over(day: date, half_day: HalfDay, now: datetime, timezone: str) -> bool:
    """Say that nobody comes any more to this half-day: an alert about it would be news of yesterday."""
    ends = NOON if half_day is HalfDay.MORNING else SCHOOL_IS_OUT
    return now >= datetime.combine(day, ends, tzinfo=ZoneInfo(timezone))


def check_absent_on(day: date | None, today: date) -> None:
    """Refuse an absence on a day when no child could be absent; a family would read that its child is missing.

    A Sunday never is a school day (a Saturday is, in some towns: code de l'éducation, art. D521-10 and D521-12). More
    than a week ahead, the day was mistyped. Raises InvalidError.
    """
    if day is None:
        return
    if day.weekday() == SUNDAY:
        raise InvalidError(N_("Il n'y a pas classe le dimanche : donnez le jour de l'absence."), field="day")
    if day > today + ABSENT_AHEAD:
        raise InvalidError(N_("Ce jour est à plus d'une semaine : donnez le jour de l'absence."), field="day")


def check_still_to_come(starts_at: datetime | None, leaves: datetime, *, silent: bool = False) -> None:
    """Refuse a meeting that is over before its invitation leaves: it would expire at once, and nobody be told.

    `silent`: it leaves so late because it waits for the end of the school's silence. Raises InvalidError.
    """
    if starts_at is None or starts_at > leaves:
        return
    if silent:
        raise InvalidError(
            "L’école est en silence jusque-là : l’invitation partirait après la réunion. Un avis urgent part tout de "
            "suite.",
            field="starts_at",
        )
    raise InvalidError(N_("Cette réunion serait déjà passée : donnez un jour et une heure à venir."), field="starts_at")


def leaves_at(kind: NoticeKind, slots: Slots, *, many: bool, asked: datetime | None, now: datetime) -> datetime:
    """Say when a notice leaves: at once, or when asked; own words to many not before they could be stopped.

    Ready phrases wait for nobody, and neither does what a second person has read.
    """
    due = max(asked or now, now)
    if many and (slots.text or slots.subject) and kind is not NoticeKind.CRISIS:
        return max(due, now + TIME_TO_STOP)
    return due


def digest_day(now: datetime, timezone: str) -> date:
    """Say in which evening's digest something goes: this one's, after its hour the next; none leaves at the weekend."""
    here = now.astimezone(ZoneInfo(timezone))
    day = here.date() if here.time() < DIGEST_AT else here.date() + timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return day


def is_digest_time(now: datetime, timezone: str) -> bool:
    """Say that the evening's digest leaves: from its hour until the evening's silence; a late one waits a day."""
    here = now.astimezone(ZoneInfo(timezone))
    return here.weekday() < SATURDAY and DIGEST_AT <= here.time() < EVENING


def quiet_until(now: datetime, timezone: str, begins: time, ends: time) -> datetime | None:
    """Say when quiet hours end that hold now; None when they do not. They may go past midnight: 20:00 to 07:00.

    The hours are those of the school's clock, also in the nights in which it is put forward or back.
    """
    here = now.astimezone(ZoneInfo(timezone))
    quiet = begins <= here.time() < ends if begins <= ends else not ends <= here.time() < begins
    if not quiet:
        return None
    day = here.date() if here.time() < ends else here.date() + timedelta(days=1)
    end = datetime.combine(day, ends, tzinfo=ZoneInfo(timezone))
    return max(
        end.astimezone(UTC), end.replace(fold=1).astimezone(UTC)
    )  # an hour that comes twice ends with the second


def may_ring(now: datetime, timezone: str, begins: time, ends: time) -> bool:
    """Say that a machine may call now: between two hours of the school's clock."""
    return begins <= clock_at_school(now, timezone) < ends


def class_order(label: str) -> tuple[int, str]:
    """Order classes as a school does, by age (CP before CE1, a class of two levels with its younger), others last."""
    level = label.strip().upper()
    return next((n for n, name in enumerate(LEVELS) if level.startswith(name)), len(LEVELS)), label


def last_school_day(today: date) -> date:
    """Say which day an absence is about when nobody says: today, and on a Sunday the Friday before."""
    return today - timedelta(days=2) if today.weekday() == SUNDAY else today


def next_school_day(today: date) -> date:
    """Say which day a closing is about when nobody says: today, and at the weekend the Monday after."""
    return today + timedelta(days=max(0, 7 - today.weekday())) if today.weekday() >= SUNDAY - 1 else today


def expires_at(kind: NoticeKind, due: datetime, slots: Slots, *, timezone: str, asks: bool = False) -> datetime:
    """Say from when on a notice would arrive stale; `asks`: an answer is waited for, by further ways and reminders."""
    if kind is NoticeKind.CODE:
        return due + CODE_LIVES
    if kind in _FROM_THE_PAGE:
        return _stale_on_the_page(kind, due, slots, timezone)
    if kind in (NoticeKind.URGENT, NoticeKind.CRISIS, NoticeKind.ABSENCE):
        return due + timedelta(hours=12)
    if kind in (NoticeKind.MEETING, NoticeKind.REMINDER) and slots.starts_at is not None:
        return slots.starts_at
    return due + (QUESTION_LIVES if asks else timedelta(days=4))


_FROM_THE_PAGE = frozenset({NoticeKind.HOMEWORK, NoticeKind.DOCUMENT, NoticeKind.RESULT, NoticeKind.DIGEST})


def _stale_on_the_page(kind: NoticeKind, due: datetime, slots: Slots, timezone: str) -> datetime:
    """Homework and what is to be signed, until the evening of its day; a digest, over a weekend at most."""
    match kind:
        case NoticeKind.HOMEWORK:
            return max(_evening_of(slots.day, due, timezone), due + timedelta(hours=1))
        case NoticeKind.DOCUMENT if slots.signs and slots.day:
            return max(_evening_of(slots.day, due, timezone), due + timedelta(days=1))
        case NoticeKind.DOCUMENT:
            return due + timedelta(days=30)
        case NoticeKind.RESULT:
            return due + timedelta(days=7)
        case _:
            return due + timedelta(days=3)


def _evening_of(day: date | None, due: datetime, timezone: str) -> datetime:
    return datetime.combine(day, EVENING, tzinfo=ZoneInfo(timezone)).astimezone(UTC) if day else due


def retry_delay(tries: int, asked_for: float | None) -> float:
    """Seconds until the next try: as long as the provider asks for, else 2, 4, 8 … at most 300."""
    if asked_for is not None:
        return min(max(asked_for, 0.0), 3600.0)
    return float(min(2 ** min(tries, 9), 300))


def proof_of(proof: Proof, *, receipts: bool) -> Proof:
    """Say what acceptance proves through one sender: a handset whose receipts nobody hears proves no more than mail."""
    return proof if receipts else Proof.ACCEPTED


def wait_after_accepted(settings: Settings, lane: Lane, proof: Proof) -> float:
    """Seconds after which an accepted message without news means something: see docs/adr/0004."""
    if proof is Proof.HANDSET:
        return settings.receipt_wait_urgent if lane is Lane.URGENT else settings.receipt_wait_routine
    return settings.accepted_wait_urgent if lane is Lane.URGENT else settings.accepted_wait


def call_due(lane: Lane, now: datetime) -> datetime:
    """Say until when somebody should have called."""
    return now + (timedelta(minutes=15) if lane is Lane.URGENT else timedelta(days=1))


@dataclass(frozen=True, slots=True)
class AfterFailure:
    """What a failure means: whether the address is finished, and whether the same address gets one more try."""

    address_dead: bool = False
    address_stopped: bool = False
    retry_in: float | None = None


def after_failure(kind: ErrorKind, lane: Lane, n: int) -> AfterFailure:
    """A phone that was off gets one later try when nothing burns; everything else takes the next rung at once."""
    if kind is ErrorKind.TEMPORARY and lane is Lane.ROUTINE and n == 1:
        return AfterFailure(retry_in=1800.0)
    return AfterFailure(address_dead=kind is ErrorKind.DEAD_ADDRESS, address_stopped=kind is ErrorKind.STOPPED)
