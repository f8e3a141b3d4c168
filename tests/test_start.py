"""The start page: what needs doing, the most urgent first, for whoever looks."""

import re
from datetime import UTC, date, datetime, timedelta

from desks import TEACHER, Desk, on_one_database
from factories import NOW, TODAY, by_sms
from inboxes import Inbox
from sqlalchemy import event
from watching import Watch

from hub.absences.rolls import take_roll
from hub.inbox.to_do import ToDo, to_do
from hub.models.rolls import Mark
from hub.models.school import Role
from hub.notices.headlines import Reader
from hub.papers.signing import sign
from hub.people.rights import Rights, rights_on
from hub.ports import HalfDay

DIRECTOR = Rights(frozenset({Role.DIRECTOR}), whole_school=True, classes=frozenset())
TEN = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
"""Ten o'clock at the school."""


async def waits(desk: Desk, rights: Rights = DIRECTOR, *, now: datetime = NOW, day: date = TODAY) -> ToDo:
    async with desk.small.database.reading(desk.small.school.key) as session:
        reader = Reader(desk.small.director, rights, day)
        return await to_do(session, school_id=desk.small.school.key, timezone="Europe/Paris", reader=reader, now=now)


async def paper(desk: Desk, *, due_on: date, needs: str = "one", class_label: str = "CP A") -> None:
    """Put a document on file, for a class."""
    small = desk.small
    await small.write(
        "INSERT INTO document (school_id, author_id, title_sealed, needs, due_on, published_at) "
        "VALUES (:school, :author, :title, :needs, :due, :at)",
        school=small.school.key, author=small.director, title=b"x", needs=needs,
        due=due_on.isoformat() if desk.on_sqlite else due_on, at=NOW.isoformat(sep=" ") if desk.on_sqlite else NOW,
    )  # fmt: skip
    await small.write(
        "INSERT INTO document_for (school_id, document_id, class_id) SELECT school_id, max(id), :class_id "
        "FROM document GROUP BY school_id",
        class_id=small.classes[class_label],
    )


