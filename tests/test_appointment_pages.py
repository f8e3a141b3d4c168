"""Appointments on the web: a family chooses without any script, the teacher sees who comes, the door names nobody."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import pytest_asyncio
from appointments import FIVE, OFFER, Offered
from desks import TEACHER, Desk, on_one_database
from factories import TODAY, by_sms
from homes import Home, at_home
from icalendar import Calendar
from test_agenda import words_of

from hub.models.people import LinkKind
from web.staff_appointments import AT as STAFF

pytestmark = on_one_database

AT = "/famille/rendez-vous"


@pytest_asyncio.fixture
async def at(desk: Desk) -> Offered:
    """A round of CP A, with three adults of Capucine and her neighbour's."""
    made = Offered(desk.small, offer=replace(OFFER, link="https://visio.test/cp"))
    await desk.small.family(by_sms(), by_sms("+33639981001", name="Oscar"))
    await desk.small.family(by_sms("+33639981002", name="Ulla"), children=("Côme",))
    await made.open(tell=False)
    return made


@pytest_asyncio.fixture
async def odile(at: Offered) -> AsyncIterator[Home]:
    async with at_home(at.small, 1) as home:
        yield home


async def pressed(home: Home, at: Offered, **fields: Any) -> Any:
    return await home.post(AT, ecole=at.small.school.key, tour=at.round_id, **{"eleve": 1, **fields})


def numbers(page: str) -> list[int]:
    return [int(one) for one in re.findall(r'name="heure" value="(\d+)"', page)]


async def test_a_family_chooses_moves_and_gives_back(at: Offered, odile: Home) -> None:
    slots = await at.slots()
    before = (await odile.look(AT)).text
    chosen = await pressed(odile, at, heure=slots[0])
    mine = (await odile.look(AT)).text
    await pressed(odile, at, heure=slots[2])
    moved = words_of((await odile.look(AT)).text)
    number = (await at.small.rows("SELECT id FROM booking"))[0][0]
    await pressed(odile, at, geste="rendre", rendezvous=number)

    assert numbers(before) == slots
    assert "1 rendez-vous à choisir" in words_of(before)
    assert "https://visio.test/cp" not in before
    assert chosen.status_code == 303
    assert "Jeudi 3 décembre, de 17 h 00 à 17 h 15" in words_of(mine)
    assert 'href="https://visio.test/cp"' in mine
    assert numbers(mine) == slots[1:]
    assert "Jeudi 3 décembre, de 17 h 30 à 17 h 45" in moved
    assert numbers((await odile.look(AT)).text) == slots


async def test_who_comes_too_late_is_offered_the_next_free_ones_in_one_sentence(at: Offered, odile: Home) -> None:
    slots = await at.slots()
    await at.choose(slots[1], 2)

    late = await pressed(odile, at, heure=slots[1])
    arabic = await odile.web.post(
        f"{AT}?lang=ar",
        data={
            "csrf": re.findall(r'name="csrf" value="([0-9a-f]+)"', late.text)[0],
            "ecole": at.small.school.key, "eleve": 1, "heure": slots[1],
        },
    )  # fmt: skip

    said = "Cette heure vient d’être prise. Encore libres : 17 h 30 et 17 h 45."
    assert late.status_code == 409
    assert "17 h 00, 17 h 30 et 17 h 45" in words_of(late.text) or said in words_of(late.text)
    assert numbers(late.text) == [slots[0], *slots[2:]]
    assert f"#r{at.round_id}-1" in late.text
    assert re.search(rf'id="r{at.round_id}-1">\s*<p class="note alert" role="alert">', late.text)
    assert "أُخذت هذه الساعة للتو" in arabic.text
    assert '<html lang="ar" dir="rtl"' in arabic.text


async def test_when_all_are_taken_one_waits_and_stops_waiting(at: Offered, odile: Home) -> None:
    slots = await at.slots()
    await at.cancel(*slots[1:])
    await at.choose(slots[0], 2)
    full = words_of((await odile.look(AT)).text)
    await pressed(odile, at, geste="attendre")
    waits = words_of((await odile.look(AT)).text)
    await pressed(odile, at, geste="ne_plus_attendre")

    assert "Toutes les heures sont prises pour le moment." in full
    assert "Vous serez prévenu si une heure se libère." in waits
    assert await at.small.rows("SELECT id FROM booking_wait") == []


async def test_at_a_shared_telephone_a_press_is_of_the_adult_whose_appointment_the_page_showed(at: Offered) -> None:
    slots = await at.slots()
    await at.choose(slots[0], 2)
    stands = "SELECT guardian_id, slot_id FROM booking WHERE cancelled_at IS NULL"

    async with at_home(at.small, 1, 2) as home:
        await pressed(home, at, heure=slots[1])
        moved = await at.small.rows(stands)
        [(number,)] = await at.small.rows("SELECT id FROM booking")
        await pressed(home, at, geste="rendre", rendezvous=number)
        await at.cancel(*slots[1:])
        await at.choose(slots[0], 3, 2)
        await at.wait(2)
        await pressed(home, at, geste="ne_plus_attendre")

    assert moved == [(2, slots[1])]
    assert await at.small.rows("SELECT guardian_id FROM booking_wait") == []


