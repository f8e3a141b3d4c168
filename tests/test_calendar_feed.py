"""The calendar at a secret address: what a family's own calendar reads there, and when it ends."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import httpx
import pytest_asyncio
from desks import Desk, on_one_database
from factories import NOW, a_school, by_sms
from icalendar import Calendar, Component
from test_agenda import AT_SIX, FRIDAY, followed, invited
from test_agenda_days import an_event, noted, reader_of
from test_reach import questions

from hub.agenda.events import cancel, change
from hub.agenda.feeds import end_feeds, make_feed
from hub.models.agenda import EventKind
from hub.replies.wrong_numbers import wrong_number
from web.family_door import MOST_GUESSES

pytestmark = on_one_database


@dataclass
class Followed:
    """A calendar program that follows the address of one guardian."""

    desk: Desk
    guardian: int
    code: str

    async def ask(self, code: str = "", **headers: str) -> httpx.Response:
        return await self.desk.web.get(f"/agenda/{code or self.code}.ics", headers=headers)

    async def read(self) -> dict[str, Component]:
        """Read what is there, by title."""
        parsed = Calendar.from_ical((await self.ask()).content)
        assert isinstance(parsed, Calendar)
        return {str(one["summary"]): one for one in parsed.events}


@pytest_asyncio.fixture
async def odile(desk: Desk) -> AsyncIterator[Followed]:
    """Odile's calendar: her child is in CP A."""
    (guardian,) = await desk.small.family(by_sms())
    yield Followed(desk, guardian, await an_address(desk, guardian))


async def an_address(desk: Desk, guardian: int) -> str:
    small = desk.small
    async with small.database.school(small.school.key) as session:
        return await make_feed(session, small.keyring, school_id=small.school.key, guardian_id=guardian, now=NOW)


async def changed(desk: Desk, event_id: int, **draft: Any) -> None:
    small = desk.small
    async with small.database.school(small.school.key) as session:
        await change(
            session,
            small.keyring,
            school=small.school,
            reader=await reader_of(small, small.director),
            event_id=event_id,
            draft=an_event(**draft),
            now=NOW + timedelta(hours=1),
        )


async def test_it_parses_back_with_what_the_child_is_concerned_by(odile: Followed) -> None:
    small = odile.desk.small
    mine, theirs = small.classes["CP A"], small.classes["CE1 B"]
    long = "Un pique-nique, des bottes, un ciré ; et de la bonne humeur, car il pleut souvent là-bas.\nDépart à 8 h 45."
    await noted(
        small,
        an_event(
            "Sortie, au musée", FRIDAY, starts=time(9), ends=time(11, 30), place="Batellerie", text=long, class_id=mine
        ),
    )
    await noted(small, an_event("Piscine", FRIDAY, class_id=theirs))
    await noted(small, an_event("Kermesse", date(2027, 6, 19), last=date(2027, 6, 20)))
    gue = await a_school(small.database, small.keyring, slug="gue")
    await noted(gue, an_event("Carnaval", FRIDAY))

    answer = await odile.ask()
    found = await odile.read()

    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
    assert not {"Piscine", "Carnaval"} & set(found)
    trip, fair, winter = found["Sortie, au musée"], found["Kermesse"], found["Vacances d'hiver"]
    assert (trip.decoded("dtstart"), trip.decoded("dtend")) == (
        datetime(2026, 11, 27, 8, tzinfo=UTC),
        datetime(2026, 11, 27, 10, 30, tzinfo=UTC),
    )
    assert (str(trip["location"]), str(trip["description"]), int(trip["sequence"])) == ("Batellerie", long, 0)
    assert (fair.decoded("dtstart"), fair.decoded("dtend")) == (date(2027, 6, 19), date(2027, 6, 21))
    assert (winter.decoded("dtstart"), winter.decoded("dtend")) == (date(2027, 2, 20), date(2027, 3, 8))
    assert (str(winter["transp"]), str(trip["transp"])) == ("TRANSPARENT", "OPAQUE")
    assert b"X-WR-CALNAME:\xc3\x89cole des Trois-Ponts" in answer.content
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT4H" in answer.content
    assert not re.search("Capucine|Exemple|Odile", answer.text)


