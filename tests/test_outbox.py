"""From the press to the phone, with fakes of the ports: what must always hold."""

from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from desks import on_one_database
from factories import NOW, Adult, FakeChannel, SmallSchool, a_school, by_mail, by_sms
from sqlalchemy import update
from sqlalchemy.dialects import sqlite

from hub.database import Database
from hub.errors import DeadAddressError, NotAllowedError, StoppedError, TemporaryError, UnknownOutcomeError
from hub.models.notices import AttemptState, ErrorKind
from hub.models.people import LinkKind
from hub.notices.publish import Draft, Published, publish
from hub.outbox.record import ReceiptIn, record_receipts
from hub.outbox.rungs import standing_on
from hub.outbox.sweep import give_up_sending
from hub.outbox.wordings import Wordings
from hub.ports import ChannelName, HalfDay, Lane, NoticeKind, Outgoing, Proof, Sent, Slots
from hub.sealing import Keyring
from hub.settings import Settings
from hub.tables import delivery
from i18n.rendering import render
from scheduler.drain import Drain
from scheduler.rounds import Rounds


class Hub:
    """A school with the engine around it, driven by hand."""

    def __init__(self, small: SmallSchool, settings: Settings) -> None:
        self.small, self.settings, self.database = small, settings, small.database
        self.sms = FakeChannel()
        self.mail = FakeChannel(name=ChannelName.EMAIL, proof=Proof.ACCEPTED)
        self.channels = {ChannelName.SMS: self.sms, ChannelName.EMAIL: self.mail}
        self.wordings = Wordings(settings, small.keyring, render)

    async def press(self, kind: NoticeKind = NoticeKind.URGENT, audience: str = "school", **more: Any) -> Published:
        slots = more.pop("slots", Slots(text="Ecole fermee ce matin."))
        author, now = more.pop("author", self.small.director), more.pop("now", NOW)
        more.setdefault("seconded_by", self.small.office)
        async with self.database.school(self.small.school.key) as session:
            return await publish(
                session,
                self.small.keyring,
                school=self.small.school,
                author_id=author,
                draft=Draft(kind=kind, audience=audience, slots=slots, **more),
                now=now,
            )

    async def drain(self) -> None:
        drain = Drain(self.database, self.small.keyring, self.wordings, self.settings, self.channels)
        for lane in Lane:
            await drain.drain(lane)
        await drain.idle()
        await drain.stop()

    async def walk(self) -> None:
        await Rounds(self.database, self.small.keyring, self.wordings, self.settings, self.channels).walk()

    async def receipt(self, attempt_id: int, state: AttemptState, **more: Any) -> int:
        async with self.database.engine() as connection:
            return await record_receipts(
                connection, [ReceiptIn(attempt_id, state, state.value, **more)], now=NOW + timedelta(seconds=5)
            )

    async def states(self) -> list[str]:
        return [row[0] for row in await self.small.rows("SELECT state FROM delivery ORDER BY id")]

    async def attempts(self) -> list[tuple]:
        return await self.small.rows("SELECT state FROM attempt ORDER BY id")

    async def rewind(self) -> None:
        """Let all waiting times pass."""
        then = NOW - timedelta(days=300)
        moment = then.strftime("%Y-%m-%d %H:%M:%S.%f") if self.database.dialect == "sqlite" else then
        await self.small.write("UPDATE attempt SET look_at = :then WHERE look_at IS NOT NULL", then=moment)


@pytest_asyncio.fixture
async def hub(database: Database, keyring: Keyring) -> Hub:
    settings = Settings(public_url="https://hub.test", master_keys=None)
    return Hub(await a_school(database, keyring), settings)


async def test_a_press_reaches_every_adult_once(hub: Hub) -> None:
    await hub.small.family(by_sms("+33639981001"), by_sms("+33639981002"), children=["Capucine", "Basile"])

    published = await hub.press()
    await hub.drain()

    assert (published.adults, published.copies, published.to_call) == (2, 2, 0)
    assert sorted(message.to for message in hub.sms.sent) == ["+33639981001", "+33639981002"]
    assert await hub.attempts() == [("accepted",), ("accepted",)]
    assert await hub.states() == ["on_the_way", "on_the_way"]


