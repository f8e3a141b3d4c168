"""What is planned leaves once, to the families of that day, with the rights of that day; what does not is told why."""

import asyncio
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import pytest_asyncio
from factories import NOW, TODAY, SmallSchool, a_school, by_sms
from sqlalchemy import text

from hub.database import Database, Turn, takes_turn
from hub.errors import InvalidError, NotAllowedError
from hub.inbox.to_do import to_do
from hub.models.agenda import Event, EventKind
from hub.models.planned import PlanState
from hub.notices.headlines import Reader
from hub.people.erasure import erase_guardian, erase_pupil
from hub.people.purge import purge
from hub.people.rights import rights_on
from hub.plans.keeping import ChangedMeanwhileError, PlanDraft, cancel, change, keep, move, take_note
from hub.plans.leaving import leave
from hub.plans.moments import Rhythm
from hub.plans.reading import Planned, one, plans
from hub.ports import NoticeKind, Slots
from hub.sealing import Keyring
from scheduler.clock import Clock

TUESDAY, WEDNESDAY, THURSDAY = 1, 2, 3
EIGHT = time(8)
TOMORROW = TODAY + timedelta(days=1)
THE_DAY_AFTER = TODAY + timedelta(days=2)
ONCE = Rhythm(TOMORROW, EIGHT)
WEEKLY = Rhythm(TODAY, EIGHT, frozenset({TUESDAY, THURSDAY}), until=date(2027, 1, 31))


class DiesError(Exception):
    """The process is killed here."""


@dataclass
class Planning:
    """A small school whose clock the test winds on."""

    small: SmallSchool
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.small.database._clock = lambda: self.now
        self.clock = Clock(self.small.database, self.small.keyring)

    async def reader(self, who: int) -> Reader:
        async with self.small.database.reading(self.small.school.key) as session:
            rights = await rights_on(session, school_id=self.small.school.key, staff_id=who, day=self.now.date())
        return Reader(who, rights, self.now.date())

    async def keep(self, rhythm: Rhythm = ONCE, *, author: int | None = None, **more: Any) -> int:
        said = {"audience": "class:CP A", "slots": Slots(text="Pensez au cahier.")} | more
        draft = PlanDraft(said.pop("kind", NoticeKind.ANNOUNCEMENT), rhythm=rhythm, **said)
        async with self.small.database.school(self.small.school.key) as session:
            return await keep(session, draft=draft, author_id=author or self.small.teacher, **self._here())

    async def change(self, plan_id: int, version: int, draft: PlanDraft, *, by: int | None = None) -> None:
        reader = await self.reader(by or self.small.teacher)
        async with self.small.database.school(self.small.school.key) as session:
            await change(session, reader=reader, plan_id=plan_id, version=version, draft=draft, **self._here())

    async def act(self, what: Any, plan_id: int, *, by: int | None = None, **more: Any) -> None:
        reader = await self.reader(by or self.small.teacher)
        async with self.small.database.school(self.small.school.key) as session:
            await what(session, reader=reader, plan_id=plan_id, **more, **self._here())

    async def read(self, plan_id: int, *, by: int | None = None) -> Planned:
        reader = await self.reader(by or self.small.director)
        async with self.small.database.reading(self.small.school.key) as session:
            return await one(session, reader=reader, plan_id=plan_id, **self._here())

    async def listed(self, by: int) -> list[int]:
        reader = await self.reader(by)
        async with self.small.database.reading(self.small.school.key) as session:
            return [each.plan_id for each in await plans(session, reader=reader, **self._here())]

    async def to_do(self, by: int) -> int:
        reader = await self.reader(by)
        async with self.small.database.reading(self.small.school.key) as session:
            here = {"school_id": self.small.school.key, "timezone": "Europe/Paris", "now": self.now}
            return (await to_do(session, reader=reader, **here)).plans

    async def until(self, moment: datetime) -> int:
        self.now = moment
        return await self.clock.look()

    async def notices(self) -> list[tuple[str, int]]:
        """Each notice's key, and how many adults it is for."""
        asked = (
            "SELECT key_name, (SELECT count(*) FROM delivery WHERE notice_id = notice.id) FROM notice ORDER BY due_at"
        )
        return [(str(key), int(adults)) for key, adults in await self.small.rows(asked)]

    async def became(self) -> list[str]:
        return [str(row[0]) for row in await self.small.rows("SELECT outcome FROM planned_firing ORDER BY due_at")]

    async def press_and_die(self, plan_id: int) -> None:
        """Press what is due, and be killed before it is committed."""
        school_id = self.small.school.key
        async with self.small.database.school(school_id) as session:
            await leave(session, self.small.keyring, school_id=school_id, plan_id=plan_id, now=self.now)
            assert (await session.execute(text("SELECT count(*) FROM notice"))).scalar_one() == 1
            raise DiesError

    def _here(self) -> dict[str, Any]:
        return {"keyring": self.small.keyring, "school": self.small.school, "now": self.now}


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A moment in UTC; in winter the school's clock is an hour ahead."""
    return NOW.replace(year=day.year, month=day.month, day=day.day, hour=hour, minute=minute)


