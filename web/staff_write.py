"""The writing desk: choose what, for whom and in which words; read what will leave; press once."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import HubError, InvalidError, NotAllowedError
from hub.models.planned import PlanState
from hub.notices.audience import is_to_many, read_audience
from hub.notices.choices import choices
from hub.notices.follow_up import check_correctable, correct, may_change
from hub.notices.headlines import Headline, headline
from hub.notices.lately import pressed_before, said_lately
from hub.notices.preview import Preview, preview
from hub.notices.publish import Draft, publish
from hub.notices.reading import Reader, Reading, read_as, readers
from hub.people.schools import read_school
from hub.people.second_factor import needs_second
from hub.people.silences import quiet_at
from hub.plans.keeping import ChangedMeanwhileError
from hub.plans.moments import Rhythm
from hub.ports import Lane, NoticeKind
from hub.routing import lane_of, last_school_day, leaves_at, next_school_day
from i18n.phrases import PHRASES, phrases_of
from i18n.slots import whole_number
from i18n.tongues import tongue
from web.notice_form import FIELDS, Asked, NoticeForm, asked_for, correction_of, filled_in
from web.pages import day as day_words
from web.pages import hour, page
from web.plan_form import WEEKDAYS, Later, form_of, rhythm_of
from web.planning import press_later, read_later, read_plan, refuse_planned
from web.pupil_lists import chips, options
from web.staff_visit import Visit, WriterDep
from web.staff_words import HALVES, KINDS, WAYS, title

router = APIRouter()


@dataclass(frozen=True, slots=True)
class ReadOver:
    """What was read over: the figures, the adults one may read as and the one chosen, and what was said lately.

    `lacks_second`: it is a mass send, and this session has no second factor. `silent`: the school is silent, and
    this says when it leaves.
    """

    preview: Preview
    readers: tuple[Reader, ...]
    reader: Reader | None
    readings: tuple[Reading, ...]
    waits: bool
    lately: Headline | None
    lacks_second: bool
    silent: str = ""


@router.get("/ecrire")
async def write(visit: WriterDep, kind: str = "", phrase: str = "") -> Response:
    """For all staff but a deputy: an empty sheet, whose key makes the press idempotent."""
    was, comes = last_school_day(visit.reader.day), next_school_day(visit.reader.day)
    chosen = kind if kind in {each.value for each in KINDS} else NoticeKind.ANNOUNCEMENT.value
    named = phrase if phrase in PHRASES else ""
    form = NoticeForm(key=_new_key(), kind=chosen, phrase=named, day=was.isoformat(), on_day=comes.isoformat())
    return await _sheet(visit, form.model_copy(update={"in_term": "1"}))


@router.post("/ecrire")
async def press(visit: WriterDep, form: Annotated[NoticeForm, Form()]) -> Response:
    """For all staff but a deputy, with a right to this audience: read over, then press; twice is the same notice.

    Whoever comes back to a sheet that was pressed is shown what became of it; other words on it are another notice,
    to be read over first.
    """
    corrected = None
    try:
        asked = asked_for(form, tuple(KINDS), visit.reader.day, visit.who.timezone)
        if form.corrects:
            corrected = await _corrected(visit, form.corrects)
            asked = correction_of(corrected, asked)
        rhythm = None if corrected else rhythm_of(form, asked.kind, visit.reader.day)
        if rhythm is not None:
            return await _for_later(visit, form, asked, rhythm)
        before = await _pressed_before(visit, form.key)
        if before is not None and asked.is_said_by(before):
            return RedirectResponse(f"/suivi/{before.notice_id}", 303)
        found = await _read_over(visit, asked, form.reader)
        if before is not None:
            again = form.model_copy(update={"key": _new_key()})
            return await _sheet(visit, again, asked=asked, found=found, before=before, corrected=corrected)
        if not _is_pressed(form, found):
            return await _sheet(visit, form, asked=asked, found=found, corrected=corrected)
        await refuse_planned(visit, form.key)
        return await _pressed(visit, form.key, asked, corrected)
    except HubError as error:
        return await _sheet(visit, form, wrong=_beside(form, error), corrected=corrected)


async def _for_later(visit: Visit, form: NoticeForm, asked: Asked, rhythm: Rhythm) -> Response:
    """Read over what leaves later, and keep it; what somebody else changed meanwhile is read over once more."""
    found = await _read_over(visit, asked, form.reader)
    later = await read_later(visit, form, asked, rhythm)
    if not _is_pressed(form, found):
        return await _sheet(visit, form, asked=asked, found=found, later=later)
    try:
        return await press_later(visit, form, asked, rhythm)
    except ChangedMeanwhileError as error:
        newer = form.model_copy(update={"version": str((await read_plan(visit, form.plan)).version)})
        return await _sheet(visit, newer, wrong={"when": _said(error)})


def _is_pressed(form: NoticeForm, found: ReadOver) -> bool:
    """Whether this is the press of just what was read over, by somebody who may press it."""
    return form.step == "press" and form.seen == form.mark and bool(form.key) and not found.lacks_second


@router.get("/suivi/{notice_id:int}/corriger")
async def put_right(visit: WriterDep, notice_id: int) -> Response:
    """For the author, the director and the office: the sheet with what a notice says, to put it right."""
    corrected = await _corrected(visit, str(notice_id))
    form = filled_in(corrected, visit.who.timezone).model_copy(update={"key": _new_key()})
    return await _sheet(visit, form, corrected=corrected)


@router.get("/prevus/{plan_id:int}/changer")
async def change_plan(visit: WriterDep, plan_id: int) -> Response:
    """For the author, the director and the office: the sheet with what is planned; what is over is a new sheet."""
    found = await read_plan(visit, str(plan_id))
    form = form_of(found, visit.who.timezone).model_copy(update={"key": _new_key()})
    if found.state is not PlanState.WAITING:
        form = form.model_copy(update={"plan": "", "version": ""})
    return await _sheet(visit, form)


async def _corrected(visit: Visit, number: str) -> Headline:
    """Read the notice that is put right. Raises NotFoundError, NotAllowedError."""
    notice_id = whole_number(number) or 0
    async with visit.house.database.reading(visit.school_id) as session:
        seen = await headline(
            session, visit.house.keyring, school_id=visit.school_id, notice_id=notice_id, reader=visit.reader
        )
    if not may_change(visit.reader, seen):
        raise NotAllowedError("Seuls son auteur, la direction et le secrétariat peuvent corriger cet avis.")
    check_correctable(seen)
    return seen


def _beside(form: NoticeForm, error: HubError) -> Mapping[str, str]:
    """Say what is at fault beside its field; what this person may not do, beside whom it is for."""
    if not isinstance(error, InvalidError):
        return {"to": _said(error)}
    field = "on_day" if error.field == "day" and form.kind == NoticeKind.URGENT else error.field
    return {FIELDS.get(field or "", "text"): _said(error)}


def _said(error: HubError) -> str:
    return tongue("fr", typeset=True).gettext(str(error))


async def _pressed_before(visit: Visit, key: str) -> Headline | None:
    async with visit.house.database.reading(visit.school_id) as session:
        return await pressed_before(
            session, visit.house.keyring, school_id=visit.school_id, author_id=visit.reader.staff_id, key=key
        )


def _new_key() -> str:
    return secrets.token_hex(16)


async def _read_over(visit: Visit, asked: Asked, reader: str) -> ReadOver:
    async with visit.house.database.reading(visit.school_id) as session:
        school, public_url = await read_school(session, visit.school_id), visit.house.settings.public_url
        seen = await preview(
            session,
            school=school,
            author=visit.who.name,
            rights=visit.reader.rights,
            kind=asked.kind,
            audience=asked.audience,
            slots=asked.slots,
            now=visit.now,
            public_url=public_url,
        )
        day = visit.reader.day
        who = await read_audience(session, school_id=visit.school_id, words=asked.audience, day=day)
        listed = await readers(session, school_id=visit.school_id, who=who, day=day)
        chosen = next((each for each in listed if str(each.guardian_id) == reader), None)
        readings: tuple[Reading, ...] = ()
        if chosen is not None:
            readings = await read_as(
                session,
                school=school,
                author=visit.who.name,
                kind=asked.kind,
                slots=asked.slots,
                who=who,
                guardian_id=chosen.guardian_id,
                day=day,
                now=visit.now,
                public_url=public_url,
            )
        lately = await _lately(visit, session, asked)
        many = await is_to_many(session, school_id=visit.school_id, audience=who, day=day)
    due = leaves_at(asked.kind, asked.slots, many=many, asked=None, now=visit.now)
    ends = None if lane_of(asked.kind) is Lane.URGENT else quiet_at(due, school)
    silent = f"{day_words(ends, school.timezone)} à {hour(ends, school.timezone)}" if ends else ""
    lacks_second = needs_second(visit.who, many=many)
    return ReadOver(seen, listed, chosen, readings, due > visit.now, lately, lacks_second, silent)


async def _lately(visit: Visit, session: AsyncSession, asked: Asked) -> Headline | None:
    if asked.slots.follows is not None:
        return None
    return await said_lately(
        session,
        visit.house.keyring,
        school_id=visit.school_id,
        kind=asked.kind,
        audience=asked.audience,
        slots=asked.slots,
        now=visit.now,
    )


async def _pressed(visit: Visit, key: str, asked: Asked, corrected: Headline | None) -> Response:
    async with visit.house.database.school(visit.school_id) as session:
        school = await read_school(session, visit.school_id)
        if corrected is not None:
            published = await correct(
                session,
                visit.house.keyring,
                school=school,
                seen=corrected,
                reader=visit.reader,
                slots=asked.slots,
                key=key,
                now=visit.now,
            )
        else:
            published = await publish(
                session,
                visit.house.keyring,
                school=school,
                author_id=visit.reader.staff_id,
                draft=Draft(kind=asked.kind, audience=asked.audience, slots=asked.slots, key=key),
                now=visit.now,
            )
    return RedirectResponse(f"/suivi/{published.notice_id}", 303)


async def _sheet(
    visit: Visit,
    form: NoticeForm,
    *,
    asked: Asked | None = None,
    found: ReadOver | None = None,
    before: Headline | None = None,
    corrected: Headline | None = None,
    later: Later | None = None,
    wrong: Mapping[str, str] | None = None,
) -> Response:
    """Show the sheet as it was filled in: nothing that was typed is lost."""
    async with visit.house.database.reading(visit.school_id) as session:
        offered = await choices(session, school_id=visit.school_id, rights=visit.reader.rights, day=visit.reader.day)
    return page(
        "staff/write.html",
        status=422 if wrong else 200,
        visit=visit,
        form=form,
        choices=offered,
        pupil_chips=chips(offered.pupils, frozenset(form.to)),
        pupil_options=options(offered.pupils, form.pupil),
        asked=asked,
        read=found,
        found=found.preview if found else None,
        before=before,
        lately_title=title(found.lately, visit.who.timezone) if found and found.lately else "",
        corrected=corrected,
        corrected_title=title(corrected, visit.who.timezone) if corrected else "",
        later=later,
        weekdays=WEEKDAYS,
        wrong=wrong or {},
        kinds=KINDS,
        halves=HALVES,
        ways=WAYS,
        phrases=phrases_of(NoticeKind.URGENT),
        room="ecrire",
    )