async def test_a_second_press_changes_nothing(hub: Hub) -> None:
    await hub.small.family(by_sms())

    first = await hub.press(key="once")
    again = await hub.press(key="once")
    await hub.drain()

    assert again.notice_id == first.notice_id
    assert not again.fresh
    assert len(hub.sms.sent) == 1


async def test_two_adults_on_one_phone_get_one_copy_and_both_are_told(hub: Hub) -> None:
    await hub.small.family(by_sms("+33639981001", name="Odile"), by_sms("+33639981001", name="Tiago"))

    await hub.press()
    await hub.drain()
    await hub.receipt(1, AttemptState.DELIVERED)

    assert len(hub.sms.sent) == 1
    assert await hub.states() == ["told", "told"]


async def test_a_dead_number_takes_the_next_rung_at_once_and_the_last_one_is_called(hub: Hub) -> None:
    both = Adult(reached_by=((ChannelName.SMS, "+33639981001"), (ChannelName.EMAIL, "odile@familles.test")))
    await hub.small.family(both)
    hub.sms.answers["+33639981001"] = DeadAddressError("dead", code="21211")
    hub.mail.answers["odile@familles.test"] = DeadAddressError("dead", code="550")

    await hub.press()
    await hub.drain()
    await hub.drain()

    assert len(hub.mail.sent) == 1
    assert await hub.states() == ["to_call"]
    assert await hub.small.rows("SELECT state FROM address ORDER BY id") == [("dead",), ("dead",)]
    assert await hub.small.rows("SELECT count(*) FROM call_task WHERE done_at IS NULL") == [(1,)]


async def test_an_adult_without_any_address_is_a_task_to_call_from_the_start(hub: Hub) -> None:
    await hub.small.family(Adult())

    published = await hub.press()

    assert published.to_call == 1
    assert await hub.small.rows("SELECT count(*) FROM call_task WHERE done_at IS NULL") == [(1,)]


async def test_a_barred_parent_gets_nothing(hub: Hub) -> None:
    await hub.small.family(by_sms("+33639981001"), by_sms("+33639981002", kind=LinkKind.BARRED))

    await hub.press()
    await hub.drain()

    assert [message.to for message in hub.sms.sent] == ["+33639981001"]


async def test_who_is_barred_between_press_and_sending_gets_nothing(hub: Hub) -> None:
    await hub.small.family(by_sms("+33639981001"))

    await hub.press()
    await hub.small.write("UPDATE link SET kind = 'barred'")
    await hub.drain()

    assert hub.sms.sent == []
    assert await hub.attempts() == [("withdrawn",)]
    assert await hub.states() == ["cancelled"]


async def test_a_copy_names_only_that_guardians_pupils(hub: Hub) -> None:
    await hub.small.family(by_sms("+33639981001"), children=["Capucine"])
    await hub.small.family(by_sms("+33639981002"), children=["Basile"])
    absence = Slots(day=NOW.date(), half_day=HalfDay.MORNING)

    await hub.press(kind=NoticeKind.ABSENCE, slots=absence)
    await hub.drain()

    texts = {message.to: message.text for message in hub.sms.sent}
    assert "Capucine" in texts["+33639981001"]
    assert "Basile" not in texts["+33639981001"]
    assert "Capucine" not in texts["+33639981002"]


async def test_an_address_that_never_answered_gets_no_childs_name(hub: Hub) -> None:
    await hub.small.family(by_sms(confirmed=False))

    await hub.press(kind=NoticeKind.ABSENCE, slots=Slots(day=NOW.date(), half_day=HalfDay.MORNING))
    await hub.drain()

    assert "Capucine" not in hub.sms.sent[0].text