@pytest_asyncio.fixture
async def planning(database: Database, keyring: Keyring) -> Planning:
    return Planning(await a_school(database, keyring))


async def test_what_is_planned_is_no_notice_before_its_moment_and_then_one(planning: Planning) -> None:
    await planning.small.family(by_sms())
    plan_id = await planning.keep()

    assert await planning.until(at(TOMORROW, 6, 59)) == 0
    assert await planning.notices() == []
    assert await planning.until(at(TOMORROW, 7)) == 1
    assert await planning.until(at(TOMORROW, 7, 1)) == 0

    assert await planning.notices() == [(f"plan:{plan_id}:20261125T0700", 1)]
    found = await planning.read(plan_id)
    assert (found.state, found.next_at, [each.outcome for each in found.firings]) == (PlanState.ENDED, None, ["left"])


async def test_its_words_are_sealed(planning: Planning) -> None:
    await planning.keep(slots=Slots(text="Un mot secret."))

    [(sealed,)] = await planning.small.rows("SELECT slots_sealed FROM planned_notice")

    assert b"secret" not in bytes(sealed)
    assert (await planning.read(1)).says.slots.text == "Un mot secret."


async def test_a_child_that_comes_meanwhile_is_told_and_one_that_has_gone_is_not(planning: Planning) -> None:
    await planning.small.family(by_sms("+33639981001"), children=["Basile"])
    await planning.keep(WEEKLY)
    await planning.until(at(TODAY, 7))
    await planning.small.family(by_sms("+33639981002"), by_sms("+33639981003"), children=["Capucine"])
    await planning.until(at(TODAY + timedelta(days=2), 7))
    await planning.small.write("UPDATE enrolment SET to_on = '2026-11-30' WHERE pupil_id = 1")
    await planning.until(at(TODAY + timedelta(days=7), 7))

    assert [adults for _, adults in await planning.notices()] == [1, 3, 2]


async def test_pressing_twice_is_one_plan_and_other_words_on_that_sheet_are_not_lost(planning: Planning) -> None:
    first = await planning.keep(key="k1")

    assert await planning.keep(key="k1") == first
    with pytest.raises(InvalidError):
        await planning.keep(key="k1", slots=Slots(text="Autre chose."))
    assert await planning.small.rows("SELECT count(*) FROM planned_notice") == [(1,)]
    assert await planning.small.rows("SELECT count(*) FROM data_key WHERE subject = 'plan'") == [(1,)]


async def test_of_two_who_edit_at_once_the_second_is_told_and_writes_over_nobody(planning: Planning) -> None:
    plan_id = await planning.keep()
    before = await planning.read(plan_id)
    mine = PlanDraft(NoticeKind.ANNOUNCEMENT, "class:CP A", Slots(text="Le cahier rouge."), ONCE)
    theirs = replace(mine, slots=Slots(text="Le cahier bleu."))

    outcomes = await asyncio.gather(
        planning.change(plan_id, before.version, mine),
        planning.change(plan_id, before.version, theirs, by=planning.small.office),
        return_exceptions=True,
    )

    assert sorted(type(each) for each in outcomes if each is not None) == [ChangedMeanwhileError]
    after = await planning.read(plan_id)
    assert after.version == before.version + 1
    assert after.says.slots.text == ("Le cahier rouge." if outcomes[0] is None else "Le cahier bleu.")
    assert after.says.author_id == planning.small.teacher


