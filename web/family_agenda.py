"""The calendar on a family's page: what comes, by day and by month, and the address for its own calendar."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Annotated, Any, Literal

from babel.dates import format_date
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from hub.agenda.entries import Entry, in_order, when
from hub.agenda.feeds import end_feeds, feeds_of, make_feed
from hub.agenda.meetings import MEETING
from hub.agenda.reading import for_family, year_ends
from hub.errors import NotFoundError
from hub.holidays import Holiday, holidays
from hub.meetings.calendar import calendar_of
from hub.models.agenda import EventKind
from hub.models.answers import AnswerKind
from hub.people.kin import Child
from i18n.slots import N_
from i18n.tongues import Tongue
from web.family_visit import HOME, AtSchool, FamilyDep, Glance, Visitor
from web.invitations import square

router = APIRouter()

AT = f"{HOME}/agenda"
SOON, NEAR = timedelta(days=7), timedelta(weeks=4)
KINDS = {
    EventKind.MEETING: MEETING,
    EventKind.TRIP: N_("Sortie"),
    EventKind.CLOSED: N_("Pas de classe"),
    EventKind.OPEN: N_("Classe exceptionnelle"),
}
"""What is said of an entry beside its title."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that comes. `day`: under which it stands; `whose`: first names, where not all; `ours`: words of ours.

    `said`: how this family answered; `answer_at`: where it may still do so, empty where it may not.
    """

    day: date
    title: str
    kind: str
    when: str
    place: str
    text: str
    whose: str
    school: str
    said: str = ""
    answer_at: str = ""
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Address:
    """A calendar that one may have at an address: in which school, of which guardian, for whom; `open`: it has one."""

    school_id: int
    guardian_id: int
    names: str
    school: str
    open: bool


@router.get(AT)
async def agenda(visitor: FamilyDep, enfant: int = 0) -> Response:
    """For a family that proved who it is: what comes, of all its children or of one."""
    lines, addresses, children = list[Line](), list[Address](), list[Child]()
    today: date | None = None
    several = len(visitor.at_home.schools) > 1
    for school_id in visitor.at_home.schools:
        async with visitor.reading(school_id) as at_school:
            children += at_school.children
            today = at_school.day
            lines += await _lines(visitor, at_school, enfant, several=several)
            addresses += await _addresses(visitor.speaks, at_school)
    lines.sort(key=lambda one: one.day)
    first = today or visitor.now.date()
    near = [one for one in lines if one.day < first + NEAR]
    later = [one for one in lines if one.day >= first + NEAR]
    return visitor.page(
        "agenda",
        next=next((one for one in near if not one.ours), None),
        near=near,
        later=_by_month(visitor.speaks, later),
        children={child.pupil_id: child.first_name for child in children},
        chosen=enfant,
        addresses=addresses,
        several=several,
    )


@router.get(f"{AT}/abonnement")
async def shown_once(visitor: FamilyDep) -> Response:
    """For a family that proved who it is: an address is not shown again, in no language; back to what comes."""
    return RedirectResponse(f"{AT}?lang={visitor.speaks.code}", 303)


@router.post(f"{AT}/abonnement")
async def subscribe(
    request: Request,
    visitor: FamilyDep,
    ecole: Annotated[int, Form()],
    adulte: Annotated[int, Form()],
    act: Annotated[Literal["ouvrir", "fermer"], Form()] = "ouvrir",
) -> Response:
    """For a family that proved who it is: make its own calendar's address, which is shown once, or end it."""
    async with visitor.writing(ecole) as at_school:
        if not any(child.guardian_id == adulte for child in at_school.children):
            raise NotFoundError("Il n’y a rien à cette adresse.")
        if act == "fermer":
            await end_feeds(at_school.session, school_id=ecole, guardians=[adulte], now=visitor.now)
            return RedirectResponse(f"{AT}?lang={visitor.speaks.code}", 303)
        code = await make_feed(
            at_school.session, visitor.house.keyring, school_id=ecole, guardian_id=adulte, now=visitor.now
        )
    house = (visitor.house.settings.public_url or str(request.base_url)).rstrip("/")
    address = f"{house}/agenda/{code}.ics"
    webcal = f"webcal://{address.partition('://')[2]}"
    return visitor.page("agenda_feed", address=address, webcal=webcal, square=square(webcal))


async def agenda_glances(visitor: Visitor, at_school: AtSchool) -> Sequence[Glance]:
    """Say what comes for each child within a week: the next thing, with what else begins on its day."""
    entries = await _entries(visitor, at_school, at_school.day, at_school.day + SOON)
    found = []
    for pupil_id in at_school.pupils:
        mine = _of_child(entries, at_school.children, pupil_id)
        if mine:
            days = when(visitor.speaks, mine[0], at_school.school.timezone)
            that_day = [each.title or visitor.speaks.gettext(MEETING) for each in mine if each.first == mine[0].first]
            sentence = visitor.speaks.gettext("%(day)s : %(title)s") % {"day": days, "title": " · ".join(that_day)}
            found.append(Glance(pupil_id, "cal", sentence[:1].upper() + sentence[1:], AT))
    return found


