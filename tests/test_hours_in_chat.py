"""Appointments in Telegram: a button asks for the hours, a tap takes one; changed and given back the same way."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest_asyncio
from appointments import OFFER, Offered
from chat_door import Talk, a_talk, words
from factories import by_sms

from channels.chat import DATA_MOST, hour_data, read_hour_data
from hub.database import Database
from hub.sealing import Keyring
from sandbox.record import Arrived


@pytest_asyncio.fixture
async def talk(database: Database, keyring: Keyring) -> AsyncIterator[Talk]:
    async with a_talk(database, keyring) as opened:
        await opened.door.look()
        yield opened


def labels(message: Arrived) -> list[str]:
    return [label.replace("\u00a0", " ").replace("\u202f", " ") for _, label in message.buttons]


async def invited(talk: Talk) -> Offered:
    offered = Offered(talk.small)
    await offered.open()
    await talk.drain()
    return offered


async def tap(talk: Talk, label: str, message: Arrived | None = None) -> Arrived:
    """Press the button with these words; gives what the chat then shows last."""
    shown = message or talk.last()
    data = next(data for data, words in shown.buttons if words.replace("\u00a0", " ") == label)
    await talk.bring(shown, data)
    return talk.last()


async def bookings(talk: Talk, offered: Offered) -> list[tuple]:
    slots = await offered.slots()
    asked = "SELECT guardian_id, slot_id FROM booking WHERE cancelled_at IS NULL ORDER BY slot_id"
    return [(guardian, slots.index(slot)) for guardian, slot in await talk.rows(asked)]


async def test_a_tap_shows_the_hours_another_takes_one_and_it_is_changed_and_given_back(talk: Talk) -> None:
    odile = await talk.join()
    offered = await invited(talk)

    assert labels(talk.last()) == ["Choisir une heure", "J’ai lu"]
    asked = await tap(talk, "Choisir une heure")
    assert words(asked) == "Choisissez une heure."
    assert labels(asked) == ["03/12 à 17 h 00", "03/12 à 17 h 15", "03/12 à 17 h 30", "03/12 à 17 h 45"]
    chosen = await tap(talk, "03/12 à 17 h 15")
    assert words(chosen) == "C'est noté : jeudi 3 décembre à 17 h 15, M. Modèle, Salle 2."
    assert labels(chosen) == ["Changer", "Annuler ce rendez-vous"]
    assert await bookings(talk, offered) == [(odile, 1)]
    assert await talk.answers() == [(odile, "acknowledged", "chat")]

    other = await tap(talk, "Changer")
    assert labels(other) == ["03/12 à 17 h 00", "03/12 à 17 h 30", "03/12 à 17 h 45", "Annuler ce rendez-vous"]
    await tap(talk, "03/12 à 17 h 45")
    assert await bookings(talk, offered) == [(odile, 3)]
    gone = await tap(talk, "Annuler ce rendez-vous")
    assert (words(gone), labels(gone)) == ("C'est noté : ce rendez-vous est annulé.", [])
    assert await bookings(talk, offered) == []


async def test_a_button_of_another_chat_or_made_up_books_nothing(talk: Talk) -> None:
    odile = await talk.join()
    offered = await invited(talk)
    asked = await tap(talk, "Choisir une heure")
    await talk.small.family(by_sms("+33639987002", name="Karim"), children=("Sami",))
    [(karim,)] = await talk.rows("SELECT max(id) FROM guardian")
    await talk.start("7002", await talk.code(karim))
    there = talk.last("7002")
    data = asked.buttons[0][0]
    token = data.split("|")[1]

    assert await talk.bring(there, data) == "Ce bouton n’est pas pour ce chat."
    made_up = f"hours|{token}|h.{_base36(karim)}.2.1.1"
    assert await talk.bring(talk.last(), made_up) == "Ce bouton n’est pas pour ce chat."
    assert await talk.bring(talk.last(), f"hours|{token}|h.1") == "Ce bouton n’est pas pour ce chat."
    assert await talk.bring(talk.last(), f"hours|{token}|h.é.1.1.1") == "Ce bouton n’est pas pour ce chat."
    assert await talk.bring(talk.last(), f"hours|c.1.{'0' * 16}|") == "Ce bouton n’est pas pour ce chat."
    assert await bookings(talk, offered) == []
    await talk.bring(asked, data)
    assert await bookings(talk, offered) == [(odile, 0)]


async def test_a_chat_that_was_taken_from_an_adult_shows_and_books_nothing_more(talk: Talk) -> None:
    odile = await talk.join()
    offered = await invited(talk)
    invitation = talk.last()
    asked = await tap(talk, "Choisir une heure")
    await talk.small.write("DELETE FROM contact_point WHERE guardian_id = :id AND channel = 'chat'", id=odile)

    for shown, (data, _) in ((asked, asked.buttons[0]), (invitation, invitation.buttons[0])):
        assert await talk.bring(shown, data) == "Ce bouton n’est pas pour ce chat."

    assert await bookings(talk, offered) == []


def _base36(number: int) -> str:
    assert number < 10
    return str(number)


async def test_somebody_was_quicker_and_the_next_hours_stand_in_place_of_the_old_buttons(talk: Talk) -> None:
    await talk.join()
    [karim] = await talk.small.family(by_sms("+33639987002", name="Karim"), children=("Sami",))
    offered = await invited(talk)
    await tap(talk, "Choisir une heure")
    slots = await offered.slots()
    await offered.choose(slots[0], karim, 2)

    late = await tap(talk, "03/12 à 17 h 00")

    assert words(late) == "Cette heure vient d'être prise. Choisissez une heure."
    assert labels(late) == ["03/12 à 17 h 15", "03/12 à 17 h 30", "03/12 à 17 h 45"]
    assert await bookings(talk, offered) == [(karim, 0)]


async def test_when_nothing_is_free_a_tap_waits_and_once_choosing_is_over_the_school_is_to_be_called(
    talk: Talk,
) -> None:
    odile = await talk.join()
    [karim] = await talk.small.family(by_sms("+33639987002", name="Karim"), children=("Sami",))
    offered = Offered(talk.small, offer=replace(OFFER, minutes=60))
    await offered.open()
    await talk.drain()
    [hour] = await offered.slots()
    booking = await offered.choose(hour, karim, 2)

    full = await tap(talk, "Choisir une heure")
    assert (words(full), labels(full)) == ("Aucune heure n'est libre.", ["Me prévenir"])
    waits = await tap(talk, "Me prévenir")
    assert words(waits) == "C'est noté : l'école vous préviendra si une heure se libère."
    await offered.give_back(booking)
    await talk.drain()
    told = talk.last()
    assert words(told).startswith(
        "École des Trois-Ponts Un message de l'école Une heure s'est libérée pour un rendez-vous"
    )
    assert labels(told) == ["Choisir une heure", "J’ai lu"]
    await tap(talk, "Choisir une heure")
    await talk.small.write("UPDATE meeting_round SET closes_at = '2026-11-24 06:00:00'")
    over = await tap(talk, "03/12 à 17 h 00")
    assert words(over) == "Le choix des heures est fini : appelez l'école. 02 61 91 00 00"
    assert await bookings(talk, offered) == []
    assert await talk.count("booking_wait", f"guardian_id = {odile}") == 1


async def test_two_adults_of_one_chat_say_who_answers_and_each_has_an_own_hour(talk: Talk) -> None:
    odile, tiago = await talk.small.family(by_sms(), by_sms("+33639981002", name="Tiago"))
    await talk.start("7001", await talk.code(odile))
    await talk.start("7001", await talk.code(tiago))
    offered = await invited(talk)
    invitation = talk.last()

    who = await tap(talk, "Choisir une heure")
    assert (words(who), labels(who)) == ("Qui répond ?", ["Odile", "Tiago"])
    await tap(talk, "Tiago")
    await tap(talk, "03/12 à 17 h 00")
    assert await bookings(talk, offered) == [(tiago, 0)]
    await tap(talk, "Choisir une heure", invitation)
    await tap(talk, "Odile")
    await tap(talk, "03/12 à 17 h 15")
    assert await bookings(talk, offered) == [(tiago, 0), (odile, 1)]


async def test_of_two_children_one_says_which_where_they_may_be_named_and_else_one_chooses_elsewhere(
    talk: Talk,
) -> None:
    [odile] = await talk.small.family(by_sms(), children=("Lina", "Basile"))
    await talk.start("7001", await talk.code(odile))
    offered = await invited(talk)
    invitation = talk.last()

    unnamed = await tap(talk, "Choisir une heure")
    assert words(unnamed) == "Choisissez l'heure sur votre page, ou appelez l'école : 02 61 91 00 00"
    await talk.small.write("UPDATE address SET discreet = false WHERE medium = 'chat'")
    which = await tap(talk, "Choisir une heure", invitation)
    assert (words(which), labels(which)) == ("Pour quel enfant ?", ["Lina", "Basile"])
    await tap(talk, "Basile")
    await tap(talk, "03/12 à 17 h 30")
    assert await talk.rows("SELECT pupil_id FROM booking") == [(2,)]
    assert await bookings(talk, offered) == [(odile, 2)]


async def test_a_digit_in_a_chat_does_as_in_an_sms_and_the_words_are_the_familys(talk: Talk) -> None:
    odile = await talk.join(language="ar")
    offered = await invited(talk)

    assert labels(talk.last())[0] == "اختيار ساعة"
    listed = await talk.write("7001", "1")
    assert words(listed).startswith("ساعات شاغرة، أجيبوا بالرقم.")
    await talk.write("7001", "٢")
    assert await bookings(talk, offered) == [(odile, 1)]


def test_a_button_holds_the_largest_numbers_of_a_great_installation() -> None:
    token = Keyring({1: b"k" * 32}).token("c", 999_999_999)
    data = hour_data(token, "h", (99_999_999, 99_999_999, 9_999_999, 99_999_999))

    assert len(data) <= DATA_MOST
    assert read_hour_data(data) == (token, "h", (99_999_999, 99_999_999, 9_999_999, 99_999_999))
