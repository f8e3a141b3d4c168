"""A family at its own page, or still before its door: a school, a house, and browsers."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from desks import ORIGIN, a_browser
from factories import NOW, FakeChannel, SmallSchool
from fastapi import FastAPI

from hub.home.logins import Adult, open_login
from hub.outbox.wordings import Wordings
from hub.ports import ChannelName, Lane, Proof
from hub.settings import Settings
from i18n.rendering import render
from scheduler.drain import Drain
from web.house import House


@dataclass
class Home:
    """A browser in which somebody has opened the family's page."""

    small: SmallSchool
    house: House
    web: httpx.AsyncClient

    async def look(self, path: str = "/famille", **query: Any) -> httpx.Response:
        """Ask for a page."""
        return await self.web.get(path, params=query)

    async def post(self, path: str, *, seen_on: str = "/famille", **fields: Any) -> httpx.Response:
        """Post a form with the word of this session, as found on the page `seen_on`."""
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', (await self.web.get(seen_on)).text)
        return await self.web.post(path, data={"csrf": found[1] if found else "", **fields})


@asynccontextmanager
async def at_home(
    small: SmallSchool, *guardians: int | Adult, house: House | None = None, now: datetime = NOW
) -> AsyncIterator[Home]:
    """Open the page of these adults: guardians of the small school, or `Adult(school, guardian)` of any."""
    house = house or House(Settings(public_url=None), small.database, small.keyring)
    adults = [one if isinstance(one, Adult) else Adult(small.school.key, one) for one in guardians]
    async with small.database.engine() as connection:
        token = await open_login(connection, small.keyring, adults, device="Firefox, Linux", now=now)
    async with a_browser(house, ORIGIN) as (_, web):
        web.cookies.set("passerelle-famille", token)
        yield Home(small, house, web)


@dataclass
class Porch:
    """The family's door with one browser before it; `web` is its usual one."""

    small: SmallSchool
    house: House
    app: FastAPI
    web: httpx.AsyncClient
    sms: FakeChannel = field(default_factory=FakeChannel)
    mail: FakeChannel = field(default_factory=lambda: FakeChannel(name=ChannelName.EMAIL, proof=Proof.ACCEPTED))

    def browser(self, client: str = "192.0.2.1") -> httpx.AsyncClient:
        """Give another browser, that has seen nothing of us yet."""
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False, client=(client, 4711))
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Sec-Fetch-Site": "same-origin"})

    async def ask(self, address: str, web: httpx.AsyncClient | None = None, **more: str) -> httpx.Response:
        """Ask for a code, and let it leave."""
        asked = await (web or self.web).post("/famille/entrer", data={"address": address, **more})
        await self.drain()
        return asked

    async def drain(self) -> None:
        """Let what is due leave."""
        channels = {ChannelName.SMS: self.sms, ChannelName.EMAIL: self.mail}
        wordings = Wordings(self.house.settings, self.small.keyring, render)
        drain = Drain(self.small.database, self.small.keyring, wordings, self.house.settings, channels)
        for lane in Lane:
            await drain.drain(lane)
        await drain.idle()
        await drain.stop()

    @property
    def code(self) -> str:
        """The digits of the last message."""
        found = re.search(r"\b(\d{3})[^\w\n]?(\d{3})\b", (self.sms.sent or self.mail.sent)[-1].text)
        assert found is not None
        return found[1] + found[2]

    async def give(self, code: str, web: httpx.AsyncClient | None = None) -> httpx.Response:
        """Type the digits."""
        return await self.press("/famille/code", web, code=code)

    async def press(
        self, path: str, web: httpx.AsyncClient | None = None, *, seen_on: str = "", **fields: Any
    ) -> httpx.Response:
        """Post a form with the word that is on its page."""
        web = web or self.web
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', (await web.get(seen_on or path)).text)
        return await web.post(path, data={"csrf": found[1] if found else "", **fields})

    async def come_in(self, address: str, web: httpx.AsyncClient | None = None, **more: str) -> httpx.Response:
        """Ask for a code and give it back."""
        await self.ask(address, web, **more)
        return await self.give(self.code, web)


@asynccontextmanager
async def a_porch(small: SmallSchool, public_url: str | None = None) -> AsyncIterator[Porch]:
    """Stand before the family's door of a school."""
    house = House(Settings(public_url=public_url), small.database, small.keyring)
    async with a_browser(house, public_url or ORIGIN) as (app, web):
        web.headers["Sec-Fetch-Site"] = "same-origin"
        yield Porch(small, house, app, web)
