"""A school with several numbers: what a family still has to answer keeps its own, so that nobody is asked back."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from factories import NOW, TODAY, by_mail, by_sms
from family_door import Door, a_door
from test_webhooks import EMPTY, posted

from hub.database import Database
from hub.errors import StoppedError
from hub.inbox.answering import open_thread, write_back
from hub.notices.follow_up import remind
from hub.notices.headlines import Reader, headline
from hub.people.rights import rights_on
from hub.people.schools import add_sender
from hub.ports import ChannelName, NoticeKind, Slots
from hub.sealing import Keyring

ONE, TWO, THREE = "+33937000000", "+33937000001", "+33937000002"
KEYS = {ONE: "trois-ponts-sms", TWO: "trois-ponts-deux", THREE: "trois-ponts-trois"}
ODILE = "+33639981000"
MEETING = Slots(starts_at=NOW.replace(day=26, hour=16), place="Salle 4", text="Merci de venir.")


@dataclass
class Lines:
    """A school that writes from several numbers."""

    door: Door
    _texts: int = 0

    async def add(self, address: str, *, two_way: bool = True) -> int:
        """Give the school another number."""
        small = self.door.small
        async with small.database.school(small.school.key) as session:
            return await add_sender(
                session,
                small.keyring,
                small.school.key,
                channel=ChannelName.SMS,
                provider="twilio",
                address=address,
                key_name=KEYS.get(address),
                login="AC" + "0" * 32,
                secret="token",
                two_way=two_way,
            )

    @property
    def used(self) -> list[str]:
        """The numbers that texts left from, in the order in which they left."""
        return [message.account.address for message in self.door.sms.sent]

    async def texts(self, words: str, to: str, *, number: str = ODILE) -> httpx.Response:
        """A family writes to one of the numbers."""
        self._texts += 1
        sent = {"MessageSid": f"SM{self._texts}", "From": number, "To": to, "Body": words, "NumMedia": "0"}
        return await posted(self.door, f"/webhooks/twilio/{KEYS[to]}/inbound", sent)

    async def rings(self, to: str, *, number: str = ODILE) -> None:
        """A family rings one of the numbers."""
        sent = {"CallSid": f"CA{to}", "From": number, "To": to, "CallStatus": "ringing"}
        await posted(self.door, f"/webhooks/twilio/{KEYS[to]}/voice", sent)

    async def reader(self) -> Reader:
        small = self.door.small
        async with small.database.reading(small.school.key) as session:
            rights = await rights_on(session, school_id=small.school.key, staff_id=small.director, day=TODAY)
        return Reader(small.director, rights, TODAY)

    async def writes(self, thread_id: int, words: str) -> None:
        """The director writes in a conversation."""
        small, reader = self.door.small, await self.reader()
        async with small.database.school(small.school.key) as session:
            here = {"school": small.school, "thread_id": thread_id, "reader": reader, "now": NOW + timedelta(hours=3)}
            await write_back(session, small.keyring, words=words, key=words, **here)
        small.database._clock = lambda: NOW + timedelta(hours=3)
        await self.door.drain()


@pytest_asyncio.fixture
async def lines(database: Database, keyring: Keyring) -> AsyncIterator[Lines]:
    async with a_door(database, keyring) as door:
        opened = Lines(door)
        await opened.add(TWO)
        yield opened


async def test_two_open_questions_leave_from_two_numbers_and_are_answered_without_asking_back(lines: Lines) -> None:
    door = lines.door
    await door.small.family(by_sms(), children=("Lina", "Basile"))
    first = await door.press(NoticeKind.MEETING, slots=MEETING)
    second = await door.press(NoticeKind.MEETING, slots=MEETING)

    await lines.texts("oui", TWO)
    await lines.texts("non", ONE)

    assert lines.used == [ONE, TWO]
    answers = await door.small.rows("SELECT notice_id, kind FROM answer ORDER BY notice_id")
    assert answers == [(first, "no"), (second, "yes")]
    assert await door.count("reply_choice") == 0


async def test_absences_of_two_children_each_have_their_number(lines: Lines) -> None:
    door = lines.door
    for child in ("Lina", "Basile"):
        await door.small.family(by_sms(), children=(child,))
    pupils = [row[0] for row in await door.small.rows("SELECT id FROM pupil ORDER BY id")]
    for pupil_id in pupils:
        await door.press(NoticeKind.ABSENCE, audience=f"pupil:{pupil_id}")

    await lines.texts("2", TWO)

    assert lines.used == [ONE, TWO]
    assert {(pupil_id, kind) for _, pupil_id, kind, _ in await door.answers()} == {(pupils[1], "other_reason")}


async def test_what_was_answered_and_what_asks_nothing_holds_no_number(lines: Lines) -> None:
    door = lines.door
    await door.small.family(by_sms())
    await door.press()
    await door.press(NoticeKind.MEETING, slots=MEETING)
    await lines.texts("oui", ONE)
    await door.press()

    assert lines.used == [ONE, ONE, ONE]


async def test_when_all_numbers_are_held_the_one_that_has_rested_longest_is_taken_but_never_one_told_to_stop(
    lines: Lines,
) -> None:
    door = lines.door
    third = await lines.add(THREE)
    await door.small.family(by_sms())
    await door.small.write(
        "INSERT INTO stop (school_id, sender_id, address_id, at)"
        " SELECT school_id, :third, id, '2026-11-23 06:00:00+00:00' FROM address",
        third=third,
    )
    for _ in range(3):
        await door.press(NoticeKind.MEETING, slots=MEETING)
        await door.small.write("UPDATE attempt SET due_at = '2026-11-23 06:00:00+00:00' WHERE id = 1")

    assert lines.used == [ONE, TWO, ONE]


@pytest.mark.parametrize("kind", [NoticeKind.ANNOUNCEMENT, NoticeKind.URGENT])
async def test_stop_said_to_one_number_is_said_to_all_and_start_opens_the_one_it_is_said_to(
    lines: Lines, kind: NoticeKind
) -> None:
    door = lines.door
    await door.small.family(by_sms())
    await door.press()
    await lines.texts("STOP", ONE)
    await door.press(kind)
    stopped = (lines.used, await door.count("call_task"))
    await lines.texts("START", TWO)
    await door.press(kind)

    assert stopped == ([ONE], 1)
    assert lines.used == [ONE, TWO]


async def test_a_stop_that_only_the_provider_heard_is_said_to_all_numbers_too(lines: Lines) -> None:
    door = lines.door
    await door.small.family(by_sms())
    door.sms.answers[ODILE] = StoppedError("stop", code="21610")
    await door.press()
    door.sms.answers.clear()
    await door.press()

    assert lines.used == [ONE]
    assert await door.states() == ["to_call", "to_call"]


async def test_a_stopped_number_is_passed_over(lines: Lines) -> None:
    door = lines.door
    await door.small.family(by_sms())
    await door.press(NoticeKind.MEETING, slots=MEETING)
    await door.small.write("UPDATE sender SET stopped_at = '2026-11-23 06:00:00+00:00' WHERE address = :two", two=TWO)
    await door.press(NoticeKind.MEETING, slots=MEETING)

    assert lines.used == [ONE, ONE]


async def test_families_are_not_held_by_each_others_questions(lines: Lines) -> None:
    door = lines.door
    await door.small.family(by_sms())
    await door.press(NoticeKind.MEETING, slots=MEETING)
    await door.small.family(by_sms("+33639981001"), by_mail(), children=("Noé",))
    await door.press()

    assert dict(zip([message.to for message in door.sms.sent[1:]], lines.used[1:], strict=True)) == {
        ODILE: TWO,
        "+33639981001": ONE,
    }


async def test_a_reminder_stays_on_the_number_of_what_it_reminds_of(lines: Lines) -> None:
    door = lines.door
    await door.small.family(by_sms())
    first = await door.press(NoticeKind.MEETING, slots=MEETING)
    await door.press(NoticeKind.MEETING, slots=MEETING)
    small, reader = door.small, await lines.reader()
    async with small.database.school(small.school.key) as session:
        seen = await headline(session, small.keyring, school_id=small.school.key, notice_id=first, reader=reader)
        await remind(session, small.keyring, school=small.school, seen=seen, reader=reader, key="again", now=NOW)
    await door.drain()

    assert lines.used == [ONE, TWO, ONE]


async def test_a_conversation_keeps_its_number_and_another_one_begins_beside_it(lines: Lines) -> None:
    door, small = lines.door, lines.door.small
    [odile] = await small.family(by_sms(), children=("Lina", "Basile"))
    reader, threads = await lines.reader(), []
    for pupil_id in (1, 2):
        async with small.database.school(small.school.key) as session:
            begun = {"guardian_id": odile, "pupil_id": pupil_id, "private": False, "reader": reader, "now": NOW}
            threads.append(await open_thread(session, school=small.school, **begun))
        await lines.writes(threads[-1], f"Pouvez-vous passer ? {pupil_id}")
    await lines.writes(threads[1], "Ou bien demain ?")
    await lines.writes(threads[0], "Ou bien jeudi ?")
    await lines.texts("Jeudi, c'est bien", ONE)
    await lines.texts("Plutôt vendredi", TWO)
    await lines.writes(threads[1], "À vendredi.")

    assert lines.used == [ONE, TWO, TWO, ONE, TWO]
    assert await small.rows("SELECT thread_id FROM reply ORDER BY id") == [(threads[0],), (threads[1],)]
    assert await door.count("thread") == 2


async def test_a_text_to_a_number_that_asked_nothing_is_about_what_another_asked(lines: Lines) -> None:
    door = lines.door
    await door.small.family(by_sms())
    await door.press(NoticeKind.MEETING, slots=MEETING)

    await lines.texts("oui", TWO)

    assert [kind for _, _, kind, _ in await door.answers()] == ["yes"]


async def test_a_ring_asks_to_be_called_about_what_was_asked_from_that_number(lines: Lines) -> None:
    door = lines.door
    await door.small.family(by_sms(), children=("Lina", "Basile"))
    await door.press(NoticeKind.ABSENCE, audience="pupil:1")
    await door.press(NoticeKind.ABSENCE, audience="pupil:2")

    await lines.rings(ONE)

    called = "SELECT notice_id FROM call_task JOIN delivery ON delivery.id = delivery_id WHERE done_at IS NULL"
    assert await door.small.rows(called) == [(1,)]


async def test_a_number_chooses_only_among_what_was_asked_back_from_the_same_line(lines: Lines) -> None:
    door = lines.door
    await door.small.family(by_sms(), children=("Lina", "Basile"))
    for pupil_id in (1, 2):
        await door.press(NoticeKind.ABSENCE, audience=f"pupil:{pupil_id}")
    await door.small.write("UPDATE attempt SET sender_id = (SELECT min(id) FROM sender WHERE channel = 'sms')")
    asked = await lines.texts("malade", ONE)
    await lines.texts("Bonjour", TWO)
    await lines.texts("2", ONE)

    assert "1" in asked.text
    assert asked.text != EMPTY
    assert [(pupil_id, kind) for _, pupil_id, kind, _ in await door.answers()] == [(1, "ill")]  # the newest is 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_who_writes_from_a_name_first_goes_on_writing_from_it(database: Database, keyring: Keyring) -> None:
    async with a_door(database, keyring) as door:
        lines = Lines(door)
        await door.small.write("UPDATE sender SET two_way = :no WHERE channel = 'sms'", no=False)
        await lines.add(TWO)
        await lines.add(THREE)
        await door.small.family(by_sms())
        for _ in range(2):
            await door.press(NoticeKind.MEETING, slots=MEETING)

        assert lines.used == [ONE, ONE]
