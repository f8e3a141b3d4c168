"""The runs: each in a process of its own, printing one line of JSON: {"seconds", "done"}."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import aiosmtplib
import uvloop
from sqlalchemy import func, select
from twilio.rest import Client

from bench.bearing import sink_mta, sink_twilio
from bench.distributed import send_distributed_1, send_distributed_2
from bench.school import KEYS, MOST, empty_sqlite, press, settle
from channels.email import SmtpEmail
from channels.mime import Letterhead, fill_in, now_as_date
from channels.sms import SMS_LIMITS, TwilioSms
from channels.twilio_transport import TwilioTransport
from hub import tables
from hub.database import Database
from hub.outbox.wordings import Wordings
from hub.ports import Account, Body, Channel, ChannelName, Lane, Outgoing
from hub.settings import Settings
from i18n.rendering import render
from scheduler.drain import Drain

TEXT = "Mesure : L'ecole est fermee demain a cause de la neige. https://hub.test/l/abcdefghijkl Tel. 02 61 91 00 00"
CONNECTIONS = SMS_LIMITS.connections
UNHELD = replace(SMS_LIMITS, per_second=None)
"""The sink takes what it gets; a sender of Twilio's, ten a second."""


def _settings(port: int, *, smtp: bool = False) -> Settings:
    there = {"smtp_host": "127.0.0.1", "smtp_port": port} if smtp else {"twilio_url": f"http://127.0.0.1:{port}"}
    return Settings(public_url="https://hub.test", **there)  # type: ignore[arg-type]  # two shapes


async def loop_transport(port: int, number: int, _: Path) -> tuple[float, int]:
    """Post the same form over the tuned transport, and keep nothing."""
    transport = TwilioTransport(f"http://127.0.0.1:{port}", deadline=10, connections=CONNECTIONS)
    uri = "https://api.twilio.com/2010-04-01/Accounts/AC/Messages.json"
    form = {"To": "+33639980000", "From": "+33937000000", "Body": TEXT, "StatusCallback": "https://hub.test/w/1"}

    async def one() -> None:
        await transport.request("POST", uri, data=form, auth=("AC", "token"))

    seconds = await _many(one, number, CONNECTIONS)
    await transport.close()
    return seconds, number


async def loop_twilio(port: int, number: int, _: Path) -> tuple[float, int]:
    """Create messages with the twilio client that the hub uses, and keep nothing."""
    transport = TwilioTransport(f"http://127.0.0.1:{port}", deadline=10, connections=CONNECTIONS)
    messages = Client("AC" + "0" * 32, "token", http_client=transport).messages

    async def one() -> None:
        await messages.create_async(
            to="+33639980000",
            from_="+33937000000",
            body=TEXT,
            status_callback="https://hub.test/webhooks/twilio/mesure/status/a.1234.abcdefghijklm",
            validity_period=36000,
        )

    seconds = await _many(one, number, CONNECTIONS)
    await transport.close()
    return seconds, number


async def send_embedded(port: int, number: int, folder: Path) -> tuple[float, int]:
    """Empty a queue of `number` SMS as the embedded hub does, to the last row accepted."""
    channel = TwilioSms(_settings(port), limits=UNHELD)
    return await _hub(folder, number, ChannelName.SMS, channel, _settings(port), from_press=False)


async def publish_to_sent(port: int, number: int, folder: Path) -> tuple[float, int]:
    """The same, from the press."""
    channel = TwilioSms(_settings(port), limits=UNHELD)
    return await _hub(folder, number, ChannelName.SMS, channel, _settings(port), from_press=True)


async def mail(port: int, number: int, folder: Path) -> tuple[float, int]:
    """Empty a queue of `number` mails."""
    settings = _settings(port, smtp=True)
    return await _hub(folder, number, ChannelName.EMAIL, SmtpEmail(settings), settings, from_press=False)


async def loop_mail(port: int, number: int, _: Path) -> tuple[float, int]:
    """Send the same bytes over eight kept aiosmtplib connections, and keep nothing."""
    account = Account("k", ChannelName.EMAIL, "smtp", "ecole@mesure.test", name="École de la Mesure")
    body = Body(text=TEXT * 8, language="fr", subject="Neige", html=f"<p>{TEXT * 16}</p>")
    token, to = "a.1.abcdefghijklm", "adulte1@familles.test"
    outgoing = Outgoing(1, token, to, body, "abcdefghijkl", account, "<1@hub.test>", "c.1.a")
    head = Letterhead("ecole@mesure.test", "École de la Mesure", "k", "mesure.test", "https://hub.test")
    raw = fill_in(outgoing, head, date=now_as_date(0))
    free: asyncio.Queue[aiosmtplib.SMTP] = asyncio.Queue()
    for _number in range(8):
        line = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, use_tls=False, start_tls=False)
        await line.connect()
        free.put_nowait(line)

    async def one() -> None:
        line = await free.get()
        await line.sendmail("rebond+a.1.abcdefghijklm@mesure.test", ["adulte1@familles.test"], raw)
        free.put_nowait(line)

    seconds = await _many(one, number, 8)
    return seconds, number


async def _many(one: Callable[[], Awaitable[None]], number: int, side_by_side: int) -> float:
    left = iter(range(number))

    async def work() -> None:
        for _ in left:
            await one()

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(side_by_side)))
    return time.perf_counter() - begun


async def _hub(
    folder: Path, number: int, name: ChannelName, channel: Channel, settings: Settings, *, from_press: bool
) -> tuple[float, int]:
    database = Database(await empty_sqlite(folder))
    await settle(database, adults=min(number, MOST), channel=name)
    drain = Drain(database, KEYS, Wordings(settings, KEYS, render), settings, {name: channel})
    begun = time.perf_counter()
    for _ in range(-(-number // MOST)):
        await press(database)
    if not from_press:
        begun = time.perf_counter()
    await drain.drain(Lane.ROUTINE)
    await drain.idle()
    seconds = time.perf_counter() - begun
    await drain.stop()
    await channel.close()
    async with database.engine_reading() as connection:
        done = await connection.execute(select(func.count()).where(tables.attempt.c.state == "accepted"))
        accepted = int(done.scalar_one())
    await database.close()
    return seconds, accepted


RUNS = {
    run.__name__: run
    for run in (
        sink_twilio,
        sink_mta,
        loop_transport,
        loop_twilio,
        loop_mail,
        send_embedded,
        send_distributed_1,
        send_distributed_2,
        publish_to_sent,
        mail,
    )
}

if __name__ == "__main__":
    name, port, number, folder = sys.argv[1:5]
    seconds, done = uvloop.run(RUNS[name](int(port), int(number), Path(folder)))
    print(json.dumps({"seconds": seconds, "done": done}))
