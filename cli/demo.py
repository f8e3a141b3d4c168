"""The demo: the whole hub, the outside world in a box, and an invented school whose heating has just failed."""

import asyncio
import datetime as dt
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from cli.assembly import Assembly, assembled
from cli.demo_school import DEPUTY, DIRECTOR, OFFICE, PASSWORD, bring_to_life, settle_in
from cli.demo_second import give_second_factor
from cli.demo_voices import a_stranger_writes, give_voice, keep_ready
from cli.demo_ways import join
from cli.saying import many, say_line
from cli.serve import served
from hub.errors import SettingsError
from hub.migrating import migrate
from hub.models.school import School
from hub.notices.publish import Draft, Published, publish
from hub.notices.reach import Reach, reach
from hub.people.staff import find_staff
from hub.ports import HalfDay, NoticeKind, Slots
from hub.routing import day_at_school
from hub.settings import Settings
from hub.tables import address, contact_point, data_key, delivery, school
from sandbox.box import Sandbox
from sandbox.config import SandboxConfig
from sandbox.families import FictionalSchool, make_school

HOUSE = Path("var") / "demo"
MEETING_POINT = "à la mairie dès 8 h 20"
"""Where children without anybody at home are taken in the demo's news."""
AT_MOST = 90.0
"""Seconds that `--once` waits before it says that somebody is not accounted for."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo."""

    hub: Assembly
    box: Sandbox
    school: School
    invented: FictionalSchool


async def demo(*, once: bool, as_json: bool) -> None:
    """Show it; with `once`, end when every adult is accounted for."""
    talk = Console(stderr=as_json)
    begun = time.monotonic()
    async with open_demo(HOUSE, usual=not once) as show:
        talk.print(*welcome(show), sep="\n", soft_wrap=True, highlight=False)
        await let_write(show)
        published = await press(show)
        reached = await watch(show, published, talk)
        figures = {
            "adults": reached.tally.adults,
            "acknowledged": reached.tally.acknowledged,
            "delivered": reached.tally.told,
            "to_call": reached.tally.to_call,
            "copies": await _copies(show),
            "arrived": await arrived(show, published.notice_id),
            "seconds": round(time.monotonic() - begun, 1),
        }
        if as_json:
            say_line(figures)
        else:
            talk.print(
                f"[bold]{figures['adults']} adultes[/bold] : {figures['acknowledged']} ont confirmé, "
                f"{figures['delivered']} ont reçu, {figures['to_call']} à appeler, en {figures['seconds']} s."
            )
        if once and reached.tally.moving:
            raise SettingsError(f"Encore en chemin : {many(reached.tally.moving, 'adulte')}.")
        if not once:
            talk.print("La démonstration reste ouverte ; Ctrl-C la ferme.")
            await asyncio.Event().wait()


def welcome(show: Demo) -> tuple[str, ...]:
    """Say where to look and how to sign in: a thing a line, so that a terminal of 80 columns breaks none of them."""
    return (
        f"[bold]{show.school.name}[/bold] : {len(show.invented.pupils)} élèves, importés d'ONDE.",
        f"  Tableau de bord     {show.hub.settings.public_url}",
        f"    adresse           {DIRECTOR}",
        f"    mot de passe      {PASSWORD}",
        f"    secrétariat       {OFFICE}",
        f"    suppléante        {DEPUTY}",
        f"  Mur des téléphones  {show.box.wall_url}",
        "    la directrice y lit ses six chiffres, demandés après le mot de passe.",
    )


@asynccontextmanager
async def open_demo(folder: Path, *, pupils: int = 300, usual: bool = False) -> AsyncIterator[Demo]:
    """Set a demo up in `folder` and run it: hub, engine, doors and the box, in one process.

    `usual`: at the ports that a visitor expects, where they are free. Two that begin together would choose the same.
    """
    asked = await _settings(folder, usual=usual)
    invented = make_school(pupils=pupils)
    sandbox = SandboxConfig(
        allow=asked.demo,
        port=_port(8010) if usual else 0,
        inbound_url=f"{asked.public_url}/webhooks/twilio/demo-sms/inbound",
        mail_back=asked.mail_listen,
    )
    async with Sandbox(sandbox) as box:
        asked = asked.model_copy(
            update={
                "twilio_url": box.twilio_url,
                "telegram_url": box.telegram_url,
                "telegram_link": box.telegram_link,
                "push_hosts": box.push_host,
                "smtp_host": box.smtp_host,
                "smtp_port": box.smtp_port,
            }
        )
        async with assembled(asked) as hub:
            loading = asyncio.create_task(asyncio.to_thread(import_module, "bot.listening"))
            settled = await settle_in(hub, invented)
            box.authenticators.append(await give_second_factor(hub, settled))
            joined = await join(hub, settled, invented, box)
            bring_to_life(invented, box, joined)
            await loading  # seconds of work: beside the import of the families, never beside their answers
            async with served(hub):  # the bot is there already when the door looks for bots
                yield Demo(hub, box, settled, invented)


