"""What families say in a chat or press on a notification: to what it answers, and into which conversation it goes."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from chat_door import Talk, a_talk, words
from factories import NOW, by_sms
from push_door import a_push_door
from roll_call import RollCall

from hub.database import Database
from hub.ports import NoticeKind, Slots
from hub.sealing import Keyring

MEETING = Slots(starts_at=NOW.replace(day=26, hour=16), text="Merci de venir.")


@pytest_asyncio.fixture
async def talk(database: Database, keyring: Keyring) -> AsyncIterator[Talk]:
    async with a_talk(database, keyring) as opened:
        await opened.door.look()
        yield opened


async def wrote(talk: Talk, said: str, **more: object) -> None:
    """Write what is perhaps not answered, and wait until the bot has taken it."""
    await talk.box.chats.write("7001", said, **more)
    await talk.taken()


@pytest.mark.parametrize(
    ("said", "kind", "answer", "sense", "state"),
    [
        ("malade", NoticeKind.ABSENCE, "ill", "reason", "open"),
        ("3", NoticeKind.ABSENCE, "should_be_here", "should_be_here", "open"),
        ("Elle devrait être en classe", NoticeKind.ABSENCE, "should_be_here", "should_be_here", "open"),
        ("oui", NoticeKind.MEETING, "yes", "yes", "open"),
        ("nous serons 3", NoticeKind.MEETING, "count", "count", "open"),
        ("👍", NoticeKind.ANNOUNCEMENT, "acknowledged", "acknowledged", "closed"),
        ("À quelle heure ?", NoticeKind.ANNOUNCEMENT, None, "words", "open"),
    ],
)
async def test_from_the_press_through_a_chat_to_the_conversation(
    talk: Talk, said: str, kind: NoticeKind, answer: str | None, sense: str, state: str
) -> None:
    odile = await talk.join()
    await talk.drain()
    await talk.press(kind, **({"slots": MEETING} if kind is NoticeKind.MEETING else {}))

    await wrote(talk, said)

    assert await talk.answers() == ([] if answer is None else [(odile, answer, "chat")])
    assert await talk.rows("SELECT sense, guardian_id FROM reply") == [(sense, odile)]
    assert await talk.rows("SELECT topic, state FROM thread") == [(f"guardian:{odile} pupil:1", state)]
    assert await talk.count("call_task", "done_at IS NULL") == (1 if answer == "should_be_here" else 0)


async def test_an_absence_told_before_in_a_chat_raises_no_alert_on_the_roll(talk: Talk) -> None:
    await talk.join()
    await talk.drain()
    await wrote(talk, "Capucine est malade")

    taken = await RollCall(talk.small).take("Capucine", now=NOW)

    assert (taken.alerts, taken.told_before) == (0, 1)
    assert await talk.rows("SELECT state, reason, through FROM absence") == [("explained", "ill", "chat")]


async def test_a_quoted_message_is_the_one_that_is_answered(talk: Talk) -> None:
    await talk.join()
    await talk.drain()
    first = await talk.press()
    quoted = talk.last()
    second = await talk.press()

    await wrote(talk, "OK", reply_to_message=talk.box.chats.shown(quoted))
    await wrote(talk, "Lequel ?", reply_to_message=talk.box.chats.shown(quoted))

    assert await talk.rows("SELECT notice_id FROM answer") == [(first,)]
    assert await talk.rows("SELECT notice_id FROM reply ORDER BY id") == [(first,), (first,)]
    assert first != second


async def test_what_an_answer_names_later_is_kept(talk: Talk) -> None:
    await talk.join()

    await wrote(talk, "Bonjour")

    [(number,)] = await talk.rows("SELECT message_id FROM reply")
    assert str(number).isdigit()


async def test_an_invitation_has_buttons_for_yes_and_no(talk: Talk) -> None:
    odile = await talk.join()
    await talk.drain()
    await talk.press(NoticeKind.MEETING, slots=MEETING)
    shown = talk.last()

    note = await talk.tap(shown, "yes")
    await talk.tap(shown, "no")

    assert [label for _, label in shown.buttons] == ["Oui", "Non"]
    assert note == "Merci, c’est noté."
    assert await talk.answers() == [(odile, "no", "chat")]


@pytest.mark.parametrize("act", ["yes", "no"])
async def test_an_invitation_is_answered_by_a_button_of_its_notification(
    database: Database, keyring: Keyring, act: str
) -> None:
    async with a_push_door(database, keyring) as door:
        [odile] = await door.small.family(by_sms())
        await door.press()
        browser = await door.joined(odile)
        await door.drain()
        await door.press(NoticeKind.MEETING, slots=MEETING)
        (shown,) = door.box.record.arrived(browser.value)  # type: ignore[union-attr] # the box is open

        tapped = [await door.web.post(str(shown.link), data={"act": act}) for _ in range(2)]

        assert shown.buttons == (("yes", "Oui"), ("no", "Non"))
        assert [answer.headers["passerelle-taken"] for answer in tapped] == ["noted", "already"]
        assert await door.answers() == [(odile, None, act, "page")]


async def test_help_and_a_language_are_answered_in_the_chat(talk: Talk) -> None:
    await talk.join()

    helped = await talk.write("7001", "aide")
    await talk.small.write("UPDATE reply SET received_at = '2026-11-24 05:00:00'")
    spoken = await talk.write("7001", "LANGUE EN")

    assert "/language" in words(helped)
    assert await talk.rows("SELECT language FROM address WHERE medium = 'chat'") == [("en",)]
    assert "this language" in words(spoken)


async def test_who_writes_start_is_written_to_again(talk: Talk) -> None:
    await talk.join()
    await talk.write("7001", "STOP")
    await talk.small.write("UPDATE reply SET received_at = '2026-11-24 05:00:00'")

    answer = await talk.write("7001", "reprendre")

    assert words(answer) == "L'école vous écrira de nouveau ici."
    assert await talk.count("stop") == 0
