"""Telegram's Bot API in the box: takes what the bots of the hub say, or refuses it as Telegram does.

Source: https://core.telegram.org/bots/api
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from hub.ports import ChannelName
from sandbox.behaviour import Behaviour, Behaviours
from sandbox.config import SandboxConfig
from sandbox.courier import Courier
from sandbox.record import Arrived, Post, Record, now
from sandbox.telegram_chats import Chats

Json = dict[str, Any]

TEXT_MOST = 4096
SAID = {
    400: "Bad Request: message can't be sent",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: terminated by other getUpdates request",
    500: "Internal Server Error",
}
"""What Telegram says with a status."""


@dataclass(frozen=True, slots=True)
class Telegram:
    """Telegram's front desk."""

    config: SandboxConfig
    record: Record
    behaviours: Behaviours
    chats: Chats
    courier: Courier

    async def answer(self, request: Request, token: str, method: str) -> Response:
        """Do what a bot asks for."""
        act = _METHODS.get(method.lower())
        if token not in self.config.bots:
            return refused(401)
        if act is None:
            return refused(404)
        fields = await _fields(request)
        self.chats.mail[token].asked.append((method, fields))
        answer = await act(self, request, token, fields)
        self.chats.stir()
        return answer

    async def say(self, request: Request, token: str, fields: Mapping[str, Any]) -> Response:
        """Take a message for a chat, or refuse it."""
        chat, text = str(fields.get("chat_id", "")), str(fields.get("text", ""))
        behaviour = self.behaviours.take(chat)
        complaint = self._complaint(token, chat, text)
        answer = behaviour.answer if complaint is None else 400
        taken: Arrived | None = None
        if answer is None or behaviour.takes_first:
            taken = self.chats.take(token, chat, text, _json(fields.get("reply_markup")))
        status = 0 if behaviour.hang_up else answer or 200
        self.record.note(Post(ChannelName.CHAT, chat, f"@{self.config.bots[token]}", text, status, None, None, now()))
        if behaviour.latency:
            await self.courier.linger(behaviour.latency)
        if behaviour.hang_up:
            request.state.hang_up()
        if answer is not None:
            return _turned_away(answer, behaviour, complaint)
        return done(self.chats.shown(taken)) if taken is not None else refused(500)

    async def updates(self, _: Request, token: str, fields: Mapping[str, Any]) -> Response:
        """Give what families wrote to a bot; one asks at a time, and not while it is told."""
        if self.chats.mail[token].hook is not None:
            return refused(409)
        found = await self.chats.updates(
            token, int(fields.get("offset", 0)), float(fields.get("timeout", 0)), int(fields.get("limit", 100))
        )
        return refused(409) if found is None else done(found)

    async def me(self, _: Request, token: str, __: Mapping[str, Any]) -> Response:
        """Say who a bot is."""
        number = int(token.partition(":")[0])
        return done({"id": number, "is_bot": True, "first_name": "École", "username": self.config.bots[token]})

    async def set_hook(self, _: Request, token: str, fields: Mapping[str, Any]) -> Response:
        """Tell this bot from now on, beginning with what waits."""
        mail = self.chats.mail[token]
        mail.hook = (str(fields["url"]), str(fields.get("secret_token", "")))
        mail.came.set()
        return done(True)  # noqa: FBT003 (what Telegram answers)

    async def drop_hook(self, _: Request, token: str, __: Mapping[str, Any]) -> Response:
        """Let this bot ask again."""
        self.chats.mail[token].hook = None
        return done(True)  # noqa: FBT003 (what Telegram answers)

    async def hook(self, _: Request, token: str, __: Mapping[str, Any]) -> Response:
        """Say where this bot wants to be told."""
        mail = self.chats.mail[token]
        waits = len(mail.waiting)
        return done({"url": mail.hook[0] if mail.hook else "", "pending_update_count": waits} | _NO_CERTIFICATE)

    async def edit(self, _: Request, __: str, fields: Mapping[str, Any]) -> Response:
        """Change a message that is shown."""
        chat, number = str(fields.get("chat_id", "")), str(fields.get("message_id", ""))
        text = fields.get("text")
        changed = self.chats.change(chat, number, text=text, keyboard=_json(fields.get("reply_markup")))
        message = self.record.find(f"{chat}.{number}")
        return done(self.chats.shown(message)) if changed and message else refused(400, "message to edit not found")

    async def note(self, _: Request, __: str, ___: Mapping[str, Any]) -> Response:
        """Show a note over a pressed button."""
        return done(True)  # noqa: FBT003 (what Telegram answers)

    async def leave(self, _: Request, __: str, fields: Mapping[str, Any]) -> Response:
        """Let a bot leave a group."""
        self.chats.left.append(str(fields.get("chat_id", "")))
        return done(True)  # noqa: FBT003 (what Telegram answers)

    async def commands(self, _: Request, token: str, fields: Mapping[str, Any]) -> Response:
        """Keep the menu of commands of a bot, in one language or for all others."""
        self.chats.mail[token].menus[str(fields.get("language_code", ""))] = orjson.loads(fields["commands"])
        return done(True)  # noqa: FBT003 (what Telegram answers)

    def _complaint(self, token: str, chat: str, text: str) -> str | None:
        if not self.chats.knows(token, chat):
            return "chat not found"
        if not text:
            return "message text is empty"
        return "message is too long" if len(text) > TEXT_MOST else None


def router(desk: Telegram) -> APIRouter:
    """Serve every method under a bot's token."""
    routes = APIRouter()

    @routes.post("/bot{token}/{method}")
    async def method(token: str, method: str, request: Request) -> Response:
        return await desk.answer(request, token, method)

    return routes


def done(result: object) -> Response:
    """Answer that it was done."""
    return Response(orjson.dumps({"ok": True, "result": result}), media_type="application/json")


def refused(status: int, why: str | None = None, **parameters: int) -> Response:
    """Answer as Telegram refuses."""
    said = SAID.get(status, "Bad Gateway") if why is None else f"Bad Request: {why}"
    body: Json = {"ok": False, "error_code": status, "description": said}
    return JSONResponse(body | ({"parameters": parameters} if parameters else {}), status)


def _turned_away(status: int, behaviour: Behaviour, complaint: str | None) -> Response:
    if complaint is not None:
        return refused(status, complaint)
    if status == 429:
        wait = behaviour.retry_after or 1
        return refused(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
    if status in (502, 503, 504):  # said by what stands before Telegram, in its own words
        return HTMLResponse("<html><body>Bad Gateway</body></html>", status)
    return refused(status)


async def _fields(request: Request) -> Json:
    if "json" in request.headers.get("content-type", ""):
        return _json(await request.body())
    return dict(await request.form())


def _json(written: object) -> Json:
    read = orjson.loads(written) if isinstance(written, str | bytes) and written else written
    return read if isinstance(read, dict) else {}


_NO_CERTIFICATE = {"has_custom_certificate": False}
_METHODS: dict[str, Callable[[Telegram, Request, str, Mapping[str, Any]], Awaitable[Response]]] = {
    "getme": Telegram.me,
    "sendmessage": Telegram.say,
    "getupdates": Telegram.updates,
    "setwebhook": Telegram.set_hook,
    "deletewebhook": Telegram.drop_hook,
    "getwebhookinfo": Telegram.hook,
    "editmessagereplymarkup": Telegram.edit,
    "editmessagetext": Telegram.edit,
    "answercallbackquery": Telegram.note,
    "leavechat": Telegram.leave,
    "setmycommands": Telegram.commands,
}
