"""The alarm on its way: every channel at once, no ladder, no call, and the next news stops the last."""

import pytest_asyncio
from factories import Adult, a_school, by_mail, by_sms
from test_outbox import Hub

from hub.database import Database
from hub.errors import DeadAddressError, UnknownOutcomeError
from hub.models.notices import AttemptState
from hub.ports import ChannelName, NoticeKind, Slots
from hub.sealing import Keyring
from hub.settings import Settings

SHELTERED, OVER = Slots(phrase="sheltered"), Slots(phrase="over")
BOTH = ((ChannelName.SMS, "+33639981001"), (ChannelName.EMAIL, "ada@familles.test"))


@pytest_asyncio.fixture
async def hub(database: Database, keyring: Keyring) -> Hub:
    return Hub(await a_school(database, keyring), Settings(public_url="https://hub.test"))


async def test_every_way_is_taken_at_once(hub: Hub) -> None:
    await hub.small.family(Adult(name="Ada", reached_by=BOTH))

    await hub.press(NoticeKind.CRISIS, slots=SHELTERED)
    await hub.drain()

    assert [message.to for message in hub.sms.sent] == ["+33639981001"]
    assert [message.to for message in hub.mail.sent] == ["ada@familles.test"]
    (sms,) = hub.sms.sent
    assert sms.text == (
        "Trois-Ponts, ALERTE : Les enfants sont à l'abri à l'école avec leurs enseignants. "
        "Ne venez pas, n'appelez pas. Nous vous écrirons."
    )
    assert "hub.test" not in (hub.mail.sent[0].body.text.partition("--")[0])


async def test_who_is_told_on_one_way_is_told_on_the_others_too(hub: Hub) -> None:
    await hub.small.family(Adult(name="Ada", reached_by=BOTH))
    await hub.press(NoticeKind.CRISIS, slots=SHELTERED)
    await hub.small.write("UPDATE delivery SET state = 'told'")

    await hub.drain()

    assert len(hub.sms.sent) == len(hub.mail.sent) == 1
    assert await hub.states() == ["told"]


async def test_who_has_been_barred_since_is_told_on_none(hub: Hub) -> None:
    await hub.small.family(Adult(name="Ada", reached_by=BOTH))
    await hub.press(NoticeKind.CRISIS, slots=SHELTERED)
    await hub.small.write("UPDATE link SET kind = 'barred'")

    await hub.drain()

    assert (hub.sms.sent, hub.mail.sent) == ([], [])
    assert await hub.states() == ["cancelled"]


async def test_a_way_that_fails_is_no_call_and_what_a_server_took_counts(hub: Hub) -> None:
    await hub.small.family(Adult(name="Ada", reached_by=BOTH), by_sms("+33639981002", name="Bob"))
    hub.sms.answers = {
        "+33639981001": DeadAddressError("gone", code="21211"),
        "+33639981002": DeadAddressError("gone", code="21211"),
    }

    await hub.press(NoticeKind.CRISIS, slots=SHELTERED)
    await hub.drain()
    await hub.rewind()
    await hub.walk()

    assert await hub.states() == ["told", "to_call"]
    assert await hub.small.rows("SELECT count(*) FROM call_task") == [(0,)]


async def test_a_shared_phone_gets_it_once(hub: Hub) -> None:
    await hub.small.family(by_sms(name="Ada"), by_sms(name="Bob"))

    published = await hub.press(NoticeKind.CRISIS, slots=SHELTERED)
    await hub.drain()

    assert (published.adults, published.copies) == (2, 1)
    assert len(hub.sms.sent) == 1


async def test_the_next_news_stops_what_had_not_left(hub: Hub) -> None:
    await hub.small.family(by_sms(), by_mail())
    await hub.press(NoticeKind.CRISIS, slots=SHELTERED)
    await hub.press(NoticeKind.CRISIS, slots=OVER)

    await hub.drain()

    assert [message.text for message in hub.sms.sent] == ["Trois-Ponts, ALERTE : L'alerte est finie."]
    assert len(hub.mail.sent) == 1


async def test_a_phone_that_proves_it_counts_as_told(hub: Hub) -> None:
    await hub.small.family(by_sms())
    await hub.press(NoticeKind.CRISIS, slots=SHELTERED)
    await hub.drain()

    await hub.receipt(hub.sms.sent[0].attempt_id, AttemptState.DELIVERED)

    assert await hub.states() == ["told"]


async def test_in_a_crisis_a_message_whose_fate_is_unknown_is_not_given_up_while_nobody_calls(hub: Hub) -> None:
    await hub.small.family(by_sms())
    hub.sms.answers = {"+33639981000": UnknownOutcomeError("no answer")}
    await hub.press(NoticeKind.CRISIS, slots=SHELTERED)

    for _ in range(14):  # asked twice each time before it is sent again
        await hub.drain()
        await hub.rewind()
        await hub.walk()

    assert await hub.states() == ["on_the_way"]
    assert await hub.small.rows("SELECT max(n) > 4 FROM attempt") in ([(1,)], [(True,)])