async def test_a_change_and_a_cancellation_arrive_counted_up(odile: Followed) -> None:
    event_id = await noted(odile.desk.small, an_event("Kermesse", FRIDAY))
    before = (await odile.read())["Kermesse"]

    await changed(odile.desk, event_id, title="Grande kermesse", day=FRIDAY + timedelta(days=7))
    after = (await odile.read())["Grande kermesse"]
    async with odile.desk.small.database.school(odile.desk.small.school.key) as session:
        reader = await reader_of(odile.desk.small, odile.desk.small.director)
        school_id = odile.desk.small.school.key
        await cancel(session, school_id=school_id, reader=reader, event_id=event_id, now=NOW + timedelta(hours=2))
    gone = (await odile.read())["Grande kermesse"]

    assert str(before["uid"]) == str(after["uid"]) == str(gone["uid"])
    assert [int(one["sequence"]) for one in (before, after, gone)] == [0, 1, 2]
    assert [str(one["status"]) for one in (before, after, gone)] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert after.decoded("dtstart") == date(2026, 12, 4)
    assert after.decoded("last-modified") == after.decoded("dtstamp") == NOW + timedelta(hours=1)


async def test_hours_are_those_of_the_school_on_either_side_of_the_change_of_time(odile: Followed) -> None:
    small = odile.desk.small
    for title, day in (("avant", date(2027, 3, 27)), ("le jour", date(2027, 3, 28)), ("après", date(2027, 3, 29))):
        await noted(small, an_event(title, day, starts=time(9)))
    late = {"starts": time(23, 30), "ends": time(0, 30)}
    await noted(small, an_event("tard", FRIDAY, last=FRIDAY + timedelta(days=1), **late))

    found = await odile.read()

    hours = [found[title].decoded("dtstart").strftime("%d %H:%M") for title in ("avant", "le jour", "après")]
    assert hours == ["27 08:00", "28 07:00", "29 07:00"]
    assert found["tard"].decoded("dtstart") == datetime(2026, 11, 27, 22, 30, tzinfo=UTC)
    assert found["tard"].decoded("dtend") == datetime(2026, 11, 27, 23, 30, tzinfo=UTC)


async def test_several_days_without_a_last_hour_last_until_the_end_of_the_last(odile: Followed) -> None:
    await noted(odile.desk.small, an_event("Classe de mer", FRIDAY, last=FRIDAY + timedelta(days=1), starts=time(8)))

    trip = (await odile.read())["Classe de mer"]

    assert trip.decoded("dtend") == datetime(2026, 11, 28, 23, tzinfo=UTC)


async def test_a_meeting_is_in_the_calendars_of_those_invited_and_moves_with_its_correction(odile: Followed) -> None:
    desk = odile.desk
    (other,) = await desk.small.family(by_sms("+33639981005", name="Ursule"), class_label="CE1 B")
    ursule = Followed(desk, other, await an_address(desk, other))
    notice = await invited(desk)
    before = (await odile.read())["Rentrée des parents"]

    await followed(desk, notice, subject="Rentrée des parents", starts_at=AT_SIX.replace(hour=18))
    after = (await odile.read())["Rentrée des parents"]
    await desk.small.write("UPDATE delivery SET state = 'told'")
    await followed(desk, 2)
    gone = (await odile.read())["Rentrée des parents"]

    assert "Rentrée des parents" not in await ursule.read()
    assert str(before["uid"]) == str(after["uid"]) == str(gone["uid"])
    assert [int(one["sequence"]) for one in (before, after, gone)] == [0, 1, 2]
    assert [one.decoded("dtstart") for one in (before, after)] == [AT_SIX, AT_SIX.replace(hour=18)]
    assert (str(after["status"]), str(gone["status"])) == ("CONFIRMED", "CANCELLED")


async def test_what_was_stopped_before_anybody_heard_of_it_is_nowhere(odile: Followed) -> None:
    await followed(odile.desk, await invited(odile.desk))

    assert "Rentrée des parents" not in await odile.read()