async def test_what_is_moved_leaves_then_and_what_is_cancelled_never(planning: Planning) -> None:
    await planning.small.family(by_sms())
    moved, cancelled = await planning.keep(), await planning.keep()

    await planning.act(move, moved, version=1, at=time(10, 30), day=TODAY + timedelta(days=3))
    await planning.act(cancel, cancelled)
    await planning.act(cancel, cancelled)

    assert await planning.until(at(TOMORROW, 8)) == 0
    assert await planning.until(at(TODAY + timedelta(days=3), 9, 30)) == 1
    assert await planning.notices() == [(f"plan:{moved}:20261127T0930", 1)]
    with pytest.raises(InvalidError):
        await planning.act(cancel, moved)


async def test_what_is_moved_after_it_has_left_leaves_no_second_time_on_that_day(planning: Planning) -> None:
    await planning.small.family(by_sms())
    plan = await planning.keep(Rhythm(TODAY, EIGHT, frozenset({WEDNESDAY, THURSDAY}), until=date(2026, 11, 26)))
    await planning.until(at(TOMORROW, 7))
    planning.now = at(TOMORROW, 8)

    await planning.act(move, plan, version=1, at=time(10), day=None)

    assert (await planning.read(plan)).next == (at(THE_DAY_AFTER, 9),)
    assert await planning.until(at(TOMORROW, 9)) == 0
    assert await planning.until(at(THE_DAY_AFTER, 9)) == 1
    assert [key for key, _ in await planning.notices()] == [
        f"plan:{plan}:20261125T0700",
        f"plan:{plan}:20261126T0900",
    ]


async def test_what_is_leaving_at_this_moment_is_not_taken_from_under_the_clock(planning: Planning) -> None:
    plan_id = await planning.keep(WEEKLY)
    planning.now = at(TODAY, 7)

    with pytest.raises(InvalidError):
        await planning.act(move, plan_id, version=1, at=time(9), day=None)

    assert await planning.clock.look() == 1


async def test_a_teacher_plans_for_her_classes_alone_and_sees_what_is_theirs(planning: Planning) -> None:
    small = planning.small
    own = await planning.keep()
    whole = await planning.keep(author=small.director, audience="school")
    of_class = await planning.keep(author=small.office)
    other = await planning.keep(author=small.office, audience="class:CE1 B")

    for audience in ("school", "class:CE1 B"):
        with pytest.raises(NotAllowedError):
            await planning.keep(audience=audience)
    with pytest.raises(NotAllowedError):
        await planning.read(whole, by=small.teacher)
    for act in (cancel, take_note):
        with pytest.raises(NotAllowedError):
            await planning.act(act, of_class)

    assert sorted(await planning.listed(small.teacher)) == [own, of_class]
    assert sorted(await planning.listed(small.office)) == [own, whole, of_class, other]


async def test_an_editor_gives_a_plan_no_audience_that_its_author_has_no_right_to(planning: Planning) -> None:
    plan_id = await planning.keep()
    wide = PlanDraft(NoticeKind.ANNOUNCEMENT, "school", Slots(text="À tous."), ONCE)

    with pytest.raises(NotAllowedError):
        await planning.change(plan_id, 1, wide, by=planning.small.director)


async def test_whose_right_has_ended_tells_nobody_and_author_and_office_read_why(planning: Planning) -> None:
    await planning.small.family(by_sms())
    plan_id = await planning.keep()
    await planning.small.write(
        "UPDATE staff_right SET to_on = :day WHERE staff_id = :id",
        day=TODAY.isoformat() if planning.small.database.dialect == "sqlite" else TODAY,
        id=planning.small.teacher,
    )

    await planning.until(at(TOMORROW, 7))

    assert await planning.notices() == []
    [firing] = (await planning.read(plan_id)).firings
    assert (firing.outcome, firing.why) == (
        "refused",
        "Vous ne pouvez écrire qu’aux classes qui sont les vôtres aujourd’hui.",
    )
    assert await planning.to_do(planning.small.office) == 1
    assert await planning.to_do(planning.small.teacher) == 1
    await planning.act(take_note, plan_id, by=planning.small.office)
    assert await planning.to_do(planning.small.office) == 0


