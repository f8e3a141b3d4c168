"""The homework diary on the family's own page: each child's, by day, with a box to tick; and a week on one sheet."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from starlette.datastructures import FormData

from hub.classroom.diary import WEEK, monday_of
from hub.classroom.diary_home import ForPupil, ToDo, diary_for, diary_of_notice, still_to_do, tick
from hub.errors import NotFoundError
from hub.models.classroom import EntryKind
from hub.people.kin import Child
from hub.replies.served import Adult
from i18n.slots import N_, whole_number
from web.family_part import Opened, Part
from web.family_visit import HOME, AtSchool, FamilyDep, Glance, Visitor

router = APIRouter()

PATH = f"{HOME}/devoirs"
FARTHEST = timedelta(days=400)
"""How far from today a week may be asked for."""
SOON, A_DAY, A_WEEK = timedelta(days=7), timedelta(days=1), timedelta(days=7)
NOT_YOURS = N_("Ce devoir n'est plus au cahier.")


class Asked(BaseModel):
    """Which week; without one, from today to the end of the next. `impression`: a sheet for the refrigerator."""

    semaine: date | None = None
    impression: bool = False


class Tick(BaseModel):
    """A press on the box of one piece, of one child; `semaine`: the page that it stands on."""

    ecole: int = Field(ge=1, lt=2**63)
    devoir: int = Field(ge=1, lt=2**63)
    eleve: int = Field(ge=1, lt=2**63)
    fait: bool = False
    semaine: date | None = None


@dataclass(frozen=True, slots=True)
class OfChild:
    """A child's diary: pieces by day, what is due and what was done; `left`: what is due and not ticked."""

    child: Child
    due: Mapping[date, Sequence[ForPupil]]
    done: Mapping[date, Sequence[ForPupil]]
    left: int

    @property
    def days(self) -> list[date]:
        """The days under which anything stands."""
        return sorted({*self.due, *self.done})


@router.get(PATH)
async def show(visitor: FamilyDep, asked: Annotated[Asked, Query()]) -> Response:
    """For a family that proved who it is: the homework of its children, whichever schools they go to."""
    today = visitor.now.date()
    week = _week(asked.semaine, today)
    found: list[OfChild] = []
    for school_id in visitor.at_home.schools:
        async with visitor.reading(school_id) as at_school:
            found += await _of_school(visitor, at_school, week)
            today = at_school.day
    here = week or monday_of(today)
    return visitor.page(
        "diary",
        found=found,
        left=sum(one.left for one in found),
        finished=all(piece.ticked for one in found for pieces in one.due.values() for piece in pieces),
        week=week,
        on_paper=asked.impression and week is not None,
        before=here - A_WEEK,
        this_week=monday_of(today),
        after=here + A_WEEK,
    )


@router.post(PATH)
async def tick_it(visitor: FamilyDep, pressed: Annotated[Tick, Form()]) -> Response:
    """For a family that proved who it is: tick a piece of homework of its child, or take the tick back."""
    async with visitor.writing(pressed.ecole) as at_school:
        child = next((one for one in at_school.children if one.pupil_id == pressed.eleve), None)
        if child is None:
            raise NotFoundError(NOT_YOURS)
        await tick(
            at_school.session,
            school_id=pressed.ecole,
            entry_id=pressed.devoir,
            pupil_id=child.pupil_id,
            guardian_id=child.guardian_id,
            done=pressed.fait,
            today=at_school.day,
            now=visitor.now,
        )
    week = f"&semaine={pressed.semaine}" if pressed.semaine else ""
    anchor = f"#p{pressed.eleve}-{pressed.devoir}"
    return RedirectResponse(f"{PATH}?lang={visitor.speaks.code}{week}{anchor}", 303)


async def diary_glances(visitor: Visitor, at_school: AtSchool) -> Sequence[Glance]:
    """Say what each child has to do for the next day that asks for anything; never what is late."""
    today = at_school.day
    days = {"first": today + A_DAY, "last": today + SOON, "today": today}
    todo = await still_to_do(at_school.session, school_id=at_school.school_id, pupils=at_school.pupils, **days)
    glances = []
    for pupil_id, waiting in groupby(todo, key=lambda one: one.pupil_id):
        first = next(waiting)
        sentence = _for_tomorrow(visitor, first.pieces) if first.day == today + A_DAY else _for_a_day(visitor, first)
        glances.append(Glance(pupil_id, "book", sentence, f"{PATH}?lang={visitor.speaks.code}"))
    return glances