async def test_a_class_is_named_where_the_children_are_in_several(desk: Desk) -> None:
    small = desk.small
    (guardian,) = await small.family(by_sms(), children=("Capucine", "Côme"))
    await small.write("UPDATE enrolment SET class_id = :other WHERE pupil_id = 2", other=small.classes["CE1 B"])
    odile = Followed(desk, guardian, await an_address(desk, guardian))
    await noted(small, an_event("Piscine", FRIDAY, class_id=small.classes["CE1 B"]))
    await noted(small, an_event("Formation", FRIDAY, kind=EventKind.CLOSED))

    assert {"Piscine (CE1 B)", "Pas de classe : Formation"} <= set(await odile.read())


async def test_our_words_are_in_the_language_of_the_guardian(desk: Desk) -> None:
    (guardian,) = await desk.small.family(by_sms(language="en"))
    ursula = Followed(desk, guardian, await an_address(desk, guardian))

    assert {"Winter holidays", "Easter Monday"} <= set(await ursula.read())


async def test_what_is_long_past_and_what_is_of_next_year_is_left_out(odile: Followed) -> None:
    for title, day in (("octobre", date(2026, 10, 1)), ("récent", date(2026, 10, 30)), ("loin", date(2027, 9, 1))):
        await noted(odile.desk.small, an_event(title, day))

    assert {"octobre", "récent", "loin"} & set(await odile.read()) == {"récent"}


async def test_it_ends_with_the_link_with_its_own_end_and_when_it_is_renewed(odile: Followed) -> None:
    small = odile.desk.small
    unknown = await odile.ask("a" * 22)
    renewed = Followed(odile.desk, odile.guardian, await an_address(odile.desk, odile.guardian))
    old = await odile.ask()
    await small.write("UPDATE link SET to_on = :day", day="2026-11-23")
    unlinked = await renewed.ask()
    await small.write("UPDATE link SET to_on = NULL")
    back = await renewed.ask()
    async with small.database.school(small.school.key) as session:
        await end_feeds(session, school_id=small.school.key, guardians=[odile.guardian], now=NOW)
    ended = await renewed.ask()

    assert back.status_code == 200
    assert [each.status_code for each in (unknown, old, unlinked, ended)] == [404] * 4
    assert unknown.text == old.text == unlinked.text == ended.text


async def test_it_ends_when_a_stranger_holds_the_number_of_its_adult_and_no_one_elses_does(odile: Followed) -> None:
    small = odile.desk.small
    (other,) = await small.family(by_sms("+33639981002", name="Iris"), children=("Lou",))
    theirs = Followed(odile.desk, other, await an_address(odile.desk, other))

    async with small.database.engine() as connection:
        await wrong_number(connection, school_id=small.school.key, address_id=1, now=NOW)

    assert [(await odile.ask()).status_code, (await theirs.ask()).status_code] == [404, 200]


async def test_who_has_it_already_need_not_take_it_again(odile: Followed) -> None:
    first = await odile.ask()
    mark = first.headers["etag"]

    same = await odile.ask(**{"If-None-Match": f'"other", W/{mark}'})
    await noted(odile.desk.small, an_event("Kermesse", FRIDAY))
    other = await odile.ask(**{"If-None-Match": mark})
    head = await odile.desk.web.head(f"/agenda/{odile.code}.ics")

    assert first.headers["cache-control"] == "private, no-cache"
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", mark)
    assert other.status_code == 200
    assert (head.status_code, head.content) == (200, b"")


async def test_who_guesses_addresses_waits(odile: Followed) -> None:
    for number in range(MOST_GUESSES):
        assert (await odile.ask(f"{number:022}")).status_code == 404

    assert (await odile.ask()).status_code == 429


async def test_the_same_questions_are_asked_whatever_the_number_of_events(odile: Followed) -> None:
    small = odile.desk.small
    await noted(small, an_event("Une", FRIDAY))
    await invited(odile.desk)
    with questions(small.database) as few:
        await odile.ask()
    for number in range(5):
        await noted(small, an_event(f"Encore {number}", FRIDAY))
        await invited(odile.desk, subject=f"Réunion {number}")
    with questions(small.database) as many:
        found = await odile.read()

    assert {"Encore 4", "Réunion 4"} <= set(found)
    assert len(few) == len(many) <= 11
