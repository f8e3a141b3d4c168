"""A family's calendar as a file that any calendar reads (RFC 5545): names of children never stand in it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event
from icalendar.prop import vDuration

from hub.agenda.entries import Entry
from hub.agenda.meetings import MEETING
from hub.holidays import Holiday
from hub.models.agenda import EventKind
from hub.people.kin import Child
from i18n.slots import clean, clean_line
from i18n.tongues import Tongue

DAY = timedelta(days=1)
ASK_AGAIN = timedelta(hours=4)
"""How often a calendar should ask; most ask less often."""
HOLIDAYS_KNOWN = datetime(2026, 1, 1, tzinfo=UTC)
"""The moment of every holiday in a file: what the ministry published does not change under us."""


def calendar_file(
    speaks: Tongue,
    name: str,
    timezone: str,
    children: Collection[Child],
    entries: Iterable[Entry],
    off: Iterable[Holiday],
) -> bytes:
    """Write a calendar: the same things give the same bytes, so that who has them need not take them again.

    A class is named where the children are in several: the file is often shared, and a class says less than a name.
    """
    made = Calendar()
    made.add("prodid", "-//Passerelle//Agenda//FR")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("name", clean_line(name))
    made.add("x-wr-calname", clean_line(name))
    made.add("x-wr-timezone", timezone)
    made.add("refresh-interval", vDuration(ASK_AGAIN), parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", vDuration(ASK_AGAIN))
    for one in entries:
        made.add_component(_event(speaks, one, timezone, children))
    for each in off:
        made.add_component(_holiday(speaks, each))
    return bytes(made.to_ical())


def _event(speaks: Tongue, entry: Entry, timezone: str, children: Collection[Child]) -> Event:
    made = Event()
    made.add("uid", entry.uid)
    made.add("sequence", entry.sequence)
    made.add("dtstamp", entry.changed_at.replace(microsecond=0))
    made.add("last-modified", entry.changed_at.replace(microsecond=0))
    made.add("created", entry.made_at.replace(microsecond=0))
    made.add("summary", _summary(speaks, entry, children))
    if entry.starts_at is None:
        made.add("dtstart", entry.first)
        made.add("dtend", entry.last + DAY)
    else:
        made.add("dtstart", entry.starts_at.astimezone(UTC))
        ends = entry.ends_at or _end_of(entry, timezone)
        if ends is not None:
            made.add("dtend", ends.astimezone(UTC))
    if entry.place:
        made.add("location", clean_line(entry.place))
    if entry.text:
        made.add("description", clean(entry.text))
    made.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    made.add("transp", "TRANSPARENT" if entry.overrides else "OPAQUE")
    return made


def _end_of(entry: Entry, timezone: str) -> datetime | None:
    """Several days whose last hour nobody said last until the end of the last; one day has no end then."""
    if entry.first == entry.last:
        return None
    return datetime.combine(entry.last + DAY, time(), ZoneInfo(timezone))


def _summary(speaks: Tongue, entry: Entry, children: Collection[Child]) -> str:
    _ = speaks.gettext
    title = clean_line(entry.title) or _(MEETING)
    if entry.kind is EventKind.CLOSED:
        title = _("Pas de classe : %(title)s") % {"title": title}
    elif entry.kind is EventKind.OPEN:
        title = _("Classe exceptionnelle : %(title)s") % {"title": title}
    labels = _labels(entry, children)
    return f"{title} ({', '.join(labels)})" if labels else title


def _labels(entry: Entry, children: Collection[Child]) -> Sequence[str]:
    every = {child.class_id: child.class_label for child in children}
    mine = {child.class_id: child.class_label for child in children if entry.concerns(child.pupil_id, [child.class_id])}
    return sorted(mine.values()) if len(mine) < len(every) else ()


def _holiday(speaks: Tongue, holiday: Holiday) -> Event:
    made = Event()
    made.add("uid", blake2b(f"holiday:{holiday.name}:{holiday.first}".encode(), digest_size=16).hexdigest())
    made.add("sequence", 0)
    made.add("dtstamp", HOLIDAYS_KNOWN)
    made.add("summary", speaks.gettext(holiday.name))
    made.add("dtstart", holiday.first)
    made.add("dtend", holiday.last + DAY)
    made.add("status", "CONFIRMED")
    made.add("transp", "TRANSPARENT")
    return made
