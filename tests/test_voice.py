"""The telephone rings: a person hears and answers, a machine hears only « call the school », and the ladder goes on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from factories import NOW, Adult, by_sms
from family_door import PUBLIC, Door, a_door, a_house_on_the_web
from loopback import served
from test_webhooks import SECRET, posted

from channels.sms import TwilioSms
from channels.voice import VOICES, TwilioVoice
from hub.database import Database
from hub.errors import (
    InvalidError,
    MisconfiguredError,
    TemporaryError,
    UnknownOutcomeError,
)
from hub.models.ladders import Occasion
from hub.models.people import Means
from hub.notices.ladders import set_ladders
from hub.outbox.wordings import Wordings
from hub.patience import Ladder
from hub.people.schools import add_sender
from hub.ports import Account, Body, ChannelName, HalfDay, Lane, NoticeKind, Outgoing, SchoolCard, Slots, Wording
from hub.routing import may_ring
from hub.sealing import Keyring
from hub.settings import Settings
from i18n.rendering import render
from i18n.spoken import ALOUD, aloud, read_voice, script
from sandbox.behaviour import Behaviour
from sandbox.box import Sandbox
from sandbox.calls import Answering, PicksUp
from sandbox.config import ACCOUNT, SandboxConfig
from scheduler.drain import Drain
from web import calls
from web.house import House

PHONE, LANDLINE = "+33639981000", "+33261990001"
OURS = "+33937000200"
MIDDAY = {"calls_from": "00:00", "calls_until": "23:59:59"}
ABSENT = Slots(day=NOW.date(), half_day=HalfDay.MORNING)
DEAD_SMS = Behaviour(undelivered=30003)


@dataclass
class Line:
    """A hub that may call, its doors open on this machine, and the telephones of the box."""

    door: Door
    box: Sandbox
    settings: Settings

    async def press(self, kind: NoticeKind = NoticeKind.ABSENCE, slots: Slots | None = None) -> int:
        """Press a notice and let everything that follows from it happen."""
        notice = await self.door.press(kind, slots=slots)
        await self.settle()
        return notice

    async def settle(self) -> None:
        """Let leave what is due, and the world answer, until nothing happens any more."""
        small, voice = self.door.small, TwilioVoice(self.settings)
        for _ in range(4):
            await self.box.settled()
            wordings = Wordings(self.settings, small.keyring, render)
            ways = {ChannelName.SMS: self.door.sms, ChannelName.EMAIL: self.door.mail, ChannelName.VOICE: voice}
            drain = Drain(small.database, small.keyring, wordings, self.settings, ways)
            for lane in Lane:
                await drain.drain(lane)
            await drain.idle()
            await drain.stop()
        await self.box.settled()
        await voice.close()

    def heard(self, number: str = PHONE) -> list[str]:
        """Say what each call to a number let hear."""
        return ["\n".join(call.heard) for call in self.box.record.calls if call.to == number]

    async def tries(self) -> list[tuple]:
        """List what was tried, and how it ended."""
        return await self.door.small.rows(
            "SELECT copy.channel, attempt.state, attempt.error_code FROM attempt "
            "JOIN copy ON copy.id = attempt.copy_id ORDER BY attempt.id"
        )

    async def means(self, guardian: int, means: Means) -> None:
        """Say how an adult wishes to be reached."""
        await self.door.small.write("UPDATE guardian SET means = :means WHERE id = :id", means=means.value, id=guardian)


@asynccontextmanager
async def a_line(database: Database, keyring: Keyring, **settings: object) -> AsyncIterator[Line]:
    async with a_door(database, keyring, **settings) as door:
        app = a_house_on_the_web(door.house)
        app.include_router(calls.router)
        async with served(app) as port:
            config = SandboxConfig(
                allow=True,
                accounts={ACCOUNT: "token"},
                inbound_url=f"{PUBLIC}/webhooks/twilio/trois-ponts-sms/inbound",
                routes={PUBLIC: f"http://127.0.0.1:{port}"},
            )
            async with Sandbox(config) as box:
                known = door.house.settings.model_copy(update={"twilio_url": box.twilio_url})
                door.house = House(known, database, keyring)
                door.sms = TwilioSms(known)
                async with database.school(door.small.school.key) as session:
                    await add_sender(
                        session, keyring, door.small.school.key, channel=ChannelName.VOICE, provider="twilio",
                        address=OURS, key_name="trois-ponts-voice", login=ACCOUNT, secret="token",
                    )  # fmt: skip
                yield Line(door, box, known)
                await door.sms.close()


@pytest_asyncio.fixture
async def line(database: Database, keyring: Keyring) -> AsyncIterator[Line]:
    async with a_line(database, keyring, **MIDDAY) as opened:
        yield opened


async def test_whom_no_text_reaches_is_called_and_answers_with_a_key(line: Line) -> None:
    (odile,) = await line.door.small.family(by_sms())
    line.box.behave(DEAD_SMS, PHONE)
    line.box.calls.answer(PHONE, Answering(keys="1"))
    line.box.behaviours.set(Behaviour(undelivered=30003, times=1), PHONE)

    await line.press()

    assert await line.tries() == [("sms", "failed", "30003"), ("voice", "delivered", None)]
    assert await line.door.states() == ["acknowledged"]
    assert [row[0:1] + row[2:] for row in await line.door.answers()] == [(odile, "ill", "voice")]
    assert "".join(line.heard()) == (
        "Ici École des Trois-Ponts.\nCapucine n'était pas en classe mardi 24 novembre matin.\n"
        "Si votre enfant est malade, appuyez sur 1. Pour une autre raison, appuyez sur 2. Si vous pensez qu'il est à "
        "l'école, appuyez sur 3. Pour être rappelé par l'école, appuyez sur 4. Pour réécouter, appuyez sur 9.\n"
        "Merci, c'est noté."
    )


async def test_a_school_that_wants_no_automatic_calls_makes_none(line: Line) -> None:
    await line.door.small.family(by_sms())
    line.box.behave(DEAD_SMS, PHONE)
    small = line.door.small
    async with small.database.school(small.school.key) as session:
        ladder = Ladder(timedelta(minutes=10), rings=False, calls=True)
        who = {"school_id": small.school.key, "staff_id": small.director}
        await set_ladders(session, **who, ladders={Occasion.ABSENCE: ladder}, now=NOW)

    await line.press()

    assert (line.heard(), await line.door.states()) == ([], ["to_call"])


async def test_who_listens_to_the_end_is_told_and_answers_nothing(line: Line) -> None:
    await line.door.small.family(Adult(reached_by=((ChannelName.VOICE, LANDLINE),)))

    await line.press(NoticeKind.URGENT)

    assert (await line.tries(), await line.door.states()) == ([("voice", "delivered", None)], ["told"])
    assert line.heard(LANDLINE)[0].endswith("Vous pouvez appeler l'école au 0, 2, 6, 1, 9, 1, 0, 0, 0, 0. Au revoir.")
    assert await line.door.answers() == []


@pytest.mark.parametrize(
    ("answering", "code"),
    [
        (Answering(PicksUp.MACHINE), "machine"),
        (Answering(PicksUp.BUSY), "busy"),
        (Answering(PicksUp.NOBODY), "no-answer"),
        (Answering(PicksUp.UNSURE), "completed"),
        (Answering(stays=False), "completed"),
    ],
    ids=["machine", "busy", "nobody", "unsure-and-silent", "hangs-up"],
)
async def test_whom_a_call_did_not_tell_is_left_to_a_person(line: Line, answering: Answering, code: str) -> None:
    await line.door.small.family(Adult(reached_by=((ChannelName.VOICE, LANDLINE),)))
    line.box.calls.answer(LANDLINE, answering)

    await line.press()

    assert await line.tries() == [("voice", "failed", code)]
    assert await line.door.states() == ["to_call"]
    assert await line.door.count("call_task", "done_at IS NULL") == 1
    assert line.box.record.arrived(LANDLINE) == []


async def test_a_machine_hears_only_to_call_the_school(line: Line) -> None:
    await line.door.small.family(Adult(reached_by=((ChannelName.VOICE, LANDLINE),)))
    line.box.calls.answer(LANDLINE, Answering(PicksUp.MACHINE))

    await line.press()

    assert line.heard(LANDLINE) == [
        "Ici École des Trois-Ponts. Appelez l'école, s'il vous plaît, au 0, 2, 6, 1, 9, 1, 0, 0, 0, 0."
    ]


async def test_whom_nobody_can_tell_from_a_machine_presses_a_key_before_anything_is_said(line: Line) -> None:
    await line.door.small.family(Adult(reached_by=((ChannelName.VOICE, LANDLINE),)))
    line.box.calls.answer(LANDLINE, Answering(PicksUp.UNSURE, keys="12"))

    await line.press()

    assert await line.door.states() == ["acknowledged"]
    assert [row[2] for row in await line.door.answers()] == ["other_reason"]
    gate, message = line.heard(LANDLINE)[0].split("\nIci École des Trois-Ponts.\n")
    assert "Capucine" not in gate
    assert "appuyez sur 1" in gate
    assert message.startswith("Capucine")


async def test_the_message_is_heard_again_and_a_wrong_key_is_no_answer(line: Line) -> None:
    await line.door.small.family(Adult(reached_by=((ChannelName.VOICE, LANDLINE),)))
    line.box.calls.answer(LANDLINE, Answering(keys="971"))

    await line.press()

    assert line.heard(LANDLINE)[0].count("Capucine n'était pas en classe") == 3
    assert [row[2] for row in await line.door.answers()] == ["ill"]
    assert await line.door.count("reply") == 1


async def test_who_asks_to_be_called_back_is_called_back(line: Line) -> None:
    await line.door.small.family(Adult(reached_by=((ChannelName.VOICE, LANDLINE),)))
    line.box.calls.answer(LANDLINE, Answering(keys="4"))

    await line.press()

    assert await line.door.count("call_task", "done_at IS NULL") == 1
    assert await line.door.small.rows("SELECT channel, sense FROM reply") == [("voice", "missed_call")]
    assert line.heard(LANDLINE)[0].endswith("L'école vous rappelle. Au revoir.")


@pytest.mark.parametrize(("key", "said"), [("1", "yes"), ("2", "no"), ("3", None)])
async def test_an_urgent_question_is_answered_yes_or_no_by_a_key(line: Line, key: str, said: str | None) -> None:
    await line.door.small.family(Adult(reached_by=((ChannelName.VOICE, LANDLINE),)))
    line.box.calls.answer(LANDLINE, Answering(keys=key))

    await line.press(NoticeKind.URGENT, Slots(text="Venez-vous chercher votre enfant ?", question=True))

    assert "Pour répondre oui, appuyez sur 1. Pour répondre non, appuyez sur 2." in line.heard(LANDLINE)[0]
    assert [row[2:] for row in await line.door.answers()] == ([(said, "voice")] if said else [])
    assert await line.door.states() == ["acknowledged" if said else "told"]


async def test_a_child_who_should_be_at_school_alarms_by_a_key_too(line: Line) -> None:
    await line.door.small.family(Adult(reached_by=((ChannelName.VOICE, LANDLINE),)))
    line.box.calls.answer(LANDLINE, Answering(keys="3"))

    await line.press()

    assert [row[2] for row in await line.door.answers()] == ["should_be_here"]
    assert await line.door.count("call_task", "done_at IS NULL") == 1


async def test_who_wishes_a_call_first_is_called_first_and_written_to_when_nobody_picks_up(line: Line) -> None:
    both = Adult(reached_by=((ChannelName.EMAIL, "odile@familles.test"), (ChannelName.SMS, PHONE)))
    (odile,) = await line.door.small.family(both)
    await line.means(odile, Means.CALL_FIRST)
    line.box.calls.answer(PHONE, Answering(PicksUp.NOBODY))

    await line.press()

    assert [row[:2] for row in await line.tries()] == [("voice", "failed"), ("email", "accepted")]
    assert await line.door.small.rows("SELECT rung FROM copy_delivery ORDER BY id") == [(-998,), (1,)]


@pytest.mark.parametrize("means", [Means.WRITE_ONLY, Means.SIGN_LANGUAGE])
async def test_who_only_reads_is_never_called_by_a_machine(line: Line, means: Means) -> None:
    (odile,) = await line.door.small.family(by_sms())
    await line.means(odile, means)
    line.box.behave(DEAD_SMS, PHONE)

    await line.press()

    assert [row[0] for row in await line.tries()] == ["sms"]
    assert line.box.record.calls == []


@pytest.mark.parametrize("kind", [NoticeKind.ANNOUNCEMENT, NoticeKind.CRISIS])
async def test_a_machine_calls_about_nothing_else(line: Line, kind: NoticeKind) -> None:
    await line.door.small.family(Adult(reached_by=((ChannelName.VOICE, LANDLINE),)))
    crisis = Slots(phrase="sheltered") if kind is NoticeKind.CRISIS else None

    await line.press(kind, crisis)

    assert (line.box.record.calls, await line.tries()) == ([], [])


async def test_a_text_comes_before_a_call_and_its_answer_stops_it(line: Line) -> None:
    await line.door.small.family(by_sms())

    await line.press()

    assert [row[0] for row in await line.tries()] == ["sms"]


async def test_by_night_the_ladder_goes_on_without_its_voice(database: Database, keyring: Keyring) -> None:
    async with a_line(database, keyring, calls_from="23:59:59", calls_until="23:59:59.5") as line:
        await line.door.small.family(Adult(reached_by=((ChannelName.VOICE, LANDLINE),)))

        await line.press()

        assert (await line.tries(), await line.door.states()) == ([("voice", "withdrawn", None)], ["to_call"])
        assert line.box.record.calls == []


@pytest.mark.parametrize(("hour", "may"), [("06:59", False), ("07:00", True), ("18:59", True), ("19:00", False)])
def test_it_is_day_by_the_schools_clock(*, hour: str, may: bool) -> None:
    settings = Settings()
    moment = NOW.replace(hour=int(hour[:2]), minute=int(hour[3:]))  # UTC: in November Paris is an hour ahead
    assert may_ring(moment, "Europe/Paris", settings.calls_from, settings.calls_until) is may


async def test_a_number_that_has_long_been_silent_hears_no_childs_name(line: Line) -> None:
    await line.door.small.family(Adult(reached_by=((ChannelName.VOICE, LANDLINE),), confirmed=False))

    await line.press()

    assert "Votre enfant n'était pas en classe mardi 24 novembre matin." in line.heard(LANDLINE)[0]
    assert "Capucine" not in line.heard(LANDLINE)[0]


@pytest.mark.parametrize(
    "ends",
    ["UPDATE notice SET state = 'cancelled'", "UPDATE link SET to_on = '2026-11-23'"],
    ids=["withdrawn", "barred"],
)
async def test_what_was_withdrawn_or_may_be_told_no_more_since_it_rang_is_not_said(line: Line, ends: str) -> None:
    await line.door.small.family(Adult(reached_by=((ChannelName.VOICE, LANDLINE),)))
    line.box.calls.answer(LANDLINE, Answering(PicksUp.NOBODY))
    await line.press()
    await line.door.small.write(ends)
    token = line.door.small.keyring.token("a", 1)

    answer = await posted_to(line, f"{token}/answer", AnsweredBy="human")

    assert "Capucine" not in answer.text
    assert "Appelez l'école" in answer.text


async def posted_to(line: Line, path: str, *, secret: str = SECRET, **fields: str) -> httpx.Response:
    """Knock at the door of calls as Twilio does."""
    app = a_house_on_the_web(line.door.house)
    app.include_router(calls.router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=PUBLIC) as web:
        line.door.web = web
        sent = {"CallSid": "CA1", "To": LANDLINE, "From": OURS, **fields}
        return await posted(line.door, f"/webhooks/twilio/trois-ponts-voice/call/{path}", sent, secret=secret)


async def test_a_forged_or_strange_knock_changes_nothing(line: Line) -> None:
    await line.door.small.family(Adult(reached_by=((ChannelName.VOICE, LANDLINE),)))
    line.box.calls.answer(LANDLINE, Answering(PicksUp.NOBODY))
    await line.press()
    token = line.door.small.keyring.token("a", 1)

    forged = await posted_to(line, f"{token}/heard/1", secret="somebody else's", Digits="1")
    strange = await posted_to(line, "a.b.c/heard/1", Digits="1")
    nameless = await posted_to(line, f"{token}/heard/1", Digits="1", CallSid="")

    assert [one.status_code for one in (forged, strange, nameless)] == [403, 404, 404]
    assert (await line.door.states(), await line.door.answers()) == (["to_call"], [])


async def test_a_key_that_is_posted_twice_answers_once_and_a_late_end_takes_nothing_back(line: Line) -> None:
    await line.door.small.family(Adult(reached_by=((ChannelName.VOICE, LANDLINE),)))
    line.box.calls.answer(LANDLINE, Answering(keys="1"))
    await line.press()
    (sid,) = [call.sid for call in line.box.record.calls]
    token = line.door.small.keyring.token("a", 1)

    for path, more in (
        ("heard/1", {"Digits": "1"}),
        ("ended", {"CallStatus": "completed"}),
        ("ended", {"CallStatus": "busy"}),
    ):
        assert (await posted_to(line, f"{token}/{path}", CallSid=sid, **more)).status_code in (200, 204)

    assert await line.tries() == [("voice", "delivered", None)]
    assert (await line.door.states(), await line.door.count("reply")) == (["acknowledged"], 1)


async def test_what_is_not_one_key_is_no_answer_and_the_message_is_said_again(line: Line) -> None:
    await line.door.small.family(Adult(reached_by=((ChannelName.VOICE, LANDLINE),)))
    line.box.calls.answer(LANDLINE, Answering(PicksUp.NOBODY))
    await line.press()
    token = line.door.small.keyring.token("a", 1)

    said = [
        await posted_to(line, f"{token}/heard/1", Digits=digits) for digits in ("12", "23", "41", "1#2", "#", "1" * 20)
    ]

    assert ["Capucine" in one.text for one in said] == [True] * 6
    assert (await line.door.answers(), await line.door.count("reply")) == ([], 0)


async def test_who_rings_back_the_number_becomes_a_task_to_call(line: Line) -> None:
    await line.door.small.family(by_sms())
    line.box.behaviours.set(Behaviour(undelivered=30003, times=1), PHONE)
    await line.press()
    assert await line.door.states() == ["told"]
    app = a_house_on_the_web(line.door.house)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=PUBLIC) as web:
        line.door.web = web
        rang = {"CallSid": "CA9", "From": PHONE, "To": OURS}
        answer = await posted(line.door, "/webhooks/twilio/trois-ponts-voice/voice", rang)

    assert "<Reject" in answer.text
    assert await line.door.count("call_task", "done_at IS NULL") == 1


def test_every_voice_has_words_and_no_language_is_spoken_without_a_voice() -> None:
    assert set(VOICES) == ALOUD
    assert [aloud(code) for code in ("fr", "tr", "ar", "uk", "am", "pt-BR")] == ["fr", "tr", "ar", "fr", "fr", "pt"]


def test_an_authors_own_words_are_said_in_the_language_that_they_are_written_in() -> None:
    school = SchoolCard("École des Trois-Ponts", "Trois-Ponts", "02 61 91 00 00")
    own = Wording(NoticeKind.URGENT, Slots(text="Le car a une heure de retard."), school, "Mme Exemple", "tr")
    ready = Wording(
        NoticeKind.URGENT, Slots(phrase="transport", day=NOW.date(), half_day=HalfDay.DAY), school, "", "tr"
    )

    assert read_voice(render(ChannelName.VOICE, own).text) == (
        "fr",
        "Ici École des Trois-Ponts.\nC'est un message urgent.\nLe car a une heure de retard.",
    )
    assert read_voice(render(ChannelName.VOICE, ready).text)[0] == "tr"
    assert script("fr", NoticeKind.URGENT, school).menu.startswith("Pour dire que vous avez entendu, appuyez sur 1.")


def test_no_machine_speaks_about_a_crisis() -> None:
    school = SchoolCard("École des Trois-Ponts", "Trois-Ponts", "02 61 91 00 00")
    with pytest.raises(InvalidError):
        render(ChannelName.VOICE, Wording(NoticeKind.CRISIS, Slots(phrase="sheltered"), school, "", "fr"))


@pytest.mark.parametrize("address", ["+33612345678", "+33712345678", "Ecole", "3646"])
async def test_only_a_lawful_number_may_call(database: Database, keyring: Keyring, line: Line, address: str) -> None:
    async with database.school(line.door.small.school.key) as session:
        with pytest.raises(InvalidError):
            await add_sender(
                session, keyring, line.door.small.school.key, channel=ChannelName.VOICE, provider="twilio",
                address=address,
            )  # fmt: skip


def a_call(to: str = PHONE) -> Outgoing:
    account = Account("k1", ChannelName.VOICE, "twilio", OURS, login=ACCOUNT, secret="token")
    return Outgoing(7, "tok7", to, Body("fr\nBonjour", "fr"), "", account)


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Behaviour(answer=429), TemporaryError),
        (Behaviour(answer=503), UnknownOutcomeError),
        (Behaviour(hang_up=True), UnknownOutcomeError),
        (Behaviour(answer=401), MisconfiguredError),
    ],
)
async def test_what_twilio_answers_to_a_call(line: Line, behaviour: Behaviour, error: type[Exception]) -> None:
    voice = TwilioVoice(line.settings)
    line.box.behave(behaviour, PHONE)

    with pytest.raises(error):
        await voice.send(a_call())
    await voice.close()


async def test_without_a_public_address_nothing_rings(line: Line) -> None:
    voice = TwilioVoice(line.settings.model_copy(update={"public_url": None}))

    with pytest.raises(MisconfiguredError):
        await voice.send(a_call())
    await voice.close()
    assert line.box.record.calls == []


async def test_a_call_whose_answer_was_lost_is_found_in_the_list_and_never_made_again(line: Line) -> None:
    voice = TwilioVoice(line.settings)
    line.box.calls.answer(PHONE, Answering(PicksUp.NOBODY))
    line.box.behave(Behaviour(hang_up=True), PHONE)
    with pytest.raises(UnknownOutcomeError):
        await voice.send(a_call())
    (call,) = line.box.record.calls

    found = await voice.find(a_call(), since=call.at - timedelta(seconds=2), known=frozenset())
    others = await voice.find(a_call(), since=call.at - timedelta(seconds=2), known=frozenset({call.sid}))
    later = await voice.find(a_call(), since=call.at + timedelta(minutes=1), known=frozenset())
    nobody = await voice.find(a_call("+33639981009"), since=call.at - timedelta(seconds=2), known=frozenset())
    await voice.close()

    assert found is not None
    assert found.provider_id == call.sid
    assert (others, later, nobody) == (None, None, None)
