"""A school that writes by SMS, mail, Telegram and notification, a box of families around it, and its director's pages.

Real but for the telephone network and the clock: senders, engine, webhooks, letter slot and bot, over loopback.
"""

import asyncio
import html
import re
import shutil
import smtplib
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.policy import SMTP
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson
import pytest
from desks import Desk, a_browser, a_staffed_school
from factories import NOW, SmallSchool, by_mail, by_sms
from family_door import PUBLIC
from fastapi import FastAPI
from loopback import served
from push_door import OURS, with_push
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from twilio.request_validator import RequestValidator

from bot.door import TelegramDoor
from channels.chat import TelegramChat
from channels.email import SmtpEmail
from channels.push import WebPush
from channels.sms import TwilioSms
from hub.database import Database
from hub.models.people import Medium
from hub.notices.publish import Draft, publish
from hub.outbox.wordings import Wordings
from hub.people.chat_lines import webhook_word
from hub.people.joining import invite
from hub.people.push_lines import push_line
from hub.people.schools import add_sender
from hub.ports import ChannelName, HalfDay, NoticeKind, Slots
from hub.routing import lane_of
from hub.sealing import Keyring
from hub.settings import Settings
from i18n.rendering import render
from sandbox.box import Sandbox
from sandbox.config import BOT, SandboxConfig
from sandbox.letters import answer
from sandbox.push_service import Browser
from sandbox.record import Arrived
from scheduler.drain import Drain
from web.house import House
from web.mail_in import start

ACCOUNT, SECRET = "AC" + "0" * 32, "token"
TEXTS, CHATS = "/webhooks/twilio/trois-ponts-sms/inbound", "/telegram/trois-ponts-chat"
WAYS = ("sms", "mail", "chat", "push", "page")
"""By which an answer comes in; the page is opened by the link of a mail."""
SLOTS = {
    NoticeKind.ABSENCE: Slots(day=NOW.date(), half_day=HalfDay.MORNING),
    NoticeKind.MEETING: Slots(starts_at=NOW.replace(day=26, hour=16), place="Salle 4", text="Merci de venir."),
    NoticeKind.ANNOUNCEMENT: Slots(text="Sortie au musée vendredi."),
}
"""What is written, by kind."""


@dataclass
class Family:
    """An adult with a child of their own and one way to be reached; `got`: the message in hand."""

    guardian: int
    pupil: int
    way: str
    address: str
    browser: Browser | None = None
    notice: int = 0
    got: Arrived | None = None

    @property
    def message(self) -> Arrived:
        assert self.got is not None
        return self.got

    @property
    def link(self) -> str:
        """What a tap opens."""
        found = re.search(rf"{PUBLIC}/l/\w+", self.message.link or self.message.text)
        return "" if found is None else found[0]

    @property
    def reply_to(self) -> str:
        """Where one writes back to a mail."""
        return self.message.headers.reply_to


