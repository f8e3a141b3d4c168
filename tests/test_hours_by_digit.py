"""Appointments by SMS: one digit asks for the hours, another takes one; moved, given back, waited for."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest
import pytest_asyncio
from appointments import OFFER, Offered
from factories import NOW, Adult, by_sms
from family_door import Door, a_door
from test_webhooks import EMPTY, texted
from whole_evening import EVENING, WholeEvening

from hub.database import Database
from hub.ports import ChannelName, NoticeKind
from hub.replies.keeping import Text
from hub.replies.saying_back import words_back
from hub.replies.texts import receive_text
from hub.sealing import Keyring

INVITED = (
    "Trois-Ponts : Capucine : quelle heure pour votre rendez-vous à l'école ? Réponse jusqu'au mercredi 2 décembre."
)
FOUR = "Heures libres, répondez par le numéro. 03/12 : 1 = 17 h 00, 2 = 17 h 15, 3 = 17 h 30, 4 = 17 h 45"
SECOND = "jeudi 3 décembre à 17 h 15, M. Modèle, Salle 2"


@dataclass
class Desk:
    """A class whose teacher offers four hours, and the families' phones."""

    door: Door
    offered: Offered
    keys: Any = field(default_factory=lambda: count(1))

    async def open(self, **more: Any) -> None:
        """Offer the hours and invite by SMS."""
        await self.offered.open(**more)
        await self.door.drain()

    async def says(self, words: str, number: str = "+33639981000") -> str:
        """Answer by SMS; gives what is said back at once."""
        answer = await texted(self.door, words, number=number, sid=f"SM{next(self.keys)}x")
        assert answer.status_code == 200
        return said(answer.text)

    async def bookings(self) -> list[tuple]:
        """Who comes: (adult, child, which hour of the round)."""
        slots = await self.offered.slots()
        rows = await self.door.small.rows(
            "SELECT guardian_id, pupil_id, slot_id FROM booking WHERE cancelled_at IS NULL ORDER BY slot_id"
        )
        return [(guardian, pupil, slots.index(slot)) for guardian, pupil, slot in rows]


def said(twiml: str) -> str:
    if twiml == EMPTY:
        return ""
    return re.sub(r"<[^>]+>", "", twiml.partition("?>")[2]).strip()


@pytest_asyncio.fixture
async def desk(database: Database, keyring: Keyring) -> AsyncIterator[Desk]:
    async with a_door(database, keyring) as opened:
        yield Desk(opened, Offered(opened.small))


async def test_one_digit_asks_for_the_hours_and_another_takes_one(desk: Desk) -> None:
    [odile] = await desk.door.small.family(by_sms())
    await desk.open()

    assert desk.door.sms.sent[0].text.startswith(INVITED)
    assert "Répondez 1 pour choisir ici." in desk.door.sms.sent[0].text
    assert await desk.says("1") == FOUR
    assert await desk.bookings() == []
    assert await desk.says("2") == f"C'est noté : {SECOND}. Pour changer, répondez 1 ; pour annuler, 0."
    assert await desk.bookings() == [(odile, 1, 1)]
    assert await desk.door.small.rows("SELECT sense, guardian_id FROM reply ORDER BY id") == [("choice", odile)] * 2
    assert await desk.door.small.rows("SELECT DISTINCT state FROM thread") == [("closed",)]


async def test_who_has_one_moves_it_by_a_digit_and_gives_it_back_by_another(desk: Desk) -> None:
    [odile] = await desk.door.small.family(by_sms())
    await desk.open()
    await desk.says("1")
    await desk.says("1")

    assert await desk.says("1") == (
        "Votre rendez-vous : 03/12 à 17 h 00. Pour l'annuler, répondez 0. "
        "Pour changer : 03/12 : 1 = 17 h 15, 2 = 17 h 30, 3 = 17 h 45"
    )
    assert (await desk.says("3")).startswith("C'est noté : jeudi 3 décembre à 17 h 45, M. Modèle, Salle 2.")
    assert await desk.bookings() == [(odile, 1, 3)]
    assert await desk.says("0") == "C'est noté : ce rendez-vous est annulé."
    assert await desk.bookings() == []


