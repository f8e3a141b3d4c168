"""A small hub with the doors that families and providers knock at: pressed and drained by hand, asked over HTTP."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from factories import NOW, FakeChannel, SmallSchool, a_school
from fastapi import FastAPI

from hub.database import Database
from hub.notices.publish import Draft, publish
from hub.outbox.wordings import Wordings
from hub.ports import ChannelName, HalfDay, Lane, NoticeKind, Outgoing, Proof, Slots
from hub.sealing import Keyring
from hub.settings import Settings
from i18n.rendering import render
from scheduler.drain import Drain
from web import family, webhooks
from web.family_door import Guesses
from web.house import House
from web.mail_in import start
from web.pages import static_file

PUBLIC = "https://hub.test"
ABSENT = Slots(day=NOW.date(), half_day=HalfDay.MORNING)


def a_house_on_the_web(house: House) -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.state.house = house
    app.include_router(family.router)
    app.include_router(webhooks.router)
    app.add_middleware(webhooks.Wicket)
    app.add_api_route("/static/{name:path}", static_file, methods=["GET"])
    return app


@dataclass
class Clock:
    """A clock that stands still until a test lets time pass."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Door:
    """A school, its engine driven by hand, and a browser before its door."""

    small: SmallSchool
    house: House
    web: httpx.AsyncClient
    clock: Clock = field(default_factory=Clock)
    slot: int = 0
    sms: FakeChannel = field(default_factory=FakeChannel)
    mail: FakeChannel = field(default_factory=lambda: FakeChannel(name=ChannelName.EMAIL, proof=Proof.ACCEPTED))

    async def press(
        self,
        kind: NoticeKind = NoticeKind.ANNOUNCEMENT,
        *,
        audience: str = "school",
        slots: Slots | None = None,
    ) -> int:
        usual = ABSENT if kind is NoticeKind.ABSENCE else Slots(text="Sortie au musée vendredi.")
        async with self.small.database.school(self.small.school.key) as session:
            published = await publish(
                session,
                self.small.keyring,
                school=self.small.school,
                author_id=self.small.director,
                draft=Draft(kind=kind, audience=audience, slots=slots or usual, seconded_by=self.small.office),
                now=NOW,
            )
        await self.drain()
        return published.notice_id

    async def drain(self) -> None:
        wordings = Wordings(self.house.settings, self.small.keyring, render)
        channels = {ChannelName.SMS: self.sms, ChannelName.EMAIL: self.mail}
        drain = Drain(self.small.database, self.small.keyring, wordings, self.house.settings, channels)
        for lane in Lane:
            await drain.drain(lane)
        await drain.idle()
        await drain.stop()

    @property
    def last(self) -> Outgoing:
        return (self.sms.sent or self.mail.sent)[-1]

    @property
    def link(self) -> str:
        return f"/l/{self.last.link_code}"

    async def tap(self, act: str, **fields: str) -> httpx.Response:
        return await self.web.post(self.link, data={"act": act, **fields})

    async def states(self) -> list[str]:
        return [row[0] for row in await self.small.rows("SELECT state FROM delivery ORDER BY id")]

    async def answers(self) -> list[tuple]:
        return await self.small.rows("SELECT guardian_id, pupil_id, kind, through FROM answer ORDER BY id")

    async def count(self, table: str, where: str = "1 = 1") -> int:
        return (await self.small.rows(f"SELECT count(*) FROM {table} WHERE {where}"))[0][0]  # noqa: S608 (our own words)


@asynccontextmanager
async def a_door(database: Database, keyring: Keyring, **settings: object) -> AsyncIterator[Door]:
    small = await a_school(database, keyring)
    house = House(Settings(**{"public_url": PUBLIC, "mail_domain": "hub.test", **settings}), database, keyring)
    app, clock = a_house_on_the_web(house), Clock()
    app.state.switchboard = webhooks.Switchboard(house, clock)
    app.state.guesses = Guesses(clock)
    transport = httpx.ASGITransport(app=app, client=("192.0.2.1", 4711))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as web:
        yield Door(small, house, web, clock)


@asynccontextmanager
async def a_letter_door(database: Database, keyring: Keyring, **settings: object) -> AsyncIterator[Door]:
    """The same, with its letter slot open."""
    async with a_door(database, keyring, mail_listen="127.0.0.1:0", **settings) as opened:
        listener = await start(opened.house)
        assert listener is not None
        opened.slot = listener.port
        yield opened
        await listener.close()


def plain(html: str) -> str:
    """The words of a page in one line."""
    words = re.sub(r"<head>.*?</head>|<[^>]+>", " ", html, flags=re.DOTALL)
    return " ".join(words.replace("\u00a0", " ").replace("&#39;", "'").split())
