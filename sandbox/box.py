"""The outside world in a box: telephones, mailboxes and families on loopback, so that a demo reaches nobody real."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

from fastapi import FastAPI
from fastapi.responses import FileResponse, Response

from sandbox import control, push_service, telegram_api, telegram_link, twilio_api, twilio_calls, wall
from sandbox.authenticator import Authenticator
from sandbox.behaviour import Behaviour, Behaviours
from sandbox.calls import Calls
from sandbox.cards import Painter
from sandbox.config import Label, SandboxConfig
from sandbox.courier import Courier
from sandbox.door import Door
from sandbox.habits import Families, Habit
from sandbox.mailboxes import Mailboxes
from sandbox.phones import Phones
from sandbox.record import Arrived, Record
from sandbox.telegram_chats import Chats

LOOK = {"tokens.css", "look.css", "icons.svg"}
OWN = Path(__file__).parent / "static"


class Sandbox:
    """One box, open between `async with`; it runs in the loop of who opens it.

    `record` is what arrived, `families` what people do by themselves, `directory` (address → Label) who they are,
    `authenticators` what shows six digits to the staff.
    """

    def __init__(self, config: SandboxConfig) -> None:
        config.check()
        self.config = config
        self.record = Record()
        self.behaviours = Behaviours(config.seed)
        self.directory: dict[str, Label] = {key: Label(*label) for key, label in config.directory.items()}
        self.authenticators: list[Authenticator] = []
        self._courier = Courier(config, self.record)
        self.phones = Phones(config, self.record, self.behaviours, self._courier, self._heard)
        self.mailboxes = Mailboxes(config, self.record, self.behaviours, self._courier, self._heard)
        self.push = push_service.Browsers(
            self.record, self.behaviours, self._courier, self._heard, lambda: self.twilio_url
        )
        self.calls = Calls(config, self.record, self._courier)
        self.chats = Chats(config, self.record, self._courier, self._heard)
        self.families = Families(self.record, self._courier, self.phones, self.mailboxes, self.chats, self.push)
        self._door = Door(self._app())
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._courier)
            stack.push_async_callback(self.mailboxes.close)
            await self.mailboxes.open()
            stack.push_async_callback(self._door.close)
            await self._door.open(self.config.host, self.config.port)
            stack.callback(self._courier.hurry)
            stack.callback(self.chats.hurry)
            self._open = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    @property
    def twilio_url(self) -> str:
        """Where the Twilio client is pointed; no trailing slash."""
        return f"http://{self.config.host}:{self._door.port}"

    @property
    def telegram_url(self) -> str:
        """Where the bots of the hub are pointed; no trailing slash."""
        return self.twilio_url

    @property
    def telegram_link(self) -> str:
        """Where a family opens a chat with a bot; no trailing slash."""
        return f"{self.twilio_url}/telegram"

    @property
    def push_host(self) -> str:
        """Host and port of the push service, as the settings' `push_hosts` names it."""
        return f"{self.config.host}:{self._door.port}"

    @property
    def wall_url(self) -> str:
        """The page of phones."""
        return f"{self.twilio_url}/"

    @property
    def smtp_host(self) -> str:
        """Where mail is sent."""
        return self.config.host

    @property
    def smtp_port(self) -> int:
        """Where mail is sent."""
        return self.mailboxes.port

    def behave(self, behaviour: Behaviour, address: str | None = None) -> None:
        """Let one phone or mailbox, or all others, behave so from now on."""
        self.behaviours.set(behaviour, address)

    def set_habit(self, address: str, habit: Habit, *, delay: float = 0.0, words: str = "1") -> None:
        """Let a family acknowledge, answer or keep silent by itself, after `delay` seconds."""
        self.families.set_habit(address, habit, delay=delay, words=words)

    async def settled(self) -> None:
        """Wait until no receipt, bounce or habit is under way any more."""
        await self._courier.settled()

    def _heard(self, message: Arrived) -> None:
        self.families.hear(message)

    def _app(self) -> FastAPI:
        app = FastAPI(title="Passerelle sandbox", openapi_url=None)
        desk = twilio_api.Desk(self.config, self.record, self.behaviours, self.phones, self._courier)
        painter = Painter(self.config, self.record, self.behaviours, self.families, self.phones, self.directory)
        devices = wall.Devices(
            self.record,
            self.phones,
            self.mailboxes,
            self.families,
            self.push,
            self.chats,
            listens=self.config.mail_back is not None,
            authenticators=self.authenticators,
        )
        app.include_router(twilio_api.router(desk))
        app.include_router(twilio_calls.router(desk, self.calls))
        app.include_router(push_service.router(self.push))
        bots = telegram_api.Telegram(self.config, self.record, self.behaviours, self.chats, self._courier)
        app.include_router(telegram_api.router(bots))
        app.include_router(telegram_link.router(self.config, self.chats))
        app.include_router(wall.router(painter, devices))
        app.include_router(control.router(self.record, self.behaviours, self.families))

        @app.get("/static/{name}")
        async def static(name: str) -> Response:
            file = self.config.look / name if name in LOOK else OWN / name
            if name not in LOOK | {"wall.css"} or not file.is_file():
                return Response(status_code=404)
            return FileResponse(file)

        return app
