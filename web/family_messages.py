"""A family's page of messages: all that the school sent to this adult, with the answers, and one of them to answer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from hub.errors import NotFoundError
from hub.home.messages import Answered, Sent, copy_of, sent_to
from hub.models.answers import AnswerKind
from hub.ports import NoticeKind, SchoolCard
from hub.replies.links import HOME, LinkView, open_copy
from i18n.said import said
from i18n.slots import N_, clean, clean_line
from i18n.tongues import Tongue
from web.family import answered_here, shown_here
from web.family_visit import FamilyDep, Visitor

router = APIRouter()

AT_ONCE, MOST_PAGES = 30, 50
"""Messages a page, and pages: a school year of one family has a tenth as many."""
ANSWERS: Mapping[AnswerKind, str] = {
    AnswerKind.ACKNOWLEDGED: N_("J'ai lu"),
    AnswerKind.YES: N_("Oui"),
    AnswerKind.NO: N_("Non"),
    AnswerKind.ILL: N_("Malade"),
    AnswerKind.CONTAGION: N_("Maladie contagieuse dans la famille"),
    AnswerKind.FAMILY_GATHERING: N_("Mariage, obsèques, réunion de famille"),
    AnswerKind.TRANSPORT: N_("Transport impossible"),
    AnswerKind.WITH_GUARDIANS: N_("En déplacement avec ses parents"),
    AnswerKind.OTHER_REASON: N_("Une autre raison"),
    AnswerKind.SHOULD_BE_HERE: N_("Devrait être à l'école"),
}
"""What was answered, in the words of its button."""


@dataclass(frozen=True, slots=True)
class Message:
    """A notice in the words of its reader. `answers`: (what, for whom); `path`: where it is answered, or empty."""

    sent: Sent
    school: SchoolCard
    heading: str
    sentences: tuple[str, ...]
    text: str
    answers: tuple[tuple[str, str], ...]
    path: str


@router.get("/famille/messages")
async def messages(visitor: FamilyDep, page: Annotated[int, Query(ge=1, le=MOST_PAGES)] = 1) -> Response:
    """For a family at its page: what its schools sent to this adult, the newest first."""
    found: list[Message] = []
    for school_id in visitor.at_home.schools:
        async with visitor.reading(school_id) as here:
            sent = await sent_to(
                here.session,
                visitor.house.keyring,
                school_id=school_id,
                guardians=here.guardians,
                day=here.day,
                now=visitor.now,
                most=AT_ONCE * page + 1,
            )
            found += [as_read(visitor.speaks, here.school, school_id, one) for one in sent]
    found.sort(key=lambda one: one.sent.at, reverse=True)
    shown = found[AT_ONCE * (page - 1) : AT_ONCE * page]
    return visitor.page("messages", messages=shown, number=page, older=len(found) > AT_ONCE * page)


@router.get("/famille/messages/{school_id:int}/{delivery_id:int}")
async def one_message(request: Request, visitor: FamilyDep, school_id: int, delivery_id: int) -> Response:
    """For the family to whom it was sent: one message, with what one may answer."""
    return await shown_here(request, await _view(visitor, school_id, delivery_id), visitor.speaks, visitor=visitor)


@router.post("/famille/messages/{school_id:int}/{delivery_id:int}")
async def answer_message(request: Request, visitor: FamilyDep, school_id: int, delivery_id: int) -> Response:
    """For the family to whom it was sent: take an answer, or some words."""
    return await answered_here(request, await _view(visitor, school_id, delivery_id), visitor.speaks)


async def _view(visitor: Visitor, school_id: int, delivery_id: int) -> LinkView:
    """Open a message as its link would, for this adult alone. Raises NotFoundError."""
    async with visitor.reading(school_id) as here:
        mine = await copy_of(here.session, school_id=school_id, guardians=here.guardians, delivery_id=delivery_id)
    house = visitor.house
    found = mine and await open_copy(house.database, house.keyring, (school_id, mine[1]), now=visitor.now)
    if not mine or found is None:
        raise NotFoundError("Il n’y a rien à cette adresse.")
    adults = tuple(adult for adult in found.served.adults if adult.guardian_id == mine[0])
    return replace(found, served=replace(found.served, adults=adults, may_name=True), masked="", through=HOME)


def as_read(speaks: Tongue, school: SchoolCard, school_id: int, one: Sent) -> Message:
    """Say a notice as its reader finds it on the page."""
    ours = said(speaks, one.kind, one.slots, school, one.pupils, author=one.author)
    absence = one.kind is NoticeKind.ABSENCE
    words = [] if absence else [clean_line(one.slots.subject or ""), clean(one.slots.text or "")]
    return Message(
        sent=one,
        school=school,
        heading=ours.heading,
        sentences=() if absence else ours.sentences,
        text="\n".join(filter(None, words)),
        answers=tuple((_said(speaks, answer), answer.pupil) for answer in one.answers),
        path="" if one.copy_id is None or one.withdrawn else f"/famille/messages/{school_id}/{one.delivery_id}",
    )


def _said(speaks: Tongue, answer: Answered) -> str:
    if answer.kind is AnswerKind.COUNT:
        number = answer.number or 0
        # TRANSLATORS: how many come to a meeting, as the family answered
        return speaks.ngettext("%(count)s personne", "%(count)s personnes", number) % {"count": number}
    return speaks.gettext(ANSWERS[answer.kind])
