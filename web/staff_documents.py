"""Documents for families: give one, see who signed it, note a signature on paper, ask again, take it back."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from hub.errors import HubError, InvalidError
from hub.models.notices import Needs
from hub.notices.choices import choices
from hub.papers.asking_again import ask_again
from hub.papers.files import cards
from hub.papers.publishing import (
    Heard,
    heard_by,
    is_for_many,
    pressed_before,
    publish_document,
    withdraw_document,
)
from hub.papers.shown import paper, papers
from hub.papers.signing import sign_on_paper
from hub.people.schools import read_school
from hub.people.second_factor import SecondNeededError, needs_second
from web.document_form import DocumentForm, meant, typed
from web.pages import date_words, page
from web.pupil_lists import chips
from web.ready_files import NOT_THERE, Refused, lay_ready, still_ready
from web.staff_reminders import document_reminder
from web.staff_visit import ReadingDep, Visit, WriterDep, WritingDep

router = APIRouter()
MOST_PAGES = 1000

NEEDS: Mapping[Needs, str] = {
    Needs.NONE: "aucune, à lire seulement",
    Needs.ONE: "d’un adulte par enfant",
    Needs.BOTH: "de chaque adulte qui décide",
}
THROUGH: Mapping[str, str] = {"page": "sur sa page", "link": "par le lien reçu", "paper": "sur papier"}
_FIELDS: Mapping[str, str] = {"subject": "title", "audience": "to", "text": "text", "due_on": "due_on"}


@router.get("/classe/documents")
async def listed(
    visit: WriterDep, session: ReadingDep, number: Annotated[int, Query(alias="page", ge=1, le=MOST_PAGES)] = 1
) -> Response:
    """For staff of the classes that they are for; the director and the office, all: the documents, newest first."""
    found, more = await papers(
        session, visit.house.keyring, school_id=visit.school_id, reader=visit.reader, page=number
    )
    return page(
        "staff/documents.html",
        visit=visit,
        papers=found,
        number=number,
        more=more and number < MOST_PAGES,
        timezone=visit.who.timezone,
        room="classe",
    )


@router.get("/classe/documents/nouveau")
async def new(visit: WriterDep) -> Response:
    """For all staff but a deputy: an empty sheet."""
    return await _sheet(visit, DocumentForm(key=secrets.token_hex(16), tells="1"))


@router.post("/classe/documents/nouveau")
async def give(visit: WriterDep, request: Request) -> Response:
    """For all staff but a deputy, with a right to these families: lay files ready, read over, then give it.

    The body is read only once the visitor is known.
    """
    form = await typed(request)
    files, refused = await lay_ready(request, visit, form.kept)
    form = form.model_copy(update={"kept": files})
    form, fresh = await _with_own_files(visit, form)
    if refused or not fresh:
        return await _sheet(visit, form, refused=refused or [Refused("", NOT_THERE)])
    try:
        wanted = meant(form, form.key)
        if form.step == "press" and form.key:
            before = await _pressed(visit, form.key)
            if before is not None:
                return RedirectResponse(f"/classe/documents/{before}", 303)
        async with visit.house.database.reading(visit.school_id) as session:
            found = await heard_by(session, school_id=visit.school_id, reader=visit.reader, new=wanted)
        if form.step != "press" or form.seen != form.mark or not form.key or _lacks_second(visit, form, found):
            return await _sheet(visit, form, found=found)
        async with visit.house.database.school(visit.school_id) as session:
            document_id = await publish_document(
                session,
                visit.house.keyring,
                school=await read_school(session, visit.school_id),
                reader=visit.reader,
                new=wanted,
                now=visit.now,
            )
        return RedirectResponse(f"/classe/documents/{document_id}", 303)
    except InvalidError as error:
        return await _sheet(visit, form, wrong={_FIELDS.get(error.field or "", error.field or "to"): str(error)})
    except HubError as error:
        return await _sheet(visit, form, wrong={"to": str(error)})


@router.get("/classe/documents/{document_id:int}")
async def one(visit: WriterDep, session: ReadingDep, document_id: int, relance: str = "") -> Response:
    """For staff of the classes that it is for, the director and the office: a document and its signatures."""
    return await _shown(visit, session, document_id, asked_again=relance == "oui")


@router.post("/classe/documents/{document_id:int}/signer")
async def on_paper(
    visit: WriterDep,
    session: WritingDep,
    document_id: int,
    pour: Annotated[str, Form(pattern=r"^[0-9]{1,18}:[0-9]{1,18}$")],
) -> Response:
    """For staff of the child's class, the director and the office: note that an adult signed on paper."""
    pupil_id, guardian_id = map(int, pour.split(":"))
    await paper(session, visit.house.keyring, school_id=visit.school_id, document_id=document_id, reader=visit.reader)
    await sign_on_paper(session, **visit.acting, document_id=document_id, guardian_id=guardian_id, pupils=[pupil_id])
    return RedirectResponse(f"/classe/documents/{document_id}#eleve-{pupil_id}", 303)


