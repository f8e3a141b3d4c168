"""A small hub whose families may switch notifications on, the box's push service before it, driven by hand."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from factories import SmallSchool, a_school
from family_door import PUBLIC, Door
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from channels.push import WebPush
from hub.database import Database
from hub.outbox.wordings import Wordings
from hub.people.push_lines import push_line
from hub.people.schools import add_sender
from hub.ports import ChannelName, Lane
from hub.sealing import Keyring
from hub.settings import Settings
from i18n.rendering import render
from sandbox.box import Sandbox
from sandbox.config import SandboxConfig
from sandbox.push_service import Browser
from scheduler.drain import Drain
from web.app import create_app, web_server
from web.family_door import Guesses
from web.house import House

OURS = {"Sec-Fetch-Site": "same-origin"}
FOREIGN = {"Sec-Fetch-Site": "cross-site"}


@dataclass
class PushDoor(Door):
    """A door whose school also notifies; `box` has the browsers."""

    box: Sandbox | None = None
    push: WebPush | None = None
    heard: "asyncio.Queue[tuple[str, int]]" = field(default_factory=asyncio.Queue)

    async def hears(self, path: str) -> int:
        """Wait until something is posted to a path; gives what it was answered."""
        async with asyncio.timeout(60):
            while True:
                posted, status = await self.heard.get()
                if posted == path:
                    return status

    async def heard_answer(self) -> int:
        """Wait until an answer to a notice is posted; gives what it was answered."""
        async with asyncio.timeout(60):
            while True:
                posted, status = await self.heard.get()
                if posted.startswith("/l/") and posted.count("/") == 2:
                    return status

    async def drain(self) -> None:
        wordings = Wordings(self.house.settings, self.small.keyring, render)
        channels = {ChannelName.SMS: self.sms, ChannelName.EMAIL: self.mail, ChannelName.PUSH: self.push}
        drain = Drain(self.small.database, self.small.keyring, wordings, self.house.settings, channels)  # type: ignore[arg-type] # a fake is a channel
        for lane in Lane:
            await drain.drain(lane)
        await drain.idle()
        await drain.stop()

    async def public_key(self) -> str:
        async with self.house.database.reading(self.small.school.key) as session:
            line = await push_line(session, self.small.school.key)
        assert line is not None
        return line.public_key

    async def browser(self) -> Browser:
        """A browser that its owner let subscribe, of which the hub knows nothing yet."""
        assert self.box is not None
        return self.box.push.subscribe(await self.public_key())

    async def invitation(self, guardian_id: int, **headers: str) -> httpx.Response:
        form = {"guardian": str(guardian_id)}
        return await self.web.post(f"{self.link}/notifications", data=form, headers={**OURS, **headers})

    async def tell(self, path: str, headers: dict[str, str] = OURS, **said: Any) -> httpx.Response:
        return await self.web.post(f"/push/{path}", json=said, headers=headers)

    async def joined(self, guardian_id: int) -> Browser:
        """A browser of this adult, switched on from the notice that was pressed last."""
        code = (await self.invitation(guardian_id)).json()["invitation"]
        browser = await self.browser()
        assert (await self.tell("subscriptions", invitation=code, subscription=browser.subscription)).status_code == 204
        return browser


async def with_push(small: SmallSchool) -> None:
    """Let a small school send notifications."""
    async with small.database.school(small.school.key) as session:
        await add_sender(
            session, small.keyring, small.school.key, channel=ChannelName.PUSH, provider="webpush",
            address="ecole@trois-ponts.test", key_name="trois-ponts-push",
        )  # fmt: skip


@asynccontextmanager
async def a_push_door(
    database: Database, keyring: Keyring, *, sender: bool = True, **settings: object
) -> AsyncIterator[PushDoor]:
    small = await a_school(database, keyring)
    if sender:
        await with_push(small)
    async with Sandbox(SandboxConfig(allow=True, routes={})) as box:
        asked = Settings(
            **{"public_url": PUBLIC, "mail_domain": "hub.test", "push_hosts": box.push_host, **settings}  # type: ignore[arg-type] # by name
        )
        house, push = House(asked, database, keyring), WebPush(asked)
        app = create_app(house)
        transport = httpx.ASGITransport(app=app, client=("192.0.2.1", 4711))
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as web:
            door = PushDoor(small, house, web, box=box, push=push)
            app.state.guesses = Guesses(door.clock)
            yield door
        await push.close()


class Ear:
    """Hears what is posted to the hub, and what it was answered."""

    def __init__(self, app: ASGIApp, *, heard: "asyncio.Queue[tuple[str, int]]") -> None:
        self._app, self._heard = app, heard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.start" and scope["method"] == "POST":
                self._heard.put_nowait((scope["path"], message["status"]))

        await self._app(scope, receive, told if scope["type"] == "http" else send)


@asynccontextmanager
async def a_served_push_door(
    database: Database, keyring: Keyring, *, push_host: str, box: Sandbox | None = None
) -> AsyncIterator[PushDoor]:
    """The same behind a real server on loopback, for real browsers."""
    small = await a_school(database, keyring)
    await with_push(small)
    with socket.create_server(("127.0.0.1", 0)) as threshold:
        public = f"http://127.0.0.1:{threshold.getsockname()[1]}"
        asked = Settings(public_url=public, mail_domain="hub.test", push_hosts=push_host)
        house, push = House(asked, database, keyring), WebPush(asked)
        app = create_app(house)
        async with httpx.AsyncClient(base_url=public) as web:
            door = PushDoor(small, house, web, box=box, push=push)
            app.add_middleware(Ear, heard=door.heard)
            server = web_server(app)
            serving = asyncio.create_task(server.serve(sockets=[threshold]))
            while not server.started:
                await asyncio.wait({serving}, timeout=0.02)
            try:
                yield door
            finally:
                server.should_exit = True
                await asyncio.wait_for(serving, 5)
                await push.close()
