"""After the press: a minute to stop, a second person, corrections, withdrawals, reminders, and the alarm."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from factories import NOW, TODAY, Adult, by_mail, by_sms
from watching import Watch

from hub.errors import InvalidError, NotAllowedError
from hub.models.school import ClassGroup, Role, SchoolYear, StaffRight
from hub.notices.follow_up import correct, release, remind, withdraw
from hub.notices.headlines import Headline, Reader, headline
from hub.notices.lately import last_crisis, said_lately
from hub.notices.publish import Draft, Published, publish
from hub.ports import ChannelName, Follows, HalfDay, NoticeKind, Slots

OWN = Slots(text="Ecole fermee.")
CLOSED = Slots(phrase="closed", day=TODAY, half_day=HalfDay.MORNING)
LATER = NOW + timedelta(seconds=10)


async def pressed(watch: Watch, slots: Slots = OWN, **more: Any) -> Published:
    kind, audience = more.pop("kind", NoticeKind.URGENT), more.pop("audience", "school")
    author, now = more.pop("author", watch.small.director), more.pop("now", NOW)
    async with watch.small.database.school(watch.school_id) as session:
        return await publish(
            session,
            watch.small.keyring,
            school=watch.small.school,
            author_id=author,
            draft=Draft(kind, audience, slots, **more),
            now=now,
        )


async def seen(watch: Watch, notice_id: int, reader: Reader) -> Headline:
    async with watch.small.database.reading(watch.school_id) as session:
        return await headline(
            session, watch.small.keyring, school_id=watch.school_id, notice_id=notice_id, reader=reader
        )


async def ask(watch: Watch, act: Any, notice_id: int, by: int, **more: Any) -> Any:
    reader = await watch.reader(by)
    found = await seen(watch, notice_id, reader)
    async with watch.small.database.school(watch.school_id) as session:
        if act is release:
            return await release(session, school_id=watch.school_id, seen=found, reader=reader, now=LATER)
        more.setdefault("key", "after")
        return await act(
            session, watch.small.keyring, school=watch.small.school, seen=found, reader=reader, now=LATER, **more
        )


async def test_own_words_to_the_whole_school_wait_a_minute(watch: Watch) -> None:
    await watch.small.family(by_sms())

    made = await pressed(watch)

    assert made.due_at == NOW + timedelta(seconds=60)
    assert await watch.small.rows("SELECT count(*) FROM attempt WHERE look_at > due_at OR state <> 'ready'") == [(0,)]


@pytest.mark.parametrize(
    ("slots", "more"),
    [
        (OWN, {"audience": "class:CP A"}),
        (CLOSED, {}),
        (Slots(starts_at=NOW + timedelta(days=2)), {"kind": NoticeKind.MEETING}),
        (Slots(phrase="sheltered"), {"kind": NoticeKind.CRISIS}),
    ],
)
async def test_a_class_and_ready_words_wait_for_nobody(watch: Watch, slots: Slots, more: dict[str, Any]) -> None:
    await watch.small.family(by_sms())

    assert (await pressed(watch, slots, **more)).due_at == NOW


async def test_with_a_second_person_it_leaves_at_once(watch: Watch) -> None:
    await watch.small.family(by_sms())

    assert (await pressed(watch, seconded_by=watch.small.office)).due_at == NOW


async def test_the_second_person_is_another_one_with_the_same_right(watch: Watch) -> None:
    await watch.small.family(by_sms())

    for second in (watch.small.director, watch.small.teacher):
        with pytest.raises(NotAllowedError, match="seconde personne"):
            await pressed(watch, seconded_by=second)
    assert await watch.small.rows("SELECT count(*) FROM notice") == [(0,)]


async def test_what_waits_for_the_end_of_the_silence_is_nobodys_to_let_go(watch: Watch) -> None:
    await watch.small.family(by_sms())
    watch.small.school.silent_from, watch.small.school.silent_to = time(18, 30), time(8)  # it is a quarter past seven
    made = await pressed(watch, kind=NoticeKind.ANNOUNCEMENT)
    assert made.due_at == NOW.replace(hour=7, minute=0)

    with pytest.raises(NotAllowedError):
        await ask(watch, release, made.notice_id, watch.small.office)
    assert await watch.small.rows("SELECT count(*) FROM attempt WHERE state <> 'ready'") == [(0,)]


async def test_a_second_person_lets_a_held_notice_go(watch: Watch) -> None:
    await watch.small.family(by_sms())
    made = await pressed(watch)

    for stranger in (watch.small.director, watch.small.teacher):
        with pytest.raises(NotAllowedError):
            await ask(watch, release, made.notice_id, stranger)
    await ask(watch, release, made.notice_id, watch.small.office)

    due, look = (await watch.small.rows("SELECT notice.due_at, attempt.look_at FROM notice, attempt"))[0]
    assert str(due) == str(look)
    assert str(due).startswith("2026-11-24 06:12:10")
    assert await watch.small.rows("SELECT act, staff_id FROM audit WHERE subject = 'notice'") == [
        ("notice_released", watch.small.office)
    ]
    with pytest.raises(NotAllowedError):
        await ask(watch, release, made.notice_id, watch.small.office)


async def test_a_correction_stops_the_first_and_reaches_all_whom_it_was_for(watch: Watch) -> None:
    await watch.small.family(by_sms(), by_mail())
    first = await watch.press(text="Piscine mardi.", kind=NoticeKind.ANNOUNCEMENT, audience="class:CP A")

    made = await ask(watch, correct, first, watch.small.director, slots=Slots(text="Piscine jeudi."))

    assert (made.adults, made.fresh) == (2, True)
    assert await watch.small.rows("SELECT id, state FROM notice ORDER BY id") == [
        (first, "cancelled"),
        (made.notice_id, "published"),
    ]
    assert await watch.small.rows("SELECT notice_id, before_id, how FROM notice_follow") == [
        (made.notice_id, first, "correction")
    ]
    found = await seen(watch, made.notice_id, await watch.reader(watch.small.director))
    assert (found.slots.follows, found.slots.text) == (Follows.CORRECTION, "Piscine jeudi.")


async def test_a_correction_that_changes_nothing_or_is_not_ones_own_is_refused(watch: Watch) -> None:
    await watch.small.family(by_sms())
    first = await watch.press(text="Piscine mardi.", kind=NoticeKind.ANNOUNCEMENT, audience="class:CP A")

    with pytest.raises(InvalidError, match="Rien n’a changé"):
        await ask(watch, correct, first, watch.small.director, slots=Slots(text="Piscine mardi."))
    with pytest.raises(NotAllowedError, match="son auteur"):
        await ask(watch, correct, first, watch.small.teacher, slots=Slots(text="Piscine jeudi."))
    assert await watch.small.rows("SELECT state FROM notice") == [("published",)]


async def test_correcting_twice_with_one_key_is_one_correction(watch: Watch) -> None:
    await watch.small.family(by_sms())
    first = await watch.press(audience="class:CP A")

    one = await ask(watch, correct, first, watch.small.director, slots=Slots(text="Ecole ouverte."))
    again = await ask(watch, correct, first, watch.small.director, slots=Slots(text="Ecole ouverte."))

    assert (again.notice_id, again.fresh) == (one.notice_id, False)
    assert await watch.small.rows("SELECT count(*) FROM notice_follow") == [(1,)]


async def test_only_those_to_whom_something_left_are_told_that_it_does_not_count(watch: Watch) -> None:
    told, _ = await watch.small.family(by_sms("+33639981001", name="Ada"), by_sms("+33639981002", name="Bob"))
    first = await watch.press()
    await watch.small.write("UPDATE delivery SET state = 'told' WHERE guardian_id = :id", id=told)

    made = await ask(watch, withdraw, first, watch.small.director, tell_them=True)

    assert made is not None
    assert await watch.small.rows(
        "SELECT guardian_id, state FROM delivery WHERE notice_id = :id", id=made.notice_id
    ) == [(told, "on_the_way")]
    assert await watch.small.rows(
        "SELECT state FROM delivery WHERE notice_id = :id ORDER BY guardian_id", id=first
    ) == [
        ("told",),
        ("cancelled",),
    ]


async def test_a_notice_can_be_withdrawn_without_a_word(watch: Watch) -> None:
    await watch.small.family(by_sms())
    first = await watch.press()

    assert await ask(watch, withdraw, first, watch.small.director, tell_them=False) is None
    assert await watch.small.rows("SELECT state FROM notice") == [("cancelled",)]


async def test_a_reminder_goes_to_those_who_have_not_answered_and_to_nobody_else(watch: Watch) -> None:
    ada, bob, cyd, _ = await watch.small.family(
        by_sms("+33639981001", name="Ada"),
        by_sms("+33639981002", name="Bob"),
        by_sms("+33639981003", name="Cyd"),
        Adult(name="Dan"),
    )
    first = await watch.press(kind=NoticeKind.ANNOUNCEMENT, audience="class:CP A")
    await watch.small.write("UPDATE delivery SET state = 'acknowledged' WHERE guardian_id = :id", id=ada)
    await watch.small.write("UPDATE delivery SET state = 'told' WHERE guardian_id = :id", id=bob)

    made = await ask(watch, remind, first, watch.small.director)

    assert await watch.small.rows(
        "SELECT guardian_id FROM delivery WHERE notice_id = :id ORDER BY guardian_id", id=made.notice_id
    ) == [(bob,), (cyd,)]
    assert await watch.small.rows("SELECT count(*) FROM call_task WHERE done_at IS NULL") == [(1,)], "Dan, called once"


@pytest.mark.parametrize("act", [correct, withdraw])
async def test_what_is_put_right_or_taken_back_is_not_reminded_of_any_more(watch: Watch, act: Any) -> None:
    await watch.small.family(by_sms())
    first = await watch.press()
    reminder = await ask(watch, remind, first, watch.small.director, key="one")
    again = await ask(watch, remind, reminder.notice_id, watch.small.director, key="two")

    more = {"slots": Slots(text="Ecole ouverte.")} if act is correct else {"tell_them": True}
    made = await ask(watch, act, first, watch.small.director, **more)

    ended = [first, reminder.notice_id, again.notice_id]
    assert await watch.small.rows("SELECT id FROM notice WHERE state = 'cancelled' ORDER BY id") == [
        (number,) for number in ended
    ]
    assert await watch.small.rows("SELECT DISTINCT notice_id FROM delivery WHERE state != 'cancelled'") == (
        [(made.notice_id,)] if act is correct else []
    )


async def test_whom_only_the_reminder_reached_is_told_too_and_nobody_twice(watch: Watch) -> None:
    ada, bob, cyd = await watch.small.family(
        by_sms("+33639981001", name="Ada"), by_sms("+33639981002", name="Bob"), by_sms("+33639981003", name="Cyd")
    )
    first = await watch.press()
    reminder = await ask(watch, remind, first, watch.small.director)
    has_it = "UPDATE delivery SET state = 'told' WHERE guardian_id = :adult AND notice_id = :notice"
    for adult, notice in ((ada, first), (bob, reminder.notice_id), (ada, reminder.notice_id)):
        await watch.small.write(has_it, adult=adult, notice=notice)

    made = await ask(watch, withdraw, first, watch.small.director, tell_them=True, key="back")

    told = "SELECT guardian_id FROM delivery WHERE notice_id = :id ORDER BY guardian_id"
    assert await watch.small.rows(told, id=made.notice_id) == [(ada,), (bob,)], f"{cyd} knew nothing of it"


async def test_where_all_have_answered_nobody_is_reminded(watch: Watch) -> None:
    await watch.small.family(by_sms())
    first = await watch.press()
    await watch.small.write("UPDATE delivery SET state = 'acknowledged'")

    with pytest.raises(InvalidError, match="déjà répondu"):
        await ask(watch, remind, first, watch.small.director)
    assert await watch.small.rows("SELECT count(*) FROM notice") == [(1,)]


async def test_the_same_words_to_the_same_people_within_a_day_are_found(watch: Watch) -> None:
    await watch.small.family(by_sms())
    first = await watch.press(text="Piscine  mardi.", audience="class:CP A,CE1 B", kind=NoticeKind.ANNOUNCEMENT)

    async def found(text: str, audience: str, now: Any = LATER) -> int | None:
        async with watch.small.database.reading(watch.school_id) as session:
            lately = await said_lately(
                session,
                watch.small.keyring,
                school_id=watch.school_id,
                kind=NoticeKind.ANNOUNCEMENT,
                audience=audience,
                slots=Slots(text=text),
                now=now,
            )
        return lately.notice_id if lately else None

    assert await found("piscine mardi.", "class:CE1 B,CP A") == first
    assert await found("Piscine jeudi.", "class:CE1 B,CP A") is None
    assert await found("Piscine mardi.", "class:CP A") is None
    assert await found("Piscine mardi.", "class:CE1 B,CP A", NOW + timedelta(days=1, seconds=1)) is None


SHELTERED, OVER = Slots(phrase="sheltered"), Slots(phrase="over")


async def test_an_alarm_takes_every_way_at_once_and_makes_no_call(watch: Watch) -> None:
    ways = ((ChannelName.SMS, "+33639981001"), (ChannelName.EMAIL, "ada@familles.test"))
    await watch.small.family(Adult(name="Ada", reached_by=ways), Adult(name="Bob"))

    made = await pressed(watch, SHELTERED, kind=NoticeKind.CRISIS)

    assert (made.adults, made.copies) == (2, 2)
    assert await watch.small.rows("SELECT channel FROM copy ORDER BY channel") == [("email",), ("sms",)]
    assert await watch.small.rows("SELECT count(*) FROM call_task") == [(0,)]
    assert await watch.left() == ()


async def test_each_alarm_takes_the_place_of_the_one_before(watch: Watch) -> None:
    await watch.small.family(by_sms())
    first = await pressed(watch, SHELTERED, kind=NoticeKind.CRISIS)
    second = await pressed(watch, OVER, kind=NoticeKind.CRISIS, now=LATER)

    assert await watch.small.rows("SELECT state FROM notice ORDER BY id") == [("cancelled",), ("published",)]
    assert await watch.small.rows("SELECT before_id, how FROM notice_follow") == [(first.notice_id, "update")]
    async with watch.small.database.reading(watch.school_id) as session:
        stands = await last_crisis(session, watch.small.keyring, school_id=watch.school_id, now=LATER)
    assert stands is not None
    assert stands.notice_id == second.notice_id


async def test_only_the_direction_the_office_and_a_deputy_sound_the_alarm(watch: Watch) -> None:
    await watch.small.family(by_sms())
    async with watch.small.database.school(watch.school_id) as session:
        session.add(StaffRight(school_id=watch.school_id, staff_id=watch.small.office, role=Role.DEPUTY, from_on=TODAY))
    await watch.small.write("DELETE FROM staff_right WHERE role = 'office'")

    with pytest.raises(NotAllowedError, match="alerte"):
        await pressed(watch, SHELTERED, kind=NoticeKind.CRISIS, author=watch.small.teacher)
    with pytest.raises(InvalidError, match="toute l’école"):
        await pressed(watch, SHELTERED, kind=NoticeKind.CRISIS, audience="class:CP A")
    deputy = await pressed(watch, SHELTERED, kind=NoticeKind.CRISIS, author=watch.small.office)
    assert deputy.fresh
    with pytest.raises(NotAllowedError):
        await pressed(watch, CLOSED, author=watch.small.office, key="other")
    reader = await watch.reader(watch.small.office)
    assert (await seen(watch, deputy.notice_id, reader)).slots == SHELTERED


async def test_a_class_of_next_year_can_be_written_to_before_it_begins(watch: Watch) -> None:
    (adult,) = await watch.small.family(by_sms())
    async with watch.small.database.school(watch.school_id) as session:
        year = SchoolYear(
            school_id=watch.school_id, label="2027-2028", starts_on=date(2027, 8, 20), ends_on=date(2028, 8, 19)
        )
        session.add(year)
        await session.flush()
        group = ClassGroup(school_id=watch.school_id, year_id=year.key, label="CE1 A")
        session.add(group)
        await session.flush()
        group_id = group.key
    await watch.small.write(
        "INSERT INTO enrolment (school_id, pupil_id, class_id, from_on) SELECT school_id, id, :group, :day FROM pupil",
        group=group_id,
        day=date(2027, 9, 1) if watch.small.database.dialect == "postgresql" else "2027-09-01",
    )

    made = await pressed(watch, audience="class:CE1 A@2027-2028")

    assert await watch.small.rows("SELECT guardian_id FROM delivery WHERE notice_id = :id", id=made.notice_id) == [
        (adult,)
    ]
    with pytest.raises(InvalidError, match="CE1 A"):
        await pressed(watch, audience="class:CE1 A", key="other")
    with pytest.raises(NotAllowedError):
        await pressed(watch, audience="class:CE1 A@2027-2028", key="third", author=watch.small.teacher)


async def test_class_by_class_the_whole_school_waits_too(watch: Watch) -> None:
    await watch.small.family(by_sms("+33639981001"))
    await watch.small.family(by_sms("+33639981002"), children=["Sami"], class_label="CE1 B")

    every = await pressed(watch, audience="class:CP A,CE1 B")
    one = await pressed(watch, audience="class:CP A", key="one")

    assert every.due_at == NOW + timedelta(seconds=60)
    assert one.due_at == NOW
