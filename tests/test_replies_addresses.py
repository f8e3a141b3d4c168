"""What a reply proves of the address that it came from: it lives, it is a stranger's, or somebody borrowed it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from desks import on_one_database
from factories import Adult, a_school, by_mail, by_sms
from family_door import Door, a_letter_door
from inboxes import Inbox
from test_mail_in import a_mail, handed, reply_to
from test_webhooks import texted, told

from hub.database import Database
from hub.inbox.reading import Said
from hub.models.people import LinkKind
from hub.ports import ChannelName, NoticeKind
from hub.sealing import Keyring

PHONE, MAILBOX = "+33639981000", "odile@familles.test"
BOTH = Adult(reached_by=((ChannelName.SMS, PHONE), (ChannelName.EMAIL, MAILBOX)))


@pytest_asyncio.fixture
async def door(database: Database, keyring: Keyring) -> AsyncIterator[Door]:
    async with a_letter_door(database, keyring) as opened:
        yield opened


async def calls(door: Door) -> int:
    return await door.count("call_task", "done_at IS NULL")


async def addresses(door: Door) -> list[str]:
    return [row[0] for row in await door.small.rows("SELECT state FROM address ORDER BY id")]


async def test_a_dead_phone_that_writes_lives_gets_what_only_waited_for_a_call_and_the_conversation_says_so(
    door: Door,
) -> None:
    await door.small.family(by_sms())
    await door.press(NoticeKind.URGENT)
    await told(door, "undelivered", error="30005")
    before = (await addresses(door), await door.states(), await calls(door))

    await texted(door, "Mon téléphone marche de nouveau")
    await door.drain()

    assert before == (["dead"], ["to_call"], 1)
    assert (await addresses(door), await door.states(), await calls(door)) == (["active"], ["on_the_way"], 0)
    assert [message.to for message in door.sms.sent] == [PHONE, PHONE]
    [turn] = [one for one in (await Inbox(door.small).read(door.small.office, 1)).turns if isinstance(one, Said)]
    assert turn.came_back
    await texted(door, "Encore moi", sid="SM2")
    assert await door.count("audit", "act = 'address_came_back'") == 1


async def test_a_notice_that_was_pressed_while_the_phone_was_dead_goes_there_once_it_lives(door: Door) -> None:
    await door.small.family(by_sms())
    await door.small.write("UPDATE address SET state = 'dead'")
    await door.press(NoticeKind.URGENT)
    before = (await calls(door), list(door.sms.sent))

    await texted(door, "Bonjour")
    await door.drain()

    assert before == (1, [])
    assert (await calls(door), [message.to for message in door.sms.sent]) == (0, [PHONE])


@on_one_database
async def test_what_is_routine_waits_for_the_morning_when_a_dead_phone_writes_at_night(door: Door) -> None:
    await door.small.family(by_sms())
    await door.small.write("UPDATE address SET state = 'dead'")
    await door.press()
    await door.small.falls_silent()
    night = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
    door.small.database._clock = lambda: night

    await texted(door, "Bonjour")

    assert await calls(door) == 0
    assert [str(row[0])[:16] for row in await door.small.rows("SELECT due_at FROM attempt")] == ["2026-11-25 06:00"]


@on_one_database
@pytest.mark.parametrize("words", ["STOP", "mauvais numéro"])
async def test_a_dead_phone_that_says_stop_or_that_it_is_a_strangers_is_written_to_no_more(
    door: Door, words: str
) -> None:
    await door.small.family(by_sms())
    await door.small.write("UPDATE address SET state = 'dead'")
    await door.press(NoticeKind.URGENT)

    await texted(door, words)
    await door.drain()

    assert door.sms.sent == []
    assert await addresses(door) == ["dead" if words == "STOP" else "wrong"]
    assert await calls(door) == 1


@on_one_database
async def test_a_call_that_somebody_has_taken_stays_theirs(door: Door) -> None:
    await door.small.family(by_sms())
    await door.small.write("UPDATE address SET state = 'dead'")
    await door.press(NoticeKind.URGENT)
    await door.small.write("UPDATE call_task SET owner_id = :me", me=door.small.office)

    await texted(door, "Bonjour")
    await door.drain()

    assert (await addresses(door), await calls(door), door.sms.sent) == (["active"], 1, [])


@on_one_database
async def test_a_dead_mailbox_lives_by_a_persons_mail_and_not_by_a_machines_or_a_borrowed_one(door: Door) -> None:
    await door.small.family(by_mail())
    await door.press()
    await door.small.write("UPDATE address SET state = 'dead'")
    found = []

    for number, (sender, headers) in enumerate(
        (
            (MAILBOX, {"Auto_Submitted": "auto-replied"}),
            ("quelqu-un@ailleurs.test", {}),
            (MAILBOX, {}),
        )
    ):
        await handed(door, reply_to(door), a_mail("Me revoici", sender=sender, number=number, **headers))
        found += await addresses(door)

    assert found == ["dead", "dead", "active"]


async def test_a_wrong_number_brought_twice_asks_the_other_schools_once(
    door: Door, database: Database, keyring: Keyring
) -> None:
    other = await a_school(database, keyring, slug="faux-pont")
    await other.family(by_sms())
    await door.small.family(by_sms())

    await texted(door, "Mauvais numéro")
    asked = await door.count("tray_item", "matter = 'wrong_number'")
    await door.small.write("UPDATE tray_item SET closed_at = opened_at")
    await texted(door, "Mauvais numéro")

    assert asked == 2
    assert await door.count("tray_item", "matter = 'wrong_number'") == 2
    assert await addresses(door) == ["active", "wrong"]


@on_one_database
async def test_a_machines_mail_that_speaks_of_a_wrong_number_asks_nobody_however_often_it_comes(
    door: Door, database: Database, keyring: Keyring
) -> None:
    other = await a_school(database, keyring, slug="faux-pont")
    await other.family(by_mail())
    await door.small.family(by_mail())
    await door.press()
    mail = a_mail("Mauvais numéro", Auto_Submitted="auto-replied")

    codes = [await handed(door, reply_to(door), mail) for _ in range(2)]

    assert codes == [250, 250]
    assert await door.count("tray_item") == 0
    assert await addresses(door) == ["active", "active"]


@on_one_database
@pytest.mark.parametrize(
    ("results", "doubt"),
    [
        (["mx.hub.test; spf=fail smtp.mailfrom=familles.test; dkim=none"], "unsigned"),
        (["mx.hub.test;\r\n\tspf=fail smtp.mailfrom=familles.test"], "unsigned"),
        (["mx.hub.test; spf=fail; dkim=fail (bad; dkim=pass) header.d=familles.test"], "unsigned"),
        (["mx.hub.test; spf=fail", "mx.hub.test; dkim=pass header.d=familles.test"], "unsigned"),
        (["mx.hub.test; spf=fail; dkim=pass header.d=familles.test"], ""),
        (["mx.hub.test; spf=softfail; dkim=none"], ""),
        (["mx.hub.test; spf=pass", "forged.test; spf=fail; dmarc=fail"], ""),
        (["mx.hub.test; spf=pass; dmarc=fail header.from=familles.test"], "unsigned"),
    ],
)
async def test_a_mail_is_doubted_by_what_our_own_server_wrote_on_top_and_by_nothing_further_down(
    door: Door, results: list[str], doubt: str
) -> None:
    await door.small.family(by_mail())
    await door.press()
    above = "".join(f"Authentication-Results: {result}\r\n" for result in results).encode()

    await handed(door, reply_to(door), above + a_mail("Bonjour"))

    assert await door.small.rows("SELECT doubt FROM reply") == [(doubt,)]


@on_one_database
async def test_an_adult_without_any_right_is_named_to_the_office_and_shown_to_no_teacher(door: Door) -> None:
    await door.small.family(
        by_sms("+33639981002", name="Odile"),
        Adult(name="Anselme", reached_by=by_sms().reached_by, kind=LinkKind.BARRED),
    )
    await door.press(NoticeKind.ABSENCE)

    await texted(door, "Où est ma fille ?")

    inbox = Inbox(door.small)
    [line] = await inbox.lines(door.small.office)
    assert (line.parties.adult, line.parties.shared, line.parties.children) == ("", ("Anselme Exemple",), ())
    assert line.parties.silent
    assert await inbox.lines(door.small.teacher) == []
    assert [message.to for message in door.sms.sent] == ["+33639981002"]
