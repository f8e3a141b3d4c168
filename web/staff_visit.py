"""Who stands in a staff room: every route of the staff asks here, and says what it needs of the registers."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.absences.register import alarms_open
from hub.errors import NotAllowedError
from hub.inbox.listing import how_many_new
from hub.notices.headlines import Reader
from hub.people.rights import rights_on
from hub.people.second_factor import check_second
from hub.people.sign_in import SESSION, Inside, who_is
from hub.routing import day_at_school
from web.house import House, house_of
from web.security import form_token, is_https, own_form

THEME = "passerelle-theme"
"""The cookie that keeps how the pages look."""


class SignedOutError(Exception):
    """Nobody is signed in; `back` is the page to come back to, empty after a form."""

    def __init__(self, back: str = "") -> None:
        super().__init__("Entrez d’abord.")
        self.back = back

    @property
    def door(self) -> str:
        """Where to sign in."""
        return f"/entrer?vers={quote(self.back)}" if self.back else "/entrer"


@dataclass(frozen=True, slots=True)
class Visit:
    """A signed-in member of staff with the rights of today; `form_token` goes into every form."""

    house: House
    who: Inside
    reader: Reader
    now: datetime
    form_token: str
    theme: str = ""
    """How this browser wants the pages: light or dark; empty: as the device says."""
    here: str = "/"
    """The page that is asked for, to come back to."""
    alarms: int = 0
    """Children whom this visitor may name who should be at school and are not found: it stands on every page."""
    unread: int = 0
    """Conversations with something new to read; counted for pages that are asked for."""

    @property
    def school_id(self) -> int:
        """The school that this session is in."""
        return self.who.school_id

    @property
    def classes(self) -> frozenset[int] | None:
        """The classes that names are limited to; None: the whole school."""
        return None if self.reader.rights.whole_school else self.reader.rights.classes

    @property
    def lacks_second(self) -> bool:
        """Whether nothing may be pressed to many from here before a second factor is given."""
        return self.who.second_at is None

    def check_second(self, *, many: bool) -> None:
        """Refuse a mass send without a second factor. Raises SecondNeededError."""
        check_second(self.who, many=many)

    @property
    def acting(self) -> dict[str, Any]:
        """What an act of the hub asks of whoever does it: in which school, by whom, when."""
        return {"school_id": self.school_id, "reader": self.reader, "now": self.now}


def cookie_name(house: House) -> str:
    """Name the cookie; over HTTPS a browser then refuses it from anywhere but us (RFC 6265bis §4.1.3.2)."""
    return "__Host-passerelle" if is_https(house.settings) else "passerelle"


def session_token(request: Request) -> str:
    """Give the token that this browser holds, or nothing."""
    return request.cookies.get(cookie_name(house_of(request)), "")


def carry(answer: Response, house: House, token: str) -> Response:
    """Give the browser the name of its session."""
    answer.set_cookie(
        cookie_name(house),
        token,
        max_age=int(SESSION.total_seconds()),
        path="/",
        secure=is_https(house.settings),
        httponly=True,
        samesite="lax",
    )
    return answer


def theme_of(request: Request) -> str:
    """Say how this browser wants the pages: light, dark, or nothing, which is as the device says."""
    wanted = request.cookies.get(THEME, "")
    return wanted if wanted in ("light", "dark") else ""


def inside(path: str) -> str:
    """Come back only to a page of ours: a path, never another site."""
    if not path.startswith("/") or path.startswith("//") or any(sign in path for sign in "\\\r\n\t"):
        return "/"
    return path


def _here(request: Request) -> str:
    if request.method != "GET":
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


async def signed_in(request: Request) -> Inside:
    """Let in whoever is signed in, with or without a right today; a form must be one of this session's.

    Raises SignedOutError, NotAllowedError.
    """
    house, token = house_of(request), session_token(request)
    who = await who_is(house.database, house.keyring, token) if token else None
    if who is None:
        raise SignedOutError(request.url.path if request.method == "GET" else "")
    if request.method not in ("GET", "HEAD"):
        await own_form(request, house.keyring, token, house.settings)
    return who


InsideDep = Annotated[Inside, Depends(signed_in)]


async def staff(request: Request, who: InsideDep) -> Visit:
    """Let in whoever has a right in the school today. Raises NotAllowedError."""
    house, token = house_of(request), session_token(request)
    if not who.rights.roles:
        raise NotAllowedError("Vous n’avez pas de droit dans cette école aujourd’hui : voyez avec la direction.")
    reader = Reader(who.staff_id, who.rights, who.day)
    unread, alarms = await _counted(request, house, who.school_id, reader)
    return Visit(
        house,
        who,
        reader,
        who.now,
        form_token(house.keyring, token),
        theme=theme_of(request),
        here=_here(request),
        unread=unread,
        alarms=alarms,
    )


async def _counted(request: Request, house: House, school_id: int, reader: Reader) -> tuple[int, int]:
    if request.method != "GET" or not reader.rights.writes or is_stream(request):
        return 0, 0
    async with house.database.reading(school_id) as session:
        unread = await how_many_new(session, school_id=school_id, reader=reader)
        return unread, await alarms_open(session, school_id=school_id, day=reader.day, reader=reader)


def is_stream(request: Request) -> bool:
    """Whether a page that is open asks for what changes on it."""
    return "text/event-stream" in request.headers.get("accept", "")


async def as_of_now(visit: Visit, session: AsyncSession) -> Visit:
    """Give a visit with the rights and the hour of this moment: a stream outlasts both."""
    now = await visit.house.database.now(await session.connection())
    day = day_at_school(now, visit.who.timezone)
    staff_id = visit.reader.staff_id
    rights = await rights_on(session, school_id=visit.school_id, staff_id=staff_id, day=day)
    return replace(visit, reader=Reader(staff_id, rights, day), now=now)


StaffDep = Annotated[Visit, Depends(staff)]


async def writer(visit: StaffDep) -> Visit:
    """Let in whoever writes to families and calls them: all staff but a deputy. Raises NotAllowedError."""
    if not visit.reader.rights.writes:
        raise NotAllowedError("Vous pouvez alerter les familles et suivre l’alerte, rien d’autre.")
    return visit


WriterDep = Annotated[Visit, Depends(writer)]


async def _reading(visit: StaffDep) -> AsyncIterator[AsyncSession]:
    async with visit.house.database.reading(visit.school_id) as session:
        yield session


async def _writing(visit: StaffDep) -> AsyncIterator[AsyncSession]:
    async with visit.house.database.school(visit.school_id) as session:
        yield session


ReadingDep = Annotated[AsyncSession, Depends(_reading, scope="function")]
"""The registers of the visitor's school, to read; closed before the answer leaves."""
WritingDep = Annotated[AsyncSession, Depends(_writing, scope="function")]
"""To write; committed before the answer leaves, so a commit that fails is an error and never a silent success."""
