"""Invitations to Telegram on paper: a sheet for each adult of a class, or for one, to travel in the school bag."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Response
from markupsafe import Markup

from hub.errors import InvalidError, NotAllowedError
from hub.models.people import Medium
from hub.notices.choices import choices
from hub.people.chat_lines import ChatLine, chat_line
from hub.people.inviting import Sheet, invite_adult, invite_classes
from hub.people.mending import adult_card
from i18n.tongues import Tongue, tongue
from web.house import House
from web.invitations import deep_link, square
from web.pages import page
from web.security import RowId
from web.staff_visit import ReadingDep, Visit, WriterDep, WritingDep

router = APIRouter()

NO_BOT = "L’école n’a pas de bot Telegram : l’ajouter se fait par passerelle sender add."


@dataclass(frozen=True, slots=True)
class Printed:
    """A sheet as it is printed. `said`: what to do, in the adult's language and, where that is another, in French."""

    sheet: Sheet
    link: str
    square: Markup
    said: tuple[tuple[Tongue, tuple[str, ...]], ...]


@router.get("/familles/invitations")
async def show(visit: WriterDep, session: ReadingDep) -> Response:
    """For director and office; a teacher for his or her classes: choose for whom to print."""
    _allowed(visit)
    return await _chosen(visit, session)


@router.post("/familles/invitations")
async def sheets(
    visit: WriterDep,
    session: WritingDep,
    classes: Annotated[list[RowId] | None, Form()] = None,
) -> Response:
    """For director and office; a teacher for his or her classes: make the invitations, and show them this once."""
    _allowed(visit)
    line = await chat_line(session, visit.school_id)
    if line is None:
        raise InvalidError(NO_BOT)
    made = await invite_classes(
        session,
        visit.house.keyring,
        school_id=visit.school_id,
        staff_id=visit.reader.staff_id,
        rights=visit.reader.rights,
        classes=classes or (),
        medium=Medium.CHAT,
        day=visit.reader.day,
        now=visit.now,
    )
    shown = [_on_paper(visit.house, line, sheet) for sheet in made]
    return page("staff/invitations_sheets.html", visit=visit, sheets=shown, line=line, room="familles")


@router.post("/familles/{guardian_id:int}/invitation")
async def sheet(visit: WriterDep, session: WritingDep, guardian_id: int) -> Response:
    """For the director and the office: make the invitation of one adult, and show it this once."""
    if not visit.reader.rights.whole_school:
        raise NotAllowedError("Seuls la direction et le secrétariat invitent un adulte.")
    card = await adult_card(
        session, visit.house.keyring, school_id=visit.school_id, guardian_id=guardian_id, day=visit.reader.day
    )
    line = await chat_line(session, visit.school_id)
    if line is None:
        raise InvalidError(NO_BOT)
    made = await invite_adult(
        session,
        visit.house.keyring,
        school_id=visit.school_id,
        staff_id=visit.reader.staff_id,
        guardian_id=card.guardian_id,
        medium=Medium.CHAT,
        day=visit.reader.day,
        now=visit.now,
    )
    shown = [_on_paper(visit.house, line, made)]
    return page("staff/invitations_sheets.html", visit=visit, sheets=shown, line=line, room="familles")


async def _chosen(visit: Visit, session: ReadingDep) -> Response:
    line = await chat_line(session, visit.school_id)
    mine = await choices(session, school_id=visit.school_id, rights=visit.reader.rights, day=visit.reader.day)
    return page("staff/invitations.html", visit=visit, classes=mine.classes, line=line, no_bot=NO_BOT, room="familles")


def _allowed(visit: Visit) -> None:
    """Raise NotAllowedError for who has neither the school nor a class."""
    if not visit.reader.rights.whole_school and not visit.reader.rights.classes:
        raise NotAllowedError("Les invitations se font à la direction, au secrétariat, ou par classe.")


def _on_paper(house: House, line: ChatLine, sheet: Sheet) -> Printed:
    link = deep_link(house, line, sheet.code)
    tongues = dict.fromkeys((tongue(sheet.language, typeset=True).code, "fr"))
    said = tuple((speaks, _how(speaks)) for speaks in (tongue(code, typeset=True) for code in tongues))
    return Printed(sheet, link, square(link), said)


def _how(speaks: Tongue) -> tuple[str, ...]:
    """Say in three sentences what an invitation on paper is for."""
    _ = speaks.gettext
    return (
        _("L'école peut aussi vous écrire sur Telegram : c'est gratuit, et dans votre langue."),
        _("Photographiez ce carré avec votre téléphone, ou recopiez l'adresse, puis appuyez sur Démarrer."),
        _("Ce code est pour vous seul : il sert une fois, pendant 30 jours."),
    )