async def test_nobody_chooses_for_another_child_or_gives_back_what_is_anothers(at: Offered, odile: Home) -> None:
    slots = await at.slots()
    his = await at.choose(slots[0], 2)

    foreign = await pressed(odile, at, eleve=2, heure=slots[1])
    theirs = await pressed(odile, at, geste="rendre", rendezvous=his)
    elsewhere = await odile.post(AT, seen_on=AT, ecole=at.small.school.key + 1, eleve=1, heure=slots[1])
    uid = (await at.small.rows("SELECT uid FROM booking"))[0][0]
    file = await odile.look(f"{AT}/{at.small.school.key}/{uid}.ics")

    assert [one.status_code for one in (foreign, theirs, elsewhere, file)] == [404] * 4
    assert await at.small.rows("SELECT guardian_id FROM booking WHERE cancelled_at IS NULL") == [(2,)]


async def test_without_a_link_that_tells_there_is_nothing(at: Offered, odile: Home) -> None:
    slots = await at.slots()
    await at.choose(slots[0], 1)
    await at.small.write("UPDATE link SET kind = :kind", kind=LinkKind.BARRED.value)

    page = words_of((await odile.look(AT)).text)
    refused = await pressed(odile, at, heure=slots[1])

    assert "Aucun rendez-vous n’est proposé pour le moment." in page
    assert not any(word in page for word in ("décembre", "Capucine", "Rendez-vous de"))
    assert refused.status_code == 404


async def test_it_stands_in_the_familys_calendars_without_a_childs_name(at: Offered, odile: Home) -> None:
    slots = await at.slots()
    await at.choose(slots[0], 1)
    await at.choose(slots[1], 2)
    uid = (await at.small.rows("SELECT uid FROM booking WHERE guardian_id = 1"))[0][0]
    made = await odile.post("/famille/agenda/abonnement", ecole=at.small.school.key, adulte=1)
    feed = re.findall(r"(/agenda/[\w-]{22}\.ics)", unescape(made.text))[0]

    file = await odile.look(f"{AT}/{at.small.school.key}/{uid}.ics")
    first = _events((await odile.look(feed)).content)
    await at.choose(slots[2], 1)
    moved = _events((await odile.look(feed)).content)
    await at.give_back(1, 1)
    gone = _events((await odile.look(feed)).content)
    agenda = words_of((await odile.look("/famille/agenda")).text)

    assert file.headers["content-type"].startswith("text/calendar")
    assert _events(file.content) == {uid: (0, FIVE, "CONFIRMED")}
    assert first == {uid: (0, FIVE, "CONFIRMED")}
    assert moved == {uid: (1, FIVE + timedelta(minutes=30), "CONFIRMED")}
    assert gone == {uid: (2, FIVE + timedelta(minutes=30), "CANCELLED")}
    assert b"Capucine" not in file.content
    assert "Rendez-vous de décembre" not in agenda


async def test_the_first_page_says_what_is_to_choose_and_the_calendar_what_was_chosen(at: Offered, odile: Home) -> None:
    before = words_of((await odile.look("/famille")).text)
    await at.choose((await at.slots())[0], 1)
    after = words_of((await odile.look("/famille")).text)
    agenda = words_of((await odile.look("/famille/agenda")).text)

    assert "Rendez-vous à choisir, jusqu’au mercredi 2 décembre" in before
    assert "Rendez-vous à choisir" not in after
    assert "Rendez-vous de décembre Réunion jeudi 3 décembre, de 17 h 00 à 17 h 15 Salle 2" in agenda


@pytest.mark.usefixtures("at")
async def test_the_teacher_opens_invites_notes_and_cancels(desk: Desk) -> None:
    await desk.enter(TEACHER)
    new = (await desk.web.get(f"{STAFF}/ouvrir?classe={desk.small.classes['CP A']}")).text
    teacher = re.findall(r'name="qui" value="(\d+)" checked', new)
    key = re.findall(r'name="cle" value="([0-9a-f]+)"', new)
    form = {
        "cle": key[0], "titre": "Bilan", "jour": "2026-12-10", "de": "17:00", "a": "18:00", "duree": "20",
        "qui": teacher, "prevenir": "1", "salle": "Salle 2",
    }  # fmt: skip
    opened = await desk.post(f"{STAFF}/ouvrir?classe={desk.small.classes['CP A']}", **form)
    here = opened.headers["location"].partition("?")[0]
    slots = [int(row[0]) for row in await desk.small.rows("SELECT id FROM meeting_slot WHERE starts_at > '2026-12-09'")]
    noted = await desk.post(f"{here}/noter", heure=slots[0], qui="1-1")
    again = await desk.post(f"{here}/noter", heure=slots[0], qui="3-2")
    sheet = words_of((await desk.web.get(here)).text)
    door = words_of((await desk.web.get(f"{here}/porte")).text)
    cancelled = await desk.post(f"{here}/annuler", heures=[slots[0], slots[1]])
    listed = words_of((await desk.web.get(STAFF)).text)

    assert (opened.status_code, noted.status_code, cancelled.status_code) == (303, 303, 303)
    assert again.status_code == 409
    assert "Cette heure vient d’être prise. Encore libres : 17 h 20 et 17 h 40." in words_of(again.text)
    assert re.search(r"jeudi 10 décembre, 17 h 00 ?, Salle 2 Capucine Exemple, avec Odile Exemple", sheet)
    assert "Sans rendez-vous : 1 enfant Côme Exemple." in sheet
    assert "réservé" in door
    assert not any(name in door for name in ("Capucine", "Odile", "Exemple, avec"))
    assert "Bilan" in listed
    told = await desk.small.rows("SELECT count(*) FROM delivery JOIN notice ON notice.id = notice_id")
    assert told == [(4,)]


