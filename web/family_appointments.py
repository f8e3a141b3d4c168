"""Appointments on a family's page: what is offered for each child, and one's own; chosen, moved, given back."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from hub.agenda.reading import year_ends
from hub.errors import HubError, InvalidError, NotFoundError
from hub.evenings.wishes import evenings_for
from hub.meetings.calendar import calendar_of
from hub.meetings.choosing import GONE, Comes, TakenError, choose, give_back, wait
from hub.meetings.reading import for_family
from hub.people.kin import Child
from hub.people.schools import read_school
from web.appointment_words import Shown, shown, too_late
from web.calendar_file import calendar_file
from web.evening_words import WishShown, wish_from, wish_shown
from web.family_visit import HOME, AtSchool, FamilyDep, Glance, Visitor

router = APIRouter()

AT = f"{HOME}/rendez-vous"
BACK = timedelta(days=31)


class Pressed(BaseModel):
    """A press for one child: `heure` is wanted, in `tour` one waits, `rendezvous` is given back."""

    ecole: int = Field(ge=1, lt=2**63)
    eleve: int = Field(ge=1, lt=2**63)
    heure: int = Field(default=0, ge=0, lt=2**63)
    tour: int = Field(default=0, ge=0, lt=2**63)
    rendezvous: int = Field(default=0, ge=0, lt=2**63)
    geste: Literal["choisir", "rendre", "attendre", "ne_plus_attendre"] = "choisir"

    @property
    def card(self) -> str:
        """Name the card on the page whose button it was."""
        return f"r{self.tour}-{self.eleve}"


@router.get(AT)
async def show(visitor: FamilyDep) -> Response:
    """For a family that proved who it is: the hours offered for its children, and its own appointments."""
    return await _page(visitor)


@router.post(AT)
async def press(visitor: FamilyDep, pressed: Annotated[Pressed, Form()]) -> Response:
    """For a family that proved who it is: choose an hour, move, give it back, or wait for one to fall free."""
    try:
        async with visitor.writing(pressed.ecole) as at_school:
            await _act(visitor, at_school, pressed)
    except TakenError as late:
        async with visitor.reading(pressed.ecole) as at_school:
            timezone = at_school.school.timezone
        return await _page(visitor, sorry=too_late(visitor.speaks, late, timezone), at=pressed.card)
    except HubError as error:
        if isinstance(error, NotFoundError) and str(error) != GONE:
            raise
        return await _page(visitor, sorry=visitor.speaks.gettext(str(error)), at=pressed.card)
    return RedirectResponse(f"{AT}?lang={visitor.speaks.code}", 303)


@router.post(f"{AT}/souhait")
async def say_wish(request: Request, visitor: FamilyDep, ecole: Annotated[int, Form(ge=1, lt=2**63)]) -> Response:
    """For a family that proved who it is: say about which of its children it comes to an evening, and when."""
    try:
        async with visitor.writing(ecole) as at_school:
            await wish_from(
                at_school.session,
                visitor.house.keyring,
                await request.form(),
                school=await read_school(at_school.session, ecole),
                children=at_school.children,
                now=visitor.now,
            )
    except InvalidError as error:
        return await _page(visitor, sorry=visitor.speaks.gettext(str(error)))
    return RedirectResponse(f"{AT}?lang={visitor.speaks.code}", 303)


@router.get(f"{AT}/{{school_id:int}}/{{uid}}.ics")
async def as_file(visitor: FamilyDep, school_id: int, uid: str) -> Response:
    """For a family that proved who it is: one of its own appointments, for its own calendar; without a child's name."""
    async with visitor.reading(school_id) as at_school:
        last = await year_ends(at_school.session, school_id=school_id, day=at_school.day)
        entries = await calendar_of(
            at_school.session,
            visitor.house.keyring,
            school_id=school_id,
            timezone=at_school.school.timezone,
            guardians=at_school.guardians,
            first=at_school.day - BACK,
            last=last,
            now=visitor.now,
        )
    mine = [one for one in entries if one.uid == uid]
    if not mine:
        raise NotFoundError("Il n’y a rien à cette adresse.")
    school = at_school.school
    written = calendar_file(visitor.speaks, school.name, school.timezone, at_school.children, mine, ())
    headers = {"Content-Disposition": 'attachment; filename="rendez-vous.ics"', "Cache-Control": "private, no-store"}
    return Response(written, media_type="text/calendar; charset=utf-8", headers=headers)


