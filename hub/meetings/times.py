"""Which times a teacher offers on a day, until when one chooses, when one is reminded. Pure: no session, no clock."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from hub.agenda.eves import before_meeting
from hub.errors import InvalidError

SHORTEST, LONGEST = 5, 120
"""Minutes of an appointment."""
MOST = 60
"""Appointments of one teacher in one press: more, an hour was mistyped."""
AHEAD = timedelta(days=200)
PAST = "Ces heures sont déjà passées : donnez un jour et une heure à venir."
ROOM_MAX, LINK_MAX = 60, 300


@dataclass(frozen=True, slots=True)
class Offer:
    """What a teacher offers on one day, hours by the school's clock. `minutes` each, `gap` minutes between two.

    `pause_from`, `pause_to`: nobody comes between them. `link`: where it is, if it is online.
    """

    day: date
    starts: time
    ends: time
    minutes: int
    gap: int = 0
    pause_from: time | None = None
    pause_to: time | None = None
    room: str = ""
    link: str = ""


def times_of(offer: Offer, timezone: str) -> tuple[tuple[datetime, datetime], ...]:
    """Give the beginning and end of each appointment, in UTC; each is as long as it says, on any night of the year."""
    zone = ZoneInfo(timezone)

    def at(hour: time) -> datetime:
        return datetime.combine(offer.day, hour, zone).astimezone(UTC)

    length, ends = timedelta(minutes=offer.minutes), at(offer.ends)
    pause = (at(offer.pause_from), at(offer.pause_to)) if offer.pause_from and offer.pause_to else None
    found, begins = [], at(offer.starts)
    while begins + length <= ends:
        if pause and begins < pause[1] and begins + length > pause[0]:
            begins = pause[1]
            continue
        found.append((begins, begins + length))
        begins += length + timedelta(minutes=offer.gap)
    return tuple(found)


def check_offer(offer: Offer, timezone: str, now: datetime) -> tuple[tuple[datetime, datetime], ...]:
    """Give the times of an offer that can stand. Raises InvalidError; `field` names what is at fault."""
    if not SHORTEST <= offer.minutes <= LONGEST:
        raise InvalidError("Un rendez-vous dure de 5 à 120 minutes.", field="minutes")
    if not 0 <= offer.gap <= LONGEST:
        raise InvalidError("Entre deux rendez-vous, laissez 120 minutes au plus.", field="gap")
    if offer.ends <= offer.starts:
        raise InvalidError("La fin vient après le début : vérifiez les heures.", field="ends")
    _check_pause(offer)
    _check_where(offer)
    _check_day(offer.day, now.astimezone(ZoneInfo(timezone)).date())
    found = times_of(offer, timezone)
    if not found:
        raise InvalidError("Aucun rendez-vous ne tient entre ces heures : vérifiez la durée.", field="minutes")
    if len(found) > MOST:
        raise InvalidError("Cela ferait plus de 60 rendez-vous : vérifiez les heures et la durée.", field="minutes")
    if found[0][0] <= now:
        raise InvalidError(PAST, field="day")
    return found


def closing(first: datetime, until: date | None, timezone: str) -> datetime:
    """Say until when families choose: the evening of the day named, else of the eve; never beyond the first time."""
    zone = ZoneInfo(timezone)
    day = first.astimezone(zone).date()
    last = min(until or day - timedelta(days=1), day)
    return min(datetime.combine(last, time(23, 59), zone).astimezone(UTC), first)


def is_to_remind(
    starts_at: datetime, chosen_at: datetime, now: datetime, days: Collection[date], timezone: str
) -> bool:
    """Whether now is the time to remind of an appointment, by the rule of all meetings; `days`: those of class.

    Who chose it since needs no reminder.
    """
    window = before_meeting(starts_at, days, timezone)
    return window.holds(now) and chosen_at < window.begins


def _check_day(day: date, today: date) -> None:
    """Refuse a day that is past or far off, before any clock reckons with it: the first and last days have no UTC."""
    if day < today:
        raise InvalidError(PAST, field="day")
    if day > today + AHEAD:
        raise InvalidError("Ce jour est trop loin d’aujourd’hui : vérifiez l’année.", field="day")


def _check_pause(offer: Offer) -> None:
    if (offer.pause_from is None) != (offer.pause_to is None):
        raise InvalidError("Une pause a un début et une fin : donnez les deux.", field="pause_from")
    if offer.pause_from and offer.pause_to and offer.pause_to <= offer.pause_from:
        raise InvalidError("La pause finit après avoir commencé : vérifiez les heures.", field="pause_to")


def _check_where(offer: Offer) -> None:
    if len(offer.room) > ROOM_MAX:
        raise InvalidError("La salle compte 60 signes au plus.", field="room")
    if not offer.link:
        return
    try:
        parts = urlsplit(offer.link)
        whole = parts.scheme == "https" and bool(parts.hostname)
    except ValueError:
        whole = False
    if not whole or len(offer.link) > LINK_MAX or not offer.link.isprintable():
        raise InvalidError("Le lien commence par https:// et compte 300 signes au plus.", field="link")
