"""What a family sees that scans an invitation to Telegram: the bot, and the button that opens the chat."""

from itertools import count
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sandbox.config import SandboxConfig
from sandbox.telegram_chats import Chats
from sandbox.wall import CSP, same_house

FIRST_CHAT = 790_001
"""The number of the first chat that is opened so."""


def router(config: SandboxConfig, chats: Chats) -> APIRouter:
    """Serve the page behind a deep link, and open a chat when its button is pressed."""
    routes = APIRouter()
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
    )
    numbers = count(FIRST_CHAT)
    tokens = {name: token for token, name in config.bots.items()}

    @routes.get("/telegram/{bot}")
    async def show(bot: str, start: str = "") -> HTMLResponse:
        _known(bot)
        html = pages.get_template("telegram.html").render(bot=bot, start=start)
        return HTMLResponse(html, headers={"Content-Security-Policy": CSP, "Cache-Control": "no-store"})

    @routes.post("/telegram/{bot}")
    async def begin(request: Request, bot: str, start: Annotated[str, Form(max_length=64)] = "") -> RedirectResponse:
        same_house(request)
        _known(bot)
        chat = str(next(numbers))
        await chats.start(chat, start, token=tokens[bot])
        return RedirectResponse(f"/?q={chat}", 303)

    def _known(bot: str) -> None:
        if bot not in tokens:
            raise HTTPException(404, "no such bot")

    return routes
