"""Appointments below the message that invites to one: chosen there, for the adult who holds the link alone."""

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData

from hub.errors import InvalidError, NotFoundError
from hub.evenings.wishes import evenings_for
from hub.meetings.choosing import NO_APPOINTMENT, Comes, TakenError, choose, give_back, wait
from hub.meetings.reading import for_family
from hub.models.answers import AnswerKind
from hub.people.kin import children_of
from hub.people.schools import read_school
from hub.replies.answers import answer
from hub.replies.served import Adult
from i18n.appointment_phrases import APPOINTMENTS
from i18n.slots import whole_number
from web.appointment_words import shown, too_late
from web.evening_words import wish_from, wish_shown
from web.family_part import Opened, Part

APPOINTMENT_PHRASES = frozenset(phrase.name for phrase in APPOINTMENTS)
"""What is said of appointments, and has them below it."""


async def _show(opened: Opened) -> Mapping[str, Any] | None:
    """Give what is offered for the children of this message.

    Where several adults read it, or no child may be named of several, it is on the family's own page alone.
    """
    alone = opened.view.served.alone
    if alone is None or not (opened.view.served.may_name or len(opened.pupils) == 1):
        return {"found": [], "wishes": [], "elsewhere": True, "names": {}}
    children = await children_of(
        opened.session, school_id=opened.school_id, guardians=[alone.guardian_id], day=opened.day
    )
    mine = [child for child in children if child.pupil_id in alone.pupils]
    offered = await for_family(
        opened.session, opened.keyring, school_id=opened.school_id, children=mine, now=opened.now
    )
    school = await read_school(opened.session, opened.school_id)
    asking = await evenings_for(opened.session, opened.keyring, school=school, children=mine, now=opened.now)
    return {
        "found": [shown(opened.speaks, opened.school_id, one, school.timezone) for one in offered],
        "wishes": [
            wish_shown(opened.speaks, opened.school_id, one, school.timezone) for one in asking if one.asks(opened.now)
        ],
        "elsewhere": False,
        "names": opened.pupils,
    }


async def _choose(opened: Opened, adult: Adult, form: FormData) -> None:
    """Choose an hour, or move to it. Raises HubError with a sentence for the family."""
    school = await read_school(opened.session, opened.school_id)
    slot_id, comes = _number(form, "heure"), _comes(adult, form)
    try:
        await choose(opened.session, opened.keyring, school=school, slot_id=slot_id, comes=comes, now=opened.now)
    except TakenError as late:
        raise InvalidError(too_late(opened.speaks, late, school.timezone)) from late
    await _has_read(opened, adult)


async def _give_back(opened: Opened, adult: Adult, form: FormData) -> None:
    school = await read_school(opened.session, opened.school_id)
    _comes(adult, form)
    booking_id, mine = _number(form, "rendezvous"), [adult.guardian_id]
    await give_back(
        opened.session, opened.keyring, school=school, booking_id=booking_id, guardians=mine, now=opened.now
    )


async def _wait(opened: Opened, adult: Adult, form: FormData) -> None:
    school, comes = await read_school(opened.session, opened.school_id), _comes(adult, form)
    waits = form.get("act") == "attendre"
    await wait(opened.session, school=school, round_id=_number(form, "tour"), comes=comes, waits=waits, now=opened.now)


async def _wish(opened: Opened, adult: Adult, form: FormData) -> None:
    """Say about which of the message's children this adult comes to an evening, and when."""
    school = await read_school(opened.session, opened.school_id)
    children = await children_of(
        opened.session, school_id=opened.school_id, guardians=[adult.guardian_id], day=opened.day
    )
    mine = [child for child in children if child.pupil_id in adult.pupils]
    await wish_from(opened.session, opened.keyring, form, school=school, children=mine, now=opened.now)
    await _has_read(opened, adult)


async def _has_read(opened: Opened, adult: Adult) -> None:
    """Who says when to come has read the message: nobody is asked again whether it arrived."""
    await answer(
        await opened.session.connection(),
        school_id=opened.school_id,
        copy_id=opened.view.served.copy_id,
        kind=AnswerKind.ACKNOWLEDGED,
        guardian_id=adult.guardian_id,
        through=opened.view.through,
        now=opened.now,
    )


APPOINTMENT_PART = Part(
    "family/part_appointments.html",
    _show,
    {"choisir": _choose, "rendre": _give_back, "attendre": _wait, "ne_plus_attendre": _wait, "souhaiter": _wish},
)
"""What the page of such a message shows below it."""


def _comes(adult: Adult, form: FormData) -> Comes:
    """Say for which child of the message's the press is. Raises NotFoundError for any other."""
    pupil_id = _number(form, "eleve")
    if pupil_id not in adult.pupils:
        raise NotFoundError(NO_APPOINTMENT)
    return Comes(adult.guardian_id, pupil_id)


def _number(form: FormData, field: str) -> int:
    return whole_number(str(form.get(field, ""))) or 0
