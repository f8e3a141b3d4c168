"""The first page of a family: what waits to be done, then each child, whichever school it goes to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response

from hub.ports import SchoolCard
from i18n.slots import N_
from i18n.tongues import Tongue
from web.family_glances import GLANCES
from web.family_visit import AtSchool, FamilyDep, Glance

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One child: its first name, its classes, its school, and what the rooms say of it, what is to be done first."""

    first_name: str
    classes: tuple[str, ...]
    school: SchoolCard
    glances: tuple[Glance, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """A room of the family's page: where it is, its icon and what is written on it."""

    path: str
    icon: str
    title: str


WAYS = (
    Way("/famille/devoirs", "book", N_("Devoirs")),
    Way("/famille/documents", "clip", N_("Documents")),
    Way("/famille/resultats", "ack", N_("Résultats")),
    Way("/famille/agenda", "cal", N_("Agenda")),
    Way("/famille/rendez-vous", "people", N_("Rendez-vous")),
    Way("/famille/messages", "tray", N_("Messages")),
    Way("/famille/reglages", "tongue", N_("Réglages")),
)
"""The rooms, in the order in which a family asks for them."""


@router.get("/famille")
async def first_page(visitor: FamilyDep) -> Response:
    """For a family that proved who it is: what waits, and its children, of every school."""
    sheets: list[Sheet] = []
    schools: list[SchoolCard] = []
    for school_id in visitor.at_home.schools:
        async with visitor.reading(school_id) as here:
            sheets += _sheets(here, [one for look in GLANCES for one in await look(visitor, here)])
        schools.append(here.school)
    marked = [one for sheet in sheets for one in sheet.glances if one.marked]
    return visitor.page(
        "home", sheets=sheets, schools=schools, waits=_waits(visitor.speaks, marked), ways=WAYS if sheets else ()
    )


def _sheets(here: AtSchool, said: Sequence[Glance]) -> Iterable[Sheet]:
    for pupil_id in here.pupils:
        mine = [child for child in here.children if child.pupil_id == pupil_id]
        theirs = sorted((one for one in said if one.pupil_id == pupil_id), key=lambda one: not one.marked)
        classes = tuple(dict.fromkeys(child.class_label for child in mine))
        yield Sheet(mine[0].first_name, classes, here.school, tuple(theirs))


def _waits(speaks: Tongue, marked: Sequence[Glance]) -> str:
    """Say in one sentence how much is to be done; the sheets say what."""
    if not marked:
        return speaks.gettext("Rien ne vous attend aujourd'hui.")
    things = speaks.ngettext("%(count)s chose vous attend.", "%(count)s choses vous attendent.", len(marked))
    return things % {"count": len(marked)}
