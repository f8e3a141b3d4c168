"""Who stands in a staff room: every route of the staff asks here, and says what it needs of the registers."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import NotAllowedError
from hub.notices.headlines import Reader
from hub.people.sign_in import Inside, who_is
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

    @property
    def school_id(self) -> int:
        """The school that this session is in."""
        return self.who.school_id

    @property
    def classes(self) -> frozenset[int] | None:
        """The classes that names are limited to; None: the whole school."""
        return None if self.reader.rights.whole_school else self.reader.rights.classes


def cookie_name(house: House) -> str:
    """Name the cookie; over HTTPS a browser then refuses it from anywhere but us (RFC 6265bis §4.1.3.2)."""
    return "__Host-passerelle" if is_https(house.settings) else "passerelle"


def session_token(request: Request) -> str:
    """Give the token that this browser holds, or nothing."""
    return request.cookies.get(cookie_name(house_of(request)), "")


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
    return Visit(
        house,
        who,
        Reader(who.staff_id, who.rights, who.day),
        who.now,
        form_token(house.keyring, token),
        theme=theme_of(request),
        here=_here(request),
    )


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
