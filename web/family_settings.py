"""A family's settings: where, in which order, in which language and when the school writes to this adult."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import time
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, field_validator
from pydantic import Field as PydanticField

from hub.errors import InvalidError, NotFoundError
from hub.home import proving
from hub.home.codes import TooManyCodesError, Wrong, make_code, new_browser, try_code, use
from hub.home.door import ADDRESS_MAX, read_place
from hub.home.ways import OwnWay, ways_of
from hub.home.wishes import Wishes, set_wishes, wishes_of
from hub.models.home import CodeFor, How
from hub.people.schools import read_school
from hub.ports import NoticeKind, SchoolCard
from i18n.languages import LANGUAGES
from i18n.slots import N_
from web.family_visit import AtSchool, FamilyDep, Visitor

router = APIRouter()

PATH = "/famille/reglages"
HOURS = {
    How.AT_ONCE: N_("Tout de suite"),
    How.EVENING: N_("Le soir, en un seul message"),
    How.PAGE: N_("Seulement ici"),
}
SUBJECTS = {
    NoticeKind.HOMEWORK: N_("Devoirs"),
    NoticeKind.DOCUMENT: N_("Documents"),
    NoticeKind.RESULT: N_("Résultats"),
}
STATES = {
    "unverified": "",
    "active": "",
    "stopped": N_("vous avez demandé de ne plus recevoir de messages ici"),
    "wrong": N_("quelqu'un d'autre y répond"),
    "dead": N_("rien n'y arrive"),
}
"""Why nothing is sent to an address."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The settings of one adult at one school. `wrong`: what could not be done, `typed`: what was typed then.

    `amiss`: why the wishes, which stand here as they were given, were not kept.
    """

    path: str
    school: SchoolCard
    names: str
    ways: tuple[OwnWay, ...]
    wishes: Wishes
    wrong: str = ""
    typed: str = ""
    amiss: str = ""


class WishForm(BaseModel):
    """What an adult chose: the language, the quiet hours (`de`, `a`), and how to hear of each thing."""

    langue: str = PydanticField(max_length=12)
    de: time | None = None
    a: time | None = None
    homework: How
    document: How
    result: How

    @field_validator("de", "a", mode="before")
    @classmethod
    def _left_empty(cls, value: object) -> object:
        return value or None

    def wishes(self) -> Wishes:
        """Give it as the hub takes it."""
        how = {
            NoticeKind.HOMEWORK: self.homework,
            NoticeKind.DOCUMENT: self.document,
            NoticeKind.RESULT: self.result,
        }
        return Wishes(self.langue, self.de, self.a, how)


@router.get(PATH)
async def settings(visitor: FamilyDep, fait: str = "") -> Response:
    """For a family at its page: its settings, by school."""
    return await _page(visitor, done=bool(fait))


@router.post(PATH + "/{school_id:int}/{guardian_id:int}/adresses")
async def add(
    request: Request,
    visitor: FamilyDep,
    school_id: int,
    guardian_id: int,
    adresse: Annotated[str, Form(max_length=ADDRESS_MAX)] = "",
) -> Response:
    """For the adult at this page: give another address, to which a code is sent."""
    house, browser = visitor.house, new_browser()
    try:
        async with visitor.reading(school_id) as here:
            _own(here, guardian_id)
        async with house.database.engine() as connection:
            code = await make_code(
                connection,
                house.keyring,
                opens=CodeFor.CONTACT,
                to=await read_place(connection, house.keyring, adresse),
                where=request.client.host if request.client else "",
                browser=browser,
                now=visitor.now,
                login_id=visitor.at_home.login_id,
            )
        async with visitor.writing(school_id) as here:
            await proving.ask_for_proof(
                here.session,
                house.keyring,
                school=await read_school(here.session, school_id),
                guardian_id=guardian_id,
                words=adresse,
                code=code,
                now=visitor.now,
            )
    except TooManyCodesError as error:
        minutes = max(1, round(error.wait.total_seconds() / 60))
        said = visitor.speaks.ngettext(
            "Trop de codes ont été demandés. Réessayez dans %(count)s minute.",
            "Trop de codes ont été demandés. Réessayez dans %(count)s minutes.",
            minutes,
        ) % {"count": minutes}
        return await _page(visitor, school_id, guardian_id, wrong=said, typed=adresse, status=429)
    except InvalidError as error:
        said = visitor.speaks.gettext(str(error))
        return await _page(visitor, school_id, guardian_id, wrong=said, typed=adresse, status=422)
    return RedirectResponse(f"{_code_at(school_id, guardian_id, browser)}?lang={visitor.speaks.code}", 303)


@router.get(PATH + "/{school_id:int}/{guardian_id:int}/code/{demande}")
async def asked_for(visitor: FamilyDep, school_id: int, guardian_id: int, demande: str) -> Response:
    """For the adult at this page: where the code is given back, also in another language or loaded again."""
    async with visitor.reading(school_id) as here:
        _own(here, guardian_id)
    return _code_page(visitor, school_id, guardian_id, demande)


@router.post(PATH + "/{school_id:int}/{guardian_id:int}/code")
async def confirm(
    visitor: FamilyDep,
    school_id: int,
    guardian_id: int,
    demande: Annotated[str, Form(max_length=64)] = "",
    code: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """For the adult at this page: give back the code that came to the new address."""
    house = visitor.house
    async with visitor.reading(school_id) as here:
        _own(here, guardian_id)
    async with house.database.engine() as connection:
        proof = await try_code(
            connection, house.keyring, opens=CodeFor.CONTACT, browser=demande, typed=code, now=visitor.now
        )
        mine = not isinstance(proof, Wrong) and proof.login_id == visitor.at_home.login_id
        if not isinstance(proof, Wrong) and mine:
            await use(connection, proof)
    if isinstance(proof, Wrong) or not mine:
        return _code_page(visitor, school_id, guardian_id, demande, left=proof.left if isinstance(proof, Wrong) else 0)
    async with _acting(visitor, school_id, guardian_id) as acting:
        await proving.take_proof(**acting, place=proof.place)
    return _done(visitor)


@router.post(PATH + "/{school_id:int}/{guardian_id:int}/adresses/{address_id:int}/premier")
async def put_first(visitor: FamilyDep, school_id: int, guardian_id: int, address_id: int) -> Response:
    """For the adult at this page: let one of his or her addresses come first."""
    async with _acting(visitor, school_id, guardian_id) as acting:
        await proving.prefer(**acting, address_id=address_id)
    return _done(visitor)


@router.post(PATH + "/{school_id:int}/{guardian_id:int}/adresses/{address_id:int}/retirer")
async def leave(visitor: FamilyDep, school_id: int, guardian_id: int, address_id: int) -> Response:
    """For the adult at this page: be written to no more at one of his or her addresses."""
    try:
        async with _acting(visitor, school_id, guardian_id) as acting:
            await proving.leave(**acting, address_id=address_id, login_id=visitor.at_home.login_id)
    except InvalidError as error:
        return await _page(visitor, school_id, guardian_id, wrong=visitor.speaks.gettext(str(error)), status=422)
    return _done(visitor)


@router.post(PATH + "/{school_id:int}/{guardian_id:int}/souhaits")
async def wish(visitor: FamilyDep, school_id: int, guardian_id: int, form: Annotated[WishForm, Form()]) -> Response:
    """For the adult at this page: say in which language and when to be written to."""
    try:
        async with _acting(visitor, school_id, guardian_id) as acting:
            await set_wishes(
                acting["session"],
                school_id=school_id,
                guardian_id=guardian_id,
                wishes=form.wishes(),
                now=visitor.now,
            )
    except InvalidError as error:
        said = visitor.speaks.gettext(str(error))
        return await _page(visitor, school_id, guardian_id, amiss=said, given=form.wishes(), status=422)
    return _done(visitor)


@asynccontextmanager
async def _acting(visitor: Visitor, school_id: int, guardian_id: int) -> AsyncIterator[dict[str, Any]]:
    """Open the registers for an act on one's own settings. Raises NotFoundError."""
    async with visitor.writing(school_id) as here:
        _own(here, guardian_id)
        yield {
            "session": here.session,
            "keyring": visitor.house.keyring,
            "school": await read_school(here.session, school_id),
            "guardian_id": guardian_id,
            "now": visitor.now,
        }


