"""The door of a family's page: a number or a mailbox, six digits that arrive there, and the page is open."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.background import BackgroundTask

from hub.errors import InvalidError
from hub.home.codes import (
    MOST_TRIES,
    Place,
    Proof,
    TooManyCodesError,
    Wrong,
    make_code,
    new_browser,
    proved_here,
    try_code,
)
from hub.home.door import (
    ADDRESS_MAX,
    Entered,
    Known,
    come_in,
    known_at,
    read_place,
    send_code,
    sharing,
    tell_of_opening,
)
from hub.home.logins import UNUSED
from hub.models.home import CodeFor
from i18n.tongues import Tongue
from web.family_door import now_of, printed
from web.family_visit import HOME, chosen_in, family_cookie, remembered, tongue_at_home, visitor_of
from web.house import House, house_of
from web.security import form_token, is_https, own_form, same_origin

log = structlog.get_logger(__name__)
router = APIRouter()
_SAY_WHERE = {"Referrer-Policy": "same-origin"}
"""Under no-referrer a browser hides where a form comes from (Fetch §3.2), and this one has no word of its own."""
_HALF_AN_HOUR = 1800
_PROGRAMS: Mapping[str, str] = {
    "Firefox": r"Firefox/|FxiOS/",
    "Edge": r"Edg(?:A|iOS)?/",
    "Samsung Internet": r"SamsungBrowser/",
    "Opera": r"OPR/",
    "Chrome": r"Chrome/|CriOS/",
    "Safari": r"Safari/",
}
_MACHINES: Mapping[str, str] = {
    "iPhone": r"iPhone",
    "iPad": r"iPad",
    "Android": r"Android",
    "Windows": r"Windows",
    "Mac": r"Macintosh",
    "ChromeOS": r"CrOS",
    "Linux": r"Linux",
}
"""How a browser names itself, the more particular first: most say to be Safari too."""


@router.get("/famille/entrer")
async def door(request: Request, ajouter: str = "") -> Response:
    """Open to everybody: the door, for one address; `ajouter`: of another school, beside what is open already."""
    return await _door(request, adds=bool(ajouter))


@router.post("/famille/entrer")
async def ask(
    request: Request,
    address: Annotated[str, Form(max_length=ADDRESS_MAX * 2)] = "",
    ajouter: Annotated[str, Form(max_length=1)] = "",
) -> Response:
    """Open to everybody: ask for a code; the answer is the same whether a school knows the address or not."""
    house, browser = house_of(request), new_browser()
    same_origin(request, house.settings, must_say=True)
    here = await visitor_of(request) if ajouter else None
    where = request.client.host if request.client else ""
    now = await now_of(house)
    try:
        async with house.database.engine() as connection:
            place = await read_place(connection, house.keyring, address)
            code = await make_code(
                connection,
                house.keyring,
                opens=CodeFor.LOGIN,
                to=place,
                where=where,
                browser=browser,
                login_id=here.at_home.login_id if here else None,
                now=now,
            )
    except InvalidError as error:
        speaks = tongue_at_home(request)
        return await _door(request, adds=bool(ajouter), address=address, error=speaks.gettext(str(error)), status=422)
    except TooManyCodesError as error:
        sentence = _wait(tongue_at_home(request), error.wait)
        refusal = await _door(request, adds=bool(ajouter), address=address, error=sentence, status=429)
        refusal.headers["Retry-After"] = str(int(error.wait.total_seconds()))
        return refusal
    answer = RedirectResponse(f"{HOME}/code", 303, background=BackgroundTask(_send, house, place, code))
    _keep(house, answer, _code_cookie(house), browser, _HALF_AN_HOUR)
    return answer


@router.get("/famille/code")
async def code_page(request: Request) -> Response:
    """Open to the browser that asked for a code: six digits to type."""
    return _code(request) if _browser(request) else _back()


@router.post("/famille/code")
async def enter(request: Request, code: Annotated[str, Form(max_length=60)] = "") -> Response:
    """Open to the browser that asked for a code: the digits open the page, or ask who is there."""
    house, browser = house_of(request), _browser(request)
    if not browser:
        return _back()
    await own_form(request, house.keyring, browser, house.settings)
    now = await now_of(house)
    async with house.database.engine() as connection:
        tried = await try_code(connection, house.keyring, opens=CodeFor.LOGIN, browser=browser, typed=code, now=now)
    return _code(request, wrong=tried) if isinstance(tried, Wrong) else await _in(request, tried, None)


@router.get("/famille/qui")
async def who_page(request: Request) -> Response:
    """Open to the browser that proved an address which several adults share: who is it."""
    house, proof = house_of(request), await _proof(request)
    if proof is None:
        return _back()
    persons = sharing(await known_at(house.database, proof.place, now=proof.now))
    return _page(request, "which", persons=persons) if persons else _back()


@router.post("/famille/qui")
async def say_who(request: Request, qui: Annotated[int, Form(ge=1, lt=2**63)] = 0) -> Response:
    """Open to the browser that proved an address which several adults share: open the page of this one."""
    house, proof = house_of(request), await _proof(request)
    if proof is None:
        return _back()
    await own_form(request, house.keyring, _browser(request), house.settings)
    return await _in(request, proof, qui)


async def _in(request: Request, proof: Proof, who: int | None) -> Response:
    """Open the page, or ask who it is for."""
    house, visitor = house_of(request), await visitor_of(request)
    came = await come_in(
        house.database,
        house.keyring,
        proof,
        who=who,
        here=visitor.at_home if visitor else None,
        device=device_of(request.headers.get("user-agent", "")),
    )
    if isinstance(came, Wrong):
        return _code(request, wrong=came)
    if not isinstance(came, Entered):
        return RedirectResponse(f"{HOME}/qui", 303)
    answer = RedirectResponse(HOME, 303, background=BackgroundTask(_tell, house, came.fresh))
    answer.delete_cookie(_code_cookie(house), path="/", secure=is_https(house.settings), httponly=True)
    if came.token:
        _keep(house, answer, family_cookie(house), came.token, int(UNUSED.total_seconds()))
    return answer


async def _send(house: House, place: Place, code: str) -> None:
    """Send the code, once the visitor has been answered; whoever waits in vain asks again."""
    try:
        await send_code(house.database, house.keyring, place, code, now=await now_of(house))
    except Exception as error:  # noqa: BLE001 (nobody is left to be told; the log says which kind)
        log.error("a code could not be sent", kind=type(error).__name__)  # noqa: TRY400 (its text may hold an address)


async def _tell(house: House, fresh: Sequence[Known]) -> None:
    """Tell of a page that was opened in a new browser, once the visitor has been answered."""
    try:
        await tell_of_opening(house.database, house.keyring, fresh, now=await now_of(house))
    except Exception as error:  # noqa: BLE001 (the page is open all the same; the log says which kind)
        log.error("an opened page could not be told of", kind=type(error).__name__)  # noqa: TRY400 (as above)


async def _proof(request: Request) -> Proof | None:
    house, browser = house_of(request), _browser(request)
    if not browser:
        return None
    async with house.database.engine_reading() as connection:
        now = await house.database.now(connection)
        return await proved_here(connection, house.keyring, opens=CodeFor.LOGIN, browser=browser, now=now)


async def _door(request: Request, *, adds: bool, address: str = "", error: str = "", status: int = 200) -> Response:
    visitor = await visitor_of(request)
    speaks = visitor.speaks if visitor else tongue_at_home(request)
    adds = adds and visitor is not None
    made = printed("enter", speaks, status=status, adds=adds, address=address, error=error)
    made.headers.update(_SAY_WHERE)
    return remembered(house_of(request), made, chosen_in(request))


def _code(request: Request, *, wrong: Wrong | None = None) -> Response:
    status = 200 if wrong is None else 422
    left = MOST_TRIES if wrong is None else wrong.left
    return _page(request, "code", status=status, wrong=wrong is not None, left=left)


def _page(request: Request, name: str, *, status: int = 200, **context: object) -> Response:
    house = house_of(request)
    word = form_token(house.keyring, _browser(request))
    made = printed(name, tongue_at_home(request), status=status, form_token=word, **context)
    return remembered(house, made, chosen_in(request))


def _wait(speaks: Tongue, wait: timedelta) -> str:
    minutes = max(1, -(-int(wait.total_seconds()) // 60))
    return speaks.ngettext(
        "Trop de codes ont été demandés. Réessayez dans %(count)s minute.",
        "Trop de codes ont été demandés. Réessayez dans %(count)s minutes.",
        minutes,
    ) % {"count": minutes}


def device_of(agent: str) -> str:
    """Name a browser and its machine as it says itself, so that its owner knows it again: « Firefox, Android »."""
    named = (
        next((name for name, sign in each.items() if re.search(sign, agent)), "") for each in (_PROGRAMS, _MACHINES)
    )
    return ", ".join(name for name in named if name)


def _code_cookie(house: House) -> str:
    return "__Host-passerelle-code" if is_https(house.settings) else "passerelle-code"


def _browser(request: Request) -> str:
    return request.cookies.get(_code_cookie(house_of(request)), "")


def _keep(house: House, answer: Response, name: str, value: str, seconds: int) -> None:
    answer.set_cookie(
        name, value, max_age=seconds, path="/", secure=is_https(house.settings), httponly=True, samesite="lax"
    )


def _back() -> Response:
    return RedirectResponse(f"{HOME}/entrer", 303)
