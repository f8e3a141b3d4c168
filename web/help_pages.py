"""Help that everybody may read: for families in each language, with what they will really get; for staff in French."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from hub.errors import NotFoundError
from hub.ports import ChannelName, HalfDay, NoticeKind, SchoolCard, Slots, Wording
from hub.routing import day_at_school, last_school_day
from i18n.rendering import render
from i18n.slots import N_
from i18n.tongues import Tongue, tongue
from web.family_door import now_of, printed
from web.family_visit import tongue_at_home
from web.house import house_of
from web.pages import page
from web.staff_visit import theme_of

router = APIRouter()

SCHOOL = SchoolCard("École de l’Exemple", "Exemple", "02 61 91 00 00")
CHILD = "Lina"
CODE = "123456"

TOPICS: Mapping[str, str] = {
    "repondre": N_("Répondre à l'école"),
    "canal": N_("Choisir comment l'école vous écrit"),
    "donnees": N_("Ce que nous gardons, et combien de temps"),
    "accessibilite": N_("Accessibilité"),
}
"""The pages for families, by their place in the address, in the order in which they are listed."""
FOR_STAFF = ("enseignants", "direction")
"""The pages for staff, in French, made to be printed."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What a family gets, word for word, on one channel."""

    text: str
    language: str
    direction: str


def is_for_families(request: Request) -> bool:
    """Whether this is help for families, there or not, and so in their language."""
    here, _, name = request.url.path.removeprefix("/").partition("/")
    return here == "aide" and name not in FOR_STAFF


@router.get("/aide")
async def contents(request: Request) -> Response:
    """Open to everybody: the list of the help pages."""
    return _printed(request, "help/contents", topics=TOPICS)


@router.get("/aide/enseignants")
async def for_teachers(request: Request) -> Response:
    """Open to everybody: one sheet for teachers."""
    return _sheet(request, "enseignants")


@router.get("/aide/direction")
async def for_directors(request: Request) -> Response:
    """Open to everybody: one sheet for directors."""
    return _sheet(request, "direction")


@router.get("/aide/{topic}")
async def topic(request: Request, topic: str) -> Response:
    """Open to everybody: one help page for families."""
    if topic not in TOPICS:
        raise NotFoundError("Il n’y a rien à cette adresse.")
    now = await now_of(house_of(request))
    day = last_school_day(day_at_school(now, SCHOOL.timezone))

    def picture(kind: Literal["absence", "code"]) -> Picture:
        return PICTURES[kind](tongue_at_home(request), day)

    return _printed(request, f"help/{topic}", topics=TOPICS, heading=TOPICS[topic], picture=picture, child=CHILD)


@lru_cache(maxsize=64)
def _absence(speaks: Tongue, day: date) -> Picture:
    """Say what an absence alert says, to this reader, about that day."""
    slots = Slots(day=day, half_day=HalfDay.MORNING)
    return _said(Wording(NoticeKind.ABSENCE, slots, SCHOOL, "", speaks.code, pupils=(CHILD,), two_way=True))


@lru_cache(maxsize=16)
def _code(speaks: Tongue, _day: date) -> Picture:
    return _said(Wording(NoticeKind.CODE, Slots(code=CODE), SCHOOL, "", speaks.code))


PICTURES: Mapping[str, Callable[[Tongue, date], Picture]] = {"absence": _absence, "code": _code}


def _said(wording: Wording) -> Picture:
    body = render(ChannelName.SMS, wording)
    return Picture(body.text, body.language, tongue(body.language).direction)


def _printed(request: Request, name: str, **context: Any) -> Response:  # noqa: ANN401 (Jinja's)
    return printed(name, tongue_at_home(request), for_staff=FOR_STAFF, **context)


def _sheet(request: Request, name: str) -> Response:
    return page(f"staff/help_{name}.html", theme=theme_of(request))
