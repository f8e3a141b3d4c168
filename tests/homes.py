"""A family at its own page: a school, a house, and a browser that has proved whose it is."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from desks import ORIGIN, a_browser
from factories import NOW, SmallSchool

from hub.home.logins import Adult, open_login
from hub.settings import Settings
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
async def at_home(small: SmallSchool, *guardians: int | Adult, house: House | None = None) -> AsyncIterator[Home]:
    """Open the page of these adults: guardians of the small school, or `Adult(school, guardian)` of any."""
    house = house or House(Settings(public_url=None), small.database, small.keyring)
    adults = [one if isinstance(one, Adult) else Adult(small.school.key, one) for one in guardians]
    async with small.database.engine() as connection:
        token = await open_login(connection, small.keyring, adults, device="Firefox, Linux", now=NOW)
    async with a_browser(house, ORIGIN) as (_, web):
        web.cookies.set("passerelle-famille", token)
        yield Home(small, house, web)
