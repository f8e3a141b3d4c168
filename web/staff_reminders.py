"""Whether reminders go by themselves: the author's choice, on the board of a notice and on the page of a document."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from hub.notices.headlines import Headline, headline
from hub.papers.asking_again import choose_reminder
from hub.papers.shown import Paper
from hub.people.schools import read_school
from hub.reminders.going import choose_reminders, reminder_to_sign, reminders_to_come
from hub.reminders.moments import Why
from hub.routing import day_at_school
from web.pages import date_words
from web.staff_visit import Visit, WriterDep, WritingDep

router = APIRouter()
Goes = Annotated[Literal["oui", "non"], Form()]

TO_WHOM = {
    Why.EVE: "à qui vient ou n’a rien dit",
    Why.SILENCE: "à qui n’a rien dit",
    Why.SILENCE_AGAIN: "à qui n’a toujours rien dit",
}


@router.post("/suivi/{notice_id:int}/rappels")
async def of_notice(visit: WriterDep, session: WritingDep, notice_id: int, rappels: Goes) -> Response:
    """For the author, the director and the office: let reminders of a notice go by themselves, or not."""
    seen = await headline(
        session, visit.house.keyring, school_id=visit.school_id, notice_id=notice_id, reader=visit.reader
    )
    await choose_reminders(session, **visit.acting, seen=seen, goes=rappels == "oui")
    return RedirectResponse(f"/suivi/{notice_id}#t-rappels", 303)


@router.post("/classe/documents/{document_id:int}/rappels")
async def of_document(visit: WriterDep, session: WritingDep, document_id: int, rappels: Goes) -> Response:
    """For its author, the director and the office: let the reminder of a document go by itself, or not."""
    await choose_reminder(session, **visit.acting, document_id=document_id, goes=rappels == "oui")
    return RedirectResponse(f"/classe/documents/{document_id}#t-rappels", 303)


async def notice_reminders(visit: Visit, session: AsyncSession, seen: Headline) -> tuple[bool, list[str]] | None:
    """Give what the board of a notice says of its reminders: whether they go, and a line for each; None: nothing."""
    school = await read_school(session, visit.school_id)
    found = await reminders_to_come(session, school=school, notice_id=seen.notice_id, now=visit.now)
    if found is None:
        return None
    goes, coming = found
    return goes, [f"{_day(at, visit)}, {TO_WHOM[why]}" for why, at in coming]


async def document_reminder(visit: Visit, session: AsyncSession, paper: Paper) -> tuple[bool, list[str]] | None:
    """Give the same for a document that waits for signatures."""
    if not paper.missing or paper.due_on is None or paper.withdrawn_at is not None:
        return None
    at = await reminder_to_sign(
        session,
        school=await read_school(session, visit.school_id),
        due_on=paper.due_on,
        given_at=paper.published_at,
        now=visit.now,
    )
    return None if at is None else (paper.reminds, [f"{_day(at, visit)}, à qui n’a pas signé"])


def _day(at: datetime, visit: Visit) -> str:
    return date_words(day_at_school(at, visit.who.timezone))