async def test_who_said_nothing_of_an_evening_takes_by_a_digit_an_hour_that_its_plan_left(desk: Desk) -> None:
    [odile] = await desk.door.small.family(by_sms())
    at = WholeEvening(desk.door.small)
    await at.another_teacher()
    desk.offered.round_id = 1
    await at.open()
    await desk.door.drain()
    await at.propose()
    await at.adopt()
    await desk.door.drain()

    assert desk.door.sms.sent[-1].text.startswith(INVITED)
    assert await desk.says("1") == FOUR
    await desk.says("2")
    assert await desk.bookings() == [(odile, 1, 1)]


async def test_the_hour_that_a_plan_gave_is_moved_by_a_digit(desk: Desk) -> None:
    [odile] = await desk.door.small.family(by_sms())
    at = WholeEvening(desk.door.small)
    await at.another_teacher()
    desk.offered.round_id = 1
    await at.open()
    await at.wish(odile, EVENING)
    await at.propose()
    await at.adopt()
    await desk.door.drain()
    [(_, _, before)] = await desk.bookings()

    told = desk.door.sms.sent[-1].text
    assert "Répondez 1 pour changer d'heure." in told
    assert "Une autre heure se choisit" not in told
    assert (await desk.says("1")).startswith("Votre rendez-vous : 03/12 à 17 h 00.")
    await desk.says("1")
    [(who, _, now)] = await desk.bookings()
    assert (who, now == before) == (odile, False)


async def test_somebody_was_quicker_and_the_next_free_hours_come_numbered_again(desk: Desk) -> None:
    [odile] = await desk.door.small.family(by_sms())
    [karim] = await desk.door.small.family(by_sms("+33639981001", name="Karim"), children=("Sami",))
    await desk.open()
    await desk.says("1")
    await desk.says("1", "+33639981001")

    await desk.says("1", "+33639981001")
    assert await desk.says("1") == (
        "Cette heure est prise. Heures libres, répondez par le numéro. 03/12 : 1 = 17 h 15, 2 = 17 h 30, 3 = 17 h 45"
    )
    await desk.says("1")

    assert await desk.bookings() == [(karim, 2, 0), (odile, 1, 1)]


async def test_of_twenty_who_want_one_hour_at_once_one_has_it_and_the_others_are_offered_the_next(desk: Desk) -> None:
    numbers = [f"+33639981{nth:03d}" for nth in range(20)]
    for nth, number in enumerate(numbers):
        await desk.door.small.family(by_sms(number, name=f"Adulte {nth}"), children=(f"Enfant {nth}",))
    await desk.open(offer=replace(OFFER, minutes=5))
    await asyncio.gather(*(desk.says("1", number) for number in numbers))

    came = await asyncio.gather(*(desk.says("1", number) for number in numbers))

    noted = [one for one in came if one.startswith("C'est noté : jeudi 3 décembre à 17 h 00")]
    again = [one for one in came if one.startswith("Cette heure est prise. Heures libres, répondez par le numéro.")]
    assert (len(noted), len(again)) == (1, 19)
    assert all("1 = 17 h 05, 2 = 17 h 10" in one for one in again)
    assert [hour for _, _, hour in await desk.bookings()] == [0]


async def test_of_twenty_digits_each_in_a_process_of_its_own_one_takes_the_hour(desk: Desk) -> None:
    small = desk.door.small
    numbers = [f"+33639981{nth:03d}" for nth in range(20)]
    for nth, number in enumerate(numbers):
        await small.family(by_sms(number, name=f"Adulte {nth}"), children=(f"Enfant {nth}",))
    await desk.open(offer=replace(OFFER, minutes=5))

    async def alone(number: str, nth: int) -> str:
        text = Text(small.school.key, small.senders[ChannelName.SMS], f"SM{number}{nth}", number, "1")
        async with small.database.school(small.school.key) as session:
            received = await receive_text(await session.connection(), small.keyring, text, now=NOW)
        return words_back(received.back) if received.back is not None else ""

    await asyncio.gather(*(alone(number, 1) for number in numbers))
    came = await asyncio.gather(*(alone(number, 2) for number in numbers))

    assert sum(one.startswith("C'est noté") for one in came) == 1
    assert sum(one.startswith("Cette heure est prise. Heures libres") for one in came) == 19
    assert [hour for _, _, hour in await desk.bookings()] == [0]


