"""The wall of phones: one page on which to read, answer, switch off and unsubscribe, as any family could."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.ports import ChannelName
from sandbox.authenticator import Authenticator
from sandbox.cards import MOST, Painter
from sandbox.habits import Families, Habit, link_of
from sandbox.mailboxes import Mailboxes
from sandbox.phones import Phones
from sandbox.push_service import Browsers
from sandbox.record import Arrived, Record, Said
from sandbox.telegram_chats import Chats

CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

NOTES = {
    "taken": "C’est fait : l’école l’a pris.",
    "lost": "L’école ne l’a pas pris : sa porte est fermée, ou elle l’a refusé. Rien n’est perdu ici, recommencez.",
    "deaf": "L’école n’écoute pas le courrier ici : une réponse par e-mail n’arriverait nulle part.",
    "nothing": "Ce téléphone n’a rien reçu à quoi répondre.",
    "off": "Éteint : ce qui lui est envoyé attendra.",
    "on": "Rallumé : ce qui attendait est arrivé.",
    "silent": "Cette famille ne répond plus d’elle-même.",
}


class Devices(NamedTuple):
    """What the wall's buttons reach."""

    record: Record
    phones: Phones
    mailboxes: Mailboxes
    families: Families
    push: Browsers
    chats: Chats
    listens: bool
    """The hub has a mail listener."""
    authenticators: Sequence[Authenticator] = ()
    """What shows six digits to the staff of the school."""


class Pressed(NamedTuple):
    """One press on the wall."""

    address: str
    do: str
    words: str


def same_house(request: Request) -> None:
    """Only the wall's own page may press its buttons: a page from elsewhere gets a 403."""
    if request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        raise HTTPException(403, "pressed from another page")


def router(painter: Painter, devices: Devices) -> APIRouter:
    """Serve the page, and take what is pressed on it."""
    routes = APIRouter()
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = pages.get_template("wall.html")

    @routes.get("/")
    async def wall(q: str = "", note: str = "", live: bool = False) -> HTMLResponse:  # noqa: FBT001, FBT002 - a query
        shown, now = devices.authenticators if not q else (), datetime.now(UTC)
        here = {"q": q, "note": NOTES.get(note, ""), "live": live, "most": MOST, "authenticators": shown, "now": now}
        html = page.render(wall=painter.wall(q), **here)
        return HTMLResponse(html, headers={"Content-Security-Policy": CSP, "Cache-Control": "no-store"})

    @routes.post("/act")
    async def act(
        request: Request,
        address: Annotated[str, Form()],
        do: Annotated[str, Form()],
        words: Annotated[str, Form(max_length=1600)] = "",
        q: Annotated[str, Form()] = "",
    ) -> RedirectResponse:
        same_house(request)
        note = await press(devices, Pressed(address, do, words.strip()))
        query = urlencode({key: value for key, value in (("q", q), ("note", note)) if value})
        return RedirectResponse(f"/?{query}", 303)

    return routes


async def press(devices: Devices, pressed: Pressed) -> str:
    """Do what was pressed; the key of the note to show."""
    address = pressed.address
    match pressed.do:
        case "off" | "on":
            devices.phones.switch(address, on=pressed.do == "on")
            return pressed.do
        case "silent":
            devices.families.set_habit(address, Habit.SILENT)
            return "silent"
        case "reply" | "acknowledge" | "unsubscribe" | "button":
            return await _answer(devices, pressed)
        case _:
            raise HTTPException(422, "no such button")


async def _answer(devices: Devices, pressed: Pressed) -> str:
    message = _meant(devices.record, pressed)
    if message is None:
        return "nothing"
    if pressed.do == "reply" and message.channel is ChannelName.EMAIL and not devices.listens:
        return "deaf"
    said = await _say(devices, message, pressed)
    return "taken" if said.taken else "lost"


async def _say(devices: Devices, message: Arrived, pressed: Pressed) -> Said:
    match pressed.do:
        case "acknowledge":
            return await devices.families.acknowledge(message)
        case "unsubscribe":
            return await devices.mailboxes.unsubscribe(message)
        case "button" if message.channel is ChannelName.CHAT:
            return await devices.chats.press(message, pressed.words)
        case "button":
            return await devices.push.press(message, pressed.words)
        case _:
            return await devices.families.reply(message, pressed.words)


def _meant(record: Record, pressed: Pressed) -> Arrived | None:
    """Find the newest message that can be answered so."""
    if pressed.do == "reply" and not pressed.words:
        return None
    arrived = reversed(record.arrived(pressed.address))
    if pressed.do == "acknowledge":
        return next((message for message in arrived if link_of(message)), None)
    if pressed.do == "button":
        return next((message for message in arrived if pressed.words in dict(message.buttons)), None)
    if pressed.do == "unsubscribe":
        return next((message for message in arrived if message.headers.one_click), None)
    return next(arrived, None)
