"""When nobody answers: the school's ladders in plain words, set by the director or the office, and played through."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from hub.errors import InvalidError
from hub.models.ladders import Occasion
from hub.models.notices import Needs
from hub.models.people import LastRung, Means
from hub.notices.ladders import ladders_of, set_ladders
from hub.notices.playing import URGENT, Played, Step, play
from hub.patience import BOUNDS, TITLES, Ladder, ladder_for, said
from hub.ports import NoticeKind
from web.pages import page
from web.staff_school import OfficeDep
from web.staff_visit import ReadingDep, Visit
from web.staff_words import WAYS

router = APIRouter()

UNITS: Mapping[Occasion, tuple[timedelta, str]] = {
    Occasion.ABSENCE: (timedelta(minutes=1), "minutes"),
    Occasion.URGENT: (timedelta(minutes=1), "minutes"),
    Occasion.MEETING: (timedelta(hours=1), "heures"),
    Occasion.QUESTION: (timedelta(hours=1), "heures"),
}
"""In what each patience is typed."""
ABOUT: Mapping[Occasion, str] = {
    Occasion.ABSENCE: "Un enfant manque et personne n’a prévenu.",
    Occasion.URGENT: "Quand vous demandez une réponse. Sinon, l’arrivée sur le téléphone suffit.",
    Occasion.MEETING: "Une invitation : vient, ne vient pas, à combien.",
    Occasion.QUESTION: "Toute autre question aux familles.",
}
RINGS = frozenset({Occasion.ABSENCE, Occasion.URGENT})
"""Where an automatic call may be one of the ways: nobody is rung up for a meeting."""
ENDS: Mapping[LastRung, str] = {
    LastRung.CALL: "quelqu’un de l’école appelle",
    LastRung.LETTER: "une lettre, à imprimer au courrier",
    LastRung.RELAY: "la personne relais",
}
MEANS: Mapping[Means, str] = {
    Means.CALL_FIRST: "souhaite d’abord un appel",
    Means.WRITE_ONLY: "par écrit seulement",
    Means.SIGN_LANGUAGE: "langue des signes",
}


@router.get("/ecole/relances")
async def ladders(visit: OfficeDep, session: ReadingDep, q: str = "", pour: str = Occasion.ABSENCE) -> Response:
    """For the director and the office: the ladders, and what would happen to one family (`q`, a name)."""
    found = await ladders_of(session, visit.school_id)
    occasion = Occasion(pour) if pour in list(Occasion) else Occasion.ABSENCE
    count, played, wrong = 0, tuple[Played, ...](), {}
    if q.strip():
        try:
            urgent, day = occasion is Occasion.URGENT, visit.reader.day
            ladder = ladder_for(NoticeKind.URGENT, Needs.NONE, found) if urgent else found[occasion]
            count, played = await play(
                session, school_id=visit.school_id, words=q, occasion=occasion, ladder=ladder, day=day
            )
        except InvalidError as error:
            wrong = {"q": str(error)}
    typed = {occasion: _typed(occasion, ladder) for occasion, ladder in found.items()}
    return _page(visit, typed, q=q, occasion=occasion, count=count, played=played, wrong=wrong)


@router.post("/ecole/relances")
async def change(
    visit: OfficeDep,
    absence: Annotated[str, Form(max_length=10)] = "",
    urgent: Annotated[str, Form(max_length=10)] = "",
    meeting: Annotated[str, Form(max_length=10)] = "",
    question: Annotated[str, Form(max_length=10)] = "",
    rings: Annotated[list[Occasion] | None, Form()] = None,
    calls: Annotated[list[Occasion] | None, Form()] = None,
) -> Response:
    """For the director and the office: set all ladders at once; what has left already keeps its own."""
    waits = zip(Occasion, (absence, urgent, meeting, question), strict=True)
    typed = {one: (wait.strip(), one in (rings or ()), one in (calls or ())) for one, wait in waits}
    wrong, ladders = dict[str, str](), dict[Occasion, Ladder]()
    for one, (wait, may_ring, ends_in_call) in typed.items():
        if not (wait.isascii() and wait.isdecimal()):
            wrong[one] = f"Donnez un nombre de {UNITS[one][1]}."
            continue
        ladders[one] = Ladder(int(wait) * UNITS[one][0], rings=may_ring and one in RINGS, calls=ends_in_call)
    if not wrong:
        try:
            async with visit.house.database.school(visit.school_id) as session:
                who = {"school_id": visit.school_id, "staff_id": visit.reader.staff_id}
                await set_ladders(session, **who, ladders=ladders, now=visit.now)
            return RedirectResponse("/ecole/relances", 303)
        except InvalidError as error:
            wrong[error.field or ""] = str(error)
    return _page(visit, typed, wrong=wrong)


def _typed(occasion: Occasion, ladder: Ladder) -> tuple[str, bool, bool]:
    patience = ladder.patience or timedelta(0)
    return str(patience // UNITS[occasion][0]), ladder.rings, ladder.calls


def _page(
    visit: Visit,
    typed: Mapping[Occasion, tuple[str, bool, bool]],
    *,
    wrong: Mapping[str, str],
    q: str = "",
    occasion: Occasion = Occasion.ABSENCE,
    count: int = 0,
    played: tuple[Played, ...] = (),
) -> Response:
    return page(
        "staff/ladders.html",
        status=422 if wrong else 200,
        visit=visit,
        room="ecole",
        typed=typed,
        wrong=wrong,
        titles=TITLES,
        about=ABOUT,
        units=UNITS,
        bounds={one: (said(least), said(most)) for one, (least, most) in BOUNDS.items()},
        may_ring=RINGS,
        waits_at_night=occasion not in URGENT,
        q=q,
        occasion=occasion,
        count=count,
        played=[(each, MEANS.get(each.means), [_said(step) for step in each.steps]) for each in played],
    )


def _said(step: Step) -> tuple[str, str, str]:
    """Say a step: when, the icon of its way, and what happens."""
    when = f"{said(step.after)} après" if step.after else "Aussitôt"
    if step.way is not None:
        icon, name = WAYS[step.way]
        return when, icon, name
    return when, "voice" if step.end is LastRung.CALL else "letter", ENDS[step.end or LastRung.CALL]
