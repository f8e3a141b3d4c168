"""Every route, knocked at by everybody: who may is let in, who may not learns nothing and changes nothing."""

import asyncio
import hashlib
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from factories import NOW
from lively import ADULTS, HOMES, PUPILS, SECRETS, WORDS, Lively, a_lively_school
from rights import ALL, BESIDE, BY_HOME, BY_LINK, BY_SESSION, FAMILY, NOBODY, RIGHTS, Right, routes
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.database import Database
from hub.sealing import Keyring
from hub.settings import Settings
from web.app import create_app
from web.board import Boards
from web.family_door import Guesses
from web.house import House
from web.security import form_token

ADDRESS = "http://hub.test"
KNOCKS = [
    pytest.param(route, right, id=f"{route} {n}") for route, rights in RIGHTS.items() for n, right in enumerate(rights)
]
in_one_loop = pytest.mark.asyncio(loop_scope="module")
STRANGER_TO: Mapping[str, tuple[str, ...]] = {
    NOBODY: SECRETS,
    FAMILY: SECRETS,
    "gone": SECRETS,
    "foreign_director": SECRETS,
    "other_teacher": (PUPILS[0], *ADULTS, *WORDS.values()),
    "deputy": (*PUPILS, *ADULTS, *WORDS.values()),
    "parent": (PUPILS[1], *(name for name in ADULTS if name != "Odalys")),
    "other_parent": (PUPILS[0], *ADULTS, WORDS["class"]),
    "foreign_parent": SECRETS,
}
"""Words that a visitor reads nowhere."""


def _opens(knock: Any) -> bool:  # a parameter of a test
    return bool(knock.values[1].may)


def _is(knock: Any, method: str) -> bool:  # a parameter of a test
    return str(knock.values[0]).startswith(method)


@dataclass
class Town:
    """The school and its neighbour, kept to be copied: each knock finds them as they were."""

    kept: Path
    lively: Lively
    keyring: Keyring

    @property
    def acting(self) -> Path:
        """Where the copies lie in which somebody acts: what is deleted there is still in the others."""
        folder = self.kept.parent / "acting"
        folder.mkdir(exist_ok=True)
        return folder

    def copied(self, folder: Path, name: str) -> Path:
        """Give a copy of its own, with its files, where another may have lain before."""
        for left in folder.glob(f"{name}.db*"):
            left.unlink()
        shutil.rmtree(folder / "files", ignore_errors=True)
        shutil.copytree(self.kept.parent / "files", folder / "files")
        return Path(shutil.copy(self.kept, folder / f"{name}.db"))


_ENGINES: dict[Path, tuple[AsyncEngine, AsyncEngine]] = {}
OneHouse = tuple[httpx.AsyncClient, Path]
"""A house that stands for all who change nothing there, and where it is written."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, keyring: Keyring) -> Town:
    kept = Path(shutil.copy(sqlite_template, tmp_path_factory.mktemp("town") / "hub.db"))

    async def settled() -> Lively:
        database = Database(_url(kept), clock=lambda: NOW)
        settings = Settings(public_url=ADDRESS, data_dir=kept.parent)
        lively = await a_lively_school(database, keyring, settings)
        await database.close()
        return lively

    lively = asyncio.run(settled())
    with sqlite3.connect(kept) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Town(kept, lively, keyring)


def _url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


@asynccontextmanager
async def standing(town: Town, path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Open the house over a copy, and a browser before it."""
    database = Database(_url(path), clock=lambda: NOW)
    # with the engines of the copy that lay there before: each compiles its statements anew
    database._writing, database._reading = _ENGINES.setdefault(path, (database._writing, database._reading))
    settings = town.lively.house.settings.model_copy(update={"data_dir": path.parent})
    app = create_app(House(settings, database, town.keyring))
    app.state.boards = Boards(seconds=0.1)  # a stream that nobody leaves ends by itself
    app.state.guesses = Guesses(count(0.0, 100.0).__next__)  # minutes pass between two knocks: here nobody guesses
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as web:
            yield web
    finally:
        await database.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_house(town: Town, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OneHouse]:
    path = town.copied(tmp_path_factory.mktemp("house"), "one")
    async with standing(town, path) as web:
        yield web, path


async def knock(
    town: Town,
    web: httpx.AsyncClient,
    route: str,
    right: Right,
    visitor: str,
    *,
    form: bool = True,
    site: str = "same-origin",
) -> httpx.Response:
    """Knock at a door as somebody; without `form` the form lacks the word of this session."""
    lively = town.lively
    session = lively.links["urgent", "Hildegarde"] if visitor == FAMILY else lively.sessions.get(visitor, "")
    web.cookies.clear()
    if session:
        web.cookies.set("passerelle-famille" if visitor in (*HOMES, "foreign_parent") else "passerelle", session)
    fields = dict(right.form(lively)) | ({"csrf": form_token(town.keyring, session)} if form else {})
    method = route.partition(" ")[0]
    sent = {"json": right.json} if right.json is not None else {"data": fields if method == "POST" else None}
    return await web.request(method, right.to(lively), headers={"Sec-Fetch-Site": site}, **sent)


