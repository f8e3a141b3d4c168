"""Which days are days of class: holidays of the zone, public holidays, and what a school sets against them."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from desks import on_one_database
from factories import NOW, TODAY, SmallSchool, a_school, by_sms
from vacances_scolaires_france import SchoolHolidayDates

from hub.agenda.checking import EventDraft
from hub.agenda.events import cancel, note
from hub.agenda.feeds import Feed, find_feed, make_feed
from hub.agenda.reading import for_family, for_staff, own_classes, year_ends
from hub.agenda.school_days import is_school_day, next_school_days, school_days
from hub.database import Database
from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.holidays import KNOWN_UNTIL, Override, easter, holidays, is_open, public_holidays
from hub.models.agenda import EventKind
from hub.notices.follow_up import correct
from hub.notices.headlines import Reader, headline
from hub.notices.publish import Draft, publish
from hub.people.rights import rights_on
from hub.ports import NoticeKind, Slots
from hub.sealing import Keyring

ASCENSION = date(2027, 5, 6)
SATURDAY = date(2026, 12, 5)
WINTER = (date(2027, 2, 20), date(2027, 3, 7))


async def reader_of(small: SmallSchool, staff_id: int) -> Reader:
    async with small.database.reading(small.school.key) as session:
        rights = await rights_on(session, school_id=small.school.key, staff_id=staff_id, day=TODAY)
    return Reader(staff_id, rights, TODAY)


def an_event(title: str = "Kermesse", day: date = SATURDAY, **more: object) -> EventDraft:
    kind = more.pop("kind", EventKind.EVENT)
    return EventDraft(kind=kind, title=title, first=day, last=more.pop("last", day), **more)  # type: ignore[arg-type]  # as given


async def noted(small: SmallSchool, draft: EventDraft, *, by: int | None = None, key: str = "") -> int:
    async with small.database.school(small.school.key) as session:
        kept = await note(
            session,
            small.keyring,
            school=small.school,
            reader=await reader_of(small, by or small.director),
            draft=draft,
            key=key or draft.title,
            now=NOW,
        )
    return kept.event_id


@pytest.mark.parametrize(
    ("year", "day"),
    [(1818, (3, 22)), (1943, (4, 25)), (2000, (4, 23)), (2026, (4, 5)), (2027, (3, 28)), (2038, (4, 25))],
)
def test_easter_falls_where_the_almanac_has_it(year: int, day: tuple[int, int]) -> None:
    assert easter(year) == date(year, *day)


def test_a_year_has_eleven_public_holidays() -> None:
    days = {holiday.name: holiday.first for holiday in public_holidays(2027)}

    assert len(days) == 11
    assert (days["Lundi de Pâques"], days["Ascension"]) == (date(2027, 3, 29), ASCENSION)
    assert (days["Lundi de Pentecôte"], days["Noël"]) == (date(2027, 5, 17), date(2027, 12, 25))


def test_each_zone_has_its_own_winter() -> None:
    winters = {
        zone: [(one.first, one.last) for one in holidays(zone, date(2027, 2, 1), date(2027, 3, 15))] for zone in "ABC"
    }

    assert winters == {
        "A": [(date(2027, 2, 13), date(2027, 2, 28))],
        "B": [WINTER],
        "C": [(date(2027, 2, 6), date(2027, 2, 21))],
    }


def test_a_public_holiday_within_a_vacation_is_not_told_apart() -> None:
    names = [one.name for one in holidays("B", date(2026, 12, 1), date(2027, 1, 31))]

    assert names == ["Vacances de Noël"]


def test_what_is_not_published_is_not_guessed() -> None:
    published = SchoolHolidayDates()

    assert max(published.data) == KNOWN_UNTIL
    assert [one.name for one in holidays("B", date(2028, 9, 1), date(2028, 12, 31))] == [
        "Toussaint",
        "Armistice de 1918",
        "Noël",
    ]
    assert holidays("Corse", date(2027, 2, 1), date(2027, 3, 15)) == []


def test_what_is_said_of_one_class_counts_more_and_what_was_said_last_more_than_before() -> None:
    closed, opened = Override(SATURDAY, SATURDAY, open=False), Override(SATURDAY, SATURDAY, open=True)
    away = Override(SATURDAY, SATURDAY, open=False, class_id=7)

    assert [is_open(SATURDAY, "B", said) for said in ((), (opened,), (opened, closed), (closed, opened))] == [
        False,
        True,
        False,
        True,
    ]
    assert not is_open(SATURDAY, "B", (away, opened))


async def test_a_school_sets_its_days_against_the_holidays(database: Database, keyring: Keyring) -> None:
    small = await a_school(database, keyring)
    friday = date(2026, 12, 4)
    opened = await noted(small, an_event("Samedi de classe", kind=EventKind.OPEN))
    await noted(small, an_event("Formation", friday, kind=EventKind.CLOSED))
    await noted(
        small, an_event("Classe de mer", date(2026, 12, 3), kind=EventKind.CLOSED, class_id=small.classes["CP A"])
    )

    async with database.school(small.school.key) as session:
        here = session, small.school
        assert await is_school_day(*here, SATURDAY)
        assert not await is_school_day(*here, friday)
        assert await school_days(*here, date(2026, 12, 1), SATURDAY) == (
            date(2026, 12, 1), date(2026, 12, 2), date(2026, 12, 3), SATURDAY,
        )  # fmt: skip
        assert not await is_school_day(*here, date(2026, 12, 3), class_id=small.classes["CP A"])
        assert list(await next_school_days(*here, date(2026, 12, 17), 3)) == [
            date(2026, 12, 18), date(2027, 1, 4), date(2027, 1, 5),
        ]  # fmt: skip
        await cancel(
            session, school_id=small.school.key, reader=await reader_of(small, small.director), event_id=opened, now=NOW
        )
        assert not await is_school_day(*here, SATURDAY)


@on_one_database
@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (an_event(""), "title"),
        (an_event("a" * 151), "title"),
        (an_event(place="b" * 151), "place"),
        (an_event(text="c" * 4001), "text"),
        (an_event(day=date(2062, 1, 1)), "first"),
        (an_event(day=date(2006, 1, 1)), "first"),
        (an_event(last=date(2026, 12, 4)), "last"),
        (an_event(last=date(2027, 12, 4)), "last"),
        (an_event(ends=time(10)), "starts"),
        (an_event(starts=time(10), ends=time(9)), "ends"),
        (an_event(starts=time(10), kind=EventKind.CLOSED), "starts"),
        (an_event(class_id=10**12), ""),
    ],
)
async def test_what_could_not_stand_on_a_calendar_is_refused(
    database: Database, keyring: Keyring, draft: EventDraft, field: str
) -> None:
    small = await a_school(database, keyring)

    with pytest.raises((InvalidError, NotFoundError)) as refused:
        await noted(small, draft)

    assert getattr(refused.value, "field", "") == field
    assert await small.rows("SELECT id FROM event") == []


async def test_a_teacher_notes_for_his_class_and_never_says_when_there_is_class(
    database: Database, keyring: Keyring
) -> None:
    small = await a_school(database, keyring)
    mine, theirs = small.classes["CP A"], small.classes["CE1 B"]

    await noted(small, an_event(class_id=mine), by=small.teacher)

    for draft in (an_event(class_id=theirs), an_event(), an_event(class_id=mine, kind=EventKind.CLOSED)):
        with pytest.raises(NotAllowedError):
            await noted(small, draft, by=small.teacher, key="other")
    assert await small.rows("SELECT class_id FROM event") == [(mine,)]


async def test_pressed_twice_it_stands_once_and_its_words_are_sealed(database: Database, keyring: Keyring) -> None:
    small = await a_school(database, keyring)
    draft = an_event("Kermesse", text="Chacun apporte un gâteau.", place="Cour du bas")

    assert await noted(small, draft) == await noted(small, draft)

    rows = await small.rows("SELECT title_sealed, text_sealed, place_sealed FROM event")
    assert len(rows) == 1
    assert not any(word in bytes(sealed) for sealed in rows[0] for word in (b"Kermesse", b"gateau", b"Cour"))


async def test_what_is_noted_and_pressed_reads_alike_on_both_databases(database: Database, keyring: Keyring) -> None:
    small = await a_school(database, keyring)
    (guardian,) = await small.family(by_sms())
    school, day = small.school, date(2026, 11, 27)
    await noted(small, an_event("Sortie", day, starts=time(9), class_id=small.classes["CP A"]))
    reader = await reader_of(small, small.director)
    async with database.school(school.key) as session:
        slots = Slots(subject="Rentrée", starts_at=NOW + timedelta(days=3))
        draft = Draft(NoticeKind.MEETING, "class:CP A", slots)
        done = await publish(session, keyring, school=school, author_id=small.director, draft=draft, now=NOW)
        code = await make_feed(session, keyring, school_id=school.key, guardian_id=guardian, now=NOW)
    async with database.school(school.key) as session:
        seen = await headline(session, keyring, school_id=school.key, notice_id=done.notice_id, reader=reader)
        moved = replace(slots, place="Préau")
        await correct(session, keyring, school=school, seen=seen, reader=reader, slots=moved, key="c", now=NOW)

    async with database.reading(school.key) as session:
        days = {"first": day, "last": day}
        classes = await own_classes(session, school_id=school.key, reader=reader)
        theirs = await for_staff(session, keyring, school=school, reader=reader, classes=classes, **days)
        mine = await for_family(
            session, keyring, school_id=school.key, timezone=school.timezone, guardians=[guardian],
            classes=[small.classes["CP A"]], now=NOW, **days,
        )  # fmt: skip
        assert await year_ends(session, school_id=school.key, day=TODAY) == date(2027, 8, 19)
    feed = await find_feed(database, keyring, code)

    assert [[(one.title, one.place) for one in every] for every in (theirs, mine)] == [
        [("Rentrée", "Préau"), ("Sortie", "")]
    ] * 2
    assert [one.sequence for one in mine] == [1, 0]
    assert feed == Feed(school.key, guardian, "fr")
    assert await find_feed(database, keyring, "a" * 22) is None
