"""What Twilio tells us and what families text back: signed or refused, once whatever comes twice, committed first."""

import asyncio
from collections.abc import AsyncIterator
from typing import NoReturn

import httpx
import pytest
import pytest_asyncio
from factories import Adult, a_school, by_sms
from family_door import PUBLIC, Door, a_door, a_house_on_the_web
from loopback import served
from sqlalchemy.exc import OperationalError
from twilio.request_validator import RequestValidator

from channels.sms import TwilioSms
from hub.database import Database
from hub.models.answers import AnswerKind
from hub.ports import ChannelName, NoticeKind, Outgoing, Sent
from hub.replies.meaning import Meaning, Sense, meaning_of
from hub.sealing import Keyring
from sandbox.behaviour import Behaviour, Receipts
from sandbox.box import Sandbox
from sandbox.config import SandboxConfig
from sandbox.habits import Habit
from web.house import House

KEY = "trois-ponts-sms"
SECRET = "token"
EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response />'
CALLING = (
    '<?xml version="1.0" encoding="UTF-8"?><Response><Message>L\'école vous appelle tout de suite.'
    " Vous pouvez aussi l'appeler : 02 61 91 00 00</Message></Response>"
)
THANKS = '<?xml version="1.0" encoding="UTF-8"?><Response><Message>Merci, c\'est noté.</Message></Response>'


@pytest_asyncio.fixture
async def door(database: Database, keyring: Keyring) -> AsyncIterator[Door]:
    async with a_door(database, keyring) as opened:
        yield opened


async def posted(door: Door, path: str, fields: dict[str, str], *, secret: str = SECRET) -> httpx.Response:
    """Post a form as Twilio does."""
    signature = RequestValidator(secret).compute_signature(f"{PUBLIC}{path}", fields)
    return await door.web.post(path, data=fields, headers={"X-Twilio-Signature": signature})


async def told(
    door: Door, word: str, *, error: str | None = None, token: str | None = None, **more: str
) -> httpx.Response:
    fields = {"MessageSid": "SMxyz", "MessageStatus": word, "To": "+33639981000", "Empty": ""}
    if error is not None:
        fields["ErrorCode"] = error
    return await posted(door, f"/webhooks/twilio/{KEY}/status/{token or door.last.token}", fields, **more)


async def texted(
    door: Door, words: str, *, number: str = "+33639981000", sid: str = "SM1", **fields: str
) -> httpx.Response:
    sent = {"MessageSid": sid, "From": number, "To": "+33937000000", "Body": words, "NumMedia": "0", **fields}
    return await posted(door, f"/webhooks/twilio/{KEY}/inbound", sent)


