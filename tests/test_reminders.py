"""Reminders that go by themselves: before a meeting, before a day to sign by, after silence; once, with an end."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from desks import Desk, on_one_database
from evenings import Evenings
from factories import NOW, by_mail, by_sms
from family_door import plain
from watching import Watch

from hub.agenda.eves import before_meeting, farthest
from hub.errors import NotAllowedError
from hub.holidays import open_days
from hub.models.notices import Needs
from hub.models.papers import Signature
from hub.notices.follow_up import withdraw
from hub.notices.headlines import headline
from hub.notices.publish import Draft, publish
from hub.ports import NoticeKind, Slots
from hub.reminders.going import choose_reminders, remind_of_all, reminders_to_come
from hub.reminders.moments import Asked, Why, before_due, reminders_of, unanswered_for
from scheduler.reminders import Reminders

PARIS = "Europe/Paris"
YEAR = frozenset(open_days("B", date(2026, 9, 1), date(2027, 7, 3), ()))
"""The days of class of zone B (Toussaint 17 October to 2 November; Noël 19 December to 4 January)."""
MEETS = datetime(2026, 12, 3, 17, tzinfo=UTC)
EVE = datetime(2026, 12, 2, 9, 30, tzinfo=UTC)
MEETING = Slots(subject="Réunion de classe", starts_at=MEETS, place="Salle 2")
QUESTION = Slots(text="Prenez-vous un repas froid ?", question=True)


def utc(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)  # type: ignore[arg-type, misc]  # year, month, day, hour, minute


@pytest.mark.parametrize(
    ("starts_at", "begins", "ends"),
    [
        (utc(2026, 12, 3, 17), utc(2026, 12, 2, 9), utc(2026, 12, 2, 19)),  # a Thursday: on Wednesday
        (utc(2026, 11, 30, 17), utc(2026, 11, 27, 9), utc(2026, 11, 27, 19)),  # a Monday: on Friday
        (utc(2026, 12, 1, 17), utc(2026, 11, 30, 9), utc(2026, 11, 30, 19)),  # the first of a month
        (utc(2027, 3, 29, 16), utc(2027, 3, 26, 9), utc(2027, 3, 26, 19)),  # clocks go forward on the 28th
        (utc(2026, 11, 12, 17), utc(2026, 11, 10, 9), utc(2026, 11, 10, 19)),  # the 11th is a feast: schools are silent
        (utc(2026, 11, 2, 17), utc(2026, 11, 2, 7), utc(2026, 11, 2, 15)),  # the first day after Toussaint
        (utc(2026, 11, 2, 8), utc(2026, 10, 16, 8), utc(2026, 10, 16, 18)),  # its morning: before the holidays
        (utc(2026, 12, 29, 17), utc(2026, 12, 18, 9), utc(2026, 12, 18, 19)),  # amid Noël
        (utc(2027, 8, 30, 15), utc(2027, 8, 27, 8), utc(2027, 8, 27, 18)),  # a Monday of the summer: on Friday
    ],
)
def test_of_a_meeting_one_is_reminded_on_the_eve_by_the_schools_clock(
    starts_at: datetime, begins: datetime, ends: datetime
) -> None:
    window = before_meeting(starts_at, YEAR, PARIS)

    assert (window.begins, window.ends) == (begins, ends)
    assert window.holds(begins)
    assert not window.holds(ends)


def test_no_eve_is_missed_by_whoever_looks_only_as_far_as_it_may_be_today() -> None:
    for number in range(360):
        meets = utc(2026, 9, 10, 15) + timedelta(days=number)
        window = before_meeting(meets, YEAR, PARIS)
        if window.begins.date() != meets.date():
            assert meets.date() <= farthest(window.begins.date(), YEAR)


@pytest.mark.parametrize(
    ("due_on", "begins"),
    [
        (date(2026, 12, 4), utc(2026, 12, 2, 9)),
        (date(2026, 12, 1), utc(2026, 11, 27, 9)),  # two days before is a Sunday
        (date(2026, 11, 3), utc(2026, 10, 16, 8)),  # nobody is at school in the nine days before: sooner
        (date(2027, 2, 1), utc(2027, 1, 29, 9)),
        (date(2027, 3, 30), utc(2027, 3, 26, 9)),  # clocks go forward in between
    ],
)
def test_to_sign_one_is_reminded_two_days_before_or_sooner(due_on: date, begins: datetime | None) -> None:
    window = before_due(due_on, utc(2026, 9, 1, 8), YEAR, PARIS)

    assert (window.begins if window else None) == begins
    if begins is not None:
        assert before_due(due_on, begins + timedelta(minutes=1), YEAR, PARIS) is None


@pytest.mark.parametrize(
    ("left_at", "waits", "begins"),
    [
        (utc(2026, 11, 24, 7), 2, utc(2026, 11, 26, 9)),
        (utc(2026, 11, 26, 22, 59), 2, utc(2026, 11, 30, 9)),  # a Thursday: Saturday, so Monday
        (utc(2026, 10, 15, 8), 2, utc(2026, 11, 2, 9)),  # Toussaint lies between, and the clocks go back
        (utc(2026, 11, 24, 23, 30), 2, utc(2026, 11, 27, 9)),  # half past midnight in Paris
    ],
)
def test_after_silence_one_is_asked_again_on_a_day_of_class(left_at: datetime, waits: int, begins: datetime) -> None:
    window = unanswered_for(left_at, waits, YEAR, PARIS)

    assert window is not None
    assert window.begins == begins


def test_of_a_meeting_one_is_reminded_twice_at_most_and_never_after_its_eve() -> None:
    def whys(left_at: datetime) -> set[Why]:
        return set(reminders_of(Asked(NoticeKind.MEETING, Needs.NONE, left_at, MEETS), YEAR, PARIS))

    assert whys(utc(2026, 11, 24, 8)) == {Why.EVE, Why.SILENCE}
    assert whys(utc(2026, 11, 30, 8)) == {Why.EVE}
    assert whys(utc(2026, 12, 2, 10)) == set()


def test_what_asks_for_nothing_is_not_asked_again_and_an_absence_has_its_ladder() -> None:
    ends = utc(2026, 12, 20, 8)
    assert reminders_of(Asked(NoticeKind.ANNOUNCEMENT, Needs.NONE, NOW, ends), YEAR, PARIS) == {}
    assert reminders_of(Asked(NoticeKind.ABSENCE, Needs.ONE, NOW, ends), YEAR, PARIS) == {}
    assert set(reminders_of(Asked(NoticeKind.ANNOUNCEMENT, Needs.ONE, NOW, ends), YEAR, PARIS)) == {
        Why.SILENCE,
        Why.SILENCE_AGAIN,
    }


async def invited(watch: Watch, kind: NoticeKind = NoticeKind.MEETING, needs: Needs = Needs.NONE) -> int:
    slots = MEETING if kind is NoticeKind.MEETING else replace(QUESTION, by_family=needs is Needs.ONE)
    draft = Draft(kind, "class:CP A", slots)
    async with watch.small.database.school(watch.school_id) as session:
        made = await publish(
            session,
            watch.small.keyring,
            school=watch.small.school,
            author_id=watch.small.director,
            draft=draft,
            now=NOW,
        )
    await watch.small.write("UPDATE delivery SET state = 'told'")
    return made.notice_id


async def said(watch: Watch, name: str, kind: str, notice_id: int, at: datetime = NOW) -> None:
    who = "(SELECT id FROM guardian WHERE first_name = :name)"
    await watch.small.write(
        "INSERT INTO answer (school_id, notice_id, guardian_id, kind, through, at)"  # noqa: S608 (ours)
        f" VALUES (:school, :notice, {who}, :kind, 'page', '{at.isoformat(' ')}')",
        school=watch.school_id,
        notice=notice_id,
        name=name,
        kind=kind,
    )


async def reminded(watch: Watch, now: datetime = EVE) -> list[str]:
    """Let reminders go; gives to whom, by first name, of those of this moment."""
    async with watch.small.database.school(watch.school_id) as session:
        await remind_of_all(session, watch.small.keyring, school=watch.small.school, now=now)
    rows = await watch.small.rows(
        "SELECT g.first_name FROM delivery d JOIN guardian g ON g.id = d.guardian_id"
        " JOIN notice n ON n.id = d.notice_id JOIN notice_follow f ON f.notice_id = n.id"
        " WHERE f.how = 'reminder' ORDER BY n.id, g.first_name"
    )
    return [name for (name,) in rows]


async def three(watch: Watch) -> None:
    for number, name in enumerate(("Ada", "Bob", "Eve")):
        await watch.small.family(by_sms(f"+3363998100{number}", name=name), children=[f"Enfant {name}"])


async def test_on_the_eve_who_comes_or_said_nothing_is_reminded_once_and_who_does_not_is_not(watch: Watch) -> None:
    await three(watch)
    notice_id = await invited(watch)
    await said(watch, "Ada", "yes", notice_id)
    await said(watch, "Bob", "no", notice_id)

    assert await reminded(watch, EVE - timedelta(hours=1)) == []
    assert await reminded(watch) == ["Ada", "Eve"]
    assert await reminded(watch, EVE + timedelta(hours=3)) == ["Ada", "Eve"]
    assert await watch.small.rows("SELECT count(*) FROM delivery WHERE look_at IS NOT NULL AND notice_id <> 1") == [
        (0,)
    ]


async def test_two_clocks_remind_once(watch: Watch) -> None:
    await three(watch)
    await invited(watch)

    async def once() -> int:
        async with watch.small.database.school(watch.school_id) as session:
            return await remind_of_all(session, watch.small.keyring, school=watch.small.school, now=EVE)

    assert sorted(await asyncio.gather(once(), once(), once())) == [0, 0, 1]
    assert await reminded(watch) == ["Ada", "Bob", "Eve"]


@on_one_database
async def test_a_change_of_mind_counts_and_an_answer_to_a_reminder_too(watch: Watch) -> None:
    await three(watch)
    notice_id = await invited(watch)
    monday = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
    await said(watch, "Ada", "yes", notice_id)
    assert await reminded(watch, monday) == ["Bob", "Eve"]  # after silence
    [(again,)] = await watch.small.rows("SELECT max(id) FROM notice")
    await said(watch, "Ada", "no", again, monday)
    await said(watch, "Bob", "yes", again, monday)

    assert await reminded(watch) == ["Bob", "Eve", "Bob", "Eve"]


@on_one_database
@pytest.mark.parametrize(
    "ended",
    [
        "UPDATE notice SET state = 'cancelled'",
        "UPDATE notice SET reminds = false",
        "UPDATE notice SET expires_at = '2026-12-01 08:00:00+00:00'",
        "UPDATE link SET kind = 'barred'",
        "UPDATE delivery SET state = 'to_call'",
    ],
)
async def test_a_reminder_ends_with_what_it_is_about(watch: Watch, ended: str) -> None:
    await three(watch)
    await invited(watch)

    await watch.small.write(ended)

    assert await reminded(watch) == []
    assert await watch.small.rows("SELECT count(*) FROM notice") == [(1,)]


@on_one_database
async def test_a_meeting_that_was_withdrawn_takes_its_reminder_back(watch: Watch) -> None:
    await three(watch)
    notice_id = await invited(watch)
    assert await reminded(watch) == ["Ada", "Bob", "Eve"]
    reader = await watch.reader(watch.small.director)
    async with watch.small.database.school(watch.school_id) as session:
        which = {"school_id": watch.school_id, "notice_id": notice_id, "reader": reader}
        seen = await headline(session, watch.small.keyring, **which)  # type: ignore[arg-type]
        await withdraw(
            session,
            watch.small.keyring,
            school=watch.small.school,
            seen=seen,
            reader=reader,
            tell_them=False,
            key="back",
            now=EVE,
        )

    states = "SELECT DISTINCT n.state FROM notice n JOIN delivery d ON d.notice_id = n.id"
    assert await watch.small.rows(states) == [("cancelled",)]


@pytest.mark.parametrize(("needs", "asked"), [(Needs.ONE, []), (Needs.BOTH, ["Bob"])])
async def test_after_silence_one_is_asked_again_unless_anothers_answer_is_enough(
    watch: Watch, needs: Needs, asked: list[str]
) -> None:
    await watch.small.family(by_sms("+33639981001", name="Ada"), by_mail(name="Bob"))
    notice_id = await invited(watch, NoticeKind.ANNOUNCEMENT, needs)
    await said(watch, "Ada", "yes", notice_id)

    assert await reminded(watch, datetime(2026, 11, 26, 9, 30, tzinfo=UTC)) == asked
    assert await reminded(watch, datetime(2026, 11, 27, 9, 30, tzinfo=UTC)) == asked
    assert await reminded(watch, datetime(2026, 11, 30, 9, 30, tzinfo=UTC)) == asked * 2
    assert await reminded(watch, datetime(2026, 12, 2, 9, 30, tzinfo=UTC)) == asked * 2


@on_one_database
async def test_who_has_only_read_a_question_is_asked_again(watch: Watch) -> None:
    await watch.small.family(by_sms("+33639981001", name="Ada"), by_mail(name="Bob"))
    notice_id = await invited(watch, NoticeKind.ANNOUNCEMENT, Needs.BOTH)
    await said(watch, "Ada", "acknowledged", notice_id)
    await said(watch, "Bob", "no", notice_id)
    await watch.small.write("UPDATE delivery SET state = 'acknowledged'")

    assert await reminded(watch, datetime(2026, 11, 26, 9, 30, tzinfo=UTC)) == ["Ada"]


@on_one_database
async def test_who_has_not_signed_is_reminded_once_and_never_after_the_day(watch: Watch) -> None:
    day = Evenings(watch.small)
    await watch.small.family(by_sms("+33639981001", name="Ada"), children=["Lina"])
    await watch.small.family(by_sms("+33639981002", name="Bob"), children=["Sami"])
    document = await day.document(needs=Needs.ONE, due_on=date(2026, 12, 4))
    signer, pupil = (await watch.small.rows("SELECT guardian_id, pupil_id FROM link ORDER BY id"))[0]
    signed = {"document_id": document, "pupil_id": pupil, "guardian_id": signer, "at": NOW, "through": "page"}
    await day.kept(Signature(school_id=watch.school_id, **signed))

    async def told(now: datetime) -> list[Any]:
        async with watch.small.database.school(watch.school_id) as session:
            await remind_of_all(session, watch.small.keyring, school=watch.small.school, now=now)
        return [name for name, _ in await day.said(NoticeKind.DOCUMENT)]

    assert await told(EVE - timedelta(days=1)) == []
    assert await told(EVE) == ["Bob"]
    assert await told(EVE + timedelta(hours=2)) == ["Bob"]
    assert await told(EVE + timedelta(days=4)) == ["Bob"]


@on_one_database
@pytest.mark.parametrize(
    "ended",
    ["UPDATE document SET withdrawn_at = '2026-11-25 12:00:00+00:00'", "UPDATE document SET reminds = false",
     "UPDATE link SET kind = 'barred'"],
)  # fmt: skip
async def test_what_was_taken_back_or_switched_off_is_not_asked_for(watch: Watch, ended: str) -> None:
    day = Evenings(watch.small)
    await watch.small.family(by_sms(name="Ada"))
    await day.document(needs=Needs.BOTH, due_on=date(2026, 12, 4))
    await watch.small.write(ended)

    async with watch.small.database.school(watch.school_id) as session:
        assert await remind_of_all(session, watch.small.keyring, school=watch.small.school, now=EVE) == 0


async def test_the_clock_of_the_house_reminds_and_leaves_it_to_one(watch: Watch) -> None:
    await three(watch)
    await invited(watch)
    reminders = Reminders(watch.small.database, watch.small.keyring)

    assert await reminders.look() == 0
    watch.small.database._clock = lambda: EVE
    assert sum(await asyncio.gather(reminders.look(), reminders.look())) == 1
    assert await reminders.look() == 0


@on_one_database
async def test_a_stranger_switches_no_reminder_off(watch: Watch) -> None:
    await three(watch)
    notice_id = await invited(watch)
    async with watch.small.database.school(watch.school_id) as session:
        which = {"school_id": watch.school_id, "notice_id": notice_id}
        director = await watch.reader(watch.small.director)
        seen = await headline(session, watch.small.keyring, **which, reader=director)
        teacher = await watch.reader(watch.small.teacher)
        with pytest.raises(NotAllowedError):
            await choose_reminders(session, school_id=watch.school_id, seen=seen, reader=teacher, goes=False, now=NOW)
        found = await reminders_to_come(session, school=watch.small.school, notice_id=notice_id, now=NOW)

    assert found == (True, ((Why.SILENCE, utc(2026, 11, 27, 9)), (Why.EVE, utc(2026, 12, 2, 9))))


@on_one_database
async def test_the_board_says_when_a_reminder_goes_and_switches_it_off(desk: Desk) -> None:
    await desk.small.family(by_sms(name="Ada"))
    notice_id = await invited(Watch(desk.small))
    await desk.enter()

    board = plain((await desk.web.get(f"/suivi/{notice_id}")).text)
    assert "Des rappels partent tout seuls" in board
    assert "mercredi 2 décembre, à qui vient ou n’a rien dit" in board

    pressed = await desk.post(f"/suivi/{notice_id}/rappels", rappels="non")
    assert pressed.status_code == 303
    assert "Aucun rappel ne part" in plain((await desk.web.get(f"/suivi/{notice_id}")).text)
    assert await reminded(Watch(desk.small)) == []
