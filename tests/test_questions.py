"""A plain question, yes or no: pressed at the desk, at once or for later; asked on every way; answered on any."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from days import BOTH_WAYS, TIAGO
from desks import Desk, on_one_database
from factories import NOW, by_mail, by_sms
from family_door import Door, a_letter_door, plain
from test_plans_pages import pressed
from test_replies import mailed
from test_webhooks import texted

from hub.database import Database
from hub.errors import InvalidError
from hub.outbox.unanswered import climb_unanswered
from hub.ports import LINK_CODE, ChannelName, Follows, NoticeKind, SchoolCard, Slots, Wording
from hub.replies.meaning import Sense, meaning_of
from hub.sealing import Keyring
from i18n.checks import check_slots
from i18n.languages import SPOKEN
from i18n.pocket import render_pocket
from i18n.rendering import render
from scheduler.clock import Clock

CANTEEN = "Mangez-vous à la cantine vendredi ?"
ASKED = Slots(text=CANTEEN, question=True)
SHEET = {"kind": "announcement", "to": "CP A", "text": CANTEEN}
CARD = SchoolCard("École des Trois-Ponts", "Trois-Ponts", "02 61 91 00 00")
PHONE = BOTH_WAYS.reached_by[0][1]
TWO_DAYS = 48 * 3600


@pytest_asyncio.fixture
async def door(database: Database, keyring: Keyring) -> AsyncIterator[Door]:
    async with a_letter_door(database, keyring) as opened:
        database._clock = lambda: NOW
        yield opened


async def silence(door: Door, hours: int) -> None:
    """Let so many hours pass, and what follows from them leave."""
    now = NOW + timedelta(hours=hours)
    door.small.database._clock = lambda: now
    async with door.small.database.engine() as connection:
        await climb_unanswered(connection, now=now)
    await door.drain()


@pytest.mark.parametrize(("whose", "needs"), [("family", "one"), ("each", "both")])
async def test_the_desk_asks_and_the_notice_has_the_patience_of_a_question(desk: Desk, whose: str, needs: str) -> None:
    await desk.small.family(by_sms("+33639981001"), by_mail(name="Bob"))
    await desk.enter()

    read, _ = await desk.read_over(**SHEET, question=whose)
    there = await pressed(desk, **SHEET, question=whose)

    assert "Répondez OUI ou NON" in plain(read.text)
    assert await desk.small.rows("SELECT kind, needs, patience FROM notice") == [("announcement", needs, TWO_DAYS)]
    assert ("enfant sans réponse de personne" if needs == "one" else "2 adultes sans réponse") in plain(
        (await desk.web.get(there)).text
    )


@on_one_database
async def test_a_sheet_without_a_question_asks_nothing(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()

    there = await pressed(desk, **SHEET, question="whatever")

    assert await desk.small.rows("SELECT needs, patience FROM notice") == [("none", None)]
    assert 'id="reponses"' not in (await desk.web.get(there)).text


async def test_the_board_counts_what_was_answered_and_no_chairs(desk: Desk) -> None:
    await desk.small.family(by_sms("+33639981001", name="Ada"), by_mail(name="Bob"), children=["Lina"])
    await desk.small.family(by_sms("+33639981002", name="Eve"), children=["Sami", "Elif"])
    await desk.enter()
    there = await pressed(desk, **SHEET, question="family")
    await desk.small.write(
        "INSERT INTO answer (school_id, notice_id, guardian_id, kind, through, at)"
        " SELECT school_id, 1, id, 'yes', 'sms', '2026-11-24 08:00:00+00:00' FROM guardian WHERE first_name = 'Ada'"
    )

    said = plain((await desk.web.get(there)).text)

    assert "1 oui , 0 non , 2 enfants sans réponse de personne." in said
    assert "chaise" not in said


async def test_a_question_is_asked_later_and_changed_before_it_leaves(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()
    later = {**SHEET, "when": "once", "leaves_on": "2026-12-01", "leaves_time": "08:00"}
    there = await pressed(desk, **later, question="family")
    sheet = (await desk.web.get(f"{there}/changer")).text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', sheet))

    await pressed(desk, **{**later, **hidden}, question="each")
    desk.small.database._clock = lambda: datetime(2026, 12, 1, 7, 1, tzinfo=UTC)
    await Clock(desk.small.database, desk.small.keyring).look()

    assert 'name="question" value="family" checked' in sheet
    assert await desk.small.rows("SELECT needs, patience FROM notice") == [("both", TWO_DAYS)]


async def test_a_question_of_each_week_is_over_when_it_is_asked_anew(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()
    weekly = {"when": "weekly", "weekdays": ["1"], "leaves_time": "08:00", "since": "2026-12-01", "in_term": "1"}
    await pressed(desk, **SHEET, **weekly, question="family")

    for day in (1, 8):
        desk.small.database._clock = lambda day=day: datetime(2026, 12, day, 7, 1, tzinfo=UTC)
        await Clock(desk.small.database, desk.small.keyring).look()

    ends = [str(ends)[:16] for _, ends in await desk.small.rows("SELECT id, expires_at FROM notice ORDER BY id")]
    assert ends == ["2026-12-08 07:00", "2026-12-15 07:00"]


@on_one_database
async def test_nobody_answers_a_question_that_is_over(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press(slots=ASKED)
    await door.small.write("UPDATE notice SET expires_at = :now", now=str(NOW))

    page = (await door.web.get(door.link)).text
    yes = await door.tap("yes")

    assert ('value="yes"' in page, yes.status_code, await door.answers()) == (False, 410, [])


@on_one_database
async def test_a_correction_of_a_question_is_one(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()
    await pressed(desk, **SHEET, question="family")

    sheet = (await desk.web.get("/suivi/1/corriger")).text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', sheet))
    typed: dict[str, Any] = {**SHEET, **hidden, "question": "family", "text": "Et jeudi ?", "step": "read"}
    read = (await desk.web.post("/ecrire", data=typed)).text
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', read)
    await desk.web.post("/ecrire", data={**typed, "step": "press", "seen": seen[1] if seen else ""})

    assert 'name="question" value="family" checked' in sheet
    assert await desk.small.rows("SELECT needs, state FROM notice ORDER BY id") == [
        ("one", "cancelled"),
        ("one", "published"),
    ]


@on_one_database
async def test_who_is_asked_again_by_hand_is_asked_the_question(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()
    there = await pressed(desk, **SHEET, question="each")
    await desk.small.write("UPDATE delivery SET state = 'told'")

    await desk.post(f"{there}/relancer")

    assert await desk.small.rows("SELECT needs FROM notice ORDER BY id") == [("both",), ("both",)]


@pytest.mark.parametrize("way", ["sms", "mail", "page"])
@pytest.mark.parametrize(("words", "kind"), [("oui", "yes"), ("non", "no")])
async def test_an_answer_on_any_way_is_noted_and_stops_the_ladder(door: Door, way: str, words: str, kind: str) -> None:
    [odile] = await door.small.family(
        replace(BOTH_WAYS, reached_by=BOTH_WAYS.reached_by[:: -1 if way == "mail" else 1])
    )
    await door.press(slots=ASKED)

    if way == "sms":
        await texted(door, words, number=PHONE)
    elif way == "mail":
        await mailed(door, words)
    else:
        assert (await door.tap(kind)).status_code == 200
    await silence(door, 49)

    assert [(who, said) for who, _, said, _ in await door.answers()] == [(odile, kind)]
    assert await door.states() == ["acknowledged"]
    assert len(door.sms.sent) + len(door.mail.sent) == 1


async def test_who_says_nothing_is_asked_by_the_next_way_and_an_answer_spares_the_other_parent(door: Door) -> None:
    await door.small.family(BOTH_WAYS, TIAGO)
    await door.press(slots=replace(ASKED, by_family=True))
    await door.small.write("UPDATE delivery SET state = 'told'")

    await silence(door, 47)
    before = len(door.mail.sent)
    await silence(door, 49)

    assert (before, sorted(one.to for one in door.mail.sent)) == (0, ["odile@familles.test", "tiago@familles.test"])
    await texted(door, "oui", number=PHONE)
    await silence(door, 120)
    assert (len(door.sms.sent), len(door.mail.sent)) == (2, 2)


@on_one_database
async def test_the_page_asks_yes_or_no_and_takes_no_number(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press(slots=replace(ASKED, by_family=True))

    page = (await door.web.get(door.link)).text
    number = await door.tap("count", number="3")

    assert "Une question de l’école" in plain(page)
    assert "Une réponse suffit pour la famille." in plain(page)
    assert ('value="yes"' in page, 'value="no"' in page, "Combien" in page) == (True, True, False)
    assert (number.status_code, await door.answers()) == (410, [])


@on_one_database
async def test_a_number_answers_no_plain_question_and_a_person_reads_it(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press(slots=ASKED)

    await texted(door, "3")

    assert await door.answers() == []
    assert await door.count("thread", "state = 'open' AND due_at IS NOT NULL") == 1


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("kind", [NoticeKind.ANNOUNCEMENT, NoticeKind.URGENT])
def test_every_language_asks_by_words_that_it_understands(language: str, kind: NoticeKind) -> None:
    link = f"https://hub.test/l/{LINK_CODE}"
    wording = Wording(kind, replace(ASKED, language=language), CARD, "Mme Roy", language, (), link, two_way=True)

    text = render(ChannelName.SMS, wording).text.replace(CANTEEN, "").replace(link, "")
    mail = render(ChannelName.EMAIL, wording)
    buttons = render_pocket(wording).buttons

    said = {meaning_of(word).sense for word in re.split(r"[\s/:.,،]+", text)}
    assert {Sense.YES, Sense.NO} <= said
    assert [button.act for button in buttons] == ["yes", "no"]
    assert {meaning_of(button.label).sense for button in buttons} == {Sense.YES, Sense.NO}
    assert link in mail.text
    assert (mail.html or "").count(f'href="{link}"') == 1


def test_a_reminder_of_a_question_says_that_the_answer_is_missing() -> None:
    wording = Wording(
        NoticeKind.ANNOUNCEMENT, replace(ASKED, follows=Follows.REMINDER), CARD, "Mme Roy", "fr", two_way=True
    )

    assert render(ChannelName.SMS, wording).text == (
        f"Trois-Ponts : Rappel : votre réponse manque encore.\n{CANTEEN}\nRépondez OUI ou NON."
    )


@pytest.mark.parametrize(
    ("kind", "slots", "sentence"),
    [
        (NoticeKind.ABSENCE, Slots(day=NOW.date(), half_day=None, question=True), "Il manque la demi-journée"),
        (NoticeKind.MEETING, Slots(starts_at=NOW, question=True), "Une question se pose dans une annonce"),
        (NoticeKind.URGENT, Slots(phrase="call_us", question=True), "Il manque le texte"),
        (NoticeKind.ANNOUNCEMENT, Slots(text=CANTEEN, by_family=True), "ne demande pas de réponse"),
    ],
)
def test_what_cannot_be_asked_is_refused(kind: NoticeKind, slots: Slots, sentence: str) -> None:
    with pytest.raises(InvalidError, match=sentence):
        check_slots(kind, slots)
