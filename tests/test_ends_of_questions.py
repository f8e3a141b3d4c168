"""A question of each week is over when it is asked anew; what says it again, or puts it right, ends with it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import pytest_asyncio
from factories import a_school, by_sms
from test_plans import Planning

from hub.database import Database
from hub.errors import InvalidError
from hub.notices.follow_up import correct, remind
from hub.notices.headlines import headline
from hub.plans.moments import Rhythm
from hub.ports import Slots
from hub.reminders.going import remind_of_all
from hub.sealing import Keyring

QUESTION = Slots(text="Prenez-vous un repas froid ?", question=True)
TUESDAYS = Rhythm(date(2026, 12, 1), time(8), frozenset({1}), until=date(2027, 1, 31))
ASKED = datetime(2026, 12, 1, 7, 1, tzinfo=UTC)
TWO_DAYS_LATER = datetime(2026, 12, 3, 9, 30, tzinfo=UTC)


@pytest_asyncio.fixture
async def planning(database: Database, keyring: Keyring) -> Planning:
    made = Planning(await a_school(database, keyring))
    await made.small.family(by_sms())
    return made


async def asked(planning: Planning, at: datetime = ASKED) -> None:
    """Let the question of each Tuesday leave, and arrive."""
    await planning.keep(TUESDAYS, slots=QUESTION)
    await planning.until(at)
    await planning.small.write("UPDATE delivery SET state = 'told'")


async def ends(planning: Planning) -> list[str]:
    rows = await planning.small.rows("SELECT id, expires_at FROM notice ORDER BY id")
    return [str(ends)[:16] for _, ends in rows]


async def by_itself(planning: Planning, now: datetime) -> None:
    async with planning.small.database.school(1) as session:
        await remind_of_all(session, planning.small.keyring, school=planning.small.school, now=now)


async def following(planning: Planning, act: Any, now: datetime, **more: Any) -> None:
    reader, small = await planning.reader(planning.small.director), planning.small
    async with small.database.school(1) as session:
        seen = await headline(session, small.keyring, school_id=1, notice_id=1, reader=reader)
        await act(session, small.keyring, school=small.school, seen=seen, reader=reader, key="k", now=now, **more)


async def by_hand(planning: Planning, now: datetime) -> None:
    await following(planning, remind, now)


async def put_right(planning: Planning, now: datetime) -> None:
    await following(planning, correct, now, slots=replace(QUESTION, text="Prenez-vous un repas chaud ?"))


@pytest.mark.parametrize("follows", [by_itself, by_hand, put_right])
async def test_what_follows_a_question_ends_with_it(
    planning: Planning, follows: Callable[[Planning, datetime], Awaitable[None]]
) -> None:
    await asked(planning)

    await follows(planning, TWO_DAYS_LATER)

    assert await ends(planning) == ["2026-12-08 07:00"] * 2


@pytest.mark.parametrize("follows", [by_hand, put_right])
async def test_a_question_that_is_over_is_asked_anew_and_not_again(
    planning: Planning, follows: Callable[[Planning, datetime], Awaitable[None]]
) -> None:
    await asked(planning)

    with pytest.raises(InvalidError, match="posez-en une nouvelle"):
        await follows(planning, ASKED + timedelta(days=7))
    assert await ends(planning) == ["2026-12-08 07:00"]


async def test_what_a_correction_makes_a_question_has_the_time_of_one(planning: Planning) -> None:
    await planning.keep(Rhythm(date(2026, 12, 1), time(8)), slots=replace(QUESTION, question=False))
    await planning.until(ASKED)

    await following(planning, correct, TWO_DAYS_LATER, slots=QUESTION)

    assert await ends(planning) == ["2026-12-05 07:01", "2026-12-19 09:30"]


async def test_a_question_of_the_last_week_of_class_is_not_over_in_the_holidays(planning: Planning) -> None:
    await asked(planning, datetime(2026, 12, 15, 7, 1, tzinfo=UTC))

    assert await ends(planning) == ["2027-01-05 07:00"]
