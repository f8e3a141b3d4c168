"""A child's file: what each adult was sent, when, how and with what result, to read and to print."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from desks import TEACHER, Desk, on_one_database
from factories import NOW, TODAY, FakeChannel, by_mail, by_sms
from inboxes import Inbox
from sqlalchemy import event

from hub.errors import InvalidError, NotAllowedError
from hub.inbox.child_file import ChildFile, Period, Sent, Wrote
from hub.inbox.of_child import open_file, year_so_far
from hub.models.notices import AttemptState, ErrorKind
from hub.models.school import Role
from hub.notices.headlines import Reader
from hub.notices.publish import Draft, publish
from hub.outbox.record import ReceiptIn, record_receipts
from hub.outbox.wordings import Wordings
from hub.people.rights import Rights
from hub.ports import ChannelName, Lane, NoticeKind, Proof, Slots
from hub.settings import Settings
from i18n.rendering import render
from scheduler.drain import Drain

DIRECTOR = Rights(frozenset({Role.DIRECTOR}), whole_school=True, classes=frozenset())
YEAR = Period(date(2026, 9, 1), TODAY)


async def leave(desk: Desk) -> None:
    """Let what is due leave."""
    small, settings = desk.small, Settings(public_url="https://hub.test")
    channels = {
        ChannelName.SMS: FakeChannel(),
        ChannelName.EMAIL: FakeChannel(name=ChannelName.EMAIL, proof=Proof.ACCEPTED),
    }
    drain = Drain(small.database, small.keyring, Wordings(settings, small.keyring, render), settings, channels)
    for lane in Lane:
        await drain.drain(lane)
    await drain.idle()
    await drain.stop()


async def press(desk: Desk, text: str = "École fermée.", *, audience: str = "school") -> None:
    """The director presses, and a second person has read it."""
    small = desk.small
    draft = Draft(kind=NoticeKind.URGENT, audience=audience, slots=Slots(text=text), key=text, seconded_by=small.office)
    async with small.database.school(small.school.key) as session:
        await publish(session, small.keyring, school=small.school, author_id=small.director, draft=draft, now=NOW)


async def opened(desk: Desk, *, pupil_id: int = 1, period: Period = YEAR, rights: Rights = DIRECTOR) -> ChildFile:
    small = desk.small
    async with small.database.school(small.school.key) as session:
        return await open_file(
            session, small.keyring, school_id=small.school.key, pupil_id=pupil_id, period=period,
            timezone="Europe/Paris", reader=Reader(small.director, rights, TODAY), now=NOW,
        )  # fmt: skip


def words(page: str) -> str:
    """Give a page as one reads it."""
    text = re.sub(r"<svg.*?</svg>|<[^>]+>", " ", page, flags=re.DOTALL).replace("\u00a0", " ").replace("&#39;", "'")
    return re.sub(r"\s+([.,])", r"\1", " ".join(text.replace("&nbsp;", " ").replace("&amp;", "&").split()))


async def test_every_line_says_what_the_registers_say(desk: Desk) -> None:
    small = desk.small
    await small.family(
        by_sms("+33639981009", name="Odalys"),
        by_mail("leo@familles.test", name="Léopold"),
        by_sms("+33639981010", name="Mahaut"),
        children=["Elif"],
    )
    await press(desk, "Sortie reportée à jeudi.")
    await leave(desk)
    tries = dict(await small.rows(
        "SELECT guardian.first_name, attempt.id FROM attempt "
        "JOIN copy_delivery ON copy_delivery.copy_id = attempt.copy_id "
        "JOIN delivery ON delivery.id = copy_delivery.delivery_id JOIN guardian ON guardian.id = delivery.guardian_id"
    ))  # fmt: skip
    async with small.database.engine() as connection:
        receipts = [
            ReceiptIn(tries["Odalys"], AttemptState.DELIVERED, "delivered"),
            ReceiptIn(tries["Mahaut"], AttemptState.FAILED, "undelivered", error_kind=ErrorKind.DEAD_ADDRESS),
        ]
        await record_receipts(connection, receipts, now=NOW + timedelta(minutes=2))
    await small.write(
        "INSERT INTO answer (school_id, notice_id, guardian_id, kind, through, at) "
        "SELECT school_id, notice_id, guardian_id, 'acknowledged', 'sms', state_at FROM delivery WHERE guardian_id = 1"
    )
    await small.write(
        "UPDATE call_task SET owner_id = :who, done_by = :who, done_at = opened_at, outcome = 'reached'",
        who=small.office,
    )

    found = await opened(desk)

    assert [adult.name for adult in found.adults] == ["Odalys Exemple", "Léopold Exemple", "Mahaut Exemple"]
    turns = [[turn for turn in adult.turns if isinstance(turn, Sent)] for adult in found.adults]
    by_text, by_letter, in_vain = (one[0].tries[0] for one in turns)
    assert (by_text.state, by_text.proved, by_text.where) == (AttemptState.DELIVERED, True, "06 39 98 •• 09")
    assert by_text.told_at == NOW + timedelta(minutes=2)
    assert (by_letter.channel, by_letter.proved, by_letter.where) == (ChannelName.EMAIL, False, "l•••@familles.test")
    assert in_vain.state is AttemptState.FAILED
    assert all("Sortie reportée à jeudi." in (one.words or "") for one in (by_text, by_letter, in_vain))
    assert [told.through for told in turns[0][0].answers] == ["sms"]
    assert [(call.by, call.outcome) for call in turns[2][0].calls] == [("Mme Bureau", "reached")]
    audited = await small.rows("SELECT staff_id, subject_id FROM audit WHERE act = 'child_file_read'")
    assert audited == [(small.director, 1)]


@on_one_database
async def test_the_page_reads_as_a_lawyer_would(desk: Desk) -> None:
    small = desk.small
    await small.family(by_sms("+33639981009", name="Odalys"), children=["Elif", "Sami"])
    await press(desk, "Sortie reportée à jeudi.")
    await leave(desk)
    await Inbox(small).wrote("Elle viendra.", guardian=1, pupils=(1,))
    await small.write(
        "INSERT INTO absence (school_id, pupil_id, day, half_day, state, reason, through, told_by, opened_at) "
        "SELECT school_id, 1, '2026-11-23', 'morning', 'explained', 'ill', 'sms', 1, state_at FROM delivery LIMIT 1"
    )
    await desk.enter()

    asked = await desk.web.get("/familles/eleves/1/dossier")
    assert "Sortie" not in asked.text
    assert "Dossier&nbsp;: Elif" in (await desk.web.get("/familles/1")).text
    assert "/familles/eleves/1/dossier" in (await desk.web.get("/familles?q=odalys")).text
    answer = await desk.post("/familles/eleves/1/dossier", du="2026-09-01", au=TODAY.isoformat())

    page = words(answer.text)
    assert "Du mardi 1er septembre 2026 au mardi 24 novembre 2026. Ouvert par Mme Exemple" in page
    assert "SMS 06 39 98 •• 09, parti le mardi 24 novembre 2026 à 7 h 12 : accepté par l’opérateur, sans retour" in page
    assert "autorité parentale conjointe, depuis le" in page
    assert "A écrit à l’école, par SMS" in page
    assert "Elle viendra." in page
    assert "lundi 23 novembre 2026, le matin : expliquée (malade) dit par Odalys Exemple par SMS" in page
    assert not re.search(r"/l/[0-9A-Za-z]{12}", answer.text)
    assert "+33639981009" not in answer.text


@on_one_database
async def test_a_barred_adult_has_a_section_with_what_came_before(desk: Desk) -> None:
    small = desk.small
    await small.family(by_sms("+33639981009", name="Odalys"), by_sms("+33639981010", name="Mahaut"), children=["Elif"])
    await press(desk, "Avant.")
    await leave(desk)
    await small.write("UPDATE link SET kind = 'barred', may_be_told = :no WHERE guardian_id = 2", no=False)
    await press(desk, "Après.")

    found = await opened(desk)

    said = [[turn.notice.slots.text for turn in adult.turns if isinstance(turn, Sent)] for adult in found.adults]
    assert said == [["Avant.", "Après."], ["Avant."]]
    assert found.adults[1].ties[0].kind == "barred"


@on_one_database
async def test_whom_nothing_reached_stands_in_the_file_too(desk: Desk) -> None:
    await desk.small.family(by_sms("+33639981009", name="Odalys"), children=["Elif"])
    await desk.small.write("DELETE FROM contact_point")
    await press(desk)
    await desk.enter()

    page = words((await desk.post("/familles/eleves/1/dossier", du="2026-09-01", au=TODAY.isoformat())).text)

    assert "personne n’a pu être joint par écrit, à appeler" in page
    assert "Aucune voie au dossier : rien n’est parti." in page


async def test_other_days_and_other_children_are_not_in_it(desk: Desk) -> None:
    small = desk.small
    await small.family(by_sms("+33639981009", name="Odalys"), children=["Elif"])
    await small.family(by_sms("+33639981010", name="Mahaut"), children=["Sami"])
    await press(desk, audience="pupil:2")
    await Inbox(small).wrote("Bonjour.", guardian=2, pupils=(2,))

    assert [adult.turns for adult in (await opened(desk)).adults] == [()]
    early = Period(TODAY - timedelta(days=30), TODAY - timedelta(days=1))
    assert [adult.turns for adult in (await opened(desk, pupil_id=2, period=early)).adults] == [()]
    turns = (await opened(desk, pupil_id=2)).adults[0].turns
    assert {type(turn) for turn in turns} == {Sent, Wrote}


@on_one_database
async def test_what_is_confidential_to_a_colleague_stays_so(desk: Desk) -> None:
    small = desk.small
    await small.family(by_sms("+33639981009", name="Odalys"), children=["Elif"])
    thread, _ = await Inbox(small).wrote("Pour la maîtresse seule.", guardian=1, pupils=(1,))
    await small.write("UPDATE thread SET private_to = :id WHERE id = :thread", id=small.teacher, thread=thread)

    assert (await opened(desk)).adults[0].turns == ()
    await small.write("UPDATE thread SET private_to = :id WHERE id = :thread", id=small.director, thread=thread)
    assert len((await opened(desk)).adults[0].turns) == 1


@on_one_database
async def test_a_teacher_opens_no_file_and_bad_days_open_none_either(desk: Desk) -> None:
    small = desk.small
    await small.family(by_sms("+33639981009"), children=["Elif"])
    teacher = Rights(frozenset({Role.TEACHER}), whole_school=False, classes=frozenset(small.classes.values()))

    with pytest.raises(NotAllowedError):
        await opened(desk, rights=teacher)
    for period in (Period(TODAY, TODAY - timedelta(days=1)), Period(date(2000, 1, 1), TODAY)):
        with pytest.raises(InvalidError):
            await opened(desk, period=period)
    await desk.enter(TEACHER)
    assert (await desk.web.get("/familles/eleves/1/dossier")).status_code == 403
    await desk.enter()
    wrong = await desk.post("/familles/eleves/1/dossier", du="hier", au="")
    assert wrong.status_code == 422
    assert 'value="hier"' in wrong.text
    assert (await desk.post("/familles/eleves/99/dossier", du="2026-09-01", au="2026-11-24")).status_code == 404
    assert await desk.small.rows("SELECT id FROM audit WHERE act = 'child_file_read'") == []
    async with small.database.reading(small.school.key) as session:
        so_far = await year_so_far(session, school_id=small.school.key, day=TODAY)
    assert so_far == Period(date(2026, 8, 20), TODAY)


async def test_a_file_of_many_notices_asks_thirteen_questions_at_most(desk: Desk) -> None:
    small = desk.small
    await small.family(by_sms("+33639981009", name="Odalys"), by_sms("+33639981010", name="Mahaut"), children=["Elif"])
    for number in range(5):
        await press(desk, f"Mot {number}.")
    await leave(desk)
    asked: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    engine = small.database._writing.sync_engine
    event.listen(engine, "before_cursor_execute", hear)
    try:
        found = await opened(desk)
    finally:
        event.remove(engine, "before_cursor_execute", hear)

    assert sum(len(adult.turns) for adult in found.adults) == 10
    assert len([one for one in asked if one.startswith("SELECT") and "set_config" not in one]) <= 13
