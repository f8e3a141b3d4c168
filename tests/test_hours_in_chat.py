"""Appointments in Telegram: a button asks for the hours, a tap takes one; changed and given back the same way."""

from collections.abc import AsyncIterator

import pytest_asyncio
from appointments import Offered
from chat_door import Talk, a_talk, words

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
