"""Firefox's push service on loopback, and a real Firefox that uses it, led through WebDriver BiDi.

The service speaks the protocol of Mozilla's autopush: the browser holds a WebSocket (hello, register, notification,
ack), the hub posts to the endpoints that it hands out. Source: https://mozilla-push-service.readthedocs.io.
"""

import asyncio
import json
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestServer

from sandbox.push_opening import complaint, written

FIREFOX = Path("/usr/bin/firefox-esr")
START = 180.0
"""Seconds that Firefox may take to start: its files may lie on a slow disk, cold."""
PATIENCE = 60.0
SHOWN = 100
"""The code with which Firefox says that a message reached its worker."""


@dataclass
class Channel:
    """One subscription of the browser."""

    line: web.WebSocketResponse
    number: str
    key: str


@dataclass
class Autopush:
    """The service: what it was told, and what the browser said of each message."""

    origin: str = ""
    browser: str = field(default_factory=lambda: uuid4().hex)
    channels: dict[str, Channel] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    posts: list[int] = field(default_factory=list)
    acks: asyncio.Queue[int] = field(default_factory=asyncio.Queue)

    async def line(self, request: web.Request) -> web.WebSocketResponse:
        """The browser's own line; frames with nothing in them keep it open."""
        line = web.WebSocketResponse(protocols=("push-notification",))
        await line.prepare(request)
        async for frame in line:
            if frame.type is WSMsgType.TEXT:
                await self._hear(line, json.loads(frame.data))
        return line

    async def post(self, request: web.Request) -> web.Response:
        """What the hub posts: checked as a real service does, and passed on as it is."""
        token, body = request.match_info["token"], await request.read()
        channel = self.channels.get(token)
        headers = {name.lower(): value for name, value in request.headers.items()}
        status = (410 if token in self.ended else 404) if channel is None else None
        if channel is not None:
            status = complaint(headers, body, origin=self.origin, key=channel.key)
        self.posts.append(status or 201)
        if channel is None or status is not None:
            return web.Response(status=status or 500)
        message = {
            "messageType": "notification",
            "channelID": channel.number,
            "version": uuid4().hex,
            "ttl": int(headers["ttl"]),
            "data": written(body),
            "headers": {"encoding": headers["content-encoding"]},
        }
        await channel.line.send_json(message)
        return web.Response(status=201, headers={"Location": f"{self.origin}/m/{message['version']}"})

    async def forget(self) -> None:
        """Lose the browser, as a service does after a fault: it is somebody new when it comes again."""
        self.browser = uuid4().hex
        for channel in tuple(self.channels.values()):
            await channel.line.close()
        self.ended.update(self.channels)
        self.channels.clear()

    async def _hear(self, line: web.WebSocketResponse, said: dict[str, Any]) -> None:
        answer: dict[str, Any] = {"messageType": said.get("messageType"), "status": 200}
        match said.get("messageType"):
            case "hello":
                answer |= {"uaid": self.browser, "use_webpush": True, "broadcasts": {}}
            case "register":
                token = uuid4().hex
                self.channels[token] = Channel(line, said["channelID"], said.get("key") or "")
                answer |= {"channelID": said["channelID"], "pushEndpoint": f"{self.origin}/wpush/v2/{token}"}
            case "unregister":
                gone = [token for token, one in self.channels.items() if one.number == said["channelID"]]
                self.ended.update(gone)
                for token in gone:
                    del self.channels[token]
                answer["channelID"] = said["channelID"]
            case "ack":
                for update in said["updates"]:
                    self.acks.put_nowait(update["code"])
                return
            case None:
                answer = {}
            case _:
                return
        await line.send_json(answer)


@asynccontextmanager
async def an_autopush() -> AsyncIterator[Autopush]:
    """Open the service on a free port of loopback."""
    service = Autopush()
    app = web.Application()
    app.add_routes([web.get("/", service.line), web.post("/wpush/v2/{token}", service.post)])
    async with TestServer(app, host="127.0.0.1") as server:
        service.origin = f"http://127.0.0.1:{server.port}"
        yield service