async def _entries(visitor: Visitor, at_school: AtSchool, first: date, last: date) -> list[Entry]:
    which: dict[str, Any] = {
        "school_id": at_school.school_id,
        "timezone": at_school.school.timezone,
        "guardians": at_school.guardians,
        "first": first,
        "last": last,
        "now": visitor.now,
    }
    here = at_school.session, visitor.house.keyring
    own = await calendar_of(*here, **which)
    return in_order([*await for_family(*here, **which, classes=at_school.classes), *own])


def _of_child(entries: Iterable[Entry], children: Sequence[Child], pupil_id: int) -> list[Entry]:
    classes = {child.class_id for child in children if child.pupil_id == pupil_id}
    return [one for one in entries if one.concerns(pupil_id, classes)]


async def _lines(visitor: Visitor, at_school: AtSchool, chosen: int, *, several: bool) -> list[Line]:
    if not at_school.children or (chosen and chosen not in at_school.pupils):
        return []
    today = at_school.day
    last = max(await year_ends(at_school.session, school_id=at_school.school_id, day=today), today + NEAR)
    entries = await _entries(visitor, at_school, today, last)
    if chosen:
        entries = _of_child(entries, at_school.children, chosen)
    school = at_school.school.name if several else ""
    lines = [_line(visitor, one, at_school, school) for one in entries]
    return lines + [_holiday(visitor.speaks, one, today, school) for one in holidays(at_school.zone, today, last)]


def _line(visitor: Visitor, entry: Entry, at_school: AtSchool, school: str) -> Line:
    speaks, timezone = visitor.speaks, at_school.school.timezone
    mine = [child for child in at_school.children if entry.concerns(child.pupil_id, [child.class_id])]
    names = tuple(dict.fromkeys(child.first_name for child in mine))
    kind = speaks.gettext(KINDS[entry.kind]) if entry.kind in KINDS else ""
    return Line(
        day=max(entry.first, at_school.day),
        title=entry.title,
        kind=kind,
        when=when(speaks, entry, timezone),
        place=entry.place,
        text=entry.text,
        whose=speaks.names(names) if {child.pupil_id for child in mine} != set(at_school.pupils) else "",
        school=school,
        said=_said(speaks, entry),
        answer_at=_answer_at(visitor, at_school, entry),
    )


def _answer_at(visitor: Visitor, at_school: AtSchool, entry: Entry) -> str:
    """Give the message that asks, as long as an answer counts; what never left has none."""
    over = entry.starts_at is None or entry.starts_at <= visitor.now
    if not entry.asks or over or entry.delivery_id is None:
        return ""
    return f"{HOME}/messages/{at_school.school_id}/{entry.delivery_id}?lang={visitor.speaks.code}"


def _said(speaks: Tongue, entry: Entry) -> str:
    _ = speaks.gettext
    match entry.said.kind if entry.said else None:
        case AnswerKind.YES:
            return _("Votre réponse : vous venez.")
        case AnswerKind.NO:
            return _("Votre réponse : vous ne venez pas.")
        case AnswerKind.COUNT:
            return _("Votre réponse : vous serez %(number)s.") % {"number": entry.said.number if entry.said else ""}
    return ""


def _holiday(speaks: Tongue, holiday: Holiday, today: date, school: str) -> Line:
    words = speaks.gettext(holiday.name)
    days = speaks.day(holiday.first)
    if holiday.first != holiday.last:
        ends = {"first": days, "last": speaks.day(holiday.last)}
        days = speaks.gettext("du %(first)s au %(last)s") % ends
    return Line(max(holiday.first, today), words, "", days, "", "", "", school, ours=True)


def _by_month(speaks: Tongue, lines: Iterable[Line]) -> list[tuple[str, list[Line]]]:
    months = groupby(lines, key=lambda one: one.day.replace(day=1))
    named = ((str(format_date(first, "LLLL y", locale=speaks.locale)), list(those)) for first, those in months)
    return [(name[:1].upper() + name[1:], those) for name, those in named]


async def _addresses(speaks: Tongue, at_school: AtSchool) -> list[Address]:
    """List the calendars of a school; adults of the very same children would have the same one twice."""
    found = dict[frozenset[int], Address]()
    opened = await feeds_of(at_school.session, school_id=at_school.school_id, guardians=at_school.guardians)
    for guardian_id in at_school.guardians:
        mine = {child.pupil_id: child.first_name for child in at_school.children if child.guardian_id == guardian_id}
        if not mine:
            continue
        names = speaks.names(tuple(mine.values()))
        one = Address(at_school.school_id, guardian_id, names, at_school.school.name, open=guardian_id in opened)
        if frozenset(mine) not in found or (one.open and not found[frozenset(mine)].open):
            found[frozenset(mine)] = one
    return list(found.values())
