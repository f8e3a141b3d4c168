"""Mails that come back: bounces, answers, machines, and letters that are not for us."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from email.message import EmailMessage
from email.policy import SMTP
from typing import NoReturn

import orjson
import pytest
import pytest_asyncio
from factories import by_mail
from family_door import PUBLIC, Door, a_door, a_house_on_the_web, a_letter_door
from loopback import served
from sqlalchemy.exc import OperationalError

from channels.email import SmtpEmail
from hub.database import Database
from hub.errors import SettingsError
from hub.ports import NoticeKind
from hub.sealing import Keyring
from sandbox.behaviour import Behaviour
from sandbox.box import Sandbox
from sandbox.config import SandboxConfig
from web.house import House
from web.mail_in import Listener, start

ODILE = "odile@familles.test"


@pytest_asyncio.fixture
async def door(database: Database, keyring: Keyring) -> AsyncIterator[Door]:
    async with a_letter_door(database, keyring) as opened:
        yield opened


def a_mail(words: str, *, sender: str = ODILE, number: int = 1, **headers: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["Subject"], mail["Message-ID"] = sender, "RE", f"<{number}@familles.test>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(f"{words}\n\nLe mar. 24 nov., École <ecole@hub.test> a écrit :\n> Sortie au musée\n")
    return mail.as_bytes()


async def handed(door: Door, to: str, raw: bytes, *, sender: str = ODILE) -> int:
    """Hand a mail over by LMTP, as a mail server does; gives the code of the last answer."""

    def speak() -> int:
        with smtplib.LMTP("127.0.0.1", door.slot, local_hostname="mx.test", timeout=10) as line:
            line.ehlo_or_helo_if_needed()
            line.mail(sender)
            code, _ = line.rcpt(to)
            if code == 250:
                code, _ = line.data(raw)
            return code

    return await asyncio.to_thread(speak)


def reply_to(door: Door) -> str:
    return f"reponse+{door.last.reply_token}@hub.test"


def returned_to(door: Door) -> str:
    return f"rebond+{door.last.token}@hub.test"


def report(status: str, action: str = "failed") -> bytes:
    return (
        "From: MAILER-DAEMON@mx.test\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.test\r\n\r\n"
        f"Final-Recipient: rfc822; {ODILE}\r\nAction: {action}\r\nStatus: {status}\r\n\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("status", "address", "delivery"),
    [("5.1.1", "dead", "to_call"), ("5.2.2", "active", "to_call"), ("5.1.8", "active", "to_call")],
)
async def test_a_bounce_takes_the_next_rung_and_only_a_missing_mailbox_is_dead(
    door: Door, status: str, address: str, delivery: str
) -> None:
    await door.small.family(by_mail())
    await door.press()

    assert await handed(door, returned_to(door), report(status), sender="<>") == 250
    assert await handed(door, returned_to(door), report(status), sender="<>") == 250

    assert await door.small.rows("SELECT state FROM address") == [(address,)]
    assert await door.states() == [delivery]
    assert await door.small.rows("SELECT status, error_code FROM receipt") == [("bounced", status)]


async def test_a_delay_is_history_only(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press()

    assert await handed(door, returned_to(door), report("4.4.1", "delayed"), sender="<>") == 250

    assert await door.states() == ["on_the_way"]
    assert await door.small.rows("SELECT status, error_code FROM receipt") == [("delayed", "4.4.1")]


async def test_a_machines_answer_is_kept_and_concludes_nothing(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press()

    away = a_mail("OK", Auto_Submitted="auto-replied")
    assert await handed(door, reply_to(door), away) == 250
    assert await handed(door, returned_to(door), away, sender="<>") == 250

    assert await door.states() == ["on_the_way"]
    assert await door.answers() == []
    assert await door.count("reply") == 1
    assert await door.count("tray_item") == 0


@pytest.mark.parametrize(
    "to", ["info@hub.test", "reponse+c.1.aaaaaaaaaaaaa@hub.test", "reponse+x@hub.test", "a@else.test"]
)
async def test_a_letter_without_our_token_is_refused_at_once(door: Door, to: str) -> None:
    await door.small.family(by_mail())
    await door.press()

    assert await handed(door, to, a_mail("OK")) == 550


async def test_a_token_of_one_kind_does_not_open_another_box_nor_another_domain(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press()

    assert await handed(door, f"reponse+{door.last.token}@hub.test", a_mail("OK")) == 550
    assert await handed(door, f"rebond+{door.last.reply_token}@hub.test", a_mail("OK")) == 550
    assert await handed(door, reply_to(door).replace("hub.test", "hub.example"), a_mail("OK")) == 550


async def test_one_recipient_at_a_time(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press()

    def speak() -> list[int]:
        with smtplib.LMTP("127.0.0.1", door.slot, local_hostname="mx.test", timeout=10) as line:
            line.ehlo_or_helo_if_needed()
            line.mail(ODILE)
            return [line.rcpt(to)[0] for to in (reply_to(door), returned_to(door))]

    assert await asyncio.to_thread(speak) == [250, 452]


async def test_one_clear_word_from_the_very_address_acknowledges(door: Door) -> None:
    [odile] = await door.small.family(by_mail())
    await door.press()
    mail = a_mail("Bien reçu !", sender="Odile Exemple <Odile@Familles.test>")

    assert await handed(door, reply_to(door).upper(), mail) == 250
    assert await handed(door, reply_to(door), mail) == 250

    assert await door.answers() == [(odile, None, "acknowledged", "email")]
    assert await door.states() == ["acknowledged"]
    assert await door.count("reply") == 1
    assert await door.count("tray_item") == 0


async def test_a_digit_by_mail_answers_the_absence_it_was_asked_about(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press(NoticeKind.ABSENCE)

    assert await handed(door, reply_to(door), a_mail("2")) == 250

    assert [kind for _, _, kind, _ in await door.answers()] == ["other_reason"]


async def test_words_are_kept_sealed_and_put_before_a_person(door: Door) -> None:
    [odile] = await door.small.family(by_mail())
    await door.press()

    assert await handed(door, reply_to(door), a_mail("Basile viendra à 9 h.")) == 250

    [(sealed, wrapped, version, who)] = await door.small.rows(
        "SELECT words_sealed, wrapped, master_version, guardian_id FROM reply JOIN address ON address.id = address_id"
        " JOIN data_key ON data_key.id = address.data_key_id"
    )
    assert door.small.keyring.seal(wrapped, version).open(sealed, b"reply.words") == "Basile viendra à 9 h.".encode()
    assert who == odile
    assert await door.states() == ["on_the_way"]
    assert await door.small.rows("SELECT topic, state FROM thread") == [("guardian:1 pupil:1", "open")]
    assert await door.count("tray_item") == 0


async def test_a_mail_from_another_address_is_flagged_and_never_believed(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press(NoticeKind.ABSENCE)

    assert await handed(door, reply_to(door), a_mail("1", sender="someone@else.test")) == 250

    [(sealed, wrapped, version)] = await door.small.rows(
        "SELECT detail_sealed, wrapped, master_version FROM tray_item JOIN data_key ON subject = 'school'"
    )
    detail = orjson.loads(door.small.keyring.seal(wrapped, version).open(sealed, b"tray_item.detail"))
    assert detail["from"] == "someone@else.test"
    assert await door.answers() == []
    assert await door.states() == ["on_the_way"]
    assert await door.count("reply", "address_id IS NULL AND guardian_id IS NULL AND doubt = 'other_from'") == 1
    assert await door.small.rows("SELECT topic FROM thread") == [("guardian:1 pupil:1",)]


async def test_that_a_child_should_be_at_school_alarms_whoever_writes_it(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press(NoticeKind.ABSENCE)

    await handed(door, reply_to(door), a_mail("3", sender="someone@else.test"))

    assert await door.count("call_task", "done_at IS NULL") == 1
    assert await door.answers() == []


async def test_mail_never_changes_consent(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press()

    assert await handed(door, f"desabo+{door.last.token}@hub.test", a_mail("")) == 250
    assert await handed(door, reply_to(door), a_mail("STOP", number=2)) == 250

    assert await door.count("stop") == 0
    assert await door.count("tray_item", "matter = 'unmatched_reply'") == 2
    assert await door.states() == ["on_the_way"]


async def test_a_mail_of_more_than_ten_megabytes_is_refused(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press()

    assert (
        await handed(door, reply_to(door), b"Subject: x\r\n\r\n" + b"x" * 76 + (b"\r\n" + b"x" * 76) * 140_000) == 552
    )
    assert await door.count("reply") == 0


async def test_while_the_database_is_away_the_mail_server_keeps_the_mail(door: Door) -> None:
    class Away(Database):
        def engine(self) -> NoReturn:
            raise OperationalError("BEGIN", {}, OSError("away"))

    await door.small.family(by_mail())
    await door.press()
    away = Away(str(door.house.database._writing.url.render_as_string(hide_password=False)))
    listener, open_slot = Listener(House(door.house.settings, away, door.small.keyring)), door.slot
    await listener.open("127.0.0.1:0")
    door.slot = listener.port
    refused = await handed(door, returned_to(door), report("5.1.1"), sender="<>")
    await listener.close()
    await away.close()
    door.slot = open_slot

    assert refused == 451
    assert await handed(door, returned_to(door), report("5.1.1"), sender="<>") == 250


async def test_a_listener_is_opened_only_where_the_settings_want_one(door: Door) -> None:
    house = door.house
    nowhere = House(house.settings.model_copy(update={"mail_listen": None}), house.database, house.keyring)
    wrong = House(house.settings.model_copy(update={"mail_listen": "here"}), house.database, house.keyring)

    assert await start(nowhere) is None
    with pytest.raises(SettingsError):
        await start(wrong)


async def test_against_the_sandbox_bounces_answers_and_the_mail_programs_button_come_back(
    database: Database, keyring: Keyring
) -> None:
    """The whole loop on loopback: our SMTP client, the sandbox's mailboxes, our letter slot and our pages."""
    async with a_door(database, keyring) as door, served(a_house_on_the_web(door.house)) as port:
        listener = Listener(door.house)
        await listener.open("127.0.0.1:0")
        config = SandboxConfig(
            allow=True,
            mail_back=f"127.0.0.1:{listener.port}",
            routes={PUBLIC: f"http://127.0.0.1:{port}"},
        )
        async with Sandbox(config) as box:
            settings = door.house.settings.model_copy(update={"smtp_host": box.smtp_host, "smtp_port": box.smtp_port})
            door.house, door.mail = House(settings, database, keyring), SmtpEmail(settings)
            for name in ("mort", "lit", "part", "muet"):
                await door.small.family(by_mail(f"{name}@familles.test"))
            box.behave(Behaviour(bounce="5.1.1"), "mort@familles.test")
            await door.press()
            await box.settled()
            mails = {message.address: message for message in box.record.messages}
            said = await box.families.reply(mails["lit@familles.test"], "OK")
            left = await box.mailboxes.unsubscribe(mails["part@familles.test"])
            await box.settled()
            await door.mail.close()
        await listener.close()

    assert (said.taken, left.taken) == (True, True)
    assert await door.states() == ["to_call", "acknowledged", "on_the_way", "on_the_way"]
    assert await door.count("stop") == 1
