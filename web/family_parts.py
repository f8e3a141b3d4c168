"""What each kind of notice shows below itself on the page of its link, and the presses of that."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from hub.errors import HubError
from hub.notices.digest import Piece, told_in
from hub.ports import NoticeKind
from hub.replies.links import LinkView
from hub.replies.served import Adult
from i18n.slots import whole_number
from i18n.tongues import Tongue
from web.appointment_part import APPOINTMENT_PART, APPOINTMENT_PHRASES
from web.family_diary import HOMEWORK_PART
from web.family_documents import DOCUMENT_PART
from web.family_door import now_of, printed
from web.family_part import Opened, Part, Press
from web.family_results import RESULT_PART
from web.house import house_of

PARTS: Mapping[NoticeKind, Part] = {
    NoticeKind.HOMEWORK: HOMEWORK_PART,
    NoticeKind.DOCUMENT: DOCUMENT_PART,
    NoticeKind.RESULT: RESULT_PART,
}
"""What is shown below a notice of a kind; the others are whole by themselves."""


async def _show_news(opened: Opened) -> Mapping[str, Any] | None:
    """Show below a digest all that it told of, child by child, as each would stand below a notice of its own.

    Where no child may be named it is all together.
    """
    told, pupils = await _told_in(opened), opened.pupils
    if len(pupils) == 1 or not all(pupils.values()):
        alone = await _parts(opened, told)
        return {"children": [("", alone)]} if alone else None
    shown = []
    for number in sorted(pupils):
        mine = await _parts(_about(opened, number), [piece for piece in told if piece.pupil_id == number])
        shown += [(pupils[number], mine)] if mine else []
    return {"children": shown} if shown else None


async def _parts(opened: Opened, told: Sequence[Piece]) -> list[tuple[str, Mapping[str, Any]]]:
    shown = []
    for kind in _IN_A_DIGEST:
        subjects = _subjects(told, kind)
        part = await PARTS[kind].show(replace(opened, subjects=subjects)) if subjects else None
        shown += [] if part is None else [(PARTS[kind].page, part)]
    return shown


def _about(opened: Opened, pupil_id: int) -> Opened:
    """Look at a link as if it told of one child alone."""
    adults = tuple(
        replace(adult, pupils={pupil_id: adult.pupils[pupil_id]})
        for adult in opened.view.served.adults
        if pupil_id in adult.pupils
    )
    return replace(opened, view=replace(opened.view, served=replace(opened.view.served, adults=adults)))


def _subjects(told: Sequence[Piece], kind: NoticeKind) -> tuple[int, ...]:
    return tuple(dict.fromkeys(piece.subject_id for piece in told if piece.kind is kind))


def _within_news(kind: NoticeKind, press: Press) -> Press:
    """Let a button of a part work below a digest too."""

    async def pressed(opened: Opened, adult: Adult, form: FormData) -> None:
        await press(replace(opened, subjects=_subjects(await _told_in(opened), kind)), adult, form)

    return pressed


async def _told_in(opened: Opened) -> tuple[Piece, ...]:
    guardians = [adult.guardian_id for adult in opened.view.served.adults]
    which = {"school_id": opened.school_id, "notice_id": opened.notice_id}
    return await told_in(opened.session, **which, guardians=guardians)


_IN_A_DIGEST = (NoticeKind.DOCUMENT, NoticeKind.HOMEWORK, NoticeKind.RESULT)
"""What waits for a signature first."""
_NEWS = Part(
    "family/part_digest.html",
    _show_news,
    {act: _within_news(kind, press) for kind, part in PARTS.items() for act, press in part.acts.items()},
)


def _part_of(view: LinkView) -> Part | None:
    kind = view.served.kind
    if view.slots.phrase in APPOINTMENT_PHRASES:
        return APPOINTMENT_PART
    return _NEWS if kind is NoticeKind.DIGEST else PARTS.get(kind)


async def below(request: Request, view: LinkView, speaks: Tongue) -> Mapping[str, Any]:
    """Give what the page of a link shows below its notice: `part` and `part_page`, both None where there is nothing."""
    kind = _part_of(view)
    if kind is None:
        return {"part": None, "part_page": None}
    house, now = house_of(request), await now_of(house_of(request))
    async with house.database.reading(view.served.school_id) as session:
        shown = await kind.show(Opened(view, session, house.keyring, speaks, now, request.url.path))
    return {"part": shown, "part_page": None if shown is None else kind.page}


def button(view: LinkView, act: str) -> Press | None:
    """Find what a button of the notice's part does; None when it is none of its own."""
    kind = _part_of(view)
    return None if kind is None else kind.acts.get(act)


async def pressed(request: Request, view: LinkView, speaks: Tongue, press: Press, form: FormData) -> Response:
    """Do what the button says, and show the page again; what cannot be done is said in one sentence."""
    who = str(form.get("guardian", ""))
    guardian_id = whole_number(who)
    adult = None if who and guardian_id is None else view.served.adult(guardian_id)
    if not view.served.is_open:
        return printed("withdrawn", speaks, status=410, view=view)
    if adult is None:
        return printed("again", speaks, status=400)
    house, now = house_of(request), await now_of(house_of(request))
    try:
        async with house.database.school(view.served.school_id) as session:
            await press(Opened(view, session, house.keyring, speaks, now, request.url.path), adult, form)
    except HubError as error:
        return printed("sorry", speaks, status=400, view=view, sorry=speaks.gettext(str(error)))
    return RedirectResponse(f"{request.url.path}?lang={speaks.code}", status_code=303)
