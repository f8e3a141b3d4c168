"""The pages of a school of 500 families at the end of its year: how long the house works at each, what each weighs."""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from sqlalchemy import text
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.first_load import first_load
from bench.school import KEYS, empty_sqlite
from bench.year import PUPILS, People, live_a_year, open_homes, settle_states
from cli.assembly import Assembly
from cli.demo_school import DIRECTOR, PASSWORD, settle_in
from cli.serve import steady
from hub.database import Database
from hub.models.school import School
from hub.notices.publish import Draft, publish
from hub.outbox.wordings import Wordings
from hub.people.sign_in import sign_in
from hub.people.staff import find_staff
from hub.ports import ChannelName, Lane, Limits, NoticeKind, Outgoing, Proof, Sent, Slots
from hub.settings import Settings
from i18n.rendering import render
from sandbox.families import make_school
from scheduler.drain import Drain
from web.app import create_app
from web.house import House

ADDRESS = "https://hub.test"
NOTICES, FRESH, ASKED = 20, 2, 40
"""Notices to the whole school; the newest, of which every tenth adult is still to be called; questions to each page."""


@dataclass
class Quiet:
    """A way out that takes everything and says nothing."""

    name: ChannelName
    proof: Proof = Proof.HANDSET
    limits: Limits = field(default_factory=lambda: Limits(text_max=1600, per_second=None, connections=8))
    links: list[str] = field(default_factory=list)

    async def send(self, message: Outgoing) -> Sent:
        """Keep the link."""
        self.links.append(message.link_code)
        return Sent(provider_id=f"Q{message.attempt_id}")

    async def find(self, message: Outgoing, *, since: datetime, known: frozenset[str]) -> Sent | None:
        """Know of nothing."""
        del message, since, known

    async def close(self) -> None:
        """Let go of nothing."""


class Stopwatch:
    """Stands before the house and takes the time from a request to the end of its answer, in milliseconds."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.last = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the time."""
        begun = time.perf_counter()
        await self._app(scope, receive, send)
        self.last = (time.perf_counter() - begun) * 1000


async def measure(folder: Path) -> dict[str, dict[str, float]]:
    """Give each page's figures, by page."""
    url = await empty_sqlite(folder)
    settings = Settings(database_url=url, data_dir=folder, demo=True, public_url=ADDRESS)
    database = Database(url, clock=lambda: datetime.now(UTC) + timedelta(minutes=5))
    sms = Quiet(ChannelName.SMS)
    hub = Assembly(settings, database, KEYS)
    school = await settle_in(hub, make_school(pupils=PUPILS))
    async with database.school(school.key) as writing:
        director = await find_staff(writing, KEYS, school.key, DIRECTOR)
    now = datetime.now(UTC)
    people = await live_a_year(database, school, director, now=now)
    await settle_states(database)
    await _morning(database, settings, school, sms)
    session = await sign_in(database, KEYS, email=DIRECTOR, password=PASSWORD, where="127.0.0.1")
    home = await open_homes(database, people, now=now)
    await _vouch(database)
    async with database.engine_reading() as connection:
        newest = (await connection.execute(_LAST_NOTICE)).scalar_one()
    watch = Stopwatch(create_app(House(settings, database, KEYS)))
    steady()  # as a server is before its first visitor
    found = {}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=watch),
        base_url=ADDRESS,
        cookies={"__Host-passerelle": session, "__Host-passerelle-famille": home},
        headers={"Accept-Encoding": "gzip"},
    ) as web:
        for page in (*_pages(sms.links[-1], newest), *_class_pages(people), *FAMILY):
            parts = await first_load(web, page)
            found[page] = {
                "page_p95": await _p95(web, watch, page),
                "page_weight": float(sum(parts.values())),
                "page_requests": float(len(parts)),
            }
    await database.close()
    return found


def _pages(code: str, notice: int) -> Sequence[str]:
    staff = (
        "/",
        "/ecrire",
        "/appeler",
        f"/appeler?avis={notice}",
        f"/suivi/{notice}",
        "/alerte",
        "/familles/1",
        "/familles/invitations",
    )
    return ("/entrer", *staff, f"/l/{code}", f"/l/{code}?lang=ar", f"/l/{code}/stop")


