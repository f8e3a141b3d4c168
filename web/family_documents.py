"""Documents on a family's page: those to sign first, each with its files, and « lu et signé » with one press."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from hub.errors import InvalidError, NotFoundError
from hub.home.papers import read_with_it
from hub.models.answers import AnswerKind
from hub.papers.given import GivenPaper, documents_of_notice, given_papers
from hub.papers.signing import LINK, PAGE, sign
from hub.people.kin import Child, children_of
from hub.replies.answers import answer
from hub.replies.links import HOME
from hub.replies.served import Adult
from i18n.slots import N_, whole_number
from web.family_part import Opened, Part
from web.family_visit import AtSchool, FamilyDep, Glance, Visitor
from web.security import RowId

router = APIRouter()

ROOM: Final = "/famille/documents"
NEW_DAYS: Final = 7
"""Days for which a document that wants no signature is new."""
GONE = N_("Ce document n'est plus là : l'école l'a retiré, ou il ne vous concerne plus.")
NOBODY = N_("Dites pour quel enfant vous signez.")


@dataclass(frozen=True, slots=True)
class AtOneSchool:
    """The documents of one school, those to sign first."""

    name: str
    school_id: int
    papers: tuple[GivenPaper, ...]


@router.get(ROOM)
async def listed(visitor: FamilyDep) -> Response:
    """For a family that proved who it is: the documents for its children, those to sign first."""
    schools: list[AtOneSchool] = []
    for school_id in visitor.at_home.schools:
        async with visitor.reading(school_id) as here:
            found = await _papers(visitor, here)
            schools.append(AtOneSchool(here.school.name, school_id, tuple(_to_sign_first(found))))
    to_sign = [paper for one in schools for paper in one.papers if paper.to_sign]
    return visitor.page("documents", schools=schools, to_sign=len(to_sign))


@router.get("/famille/documents/{school_id:int}/{document_id:int}")
async def one(visitor: FamilyDep, school_id: int, document_id: int) -> Response:
    """For a family at its page: a document for one of its children."""
    async with visitor.reading(school_id) as here:
        return visitor.page("document", **await _shown(visitor, here, document_id))


@router.post("/famille/documents/{school_id:int}/{document_id:int}")
async def signed(
    visitor: FamilyDep,
    school_id: int,
    document_id: int,
    guardian: Annotated[int, Form(ge=1, lt=2**63)],
    pupil: Annotated[list[RowId], Form(default_factory=list, max_length=50)],
) -> Response:
    """For a family at its page: an adult who decides for a child signs for it; twice changes nothing."""
    async with visitor.writing(school_id) as here:
        if guardian not in here.guardians:
            raise NotFoundError(GONE)
        if not pupil:
            said = visitor.speaks.gettext(NOBODY)
            shown = await _shown(visitor, here, document_id)
            return visitor.page("document", status=422, **{**shown, "wrong": said})
        await _shown(visitor, here, document_id)
        await sign(
            here.session,
            school_id=school_id,
            document_id=document_id,
            guardian_id=guardian,
            pupils=pupil,
            through=PAGE,
            day=here.day,
            now=visitor.now,
        )
        here_too = {"school_id": school_id, "document_id": document_id, "guardian_id": guardian}
        await read_with_it(here.session, **here_too, now=visitor.now)
    return RedirectResponse(f"{ROOM}/{school_id}/{document_id}?lang={visitor.speaks.code}", 303)


async def document_glances(visitor: Visitor, here: AtSchool) -> Sequence[Glance]:
    """Say of each child what is to be signed first, else what is new this week."""
    found = _to_sign_first(await _papers(visitor, here))
    said: dict[int, Glance] = {}
    for paper in found:
        for one in paper.to_sign:
            said.setdefault(one.pupil_id, _to_sign(visitor, here, paper, one.pupil_id))
    for paper in found:
        for pupil_id in paper.children if (visitor.now - paper.published_at).days < NEW_DAYS else ():
            if pupil_id not in said and not any(one.pupil_id == pupil_id for one in paper.signed):
                sentence = visitor.speaks.gettext("Un document : %(title)s") % {"title": paper.title}
                said[pupil_id] = Glance(pupil_id, "clip", sentence, _path(here, paper))
    return tuple(said.values())


async def show(opened: Opened) -> Mapping[str, Any] | None:
    """Give what hangs below the notice of a document: its words and files, and who may sign it here."""
    which = opened.subjects
    if which is None:
        which = await documents_of_notice(opened.session, school_id=opened.school_id, notice_id=opened.notice_id)
    children = await _told(opened)
    found = [
        paper
        for document_id in which
        for paper in await given_papers(
            opened.session,
            opened.keyring,
            school_id=opened.school_id,
            children=children,
            day=opened.day,
            only=document_id,
        )
    ]
    if not found:
        return None
    alone = len({child.guardian_id for child in children}) == 1
    return {
        "papers": [_named(paper, opened.pupils) for paper in found],
        "full": opened.subjects is not None,
        "signs": any(paper.to_sign for paper in found),
        "alone": alone,
        "day": opened.day,
    }


async def press(opened: Opened, adult: Adult, form: FormData) -> None:
    """Sign for the children that this link tells of, as far as this adult decides for them. Raises HubError."""
    document_id = whole_number(str(form.get("document", "")))
    shown = await show(opened)
    known = {paper.document_id for paper in shown["papers"]} if shown else set()
    if document_id is None or document_id not in known:
        raise NotFoundError(GONE)
    ticked = {str(one) for one in form.getlist("pupil")}
    pupils = [pupil_id for pupil_id in adult.pupils if str(pupil_id) in ticked]
    if not pupils:
        raise InvalidError(NOBODY)
    school_id, guardian_id = opened.school_id, adult.guardian_id
    await sign(
        opened.session,
        school_id=school_id,
        document_id=document_id,
        guardian_id=guardian_id,
        pupils=pupils,
        through=PAGE if opened.view.through == HOME else LINK,
        day=opened.day,
        now=opened.now,
    )
    await answer(
        await opened.session.connection(),
        school_id=school_id,
        copy_id=opened.view.served.copy_id,
        kind=AnswerKind.ACKNOWLEDGED,
        guardian_id=guardian_id,
        through=opened.view.through,
        now=opened.now,
    )


DOCUMENT_PART: Final = Part("family/part_document.html", show, {"sign": press})


async def _told(opened: Opened) -> tuple[Child, ...]:
    """Give the children whom the notice names to these adults, as they are today."""
    adults = opened.view.served.adults
    about = {(adult.guardian_id, pupil_id) for adult in adults for pupil_id in adult.pupils}
    guardians = [adult.guardian_id for adult in adults]
    session: AsyncSession = opened.session
    children = await children_of(session, school_id=opened.school_id, guardians=guardians, day=opened.day)
    return tuple(child for child in children if (child.guardian_id, child.pupil_id) in about)


def _named(paper: GivenPaper, names: Mapping[int, str]) -> GivenPaper:
    """Name the children as this address may hear them: not at all where it has not answered lately."""
    return replace(paper, beside=tuple(replace(one, first_name=names.get(one.pupil_id, "")) for one in paper.beside))


async def _papers(visitor: Visitor, here: AtSchool, only: int | None = None) -> tuple[GivenPaper, ...]:
    return await given_papers(
        here.session,
        visitor.house.keyring,
        school_id=here.school_id,
        children=here.children,
        day=here.day,
        only=only,
    )


async def _shown(visitor: Visitor, here: AtSchool, document_id: int) -> dict[str, Any]:
    found = await _papers(visitor, here, document_id)
    if not found:
        raise NotFoundError(GONE)
    return {
        "paper": found[0],
        "here": here,
        "day": here.day,
        "alone": len(here.guardians) == 1,
        "wrong": "",
    }


def _to_sign_first(found: Sequence[GivenPaper]) -> list[GivenPaper]:
    """Put what is to be signed first, the soonest day before others; then the newest."""
    return sorted(
        found,
        key=lambda paper: (not paper.to_sign, paper.due_on.toordinal() if paper.to_sign and paper.due_on else 10**7),
    )


def _to_sign(visitor: Visitor, here: AtSchool, paper: GivenPaper, pupil_id: int) -> Glance:
    _ = visitor.speaks.gettext
    words = {"title": paper.title, "day": visitor.speaks.day(paper.due_on) if paper.due_on else ""}
    sentence = _("À signer jusqu'au %(day)s : %(title)s") if paper.due_on else _("À signer : %(title)s")
    return Glance(pupil_id, "sign", sentence % words, _path(here, paper), marked=True)


def _path(here: AtSchool, paper: GivenPaper) -> str:
    return f"{ROOM}/{here.school_id}/{paper.document_id}"