@pytest.mark.parametrize(("back", "outcome"), [((13, 0), "left"), ((13, 1), "missed")])
async def test_what_was_due_while_the_hub_was_down_leaves_if_it_still_makes_sense(
    planning: Planning, back: tuple[int, int], outcome: str
) -> None:
    await planning.small.family(by_sms())
    await planning.keep()

    await planning.until(at(TOMORROW, *back))

    assert await planning.became() == [outcome]
    assert len(await planning.notices()) == (outcome == "left")
    assert await planning.to_do(planning.small.director) == (outcome == "missed")


async def test_an_invitation_leaves_late_only_before_its_meeting_begins(planning: Planning) -> None:
    await planning.small.family(by_sms())
    meeting = {"kind": NoticeKind.MEETING, "slots": Slots(starts_at=at(TOMORROW, 9), place="Salle 2")}
    await planning.keep(**meeting)
    await planning.until(at(TOMORROW, 9))

    assert await planning.became() == ["missed"]
    assert "réunion" in (await planning.read(1)).firings[0].why


async def test_of_several_moments_that_passed_one_leaves_and_the_others_are_said(planning: Planning) -> None:
    await planning.small.family(by_sms())
    await planning.keep(WEEKLY)

    assert await planning.until(at(TODAY + timedelta(days=7), 8)) == 1

    assert await planning.became() == ["missed", "missed", "left"]
    assert len(await planning.notices()) == 1
    found = await planning.read(1)
    assert found.next_at == at(TODAY + timedelta(days=9), 7)


async def test_a_day_that_the_school_closes_meanwhile_is_left_out_and_is_no_fault(planning: Planning) -> None:
    await planning.small.family(by_sms())
    await planning.keep(WEEKLY)
    thursday = TODAY + timedelta(days=2)
    async with planning.small.database.school(planning.small.school.key) as session:
        here = {"school_id": planning.small.school.key, "author_id": planning.small.director}
        moments = {"starts_on": thursday, "ends_on": thursday, "made_at": NOW, "changed_at": NOW}
        session.add(Event(**here, **moments, kind=EventKind.CLOSED, title_sealed=b"", uid="u1"))

    for days in (0, 2, 7):
        await planning.until(at(TODAY + timedelta(days=days), 7))

    assert await planning.became() == ["left", "left"]
    assert await planning.to_do(planning.small.director) == 0


async def test_two_clocks_over_a_week_tell_everything_once(planning: Planning, database: Database) -> None:
    await planning.small.family(by_sms())
    for minutes in range(6):
        await planning.keep(replace(WEEKLY, at=time(8, minutes)))
    await planning.keep(Rhythm(TODAY + timedelta(days=3), time(8)))
    other = Clock(database, planning.small.keyring)

    for halves in range(2 * 24 * 7):
        planning.now = NOW + timedelta(minutes=30 * halves)
        await asyncio.gather(planning.clock.look(), other.look(), planning.clock.look())

    assert await planning.became() == ["left"] * 13
    keys = [key for key, _ in await planning.notices()]
    assert len(keys) == len(set(keys)) == 13


async def test_a_clock_killed_between_the_press_and_the_commit_tells_once(
    planning: Planning,
) -> None:
    await planning.small.family(by_sms())
    await planning.keep()
    planning.now = at(TOMORROW, 7)

    with pytest.raises(DiesError):
        await planning.press_and_die(1)
    assert await planning.notices() == []

    assert await planning.clock.look() == 1
    assert await planning.became() == ["left"]
    assert len(await planning.notices()) == 1


async def test_a_clock_keeps_to_itself_while_another_acts(planning: Planning, database: Database) -> None:
    if database.dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    await planning.small.family(by_sms())
    await planning.keep()
    async with database.school(planning.small.school.key) as session:
        assert await takes_turn(session, Turn.PLANS)
        assert await planning.until(at(TOMORROW, 7)) == 0

    assert await planning.clock.look() == 1


