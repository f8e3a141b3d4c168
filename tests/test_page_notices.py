"""A notice of homework, a document or a result, and a digest of them: what its link shows, and what comes back."""

import re
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
import pytest_asyncio
from desks import Desk, on_one_database
from evenings import EVENING, TOMORROW, Evenings
from factories import NOW, by_sms
from family_door import Door, a_door, plain
from test_webhooks import texted

from hub.database import Database
from hub.models.home import How
from hub.models.notices import Needs
from hub.ports import NoticeKind
from hub.sealing import Keyring

HOMEWORK, DOCUMENT, RESULT, DIGEST = NoticeKind.HOMEWORK, NoticeKind.DOCUMENT, NoticeKind.RESULT, NoticeKind.DIGEST


@pytest_asyncio.fixture
async def door(database: Database, keyring: Keyring) -> AsyncIterator[Door]:
    async with a_door(database, keyring) as opened:
        yield opened


async def told(door: Door, kind: NoticeKind) -> Evenings:
    """Tell the only family of something new, by a text."""
    day = Evenings(door.small)
    [odile] = await door.small.family(by_sms(), children=["Lina"])
    for each in (HOMEWORK, DOCUMENT, RESULT):
        await day.wish(odile, each, How.EVENING if kind is DIGEST else How.AT_ONCE)
    entry = await day.homework()
    if kind is DIGEST:
        await day.tell(HOMEWORK, entry)
        await day.tell(DOCUMENT, await day.document(needs=Needs.ONE, due_on=date(2026, 12, 3)), signs=True)
        door.small.database._clock = lambda: EVENING
        result = await day.result()
        await day.judge(result, await day.pupil("Lina"))
        await day.tell(RESULT, result)
        await day.digest()
    else:
        await day.tell(
            kind, entry if kind is HOMEWORK else await day.result() if kind is RESULT else await day.document()
        )
    await door.drain()
    return day


@pytest.mark.parametrize("kind", [HOMEWORK, DOCUMENT, RESULT, DIGEST])
async def test_ok_by_text_acknowledges_what_was_told(door: Door, kind: NoticeKind) -> None:
    day = await told(door, kind)

    await texted(door, "ok")

    assert await day.said(kind) == [("Odile", "acknowledged")]
    assert await door.small.rows("SELECT sense FROM reply") == [("acknowledged",)]


@on_one_database
async def test_words_about_homework_reach_the_teacher_who_told_it(door: Door) -> None:
    await told(door, HOMEWORK)

    await texted(door, "Quelle page exactement ?")

    asked = "SELECT t.owner_id FROM thread t JOIN reply r ON r.thread_id = t.id"
    assert await door.small.rows(asked) == [(door.small.teacher,)]


@on_one_database
async def test_the_link_of_a_digest_shows_all_that_it_told_and_takes_the_signature(door: Door) -> None:
    day = await told(door, DIGEST)

    page = await door.web.get(door.link)
    words = plain(page.text)
    [(document,)] = await door.small.rows("SELECT id FROM document")
    signed = await door.tap("sign", document=str(document), pupil=str(await day.pupil("Lina")), guardian="1")

    assert page.status_code == 200
    assert "Ce soir pour Lina : 1 devoir, 1 document à signer et 1 résultat." in words
    assert words.index("Sortie au musée") < words.index("Page 12.") < words.index("Dictée") < words.index("Accords")
    assert "Qui écrit" not in words
    assert signed.status_code == 303
    assert await door.count("signature") == 1
    assert "Votre signature est notée" in plain((await door.web.get(door.link)).text)