class Street:
    """Stands before the house as a proxy does, and remembers what was last answered to what was posted there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.heard = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        said: list[bytes] = []

        async def told(message: Message) -> None:
            said.append(message.get("body", b""))
            await send(message)

        plain = [one for one in scope.get("headers", ()) if one[0] != b"accept-encoding"]
        await self._app({**scope, "headers": plain}, receive, told)
        if scope.get("method") == "POST":
            self.heard = b"".join(said).decode()


@dataclass
class Town:
    """The school, the box, and who knocks at the school's doors."""

    small: SmallSchool
    house: House
    box: Sandbox
    web: httpx.AsyncClient
    desk: Desk
    channels: dict[ChannelName, Any]
    street: Street
    slot: int
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    async def family(self, way: str, language: str = "fr", *, children: int = 1) -> Family:
        """Let a family come to the school; those with a chat or a browser have joined by an invitation."""
        number = next(self._numbers)
        phone, mailbox = f"+3363998{number:04d}", f"odile{number}@familles.test"
        by = by_mail(mailbox, language=language) if way in ("mail", "page") else by_sms(phone, language=language)
        [guardian] = await self.small.family(by, children=["Capucine", "Basile"][:children])
        pupils = await self.small.rows("SELECT pupil_id FROM link WHERE guardian_id = :g ORDER BY 1", g=guardian)
        family = Family(guardian, pupils[0][0], way, mailbox if way in ("mail", "page") else phone)
        if way == "chat":
            family.address = str(70_000 + number)
            await self.box.chats.start(family.address, await self._invitation(guardian, Medium.CHAT))
        elif way == "push":
            async with self.small.database.reading(self.small.school.key) as session:
                line = await push_line(session, self.small.school.key)
            assert line is not None
            family.browser = self.box.push.subscribe(line.public_key)
            said = {"invitation": await self._invitation(guardian, Medium.PUSH)}
            said["subscription"] = family.browser.subscription
            assert (await self.web.post("/push/subscriptions", json=said, headers=OURS)).status_code == 204
            family.address = family.browser.value
        return family

    async def press(self, family: Family, kind: NoticeKind = NoticeKind.ANNOUNCEMENT) -> None:
        """Write to this family alone, and let it arrive."""
        small = self.small
        draft = Draft(kind=kind, audience=f"pupil:{family.pupil}", slots=SLOTS[kind])
        async with small.database.school(small.school.key) as session:
            done = await publish(
                session, small.keyring, school=small.school, author_id=small.director, draft=draft, now=NOW
            )
        await self.leaves(kind)
        family.notice, arrived = done.notice_id, self.box.record.arrived(family.address)
        tries = "SELECT attempt.state, error_code FROM attempt JOIN copy ON copy.id = copy_id WHERE notice_id = :n"
        assert arrived, await self.of(family, tries)
        family.got = arrived[-1]

    async def leaves(self, kind: NoticeKind) -> None:
        """Let what was pressed leave and arrive."""
        small, settings = self.small, self.house.settings
        wordings = Wordings(settings, small.keyring, render)
        drain = Drain(small.database, small.keyring, wordings, settings, self.channels)
        await drain.drain(lane_of(kind))
        await drain.idle()
        await drain.stop()
        await self.box.settled()

    async def joins(self, family: Family, mailbox: str) -> int:
        """Give the child another adult, with a mailbox; gives the guardian."""
        [other] = await self.small.family(by_mail(mailbox, name="Tiago"))
        await self.small.write("UPDATE link SET pupil_id = :p WHERE guardian_id = :g", p=family.pupil, g=other)
        return other

    async def told(self, kind: NoticeKind, way: str, language: str = "fr") -> Family:
        """A family that has just been written to."""
        family = await self.family(way, language)
        await self.press(family, kind)
        return family

    async def says(self, family: Family, does: str) -> str:
        """Let a family write, or press a « [button] »; gives what it is told back, there and at once."""
        before = len(self.box.record.taken(family.address))
        if does.startswith("["):
            said = await self._presses(family, *does.strip("[]").split())
        elif family.way == "page":
            said = on_page(await self.posts(family, act="words", words=does, key="k1"))
        else:
            assert (await self.box.families.reply(family.message, does)).taken
            said = html.unescape(re.sub(r"<[^>]+>", "", self.street.heard)) if family.way == "sms" else ""
        arrived = [one.text for one in self.box.record.taken(family.address)[before:] if one.text != said]
        return plain(" | ".join([said, *arrived] if said else arrived))

    async def _presses(self, family: Family, act: str, number: str = "") -> str:
        if family.way == "chat":
            data = next(data for data, _ in family.message.buttons if data.startswith(f"{act}|"))
            assert (await self.box.chats.press(family.message, data)).taken
            return self.notes[-1]
        if family.way == "push" and act == "stop":
            assert family.browser is not None
            said = {"old": family.browser.subscription}
            return str((await self.web.post("/push/stopped", json=said, headers=OURS)).status_code)
        if family.way == "push" and act in dict(family.message.buttons):
            return (await self.posts(family, act=act)).headers["passerelle-taken"]
        if act == "leave":  # the button of the mail program
            assert (await self.box.mailboxes.unsubscribe(family.message)).taken
            return ""
        return on_page(await self.posts(family, "/stop" if act == "stop" else "", act=act, number=number))

    async def posts(self, family: Family, more: str = "", **form: str) -> httpx.Response:
        """Post the form of the page that a message opens."""
        return await self.web.post(f"{family.link}{more}", data=form, headers={"Sec-Fetch-Site": "same-origin"})

    async def brings(self, family: Family, words: str, key: str = "1", **more: Any) -> str:
        """Bring words as they are brought again and again by who carries them: `key` names them.

        Gives what is told back, or the status of a refusal; of a mail, what the letter slot says.
        """
        before = len(self.box.record.taken(family.address))
        match family.way:
            case "sms":
                return await self.posts_text({**text_of(family, words, key), **more})
            case "mail":
                return str(await self.hands_over(family.reply_to, letter_of(family, words, key, **more)))
            case "chat":
                status = await self.posts_update(family, key, **{"text": words, **more})
                arrived = [one.text for one in self.box.record.taken(family.address)[before:]]
                return plain(" | ".join(arrived)) if status == 200 else str(status)
            case "push":
                tapped = await self.posts(family, act=words)
                return tapped.headers.get("passerelle-taken", str(tapped.status_code))
            case _:
                return on_page(await self.posts(family, act="words", words=words, key=key))

    async def posts_text(self, fields: dict[str, str], *, secret: str = SECRET, body: bytes | None = None) -> str:
        """Post a text as Twilio does; `body`: what is posted in place of the fields that were signed."""
        signed = RequestValidator(secret).compute_signature(f"{PUBLIC}{TEXTS}", fields)
        headers = {"X-Twilio-Signature": signed, "Content-Type": "application/x-www-form-urlencoded"}
        back = await self.web.post(TEXTS, content=body or urlencode(fields).encode(), headers=headers)
        said = plain(html.unescape(re.sub(r"<[^>]+>", "", back.text)))
        return said if back.status_code == 200 else str(back.status_code)

    async def posts_update(
        self, family: Family, key: str, *, word: str = "", raw: bytes | None = None, **message: Any
    ) -> int:
        """Post what is written in a chat as Telegram does; gives the status."""
        chat, number = int(family.address), 10_000_000 + int(family.address) * 10 + int(key)
        person = {"id": chat, "is_bot": False, "first_name": "Famille"}
        told = {"message_id": number, "date": 1, "chat": {"id": chat, "type": "private", "first_name": "Famille"}}
        update = orjson.dumps({"update_id": number, "message": {**told, "from": person, **message}})
        headers = {"X-Telegram-Bot-Api-Secret-Token": word or webhook_word(self.small.keyring, "trois-ponts-chat")}
        return (await self.web.post(CHATS, content=raw or update, headers=headers)).status_code

    async def hands_over(self, to: str, raw: bytes) -> int:
        """Bring a mail to the letter slot, as a mail server does; gives the code of the last answer."""

        def speak() -> int:
            with smtplib.LMTP("127.0.0.1", self.slot, local_hostname="mx.test", timeout=20) as line:
                line.ehlo_or_helo_if_needed()
                line.mail("odile@familles.test")
                code, _ = line.rcpt(to)
                return line.data(raw)[0] if code == 250 else code

        return await asyncio.to_thread(speak)

    @property
    def notes(self) -> list[str]:
        """What the bot showed over pressed buttons."""
        asked = self.box.chats.mail[BOT].asked
        return [fields.get("text", "") for method, fields in asked if method == "answerCallbackQuery"]

    async def sees(self, where: str, family: Family) -> str:
        """Read what the director's pages say of a family; of the inbox, a conversation, the register: its own part."""
        whole = {"board": f"/suivi/{family.notice}", "tray": "/bac", "card": f"/familles/{family.guardian}"}
        if where in whole:
            return words_of((await self.desk.web.get(whole[where])).text)
        thread, reply = await self._last(
            family,
            "SELECT thread_id, reply.id FROM reply JOIN thread ON thread.id = thread_id"
            " WHERE thread.guardian_id = :g ORDER BY reply.id",
        )
        case, _ = await self._last(family, "SELECT id, id FROM absence WHERE pupil_id = :p ORDER BY id")
        path, part = {
            "inbox": ("/messages", f'<a[^>]*href="/messages/{thread}".*?</li>'),
            "turn": (f"/messages/{thread}", f'<section class="turn" id="reponse-{reply}">.*?</section>'),
            "register": ("/absences", f'<li class="person" id="absence-{case}">.*?</li>'),
        }[where]
        found = re.search(part, (await self.desk.web.get(path)).text, re.DOTALL)
        return "" if found is None else words_of(found[0])

    async def reads(self, family: Family) -> str:
        """Read all that the family says in its conversation."""
        thread, _ = await self._last(family, "SELECT id, id FROM thread WHERE guardian_id = :g")
        page = (await self.desk.web.get(f"/messages/{thread}")).text
        return words_of(" ".join(re.findall(r'<section class="turn" id="reponse-\d+">.*?</section>', page, re.DOTALL)))

    async def _last(self, family: Family, sql: str) -> tuple[int, int]:
        found = await self.of(family, sql)
        return (found[-1][0], found[-1][1]) if found else (0, 0)

    async def of(self, family: Family, sql: str) -> list[tuple]:
        """Ask the registers about one family: `:g` the guardian, `:p` the pupil, `:n` the notice in hand."""
        values = {"g": family.guardian, "p": family.pupil, "n": family.notice}
        return await self.small.rows(sql, **{name: value for name, value in values.items() if f":{name}" in sql})

    async def stands(self, family: Family) -> str:
        """How the message in hand stands with the adult."""
        return (await self.of(family, "SELECT state FROM delivery WHERE notice_id = :n"))[0][0]

    async def answers(self, family: Family) -> list[tuple]:
        return await self.of(family, "SELECT kind, number, through FROM answer WHERE guardian_id = :g ORDER BY id")

    async def senses(self, family: Family) -> list[str]:
        """As what each word of a family was kept, in its conversations."""
        asked = (
            "SELECT sense FROM reply JOIN thread ON thread.id = thread_id WHERE thread.guardian_id = :g"
            " ORDER BY reply.id"
        )
        return [sense for [sense] in await self.of(family, asked)]

    async def calls(self, family: Family) -> int:
        """How many calls to this adult somebody must make."""
        asked = "SELECT count(*) FROM call_task JOIN delivery ON delivery.id = delivery_id"
        return int((await self.of(family, f"{asked} WHERE guardian_id = :g AND done_at IS NULL"))[0][0])

    async def count(self, table: str) -> int:
        return int((await self.small.rows(f"SELECT count(*) FROM {table}"))[0][0])  # noqa: S608 (a table of ours)

    def at(self, now: datetime) -> None:
        """Let it be another moment."""
        self.small.database._clock = lambda: now

    async def _invitation(self, guardian: int, medium: Medium) -> str:
        small = self.small
        who = {"guardian_id": guardian, "medium": medium, "made_by": small.director}
        async with small.database.school(small.school.key) as session:
            return await invite(session, small.keyring, school_id=small.school.key, now=NOW, **who)