async def test_one_plan_that_cannot_leave_keeps_no_other_from_leaving(planning: Planning) -> None:
    await planning.small.family(by_sms())
    broken, whole = await planning.keep(), await planning.keep()
    await planning.small.write("UPDATE planned_notice SET slots_sealed = :x WHERE id = :id", x=b"x", id=broken)

    await planning.until(at(TOMORROW, 7))

    assert [key.split(":")[1] for key, _ in await planning.notices()] == [str(whole)]
    assert sorted(await planning.became()) == ["left", "refused"]


async def test_plans_go_after_their_last_day_with_their_history_and_their_keys(
    planning: Planning, tmp_path: Any
) -> None:
    await planning.small.family(by_sms())
    await planning.keep()
    await planning.until(at(TOMORROW, 7))
    small = planning.small
    for day in (TOMORROW + timedelta(days=365), TOMORROW + timedelta(days=366)):
        counted = await small.rows("SELECT count(*) FROM planned_notice")
        async with small.database.school(small.school.key) as session:
            here = {"school_id": small.school.key, "register": tmp_path / "erasures", "now": planning.now}
            await purge(session, small.keyring, today=day, **here)
        assert counted == [(1,)]

    assert await small.rows("SELECT id FROM planned_notice") == []
    assert await small.rows("SELECT id FROM planned_firing") == []
    assert await small.rows("SELECT id FROM data_key WHERE subject = 'plan'") == []


@pytest.mark.parametrize("who", ["pupil", "guardian"])
async def test_a_plan_for_one_family_goes_with_it_and_one_for_others_too_stays(planning: Planning, who: str) -> None:
    small = planning.small
    [odile] = await small.family(by_sms("+33639981001"), children=["Capucine"])
    await small.family(by_sms("+33639981002"), children=["Basile"])
    alone = await planning.keep(audience="pupil:1")
    both = await planning.keep(audience="pupil:1,2")
    async with small.database.school(small.school.key) as session:
        here = {"school_id": small.school.key, "register": None, "by": None, "now": NOW}
        if who == "pupil":
            await erase_pupil(session, small.keyring, pupil_id=1, **here)
        else:
            await erase_guardian(session, small.keyring, guardian_id=odile, **here)

    states = dict(await small.rows("SELECT id, state FROM planned_notice"))
    assert states == {alone: "cancelled", both: "waiting"}
    assert await planning.listed(small.director) == [both]


async def test_nothing_leaves_in_the_name_of_somebody_who_is_forgotten(planning: Planning, tmp_path: Any) -> None:
    small = planning.small
    await small.family(by_sms())
    await planning.keep(replace(WEEKLY, until=date(2027, 8, 19)))
    ended = TODAY - timedelta(days=1)
    await small.write(
        "UPDATE staff_right SET to_on = :day WHERE staff_id = :id",
        day=ended.isoformat() if small.database.dialect == "sqlite" else ended,
        id=small.teacher,
    )
    async with small.database.school(small.school.key) as session:
        here = {"school_id": small.school.key, "register": tmp_path / "erasures", "now": planning.now}
        await purge(session, small.keyring, today=ended + timedelta(days=366), **here)

    assert await small.rows("SELECT state, next_at FROM planned_notice") == [("cancelled", None)]


@pytest.mark.parametrize(("at", "refused"), [(time(19, 30), False), (time(20, 30), True)])
async def test_an_invitation_that_the_silence_would_hold_until_after_its_meeting_is_not_planned(
    database: Database, keyring: Keyring, at: time, *, refused: bool
) -> None:
    planning = Planning(await a_school(database, keyring))
    school = planning.small.school
    school.silent_from, school.silent_to = time(20), time(7)
    slots = Slots(starts_at=datetime(2026, 11, 28, 9, tzinfo=NOW.tzinfo), place="le préau")  # a Saturday
    friday = Rhythm(date(2026, 11, 27), at)
    invitation = {"kind": NoticeKind.MEETING, "audience": "school", "slots": slots, "author": planning.small.director}

    if not refused:
        await planning.keep(friday, **invitation)
        return
    with pytest.raises(InvalidError, match="en silence jusque-là"):
        await planning.keep(friday, **invitation)
    assert await planning.small.rows("SELECT id FROM planned_notice") == []