async def test_when_all_hours_are_taken_a_digit_waits_and_who_is_told_of_a_free_one_chooses_it_by_a_digit(
    desk: Desk,
) -> None:
    await desk.door.small.family(by_sms())
    [karim] = await desk.door.small.family(by_sms("+33639981001", name="Karim"), children=("Sami",))
    await desk.open(offer=replace(OFFER, minutes=60))
    await desk.says("1")
    await desk.says("1")

    full = "Aucune heure n'est libre. Répondez 1, l'école vous préviendra."
    assert await desk.says("1", "+33639981001") == full
    assert await desk.says("1", "+33639981001") == "C'est noté : l'école vous préviendra si une heure se libère."
    assert await desk.says("0") == "C'est noté : ce rendez-vous est annulé."
    await desk.door.drain()
    told = desk.door.sms.sent[-1]
    assert (told.to, told.text.splitlines()) == (
        "+33639981001",
        [
            "Trois-Ponts : Sami : une heure s'est libérée pour un rendez-vous, jeudi 3 décembre à 17 h 00.",
            "Répondez 1 pour choisir ici.",
            "Choisir : https://hub.test/l/__LINK_CODE_".replace("__LINK_CODE_", told.link_code),
        ],
    )
    assert await desk.says("1", "+33639981001") == "Heures libres, répondez par le numéro. 03/12 : 1 = 17 h 00"
    await desk.says("1", "+33639981001")
    assert await desk.bookings() == [(karim, 2, 0)]


async def test_once_choosing_is_over_one_is_asked_to_call_and_an_appointment_can_still_be_given_back(
    desk: Desk,
) -> None:
    await desk.door.small.family(by_sms())
    [karim] = await desk.door.small.family(by_sms("+33639981001", name="Karim"), children=("Sami",))
    await desk.open()
    await desk.says("1")
    await desk.says("1", "+33639981001")
    await desk.says("1", "+33639981001")
    await desk.door.small.write("UPDATE meeting_round SET closes_at = '2026-11-24 06:00:00'")

    assert await desk.says("2") == "Le choix des heures est fini : appelez l'école. 02 61 91 00 00"
    assert await desk.says("1") == "Le choix des heures est fini : appelez l'école. 02 61 91 00 00"
    assert await desk.bookings() == [(karim, 2, 0)]
    assert await desk.says("1", "+33639981001") == ("Votre rendez-vous : 03/12 à 17 h 00. Pour l'annuler, répondez 0.")
    await desk.says("0", "+33639981001")
    assert await desk.bookings() == []


async def test_of_two_children_one_says_which_first(desk: Desk) -> None:
    [odile] = await desk.door.small.family(by_sms(), children=("Lina", "Basile"))
    await desk.open()

    assert await desk.says("1") == "Votre réponse concerne : 1 = Lina, 2 = Basile. Répondez par le numéro."
    assert await desk.says("2") == FOUR
    await desk.says("3")
    assert await desk.bookings() == [(odile, 2, 2)]
    await desk.says("Merci beaucoup")
    assert await desk.says("1") == "Votre réponse concerne : 1 = Lina, 2 = Basile. Répondez par le numéro."
    await desk.says("1")
    await desk.says("1")
    assert await desk.bookings() == [(odile, 1, 0), (odile, 2, 2)]


async def test_on_a_shared_phone_one_says_who_answers_and_each_parent_has_an_own_hour(desk: Desk) -> None:
    odile, tiago = await desk.door.small.family(by_sms(), by_sms(name="Tiago"))
    await desk.open()

    assert await desk.says("1") == "Qui répond ? 1 = Odile, 2 = Tiago. Répondez par le numéro."
    assert await desk.bookings() == []
    assert await desk.says("2") == FOUR
    await desk.says("1")
    assert await desk.bookings() == [(tiago, 1, 0)]
    assert (await desk.says("Odile : 1")).startswith("Heures libres, répondez par le numéro. 03/12 : 1 = 17 h 15")
    await desk.says("1")
    assert await desk.bookings() == [(tiago, 1, 0), (odile, 1, 1)]


async def test_of_an_adults_two_phones_each_has_its_own_numbers_and_one_appointment_is_moved(desk: Desk) -> None:
    both = Adult(reached_by=((ChannelName.SMS, "+33639981000"), (ChannelName.SMS, "+33639981001")))
    [odile] = await desk.door.small.family(both)
    await desk.open()
    await desk.says("1")
    await desk.says("1")

    assert (
        await desk.says("1", "+33639981001") == ""
    )  # nothing was sent there: it acknowledges nothing, and books nothing
    assert await desk.bookings() == [(odile, 1, 0)]


