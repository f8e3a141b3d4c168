"""A PC that nobody can call: what its providers would bring is fetched, with the same results, only later."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
import pytest_asyncio
from chat_door import a_talk
from desks import on_one_database
from factories import NOW, TODAY, a_school, by_sms
from family_door import PUBLIC, Clock, Door, a_door, a_house_on_the_web
from loopback import served
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from channels.sms import TwilioSms
from cli.assembly import assembled
from cli.reaching import sms_lists
from cli.serve import doors, errands
from hub.database import Database
from hub.errors import MisconfiguredError
from hub.notices.reach import Tally, reach
from hub.people.text_lines import text_lines
from hub.ports import ChannelName, NoticeKind
from hub.sealing import Keyring
from hub.settings import Settings
from sandbox.behaviour import Behaviour
from sandbox.box import Sandbox
from sandbox.config import ACCOUNT, SandboxConfig
from sandbox.record import Rang, Texted
from web.bookmark import Bookmark
from web.house import House
from web.imap_box import ImapPlace, read_place
from web.twilio_list import TwilioList
from web.twilio_poll import TwilioPoll, receipts_gap, texts_gap

KEY = "trois-ponts-sms"
SERVICE = "MG" + "0" * 32
ODILE, AWA, BASILE, CHLOE = (f"+3363998100{number}" for number in range(1, 5))


@dataclass
class Remote:
    """A hub, Twilio in a box, and what lies between them."""

    door: Door
    box: Sandbox
    poll: TwilioPoll
    ticks: Clock = field(default_factory=Clock)

    async def look(self, *, after: float = 60) -> None:
        """Let a minute pass, and look."""
        self.ticks.seconds += after
        await self.poll.look()

    async def writes(self, number: str, words: str) -> None:
        """Answer the last text that a phone got."""
        await self.box.families.reply(self.box.record.taken(number)[-1], words)


@asynccontextmanager
async def a_remote(
    database: Database, keyring: Keyring, folder: Path, *, public: bool = False
) -> AsyncIterator[Remote]:
    """Open a hub whose provider knocks at its door (`public`), or one that must go and ask."""
    settings = {} if public else {"public_url": None}
    async with (
        a_door(database, keyring, data_dir=folder, **settings) as door,
        served(a_house_on_the_web(door.house)) as port,
    ):
        inbound = f"{PUBLIC}/webhooks/twilio/{KEY}/inbound" if public else None
        config = SandboxConfig(
            allow=True,
            accounts={ACCOUNT: "token"},
            inbound_url=inbound,
            fetched=not public,
            routes={PUBLIC: f"http://127.0.0.1:{port}"},
        )
        async with Sandbox(config) as box:
            house = House(door.house.settings.model_copy(update={"twilio_url": box.twilio_url}), database, keyring)
            ticks = Clock()
            door.house, door.sms = house, TwilioSms(house.settings)
            poll = TwilioPoll(house, ticks=ticks)
            try:
                yield Remote(door, box, poll, ticks)
            finally:
                await poll.close()
                await door.sms.close()


@pytest_asyncio.fixture
async def remote(database: Database, keyring: Keyring, tmp_path: Path) -> AsyncIterator[Remote]:
    async with a_remote(database, keyring, tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("public", [True, False], ids=["posted", "fetched"])
async def test_the_board_is_the_same_whether_receipts_and_answers_were_posted_or_fetched(
    database: Database, keyring: Keyring, tmp_path: Path, *, public: bool
) -> None:
    """A morning's absences, from the press to the board; nobody but the hub's own client speaks to Twilio."""
    async with a_remote(database, keyring, tmp_path, public=public) as remote:
        door, box = remote.door, remote.box
        for number, child in ((ODILE, "Lina"), (AWA, "Moussa"), (BASILE, "Noé"), (CHLOE, "Zoé")):
            await door.small.family(by_sms(number), children=(child,))
        box.behave(Behaviour(undelivered=30005), BASILE)
        notice = await door.press(NoticeKind.ABSENCE)
        await box.settled()
        before = await door.states()
        if not public:
            await remote.look()
        told = await door.states()
        for number, words in ((ODILE, "2"), (AWA, "3"), (CHLOE, "Je passerai demain à la porte")):
            await remote.writes(number, words)
        if not public:
            await remote.look()
            await remote.look()

        async with door.small.database.reading(door.small.school.key) as session:
            found = await reach(
                session, school_id=door.small.school.key, notice_id=notice, day=TODAY, now=NOW, keyring=keyring
            )

        assert found.tally == Tally(acknowledged=2, told=1, to_call=1)
        assert (found.proved, found.alarms, len(found.left)) == (1, 1, 2)
        assert before == told if public else before == ["on_the_way"] * 4
        assert told[:2] == ["told", "told"]
        assert await door.small.rows("SELECT state FROM attempt ORDER BY id") == [
            ("delivered",), ("delivered",), ("failed",), ("delivered",)
        ]  # fmt: skip
        assert [(kind, through) for _, _, kind, through in await door.answers()] == [
            ("other_reason", "sms"), ("should_be_here", "sms")
        ]  # fmt: skip
        assert await door.count("reply") == 3
        assert await door.small.rows("SELECT state FROM address WHERE state = 'dead'") == [("dead",)]
        ended = await door.small.rows("SELECT status FROM receipt WHERE status LIKE '%delivered' ORDER BY attempt_id")
        assert ended == [("delivered",), ("delivered",), ("undelivered",), ("delivered",)]


async def test_looking_again_or_after_a_restart_changes_nothing(remote: Remote) -> None:
    await remote.door.small.family(by_sms(ODILE))
    await remote.door.press()
    await remote.writes(ODILE, "Basile viendra à 9 h.")
    await remote.look()
    await remote.look()
    born_again = TwilioPoll(remote.door.house, ticks=remote.ticks)
    await born_again.look()
    await born_again.close()

    assert await remote.door.states() == ["told"]
    assert await remote.door.count("reply") == 1
    assert await remote.door.count("receipt") == 1


async def test_a_long_list_is_gone_through_in_the_order_in_which_families_wrote(remote: Remote) -> None:
    """More than Twilio gives at once: the list begins with the newest, and a STOP must not overtake a START."""
    await remote.door.small.family(by_sms(ODILE))
    await remote.door.press()
    now = datetime.now(UTC)
    for number in range(23):
        at = now - timedelta(seconds=60 * (23 - number))
        text = Texted(f"SM{number:02}", ACCOUNT, ODILE, "+33937000000", f"Mot {number}", at)
        remote.box.record.note(text)
    await remote.door.small.write("UPDATE attempt SET sending_at = :at", at=now - timedelta(hours=1))
    list_ = await the_list(remote, most=4)

    await list_.take_texts()
    await list_.take_texts()

    rows = await remote.door.small.rows("SELECT provider_key FROM reply ORDER BY id")
    assert [key for (key,) in rows] == [f"SM{number:02}" for number in range(23)]


async def the_list(remote: Remote, *, most: int = 1000, house: House | None = None) -> TwilioList:
    async with remote.door.small.database.engine_reading() as connection:
        [line] = await text_lines(connection, remote.door.small.keyring)
    sms = remote.door.sms
    assert isinstance(sms, TwilioSms)
    return TwilioList(house or remote.door.house, sms, line, clock=lambda: datetime.now(UTC), most=most)


async def test_many_texts_of_one_second_are_all_taken(remote: Remote) -> None:
    await remote.door.small.family(by_sms(ODILE))
    await remote.door.press()
    at = datetime.now(UTC) - timedelta(minutes=5)
    for number in range(9):
        remote.box.record.note(Texted(f"SM{number}", ACCOUNT, ODILE, "+33937000000", f"Mot {number}", at))

    await (await the_list(remote, most=4)).take_texts()

    assert await remote.door.count("reply") == 9


async def test_what_families_wrote_while_the_pc_was_off_for_a_week_is_heard(remote: Remote) -> None:
    await remote.door.small.family(by_sms(ODILE))
    await remote.door.press()
    written = datetime.now(UTC)
    mark = Bookmark(remote.door.house.settings.data_dir, remote.door.small.senders[ChannelName.SMS])
    mark.move(written - timedelta(days=8))
    remote.box.record.note(Texted("SMold", ACCOUNT, ODILE, "+33937000000", "STOP", written - timedelta(days=7)))

    await (await the_list(remote)).take_texts()

    assert await remote.door.count("reply", "provider_key = 'SMold'") == 1
    assert await remote.door.count("stop") == 1


async def test_a_power_cut_amid_a_weeks_texts_loses_none(remote: Remote) -> None:
    """Some were taken a moment ago, and the registers look as if all was heard up to then."""
    await remote.door.small.family(by_sms(ODILE))
    await remote.door.press()
    now = datetime.now(UTC)
    await remote.door.small.write("UPDATE attempt SET sending_at = :at", at=now - timedelta(days=9))
    for day in range(1, 6):
        at = now - timedelta(days=day)
        remote.box.record.note(Texted(f"SM{day}", ACCOUNT, ODILE, "+33937000000", f"Jour {day}", at))

    class CutAfterTwo(Database):
        left = 2

        def school(self, school_id: int) -> AbstractAsyncContextManager[AsyncSession]:
            self.left -= 1
            if self.left < 0:
                raise OperationalError("BEGIN", {}, OSError("the electricity failed"))
            return super().school(school_id)

    torn = CutAfterTwo(remote.door.small.database._writing.url.render_as_string(hide_password=False), clock=lambda: NOW)
    house = House(remote.door.house.settings, torn, remote.door.small.keyring)
    with pytest.raises(OperationalError):
        await (await the_list(remote, house=house)).take_texts()
    await torn.close()
    before = await remote.door.count("reply")

    await (await the_list(remote)).take_texts()

    assert (before, await remote.door.count("reply")) == (2, 5)


async def test_texts_to_other_numbers_of_the_account_are_not_ours(remote: Remote) -> None:
    await remote.door.small.family(by_sms(ODILE))
    await remote.door.press()
    await remote.door.small.write("UPDATE sender SET address = :address WHERE channel = 'sms'", address=SERVICE)
    now = datetime.now(UTC)
    remote.box.record.note(Texted("SM1", ACCOUNT, ODILE, "+33937000000", "OK", now, service=SERVICE))
    remote.box.record.note(Texted("SM2", ACCOUNT, ODILE, "+33937000999", "STOP", now))

    await (await the_list(remote)).take_texts()

    assert await remote.door.small.rows("SELECT provider_key FROM reply") == [("SM1",)]
    assert await remote.door.count("stop") == 0


async def test_nobody_is_asked_for_answers_to_a_name(remote: Remote) -> None:
    await remote.door.small.family(by_sms(ODILE))
    await remote.door.press()
    await remote.look()
    await remote.door.small.write("UPDATE sender SET address = 'TroisPonts' WHERE channel = 'sms'")
    remote.box.record.note(Texted("SM1", ACCOUNT, ODILE, "TroisPonts", "OK", datetime.now(UTC)))
    await remote.look()

    assert await remote.door.count("reply") == 0


async def test_a_family_is_thanked_by_a_text_of_its_own_and_once(remote: Remote) -> None:
    """Posted, the thanks is the answer to the post; fetched, it must be sent."""
    await remote.door.small.family(by_sms(ODILE))
    await remote.door.press()
    await remote.writes(ODILE, "OK")
    await remote.look()
    await remote.look()

    assert [message.text for message in remote.box.record.taken(ODILE)[1:]] == ["Merci, c'est noté."]
    assert await remote.door.states() == ["acknowledged"]


async def test_a_phone_that_only_rings_is_called_back_once_as_if_its_ring_had_been_posted(remote: Remote) -> None:
    """The list gives whole days: a call of before the last look, and one to another number, are not ours again."""
    door, box = remote.door, remote.box
    await door.small.family(by_sms(ODILE))
    await door.press(NoticeKind.ABSENCE)
    await remote.look()
    said = await box.phones.ring(box.record.taken(ODILE)[-1])
    box.record.note(Rang("CAelse", ACCOUNT, ODILE, "+33937000999", datetime.now(UTC)))
    box.record.note(Rang("CAold", ACCOUNT, AWA, "+33937000000", datetime.now(UTC) - timedelta(days=4)))
    await remote.look()
    await remote.look()
    born_again = TwilioPoll(door.house, ticks=remote.ticks)
    await born_again.look()
    await born_again.close()

    assert said.taken
    assert await door.small.rows("SELECT channel, sense FROM reply") == [("voice", "missed_call")]
    assert await door.count("call_task", "done_at IS NULL") == 1
    assert box.record.taken(ODILE)[1:] == []


async def test_an_unknown_number_that_rings_waits_in_the_tray(remote: Remote) -> None:
    remote.box.record.note(Rang("CA1", ACCOUNT, AWA, "+33937000000", datetime.now(UTC)))
    await remote.look()
    await remote.look()

    assert await remote.door.count("tray_item", "matter = 'unmatched_reply'") == 1


@on_one_database
async def test_an_account_that_may_not_list_calls_hears_its_texts_all_the_same(remote: Remote) -> None:
    class Deaf(TwilioSms):
        async def calls(self, *_: Any, **__: Any) -> NoReturn:
            raise MisconfiguredError("Twilio refuses the list of calls")

    await remote.door.small.family(by_sms(ODILE))
    await remote.door.press()
    await remote.writes(ODILE, "Basile viendra à 9 h.")
    await remote.poll._sms.close()
    remote.poll._sms = Deaf(remote.door.house.settings)
    await remote.look()
    [line] = remote.poll._rounds.values()

    assert (line.rest.failed, line.calls_rest.failed) == (0, 1)
    assert await remote.door.count("reply") == 1


async def test_while_twilio_is_away_nothing_is_lost_and_it_is_asked_more_seldom(remote: Remote) -> None:
    await remote.door.small.family(by_sms(ODILE))
    await remote.door.press()
    await remote.writes(ODILE, "Basile viendra à 9 h.")
    away = remote.door.house.settings.model_copy(update={"twilio_url": "http://127.0.0.1:1"})
    poll = TwilioPoll(House(away, remote.door.small.database, remote.door.small.keyring), ticks=remote.ticks)
    for _ in range(4):
        await poll.look()
        remote.ticks.seconds += 5
    [line] = poll._rounds.values()
    await poll.close()
    await remote.look()

    assert line.rest.failed == 3  # at once, after 3 s, after 6 s more; the next pause is longer than the test
    assert await remote.door.count("reply") == 1
    assert await remote.door.states() == ["told"]


async def test_while_the_database_is_away_texts_wait_at_twilio(remote: Remote) -> None:
    class Away(Database):
        def school(self, _school_id: int) -> NoReturn:
            raise OperationalError("BEGIN", {}, OSError("away"))

    await remote.door.small.family(by_sms(ODILE))
    await remote.door.press()
    await remote.writes(ODILE, "Basile viendra à 9 h.")
    url = remote.door.small.database._writing.url.render_as_string(hide_password=False)
    away = Away(url, clock=lambda: NOW)
    poll = TwilioPoll(House(remote.door.house.settings, away, remote.door.small.keyring), ticks=remote.ticks)
    await poll.look()
    kept = await remote.door.count("reply")
    poll._house = remote.door.house
    poll._lines_at = float("-inf")
    poll._rounds.clear()
    remote.ticks.seconds += 60
    await poll.look()
    await poll.close()
    await away.close()

    assert kept == 0
    assert await remote.door.count("reply") == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_text_that_no_register_takes_does_not_stop_the_others(remote: Remote) -> None:
    await remote.door.small.family(by_sms(ODILE))
    await remote.door.press()
    at = datetime.now(UTC) - timedelta(minutes=2)
    for sid in ("SM\0", "SM1"):  # PostgreSQL holds no NUL
        remote.box.record.note(Texted(sid, ACCOUNT, ODILE, "+33937000000", "Basile viendra à 9 h.", at))
    for _ in range(4):
        await remote.look()

    assert await remote.door.small.rows("SELECT provider_key FROM reply") == [("SM1",)]


async def test_a_receipt_that_comes_late_is_still_heard_and_receipts_are_asked_for_no_longer_than_needed(
    remote: Remote,
) -> None:
    await remote.door.small.family(by_sms(ODILE))
    remote.box.behave(Behaviour(off=True), ODILE)
    await remote.door.press(NoticeKind.URGENT)
    await remote.look()
    await remote.door.small.write("UPDATE attempt SET look_at = NULL")  # it was silent for too long: the next rung
    waits = await remote.door.states()
    remote.box.phones.switch(ODILE, on=True)
    await remote.look(after=600)
    told, asked = await remote.door.states(), list(remote.box.record.lists)
    await remote.look(after=600)

    assert (waits, told) == (["on_the_way"], ["told"])
    assert [query for query in remote.box.record.lists[len(asked) :] if "From" in query] == []
    assert len([query for query in remote.box.record.lists[len(asked) :] if "To" in query]) == 1


@on_one_database
async def test_a_try_of_another_sender_is_not_raised(remote: Remote) -> None:
    await remote.door.small.family(by_sms(ODILE))
    await remote.door.press()
    await remote.door.small.write("UPDATE attempt SET sender_id = :mail", mail=remote.door.small.senders["email"])
    await remote.look()

    assert await remote.door.states() == ["on_the_way"]


def test_answers_are_asked_for_often_while_children_are_at_school() -> None:
    tuesday = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)

    assert texts_gap(tuesday, "Europe/Paris") == 15
    assert texts_gap(tuesday.replace(hour=18), "Europe/Paris") == 60
    assert texts_gap(tuesday.replace(day=22), "Europe/Paris") == 60
    assert texts_gap(tuesday.replace(hour=18), "America/Guadeloupe") == 15


def test_receipts_are_asked_for_more_seldom_the_longer_nothing_new_left() -> None:
    left = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
    ages = (timedelta(seconds=5), timedelta(minutes=10), timedelta(hours=9))

    assert [receipts_gap(left, left + age, urgent=False) for age in ages] == [15, 150, 600]
    assert receipts_gap(left, left + timedelta(hours=9), urgent=True) == 15


@on_one_database
async def test_the_doctor_asks_for_the_list_of_each_line(remote: Remote) -> None:
    small, settings = remote.door.small, remote.door.house.settings
    away = settings.model_copy(update={"twilio_url": "http://127.0.0.1:1"})
    public = settings.model_copy(update={"public_url": PUBLIC})
    keys = Settings(master_keys=f"1:{b64encode(b'k' * 32).decode()}").master_keys
    found = [
        await sms_lists(small.database, given.model_copy(update={"master_keys": keys}))
        for given in (settings, away, public)
    ]
    await small.write("UPDATE sender SET login = 'AC1' WHERE channel = 'sms'")
    found.append(await sms_lists(small.database, settings.model_copy(update={"master_keys": keys})))

    assert [[one.state.value for one in findings] for findings in found] == [["ok"], ["warning"], [], ["error"]]
    assert "appels manqués" in found[0][0].sentence


@on_one_database
async def test_telegram_is_heard_without_a_public_address(database: Database, keyring: Keyring) -> None:
    async with a_talk(database, keyring, public_url=None) as talk:
        await talk.door.look()
        guardian = await talk.join()
        await talk.press()
        await talk.tap(talk.last(), "acknowledge")

        assert await talk.answers() == [(guardian, "acknowledged", "chat")]


def test_what_must_be_fetched_is_fetched_and_nothing_else(database: Database, keyring: Keyring) -> None:
    def fetched(**given: Any) -> list[str]:
        return [type(one).__name__ for one in errands(House(Settings(**given), database, keyring)).values()]

    mailbox = "imaps://nom:secret@courrier.example/INBOX"
    assert fetched(public_url=None) == ["TwilioPoll"]
    assert fetched(public_url=None, imap_url=mailbox) == ["TwilioPoll", "MailPoll"]
    assert fetched(public_url=PUBLIC) == []
    assert fetched(public_url=PUBLIC, imap_url=mailbox) == ["MailPoll"]


@on_one_database
async def test_a_deployment_without_a_public_address_hears_its_families(
    database_url: str, tmp_path: Path, unused_tcp_port: int
) -> None:
    """The house as `serve` puts it together, and nobody who could knock at its door."""
    settings = Settings(database_url=database_url, data_dir=tmp_path, listen=f"127.0.0.1:{unused_tcp_port}")
    async with Sandbox(SandboxConfig(allow=True, accounts={ACCOUNT: "token"}, fetched=True)) as box:
        asked = settings.model_copy(update={"twilio_url": box.twilio_url})
        async with assembled(asked) as hub:
            small = await a_school(hub.database, hub.keyring)
            await small.family(by_sms(ODILE))
            box.record.note(Texted("SM1", ACCOUNT, ODILE, "+33937000000", "Bonjour", datetime.now(UTC)))
            async with doors(hub):
                async with asyncio.timeout(20):
                    while not await small.rows("SELECT id FROM reply"):
                        pass


@pytest.mark.parametrize(
    ("given", "host", "port", "user", "password", "folder", "sealed"),
    [
        ("imaps://a%40b:c%2Fd%3A@courrier.example", "courrier.example", 993, "a@b", "c/d:", "INBOX", True),
        (
            "imaps://nom:mot@courrier.example:1993/INBOX/Retours",
            "courrier.example",
            1993,
            "nom",
            "mot",
            "INBOX/Retours",
            True,
        ),
        ("imap://nom:mot@[::1]/", "::1", 143, "nom", "mot", "INBOX", False),
    ],
)
def test_a_mailbox_is_written_as_an_address(
    given: str, host: str, port: int, user: str, password: str, folder: str, *, sealed: bool
) -> None:
    assert read_place(given) == ImapPlace(host, port, user, folder, sealed, password)