def let_in(answer: httpx.Response) -> bool:
    """Whether the door opened: a page, or on to one that is not the door."""
    return answer.is_success or (answer.status_code == 303 and not _to_the_door(answer))


def turned_away(answer: httpx.Response, right: Right) -> bool:
    """Whether it stayed shut, in words."""
    return answer.status_code in {401, 403, 404} | right.says or (answer.status_code == 303 and _to_the_door(answer))


def _to_the_door(answer: httpx.Response) -> bool:
    return re.match(r"/entrer\?|/famille/entrer(\?lang=|$)", answer.headers.get("location", "")) is not None


def written(path: Path) -> dict[str, str]:
    """Take the mark of all that is written, by table; guesses and sessions come and go."""
    with sqlite3.connect(path) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: hashlib.sha256(repr(connection.execute(f'SELECT * FROM "{table}"').fetchall()).encode()).hexdigest()  # noqa: S608 (ours)
            for table in tables
            if table not in ("sign_in_failure", "staff_session")
        }


def test_every_route_has_a_stated_right_and_says_so_itself() -> None:
    app = create_app(House(Settings(), None, None))  # type: ignore[arg-type]  # nobody comes in
    stated = {f"{method} {path}": endpoint.__doc__ or "" for method, path, endpoint in routes(app)}

    assert set(stated) - set(RIGHTS) == set(), "a route without a stated right"
    assert set(RIGHTS) - set(stated) == BESIDE
    assert [route for route, said in stated.items() if not re.search(r"(?:^|[.:;]\s+)(For|Open to) \w", said)] == []


@in_one_loop
@pytest.mark.parametrize(("route", "right"), KNOCKS)
async def test_who_may_not_learns_nothing_and_changes_nothing(
    town: Town, one_house: OneHouse, route: str, right: Right
) -> None:
    web, path = one_house
    before = written(path)

    for visitor in sorted(ALL - right.may):
        answer = await knock(town, web, route, right, visitor)
        assert turned_away(answer, right), (visitor, answer.status_code, answer.headers.get("location"))
        assert [word for word in STRANGER_TO.get(visitor, ()) if word in answer.text] == [], visitor

    assert written(path) == before


@in_one_loop
@pytest.mark.parametrize(("route", "right"), [knock for knock in KNOCKS if _opens(knock) and _is(knock, "GET")])
async def test_who_may_looks_and_changes_nothing(town: Town, one_house: OneHouse, route: str, right: Right) -> None:
    web, path = one_house
    before = written(path)

    for visitor in sorted(right.may):
        answer = await knock(town, web, route, right, visitor)
        assert let_in(answer), (visitor, answer.status_code, answer.headers.get("location"))
        if right.key != BY_LINK:
            assert [word for word in STRANGER_TO.get(visitor, ()) if word in answer.text] == [], visitor

    assert written(path) == before


@pytest.mark.parametrize(("route", "right"), [knock for knock in KNOCKS if _opens(knock) and _is(knock, "POST")])
async def test_who_may_act_is_let_in(town: Town, route: str, right: Right) -> None:
    for visitor in sorted(right.may if right.key in (BY_SESSION, BY_HOME) else {NOBODY, "foreign_director"}):
        async with standing(town, town.copied(town.acting, "acting")) as web:
            answer = await knock(town, web, route, right, visitor)

        assert let_in(answer), (visitor, answer.status_code, answer.headers.get("location"))


@in_one_loop
@pytest.mark.parametrize(("route", "right"), [knock for knock in KNOCKS if _is(knock, "POST")])
async def test_a_form_that_is_not_ours_is_refused(town: Town, one_house: OneHouse, route: str, right: Right) -> None:
    web, path = one_house
    before = written(path)
    if right.from_anywhere:
        pytest.skip("posted by a provider or a mail program, from where it stands")

    for visitor in sorted(right.may & {"director", "office", "teacher", *HOMES}):
        foreign = await knock(town, web, route, right, visitor, site="cross-site")
        assert foreign.status_code == 403, visitor
        if (right.key, visitor in HOMES) in ((BY_SESSION, False), (BY_HOME, True)):
            bare = await knock(town, web, route, right, visitor, form=False)
            assert bare.status_code == 403, visitor

    assert written(path) == before


@in_one_loop
async def test_a_number_of_another_school_is_no_number(town: Town, one_house: OneHouse) -> None:
    """The neighbour's director, or a family of his, knocks with numbers of ours, at each door that takes one."""
    web, path = one_house
    before = written(path)

    for route, rights in RIGHTS.items():
        ours = tuple(town.lively.small.classes.values()) if "{class_id" in route else range(1, 10)
        for number in (*ours, 10**12) if ":int}" in route else ():
            there = replace(
                rights[0], to=lambda _, n=number, r=route: re.sub(r"\{\w+:int\}", str(n), r.partition(" ")[2])
            )
            stranger = "foreign_parent" if rights[0].key == BY_HOME else "foreign_director"
            answer = await knock(town, web, route, there, stranger)
            assert answer.status_code in {403, 404}, (route, number)
            assert [word for word in SECRETS if word in answer.text] == []

    assert written(path) == before
