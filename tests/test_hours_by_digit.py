"""Appointments by SMS: one digit asks for the hours, another takes one; moved, given back, waited for."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest_asyncio
from appointments import Offered
from factories import by_sms
from family_door import Door, a_door
from test_webhooks import EMPTY, texted

from hub.database import Database
from hub.sealing import Keyring

INVITED = (
    "Trois-Ponts : Capucine : quelle heure pour votre rendez-vous à l'école ? Réponse jusqu'au mercredi 2 décembre."
)
FOUR = "Heures libres, répondez par le numéro. 03/12 : 1 = 17 h 00, 2 = 17 h 15, 3 = 17 h 30, 4 = 17 h 45"
FIRST = "jeudi 3 décembre à 17 h 00, M. Modèle, Salle 2"
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
        f"Votre rendez-vous : {FIRST}. Pour l'annuler, répondez 0. "
        "Pour changer : 03/12 : 1 = 17 h 15, 2 = 17 h 30, 3 = 17 h 45"
    )
    assert (await desk.says("3")).startswith("C'est noté : jeudi 3 décembre à 17 h 45, M. Modèle, Salle 2.")
    assert await desk.bookings() == [(odile, 1, 3)]
    assert await desk.says("0") == "C'est noté : ce rendez-vous est annulé."
    assert await desk.bookings() == []


async def test_somebody_was_quicker_and_the_next_free_hours_come_numbered_again(desk: Desk) -> None:
    [odile] = await desk.door.small.family(by_sms())
    [karim] = await desk.door.small.family(by_sms("+33639981001", name="Karim"), children=("Sami",))
    await desk.open()
    await desk.says("1")
    await desk.says("1", "+33639981001")

    await desk.says("1", "+33639981001")
    assert await desk.says("1") == (
        "Cette heure vient d'être prise. Heures libres, répondez par le numéro. "
        "03/12 : 1 = 17 h 15, 2 = 17 h 30, 3 = 17 h 45"
    )
    await desk.says("1")

    assert await desk.bookings() == [(karim, 2, 0), (odile, 1, 1)]
