"""A school on the web with a browser in front of it: the director's, and a teacher's."""

import re
from base64 import b32decode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from factories import NOW, SINCE, SmallSchool, a_school
from fastapi import FastAPI

from hub.database import Database
from hub.models.school import Role
from hub.notices.publish import Draft, publish
from hub.people.staff import add_staff
from hub.ports import NoticeKind, Slots
from hub.sealing import Keyring
from web.app import create_app
from web.house import House

EMAIL, PASSWORD = "direction@ecole.test", "trois ponts sur la Loire"
TEACHER = "maitre@ecole.test"
ORIGIN = "http://hub.test"
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what concerns the web alone: the other database would answer the same."""


def digits(secret: str, at: datetime) -> str:
    """Say what an authenticator shows that was given this secret, as one types it."""
    made = TOTP(b32decode(secret.replace(" ", "")), 6, SHA1(), 30)  # noqa: S303 (RFC 6238)
    return made.generate(int(at.timestamp())).decode()


@dataclass
class Desk:
    """A school on the web, and a browser in front of it."""

    small: SmallSchool
    app: FastAPI
    web: httpx.AsyncClient

    async def enter(
        self, email: str = EMAIL, password: str = PASSWORD, *, second: bool = True, **more: Any
    ) -> httpx.Response:
        """Sign in; `second`: as somebody who has given a second factor too."""
        form = {"email": email, "password": password, **more}
        answer = await self.web.post("/entrer", data=form, headers={"Sec-Fetch-Site": "same-origin"})
        if second and answer.status_code == 303:
            await self.small.write("UPDATE staff_session SET second_at = created_at")
        return answer

    async def post(self, path: str, *, token: str | None = None, **fields: Any) -> httpx.Response:
        token = await self.token() if token is None else token
        return await self.web.post(path, data={"csrf": token, **fields})

    async def token(self) -> str:
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', (await self.web.get("/")).text)
        return found[1] if found else ""

    async def sheet(self) -> dict[str, str]:
        """Open the writing desk: the hidden fields."""
        return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', (await self.web.get("/ecrire")).text))

    async def read_over(self, **fields: Any) -> tuple[httpx.Response, dict[str, Any]]:
        """Write and read over; gives the page and what its form would press."""
        form = {**await self.sheet(), **fields, "step": "read"}
        answer = await self.web.post("/ecrire", data=form)
        seen = re.search(r'name="seen" value="([0-9a-f]+)"', answer.text)
        return answer, {**form, "step": "press", "seen": seen[1] if seen else ""}

    async def press(self, **fields: Any) -> int:
        """Press through the hub."""
        async with self.small.database.school(self.small.school.key) as session:
            fields.setdefault("seconded_by", self.small.office)
            draft = Draft(kind=NoticeKind.URGENT, audience="school", slots=Slots(text="École fermée."), **fields)
            author = self.small.director
            done = await publish(
                session, self.small.keyring, school=self.small.school, author_id=author, draft=draft, now=NOW
            )
        return done.notice_id

    async def nobody_answers(self) -> None:
        """Let every way have failed: everybody is to be called."""
        await self.small.write("UPDATE delivery SET state = 'to_call'")
        await self.small.write(
            "INSERT INTO call_task (school_id, delivery_id, opened_at, due_at) "
            "SELECT school_id, id, state_at, state_at FROM delivery"
        )

    @property
    def on_sqlite(self) -> bool:
        return self.small.database.dialect == "sqlite"

    async def count(self, table: str) -> int:
        return int((await self.small.rows(f"SELECT count(*) FROM {table}"))[0][0])  # noqa: S608 (a table of ours)


async def a_staffed_school(database: Database, keyring: Keyring, hashed: str) -> SmallSchool:
    """A school whose director and teacher can sign in; everybody's password is PASSWORD, hashed once."""
    small = await a_school(database, keyring)
    async with database.school(small.school.key) as session:
        for email, role, classes in ((EMAIL, Role.DIRECTOR, ()), (TEACHER, Role.TEACHER, ("CP A",))):
            name = "Mme Exemple" if role is Role.DIRECTOR else "M. Modèle"
            await add_staff(
                session, keyring, small.school.key, email=email, role=role, from_on=SINCE, classes=classes, name=name
            )
    await small.write("UPDATE staff SET password_hash = :hashed", hashed=hashed)
    return small


class a_browser:  # noqa: N801 (reads as a factory)
    """An app and a browser before it, for a while."""

    def __init__(self, house: House, base: str = ORIGIN) -> None:
        self._app, self._base = create_app(house), base

    async def __aenter__(self) -> tuple[FastAPI, httpx.AsyncClient]:
        transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
        self._web = httpx.AsyncClient(transport=transport, base_url=self._base)
        return self._app, self._web

    async def __aexit__(self, *_: object) -> None:
        await self._web.aclose()