async def test_a_teacher_cannot_write_to_a_class_that_is_not_his_today(hub: Hub) -> None:
    await hub.small.family(by_sms(), class_label="CE1 B")

    with pytest.raises(NotAllowedError):
        await hub.press(kind=NoticeKind.ANNOUNCEMENT, audience="class:CE1 B", author=hub.small.teacher)
    with pytest.raises(NotAllowedError):
        await hub.press(kind=NoticeKind.ANNOUNCEMENT, audience="school", author=hub.small.teacher)
    with pytest.raises(NotAllowedError):
        await hub.press(kind=NoticeKind.ANNOUNCEMENT, audience="pupil:1", author=hub.small.teacher)
    assert await hub.small.rows("SELECT count(*) FROM notice") == [(0,)]


async def test_an_early_receipt_is_not_lowered_by_the_answer_that_follows(hub: Hub) -> None:
    await hub.small.family(by_sms())
    taken = hub.sms.send

    async def delivered_first(message: Outgoing) -> Sent:
        await hub.receipt(message.attempt_id, AttemptState.DELIVERED)
        return await taken(message)

    hub.sms.send = delivered_first
    await hub.press()
    await hub.drain()

    assert await hub.small.rows("SELECT state, provider_id FROM attempt") == [("delivered", "SM1")]
    assert await hub.states() == ["told"]


async def test_doubled_and_reordered_receipts_change_nothing_more(hub: Hub) -> None:
    await hub.small.family(by_sms())
    await hub.press()
    await hub.drain()

    for state in (AttemptState.DELIVERED, AttemptState.ACCEPTED, AttemptState.DELIVERED, AttemptState.FAILED):
        await hub.receipt(1, state, error_kind=ErrorKind.DEAD_ADDRESS if state is AttemptState.FAILED else None)

    assert await hub.attempts() == [("delivered",)]
    assert await hub.states() == ["told"]
    assert await hub.small.rows("SELECT count(*) FROM receipt") == [(3,)]


async def test_a_late_success_closes_the_call(hub: Hub) -> None:
    await hub.small.family(by_sms())
    await hub.press()
    await hub.drain()
    await hub.receipt(1, AttemptState.FAILED, error_kind=ErrorKind.TEMPORARY)
    assert await hub.states() == ["to_call"]

    await hub.receipt(1, AttemptState.DELIVERED)

    assert await hub.states() == ["told"]
    assert await hub.small.rows("SELECT count(*) FROM call_task WHERE done_at IS NULL") == [(0,)]


async def test_a_receipt_for_nothing_of_ours_is_dropped(hub: Hub) -> None:
    assert await hub.receipt(999, AttemptState.DELIVERED) == 0


async def test_an_unknown_sending_that_the_provider_has_is_not_repeated(hub: Hub) -> None:
    await hub.small.family(by_sms())
    hub.sms.answers["+33639981000"] = UnknownOutcomeError("lost")
    await hub.press()
    await hub.drain()
    hub.sms.known[hub.sms.sent[0].text] = "SMfound"
    await hub.rewind()

    await hub.walk()

    assert await hub.small.rows("SELECT state, provider_id FROM attempt") == [("accepted", "SMfound")]
    assert len(hub.sms.sent) == 1


async def test_an_unknown_sending_that_the_provider_has_not_is_sent_again_and_counted(hub: Hub) -> None:
    await hub.small.family(by_sms())
    hub.sms.answers["+33639981000"] = UnknownOutcomeError("lost")
    await hub.press()
    await hub.drain()
    hub.sms.answers.clear()

    for _ in range(2):  # asked twice: a provider's list may lag
        await hub.rewind()
        await hub.walk()
    await hub.drain()

    assert await hub.small.rows("SELECT n, state, repeats FROM attempt ORDER BY n") == [
        (1, "failed", False),
        (2, "accepted", True),
    ] or await hub.small.rows("SELECT n, state, repeats FROM attempt ORDER BY n") == [
        (1, "failed", 0),
        (2, "accepted", 1),
    ]


async def test_what_was_being_sent_when_the_worker_died_is_unknown_not_claimed_again(hub: Hub) -> None:
    await hub.small.family(by_sms())
    await hub.press()
    await hub.small.write("UPDATE attempt SET state = 'sending', text_sealed = NULL, claim = 1")
    await hub.rewind()

    await hub.drain()
    async with hub.database.engine() as connection:
        await give_up_sending(connection, hub.settings, now=NOW)

    assert hub.sms.sent == []
    assert await hub.attempts() == [("unknown",)]