FAMILY = (
    "/famille",
    "/famille?lang=ar",
    "/famille/devoirs",
    "/famille/documents",
    "/famille/resultats",
    "/famille/agenda",
    "/famille/messages",
    "/famille/reglages",
    "/famille/appareils",
    "/famille/entrer",
    "/aide/repondre?lang=tr",
)
"""What the family with the most children asks for."""


def _class_pages(people: People) -> Sequence[str]:
    """Give what a director asks for about the class with the most pupils."""
    largest = max(people.seats, key=lambda class_id: len(people.seats[class_id]))
    return (
        "/classe",
        f"/classe/{largest}/cahier",
        f"/classe/{largest}/resultats",
        "/classe/resultats/1",
        "/classe/documents",
        "/classe/documents/1",
        "/classe/agenda",
        "/ecole",
        "/ecole/annee",
        "/compte",
        "/messages",
        "/absences",
        "/familles?q=exemple",
    )


async def _vouch(database: Database) -> None:
    """Let the director have given the second factor."""
    async with database.engine() as connection:
        await connection.execute(text("UPDATE staff_session SET second_at = created_at"))


async def _p95(web: httpx.AsyncClient, watch: Stopwatch, page: str) -> float:
    times = []
    for _ in range(ASKED):
        answer = await web.get(page)
        answer.raise_for_status()
        times.append(watch.last)
    return statistics.quantiles(times, n=20, method="inclusive")[-1]


async def _morning(database: Database, settings: Settings, school: School, sms: Quiet) -> None:
    """Press, let leave, and let families answer in their ways."""
    async with database.school(school.key) as session:
        author = await find_staff(session, KEYS, school.key, DIRECTOR)
        for number in range(NOTICES):
            slots = Slots(phrase="call_us") if number % 4 else Slots(phrase="illness")
            draft = Draft(kind=NoticeKind.URGENT, audience="school", slots=slots)
            await publish(session, KEYS, school=school, author_id=author, draft=draft, now=datetime.now(UTC))
    mail = Quiet(ChannelName.EMAIL, Proof.ACCEPTED)
    ways = {ChannelName.SMS: sms, ChannelName.EMAIL: mail}
    drain = Drain(database, KEYS, Wordings(settings, KEYS, render), settings, ways)
    await drain.drain(Lane.URGENT)
    await drain.idle()
    await drain.stop()
    async with database.engine() as connection:
        moved = text(
            "UPDATE delivery SET state = :state "
            "WHERE state = 'on_the_way' AND guardian_id % 10 BETWEEN :least AND :most"
        )
        for state, least, most in (("told", 0, 5), ("acknowledged", 6, 7), ("to_call", 8, 8)):
            await connection.execute(moved, {"state": state, "least": least, "most": most})
        await connection.execute(
            text(
                "INSERT INTO call_task (school_id, delivery_id, opened_at, due_at) "
                "SELECT school_id, id, state_at, state_at FROM delivery WHERE state = 'to_call' "
                "AND id NOT IN (SELECT delivery_id FROM call_task)"
            )
        )
        old = {"newest": (await connection.execute(_LAST_NOTICE)).scalar_one() - FRESH}
        ended = (
            "UPDATE call_task SET done_at = opened_at, outcome = 'otherwise' "
            "WHERE delivery_id IN (SELECT id FROM delivery WHERE notice_id <= :newest)"
        )
        await connection.execute(text(ended), old)
        await connection.execute(
            text("UPDATE delivery SET state = 'told' WHERE state = 'to_call' AND notice_id <= :newest"), old
        )


_LAST_NOTICE = text("SELECT max(id) FROM notice")


def worst(found: dict[str, dict[str, float]]) -> dict[str, float]:
    """Give each figure of the page that needs most."""
    return {name: max(page[name] for page in found.values()) for name in ("page_p95", "page_weight", "page_requests")}


if __name__ == "__main__":
    measured = asyncio.run(measure(Path(sys.argv[1])))
    print(json.dumps({"pages": measured, "worst": worst(measured)}))
