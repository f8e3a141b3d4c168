"""Who stands at a family's own page: every route of that page asks here, and says what it needs of the registers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import NotFoundError
from hub.home.logins import AtHome, who_is_home
from hub.people.kin import Child, children_of
from hub.people.schools import read_school
from hub.ports import SchoolCard
from hub.routing import day_at_school
from i18n.languages import SPOKEN
from i18n.tongues import Tongue
from web.family_door import printed, tongue_for
from web.house import House, house_of
from web.security import form_token, is_https, own_form

HOME = "/famille"
TONGUE = "passerelle-langue"
"""The cookie of the language that was chosen at the foot of a page: no secret, and kept for a year."""
A_YEAR = 365 * 24 * 3600


class NotAtHomeError(Exception):
    """Nobody has opened this page here: the way leads to its door."""


@dataclass(frozen=True, slots=True)
class Glance:
    """One sentence about one child on the family's first page, in the family's language, and the way to its room.

    `icon` of the look; `marked`: something waits to be done.
    """

    pupil_id: int
    icon: str
    sentence: str
    path: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class AtSchool:
    """One school of a visitor, within a session of its registers: the children whom this adult may see there today.

    `day`: today, at the school; `zone`: of its holidays.
    """

    school: SchoolCard
    school_id: int
    day: date
    zone: str
    guardians: tuple[int, ...]
    children: tuple[Child, ...]
    session: AsyncSession

    @property
    def classes(self) -> tuple[int, ...]:
        """The classes of the children, each once."""
        return tuple(dict.fromkeys(child.class_id for child in self.children))

    @property
    def pupils(self) -> tuple[int, ...]:
        """The children, each once."""
        return tuple(dict.fromkeys(child.pupil_id for child in self.children))


@dataclass(frozen=True, slots=True)
class Visitor:
    """A family at its page; `form_token` goes into every form. `chosen`: the language that was asked for just now."""

    house: House
    at_home: AtHome
    speaks: Tongue
    form_token: str
    chosen: str = ""

    @property
    def now(self) -> datetime:
        """The registers' clock when this page was asked for."""
        return self.at_home.now

    @asynccontextmanager
    async def reading(self, school_id: int) -> AsyncIterator[AtSchool]:
        """Look into one school of this visitor's. Raises NotFoundError for any other."""
        async with self.house.database.reading(school_id) as session:
            yield await self._at(session, school_id)

    @asynccontextmanager
    async def writing(self, school_id: int) -> AsyncIterator[AtSchool]:
        """Write in one school of this visitor's; committed at the end. Raises NotFoundError for any other."""
        if school_id not in self.at_home.schools:
            raise NotFoundError("Il n’y a rien à cette adresse.")
        async with self.house.database.school(school_id) as session:
            yield await self._at(session, school_id)

    async def _at(self, session: AsyncSession, school_id: int) -> AtSchool:
        guardians = self.at_home.of(school_id)
        if not guardians:
            raise NotFoundError("Il n’y a rien à cette adresse.")
        school = await read_school(session, school_id)
        day = day_at_school(self.now, school.timezone)
        children = await children_of(session, school_id=school_id, guardians=guardians, day=day)
        card = SchoolCard(school.name, school.short_name, school.phone, school.timezone)
        return AtSchool(card, school_id, day, school.zone, guardians, children, session)

    def page(self, name: str, *, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401 (Jinja's)
        """Print a page in this family's language; `name` under templates/pages/family."""
        return remembered(self.house, printed(name, self.speaks, status=status, visitor=self, **context), self.chosen)


def family_cookie(house: House) -> str:
    """Name the cookie; over HTTPS a browser then refuses it from anywhere but us (RFC 6265bis §4.1.3.2)."""
    return "__Host-passerelle-famille" if is_https(house.settings) else "passerelle-famille"


def tongue_at_home(request: Request, language: str | None = None) -> Tongue:
    """Speak as asked (?lang=), else as was chosen before, else the adult's own language, else the browser's."""
    chosen = request.cookies.get(TONGUE, "")
    return tongue_for(request, chosen if chosen in SPOKEN else language)


def chosen_in(request: Request) -> str:
    """Give the language that a page was asked for in, if it was."""
    asked = request.query_params.get("lang", "")
    return asked if asked in SPOKEN else ""


def remembered(house: House, page: HTMLResponse, language: str) -> HTMLResponse:
    """Let the browser keep a language that was chosen: the next page need not be asked for in it."""
    if language:
        page.set_cookie(
            TONGUE, language, max_age=A_YEAR, secure=is_https(house.settings), httponly=True, samesite="lax"
        )
    return page


def family_sentence(request: Request, status: int, sentence: str) -> HTMLResponse:
    """Print a page with one sentence of the catalogues, for a family."""
    speaks = tongue_at_home(request)
    there = "" if request.method == "GET" and status != 405 else HOME
    said = speaks.gettext(sentence.replace("’", "'"))
    return printed("sentence", speaks, status=status, tongues_at=there, sentence=said)


def is_family(request: Request) -> bool:
    """Whether a page is one of a family's own."""
    return request.url.path == HOME or request.url.path.startswith(f"{HOME}/")


def family_token(request: Request) -> str:
    """Give the session's name that this browser holds, or nothing."""
    return request.cookies.get(family_cookie(house_of(request)), "")


async def visitor_of(request: Request) -> Visitor | None:
    """Say who is at the page in this browser, if anybody is; nothing is refused here."""
    house, token = house_of(request), family_token(request)
    found = await who_is_home(house.database, house.keyring, token) if token else None
    if found is None:
        return None
    speaks = tongue_at_home(request, found.language)
    return Visitor(house, found, speaks, form_token(house.keyring, token), chosen_in(request))


async def at_home(request: Request) -> Visitor:
    """Let in a family that proved who it is; a form must be one of this session's. Raises NotAtHomeError."""
    visitor = await visitor_of(request)
    if visitor is None:
        raise NotAtHomeError
    if request.method not in ("GET", "HEAD"):
        await own_form(request, visitor.house.keyring, family_token(request), visitor.house.settings)
    return visitor


FamilyDep = Annotated[Visitor, Depends(at_home)]
