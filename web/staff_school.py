"""The school's own room: the way to the team, the substitutes and the school year; and the team itself."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse

from hub.errors import NotAllowedError
from hub.models.school import Role
from hub.people.second_factor import reset
from hub.people.team import team_of
from web.pages import date_words, page
from web.staff_visit import ReadingDep, Visit, WriterDep, WritingDep

router = APIRouter()

ROLES: Mapping[Role, str] = {
    Role.DIRECTOR: "direction",
    Role.OFFICE: "secrétariat",
    Role.TEACHER: "enseignement",
    Role.DEPUTY: "suppléance, pour l’alerte seule",
}


async def _of_the_school(visit: WriterDep) -> Visit:
    """Let in the director and the office. Raises NotAllowedError."""
    if not visit.reader.rights.whole_school:
        raise NotAllowedError("Cette pièce est à la direction et au secrétariat.")
    return visit


OfficeDep = Annotated[Visit, Depends(_of_the_school)]
"""The director or the office."""


@router.get("/ecole")
async def landing(visit: OfficeDep) -> Response:
    """For the director and the office: what there is in this room."""
    return page("staff/school.html", visit=visit, room="ecole")


@router.get("/ecole/equipe")
async def team(visit: OfficeDep, session: ReadingDep) -> Response:
    """For the director and the office: who works here today."""
    found = await team_of(session, school_id=visit.school_id, day=visit.reader.day)
    resets = Role.DIRECTOR in visit.reader.rights.roles
    return page(
        "staff/team.html", visit=visit, team=found, roles=ROLES, resets=resets, date_words=date_words, room="ecole"
    )


@router.post("/ecole/equipe/second")
async def take_back(visit: OfficeDep, session: WritingDep, colleague: Annotated[int, Form(ge=1, lt=2**63)]) -> Response:
    """For the director with a second factor: take that of a colleague who lost it, which is written down."""
    if Role.DIRECTOR not in visit.reader.rights.roles:
        raise NotAllowedError("Seule la direction remet un second facteur à zéro.")
    if colleague == visit.reader.staff_id:
        raise NotAllowedError("Le vôtre s’enlève dans « Mon compte », avec un code.")
    if visit.lacks_second:
        raise NotAllowedError("Donnez d’abord votre propre second facteur : un mot de passe seul n’en enlève aucun.")
    await reset(session, school_id=visit.school_id, staff_id=colleague, by=visit.reader.staff_id, now=visit.now)
    return RedirectResponse("/ecole/equipe", 303)
