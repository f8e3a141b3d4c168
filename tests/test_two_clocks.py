"""Two hubs beside each other for a week: plans, reminders, digests, tidings and messages, each thing once."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from appointments import OFFER, Offered
from days import Day, a_day
from evenings import Evenings
from factories import NOW, TODAY, by_sms

from hub.database import Database
from hub.models.answers import AnswerKind
from hub.plans.keeping import PlanDraft, keep
from hub.plans.moments import Rhythm
from hub.ports import NoticeKind, Slots
from hub.sealing import Keyring
from scheduler.clock import Clock
from scheduler.digests import Digests
from scheduler.reminders import Reminders
from scheduler.tidings import Tidings

PARIS = ZoneInfo("Europe/Paris")
AT_WORK = frozenset({0, 1, 3, 4})


class Hub:
    """What looks at the clock in one process."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self.looks = [each(database, keyring).look for each in (Clock, Reminders, Digests, Tidings)]

    async def look(self) -> None:
        for look in self.looks:
            await look()


async def _plan(day: Day) -> None:
    rhythm = Rhythm(TODAY, time(8, 15), AT_WORK, until=TODAY + timedelta(days=7))
    draft = PlanDraft(NoticeKind.ANNOUNCEMENT, "class:CP A", Slots(text="Pensez au sac de sport."), rhythm)
    async with day.database.school(day.small.school.key) as session:
        who = {"school": day.small.school, "author_id": day.small.director}
        await keep(session, day.small.keyring, **who, draft=draft, now=day.now)


async def test_two_clocks_for_a_week_tell_everything_once(database: Database, keyring: Keyring) -> None:
    day = await a_day(database, keyring)
    odile, _ = await day.small.family(by_sms(), by_sms("+33639981001", name="Tiago"))
    evenings, hubs = Evenings(day.small), [Hub(database, keyring) for _ in range(2)]
    await _plan(day)
    at = Offered(day.small, offer=replace(OFFER, day=TODAY + timedelta(days=3)))
    await at.open(tell=False)
    await at.choose((await at.slots())[0], odile)
    await day.press(NoticeKind.MEETING)
    await day.press(NoticeKind.ABSENCE)
    await day.says(odile, AnswerKind.ILL)

    for hours in range(24 * 7):
        day.now = NOW + timedelta(hours=hours)
        here = day.now.astimezone(PARIS)
        if here.hour == 12 and here.weekday() < 5:
            due = here.date() + timedelta(days=5)
            number = await evenings.homework(day=due)
            await evenings.tell(NoticeKind.HOMEWORK, number, now=day.now, due=due, key=f"devoirs-{number}")
        await asyncio.gather(*(hub.look() for hub in hubs))
        await asyncio.gather(day.drain(), day.drain())
        await day.all_arrive()

    keys = Counter(key.split(":")[0] for (key,) in await day.small.rows("SELECT key_name FROM notice"))
    kinds = Counter(kind for (kind,) in await day.small.rows("SELECT kind FROM notice"))
    assert (keys["plan"], keys["rappel-rdv"]) == (4, 1)
    told = "SELECT count(*) FROM delivery JOIN notice ON notice.id = notice_id WHERE kind = 'digest'"
    assert (kinds["digest"], await day.small.rows(told)) == (5, [(2 * 5,)])
    assert kinds["meeting"] == 1 + keys["remind"] == 2
    items = "SELECT count(*), count(notice_id), count(DISTINCT notice_id) FROM digest_item"
    assert await day.small.rows(items) == [(2 * 5, 2 * 5, 5)]
    tried = "SELECT count(*), count(DISTINCT copy_id) FROM attempt WHERE sending_at IS NOT NULL"
    ((tries, copies),) = await day.small.rows(tried)
    assert tries == copies
    sent = Counter((one.to, one.text) for one in day.sms.sent)
    ((posted,),) = await day.small.rows("SELECT count(*) FROM attempt WHERE sending_at IS NOT NULL")
    assert len(day.sms.sent) == posted == len(sent)