@dataclass
class Firefox:
    """One page of a real Firefox."""

    line: ClientWebSocketResponse
    page: str = ""
    _number: int = 0

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Give a command, and wait for its answer; events in between are let pass."""
        self._number += 1
        await self.line.send_json({"id": self._number, "method": method, "params": params})
        while True:
            said = await self.line.receive_json(timeout=PATIENCE)
            if said.get("id") == self._number:
                if said["type"] == "error":
                    raise RuntimeError(f"{said['error']}: {said['message']}")
                result: dict[str, Any] = said["result"]
                return result

    async def goto(self, url: str) -> None:
        """Open a page."""
        await self.ask("browsingContext.navigate", context=self.page, url=url, wait="complete")

    async def run(self, script: str, *, context: str | None = None, **more: Any) -> Any:
        """Run a script in the page, or in another context; gives what its promise came to."""
        done = await self.ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await (async () => {{ {script} }})()) ?? 'null')()",
            target={"context": context or self.page},
            awaitPromise=True,
            userActivation=True,
            **more,
        )
        if done["type"] != "success":
            raise RuntimeError(done["exceptionDetails"]["text"])
        return json.loads(done["result"]["value"])


def _preferences(push: str) -> dict[str, object]:
    """Our own push service, notifications without the desktop's, and no word to anybody outside."""
    return {
        "dom.push.serverURL": push.replace("http:", "ws:") + "/",
        "dom.push.testing.allowInsecureServerURL": True,
        "dom.push.connection.enabled": True,
        "dom.push.retryBaseInterval": 100,
        "permissions.default.desktop-notification": 1,
        "alerts.useSystemBackend": False,
        "remote.active-protocols": 1,
        "browser.shell.checkDefaultBrowser": False,
        "browser.startup.page": 0,
        "browser.newtabpage.enabled": False,
        "browser.region.update.enabled": False,
        "browser.topsites.contile.enabled": False,
        "browser.safebrowsing.malware.enabled": False,
        "browser.safebrowsing.phishing.enabled": False,
        "browser.safebrowsing.update.enabled": False,
        "app.normandy.enabled": False,
        "app.update.enabled": False,
        "datareporting.policy.dataSubmissionEnabled": False,
        "toolkit.telemetry.enabled": False,
        "extensions.update.enabled": False,
        "extensions.systemAddon.update.enabled": False,
        "extensions.getAddons.cache.enabled": False,
        "media.gmp-manager.url": "data:,",
        "services.settings.server": "data:,#remote-settings-dummy/v1",
        "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False,
        "network.dns.disablePrefetch": True,
        "network.prefetch-next": False,
        "network.trr.mode": 5,
        "doh-rollout.enabled": False,
        "dom.ipc.processCount": 1,
        "toolkit.cosmeticAnimations.enabled": False,
    }


@asynccontextmanager
async def a_firefox(folder: Path, push: Autopush) -> AsyncIterator[Firefox]:
    """Start Firefox with an empty profile in `folder`; at the end all of its processes are gone."""
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(to)});\n" for name, to in _preferences(push.origin).items())
    (folder / "user.js").write_text("".join(lines))
    quiet = {"HOME": str(folder), "MOZ_HEADLESS": "1", "MOZ_CRASHREPORTER_DISABLE": "1"}
    command = [str(FIREFOX), "--headless", "--no-remote", "--profile", str(folder), "--remote-debugging-port", "0"]
    firefox = await asyncio.create_subprocess_exec(
        *command, "--remote-allow-system-access", "about:blank", stdout=DEVNULL, stderr=PIPE,
        env={**os.environ, **quiet}, start_new_session=True,
    )  # fmt: skip
    assert firefox.stderr is not None
    try:
        async with asyncio.timeout(START):
            place = await _told_where(firefox.stderr)
        drained = asyncio.create_task(firefox.stderr.read())
        async with ClientSession() as http, http.ws_connect(f"{place}/session", max_msg_size=0) as line:
            led = Firefox(line)
            await led.ask("session.new", capabilities={})
            led.page = (await led.ask("browsingContext.getTree"))["contexts"][0]["context"]
            yield led
        drained.cancel()
        with suppress(asyncio.CancelledError):
            await drained
    finally:
        with suppress(ProcessLookupError):
            os.killpg(firefox.pid, signal.SIGKILL)
        await firefox.wait()


async def _told_where(stderr: asyncio.StreamReader) -> str:
    """Firefox says where it listens, among other things."""
    async for said in stderr:
        if b"BiDi listening on " in said:
            return said.decode().split("listening on ")[1].strip()
    raise RuntimeError("Firefox ended before it listened")