async def appointment_glances(visitor: Visitor, at_school: AtSchool) -> Sequence[Glance]:
    """Say for whom an hour is still to be chosen; one's own appointments stand on the calendar."""
    found = []
    way = f"{AT}?lang={visitor.speaks.code}"
    for asking in await _wishes(visitor, at_school):
        if not asking.one.said:
            said = visitor.speaks.gettext("Rencontre à l'école : dites quand venir, jusqu'au %(day)s") % {
                "day": asking.until
            }
            found += [Glance(each.child.pupil_id, "people", said, way, marked=True) for each in asking.one.children]
    for one in await _of_school(visitor, at_school):
        if one.one.to_choose:
            said = visitor.speaks.gettext("Rendez-vous à choisir, jusqu'au %(day)s") % {"day": one.until}
            found.append(Glance(one.one.child.pupil_id, "people", said, way, marked=True))
    return found


async def _act(visitor: Visitor, at_school: AtSchool, pressed: Pressed) -> None:
    """Do what was pressed, as the adult beside whom this child stands. Raises NotFoundError for any other child."""
    child = await _child(visitor, at_school, pressed)
    school = await read_school(at_school.session, pressed.ecole)
    comes = Comes(child.guardian_id, child.pupil_id)
    here = at_school.session, visitor.house.keyring
    match pressed.geste:
        case "rendre":
            mine = [one.guardian_id for one in at_school.children if one.pupil_id == child.pupil_id]
            await give_back(*here, school=school, booking_id=pressed.rendezvous, guardians=mine, now=visitor.now)
        case "attendre" | "ne_plus_attendre":
            waits = pressed.geste == "attendre"
            await wait(
                at_school.session, school=school, round_id=pressed.tour, comes=comes, waits=waits, now=visitor.now
            )
        case _:
            await choose(*here, school=school, slot_id=pressed.heure, comes=comes, now=visitor.now)


async def _child(visitor: Visitor, at_school: AtSchool, pressed: Pressed) -> Child:
    """Give the child as the card showed it: of two adults at one telephone, beside the one whose appointment it was."""
    those = [child for child in at_school.children if child.pupil_id == pressed.eleve]
    if not those:
        raise NotFoundError("Il n’y a rien à cette adresse.")
    cards = await for_family(
        at_school.session, visitor.house.keyring, school_id=pressed.ecole, children=those, now=visitor.now
    )
    return next((one.child for one in cards if one.round_id == pressed.tour), those[0])


async def _page(visitor: Visitor, *, sorry: str = "", at: str = "") -> Response:
    """Show what is offered as it is now; `sorry`: why what was pressed could not be, in the card `at`."""
    found: list[tuple[str, Shown]] = []
    wishes: list[tuple[str, WishShown]] = []
    for school_id in visitor.at_home.schools:
        async with visitor.reading(school_id) as at_school:
            wishes += [(at_school.school.name, one) for one in await _wishes(visitor, at_school)]
            found += [(at_school.school.name, one) for one in await _of_school(visitor, at_school)]
    return visitor.page(
        "appointments",
        status=409 if sorry else 200,
        found=found,
        wishes=wishes,
        to_say=sum(not one.one.said for _, one in wishes),
        to_choose=sum(one.one.to_choose for _, one in found),
        next=next((one for _, one in found if one.when), None),
        several=len(visitor.at_home.schools) > 1,
        sorry=sorry,
        sorry_at=at if at in {f"r{one.one.round_id}-{one.one.child.pupil_id}" for _, one in found} else "",
    )


async def _of_school(visitor: Visitor, at_school: AtSchool) -> list[Shown]:
    offered = await for_family(
        at_school.session,
        visitor.house.keyring,
        school_id=at_school.school_id,
        children=at_school.children,
        now=visitor.now,
    )
    timezone = at_school.school.timezone
    return [shown(visitor.speaks, at_school.school_id, one, timezone) for one in offered]


async def _wishes(visitor: Visitor, at_school: AtSchool) -> list[WishShown]:
    """Read which evenings ask this family when it can come."""
    if not at_school.children:
        return []
    school = await read_school(at_school.session, at_school.school_id)
    found = await evenings_for(
        at_school.session, visitor.house.keyring, school=school, children=at_school.children, now=visitor.now
    )
    asking = [one for one in found if one.asks(visitor.now)]
    return [wish_shown(visitor.speaks, at_school.school_id, one, school.timezone) for one in asking]