@on_one_database
async def test_nothing_to_do_is_one_calm_sentence(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.press()
    await desk.enter()

    page = (await desk.web.get("/")).text

    assert '<h1 id="titre">Rien ne vous attend.</h1>' in page
    assert "À faire" not in page


@on_one_database
async def test_the_most_urgent_is_said_first_and_each_line_leads_where_one_does_it(desk: Desk) -> None:
    small = desk.small
    await small.family(by_sms(), children=["Elif"])
    await small.family(by_sms("+33639981009"), children=["Sami"])
    await desk.press()
    await desk.nobody_answers()
    await small.write("UPDATE call_task SET done_at = opened_at WHERE id = 2")
    await small.write("UPDATE delivery SET state = 'told' WHERE id = 2")
    await Inbox(small).wrote("Elle arrive à dix heures.", guardian=1, pupils=(1,))
    async with small.database.school(small.school.key) as session:
        reader = Reader(small.director, DIRECTOR, TODAY)
        await take_roll(
            session, small.keyring, school=small.school, class_id=small.classes["CP A"], day=TODAY,
            half_day=HalfDay.MORNING, reader=reader, marks={2: Mark.ABSENT}, complete=True, taken_at=NOW, now=NOW,
        )  # fmt: skip
    await paper(desk, due_on=TODAY + timedelta(days=2))
    await desk.enter()

    page = (await desk.web.get("/")).text

    assert "1 absence sans nouvelles. Et 3 autres choses à faire." in page
    tasks = re.findall(r'<li><a href="([^"]+)".*?<span>(.*?)</span>', page)
    assert tasks == [
        ("/absences", "1 absence sans nouvelles"),
        ("/appeler", "1 appel à passer"),
        ("/messages", "1 conversation à lire"),
        ("/classe/documents", "1 document à signer d’ici trois jours"),
    ]
    await small.write("UPDATE absence SET alarmed_at = opened_at")
    alarmed = (await desk.web.get("/")).text
    assert '<h1 id="titre">1 enfant devrait être à l’école.' in alarmed
    assert "absence sans nouvelles" not in alarmed


async def test_what_waits_is_counted(desk: Desk) -> None:
    small = desk.small
    await small.family(by_sms(), children=["Elif"])
    await Inbox(small).wrote("Bonjour ?", guardian=1, pupils=(1,), at=NOW - timedelta(hours=30))
    await small.write("UPDATE thread SET due_at = last_at")
    await small.write(
        "INSERT INTO tray_item (school_id, matter, subject_hash, opened_at) "
        "SELECT school_id, 'unmatched_reply', :mark, last_at FROM thread",
        mark=b"m",
    )
    for days in (-1, 0, 3, 4):
        await paper(desk, due_on=TODAY + timedelta(days=days))
    await paper(desk, due_on=TODAY, needs="none")

    assert await waits(desk) == ToDo(late=1, tray=1, papers=2)


async def test_a_document_that_all_have_signed_waits_for_nobody(desk: Desk) -> None:
    small = desk.small
    (odile,) = await small.family(by_sms(), children=["Elif", "Sami"])
    (iris,) = await small.family(by_sms("+33639981009"), children=["Lou"])
    await paper(desk, due_on=TODAY)
    mine = Rights(frozenset({Role.TEACHER}), whole_school=False, classes=frozenset({small.classes["CP A"]}))
    waiting = []
    for guardian, pupils in ((odile, [1, 2]), (iris, [3])):
        waiting.append(((await waits(desk)).papers, (await waits(desk, mine)).papers))
        async with small.database.school(small.school.key) as session:
            here = {"school_id": small.school.key, "document_id": 1, "day": TODAY, "now": NOW}
            await sign(session, guardian_id=guardian, pupils=pupils, through="page", **here)

    assert waiting == [(1, 1), (1, 1)]
    assert ((await waits(desk)).papers, (await waits(desk, mine)).papers) == (0, 0)


async def test_a_teacher_is_told_of_the_own_classes_alone(desk: Desk) -> None:
    small = desk.small
    await small.family(by_sms(), children=["Elif"])
    await small.family(by_sms("+33639981009"), children=["Sami"], class_label="CE1 B")
    await paper(desk, due_on=TODAY, class_label="CE1 B")
    await small.write("UPDATE document SET author_id = :id", id=small.office)
    await small.write(
        "INSERT INTO tray_item (school_id, matter, subject_hash, opened_at) "
        "SELECT school_id, 'unmatched_reply', :mark, published_at FROM document",
        mark=b"m",
    )
    await desk.press()
    await desk.nobody_answers()
    mine = Rights(frozenset({Role.TEACHER}), whole_school=False, classes=frozenset({small.classes["CP A"]}))
    other = Rights(frozenset({Role.TEACHER}), whole_school=False, classes=frozenset({small.classes["CE1 B"]}))

    assert await waits(desk, mine, now=TEN) == ToDo(rolls=("CP A",), calls=1)
    assert (await waits(desk, other, now=NOW)).tray == 0
    assert (await waits(desk, mine)).papers == 0
    assert (await waits(desk, other)).papers == 1


@on_one_database
async def test_a_roll_is_missing_from_nine_o_clock_on_a_day_of_class_until_the_half_day_is_over(desk: Desk) -> None:
    await desk.small.family(by_sms(), children=["Elif"])
    await desk.small.family(by_sms("+33639981009"), children=["Sami"], class_label="CE1 B")
    eight, noon, evening = TEN - timedelta(hours=1, minutes=1), TEN + timedelta(hours=3), TEN + timedelta(hours=7)

    assert (await waits(desk, now=TEN)).rolls == ("CP A", "CE1 B")
    assert [(await waits(desk, now=at)).rolls for at in (eight, noon, evening)] == [(), (), ()]
    sunday = TEN + timedelta(days=5)
    assert (await waits(desk, now=sunday, day=sunday.date())).rolls == ()
    at_christmas = TEN + timedelta(days=30)
    assert (await waits(desk, now=at_christmas, day=at_christmas.date())).rolls == ()


@on_one_database
async def test_a_teacher_s_page_says_nothing_of_the_office(desk: Desk) -> None:
    await desk.small.family(by_sms(), children=["Elif"])
    await desk.small.write(
        "INSERT INTO tray_item (school_id, matter, subject_hash, opened_at) "
        "VALUES (1, 'unmatched_reply', 'm', '2026-11-24')"
    )
    await desk.enter(TEACHER)

    assert "bac du secrétariat" not in (await desk.web.get("/")).text


async def test_the_first_page_asks_few_questions_however_much_waits(watch: Watch) -> None:
    small = watch.small
    async with small.database.reading(small.school.key) as session:
        rights = await rights_on(session, school_id=small.school.key, staff_id=small.director, day=TODAY)
    assert rights.whole_school
    asked: list[str] = []
    engine = small.database._reading.sync_engine

    def note(*args: object) -> None:
        asked.append(str(args[2]))

    event.listen(engine, "before_cursor_execute", note)
    async with small.database.reading(small.school.key) as session:
        reader = Reader(small.director, rights, TODAY)
        await to_do(session, school_id=small.school.key, timezone="Europe/Paris", reader=reader, now=TEN)
    event.remove(engine, "before_cursor_execute", note)
    assert len([one for one in asked if "set_config" not in one]) <= 5
