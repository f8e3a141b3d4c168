"""Carries what happens in the box to the hub's doors, and to nobody else: callbacks, answers, bounces."""

import asyncio
import contextlib
import logging
import smtplib
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode, urlsplit

import orjson
from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from twilio.request_validator import RequestValidator
from yarl import URL

from sandbox.config import SandboxConfig
from sandbox.record import Callback, Record

PATIENCE = 30.0
"""Seconds that the hub is given to answer."""


@dataclass(frozen=True, slots=True)
class Page:
    """What the hub answered; status 0: nobody opened, or not ours to knock at."""

    status: int = 0
    text: str = ""
    location: str | None = None

    @property
    def taken(self) -> bool:
        """Whether the hub took what was brought."""
        return 200 <= self.status < 300


class Courier:
    """The only way out of the box. What it carries in the background, `settled` waits for."""

    def __init__(self, config: SandboxConfig, record: Record) -> None:
        self._config = config
        self._record = record
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: list[BaseException] = []
        self._closing = asyncio.Event()
        self._http: ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = ClientSession(
            connector=TCPConnector(limit=64), timeout=ClientTimeout(total=PATIENCE), cookie_jar=DummyCookieJar()
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.close()

    def soon(self, act: Coroutine[None, None, None]) -> None:
        """Let something happen beside."""
        task = asyncio.get_running_loop().create_task(act)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def linger(self, seconds: float) -> None:
        """Let somebody wait; not beyond the closing of the box."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    def hurry(self) -> None:
        """Let nobody wait any longer: the box closes."""
        self._closing.set()

    async def settled(self) -> None:
        """Wait until nothing is under way any more, late receipts included. Raises what went wrong in the box."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        if self._failed:
            raise self._failed.pop(0)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._failed.append(error)
            logging.getLogger(__name__).error("something in the box went wrong", exc_info=error)

    async def signed(self, url: str, fields: Mapping[str, str], secret: str) -> Page:
        """Post a form as Twilio does, again and again while the hub is away; give what it answered.

        Source: https://www.twilio.com/docs/usage/security (HMAC-SHA1 over the address and the sorted fields).
        """
        signature = RequestValidator(secret).compute_signature(url, fields)
        for wait in self._pauses():
            answer = await self.ask(url, fields, headers={"X-Twilio-Signature": signature})
            self._record.note(Callback(url, dict(fields), answer.status))
            if 0 < answer.status < 500:
                return answer
            await asyncio.sleep(wait)
        return Page()

    async def ask(
        self, url: str, fields: Mapping[str, str] | None = None, *, headers: Mapping[str, str] | None = None
    ) -> Page:
        """GET, or POST the fields; follows nothing."""
        real = self._config.route(url)
        if real is None or self._http is None:
            return Page()
        body = None if fields is None else urlencode(fields).encode()
        form = {} if fields is None else {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            async with self._http.request(
                "GET" if fields is None else "POST",
                URL(real, encoded=True),
                data=body,
                headers={**form, "Host": urlsplit(url).netloc, **(headers or {})},
                allow_redirects=False,
            ) as answer:
                return Page(answer.status, await answer.text(errors="replace"), answer.headers.get("Location"))
        except (ClientError, TimeoutError):
            return Page()

    async def told(self, url: str, what: object, headers: Mapping[str, str]) -> bool:
        """Post JSON as Telegram does, again and again while the hub is away; say whether it took it."""
        real = self._config.route(url)
        if real is None or self._http is None:
            return False
        body = orjson.dumps(what)
        for wait in self._pauses():
            try:
                async with self._http.post(
                    URL(real, encoded=True), data=body, headers={"Content-Type": "application/json", **headers}
                ) as answer:
                    status = answer.status
            except (ClientError, TimeoutError):
                status = 0
            self._record.note(Callback(url, {}, status))
            if 0 < status < 500:
                return status < 300
            await asyncio.sleep(wait)
        return False

    async def mail(self, sender: str, to: str, content: bytes) -> bool:
        """Hand a mail to the hub's listener; False when there is none, it is away for long, or it refuses."""
        if self._config.mail_back is None:
            return False
        host, _, port = self._config.mail_back.rpartition(":")
        if host.strip("[]") not in self._config.reachable:
            return False
        for wait in self._pauses():
            # aiosmtplib speaks no LMTP; a thread for the standard library is enough for a few bounces.
            taken = await asyncio.to_thread(self._hand_over, host.strip("[]"), int(port), sender, to, content)
            if taken is not None:
                return taken
            await asyncio.sleep(wait)
        return False

    def _hand_over(self, host: str, port: int, sender: str, to: str, content: bytes) -> bool | None:
        """Try once. True: taken; False: refused for good; None: may be tried again."""
        speak = smtplib.LMTP if self._config.mail_back_lmtp else smtplib.SMTP
        try:
            with speak(host, port, local_hostname="sandbox.test", timeout=PATIENCE) as line:
                line.sendmail(sender, [to], content)
        except smtplib.SMTPRecipientsRefused as error:
            return False if all(code >= 500 for code, _ in error.recipients.values()) else None
        except smtplib.SMTPResponseException as error:
            return False if error.smtp_code >= 500 else None
        except (OSError, smtplib.SMTPException):
            return None
        return True

    def _pauses(self) -> list[float]:
        """How long to wait after each try; nothing after the last."""
        return [self._config.pause * 2**n for n in range(self._config.tries - 1)] + [0.0]