async def show_part(opened: Opened) -> Mapping[str, Any] | None:
    """Give the pieces that a notice told of, each with the children whom it is for."""
    found = await _told_of(opened, opened.pupils)
    if not found:
        return None
    said = opened.view.slots.text or ""
    by_piece = [list(pieces) for _, pieces in groupby(found, key=lambda piece: piece.entry_id)]
    alone = opened.view.served.alone
    return {
        "pieces": [(pieces[0], pieces) for pieces in by_piece],
        "names": opened.pupils,
        "said": said,
        "ticks": alone is not None and (opened.view.served.may_name or len(opened.pupils) == 1),
    }


async def tick_part(opened: Opened, adult: Adult, form: FormData) -> None:
    """Tick a piece that the notice told of, or take the tick back. Raises NotFoundError."""
    entry, pupil, today = _number(form, "devoir"), _number(form, "eleve"), opened.day
    found = await _told_of(opened, adult.pupils)
    if (entry, pupil) not in {(piece.entry_id, piece.pupil_id) for piece in found}:
        raise NotFoundError(NOT_YOURS)
    await tick(
        opened.session,
        school_id=opened.school_id,
        entry_id=entry,
        pupil_id=pupil,
        guardian_id=adult.guardian_id,
        done=form.get("fait") == "1",
        today=today,
        now=opened.now,
    )


HOMEWORK_PART = Part("family/part_homework.html", show_part, {"tick": tick_part})
"""What the page of a homework notice shows below it."""


async def _told_of(opened: Opened, pupils: Collection[int]) -> Sequence[ForPupil]:
    """Read the pieces that a notice told of, for some of its children."""
    return await diary_of_notice(
        opened.session,
        opened.keyring,
        school_id=opened.school_id,
        pupils=pupils,
        notice_id=opened.notice_id,
        entries=opened.subjects,
        today=opened.day,
    )


async def _of_school(visitor: Visitor, at_school: AtSchool, week: date | None) -> list[OfChild]:
    """Read the diaries of the children of one school. What is late is not shown, unless its week is asked for."""
    today = at_school.day
    first = week or monday_of(today)
    found = await diary_for(
        at_school.session,
        visitor.house.keyring,
        school_id=at_school.school_id,
        pupils=at_school.pupils,
        first=first,
        last=first + (WEEK if week else WEEK + A_WEEK),
        today=today,
    )
    children = {child.pupil_id: child for child in at_school.children}
    return [_of_child(child, found, today, all_due=week is not None) for child in children.values()]


def _of_child(child: Child, found: Iterable[ForPupil], today: date, *, all_due: bool) -> OfChild:
    mine = [piece for piece in found if piece.pupil_id == child.pupil_id]
    due = [piece for piece in mine if piece.kind is EntryKind.DUE and (all_due or piece.day >= today)]
    done = [piece for piece in mine if piece.kind is EntryKind.DONE]
    left = sum(not piece.ticked for piece in due if piece.day >= today)
    return OfChild(child, _by_day(due), _by_day(done), left)


def _by_day(pieces: Iterable[ForPupil]) -> dict[date, list[ForPupil]]:
    return {day: list(those) for day, those in groupby(pieces, key=lambda piece: piece.day)}


def _week(asked: date | None, today: date) -> date | None:
    return monday_of(min(max(asked, today - FARTHEST), today + FARTHEST)) if asked else None


def _for_tomorrow(visitor: Visitor, pieces: int) -> str:
    said = visitor.speaks.ngettext("Pour demain : %(count)s devoir", "Pour demain : %(count)s devoirs", pieces)
    return said % {"count": pieces}


def _for_a_day(visitor: Visitor, first: ToDo) -> str:
    said = visitor.speaks.ngettext("Pour %(day)s : %(count)s devoir", "Pour %(day)s : %(count)s devoirs", first.pieces)
    return said % {"day": visitor.speaks.day(first.day), "count": first.pieces}


def _number(form: FormData, field: str) -> int:
    """Read a number of a form; 0 for what is none."""
    return whole_number(str(form.get(field, ""))) or 0