async def test_a_busy_provider_is_tried_again_later_with_the_same_attempt(hub: Hub) -> None:
    await hub.small.family(by_sms())
    hub.sms.answers["+33639981000"] = TemporaryError("busy", code="20429", retry_after=0.0)
    await hub.press()
    await hub.drain()
    rows = await hub.small.rows("SELECT n, state, tries FROM attempt")
    assert rows[0][0] == 1
    assert rows[0][2] >= 1


async def test_stop_is_kept_for_that_sender_and_the_ladder_goes_on(hub: Hub) -> None:
    await hub.small.family(
        Adult(reached_by=((ChannelName.SMS, "+33639981001"), (ChannelName.EMAIL, "o@familles.test")))
    )
    hub.sms.answers["+33639981001"] = StoppedError("stop", code="21610")
    await hub.press()
    await hub.drain()
    await hub.drain()

    assert [message.to for message in hub.mail.sent] == ["o@familles.test"]
    assert await hub.small.rows("SELECT count(*) FROM stop") == [(1,)]
    await hub.press()
    await hub.drain()
    assert len(hub.sms.sent) == 1


async def test_the_stop_of_one_adult_closes_no_sender_to_the_others(hub: Hub) -> None:
    both = Adult(reached_by=((ChannelName.SMS, "+33639981001"), (ChannelName.EMAIL, "odile@familles.test")))
    await hub.small.family(both, by_sms("+33639981002", name="Tiago"), by_sms("+33639981003", name="Rita"))
    hub.sms.answers["+33639981001"] = StoppedError("stop", code="21610")
    await hub.press()
    await hub.drain()
    await hub.drain()
    hub.sms.sent.clear()
    hub.mail.sent.clear()

    published = await hub.press()
    await hub.drain()

    assert published.to_call == 0
    assert [message.to for message in hub.mail.sent] == ["odile@familles.test"]
    assert sorted(message.to for message in hub.sms.sent) == ["+33639981002", "+33639981003"]


async def test_an_urgent_mail_never_counts_as_told_and_ends_as_a_call(hub: Hub) -> None:
    await hub.small.family(by_mail())
    await hub.press()
    await hub.drain()
    assert await hub.states() == ["on_the_way"]

    await hub.rewind()
    await hub.walk()

    assert await hub.states() == ["to_call"]


async def test_a_routine_mail_without_bounce_counts_as_told_and_can_still_fall(hub: Hub) -> None:
    await hub.small.family(by_mail())
    await hub.press(kind=NoticeKind.ANNOUNCEMENT)
    await hub.drain()
    await hub.rewind()
    await hub.walk()
    assert await hub.states() == ["told"]

    await hub.receipt(1, AttemptState.FAILED, error_kind=ErrorKind.DEAD_ADDRESS)

    assert await hub.states() == ["to_call"]


async def test_a_routine_sms_whose_phone_stays_silent_becomes_a_call_not_a_second_sms(hub: Hub) -> None:
    await hub.small.family(by_sms())
    await hub.press(kind=NoticeKind.ANNOUNCEMENT)
    await hub.drain()
    await hub.rewind()
    await hub.walk()

    assert await hub.states() == ["to_call"]
    assert len(hub.sms.sent) == 1


async def test_a_sender_that_hears_no_receipts_proves_no_more_than_mail(hub: Hub) -> None:
    await hub.small.family(by_sms())
    await hub.small.write("UPDATE sender SET receipts = false")
    await hub.press(kind=NoticeKind.ANNOUNCEMENT)
    await hub.drain()
    await hub.rewind()
    await hub.walk()

    assert await hub.states() == ["told"]


@on_one_database
async def test_what_follows_for_a_few_copies_does_not_read_every_delivery_of_the_years(database: Database) -> None:
    asked = update(delivery).where(standing_on([1, 2])).values(rung=1)
    words = asked.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    async with database.engine_reading() as connection:
        plan = [row.detail for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}")]

    assert any("SEARCH delivery" in step for step in plan)
    assert not [step for step in plan if step.startswith("SCAN")]