async def test_a_number_of_an_older_list_books_nothing_and_the_hours_come_again(desk: Desk) -> None:
    [odile] = await desk.door.small.family(by_sms())
    await desk.open()
    await desk.says("1")
    await desk.door.small.write("UPDATE reply_choice SET asked_at = '2026-11-22 06:00:00'")

    assert await desk.says("2") == FOUR
    assert await desk.bookings() == []
    assert await desk.says("7") == FOUR
    assert await desk.bookings() == []
    slots = await desk.offered.slots()
    await desk.offered.cancel(slots[1])
    assert (
        await desk.says("2") == "Heures libres, répondez par le numéro. 03/12 : 1 = 17 h 00, 2 = 17 h 30, 3 = 17 h 45"
    )
    await desk.says("2")
    assert await desk.bookings() == [(odile, 1, 1)]


async def test_another_familys_digit_and_a_strangers_book_nothing(desk: Desk) -> None:
    await desk.door.small.family(by_sms())
    await desk.open()
    await desk.door.small.family(by_sms("+33639981001", name="Karim"), children=("Sami",), class_label="CE1 B")
    await desk.says("1")

    assert await desk.says("2", "+33639981001") == ""
    assert await desk.says("2", "+33639981009") == ""
    assert await desk.bookings() == []
    await desk.door.small.write("UPDATE link SET to_on = '2026-11-22'")
    assert await desk.says("2") == ""
    assert await desk.bookings() == []


async def test_words_go_to_the_inbox_as_ever_and_end_the_list(desk: Desk) -> None:
    await desk.door.small.family(by_sms())
    await desk.open()
    await desk.says("1")

    assert await desk.says("Plutôt le soir si possible") == ""
    assert await desk.door.small.rows("SELECT state FROM thread") == [("open",)]
    assert await desk.says("2") == FOUR
    assert await desk.bookings() == []


async def test_an_absence_comes_first_where_it_came_last_and_else_one_is_asked_which_is_meant(desk: Desk) -> None:
    await desk.door.small.family(by_sms())
    await desk.open()
    await desk.door.press(NoticeKind.ABSENCE, audience="class:CP A")
    await desk.door.small.write(
        "UPDATE attempt SET sending_at = '2026-11-24 05:00:00' WHERE copy_id = (SELECT min(id) FROM copy)"
    )
    await desk.says("1")
    assert await desk.door.answers() == [(1, 1, "ill", "sms")]

    await desk.door.small.write("DELETE FROM answer")
    await desk.door.small.write(
        "UPDATE attempt SET sending_at = '2026-11-24 04:00:00' WHERE copy_id = (SELECT max(id) FROM copy)"
    )
    asked = await desk.says("1")
    assert asked.startswith("Votre réponse concerne : 1 = message du 24/11 à")
    assert await desk.says("1") == FOUR
    assert await desk.bookings() == []


@pytest.mark.parametrize(
    ("language", "list_", "noted"),
    [
        (
            "tr",
            "Boş saatler, numarayla yanıtlayın. 03.12 : 1 = 17:00, 2 = 17:15, 3 = 17:30, 4 = 17:45",
            "Kaydedildi: 3 Aralık Perşembe saat 17:15, M. Modèle, Salle 2. Değiştirmek için 1, iptal için 0 yazın.",
        ),
        (
            "ar",
            "ساعات شاغرة، أجيبوا بالرقم. 03/12 : 1 = 17:00, 2 = 17:15, 3 = 17:30, 4 = 17:45",
            "تم التسجيل: يوم الخميس 3 ديسمبر الساعة 17:15, M. Modèle, Salle 2. للتغيير أجيبوا 1، وللإلغاء 0.",
        ),
    ],
)
async def test_it_is_said_in_the_familys_language_and_its_own_digits_are_read(
    desk: Desk, language: str, list_: str, noted: str
) -> None:
    [guardian] = await desk.door.small.family(by_sms(language=language))
    await desk.open()

    assert await desk.says("١") == list_
    assert await desk.says("٢" if language == "ar" else "2") == noted
    assert await desk.bookings() == [(guardian, 1, 1)]
