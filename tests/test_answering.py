"""The school's word in a conversation: by the family's own way, in its thread, to nobody else, and not at night."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import pytest_asyncio
from desks import a_browser
from factories import NOW, TODAY, Adult, FakeChannel, SmallSchool, a_school, by_mail, by_sms
from sqlalchemy import insert

from channels.sms import TwilioSms
from hub.database import Database
from hub.errors import DeadAddressError, InvalidError, NotAllowedError, NotFoundError
from hub.inbox.answering import open_thread, write_back
from hub.models.people import LinkKind
from hub.notices.headlines import Reader, headline
from hub.notices.publish import Draft, Published, publish
from hub.outbox.wordings import Wordings
from hub.people.rights import rights_on
from hub.people.schools import add_sender
from hub.ports import LINK_CODE, ChannelName, HalfDay, Lane, NoticeKind, Proof, SchoolCard, Slots, Word, Wording
from hub.sealing import Keyring
from hub.settings import Settings
from hub.silence import SPREAD
from hub.tables import absence, reply, thread
from i18n.languages import SPOKEN
from i18n.rendering import render
from sandbox.box import Sandbox
from sandbox.config import SandboxConfig
from scheduler.drain import Drain
from web.house import House

PHONE, MAILBOX = "+33639981000", "odile@familles.test"
BOTH = Adult(reached_by=((ChannelName.SMS, PHONE), (ChannelName.EMAIL, MAILBOX)))
BY_DAY = NOW + timedelta(hours=3)
FRIDAY_NIGHT = datetime(2026, 11, 27, 20, 5, tzinfo=UTC)


@dataclass
class Desk:
    """A school with its engine driven by hand, and conversations with families."""

    small: SmallSchool
    settings: Settings
    sms: Any = field(default_factory=FakeChannel)
    mail: FakeChannel = field(default_factory=lambda: FakeChannel(name=ChannelName.EMAIL, proof=Proof.ACCEPTED))
    now: datetime = BY_DAY
    _keys: Any = field(default_factory=lambda: count(1))

    async def press(self, **more: Any) -> int:
        """Publish a notice to the class and let it leave."""
        draft = Draft(
            kind=more.get("kind", NoticeKind.ANNOUNCEMENT),
            audience=more.get("audience", "class:CP A"),
            slots=more.get("slots", Slots(text="Piscine jeudi.", subject="Piscine")),
        )
        async with self.small.database.school(self.small.school.key) as session:
            done = await publish(
                session,
                self.small.keyring,
                school=self.small.school,
                author_id=self.small.director,
                draft=draft,
                now=self.now,
            )
        await self.drain()
        return done.notice_id

    async def wrote(self, guardian: int | None, address: int, **more: Any) -> int:
        """A family writes in its conversation; gives the conversation."""
        channel = more.pop("channel", ChannelName.SMS)
        school = {"school_id": self.small.school.key}
        topic = f"guardian:{guardian}" if guardian else f"address:{address}"
        whose = {"guardian_id": guardian} if guardian else {"address_id": address}
        whose |= more.pop("thread", {})
        known = await self.small.rows("SELECT id FROM thread WHERE topic = :topic", topic=topic)
        async with self.small.database.school(self.small.school.key) as session:
            if known:
                number = known[0][0]
            else:
                row = {"topic": topic, "opened_at": self.now, "last_at": self.now, "due_at": self.now, **whose}
                made = insert(thread).values(**school, **row, state="open").returning(thread.c.id)
                number = (await session.execute(made)).scalar_one()
            await session.execute(
                insert(reply).values(
                    **school,
                    thread_id=number,
                    guardian_id=guardian,
                    address_id=address,
                    channel=channel,
                    sender_id=more.pop("sender_id", self.small.senders[channel]),
                    provider_key=f"key{next(self._keys)}",
                    words_sealed=b"",
                    received_at=more.pop("at", self.now),
                    **more,
                )
            )
        return int(number)

    async def answer(self, number: int, words: str = "Oui, à 15 h.", **more: Any) -> Published:
        """Somebody of the school writes back and what is due leaves."""
        by, now = more.get("by", self.small.director), more.get("now", self.now)
        async with self.small.database.school(self.small.school.key) as session:
            rights = await rights_on(session, school_id=self.small.school.key, staff_id=by, day=TODAY)
            done = await write_back(
                session,
                self.small.keyring,
                school=self.small.school,
                thread_id=number,
                reader=Reader(by, rights, more.get("day", TODAY)),
                words=words,
                key=more.get("key", f"press{next(self._keys)}"),
                now=now,
            )
        self.now = now
        if more.get("leaves", True):
            await self.drain()
        return done

    async def opened(self, guardian: int, **more: Any) -> int:
        """Somebody of the school begins a conversation."""
        by = more.get("by", self.small.director)
        async with self.small.database.school(self.small.school.key) as session:
            rights = await rights_on(session, school_id=self.small.school.key, staff_id=by, day=TODAY)
            return await open_thread(
                session,
                school=self.small.school,
                guardian_id=guardian,
                pupil_id=more.get("pupil", 1),
                private=more.get("private", False),
                reader=Reader(by, rights, TODAY),
                now=self.now,
            )

    async def drain(self) -> None:
        database, now = self.small.database, self.now
        database._clock = lambda: now
        channels = {ChannelName.SMS: self.sms, ChannelName.EMAIL: self.mail}
        wordings = Wordings(self.settings, self.small.keyring, render)
        drain = Drain(database, self.small.keyring, wordings, self.settings, channels)
        for lane in Lane:
            await drain.drain(lane)
        await drain.idle()
        await drain.stop()

    async def address(self, medium: str = "phone") -> int:
        return int((await self.small.rows("SELECT id FROM address WHERE medium = :m ORDER BY id", m=medium))[0][0])

    async def threads(self) -> list[tuple]:
        """How each conversation stands: its state, when an answer is due, whose it is."""
        return await self.small.rows("SELECT state, due_at, owner_id FROM thread ORDER BY id")

    async def count(self, table: str) -> int:
        return int((await self.small.rows(f"SELECT count(*) FROM {table}"))[0][0])  # noqa: S608 (our own words)


@pytest_asyncio.fixture
async def desk(database: Database, keyring: Keyring) -> Desk:
    small = await a_school(database, keyring)
    await small.falls_silent()
    return Desk(small, Settings(public_url="https://hub.test", master_keys=None))


async def test_the_answer_leaves_by_the_way_that_the_family_came_and_it_is_then_the_familys_turn(desk: Desk) -> None:
    [odile] = await desk.small.family(BOTH)
    number = await desk.wrote(odile, await desk.address("mailbox"), channel=ChannelName.EMAIL)

    published = await desk.answer(number)

    assert (published.adults, published.copies, published.due_at, published.fresh) == (1, 1, BY_DAY, True)
    assert [message.to for message in desk.mail.sent] == [MAILBOX]
    assert desk.sms.sent == []
    assert await desk.threads() == [("waiting", None, desk.small.director)]
    assert await desk.small.rows("SELECT thread_id, notice_id, reply_id FROM thread_notice") == [
        (number, published.notice_id, 1)
    ]


async def test_a_text_is_answered_by_a_text_that_says_who_writes_and_asks_for_nothing(desk: Desk) -> None:
    [odile] = await desk.small.family(BOTH)

    await desk.answer(await desk.wrote(odile, await desk.address()))

    [message] = desk.sms.sent
    assert message.text == "Mme Exemple, Trois-Ponts, vous répond :\nOui, à 15 h."
    assert desk.mail.sent == []


async def test_a_long_answer_by_text_goes_on_behind_its_link(desk: Desk) -> None:
    [odile] = await desk.small.family(BOTH)

    await desk.answer(await desk.wrote(odile, await desk.address()), "mot " * 400)

    assert "La suite : https://hub.test/l/" in desk.sms.sent[0].text


async def test_the_newest_of_the_familys_ways_counts_and_not_what_a_machine_answered(desk: Desk) -> None:
    [odile] = await desk.small.family(BOTH)
    await desk.wrote(odile, await desk.address("mailbox"), channel=ChannelName.EMAIL)
    number = await desk.wrote(odile, await desk.address(), at=BY_DAY + timedelta(minutes=1))
    await desk.wrote(
        odile,
        await desk.address("mailbox"),
        channel=ChannelName.EMAIL,
        at=BY_DAY + timedelta(minutes=2),
        machine=True,
    )

    await desk.answer(number)

    assert [message.to for message in desk.sms.sent] == [PHONE]
    assert desk.mail.sent == []


async def test_pressed_twice_it_is_one_answer(desk: Desk) -> None:
    [odile] = await desk.small.family(by_sms())
    number = await desk.wrote(odile, await desk.address())

    first = await desk.answer(number, key="once")
    again = await desk.answer(number, key="once")

    assert (again.notice_id, again.fresh) == (first.notice_id, False)
    assert len(desk.sms.sent) == 1
    assert await desk.count("thread_notice") == 1


async def test_written_at_night_it_leaves_in_the_morning_and_on_friday_night_on_monday(desk: Desk) -> None:
    [odile] = await desk.small.family(by_sms())
    number = await desk.wrote(odile, await desk.address())

    published = await desk.answer(number, now=FRIDAY_NIGHT)
    before = list(desk.sms.sent)
    desk.now = datetime(2026, 11, 30, 5, 59, tzinfo=UTC)
    await desk.drain()
    at_one_to_seven = list(desk.sms.sent)
    desk.now = datetime(2026, 11, 30, 6, 0, tzinfo=UTC) + SPREAD
    await desk.drain()

    assert published.due_at == datetime(2026, 11, 30, 6, 0, tzinfo=UTC)
    assert (before, at_one_to_seven, len(desk.sms.sent)) == ([], [], 1)


async def test_while_a_child_is_missing_an_answer_about_it_waits_for_nothing(desk: Desk) -> None:
    [odile] = await desk.small.family(by_sms())
    number = await desk.wrote(odile, await desk.address())
    async with desk.small.database.school(desk.small.school.key) as session:
        case = {"pupil_id": 1, "day": TODAY, "half_day": HalfDay.AFTERNOON, "state": "open", "opened_at": NOW}
        await session.execute(insert(absence).values(school_id=desk.small.school.key, **case))
    tonight = datetime(2026, 11, 24, 19, 30, tzinfo=UTC)

    missing = await desk.answer(number, now=tonight)
    await desk.small.write("UPDATE absence SET state = 'explained'")
    known = await desk.answer(number, now=tonight)

    assert (missing.due_at, len(desk.sms.sent)) == (tonight, 1)
    assert known.due_at == datetime(2026, 11, 25, 6, 0, tzinfo=UTC)


async def test_when_the_familys_way_fails_the_adults_other_ways_are_tried_in_order_and_then_somebody_calls(
    desk: Desk,
) -> None:
    second = "odile.bis@familles.test"
    ways = ((ChannelName.SMS, PHONE), (ChannelName.EMAIL, MAILBOX), (ChannelName.EMAIL, second))
    [odile] = await desk.small.family(Adult(reached_by=ways))
    number = await desk.wrote(odile, await desk.address("mailbox"), channel=ChannelName.EMAIL)
    for one in (desk.sms, desk.mail):
        one.answers |= dict.fromkeys((PHONE, MAILBOX, second), DeadAddressError("gone", code="550"))

    await desk.answer(number)
    for _ in range(3):
        await desk.drain()

    tried = "SELECT c.channel, cd.rung, a.state FROM attempt a JOIN copy c ON c.id = a.copy_id "
    tried += "JOIN copy_delivery cd ON cd.copy_id = c.id ORDER BY a.id"
    assert await desk.small.rows(tried) == [("email", 2, "failed"), ("sms", 1, "failed"), ("email", 3, "failed")]
    assert await desk.small.rows("SELECT state FROM delivery") == [("to_call",)]
    assert await desk.count("call_task") == 1


async def test_an_address_that_said_stop_meanwhile_is_passed_over(desk: Desk) -> None:
    [odile] = await desk.small.family(BOTH)
    number = await desk.wrote(odile, await desk.address())
    await desk.small.write(
        "INSERT INTO stop (school_id, address_id, sender_id, at) SELECT school_id, id, :s, :now FROM address "
        "WHERE id = :a",
        a=await desk.address(),
        s=desk.small.senders[ChannelName.SMS],
        now=NOW.isoformat(sep=" ") if desk.small.database.dialect == "sqlite" else NOW,
    )

    await desk.answer(number)

    assert desk.sms.sent == []
    assert [message.to for message in desk.mail.sent] == [MAILBOX]


async def test_the_answer_leaves_from_the_number_that_the_family_wrote_to(desk: Desk) -> None:
    [odile] = await desk.small.family(by_sms())
    async with desk.small.database.school(desk.small.school.key) as session:
        second = await add_sender(
            session,
            desk.small.keyring,
            desk.small.school.key,
            channel=ChannelName.SMS,
            provider="twilio",
            address="+33937000001",
            login="AC" + "0" * 32,
            secret="token",
            two_way=True,
        )
    number = await desk.wrote(odile, await desk.address(), sender_id=second)

    await desk.answer(number)

    assert [message.account.address for message in desk.sms.sent] == ["+33937000001"]


async def test_a_shared_phone_gets_one_copy_that_names_nobody_and_no_adults_own_way_is_taken(desk: Desk) -> None:
    ways = (ChannelName.SMS, PHONE)
    await desk.small.family(
        Adult(name="Odile", reached_by=(ways, (ChannelName.EMAIL, "odile@familles.test"))),
        Adult(name="Tiago", reached_by=(ways, (ChannelName.EMAIL, "tiago@familles.test"))),
    )
    number = await desk.wrote(None, await desk.address())

    published = await desk.answer(number)
    [message] = desk.sms.sent
    desk.sms.answers[PHONE] = DeadAddressError("gone", code="30006")
    await desk.answer(number)
    await desk.drain()

    assert (published.adults, published.copies) == (2, 1)
    assert not {"Odile", "Tiago", "Capucine", "Exemple Odile"} & set(message.text.replace(",", " ").split())
    assert desk.mail.sent == []
    assert await desk.small.rows("SELECT state FROM delivery WHERE notice_id = 2") == [("to_call",), ("to_call",)]


async def test_of_separated_parents_only_the_one_who_wrote_is_answered(desk: Desk) -> None:
    odile, _ = await desk.small.family(
        by_sms(PHONE, name="Odile", kind=LinkKind.SOLE), by_sms("+33639981001", name="Tiago", kind=LinkKind.INFORMED)
    )
    number = await desk.wrote(odile, await desk.address(), thread={"pupil_id": 1})

    await desk.answer(number)

    assert [message.to for message in desk.sms.sent] == [PHONE]
    assert await desk.small.rows("SELECT guardian_id FROM delivery") == [(odile,)]


async def test_who_is_barred_between_the_press_and_the_morning_gets_nothing(desk: Desk) -> None:
    [odile] = await desk.small.family(by_sms())
    number = await desk.wrote(odile, await desk.address())

    await desk.answer(number, now=FRIDAY_NIGHT)
    await desk.small.write("UPDATE link SET kind = 'barred'")
    desk.now = datetime(2026, 11, 30, 6, 0, tzinfo=UTC) + SPREAD
    await desk.drain()

    assert desk.sms.sent == []
    assert await desk.small.rows("SELECT state FROM delivery") == [("cancelled",)]
    assert await desk.small.rows("SELECT state FROM attempt") == [("withdrawn",)]


async def test_who_has_no_right_any_more_cannot_be_answered_and_nothing_is_written(desk: Desk) -> None:
    [odile] = await desk.small.family(by_sms())
    number = await desk.wrote(odile, await desk.address())
    await desk.small.write("UPDATE link SET kind = 'barred'")

    with pytest.raises(InvalidError, match="Plus personne"):
        await desk.answer(number)

    assert await desk.count("notice") == 0
    assert (await desk.threads())[0][0] == "open"


async def test_only_who_may_read_a_conversation_may_answer_in_it(desk: Desk) -> None:
    [odile] = await desk.small.family(by_sms(), class_label="CE1 B")
    number = await desk.wrote(odile, await desk.address(), thread={"pupil_id": 1})
    secret = await desk.wrote(None, await desk.address(), thread={"private_to": desk.small.director})

    with pytest.raises(NotAllowedError):
        await desk.answer(number, by=desk.small.teacher)
    with pytest.raises(NotAllowedError):
        await desk.answer(secret, by=desk.small.office)
    with pytest.raises(NotFoundError):
        await desk.answer(number + 100)

    assert await desk.count("notice") == 0


@pytest.mark.parametrize("words", ["", "  \n ", "x" * 4001])
async def test_an_answer_without_words_or_with_too_many_changes_nothing(desk: Desk, words: str) -> None:
    [odile] = await desk.small.family(by_sms())
    number = await desk.wrote(odile, await desk.address())

    with pytest.raises(InvalidError):
        await desk.answer(number, words)

    assert (await desk.threads())[0][0] == "open"


async def test_a_word_in_a_conversation_is_read_there_alone_and_nobody_sends_it_round_again(desk: Desk) -> None:
    [odile] = await desk.small.family(by_sms())
    published = await desk.answer(await desk.wrote(odile, await desk.address()))

    async with desk.small.database.reading(desk.small.school.key) as session:
        rights = await rights_on(session, school_id=desk.small.school.key, staff_id=desk.small.director, day=TODAY)
        with pytest.raises(NotFoundError):
            await headline(
                session,
                desk.small.keyring,
                school_id=desk.small.school.key,
                notice_id=published.notice_id,
                reader=Reader(desk.small.director, rights, TODAY),
            )


async def test_a_teacher_begins_a_conversation_by_the_familys_first_way_and_the_family_reads_who_writes(
    desk: Desk,
) -> None:
    [odile] = await desk.small.family(BOTH)

    number = await desk.opened(odile, by=desk.small.teacher)
    await desk.answer(number, "Pouvez-vous passer demain ?", by=desk.small.teacher)
    again = await desk.opened(odile, by=desk.small.office)

    assert [message.text for message in desk.sms.sent] == [
        "M. Modèle, Trois-Ponts, vous écrit :\nPouvez-vous passer demain ?"
    ]
    assert again == number
    assert await desk.threads() == [("waiting", None, desk.small.teacher)]


async def test_a_confidential_conversation_is_another_one_that_nobody_else_answers_in(desk: Desk) -> None:
    [odile] = await desk.small.family(by_sms())

    number = await desk.opened(odile)
    secret = await desk.opened(odile, by=desk.small.teacher, private=True)

    assert secret != number
    with pytest.raises(NotAllowedError):
        await desk.answer(secret, by=desk.small.office)
    await desk.answer(secret, by=desk.small.teacher)


async def test_nobody_begins_a_conversation_with_who_may_not_be_told_or_about_anothers_pupil(desk: Desk) -> None:
    [odile] = await desk.small.family(by_sms(PHONE), children=["Capucine"])
    [tiago] = await desk.small.family(by_sms("+33639981001"), children=["Basile"], class_label="CE1 B")

    with pytest.raises(InvalidError):
        await desk.opened(odile, pupil=2)
    with pytest.raises(NotAllowedError):
        await desk.opened(tiago, pupil=2, by=desk.small.teacher)
    await desk.small.write("UPDATE link SET kind = 'barred'")
    with pytest.raises(InvalidError):
        await desk.opened(odile, pupil=None)

    assert await desk.count("thread") == 0


async def test_a_mail_takes_up_the_subject_in_the_familys_language_and_names_the_mails_before_it(desk: Desk) -> None:
    [odile] = await desk.small.family(by_mail(MAILBOX, language="en"))
    notice = await desk.press()
    mailbox = await desk.address("mailbox")
    number = await desk.wrote(
        odile, mailbox, channel=ChannelName.EMAIL, notice_id=notice, message_id="a.1@fournisseur.example"
    )
    await desk.answer(number, now=BY_DAY + timedelta(minutes=5))
    [asked, first] = desk.mail.sent
    desk.now += timedelta(minutes=5)
    await desk.wrote(
        odile, mailbox, channel=ChannelName.EMAIL, notice_id=notice + 1, message_id="<a.2@fournisseur.example>"
    )
    await desk.answer(number, now=BY_DAY + timedelta(minutes=20))
    second = desk.mail.sent[-1]

    assert first.body.subject == f"Re: {asked.body.subject}"
    assert second.body.subject == first.body.subject
    assert first.answers == "a.1@fournisseur.example"
    assert first.before == (asked.message_id, "a.1@fournisseur.example")
    assert second.answers == "<a.2@fournisseur.example>"
    assert second.before == (*first.before, first.message_id, "<a.2@fournisseur.example>")
    assert first.reply_token != asked.reply_token


async def test_a_message_id_that_is_none_is_not_named_again_and_the_answer_leaves(desk: Desk) -> None:
    [odile] = await desk.small.family(by_mail())
    notice = await desk.press()
    number = await desk.wrote(
        odile,
        await desk.address("mailbox"),
        channel=ChannelName.EMAIL,
        notice_id=notice,
        message_id="a@b.example>\r\nBcc: <tous@familles.test",
    )

    await desk.answer(number)

    [asked, answer] = desk.mail.sent
    assert (answer.answers, answer.before) == ("", (asked.message_id,))


async def test_a_long_conversation_names_its_first_mail_and_the_last_ones(desk: Desk) -> None:
    [odile] = await desk.small.family(by_mail())
    mailbox = await desk.address("mailbox")
    for n in range(14):
        at = BY_DAY + timedelta(minutes=n)
        number = await desk.wrote(odile, mailbox, channel=ChannelName.EMAIL, message_id=f"{n}@f.example", at=at)

    await desk.answer(number)

    assert desk.mail.sent[0].before == ("0@f.example", *(f"{n}@f.example" for n in range(5, 14)))


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("channel", [ChannelName.SMS, ChannelName.EMAIL, ChannelName.PUSH, ChannelName.CHAT])
@pytest.mark.parametrize("word", list(Word))
def test_in_every_language_and_on_every_channel_the_words_travel_as_written_below_who_writes(
    language: str, channel: ChannelName, word: Word
) -> None:
    wording = Wording(
        kind=NoticeKind.ANNOUNCEMENT,
        slots=Slots(text="Oui, à 15 h.\nBonne journée", word=word),
        school=SchoolCard("École des Trois-Ponts", "Trois-Ponts", "02 61 91 00 00"),
        author="Mme Roy",
        language=language,
        link=f"https://hub.test/l/{LINK_CODE}",
        two_way=True,
        about="École des Trois-Ponts : Piscine",
    )

    body = render(channel, wording)

    assert body.text.index("Mme Roy") < body.text.index("Oui, à 15 h.\nBonne journée")
    assert (LINK_CODE in body.text) == (channel is ChannelName.EMAIL)
    if channel is ChannelName.EMAIL:
        assert (body.subject or "").lstrip("\u200f") == "Re: École des Trois-Ponts : Piscine"
        assert "Mme Roy" in (body.html or "")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_page_behind_a_long_answer_says_who_writes_and_all_of_it(desk: Desk) -> None:
    [odile] = await desk.small.family(by_sms())
    await desk.answer(await desk.wrote(odile, await desk.address()), f"{'mot ' * 400}fin")
    code = desk.sms.sent[0].link_code

    async with a_browser(House(desk.settings, desk.small.database, desk.small.keyring)) as (_, web):
        page = await web.get(f"/l/{code}")

    assert "Mme Exemple, École des Trois-Ponts, vous répond" in page.text
    assert "mot fin" in page.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_through_the_wire_the_family_reads_the_answer_in_its_texts_and_its_own_language(desk: Desk) -> None:
    [amina] = await desk.small.family(by_sms(PHONE, language="ar"))
    number = await desk.wrote(amina, await desk.address())
    async with Sandbox(SandboxConfig(allow=True, accounts={"AC" + "0" * 32: "token"})) as box:
        desk.sms = TwilioSms(desk.settings.model_copy(update={"twilio_url": box.twilio_url}))
        await desk.answer(number, "Rendez-vous à 15 h.")
        await desk.sms.close()

        [arrived] = box.record.arrived(PHONE)

    assert arrived.text.endswith("\nRendez-vous à 15 h.")
    assert "Mme Exemple" in arrived.text