@on_one_database
async def test_the_page_of_a_digest_has_a_heading_for_each_child(door: Door) -> None:
    day = Evenings(door.small)
    await door.small.family(by_sms(), children=["Lina", "Sami"])
    result = await day.result()
    await day.judge(result, await day.pupil("Sami"))
    await day.tell(HOMEWORK, await day.homework())
    await day.tell(RESULT, result)
    door.small.database._clock = lambda: EVENING
    await day.digest()
    await door.drain()

    page = await door.web.get(door.link)
    words = plain(page.text)

    assert re.findall(r'<h2 id="enfant-\d"><bdi>(\w+)</bdi>', page.text) == ["Lina", "Sami"]
    assert "Lina : 1 devoir et 1 résultat." in words
    lina, sami = page.text.split('<h2 id="enfant-2">')
    assert lina.count("Page 12.") == sami.count("Page 12.") == 1
    assert "Accords" in sami
    assert "Accords" not in lina
    ids = re.findall(r'\sid="([^"]+)"', page.text)
    assert len(ids) == len(set(ids))


@on_one_database
async def test_a_piece_of_a_digest_is_ticked_on_its_page(door: Door) -> None:
    day = await told(door, DIGEST)
    [(entry,)] = await door.small.rows("SELECT id FROM diary_entry")

    ticked = await door.tap("tick", devoir=str(entry), eleve=str(await day.pupil("Lina")), fait="1")

    assert ticked.status_code == 303
    assert await door.count("diary_tick") == 1


@on_one_database
async def test_a_digest_shows_nothing_that_another_one_told(door: Door) -> None:
    day = await told(door, DIGEST)
    first = door.link
    await day.tell(HOMEWORK, await day.homework(day=TOMORROW + timedelta(days=5)), now=NOW + timedelta(days=1))
    [(other,)] = await door.small.rows("SELECT max(id) FROM diary_entry")

    refused = await door.web.post(first, data={"act": "tick", "devoir": str(other), "eleve": "1", "fait": "1"})

    assert "lundi 30 novembre" not in (await door.web.get(first)).text
    assert refused.status_code == 400
    assert await door.count("diary_tick") == 0


@on_one_database
async def test_a_press_on_a_part_needs_somebody_whom_the_link_serves(door: Door) -> None:
    await told(door, DIGEST)

    for who in ("999", "x", "-1", "9" * 30):
        refused = await door.tap("sign", document="1", pupil="1", guardian=who)
        assert refused.status_code == 400

    assert await door.count("signature") == 0


@on_one_database
async def test_nothing_is_left_of_a_part_when_the_right_has_ended(door: Door) -> None:
    await told(door, DIGEST)
    await door.small.write("UPDATE link SET kind = 'barred'")

    page = await door.web.get(door.link)
    refused = await door.tap("sign", document="1", pupil="1")

    assert page.status_code == refused.status_code == 410
    assert "Maths" not in page.text
    assert await door.count("signature") == 0


@on_one_database
async def test_staff_find_what_was_told_by_its_name_and_nobody_calls_about_homework(desk: Desk) -> None:
    day = Evenings(desk.small)
    [odile] = await desk.small.family(by_sms(), children=["Lina"])
    for each in (HOMEWORK, RESULT):
        await day.wish(odile, each, How.AT_ONCE)
    await day.tell(HOMEWORK, await day.homework())
    await day.tell(RESULT, await day.result())
    await day.tell(DOCUMENT, await day.document(needs=Needs.ONE), signs=True)
    await desk.small.write("UPDATE address SET state = 'wrong'")
    await day.drain()
    await desk.enter()

    names = (
        "Devoirs pour le mercredi 25 novembre\u00a0: Maths",
        "Résultat\u00a0: Dictée",
        "Document\u00a0: Sortie au musée",
    )
    for number, name in enumerate(names, start=1):
        board = await desk.web.get(f"/suivi/{number}")
        assert board.status_code == 200
        assert name in board.text

    assert [await day.said(kind) for kind in (HOMEWORK, RESULT)] == [[("Odile", "expired")]] * 2
    assert await day.said(DOCUMENT) == [("Odile", "to_call")]
    assert await desk.count("call_task") == 1