@router.post("/classe/documents/{document_id:int}/relancer")
async def again(visit: WriterDep, document_id: int) -> Response:
    """For its author, the director and the office: ask those who have not signed once more."""
    try:
        async with visit.house.database.school(visit.school_id) as session:
            which = {"school_id": visit.school_id, "document_id": document_id}
            visit.check_second(many=await is_for_many(session, **which, day=visit.reader.day))
            await ask_again(
                session,
                visit.house.keyring,
                school=await read_school(session, visit.school_id),
                document_id=document_id,
                reader=visit.reader,
                now=visit.now,
            )
    except (InvalidError, SecondNeededError) as error:
        async with visit.house.database.reading(visit.school_id) as session:
            return await _shown(visit, session, document_id, wrong=str(error))
    return RedirectResponse(f"/classe/documents/{document_id}?relance=oui", 303)


@router.post("/classe/documents/{document_id:int}/retirer")
async def withdraw(visit: WriterDep, session: WritingDep, document_id: int) -> Response:
    """For its author, the director and the office: take a document back."""
    await withdraw_document(session, **visit.acting, document_id=document_id)
    return RedirectResponse(f"/classe/documents/{document_id}", 303)


def _lacks_second(visit: Visit, form: DocumentForm, found: Heard) -> bool:
    """Whether it would be told to many by somebody who gave no second factor."""
    return bool(form.tells) and needs_second(visit.who, many=found.many)


async def _with_own_files(visit: Visit, form: DocumentForm) -> tuple[DocumentForm, bool]:
    """Leave out files that are not ready any more, or not this person's; says whether all were."""
    if not form.kept or await _pressed(visit, form.key) is not None:
        return form, True
    kept = await still_ready(visit, form.kept)
    return form.model_copy(update={"kept": kept}), kept == form.kept


async def _pressed(visit: Visit, key: str) -> int | None:
    async with visit.house.database.reading(visit.school_id) as session:
        return await pressed_before(session, school_id=visit.school_id, key=key)


async def _shown(
    visit: Visit, session: ReadingDep, document_id: int, *, wrong: str = "", asked_again: bool = False
) -> Response:
    whole = await paper(
        session, visit.house.keyring, school_id=visit.school_id, document_id=document_id, reader=visit.reader
    )
    mine = visit.reader.rights.whole_school or whole.paper.author_id == visit.reader.staff_id
    return page(
        "staff/document.html",
        status=422 if wrong else 200,
        visit=visit,
        paper=whole.paper,
        files=whole.files,
        lacking=[child for child in whole.children if not child.done(whole.paper.needs)],
        done=[child for child in whole.children if child.done(whole.paper.needs)],
        mine=mine,
        wrong=wrong,
        asked_again=asked_again,
        needs=NEEDS,
        through=THROUGH,
        reminders=await document_reminder(visit, session, whole.paper) if mine else None,
        due_words=date_words(whole.paper.due_on) if whole.paper.due_on else "",
        timezone=visit.who.timezone,
        room="classe",
    )


async def _sheet(
    visit: Visit,
    form: DocumentForm,
    *,
    found: Heard | None = None,
    refused: Sequence[Refused] = (),
    wrong: Mapping[str, str] | None = None,
) -> Response:
    """Show the sheet as it was filled in: nothing that was typed or laid ready is lost."""
    async with visit.house.database.reading(visit.school_id) as session:
        offered = await choices(session, school_id=visit.school_id, rights=visit.reader.rights, day=visit.reader.day)
        ready = await cards(session, visit.house.keyring, school_id=visit.school_id, files=form.kept)
    return page(
        "staff/document_new.html",
        status=422 if wrong or refused else 200,
        visit=visit,
        form=form,
        choices=offered,
        pupil_chips=chips(offered.pupils, frozenset(form.to)),
        ready=[ready[file_id] for file_id in form.kept if file_id in ready],
        found=found.wished if found else None,
        lacks_second=found is not None and _lacks_second(visit, form, found),
        refused=refused,
        wrong=wrong or {},
        needs=NEEDS,
        room="classe",
    )