async def test_a_sheet_at_fault_keeps_what_was_typed(desk: Desk, at: Offered) -> None:
    await desk.enter(TEACHER)
    form = {
        "titre": "Bilan",
        "jour": "2026-12-10",
        "de": "17:00",
        "a": "16:00",
        "duree": "20",
        "mots": "Venez tous.",
    }
    where = f"{STAFF}/ouvrir?classe={desk.small.classes['CP A']}"

    wrong = await desk.post(where, **form)
    nobody = await desk.post(where, **{**form, "a": "18:00"})
    more = await desk.post(f"{STAFF}/{at.round_id}/heures", **form)

    assert [one.status_code for one in (wrong, nobody, more)] == [422] * 3
    assert "Venez tous." in wrong.text
    assert "La fin vient après le début" in wrong.text
    assert "Dites qui reçoit les familles." in nobody.text
    assert await desk.small.rows("SELECT count(*) FROM meeting_round") == [(1,)]


async def test_a_colleague_of_another_class_sees_and_does_nothing(desk: Desk, at: Offered) -> None:
    slots = await at.slots()
    number = await at.choose(slots[0], 1)
    await desk.small.write(
        "UPDATE staff_right SET class_id = :other WHERE class_id = :mine",
        other=desk.small.classes["CE1 B"], mine=desk.small.classes["CP A"],
    )  # fmt: skip
    await desk.enter(TEACHER)

    here = f"{STAFF}/{at.round_id}"
    answers = [
        await desk.web.get(here),
        await desk.web.get(f"{here}/porte"),
        await desk.post(f"{here}/rendre", rendezvous=number),
        await desk.post(f"{here}/annuler", heures=slots),
        await desk.post(f"{here}/noter", heure=slots[1], qui="2-1"),
    ]

    assert [one.status_code for one in answers] == [403] * 5
    assert await desk.small.rows("SELECT count(*) FROM booking WHERE cancelled_at IS NULL") == [(1,)]


async def test_numbers_that_no_register_holds_are_refused_and_cancel_nothing(desk: Desk, at: Offered) -> None:
    await at.choose((await at.slots())[0], 1)
    await desk.enter(TEACHER)

    here = f"{STAFF}/{at.round_id}"
    answers = [
        await desk.post(f"{here}/annuler", heures=["9" * 30]),
        await desk.post(f"{here}/noter", heure="9" * 30, qui="1-1"),
        await desk.post(f"{here}/noter", heure=(await at.slots())[1], qui=f"{'9' * 30}-1"),
        await desk.post(f"{here}/rendre", rendezvous="9" * 30),
        await desk.web.get(f"{STAFF}/{'9' * 30}/porte"),
    ]

    assert [one.status_code for one in answers] == [422, 422, 409, 422, 404]
    assert await desk.small.rows("SELECT count(*) FROM booking WHERE cancelled_at IS NULL") == [(1,)]


async def test_who_has_no_right_any_more_stands_out_on_the_teachers_sheet(desk: Desk, at: Offered) -> None:
    await at.choose((await at.slots())[0], 1)
    await desk.small.write(
        "UPDATE link SET to_on = :day WHERE guardian_id = 1", day=(TODAY - timedelta(days=1)).isoformat()
    )
    await desk.enter(TEACHER)

    assert "n’est plus à prévenir pour cet enfant" in words_of((await desk.web.get(f"{STAFF}/{at.round_id}")).text)
    assert (await desk.post(f"{STAFF}/{at.round_id}/rendre", rendezvous=1)).status_code == 303
    assert await desk.small.rows("SELECT count(*) FROM booking WHERE cancelled_at IS NULL") == [(0,)]


def _events(file: bytes) -> dict[str, tuple[int, Any, str]]:
    found = Calendar.from_ical(file).walk("VEVENT")
    return {
        str(one["uid"]): (int(one["sequence"]), one["dtstart"].dt, str(one["status"]))
        for one in found
        if "Rendez-vous" in str(one["summary"])
    }


@pytest.mark.parametrize("path", [AT, f"{AT}?lang=ar"])
async def test_only_who_is_at_home_reads_it(desk: Desk, path: str) -> None:
    answer = await desk.web.get(path)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/famille/entrer")
