"""The school's silence: what can wait is held until it ends, what is urgent passes, and nothing is lost."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from days import BOTH_WAYS, MAIL, SMS, Day, a_day, asking
from desks import ORIGIN, Desk, a_browser, a_staffed_school
from evenings import Evenings
from factories import Adult, by_sms
from family_door import plain
from hypothesis import given
from hypothesis import strategies as st

from hub.database import Database
from hub.errors import InvalidError, TemporaryError
from hub.models.ladders import Occasion
from hub.models.school import Role
from hub.notices.preview import preview
from hub.notices.publish import Draft, publish
from hub.patience import Ladder
from hub.people.rights import Rights
from hub.people.silences import free_days
from hub.ports import NoticeKind, Slots
from hub.sealing import Keyring
from hub.settings import Settings
from hub.silence import SPREAD, USUAL, Silence, silent_until, spread
from web.house import House

PARIS = "Europe/Paris"
HERE = ZoneInfo(PARIS)
IN_HOLIDAYS = Silence(time(20), time(7), holidays=True)


def here(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=HERE)


@pytest.mark.parametrize(
    ("silence", "now", "until"),
    [
        (USUAL, here(2026, 11, 24, 19, 59), None),
        (USUAL, here(2026, 11, 24, 20), here(2026, 11, 25, 7)),
        (USUAL, here(2026, 11, 25, 6, 59), here(2026, 11, 25, 7)),
        (USUAL, here(2026, 11, 25, 7), None),
        # from Friday evening to Monday morning
        (USUAL, here(2026, 11, 27, 19, 59), None),
        (USUAL, here(2026, 11, 27, 20), here(2026, 11, 30, 7)),
        (USUAL, here(2026, 11, 28, 12), here(2026, 11, 30, 7)),
        (Silence(time(20), time(7), weekends=False), here(2026, 11, 28, 12), None),
        # a public holiday is as a Sunday: Easter Monday, and the eve of the first of May
        (USUAL, here(2027, 3, 26, 21), here(2027, 3, 30, 7)),
        (USUAL, here(2026, 4, 30, 21), here(2026, 5, 4, 7)),
        # the nights in which the clock is put forward and back
        (USUAL, here(2027, 3, 27, 21), here(2027, 3, 30, 7)),
        (Silence(time(22), time(6), weekends=False), here(2026, 10, 24, 23), here(2026, 10, 25, 6)),
        # the end of a month and of a year
        (USUAL, here(2026, 12, 31, 21), here(2027, 1, 4, 7)),
        # the vacations of zone B, where the school says so: 19 December to 3 January
        (USUAL, here(2026, 12, 22, 12), None),
        (IN_HOLIDAYS, here(2026, 12, 18, 20), here(2027, 1, 4, 7)),
        (IN_HOLIDAYS, here(2026, 12, 22, 12), here(2027, 1, 4, 7)),
        (None, here(2026, 11, 28, 3), None),
    ],
)
def test_the_silence_is_that_of_the_schools_clock(
    silence: Silence | None, now: datetime, until: datetime | None
) -> None:
    assert silent_until(now, PARIS, silence, free_days(silence, "B")) == until


@given(
    now=st.datetimes(datetime(2026, 8, 20), datetime(2028, 8, 20), timezones=st.just(UTC)),  # noqa: DTZ001 (given in UTC)
    begins=st.times(time(18, 30), time(23, 30)),
    ends=st.times(time(5), time(9)),
    weekends=st.booleans(),
    holidays=st.booleans(),
)
def test_no_silence_lasts_for_ever_and_its_end_is_no_silence(
    now: datetime, begins: time, ends: time, *, weekends: bool, holidays: bool
) -> None:
    silence = Silence(begins, ends, weekends, holidays)
    free = free_days(silence, "B")

    until = silent_until(now, PARIS, silence, free)

    if until is not None:
        assert now < until <= now + timedelta(days=75 if holidays else 6)
        assert silent_until(until, PARIS, silence, free) is None
        local = until.astimezone(HERE)
        assert not (weekends and local.weekday() >= 5)
    else:
        assert ends <= now.astimezone(HERE).time() < begins


@given(st.integers(1, 2**40))
def test_what_waited_leaves_within_the_first_minutes(number: int) -> None:
    assert timedelta(0) <= spread(number) < SPREAD


@pytest_asyncio.fixture
async def day(database: Database, keyring: Keyring) -> Day:
    made = await a_day(database, keyring)
    return await silenced(made)


async def silenced(day: Day) -> Day:
    hours = ("20:00:00.000000", "07:00:00.000000") if day.database.dialect == "sqlite" else (time(20), time(7))
    await day.small.write("UPDATE school SET silent_from = :begins, silent_to = :ends", begins=hours[0], ends=hours[1])
    day.small.school.silent_from, day.small.school.silent_to = time(20), time(7)
    return day


async def test_what_is_pressed_on_friday_evening_leaves_on_monday_and_what_is_urgent_at_once(day: Day) -> None:
    for number in range(20):
        await day.small.family(by_sms(f"+336399810{number:02}", name=f"Adulte{number}"), children=[f"Enfant{number}"])
    day.now = here(2026, 11, 27, 21)

    routine = await day.press(NoticeKind.ANNOUNCEMENT)
    assert day.sms.sent == []
    await day.press(NoticeKind.URGENT)
    assert len(day.sms.sent) == 20
    ((due,),) = await day.small.rows("SELECT due_at FROM notice WHERE id = :id", id=routine)
    assert str(due)[:16] == "2026-11-30 06:00"

    day.now = here(2026, 11, 29, 15)
    await day.drain()
    assert len(day.sms.sent) == 20

    day.now = here(2026, 11, 30, 7)
    await day.drain()
    assert 20 < len(day.sms.sent) < 40
    day.now = here(2026, 11, 30, 7, 10)
    await day.drain()
    assert len(day.sms.sent) == 40


async def test_what_became_late_is_held_again_immediately_before_sending(day: Day) -> None:
    await day.small.family(by_sms("+33639981001"))
    day.sms.answers["+33639981001"] = TemporaryError("later", retry_after=600)
    day.now = here(2026, 11, 24, 19, 55)
    await day.press(NoticeKind.ANNOUNCEMENT)
    tried = len(day.sms.sent)
    del day.sms.answers["+33639981001"]

    day.now = here(2026, 11, 24, 20, 30)
    await day.drain()
    assert len(day.sms.sent) == tried

    day.now = here(2026, 11, 25, 7, 10)
    await day.drain()
    assert len(day.sms.sent) == tried + 1


@pytest.mark.parametrize(("begins", "ends"), [(time(5), time(21)), (time(7), time(20)), (time(4), time(20))])
async def test_an_adults_hours_and_the_schools_silence_together_leave_a_moment(
    day: Day, begins: time, ends: time
) -> None:
    (odile,) = await day.small.family(by_sms("+33639981001"))
    hours = {"begins": begins, "ends": ends}
    if day.database.dialect == "sqlite":
        hours = {name: one.strftime("%H:%M:%S.%f") for name, one in hours.items()}
    sql = "UPDATE guardian SET quiet_from = :begins, quiet_to = :ends WHERE id = :id"
    await day.small.write(sql, id=odile, **hours)
    day.now = here(2026, 11, 24, 12)
    await day.press(NoticeKind.ANNOUNCEMENT)

    for _ in range(48):
        day.now += timedelta(hours=1)
        await day.drain()

    assert len(day.sms.sent) == 1


async def test_a_ladder_does_not_climb_at_night(day: Day) -> None:
    await day.small.family(BOTH_WAYS)
    day.now = here(2026, 11, 26, 19, 58)
    await day.press(NoticeKind.MEETING)
    await day.arrives(day.sms)

    day.now = here(2026, 11, 27, 21)
    await day.drain()
    assert day.left == (1, 0)
    day.now = here(2026, 11, 29, 12)
    await day.drain()
    assert day.left == (1, 0)
    day.now = here(2026, 11, 30, 7, 10)
    await day.drain()
    assert day.left == (1, 1)


async def test_a_meeting_that_would_be_over_when_the_silence_ends_is_refused_with_the_reason(day: Day) -> None:
    await day.small.family(by_sms())
    now = here(2026, 11, 27, 21)
    draft = Draft(NoticeKind.MEETING, "school", Slots(starts_at=here(2026, 11, 28, 10), place="le préau"))

    async with day.database.school(day.small.school.key) as session:
        with pytest.raises(InvalidError, match="en silence jusque-là"):
            await publish(
                session, day.small.keyring, school=day.small.school, author_id=day.small.director, draft=draft, now=now
            )
        with pytest.raises(InvalidError, match="en silence jusque-là"):  # read over, it says the same
            await preview(
                session,
                school=day.small.school,
                author="Mme Exemple",
                rights=Rights(frozenset({Role.DIRECTOR}), whole_school=True, classes=frozenset()),
                kind=draft.kind,
                audience=draft.audience,
                slots=draft.slots,
                now=now,
                public_url=None,
            )


async def in_vacations_too(day: Day) -> None:
    await day.small.write("UPDATE school SET silent_holidays = true")
    day.small.school.silent_holidays = True


async def hours_of_all(day: Day, begins: time, ends: time) -> None:
    """Let every adult want no message between these hours."""
    hours = {"begins": begins, "ends": ends}
    if day.database.dialect == "sqlite":
        hours = {name: at.strftime("%H:%M:%S.%f") for name, at in hours.items()}  # type: ignore[misc]  # as SQLite keeps
    await day.small.write("UPDATE guardian SET quiet_from = :begins, quiet_to = :ends", **hours)


async def test_what_the_silence_of_vacations_holds_outlives_it(day: Day) -> None:
    await in_vacations_too(day)
    await day.small.family(by_sms("+33639981001"))
    day.sms.answers["+33639981001"] = TemporaryError("later", retry_after=600)
    day.now = here(2026, 10, 16, 19, 55)
    await day.press(NoticeKind.ANNOUNCEMENT)
    tried = len(day.sms.sent)
    del day.sms.answers["+33639981001"]

    day.now = here(2026, 10, 16, 20, 30)
    await day.drain()
    held = len(day.sms.sent)
    day.now = here(2026, 11, 2, 7, 10)
    await day.drain()

    assert (held, len(day.sms.sent), await day.states()) == (tried, tried + 1, ["on_the_way"])


async def test_a_question_pressed_on_the_eve_of_silent_vacations_climbs_to_its_end_after_them(day: Day) -> None:
    await in_vacations_too(day)
    await day.set({Occasion.QUESTION: Ladder(timedelta(days=3), rings=False, calls=True)})
    mails = tuple((MAIL, f"odile{number}@familles.test") for number in range(3))
    await day.small.family(Adult("Odile", reached_by=((SMS, "+33639981001"), *mails)))
    day.now = here(2026, 10, 16, 17, 0)  # the vacations of zone B end on 2 November
    await day.press(NoticeKind.ANNOUNCEMENT, slots=asking(by_family=True))
    await day.arrives(day.sms)

    left = []
    for _ in range(33):
        left.append((day.now.date(), len(day.sms.sent) + len(day.mail.sent)))
        await day.after(days=1)

    assert all(number == 1 for on, number in left if on < date(2026, 11, 2))
    assert left[-1][1] == 4
    assert (await day.states(), await day.calls()) == (["to_call"], 1)


async def test_a_digest_of_good_friday_outlives_the_silence_of_easter(day: Day) -> None:
    await day.small.family(by_sms("+33639981001"))
    await hours_of_all(day, time(17), time(21))
    evening, friday = Evenings(day.small), here(2027, 3, 26, 18, 2)
    await evening.tell(NoticeKind.RESULT, await evening.result(), now=friday - timedelta(hours=3))
    day.now = friday
    assert await evening.digest(friday) == 1

    left = []
    for moment in (friday, here(2027, 3, 26, 21, 5), here(2027, 3, 29, 18, 30), here(2027, 3, 30, 7, 15)):
        day.now = moment
        await day.drain()
        left.append(len(day.sms.sent))

    assert (left, await day.states()) == ([0, 0, 0, 1], ["on_the_way"])


async def test_an_adults_hours_hold_on_the_eve_of_silent_vacations(day: Day) -> None:
    await in_vacations_too(day)
    await day.small.family(by_sms("+33639981001"))
    await hours_of_all(day, time(14), time(20))
    day.now = here(2026, 10, 16, 15)

    await day.press(NoticeKind.ANNOUNCEMENT)

    assert day.sms.sent == []


@pytest_asyncio.fixture
async def desk(database: Database, keyring: Keyring, hashed: str) -> AsyncIterator[Desk]:
    small = await a_staffed_school(database, keyring, hashed)
    async with a_browser(House(Settings(public_url=ORIGIN), database, keyring)) as (app, web):
        opened = Desk(small, app, web)
        await opened.enter()
        yield opened


async def test_the_page_keeps_the_hours_and_says_them_by_example(desk: Desk) -> None:
    assert "L’école écrit à toute heure." in (await desk.web.get("/ecole/silence")).text

    form = {"kept": "1", "begins": "21:00", "ends": "06:30"}
    assert (await desk.post("/ecole/silence", **form)).status_code == 303

    shown = plain((await desk.web.get("/ecole/silence")).text)
    assert "à 21 h 00, un message part samedi" in shown
    assert "à 6 h 30." in shown
    assert "à 12 h 30, un message part aussitôt." in shown
    assert await desk.small.rows("SELECT act FROM audit ORDER BY id DESC LIMIT 1") == [("silence_set",)]

    assert (await desk.post("/ecole/silence", begins="21:00", ends="06:30")).status_code == 303
    assert await desk.small.rows("SELECT silent_from, silent_to FROM school") == [(None, None)]

    unticked = await desk.post("/ecole/silence", begins="22:00", ends="06:30")  # typed, and no silence ticked
    assert unticked.status_code == 422
    assert "Cochez « Garder le silence la nuit »" in plain(unticked.text)
    assert 'value="22:00"' in unticked.text


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"begins": "12:00"}, "Le silence commence entre 18 h 30 et 23 h 30."),
        ({"ends": "11:00"}, "Le silence finit entre 5 h et 9 h."),
        ({"begins": "le soir"}, "Donnez une heure, par exemple 20:00."),
    ],
)
async def test_hours_that_cannot_be_are_refused_and_nothing_is_lost(
    desk: Desk, wrong: dict[str, str], says: str
) -> None:
    told = await desk.post(
        "/ecole/silence", **{"kept": "1", "begins": "20:00", "ends": "07:00", "holidays": "1"} | wrong
    )

    assert told.status_code == 422
    assert says in told.text
    assert 'name="holidays" value="1" checked' in told.text
    assert await desk.small.rows("SELECT silent_from FROM school") == [(None,)]