def plain(words: str) -> str:
    """Words in one line, with plain spaces and marks."""
    return " ".join(words.replace("’", "'").split())


def words_of(page: str) -> str:
    return plain(html.unescape(re.sub(r"<head>.*?</head>|<[^>]+>", " ", page, flags=re.DOTALL)))


def on_page(page: httpx.Response) -> str:
    """What a family's page says first: its heading, and the note below; before it the status of a refusal."""
    said = re.findall(r'<h1[^>]*>.*?</h1>|<p class="note[^>]*>.*?</p>', page.text, re.DOTALL)
    status = "" if page.status_code == 200 else f"{page.status_code} "
    return status + words_of(" ".join(said))


@asynccontextmanager
async def a_town(request: pytest.FixtureRequest, folder: Path, keyring: Keyring, hashed: str) -> AsyncIterator[Town]:
    """One town for a whole file, as it costs a second to settle in; `request.param`: on which database."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "hub.db")
        async with _settled(f"sqlite+aiosqlite:///{folder / 'hub.db'}", keyring, hashed) as town:
            yield town
        return
    shelf = request.getfixturevalue("shelf")
    name = await shelf.take()
    where = shelf.superuser.replace("postgresql://postgres@", "postgresql+asyncpg://hub@")
    async with _settled(f"{where}/{name}", keyring, hashed) as town:
        yield town
    await shelf.put_back(name)


@asynccontextmanager
async def _settled(url: str, keyring: Keyring, hashed: str) -> AsyncIterator[Town]:
    database = Database(url, pool=5, clock=lambda: NOW)
    small = await a_staffed_school(database, keyring, hashed)
    await with_push(small)
    async with database.school(small.school.key) as session:
        await add_sender(
            session, keyring, small.school.key, channel=ChannelName.CHAT, provider="telegram",
            address="trois_ponts_bot", key_name="trois-ponts-chat", secret=BOT, two_way=True,
        )  # fmt: skip
    outside = FastAPI(openapi_url=None)
    street = Street(outside)
    async with AsyncExitStack() as doors:
        doors.push_async_callback(database.close)
        port = await doors.enter_async_context(served(street))  # type: ignore[arg-type]  # an app like any other
        settings = Settings(
            listen=f"127.0.0.1:{port}", public_url=PUBLIC, mail_domain="hub.test", mail_listen="127.0.0.1:0"
        )
        slot = await start(House(settings, database, keyring))
        assert slot is not None
        doors.push_async_callback(slot.close)
        config = SandboxConfig(
            allow=True,
            accounts={ACCOUNT: SECRET},
            inbound_url=f"{PUBLIC}{TEXTS}",
            mail_back=f"127.0.0.1:{slot.port}",
            routes={PUBLIC: f"http://127.0.0.1:{port}"},
        )
        box = await doors.enter_async_context(Sandbox(config))
        house = House(settings.model_copy(update=_in(box)), database, keyring)
        app, director = await doors.enter_async_context(a_browser(house, PUBLIC))
        outside.mount("/", app)
        await _hear_telegram(house, box, app, doors)
        made = (channel(house.settings) for channel in (TwilioSms, SmtpEmail, TelegramChat, WebPush))
        channels: dict[ChannelName, Any] = {one.name: one for one in made}
        for one in channels.values():
            doors.push_async_callback(one.close)
        anybody = httpx.ASGITransport(app=app, client=("192.0.2.1", 4711))
        web = await doors.enter_async_context(httpx.AsyncClient(transport=anybody, base_url=PUBLIC))
        desk = Desk(small, app, director)
        assert (await desk.enter()).status_code == 303
        yield Town(small, house, box, web, desk, channels, street, slot.port)


def _in(box: Sandbox) -> dict[str, object]:
    return {
        "twilio_url": box.twilio_url,
        "smtp_host": box.smtp_host,
        "smtp_port": box.smtp_port,
        "telegram_url": box.telegram_url,
        "telegram_webhook": True,
        "push_hosts": box.push_host,
    }


async def _hear_telegram(house: House, box: Sandbox, app: FastAPI, doors: AsyncExitStack) -> None:
    """Open the bot's door, and wait until Telegram knows where to post."""
    door = TelegramDoor(house.settings, house.database, house.keyring)
    doors.push_async_callback(door.close)
    app.mount("/telegram", door.app)
    await door.look()
    await box.chats.until(lambda: box.chats.mail[BOT].hook is not None)


def text_of(family: Family, words: str, key: str = "1") -> dict[str, str]:
    """A text as Twilio posts it."""
    sid = f"SM{family.address}.{key}"
    return {"MessageSid": sid, "From": family.address, "To": family.message.from_, "Body": words, "NumMedia": "0"}


def letter_of(family: Family, words: str, key: str = "1", *, sender: str = "") -> bytes:
    """An answer above the quoted mail, as mail programs write it; `sender`: from another address."""
    mail = message_from_bytes(answer(family.message, words), policy=SMTP)
    mail.replace_header("Message-ID", f"<{key}.{family.guardian}@familles.test>")
    if sender:
        mail.replace_header("From", sender)
    return mail.as_bytes()
