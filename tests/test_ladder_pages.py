"""The school's ladders on a page: read, set, refused without loss, and played through as the engine climbs them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
import pytest_asyncio
from days import BOTH_WAYS, MAIL, SMS, Day, a_day
from desks import ORIGIN, Desk, a_browser, a_staffed_school
from factories import NOW, Adult, by_mail, by_sms
from family_door import plain
from sqlalchemy import select

from hub.database import Database
from hub.models.ladders import Occasion
from hub.models.people import LastRung, Means
from hub.notices.ladders import ladders_of
from hub.notices.playing import Step, play, steps_of, ways_of
from hub.notices.standing import by_letter
from hub.patience import USUAL, Ladder
from hub.ports import ChannelName, NoticeKind
from hub.sealing import Keyring
from hub.settings import Settings
from hub.tables import delivery
from web.house import House

VOICE = ChannelName.VOICE
FORM = {"absence": "15", "urgent": "5", "meeting": "36", "question": "72"}


@pytest_asyncio.fixture
async def day(database: Database, keyring: Keyring) -> Day:
    return await a_day(database, keyring)


@pytest.mark.parametrize(
    ("ladder", "ways", "last", "steps"),
    [
        (
            USUAL[Occasion.ABSENCE],
            (SMS, MAIL),
            LastRung.CALL,
            (
                Step(timedelta(0), SMS),
                Step(timedelta(minutes=10), MAIL),
                Step(timedelta(minutes=20), end=LastRung.CALL),
            ),
        ),
        (USUAL[Occasion.MEETING], (SMS, MAIL), LastRung.CALL, (Step(timedelta(0), SMS), Step(timedelta(days=1), MAIL))),
        (Ladder(None, rings=True, calls=True), (SMS, MAIL), LastRung.CALL, (Step(timedelta(0), SMS),)),
        (USUAL[Occasion.MEETING], (), LastRung.LETTER, (Step(timedelta(0), end=LastRung.LETTER),)),
    ],
)
def test_a_ladder_is_played_through(
    ladder: Ladder, ways: tuple[ChannelName, ...], last: LastRung, steps: tuple[Step, ...]
) -> None:
    assert steps_of(ladder, ways, last) == steps


@pytest.mark.parametrize("means", [Means.ANY, Means.WRITE_ONLY])
@pytest.mark.parametrize("last", list(LastRung))
@pytest.mark.parametrize("occasion", [Occasion.ABSENCE, Occasion.MEETING])
async def test_what_is_played_as_the_end_is_what_the_lists_ask_for(
    day: Day, occasion: Occasion, last: LastRung, means: Means
) -> None:
    (zelie,) = await day.small.family(Adult(name="Zélie"))
    await day.small.write(
        "UPDATE guardian SET last_rung = :last, means = :means WHERE id = :id", last=last, means=means, id=zelie
    )
    await day.press(NoticeKind(occasion.value))

    async with day.database.school(day.small.school.key) as session:
        here = {"session": session, "school_id": day.small.school.key}
        _, (adult,) = await play(**here, words="zelie", occasion=occasion, ladder=USUAL[occasion], day=NOW.date())
        letters = (await session.execute(select(delivery.c.id).where(by_letter()))).all()

    assert (adult.steps[0].end is LastRung.LETTER) is bool(letters)
    if occasion is Occasion.ABSENCE:
        assert adult.steps[0].end in (LastRung.CALL, LastRung.RELAY)


@dataclass
class Point:
    """A contact point as the registers give it."""

    channel: ChannelName
    writes: bool = True
    calls: bool = False


PHONE, MAILBOX, LANDLINE = Point(SMS, calls=True), Point(MAIL), Point(VOICE, writes=False, calls=True)


@pytest.mark.parametrize(
    ("means", "rings", "ways"),
    [
        (Means.ANY, True, (SMS, MAIL, VOICE, VOICE)),
        (Means.ANY, False, (SMS, MAIL)),
        (Means.CALL_FIRST, True, (VOICE, VOICE, SMS, MAIL)),
        (Means.WRITE_ONLY, True, (SMS, MAIL)),
        (Means.SIGN_LANGUAGE, True, (SMS, MAIL)),
    ],
)
def test_calls_come_last_or_first_or_never(means: Means, rings: bool, ways: tuple[ChannelName, ...]) -> None:  # noqa: FBT001 (a case)
    assert ways_of((PHONE, MAILBOX, LANDLINE), means, rings=rings) == ways


async def test_what_is_played_is_what_happens(day: Day) -> None:
    third = (SMS, "+33639981003")
    await day.small.family(Adult(name="Odile", reached_by=(*BOTH_WAYS.reached_by, third)))
    async with day.database.school(day.small.school.key) as session:
        (adult,) = (
            await play(
                session,
                school_id=day.small.school.key,
                words="Odile",
                occasion=Occasion.ABSENCE,
                ladder=USUAL[Occasion.ABSENCE],
                day=NOW.date(),
            )
        )[1]

    await day.press()
    happened = [(timedelta(0), SMS)]
    await day.arrives(day.sms)
    seen, called = day.left, 0
    while day.now < NOW + timedelta(hours=1):
        await day.after(minutes=1)
        if day.left != seen:
            channel = day.sms if day.left[0] != seen[0] else day.mail
            happened.append((day.now - NOW, channel.name))
            await day.arrives(channel)
            seen = day.left
        if await day.calls() and not called:
            called = 1
            happened.append((day.now - NOW, None))

    assert [(step.after, step.way) for step in adult.steps] == happened


async def test_an_adult_whom_nothing_reaches_is_played_as_a_call(day: Day) -> None:
    await day.small.family(Adult(name="Zélie"))
    async with day.database.school(day.small.school.key) as session:
        count, (adult,) = await play(
            session,
            school_id=day.small.school.key,
            words="zelie",
            occasion=Occasion.MEETING,
            ladder=USUAL[Occasion.MEETING],
            day=NOW.date(),
        )

    assert (count, adult.steps) == (1, (Step(timedelta(0), end=LastRung.CALL),))


@pytest_asyncio.fixture
async def desk(database: Database, keyring: Keyring, hashed: str) -> AsyncIterator[Desk]:
    small = await a_staffed_school(database, keyring, hashed)
    await small.family(by_sms(name="Odile"), by_mail(name="Tiago"))
    async with a_browser(House(Settings(public_url=ORIGIN), database, keyring)) as (app, web):
        opened = Desk(small, app, web)
        await opened.enter()
        yield opened


async def test_the_page_sets_the_ladders_and_says_them(desk: Desk) -> None:
    told = await desk.post("/ecole/relances", **FORM, rings=["absence", "meeting"], calls=["absence", "urgent"])

    assert (told.status_code, told.headers["location"]) == (303, "/ecole/relances")
    async with desk.small.database.reading(desk.small.school.key) as session:
        found = await ladders_of(session, desk.small.school.key)
    assert found == {
        Occasion.ABSENCE: Ladder(timedelta(minutes=15), rings=True, calls=True),
        Occasion.URGENT: Ladder(timedelta(minutes=5), rings=False, calls=True),
        Occasion.MEETING: Ladder(timedelta(hours=36), rings=False, calls=False),
        Occasion.QUESTION: Ladder(timedelta(days=3), rings=False, calls=False),
    }
    assert await desk.small.rows("SELECT act FROM audit ORDER BY id DESC LIMIT 1") == [("ladders_set",)]
    assert 'value="36"' in (await desk.web.get("/ecole/relances")).text


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("1", "« Absence » : attendez entre 2 minutes et 2 heures avant la voie suivante."),
        ("dix", "Donnez un nombre de minutes."),
        ("", "Donnez un nombre de minutes."),
    ],
)
async def test_what_is_refused_loses_nothing(desk: Desk, typed: str, says: str) -> None:
    told = await desk.post("/ecole/relances", **FORM | {"absence": typed}, calls=["question"])

    assert told.status_code == 422
    assert says in plain(told.text)
    assert 'value="36"' in told.text
    assert 'name="calls" value="question" checked' in told.text
    assert await desk.small.rows("SELECT count(*) FROM ladder_rule") == [(0,)]


async def test_a_family_is_played_through_on_the_page(desk: Desk) -> None:
    played = await desk.web.get("/ecole/relances?q=exemple&pour=absence")
    shown = plain(played.text).replace("&nbsp;", " ")

    assert "Aussitôt : SMS 10 minutes après : quelqu’un de l’école appelle" in shown
    assert "Aussitôt : E-mail 10 minutes après : quelqu’un de l’école appelle" in shown

    assert "Personne ne porte ce nom." in plain((await desk.web.get("/ecole/relances?q=personne")).text)
    refused = await desk.web.get("/ecole/relances?q=z")
    assert (refused.status_code, "Donnez au moins deux lettres" in refused.text) == (422, True)
