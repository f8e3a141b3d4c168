"""The message that invites to an appointment: what its link shows below it, and what comes of a press there."""

from collections.abc import AsyncIterator

import pytest_asyncio
from appointments import Offered
from desks import on_one_database
from factories import by_sms
from family_door import Door, a_door, plain

from hub.database import Database
from hub.sealing import Keyring

pytestmark = on_one_database


@pytest_asyncio.fixture
async def door(database: Database, keyring: Keyring) -> AsyncIterator[Door]:
    async with a_door(database, keyring) as opened:
        yield opened


async def invited(door: Door, *others: str) -> Offered:
    """Invite Odile, and with her whoever shares her telephone."""
    await door.small.family(by_sms(), *(by_sms(name=name) for name in others), children=["Lina"])
    at = Offered(door.small)
    await at.open()
    await door.drain()
    return at


async def test_an_hour_is_chosen_changed_and_given_back_behind_the_message(door: Door) -> None:
    at = await invited(door)
    slots = await at.slots()
    page = plain((await door.web.get(door.link)).text)

    chosen = await door.tap("choisir", eleve="1", heure=str(slots[0]))
    mine = plain((await door.web.get(door.link)).text)
    await door.tap("choisir", eleve="1", heure=str(slots[3]))
    moved = plain((await door.web.get(door.link)).text)
    await door.tap("rendre", eleve="1", rendezvous="1")

    assert "Lina : quelle heure pour votre rendez-vous à l’école ? Réponse jusqu’au mercredi 2 décembre." in page
    assert "Nous parlerons de la lecture." in page
    assert chosen.status_code == 303
    assert await door.answers() == [(1, None, "acknowledged", "page")]
    assert "jeudi 3 décembre, de 17 h 00 à 17 h 15" in mine
    assert "jeudi 3 décembre, de 17 h 45 à 18 h 00" in moved
    assert await door.small.rows("SELECT count(*) FROM booking WHERE cancelled_at IS NULL") == [(0,)]


async def test_who_comes_too_late_behind_the_message_is_offered_the_next(door: Door) -> None:
    at = await invited(door)
    (other,) = await door.small.family(by_sms("+33639981009", name="Ulla"), children=["Côme"])
    slots = await at.slots()
    await at.choose(slots[0], other, 2)

    late = await door.tap("choisir", eleve="1", heure=str(slots[0]))
    foreign = await door.tap("choisir", eleve="2", heure=str(slots[1]))
    await door.tap("attendre", eleve="1", tour=str(at.round_id))

    assert late.status_code == 400
    assert "Encore libres : 17 h 15, 17 h 30 et 17 h 45." in plain(late.text)
    assert foreign.status_code == 400
    assert "Vous serez prévenu si une heure se libère." in plain((await door.web.get(door.link)).text)
    assert await door.small.rows("SELECT guardian_id FROM booking") == [(other,)]


async def test_on_a_shared_telephone_nobody_sees_anothers_appointment(door: Door) -> None:
    at = await invited(door, "Oscar")
    await at.choose((await at.slots())[0], 2)

    page = plain((await door.web.get(door.link)).text)

    assert "Les rendez-vous, sur votre page" in page
    assert "17 h 00" not in page
