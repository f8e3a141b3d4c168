"""Mails that bear no token: placed by the mail that they answer, else by who says that he wrote them, else by hand."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import NoReturn

import pytest
import pytest_asyncio
from desks import on_one_database
from factories import NOW, a_school, by_mail
from family_door import Door, a_letter_door
from sqlalchemy.exc import OperationalError
from test_mail_in import ODILE, a_mail, handed, report, returned_to

from hub.database import Database
from hub.ports import NoticeKind, Slots
from hub.replies.whose import named_copy
from hub.sealing import Keyring
from web.house import House
from web.mail_in import Listener

PLAIN, OF_SCHOOL = "reponse@hub.test", "ecole@trois-ponts.test"
VOUCHED = {"Authentication_Results": "mx.hub.test; dmarc=pass header.from=familles.test"}
MEETING = Slots(starts_at=NOW.replace(day=26, hour=16), place="Salle 4", text="Merci de venir.")


@pytest_asyncio.fixture
async def door(database: Database, keyring: Keyring) -> AsyncIterator[Door]:
    async with a_letter_door(database, keyring, mail_authserv="MX.hub.test") as opened:
        yield opened


async def topics(door: Door) -> list[tuple]:
    return await door.small.rows("SELECT topic, notice_id FROM reply JOIN thread ON thread.id = thread_id")


@pytest.mark.parametrize("to", [PLAIN, OF_SCHOOL, "Reponse@HUB.test"])
@pytest.mark.parametrize("header", ["In_Reply_To", "References"])
async def test_a_mail_is_about_the_one_that_it_answers_also_when_another_came_after_it(
    door: Door, to: str, header: str
) -> None:
    [odile] = await door.small.family(by_mail())
    first = await door.press(NoticeKind.MEETING, slots=MEETING)
    named = door.mail.sent[-1].message_id
    await door.press(NoticeKind.MEETING, slots=MEETING)
    mail = a_mail("Oui, je viendrai", **{header: f"<other@familles.test> {named}" if header == "References" else named})

    assert await handed(door, to, mail) == 250
    assert await handed(door, to, mail) == 250

    assert await door.small.rows("SELECT notice_id, guardian_id, kind, through FROM answer") == [
        (first, odile, "yes", "email")
    ]
    assert await door.count("reply") == 1


async def test_whoever_answers_our_mail_from_elsewhere_is_doubted_as_with_a_token(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press(NoticeKind.ABSENCE)
    named = door.mail.sent[-1].message_id

    assert await handed(door, PLAIN, a_mail("1", sender="someone@else.test", In_Reply_To=named)) == 250

    assert await door.answers() == []
    assert await door.count("reply", "doubt = 'other_from' AND thread_id IS NOT NULL") == 1
    assert await door.count("tray_item") == 1


@on_one_database
async def test_a_forged_message_id_names_nothing(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press(NoticeKind.ABSENCE)
    named = door.mail.sent[-1].message_id.strip("<>")
    forged = named.replace(".", ".9", 1)

    assert await handed(door, PLAIN, a_mail("1", sender="someone@else.test", In_Reply_To=f"<{forged}>")) == 250

    assert named_copy(door.small.keyring, ["x@y", named]) == 1
    assert named_copy(door.small.keyring, [forged, door.mail.sent[-1].token, "m.1.", ""]) is None
    assert await door.answers() == []
    assert await door.count("reply", "thread_id IS NULL AND address_id IS NULL") == 1


async def test_a_mail_that_names_nothing_answers_the_open_question_of_the_mailbox_it_is_from(door: Door) -> None:
    [odile] = await door.small.family(by_mail())
    await door.press(NoticeKind.ABSENCE)
    await door.press()

    assert await handed(door, OF_SCHOOL, a_mail("2", sender="Odile Exemple <Odile@Familles.test>", **VOUCHED)) == 250

    assert await door.answers() == [(odile, 1, "other_reason", "email")]
    assert await topics(door) == [("guardian:1 pupil:1", 1)]
    assert await door.count("tray_item") == 0


async def test_of_two_open_questions_none_is_guessed(door: Door) -> None:
    await door.small.family(by_mail())
    for _ in range(2):
        await door.press(NoticeKind.MEETING, slots=MEETING)

    await handed(door, PLAIN, a_mail("oui", **VOUCHED))

    assert await door.answers() == []
    assert await door.small.rows("SELECT sense, state FROM reply JOIN thread ON thread.id = thread_id") == [
        ("words", "open")
    ]


@on_one_database
async def test_without_a_question_it_is_about_the_last_notice_of_a_fortnight(door: Door) -> None:
    await door.small.family(by_mail())
    last = await door.press()
    await handed(door, PLAIN, a_mail("Basile viendra à 9 h."))
    door.small.database._clock = lambda: NOW + timedelta(days=15)
    await handed(door, PLAIN, a_mail("Et demain aussi.", number=2))

    assert await topics(door) == [("guardian:1 pupil:1", last), ("guardian:1 pupil:1", None)]


async def test_from_a_mailbox_that_nobody_knows_it_waits_in_the_tray_once(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press(NoticeKind.ABSENCE)
    mail = a_mail("Capucine Exemple est malade", sender="grand-mere@else.test")

    assert [await handed(door, PLAIN, mail) for _ in range(2)] == [250, 250]

    assert await door.answers() == []
    assert await door.count("reply", "address_id IS NULL AND thread_id IS NULL") == 1
    assert await door.count("tray_item", "matter = 'unmatched_reply'") == 1


@on_one_database
@pytest.mark.parametrize("words", ["STOP", "Vous vous trompez de numéro"])
async def test_it_changes_no_consent_and_frees_no_address(door: Door, words: str) -> None:
    await door.small.family(by_mail())
    await door.press()

    assert await handed(door, PLAIN, a_mail(words)) == 250

    assert await door.count("stop") == 0
    assert await door.small.rows("SELECT state FROM address") == [("active",)]
    assert await door.count("tray_item") == 1


@on_one_database
async def test_it_revives_no_dead_mailbox_and_ends_no_call(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press(NoticeKind.URGENT)
    await handed(door, returned_to(door), report("5.1.1"))

    await handed(door, PLAIN, a_mail("Me revoici"), sender="quelqu-un@ailleurs.test")
    await door.drain()

    assert await door.small.rows("SELECT state FROM address") == [("dead",)]
    assert (await door.states(), await door.count("call_task", "done_at IS NULL")) == (["to_call"], 1)
    assert len(door.mail.sent) == 1
    assert await door.count("reply", "thread_id IS NOT NULL") == 1


@on_one_database
@pytest.mark.parametrize(
    "proof",
    [
        {},
        {"Authentication_Results": "mx.evil.test; dmarc=pass header.from=familles.test"},
        {"Authentication_Results": "mx.hub.test; dmarc=none; spf=pass"},
    ],
)
async def test_a_from_that_nobody_vouches_for_answers_nothing_by_itself_but_alarms(
    door: Door, proof: dict[str, str]
) -> None:
    await door.small.family(by_mail())
    await door.press(NoticeKind.ABSENCE)

    await handed(door, PLAIN, a_mail("1", **proof))
    answers, calls = await door.answers(), await door.count("call_task")
    await handed(door, PLAIN, a_mail("3", number=2, **proof))

    assert (answers, calls, await door.count("call_task", "done_at IS NULL")) == ([], 0, 1)
    assert await door.small.rows("SELECT sense, state FROM reply JOIN thread ON thread.id = thread_id ORDER BY 1") == [
        ("should_be_here", "open"),
        ("words", "open"),
    ]


@on_one_database
async def test_a_borrowed_from_is_not_believed_but_its_alarm_is(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press(NoticeKind.ABSENCE)
    borrowed = {"Authentication_Results": "mx.hub.test; dmarc=fail"}

    await handed(door, PLAIN, a_mail("1", **borrowed))
    calls = await door.count("call_task")
    await handed(door, PLAIN, a_mail("3", number=2, **borrowed))

    assert (calls, await door.count("call_task", "done_at IS NULL")) == (0, 1)
    assert await door.answers() == []
    assert await door.count("reply", "doubt = 'unsigned' AND address_id IS NULL") == 2
    assert await door.count("tray_item") == 2


@on_one_database
async def test_a_machine_that_we_know_opens_nothing_and_another_is_refused(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press(NoticeKind.ABSENCE)

    assert await handed(door, PLAIN, a_mail("1", Auto_Submitted="auto-replied")) == 250
    assert await handed(door, PLAIN, a_mail("1", sender="shop@else.test", Auto_Submitted="auto-generated")) == 550

    assert await door.answers() == []
    assert await door.small.rows("SELECT machine, state FROM reply JOIN thread ON thread.id = thread_id") == [
        (True, "closed")
    ]
    assert await door.count("tray_item") == 0


async def test_of_several_schools_the_one_that_knows_its_author_or_wrote_last_is_meant(door: Door) -> None:
    other = await a_school(door.small.database, door.small.keyring, slug="quatre-vents")
    await door.small.write("UPDATE sender SET address = 'ecole@quatre-vents.test' WHERE key_name = 'quatre-vents-mail'")
    await door.small.family(by_mail(), by_mail("awa@familles.test"))
    await other.family(by_mail(), by_mail("noe@familles.test"))
    await door.press()
    tried = {
        "awa@familles.test": door.small.school.key,  # known to the first
        "noe@familles.test": other.school.key,
        ODILE: door.small.school.key,  # known to both; only the first has written to her
        "someone@else.test": None,
    }

    codes = [await handed(door, PLAIN, a_mail("Bonjour", sender=who, number=n)) for n, who in enumerate(tried)]

    assert codes == [250, 250, 250, 550]
    kept = await door.small.rows("SELECT school_id FROM reply ORDER BY id")
    assert [school_id for (school_id,) in kept] == [school_id for school_id in tried.values() if school_id]
    assert await handed(door, "ecole@quatre-vents.test", a_mail("Bonjour", sender="x@else.test", number=9)) == 250
    assert await door.small.rows("SELECT school_id FROM tray_item") == [(other.school.key,)]


@on_one_database
async def test_while_the_database_is_away_the_mail_server_keeps_a_mail_to_the_schools_own_mailbox(door: Door) -> None:
    class Away(Database):
        def engine_reading(self) -> NoReturn:
            raise OperationalError("BEGIN", {}, OSError("away"))

    away = Away(str(door.house.database._writing.url.render_as_string(hide_password=False)))
    listener = Listener(House(door.house.settings, away, door.small.keyring))
    await listener.open("127.0.0.1:0")
    door.slot = listener.port
    refused = await handed(door, OF_SCHOOL, a_mail("OK"))
    await listener.close()
    await away.close()

    assert refused == 451