async def press(show: Demo, *, key: str = "demo") -> Published:
    """The director presses: urgent, to the whole school, a ready phrase in every language."""
    now = datetime.now(UTC)
    today = day_at_school(now, show.school.timezone)
    news = Slots(phrase="closed", day=today, half_day=HalfDay.MORNING, place=MEETING_POINT)
    async with show.hub.database.school(show.school.key) as session:
        author = await find_staff(session, show.hub.keyring, show.school.key, DIRECTOR)
        return await publish(
            session,
            show.hub.keyring,
            school=show.school,
            author_id=author,
            draft=Draft(kind=NoticeKind.URGENT, audience="school", slots=news, key=key),
            now=now,
        )


async def let_write(show: Demo) -> None:
    """Let the inbox come alive: some families write beside confirming, and somebody whom nobody knows."""
    await keep_ready(show.hub, show.school)
    give_voice(show.invented, show.box)
    await a_stranger_writes(show.invented, show.box)


async def watch(show: Demo, published: Published, talk: Console) -> Reach:
    """Show how far it got until nobody is on the way any more, or until it took too long."""
    until = time.monotonic() + AT_MOST
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=talk, transient=True) as progress:
        knowing = progress.add_task("savent", total=published.adults)
        accounted = progress.add_task("savent ou à appeler", total=published.adults)
        while True:
            reached = await how_far(show, published.notice_id)
            progress.update(knowing, completed=reached.tally.know)
            progress.update(accounted, completed=reached.tally.know + reached.tally.to_call)
            if time.monotonic() > until:
                return reached
            if not reached.tally.moving:
                with suppress(TimeoutError):  # families who still read are let finish: late receipts count too
                    async with asyncio.timeout(until - time.monotonic()):
                        await show.box.settled()
                return await how_far(show, published.notice_id)
            await asyncio.sleep(0.25)


async def how_far(show: Demo, notice_id: int) -> Reach:
    """Read the reach of a notice."""
    now = datetime.now(UTC)
    day = day_at_school(now, show.school.timezone)
    async with show.hub.database.reading(show.school.key) as session:
        return await reach(session, school_id=show.school.key, notice_id=notice_id, day=day, now=now)


async def arrived(show: Demo, notice_id: int) -> int:
    """Count the adults of a notice who have at least one copy in the sandbox's own record."""
    async with show.hub.database.engine_reading() as connection:
        rows = await connection.execute(
            select(delivery.c.guardian_id, address.c.value_sealed, data_key.c.wrapped, data_key.c.master_version)
            .join(contact_point, contact_point.c.guardian_id == delivery.c.guardian_id)
            .join(address, address.c.id == contact_point.c.address_id)
            .join(data_key, data_key.c.id == address.c.data_key_id)
            .where(delivery.c.notice_id == notice_id)
        )
        reached = set()
        for guardian_id, sealed, wrapped, version in rows:
            value = show.hub.keyring.seal(wrapped, version).open(sealed, b"address.value").decode()
            if show.box.record.arrived(value):
                reached.add(guardian_id)
    return len(reached)


async def _copies(show: Demo) -> int:
    from hub.tables import copy

    async with show.hub.database.engine_reading() as connection:
        return int((await connection.execute(select(func.count(copy.c.id)))).scalar_one())


async def _settings(folder: Path, *, usual: bool) -> Settings:
    """Choose free ports and short waits; the registers are new each time, and never those of a real school."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = os.environ.get("PASSERELLE_DATABASE_URL")
    url = chosen or f"sqlite+aiosqlite:///{(folder / 'hub.db').resolve()}"
    await _refuse_real(url)
    if chosen is None:
        for file in folder.glob("hub.db*"):
            file.unlink()
    await migrate(url)
    port = _port(8000 if usual else 0)
    return Settings(
        database_url=url,
        data_dir=folder,
        demo=True,
        listen=f"127.0.0.1:{port}",
        public_url=f"http://127.0.0.1:{port}",
        mail_listen=f"127.0.0.1:{_port(8025 if usual else 0)}",
        mail_domain="trois-ponts.test",
        settle_after=2.0,
        receipt_wait_urgent=10.0,
        calls_from=dt.time.min,  # shown at any hour
        calls_until=dt.time.max,
        call_wait=20.0,
        accepted_wait_urgent=45.0,
    )


async def _refuse_real(url: str) -> None:
    """Raise SettingsError when these registers hold a school that is not a demo."""
    from hub.database import Database

    database = Database(url)
    try:
        async with database.engine_reading() as connection:
            real = await connection.execute(select(func.count(school.c.id)).where(school.c.demo.is_(False)))
            count = int(real.scalar_one())
    except DBAPIError:
        return  # no registers yet
    finally:
        await database.close()
    if count:
        raise SettingsError("Ces registres sont ceux d'une vraie école : la démonstration n'y touche pas.")


def _port(wanted: int) -> int:
    """Give this port if it is free, else any."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SettingsError("Aucun port n'est libre sur cette machine.")