def _own(here: AtSchool, guardian_id: int) -> None:
    """Refuse another adult's settings, and those of an adult who has no child here today. Raises NotFoundError."""
    if all(child.guardian_id != guardian_id for child in here.children):
        raise NotFoundError("Il n’y a rien à cette adresse.")


async def _page(
    visitor: Visitor,
    school_id: int = 0,
    guardian_id: int = 0,
    *,
    wrong: str = "",
    typed: str = "",
    amiss: str = "",
    given: Wishes | None = None,
    done: bool = False,
    status: int = 200,
) -> Response:
    sheets = []
    for each in visitor.at_home.schools:
        async with visitor.reading(each) as here:
            for guardian in dict.fromkeys(child.guardian_id for child in here.children):
                own = {"school_id": each, "guardian_id": guardian}
                asked = (each, guardian) == (school_id, guardian_id)
                faults: Mapping[str, str] = {"wrong": wrong, "typed": typed, "amiss": amiss} if asked else {}
                sheets.append(
                    Sheet(
                        path=f"{PATH}/{each}/{guardian}",
                        school=here.school,
                        names=visitor.speaks.names(
                            tuple(child.first_name for child in here.children if child.guardian_id == guardian)
                        ),
                        ways=await ways_of(here.session, visitor.house.keyring, **own),
                        wishes=given if asked and given else await wishes_of(here.session, **own),
                        **faults,
                    )
                )
    words = {"tongues": tuple(LANGUAGES.values()), "hours": HOURS, "subjects": SUBJECTS, "states": STATES}
    return visitor.page("settings", status=status, tongues_at=PATH, sheets=sheets, done=done, **words)


def _code_page(visitor: Visitor, school_id: int, guardian_id: int, asked: str, *, left: int | None = None) -> Response:
    path, status = f"{PATH}/{school_id}/{guardian_id}/code", 200 if left is None else 422
    itself = _code_at(school_id, guardian_id, asked)
    return visitor.page("settings_code", status=status, tongues_at=itself, path=path, asked=asked, left=left)


def _code_at(school_id: int, guardian_id: int, asked: str) -> str:
    return f"{PATH}/{school_id}/{guardian_id}/code/{quote(asked, safe='')}"


def _done(visitor: Visitor) -> Response:
    return RedirectResponse(f"{PATH}?fait=1&lang={visitor.speaks.code}", 303)
