"""What families say to the bot, over a Bot API on loopback: joining, buttons, words; once whatever comes twice."""

from collections.abc import AsyncIterator
from typing import Any, NoReturn

import httpx
import pytest
import pytest_asyncio
from chat_door import KEY, PUBLIC, Talk, a_talk, words
from factories import NOW, a_school, by_sms
from fastapi import FastAPI
from loopback import served
from sqlalchemy.exc import OperationalError

from bot.door import TelegramDoor
from hub.database import Database
from hub.models.people import Medium
from hub.people.chat_lines import webhook_word
from hub.people.joining import invite
from hub.ports import ChannelName, NoticeKind
from hub.sealing import Keyring
from i18n.languages import SPOKEN
from sandbox.config import BOT

LONG_AGO = "2026-10-01 06:00:00"
PICTURE = {"file_id": "x", "file_unique_id": "x", "width": 1, "height": 1}
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what concerns the bot alone: the other database would answer the same."""


@pytest_asyncio.fixture
async def talk(database: Database, keyring: Keyring) -> AsyncIterator[Talk]:
    async with a_talk(database, keyring) as opened:
        await opened.door.look()
        yield opened


async def test_who_starts_with_an_invitation_is_reached_there_from_then_on(talk: Talk) -> None:
    odile = await talk.join()
    greeting = words(talk.last())
    await talk.drain()
    await talk.press()

    assert greeting.startswith("Bienvenue. L'école vous écrira ici : École des Trois-Ponts.")
    assert all(command in greeting for command in ("/language", "/prenoms", "/stop"))
    assert await talk.rows("SELECT medium, state, discreet FROM address ORDER BY id") == [
        ("phone", "active", False),
        ("chat", "active", True),
    ]
    assert await talk.rows("SELECT guardian_id, channel, position FROM contact_point ORDER BY position") == [
        (odile, "chat", 1),
        (odile, "sms", 2),
    ]
    assert "Telegram" in talk.sms.sent[0].text  # the old way was told
    assert "Sortie au musée vendredi." in talk.last().text
    assert len(talk.sms.sent) == 1


async def test_the_bot_speaks_the_adults_own_language_whatever_the_telephone_is_set_to(talk: Talk) -> None:
    talk.box.chats.languages["7001"] = "en"
    await talk.join(language="tr")
    await talk.press()

    assert await talk.tap(talk.last(), "acknowledge") == "Teşekkürler, not edildi."


@pytest.mark.parametrize("code", ["", "abcdefghijkl", "<script>"])
async def test_a_stranger_learns_how_to_be_invited_and_nothing_else(talk: Talk, code: str) -> None:
    answer = words(await talk.start("7009", code))

    assert "Ce chat n'est pas encore relié à une famille : personne ne lit ce que vous écrivez ici." in answer
    assert "02 61 91 00 00" in answer
    assert await talk.count("address") == 0


async def test_what_a_stranger_writes_is_read_by_nobody_and_it_says_so(talk: Talk) -> None:
    answers = [await talk.write("7009", said) for said in ("Bonjour", "OK", "/stop", "/language", "/prenoms", "/help")]
    answers.append(
        await talk.write("7009", "", photo=[{"file_id": "x", "file_unique_id": "x", "width": 1, "height": 1}])
    )

    assert {words(answer).partition(" :")[0] for answer in answers} == {"Ce chat n'est pas encore relié à une famille"}
    assert await talk.count("reply") == await talk.count("tray_item") == await talk.count("stop") == 0


async def test_an_invitation_serves_once_and_pressing_its_link_again_changes_nothing(talk: Talk) -> None:
    [odile] = await talk.small.family(by_sms())
    code = await talk.code(odile)
    await talk.start("7001", code)

    again = await talk.start("7001", code)
    other = await talk.start("7002", code)

    assert "L'école vous écrira de nouveau ici." in words(again)
    assert "Cette invitation a déjà servi ou n'est plus valable." in words(other)
    assert await talk.count("address", "medium = 'chat'") == 1
    assert await talk.count("contact_point", "channel = 'chat'") == 1


async def test_an_invitation_for_something_else_or_of_another_school_opens_nothing(talk: Talk) -> None:
    [odile] = await talk.small.family(by_sms())
    other = await a_school(talk.small.database, talk.small.keyring, slug="autre")
    [elsewhere] = await other.family(by_sms("+33639981002"))
    async with other.database.school(other.school.key) as session:
        foreign = await invite(
            session, other.keyring, school_id=other.school.key, guardian_id=elsewhere, medium=Medium.CHAT,
            made_by=other.director, now=NOW,
        )  # fmt: skip

    for code in (foreign, await talk.code(odile, Medium.PUSH)):
        assert "déjà servi" in words(await talk.start("7001", code))

    assert await talk.count("address", "medium = 'chat'") == 0
    assert await talk.count("invitation", "used_at IS NOT NULL") == 0


async def test_one_tap_acknowledges_and_takes_the_buttons_away_but_not_the_page(talk: Talk) -> None:
    odile = await talk.join()
    await talk.press()
    shown = talk.last()

    note = await talk.tap(shown, "acknowledge")
    await talk.until(lambda: not talk.last().buttons)
    twice = await talk.tap(shown, "acknowledge")

    assert (note, twice) == ("Merci, c’est noté.", "Merci, c’est noté.")
    assert await talk.answers() == [(odile, "acknowledged", "chat")]
    assert await talk.rows("SELECT state FROM delivery ORDER BY id DESC LIMIT 1") == [("acknowledged",)]
    assert talk.last().link is not None
    assert (talk.last().link or "").startswith(f"{PUBLIC}/l/")


async def test_a_button_of_another_chat_or_made_up_changes_nothing(talk: Talk) -> None:
    await talk.join("7001")
    await talk.join("7002")
    await talk.press()
    mine, theirs = talk.last("7001"), talk.last("7002")

    notes = [
        await talk.bring(mine, theirs.buttons[0][0]),
        await talk.bring(mine, "acknowledge|c.1.0000000000000000"),
        await talk.bring(mine, "set_fire|" + mine.buttons[0][0].partition("|")[2]),
        await talk.bring(mine, "lang|xx"),
        await talk.bring(mine, "names|2"),
    ]

    assert set(notes) == {"Ce bouton n’est pas pour ce chat."}
    assert await talk.answers() == []


async def test_a_withdrawn_notice_takes_no_answer(talk: Talk) -> None:
    await talk.join()
    notice = await talk.press()
    await talk.small.write("UPDATE notice SET state = 'cancelled' WHERE id = :n", n=notice)

    assert await talk.tap(talk.last(), "acknowledge") == "Ce message a été retiré."
    assert await talk.answers() == []


@pytest.mark.parametrize(("act", "alarms"), [("ill", 0), ("other_reason", 0), ("should_be_here", 1)])
async def test_an_absence_is_answered_by_a_button_without_naming_child_or_reason(
    talk: Talk, act: str, alarms: int
) -> None:
    odile = await talk.join()
    await talk.press(NoticeKind.ABSENCE)
    shown = talk.last()

    note = await talk.tap(shown, act)

    assert [data.partition("|")[0] for data, _ in shown.buttons] == ["ill", "other_reason", "should_be_here"]
    assert "Capucine" not in shown.text
    assert "Votre enfant n’était pas en classe mardi 24 novembre matin." in shown.text
    assert note.startswith("L’école vous appelle tout de suite." if alarms else "Merci, c’est noté.")
    assert await talk.answers() == [(odile, act, "chat")]
    assert await talk.count("call_task", "done_at IS NULL") == alarms


async def test_a_digit_or_a_clear_word_means_the_same_as_by_sms(talk: Talk) -> None:
    odile = await talk.join()
    await talk.press(NoticeKind.ABSENCE)
    first = await talk.write("7001", "2")
    await talk.small.write("UPDATE reply SET received_at = '2026-11-24 06:00:00'")
    await talk.press()
    second = await talk.write("7001", "merci")

    assert words(first) == words(second) == "Merci, c'est noté."
    assert await talk.answers() == [(odile, "other_reason", "chat"), (odile, "acknowledged", "chat")]
    assert await talk.rows("SELECT channel FROM reply ORDER BY id") == [("chat",), ("chat",)]


async def test_what_is_not_clear_is_kept_sealed_for_a_person_and_not_answered_by_a_machine(talk: Talk) -> None:
    await talk.join()
    await talk.press()

    await talk.box.chats.write("7001", "Capucine a de la fièvre")
    await talk.taken()

    [(sealed, wrapped, version)] = await talk.rows(
        "SELECT words_sealed, wrapped, master_version FROM reply JOIN address ON address.id = reply.address_id"
        " JOIN data_key ON data_key.id = address.data_key_id"
    )
    opened = talk.small.keyring.seal(wrapped, version).open(sealed, b"reply.words")
    assert opened.decode() == "Capucine a de la fièvre"
    assert await talk.count("thread", "state = 'open' AND due_at IS NOT NULL") == 1
    assert "Sortie au musée" in talk.last().text


@pytest.mark.parametrize(
    ("what", "kept"),
    [
        ({"voice": {"file_id": "x", "file_unique_id": "x", "duration": 3}}, "[message vocal]"),
        (
            {"photo": [PICTURE], "caption": "son certificat"},
            "[photo] son certificat",
        ),
    ],
)
async def test_that_a_picture_or_a_voice_came_is_kept_and_answered(talk: Talk, what: dict[str, Any], kept: str) -> None:
    await talk.join()

    answer = await talk.write("7001", "", **what)

    [(sealed, wrapped, version)] = await talk.rows(
        "SELECT words_sealed, wrapped, master_version FROM reply JOIN address ON address.id = reply.address_id"
        " JOIN data_key ON data_key.id = address.data_key_id"
    )
    assert talk.small.keyring.seal(wrapped, version).open(sealed, b"reply.words").decode() == kept
    assert words(answer).startswith("Seul le texte arrive à l'école.")


@pytest.mark.parametrize("said", ["/stop", "STOP", "/stop@trois_ponts_bot"])
async def test_stop_ends_it_there_and_the_next_notice_goes_another_way(talk: Talk, said: str) -> None:
    await talk.join()
    await talk.drain()

    answer = await talk.write("7001", said)
    await talk.press()

    assert words(answer).startswith("C'est fait : l'école ne vous écrira plus ici")
    assert await talk.count("stop") == 1
    assert talk.last().text == answer.text
    assert "musée" in talk.sms.sent[-1].text


async def test_who_starts_again_is_written_to_again(talk: Talk) -> None:
    await talk.join()
    await talk.write("7001", "/stop")

    answer = await talk.start("7001")
    await talk.press()

    assert words(answer).startswith("L'école vous écrira de nouveau ici.")
    assert await talk.count("stop") == 0
    assert "musée" in talk.last().text


async def test_a_chat_whose_owner_is_a_stranger_needs_a_new_invitation(talk: Talk) -> None:
    await talk.join()
    await talk.press(NoticeKind.URGENT)

    await talk.box.chats.write("7001", "mauvais numéro")
    await talk.taken()
    answer = await talk.start("7001")

    assert await talk.rows("SELECT state FROM address WHERE medium = 'chat'") == [("wrong",)]
    assert "Ce chat n'est pas encore relié à une famille" in words(answer)
    assert await talk.count("tray_item", "matter = 'wrong_number'") == 1


async def test_a_family_chooses_its_language_in_its_own_script(talk: Talk) -> None:
    await talk.join()

    asked = await talk.write("7001", "/language")
    await talk.tap(asked, "lang|tr")
    await talk.until(lambda: not talk.last().buttons)
    await talk.press()

    assert [label for _, label in asked.buttons][:4] == ["Français", "English", "العربية", "Türkçe"]
    assert await talk.rows("SELECT language FROM address WHERE medium = 'chat'") == [("tr",)]
    assert "Okuldan bir mesaj" in talk.last().text


async def test_a_child_is_named_only_where_its_adult_asked_for_it(talk: Talk) -> None:
    await talk.join()
    await talk.press(NoticeKind.ABSENCE)
    nameless = talk.last().text
    asked = await talk.write("7001", "/prenoms")
    await talk.tap(asked, "names|1")
    await talk.press(NoticeKind.ABSENCE)
    named = talk.last().text
    await talk.tap(asked, "names|0")
    await talk.press(NoticeKind.ABSENCE)

    assert [label for _, label in asked.buttons] == ["Oui, avec les prénoms", "Non, sans les prénoms"]
    assert "Capucine" not in nameless
    assert "Capucine n’était pas en classe mardi 24 novembre matin." in named
    assert "Capucine" not in talk.last().text


async def test_two_adults_of_one_chat_are_asked_who_answers(talk: Talk) -> None:
    odile, tiago = await talk.small.family(by_sms(), by_sms("+33639981002", name="Tiago"))
    await talk.start("7001", await talk.code(odile))
    await talk.start("7001", await talk.code(tiago))
    await talk.press()
    shown = talk.last()

    note = await talk.tap(shown, "acknowledge")
    await talk.until(lambda: talk.last().buttons != shown.buttons)
    who = talk.last()
    await talk.tap(who, who.buttons[1][0])

    assert note == "Plusieurs adultes reçoivent ce message ici. Dites qui répond."
    assert [label for _, label in who.buttons] == ["Odile", "Tiago"]
    assert await talk.answers() == [(tiago, "acknowledged", "chat")]


@on_one_database
async def test_groups_are_left_at_once(talk: Talk) -> None:
    await talk.box.chats.write("-9001", "Bonjour")
    await talk.until(lambda: talk.box.chats.left == ["-9001"])
    member = {"user": {"id": 1, "is_bot": True, "first_name": "bot"}, "status": "member"}
    await talk.box.chats.bring(
        BOT,
        {
            "my_chat_member": {
                "chat": {"id": -9002, "type": "supergroup", "title": "Parents"},
                "from": {"id": 2, "is_bot": False, "first_name": "Famille"},
                "date": 1,
                "old_chat_member": {**member, "status": "left"},
                "new_chat_member": member,
            }
        },
    )

    await talk.until(lambda: talk.box.chats.left == ["-9001", "-9002"])
    assert await talk.count("reply") == 0


async def test_who_blocks_the_bot_is_reached_another_way(talk: Talk) -> None:
    await talk.join()
    await talk.drain()
    member = {"user": {"id": 1, "is_bot": True, "first_name": "bot"}, "status": "kicked", "until_date": 0}
    await talk.box.chats.bring(
        BOT,
        {
            "my_chat_member": {
                "chat": {"id": 7001, "type": "private", "first_name": "Famille"},
                "from": {"id": 7001, "is_bot": False, "first_name": "Famille"},
                "date": 1,
                "old_chat_member": {**member, "status": "member"},
                "new_chat_member": member,
            }
        },
    )
    await talk.taken()
    await talk.press()

    assert await talk.count("stop") == 1
    assert "musée" in talk.sms.sent[-1].text


def an_update(chat: str, said: str, number: int = 900) -> dict[str, Any]:
    return {
        "update_id": number,
        "message": {
            "message_id": number,
            "date": 1,
            "chat": {"id": int(chat), "type": "private", "first_name": "Famille"},
            "from": {"id": int(chat), "is_bot": False, "first_name": "Famille"},
            "text": said,
            "entities": [{"type": "bot_command", "offset": 0, "length": len(said)}] if said[0] == "/" else [],
        },
    }


@pytest.mark.parametrize("said", ["Capucine a de la fièvre", "/stop", "OK"])
async def test_the_same_update_twice_changes_nothing_and_is_answered_once(talk: Talk, said: str) -> None:
    await talk.join()
    await talk.press()
    mail = talk.box.chats.mail[BOT]
    shown = len(talk.box.record.taken("7001"))

    for _ in range(2):
        mail.waiting.append(an_update("7001", said))
        mail.came.set()
        await talk.taken()

    assert await talk.count("reply") == 1
    assert len(talk.box.record.taken("7001")) - shown == (0 if said[0] == "C" else 1)


@on_one_database
async def test_an_update_of_a_kind_that_we_do_not_know_is_passed_by(talk: Talk) -> None:
    mail = talk.box.chats.mail[BOT]
    mail.waiting.append({"update_id": 901, "brand_new_thing": {"text": "x"}})
    mail.came.set()

    await talk.taken()
    assert words(await talk.start("7001")).startswith("Ce chat n'est pas")


class Away(Database):
    """A database that is away as long as a test wants it."""

    away = False

    def reading(self, school_id: int) -> Any:
        return self._gone() if self.away else super().reading(school_id)

    def _gone(self) -> NoReturn:
        raise OperationalError("BEGIN", {}, OSError("away"))


@on_one_database
async def test_while_the_database_is_away_no_word_is_lost(talk: Talk, database_url: str) -> None:
    await talk.join()
    await talk.press()
    await talk.door.close()
    away = Away(database_url, clock=lambda: NOW)
    away.away = True
    door = TelegramDoor(talk.settings, away, talk.small.keyring)
    await door.look()

    await talk.box.chats.write("7001", "OK")
    confirmed = talk.box.chats.mail[BOT].waiting[0]["update_id"]
    asked = len(talk.box.chats.mail[BOT].asked)
    await talk.until(lambda: len(talk.box.chats.mail[BOT].asked) >= asked)
    still = [update["update_id"] for update in talk.box.chats.mail[BOT].waiting]
    away.away = False
    await talk.taken()
    await door.close()
    await away.close()

    assert still == [confirmed]
    assert [kind for _, kind, _ in await talk.answers()] == ["acknowledged"]


@on_one_database
async def test_a_bot_that_is_no_more_stops_its_sender_and_says_so(talk: Talk) -> None:
    await talk.door.close()
    telegram = talk.box.config.bots
    name = telegram.pop(BOT)  # type: ignore[attr-defined]  # the box's own dict
    await talk.door.look()
    await talk.until(lambda: True)
    [(_, task)] = talk.door._listeners.values()
    await task
    telegram[BOT] = name  # type: ignore[index]  # the same

    assert await talk.rows("SELECT stopped_why FROM sender WHERE channel = 'chat'") == [
        ("Telegram does not know this bot",)
    ]
    assert await talk.count("tray_item", "matter = 'sender_stopped'") == 1
    await talk.door.look()
    assert talk.door._listeners == {}


@on_one_database
async def test_a_new_and_a_stopped_bot_are_noticed_without_a_restart(talk: Talk) -> None:
    await talk.small.write(
        "UPDATE sender SET stopped_at = :now WHERE channel = 'chat'", now=str(NOW.replace(tzinfo=None))
    )
    await talk.door.look()
    gone = dict(talk.door._listeners)
    await talk.small.write("UPDATE sender SET stopped_at = NULL WHERE channel = 'chat'")
    await talk.door.look()

    assert gone == {}
    assert list(talk.door._listeners) == [KEY]
    assert "relié" in words(await talk.start("7001"))


@on_one_database
async def test_told_by_telegram_only_who_knows_the_bots_secret_word_is_heard(
    database: Database, keyring: Keyring
) -> None:
    word = webhook_word(keyring, KEY)
    async with a_talk(database, keyring, telegram_webhook=True) as talk:
        await talk.door.look()
        app = FastAPI(openapi_url=None)
        app.mount("/telegram", talk.door.app)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as telegram:

            async def posted(key: str, said: str | None, **more: Any) -> int:
                headers = {} if said is None else {"X-Telegram-Bot-Api-Secret-Token": said}
                sent = {"json": an_update("7001", "Bonjour"), **more}
                return (await telegram.post(f"/telegram/{key}", headers=headers, **sent)).status_code

            refused = [
                await posted(KEY, None),
                await posted(KEY, "x" * 32),
                await posted("another", word),
                await posted("another", webhook_word(keyring, "another")),
            ]
            unread = await posted(KEY, word, json=None, content=b"{")
            await talk.until(lambda: talk.box.chats.mail[BOT].hook is not None)
            talk.box.chats._opened.add((BOT, "7001"))
            heard = await posted(KEY, word)

        assert refused == [403] * 4
        assert (unread, heard) == (400, 200)
        assert talk.box.chats.mail[BOT].hook == (f"{PUBLIC}/telegram/{KEY}", word)
        assert len(talk.box.record.taken("7001")) == 1


async def test_told_by_telegram_a_family_is_heard_and_again_when_the_database_was_away(
    database: Database, keyring: Keyring, database_url: str
) -> None:
    app = FastAPI(openapi_url=None)
    async with (
        served(app) as port,
        a_talk(database, keyring, telegram_webhook=True, routes={PUBLIC: f"http://127.0.0.1:{port}"}) as talk,
    ):
        away = Away(database_url, clock=lambda: NOW)
        talk.door = TelegramDoor(talk.settings, away, keyring)
        app.mount("/telegram", talk.door.app)
        await talk.door.look()
        await talk.until(lambda: talk.box.chats.mail[BOT].hook is not None)
        odile = await talk.join()
        await talk.press()
        away.away = True
        brought = talk.box.chats.write("7001", "OK")
        talk.box._courier.soon(_said(brought))
        await talk.box.record.until(lambda record: any(one.answer == 503 for one in record.callbacks))
        away.away = False
        await talk.box.settled()
        await talk.door.close()
        await away.close()

        assert await talk.answers() == [(odile, "acknowledged", "chat")]


async def _said(writing: Any) -> None:
    await writing


@on_one_database
async def test_an_old_invitation_opens_nothing(talk: Talk) -> None:
    [odile] = await talk.small.family(by_sms())
    code = await talk.code(odile)
    await talk.small.write("UPDATE invitation SET expires_at = :then", then=LONG_AGO)

    assert "déjà servi ou n'est plus valable" in words(await talk.start("7001", code))
    assert await talk.count("contact_point", f"channel = '{ChannelName.CHAT.value}'") == 0


@on_one_database
async def test_the_bot_names_its_commands_in_every_language_that_has_words(talk: Talk) -> None:
    mail = talk.box.chats.mail[BOT]
    await talk.until(lambda: any(method == "getUpdates" for method, _ in mail.asked))
    scopes = {fields["scope"] for method, fields in mail.asked if method == "setMyCommands"}

    assert set(mail.menus) == {"", *SPOKEN}
    assert [one["command"] for one in mail.menus[""]] == ["start", "language", "prenoms", "stop"]
    assert mail.menus[""] == mail.menus["fr"]
    assert {one["description"] for one in mail.menus["fr"]} >= {"Changer de langue"}
    assert scopes == {'{"type": "all_private_chats"}'}


@on_one_database
async def test_naming_the_commands_again_changes_nothing(talk: Talk) -> None:
    mail = talk.box.chats.mail[BOT]
    await talk.until(lambda: any(method == "getUpdates" for method, _ in mail.asked))
    before, asked = dict(mail.menus), len(mail.asked)

    await talk.door.close()
    await talk.door.look()
    await talk.until(lambda: any(method == "getUpdates" for method, _ in mail.asked[asked:]))

    assert mail.menus == before
