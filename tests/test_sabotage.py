"""What an attacker, a broken row or an angry provider does to the hub, and what still holds."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from factories import NOW, Adult, FakeChannel, a_school, by_mail, by_sms
from family_door import PUBLIC, Door, a_door
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from test_outbox import Hub
from twilio.request_validator import RequestValidator

from hub.database import Database
from hub.errors import HubError, MisconfiguredError, RejectedError, TemporaryError, UnknownOutcomeError
from hub.models.notices import AttemptState
from hub.notices.cancelling import cancel
from hub.outbox.last_look import look
from hub.outbox.stopping import stop_writing
from hub.ports import ChannelName, Lane, NoticeKind
from hub.replies.wrong_numbers import wrong_number
from hub.sealing import Keyring
from hub.settings import Settings
from scheduler.drain import Drain
from scheduler.pace import Pace

PHONE, MAILBOX = "+33639981001", "odile@familles.test"
BOTH = Adult(reached_by=((ChannelName.SMS, PHONE), (ChannelName.EMAIL, MAILBOX)))


@pytest_asyncio.fixture
async def hub(database: Database, keyring: Keyring) -> Hub:
    return Hub(await a_school(database, keyring), Settings(public_url="https://hub.test", master_keys=None))


async def test_a_stopped_sender_is_not_tried_again_and_again(hub: Hub) -> None:
    for number in range(40):
        await hub.small.family(by_sms(f"+336399810{number:02}"))
        hub.sms.answers[f"+336399810{number:02}"] = MisconfiguredError("no money", code="20003")

    await hub.press(kind=NoticeKind.ANNOUNCEMENT)
    await hub.drain()
    await hub.drain()

    assert len(hub.sms.sent) <= hub.sms.limits.connections
    assert await hub.small.rows("SELECT DISTINCT state FROM attempt") == [("ready",)]
    assert await hub.small.rows("SELECT count(*) FROM sender WHERE stopped_at IS NOT NULL") == [(1,)]

    hub.sms.answers.clear()
    hub.sms.sent.clear()
    await hub.small.write("UPDATE sender SET stopped_at = NULL, stopped_why = ''")
    await hub.drain()
    assert len(hub.sms.sent) == 40


async def test_nothing_is_claimed_from_a_stopped_sender(hub: Hub) -> None:
    await hub.small.family(by_sms())
    await hub.press()
    await hub.small.write("UPDATE sender SET stopped_at = :now", now=_moment(hub, NOW))

    async with hub.database.engine() as connection:
        taken, _ = await look(
            connection,
            sender_id=hub.small.senders[ChannelName.SMS],
            lane=Lane.URGENT,
            most=10,
            day=NOW.date(),
            now=NOW,
        )

    assert taken == []


async def test_urgent_behind_a_stopped_sender_takes_the_next_rung(hub: Hub) -> None:
    await hub.small.family(BOTH)
    hub.sms.answers[PHONE] = MisconfiguredError("no money", code="20003")

    await hub.press()
    await hub.drain()
    await hub.walk()
    await hub.drain()

    assert [message.to for message in hub.mail.sent] == [MAILBOX]


async def test_a_provider_that_asks_for_a_long_rest_leaves_nothing_in_doubt(hub: Hub) -> None:
    hub.settings = Settings(public_url=PUBLIC, lease=0.6, send_deadline=0.2)
    for number in range(30):
        await hub.small.family(by_sms(f"+336399810{number:02}"))
        hub.sms.answers[f"+336399810{number:02}"] = TemporaryError("slow down", code="20429", retry_after=3600.0)

    await hub.press()
    async with asyncio.timeout(5):
        await hub.drain()

    assert len(hub.sms.sent) <= hub.sms.limits.connections
    assert await hub.small.rows("SELECT DISTINCT state FROM attempt") == [("ready",)]


async def test_stopping_does_not_wait_for_a_provider_that_asked_for_rest(hub: Hub) -> None:
    for number in range(30):
        await hub.small.family(by_sms(f"+336399810{number:02}"))
        hub.sms.answers[f"+336399810{number:02}"] = TemporaryError("slow down", code="20429", retry_after=9.0)
    await hub.press()
    drain = Drain(hub.database, hub.small.keyring, hub.wordings, hub.settings, hub.channels)

    await drain.drain(Lane.URGENT)
    async with asyncio.timeout(5):
        while not hub.sms.sent:  # noqa: ASYNC110 (the fake has no bell)
            await asyncio.sleep(0.01)
        await drain.stop()

    assert await hub.small.rows("SELECT DISTINCT state FROM attempt") == [("ready",)]


async def test_who_waits_for_a_turn_goes_in_time() -> None:
    pace = Pace(None)
    pace.rest(60.0)
    begun = time.monotonic()

    assert not await pace.turn(Lane.URGENT, within=0.05)
    assert not await pace.turn(Lane.URGENT, within=-1.0)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "poison",
    [
        "UPDATE data_key SET wrapped = '\\x00' WHERE id = (SELECT data_key_id FROM address WHERE id = 1)",
        "UPDATE address SET value_sealed = '\\x00' WHERE id = 1",
        "UPDATE address SET value_sealed = '' WHERE id = 1",
    ],
)
async def test_an_address_that_cannot_be_read_holds_up_nobody(hub: Hub, poison: str) -> None:
    await hub.small.family(BOTH)
    await hub.small.family(by_sms("+33639981002"))
    await hub.press()
    await _poison(hub, poison)

    await hub.drain()
    await hub.drain()

    assert [message.to for message in hub.sms.sent] == ["+33639981002"]
    assert [message.to for message in hub.mail.sent] == [MAILBOX]


async def test_a_notice_that_cannot_be_read_holds_up_no_other(hub: Hub) -> None:
    await hub.small.family(by_sms())
    await hub.press()
    await _poison(hub, "UPDATE notice_version SET slots_sealed = '\\x00'")
    await hub.press()

    await hub.drain()

    assert len(hub.sms.sent) == 1
    assert await hub.states() == ["to_call", "on_the_way"]


async def test_a_sender_whose_secret_cannot_be_read_stops_and_urgent_goes_another_way(hub: Hub) -> None:
    await hub.small.family(BOTH)
    await hub.press()
    await _poison(hub, "UPDATE sender SET secret_sealed = '\\x00' WHERE channel = 'sms'")

    await hub.drain()
    await hub.walk()
    await hub.drain()

    assert hub.sms.sent == []
    assert [message.to for message in hub.mail.sent] == [MAILBOX]
    assert await hub.small.rows("SELECT count(*) FROM tray_item WHERE matter = 'sender_stopped'") == [(1,)]


async def test_a_try_that_cannot_be_asked_about_holds_up_no_other(hub: Hub) -> None:
    await hub.small.family(by_sms(PHONE))
    await hub.small.family(by_sms("+33639981002"))
    for number in (PHONE, "+33639981002"):
        hub.sms.answers[number] = UnknownOutcomeError("silence")
    await hub.press()
    await hub.drain()
    await _poison(hub, "UPDATE attempt SET text_sealed = NULL WHERE id = 1")
    hub.sms.known = {message.text: "SM77" for message in hub.sms.sent if message.attempt_id == 2}
    await hub.rewind()

    await hub.walk()

    assert await hub.small.rows("SELECT state FROM attempt ORDER BY id") == [("unknown",), ("accepted",)]


async def test_a_fault_of_ours_while_asking_is_no_reason_to_wait_for_ever(hub: Hub) -> None:
    class Faulty(FakeChannel):
        async def find(self, *_: Any, **__: Any) -> None:
            raise KeyError("sid")

    hub.sms = Faulty(answers={PHONE: UnknownOutcomeError("silence")})
    hub.channels[ChannelName.SMS] = hub.sms
    await hub.small.family(BOTH)
    await hub.press()
    await hub.drain()
    await hub.rewind()
    await hub.small.write("UPDATE attempt SET sending_at = :then", then=_moment(hub, NOW - timedelta(hours=1)))

    await hub.walk()
    await hub.drain()

    assert [message.to for message in hub.mail.sent] == [MAILBOX]


async def test_a_rung_that_leads_to_a_try_that_has_failed_already_is_no_dead_end(hub: Hub) -> None:
    """She has the phone first, he the mailbox first and the same phone after it."""
    mail_first = Adult(name="Tiago", reached_by=((ChannelName.EMAIL, MAILBOX), (ChannelName.SMS, PHONE)))
    await hub.small.family(by_sms(PHONE), mail_first)
    hub.sms.answers[PHONE] = RejectedError("refused", code="30007")
    hub.mail.answers[MAILBOX] = TemporaryError("later", code="450", retry_after=0.0)
    await hub.press()
    await hub.drain()
    await hub.drain()

    hub.mail.answers[MAILBOX] = RejectedError("refused", code="550")
    await hub.drain()

    assert await hub.states() == ["to_call", "to_call"]
    assert await hub.small.rows("SELECT count(*) FROM call_task WHERE done_at IS NULL") == [(2,)]


async def test_a_rung_that_leads_to_a_silent_phone_is_no_dead_end(hub: Hub) -> None:
    mail_first = Adult(name="Tiago", reached_by=((ChannelName.EMAIL, MAILBOX), (ChannelName.SMS, PHONE)))
    await hub.small.family(by_sms(PHONE), mail_first)
    await hub.press()
    await hub.drain()
    await hub.rewind()

    await hub.walk()

    assert await hub.states() == ["to_call", "to_call"]


async def test_who_is_barred_before_the_next_rung_gets_nothing_there(hub: Hub) -> None:
    await hub.small.family(BOTH)
    await hub.press()
    await hub.drain()
    await hub.small.write("UPDATE link SET kind = 'barred'")

    await hub.receipt(1, AttemptState.FAILED)
    await hub.rewind()
    await hub.drain()

    assert hub.mail.sent == []
    assert await hub.states() == ["cancelled"]


async def test_stop_is_kept_by_what_is_urgent_too(hub: Hub) -> None:
    await hub.small.family(BOTH)
    async with hub.database.engine() as connection:
        await stop_writing(
            connection,
            school_id=hub.small.school.key,
            address_id=1,
            sender_id=hub.small.senders[ChannelName.SMS],
            now=NOW,
        )

    await hub.press()
    await hub.drain()

    assert hub.sms.sent == []
    assert [message.to for message in hub.mail.sent] == [MAILBOX]


async def test_a_late_receipt_from_a_wrong_number_tells_nobody(hub: Hub) -> None:
    await hub.small.family(by_sms(PHONE))
    await hub.press()
    await hub.drain()
    async with hub.database.engine() as connection:
        await wrong_number(connection, school_id=hub.small.school.key, address_id=1, now=NOW)

    await hub.receipt(1, AttemptState.DELIVERED)

    assert await hub.attempts() == [("withdrawn",)]
    assert await hub.states() == ["to_call"]


async def test_nobody_climbs_for_a_cancelled_notice(hub: Hub) -> None:
    await hub.small.family(BOTH)
    await hub.press()
    await hub.drain()
    await hub.receipt(1, AttemptState.DELIVERED)
    async with hub.database.school(hub.small.school.key) as session:
        await cancel(session, school_id=hub.small.school.key, notice_id=1, now=NOW)

    async with hub.database.engine() as connection:
        await wrong_number(connection, school_id=hub.small.school.key, address_id=1, now=NOW)
    await hub.drain()

    assert hub.mail.sent == []
    assert await hub.small.rows("SELECT count(*) FROM call_task WHERE done_at IS NULL") == [(0,)]
    assert await hub.states() == ["told"]


async def test_two_presses_of_one_key_at_once_are_one_notice(hub: Hub) -> None:
    await hub.small.family(by_sms())

    published = await asyncio.gather(*(hub.press(key="once") for _ in range(4)))
    await hub.drain()

    assert len({one.notice_id for one in published}) == 1
    assert len(hub.sms.sent) == 1


@pytest.mark.parametrize(
    "audience", ["pupil:2", "pupil:99999999999999999999", "pupil:1,2", "class:Z", "pupil:-1", "pupil:1;--"]
)
async def test_a_child_of_another_school_cannot_be_written_about(hub: Hub, keyring: Keyring, audience: str) -> None:
    await hub.small.family(by_sms())
    other = await a_school(hub.database, keyring, slug="faux-pont")
    await other.family(by_sms("+33639981009"), children=["Basile"])

    with pytest.raises(HubError):
        await hub.press(kind=NoticeKind.ANNOUNCEMENT, audience=audience)


async def test_an_error_of_the_database_shows_no_values(hub: Hub) -> None:
    with pytest.raises(DBAPIError) as failed:
        await hub.small.rows("SELECT :name FROM no_such_table", name="Capucine")

    assert "Capucine" not in str(failed.value)


@pytest_asyncio.fixture
async def door(database: Database, keyring: Keyring) -> Any:
    async with a_door(database, keyring) as opened:
        yield opened


async def _knock(door: Door, path: str, body: str, **headers: str) -> httpx.Response:
    return await door.web.post(
        path, content=body, headers={"Content-Type": "application/x-www-form-urlencoded", **headers}
    )


async def test_a_webhook_of_a_thousand_fields_costs_nothing(door: Door) -> None:
    body = "&".join(f"f{number}=" for number in range(9000)) + "&f1="
    begun = time.monotonic()

    answer = await _knock(door, "/webhooks/twilio/trois-ponts-sms/inbound", body)

    assert answer.status_code == 413
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize("settings", ["algorithm=none", "algorithm=", "algorithm=HMAC_SHA256", "a=b,c"])
async def test_a_forger_cannot_choose_an_algorithm(door: Door, settings: str) -> None:
    answer = await _knock(
        door,
        "/webhooks/twilio/trois-ponts-sms/inbound",
        "From=%2B33639981000&MessageSid=SM1&Body=STOP",
        **{"X-Twilio-Signature": "", "X-Twilio-Webhooks-Signature-Settings": settings},
    )

    assert answer.status_code == 403
    assert await door.count("reply") == 0


async def test_a_secret_of_one_school_opens_no_other(door: Door, keyring: Keyring) -> None:
    await a_school(door.small.database, keyring, slug="faux-pont")
    await door.small.family(by_sms())
    await door.press()
    path = f"/webhooks/twilio/faux-pont-sms/status/{door.last.token}"
    fields = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    signature = RequestValidator("token").compute_signature(f"{PUBLIC}{path}", fields)

    answer = await door.web.post(path, data=fields, headers={"X-Twilio-Signature": signature})

    assert answer.status_code == 404
    assert await door.states() == ["on_the_way"]


@pytest.mark.parametrize("body", ["\x00", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "a" * 4000])
async def test_strange_letters_in_a_text_lose_no_reply(door: Door, body: str) -> None:
    await door.small.family(by_sms("+33639981000"))
    fields = {"MessageSid": "SM9", "From": "+33639981000", "Body": body}
    path = "/webhooks/twilio/trois-ponts-sms/inbound"
    signature = RequestValidator("token").compute_signature(f"{PUBLIC}{path}", fields)

    answer = await door.web.post(path, data=fields, headers={"X-Twilio-Signature": signature})

    assert answer.status_code == 200
    assert await door.count("reply") == 1


async def test_nobody_answers_for_an_adult_whom_the_link_does_not_serve(door: Door) -> None:
    await door.small.family(by_sms("+33639981001"))
    others = await door.small.family(by_mail("autre@familles.test"), children=["Basile"])
    await door.press(NoticeKind.ABSENCE)

    for who in (str(others[0]), "999999", "-1", "1 OR 1=1", "9" * 30):
        await door.tap("ill", guardian=who)

    assert await door.answers() == []


def _moment(hub: Hub, when: Any) -> Any:
    return when.strftime("%Y-%m-%d %H:%M:%S.%f") if hub.database.dialect == "sqlite" else when


async def _poison(hub: Hub, statement: str) -> None:
    if hub.database.dialect == "sqlite":
        statement = statement.replace("'\\x00'", "x'00'").replace("= ''", "= x''")
    async with hub.database.engine() as connection:
        await connection.execute(text(statement.replace("'\\x00'", "'\\x00'::bytea")))