async def test_a_receipt_tells_that_the_phone_has_it(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()

    answer = await told(door, "delivered")

    assert answer.status_code == 204
    assert await door.states() == ["told"]
    assert await door.small.rows("SELECT state FROM attempt") == [("delivered",)]


async def test_receipts_in_any_order_and_doubled_come_to_the_same(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()

    for word in ("delivered", "sent", "delivered", "queued", "undelivered"):
        assert (await told(door, word, error="30003" if word == "undelivered" else None)).status_code == 204

    assert await door.small.rows("SELECT state FROM attempt") == [("delivered",)]
    assert await door.states() == ["told"]
    assert await door.count("receipt") == 4


async def test_a_receipt_that_comes_before_the_answer_counts(door: Door) -> None:
    await door.small.family(by_sms())
    taken, answers = door.sms.send, []

    async def delivered_first(message: Outgoing) -> Sent:
        sent = await taken(message)
        answers.append((await told(door, "delivered")).status_code)
        return sent

    door.sms.send = delivered_first
    await door.press()

    assert answers == [204]
    assert await door.small.rows("SELECT state, provider_id FROM attempt") == [("delivered", "SM1")]


async def test_a_number_that_does_not_exist_takes_the_next_rung(door: Door) -> None:
    both = Adult(reached_by=((ChannelName.SMS, "+33639981001"), (ChannelName.EMAIL, "odile@familles.test")))
    await door.small.family(both)
    await door.press(NoticeKind.URGENT)

    await told(door, "undelivered", error="30005")
    await door.drain()

    assert await door.small.rows("SELECT state FROM address ORDER BY id") == [("dead",), ("active",)]
    assert [message.to for message in door.mail.sent] == ["odile@familles.test"]


async def test_a_forged_receipt_changes_nothing(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()
    path = f"/webhooks/twilio/{KEY}/status/{door.last.token}"

    forged = await told(door, "delivered", secret="somebody else's")
    unsigned = await door.web.post(path, data={"MessageStatus": "delivered"})
    signature = RequestValidator(SECRET).compute_signature(f"{PUBLIC}{path}", {"MessageStatus": "sent"})
    changed = await door.web.post(path, data={"MessageStatus": "delivered"}, headers={"X-Twilio-Signature": signature})
    moved = await door.web.post(
        f"{path}?x=1", data={"MessageStatus": "sent"}, headers={"X-Twilio-Signature": signature}
    )
    nobody = await posted(door, f"/webhooks/twilio/nobody/status/{door.last.token}", {"MessageStatus": "delivered"})

    assert [answer.status_code for answer in (forged, unsigned, changed, moved, nobody)] == [403] * 5
    assert await door.states() == ["on_the_way"]
    assert await door.count("receipt") == 0


async def test_a_receipt_for_a_forged_token_or_a_try_of_another_sender_is_not_ours(
    door: Door, database: Database, keyring: Keyring
) -> None:
    other = await a_school(database, keyring, slug="faux-pont")
    await door.small.family(by_sms())
    await door.press()
    fields = {"MessageStatus": "delivered"}

    foreign = await posted(door, f"/webhooks/twilio/faux-pont-sms/status/{door.last.token}", fields)
    forged = await told(door, "delivered", token="a.1.aaaaaaaaaaaaa")
    gone = await told(door, "delivered", token=keyring.token("a", 999))

    assert [answer.status_code for answer in (foreign, forged, gone)] == [404] * 3
    assert await door.states() == ["on_the_way"]
    assert other.school.key != door.small.school.key


async def test_a_changed_secret_counts_at_once(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()
    assert (await told(door, "sent", secret="the new one")).status_code == 403
    wrapped, version, seal = door.small.keyring.new_key()
    await door.small.write(
        "UPDATE data_key SET wrapped = :w, master_version = :v WHERE id ="
        " (SELECT data_key_id FROM sender WHERE key_name = :k)",
        w=wrapped,
        v=version,
        k=KEY,
    )
    await door.small.write(
        "UPDATE sender SET secret_sealed = :s WHERE key_name = :k",
        s=seal.close(b"the new one", b"sender.secret"),
        k=KEY,
    )
    door.clock.seconds += 2.0

    assert (await told(door, "sent", secret="the new one")).status_code == 204


async def test_many_receipts_at_once_are_all_committed_before_they_are_answered(door: Door) -> None:
    for number in range(40):
        await door.small.family(by_sms(f"+336399820{number:02d}"))
    await door.press()

    answers = await asyncio.gather(*(told(door, "delivered", token=message.token) for message in door.sms.sent))

    assert {answer.status_code for answer in answers} == {204}
    assert await door.states() == ["told"] * 40


async def test_while_the_database_is_away_the_provider_is_asked_to_come_again(door: Door) -> None:
    class Away(Database):
        def engine(self) -> NoReturn:
            raise OperationalError("BEGIN", {}, OSError("away"))

    await door.small.family(by_sms())
    await door.press()
    url = str(door.house.database._writing.url.render_as_string(hide_password=False))
    away = Away(url)
    app = a_house_on_the_web(House(door.house.settings, away, door.small.keyring))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=PUBLIC) as web:
        door.web, before = web, door.web
        refused = await told(door, "delivered")
        door.web = before
    await away.close()
    again = await told(door, "delivered")

    assert (refused.status_code, again.status_code) == (503, 204)
    assert await door.states() == ["told"]


async def test_a_receipt_that_no_database_takes_costs_its_neighbours_nothing(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()

    _, good = await asyncio.gather(told(door, "sent\x00"), told(door, "delivered"))

    assert good.status_code == 204
    assert await door.states() == ["told"]


async def test_an_enormous_post_is_not_read_to_its_end(door: Door) -> None:
    assert (await door.web.post(f"/webhooks/twilio/{KEY}/inbound", content=b"x" * 70_000)).status_code == 413


@pytest.mark.parametrize("words", ["OK", "1", "Reçu !", "tamam", "تم", "👍"])
async def test_a_clear_word_acknowledges_the_last_notice(door: Door, words: str) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()

    answer = await texted(door, words)

    assert (answer.status_code, answer.text) == (200, THANKS)
    assert answer.headers["content-type"].startswith("application/xml")
    assert await door.answers() == [(odile, None, "acknowledged", "sms")]
    assert await door.states() == ["acknowledged"]
    assert await door.count("tray_item") == 0


async def test_a_text_posted_twice_changes_nothing_and_is_thanked_once(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()

    first, second = await texted(door, "OK"), await texted(door, "OK")
    other = await texted(door, "OK", sid="SM2")

    assert [first.text, second.text, other.text] == [THANKS, EMPTY, EMPTY]
    assert await door.count("reply") == 2
    assert await door.count("answer") == 1


async def test_the_thanks_is_in_the_familys_language_and_only_where_one_can_answer(door: Door) -> None:
    await door.small.family(by_sms(language="tr"))
    await door.press()
    turkish = await texted(door, "tamam")
    await door.small.write("UPDATE sender SET two_way = :no", no=False)
    door.clock.seconds += 31.0
    await door.press()
    silent = await texted(door, "tamam", sid="SM2")

    assert "Teşekkürler, not edildi." in turkish.text
    assert silent.text == EMPTY
    assert await door.states() == ["acknowledged", "acknowledged"]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("1", "ill"),
        ("٢", "other_reason"),
        ("3.", "should_be_here"),
        ("1 malade", "ill"),
        ("Bonjour, elle a de la fièvre. Merci", "ill"),
        ("pas de bus", "transport"),
        ("Décès dans la famille", "family_gathering"),
        ("Elle est partie à l'école à 8 h comme d'habitude !", "should_be_here"),
        ("he left for school", "should_be_here"),
        ("okula gitti", "should_be_here"),
        ("خرج إلى المدرسة", "should_be_here"),
    ],
)
async def test_a_digit_answers_an_absence(door: Door, words: str, kind: str) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press(NoticeKind.ABSENCE)

    answer = await texted(door, words)

    assert answer.text == (CALLING if kind == "should_be_here" else THANKS)
    assert [(who, said) for who, _, said, _ in await door.answers()] == [(odile, kind)]
    assert await door.states() == ["acknowledged"]
    assert await door.count("call_task", "done_at IS NULL") == (1 if kind == "should_be_here" else 0)


async def test_a_digit_answers_only_an_open_question(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()

    answer = await texted(door, "2")

    assert answer.text == EMPTY
    assert await door.answers() == []
    assert await door.small.rows("SELECT sense FROM reply") == [("words",)]
    assert await door.small.rows("SELECT topic, state FROM thread") == [("guardian:1 pupil:1", "open")]


async def test_a_digit_finds_the_absence_behind_a_later_notice_until_it_is_answered(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.ABSENCE)
    await door.press()

    await texted(door, "2")
    await texted(door, "1", sid="SM2")

    assert [said for _, _, said, _ in await door.answers()] == ["other_reason", "acknowledged"]
    assert await door.states() == ["acknowledged", "acknowledged"]


async def test_on_a_shared_phone_a_text_tells_but_does_not_acknowledge(door: Door) -> None:
    await door.small.family(by_sms(name="Odile"), by_sms(name="Tiago"))
    await door.press()

    answer = await texted(door, "OK")

    assert answer.text == EMPTY
    assert await door.states() == ["told", "told"]
    assert await door.small.rows("SELECT topic, state FROM thread") == [("address:1", "open")]


async def test_stop_is_kept_for_that_sender_and_answered_by_silence(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()

    answer = await texted(door, "Arrêt")
    await texted(door, "whatever it is in their language", sid="SM2", OptOutType="STOP")
    await door.press()

    assert answer.text == EMPTY
    assert await door.count("stop") == 1
    assert await door.count("tray_item") == 0
    assert len(door.sms.sent) == 1


async def test_a_wrong_number_by_text_freezes_the_address_and_closes_its_links(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.URGENT)

    await texted(door, "Yanlış numara")

    assert await door.small.rows("SELECT state FROM address") == [("wrong",)]
    assert (await door.web.get(door.link)).status_code == 404
    assert await door.states() == ["to_call"]
    assert await door.count("tray_item", "matter = 'wrong_number'") == 1


async def test_what_is_not_clear_is_kept_sealed_and_put_before_a_person(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()

    answer = await texted(door, "Capucine a de la fièvre")
    [(sealed, wrapped, version)] = await door.small.rows(
        "SELECT words_sealed, wrapped, master_version FROM reply JOIN address ON address.id = reply.address_id"
        " JOIN data_key ON data_key.id = address.data_key_id"
    )

    assert answer.text == EMPTY
    opened = door.small.keyring.seal(wrapped, version).open(sealed, b"reply.words")
    assert opened.decode() == "Capucine a de la fièvre"
    assert await door.count("thread", "state = 'open' AND due_at IS NOT NULL") == 1
    assert await door.states() == ["on_the_way"]


async def test_a_text_from_an_unknown_number_is_not_dropped(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()

    answer = await texted(door, "OK", number="+33639989999")

    assert (answer.status_code, answer.text) == (200, EMPTY)
    assert await door.states() == ["on_the_way"]
    assert await door.count("reply", "address_id IS NULL") == 1
    assert await door.count("tray_item", "matter = 'unmatched_reply' AND detail_sealed IS NOT NULL") == 1


async def test_a_forged_text_is_refused_and_not_kept(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()

    answer = await door.web.post(
        f"/webhooks/twilio/{KEY}/inbound", data={"From": "+33639981000", "Body": "STOP", "MessageSid": "SM1"}
    )

    assert answer.status_code == 403
    assert await door.count("reply") == await door.count("stop") == 0


def test_only_whole_clear_messages_are_understood() -> None:
    assert meaning_of(" TAMAM. ") == Meaning(Sense.ACKNOWLEDGED)
    assert meaning_of("أوقف") == Meaning(Sense.STOP)
    assert meaning_of("DUR") == Meaning(Sense.STOP)
    assert meaning_of("رقم خاطئ") == Meaning(Sense.WRONG_NUMBER)
    assert meaning_of("1️⃣") == Meaning(Sense.DIGIT, AnswerKind.ILL, number=1)
    assert meaning_of("3 okulda olmalı") == Meaning(Sense.DIGIT, AnswerKind.SHOULD_BE_HERE)
    for unclear in (
        "1 euro",
        "stop it, he is ill",
        "",
        "  ",
        "ok mais il arrive à 9 h",
        "il n'est pas parti à l'école",
    ):
        assert meaning_of(unclear) == Meaning(Sense.WORDS)


async def test_against_the_sandbox_receipts_come_back_forged_ones_do_not_and_families_answer(
    database: Database, keyring: Keyring
) -> None:
    """The whole loop on loopback, with the hub's own client and a real server."""
    account = "AC" + "0" * 32
    async with a_door(database, keyring) as door, served(a_house_on_the_web(door.house)) as port:
        config = SandboxConfig(
            allow=True,
            accounts={account: SECRET},
            inbound_url=f"{PUBLIC}/webhooks/twilio/{KEY}/inbound",
            routes={PUBLIC: f"http://127.0.0.1:{port}"},
        )
        async with Sandbox(config) as box:
            house = House(door.house.settings.model_copy(update={"twilio_url": box.twilio_url}), database, keyring)
            door.house, door.sms = house, TwilioSms(house.settings)
            for number in range(1, 7):
                await door.small.family(by_sms(f"+3363998100{number}"))
            box.behave(Behaviour(receipts=Receipts.DOUBLED), "+33639981001")
            box.behave(Behaviour(receipts=Receipts.REORDERED), "+33639981002")
            box.behave(Behaviour(receipts=Receipts.EARLY), "+33639981003")
            box.behave(Behaviour(receipts=Receipts.FORGED), "+33639981004")
            box.behave(Behaviour(undelivered=30005), "+33639981005")
            box.set_habit("+33639981006", Habit.ACKNOWLEDGE)
            await door.press(NoticeKind.URGENT)
            await box.settled()
            states = await door.states()
            box.set_habit("+33639981001", Habit.DIGIT)
            await door.press(NoticeKind.ABSENCE, audience="pupil:1")
            await box.settled()
            await door.sms.close()

    assert states == ["told", "told", "told", "on_the_way", "to_call", "acknowledged"]
    assert [kind for _, _, kind, _ in await door.answers()] == ["acknowledged", "ill"]
