"""The school doctor: looks at an installation, prescribes nothing, and says what it cannot do."""

import asyncio
import stat
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import aiosmtplib
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from cli.desk import configured, standing
from hub.database import Database
from hub.errors import PasserelleError, SettingsError
from hub.migrating import head
from hub.ports import ChannelName
from hub.sealing import keyring
from hub.settings import Settings
from hub.tables import school, sender

PATIENCE = 5.0
"""Seconds that one answer is waited for."""


class State(StrEnum):
    """How grave a finding is: a warning costs the families something, an error keeps the hub from working."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: State
    sentence: str

    def as_dict(self) -> dict[str, str]:
        """For `--json`."""
        return asdict(self)


Look = Callable[[Settings], Awaitable[Finding]]


async def checkup() -> Sequence[Finding]:
    """Look at everything, side by side; takes at most about `PATIENCE` seconds."""
    try:
        settings = configured()
    except SettingsError as error:
        return [Finding("settings", State.ERROR, str(error))]
    looks: tuple[Look, ...] = (_database, _keys, _public, _listener, _twilio, _smtp, _redis)
    findings = list(await asyncio.gather(*(look(settings) for look in looks)))
    if findings[0].state is State.OK:
        findings += await _inside(settings)
    return findings


async def _database(settings: Settings) -> Finding:
    try:
        found = await standing(settings)
        kind = make_url(settings.database_url).get_backend_name()
    except PasserelleError as error:
        return Finding("database", State.ERROR, str(error))
    if found == head():
        return Finding("database", State.OK, f"{kind}, at revision {found}.")
    where = f"stands at {found}" if found else "has no registers"
    return Finding("database", State.ERROR, f"{kind}, {where}; this version needs {head()}: run passerelle migrate.")


async def _keys(settings: Settings) -> Finding:
    file = settings.data_dir / "master.keys"
    if settings.master_keys is None:
        if not await asyncio.to_thread(file.is_file):
            return Finding("master keys", State.WARNING, "None yet; the first command makes a file master.keys.")
        mode = stat.S_IMODE((await asyncio.to_thread(file.stat)).st_mode)
        if mode & 0o077:
            return Finding("master keys", State.ERROR, f"Others may read master.keys (mode {mode:o}): chmod 600.")
    try:
        keyring(settings)
    except (PasserelleError, OSError, ValueError):
        return Finding("master keys", State.ERROR, "They cannot be read: version:base64, 32 bytes, one a line.")
    where = "in master.keys, for its owner alone" if settings.master_keys is None else "in the environment"
    return Finding("master keys", State.OK, f"Read, {where}. Keep a copy apart from the backups.")


async def _public(settings: Settings) -> Finding:
    url = settings.public_url
    if url is None:
        return Finding(
            "public address",
            State.WARNING,
            "outbound only: no links in texts, no receipts and no answers by SMS (PASSERELLE_PUBLIC_URL is not set).",
        )
    if not url.startswith("https://") and not settings.demo:
        return Finding("public address", State.ERROR, "It must begin with https://: links open families' pages.")
    return Finding("public address", State.OK, "Set; providers must reach it too.")


async def _listener(settings: Settings) -> Finding:
    if settings.mail_listen is None:
        lost = "bounces and answers by mail are not heard (PASSERELLE_MAIL_LISTEN is not set)."
        return Finding("mail listener", State.WARNING, lost)
    return Finding("mail listener", State.OK, f"{settings.mail_listen}, for mail to {settings.mail_domain}.")


async def _twilio(settings: Settings) -> Finding:
    """Connect and hang up: nothing is asked, so nothing is signed in and nothing costs."""
    parts = urlsplit(settings.twilio_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if await _answers(parts.hostname or "", port):
        return Finding("sms provider", State.OK, "Its address answers.")
    return Finding("sms provider", State.WARNING, "Its address (PASSERELLE_TWILIO_URL) does not answer from here.")


async def _smtp(settings: Settings) -> Finding:
    """Connect and say EHLO; no mail is begun."""
    client = aiosmtplib.SMTP(
        hostname=settings.smtp_host, port=settings.smtp_port, timeout=PATIENCE, start_tls=settings.smtp_tls
    )
    try:
        async with asyncio.timeout(PATIENCE):
            await client.connect()
            await client.ehlo()
            await client.quit()
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        where = "PASSERELLE_SMTP_HOST and PASSERELLE_SMTP_PORT"
        return Finding("mail server", State.WARNING, f"It does not answer ({where}): no mail leaves.")
    return Finding("mail server", State.OK, "It answers.")


async def _redis(settings: Settings) -> Finding:
    if settings.redis_url is None:
        return Finding("bell", State.OK, "Within one process; every engine also looks each second.")
    parts = urlsplit(settings.redis_url)
    if await _answers(parts.hostname or "localhost", parts.port or 6379):
        return Finding("bell", State.OK, "Redis answers.")
    return Finding("bell", State.WARNING, "Redis does not answer: messages leave up to a second later.")


async def _answers(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            await writer.wait_closed()
    except (OSError, TimeoutError):
        return False
    return True


async def _inside(settings: Settings) -> list[Finding]:
    """Look into the registers: schools, and what they send from."""
    database = Database(settings.database_url)
    try:
        async with database.engine_reading() as connection:
            schools = (await connection.execute(select(func.count(school.c.id)))).scalar_one()
            senders = (
                await connection.execute(select(sender.c.id, sender.c.channel, sender.c.stopped_at, sender.c.two_way))
            ).all()
    finally:
        await database.close()
    if not schools:
        return [Finding("schools", State.WARNING, "None is open yet: passerelle school add.")]
    return [Finding("schools", State.OK, f"{schools} open."), *_senders(senders)]


def _senders(senders: Sequence[Any]) -> list[Finding]:
    findings = []
    for channel in (ChannelName.SMS, ChannelName.EMAIL):
        mine = [one for one in senders if one.channel == channel]
        stopped = [str(one.id) for one in mine if one.stopped_at is not None]
        what = f"{channel.value} senders"
        if stopped:
            numbers = ", ".join(stopped)
            findings.append(Finding(what, State.ERROR, f"Stopped by a fault of configuration: sender {numbers}."))
        elif not mine:
            findings.append(Finding(what, State.WARNING, "None: passerelle sender add."))
        else:
            answered = "families can answer" if any(one.two_way for one in mine) else "families cannot answer to it"
            findings.append(Finding(what, State.OK, f"{len(mine)}; {answered}."))
    return findings
