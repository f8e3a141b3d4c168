"""The calendar of the school in the hands of its staff: noted, told, changed and cancelled."""

import re
from datetime import UTC, date, datetime, time
from html import unescape
from typing import Any

import pytest
from desks import TEACHER, Desk, on_one_database
from factories import NOW, TODAY, by_sms
from test_agenda_days import an_event, noted, reader_of

from hub.agenda.entries import Entry
from hub.agenda.reading import for_staff, own_classes
from hub.agenda.telling import said
from hub.models.agenda import EventKind
from hub.notices.follow_up import correct, withdraw
from hub.notices.headlines import headline
from hub.notices.publish import Draft, publish
from hub.ports import NoticeKind, Slots

pytestmark = on_one_database
FRIDAY = date(2026, 11, 27)
AT_SIX = datetime(2026, 11, 27, 17, tzinfo=UTC)


def a_form(**more: Any) -> dict[str, Any]:
    return {"genre": "event", "pour": "ecole", "titre": "Marché d’hiver", "du": FRIDAY.isoformat(), "cle": "k1", **more}


def words_of(text: str) -> str:
    """The words of a page on one line."""
    plain = unescape(re.sub(r"<[^>]+>", " ", text)).replace("\u202f", " ").replace("\u00a0", " ")
    return re.sub(r"\s+([.,;])", r"\1", " ".join(plain.split()))


async def seen_by(desk: Desk, staff_id: int, first: date = FRIDAY, last: date = FRIDAY) -> list[Entry]:
    small = desk.small
    async with small.database.reading(small.school.key) as session:
        reader = await reader_of(small, staff_id)
        return await for_staff(
            session,
            small.keyring,
            school=small.school,
            reader=reader,
            classes=await own_classes(session, school_id=small.school.key, reader=reader),
            first=first,
            last=last,
        )


async def invited(desk: Desk, audience: str = "class:CP A", **slots: Any) -> int:
    """Press an invitation to a meeting."""
    small = desk.small
    filled = Slots(**{"subject": "Rentrée des parents", "starts_at": AT_SIX, "place": "Salle 3", **slots})
    async with small.database.school(small.school.key) as session:
        draft = Draft(NoticeKind.MEETING, audience, filled, seconded_by=small.office)
        done = await publish(
            session, small.keyring, school=small.school, author_id=small.director, draft=draft, now=NOW
        )
    return done.notice_id


async def followed(desk: Desk, notice_id: int, **slots: Any) -> None:
    """Put an invitation right; without new slots, take it back."""
    small = desk.small
    async with small.database.school(small.school.key) as session:
        reader = await reader_of(small, small.director)
        here: dict[str, Any] = {"school": small.school, "reader": reader, "key": f"f{notice_id}", "now": NOW}
        seen = await headline(session, small.keyring, school_id=small.school.key, notice_id=notice_id, reader=reader)
        if slots:
            await correct(session, small.keyring, seen=seen, slots=Slots(**slots), **here)
        else:
            await withdraw(session, small.keyring, seen=seen, tell_them=False, **here)


async def test_an_event_is_noted_with_its_hours_and_stands_in_its_month(desk: Desk) -> None:
    await desk.enter()

    answer = await desk.post("/classe/agenda", **a_form(de="09:00", a="11:30", lieu="Gymnase", mots="En baskets."))

    assert answer.headers["location"] == "/classe/agenda?mois=2026-11&fait=note"
    page = words_of((await desk.web.get(answer.headers["location"])).text)
    assert "1 rendez-vous en novembre 2026." in page
    assert (
        "Vendredi 27 novembre Marché d’hiver de 9 h 00 à 11 h 30, Gymnase En baskets. Un événement, toute l’école"
        in page
    )
    assert await desk.small.rows("SELECT starts_at, sequence, notice_id FROM event") == [
        ("2026-11-27 08:00:00.000000", 0, None)
    ]


async def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(desk: Desk) -> None:
    await desk.enter()

    answer = await desk.post("/classe/agenda", **a_form(de="18:00", a="17:00", lieu="Préau <1>", prevenir="1"))

    assert answer.status_code == 422
    assert 'name="a" type="time" value="17:00" aria-invalid="true" aria-describedby="e-a"' in answer.text
    assert "La fin vient après le début" in answer.text
    assert 'value="Préau &lt;1&gt;"' in answer.text
    assert 'name="prevenir" value="1" checked' in answer.text
    assert await desk.count("event") == 0


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"genre": "party"}, "genre"),
        ({"pour": "tous"}, "pour"),
        ({"du": ""}, "du"),
        ({"du": "2026-02-30"}, "du"),
        ({"de": "25:00"}, "de"),
        ({"titre": " \u200f\x00 "}, "titre"),
        ({"genre": "meeting", "prevenir": "1"}, "de"),
    ],
)
async def test_bad_input_names_its_field(desk: Desk, typed: dict[str, str], field: str) -> None:
    await desk.enter()

    answer = await desk.post("/classe/agenda", **a_form(**typed))

    assert (answer.status_code, f'id="e-{field}"' in answer.text) == (422, True)
    assert (await desk.count("event"), await desk.count("notice")) == (0, 0)


async def test_in_the_same_press_the_families_are_told(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()
    form = a_form(pour=str(desk.small.classes["CP A"]), genre="trip", de="09:00", a="11:30", lieu="Musée", prevenir="1")

    first, again = await desk.post("/classe/agenda", **form), await desk.post("/classe/agenda", **form)

    assert first.headers["location"] == "/classe/agenda?mois=2026-11&fait=note&avis=1"
    assert again.headers["location"] == "/classe/agenda?mois=2026-11&fait=note"
    assert (await desk.count("event"), await desk.count("notice"), await desk.count("delivery")) == (1, 1, 1)
    assert await desk.small.rows("SELECT kind, audience FROM notice") == [("announcement", "class:CP A")]
    assert await desk.small.rows("SELECT notice_id FROM event") == [(1,)]
    board = words_of((await desk.web.get("/suivi/1")).text)
    assert "Marché d’hiver, vendredi 27 novembre, de 9 h 00 à 11 h 30. Lieu : Musée." in board


async def test_a_meeting_is_an_invitation_that_stands_once(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()

    form = a_form(genre="meeting", pour=str(desk.small.classes["CP A"]), de="18:00", prevenir="1")
    await desk.post("/classe/agenda", **form)

    assert await desk.small.rows("SELECT kind FROM notice") == [("meeting",)]
    assert [(one.title, one.notice_id, one.event_id) for one in await seen_by(desk, desk.small.director)] == [
        ("Marché d’hiver", 1, 1)
    ]


async def test_an_event_for_the_whole_school_is_told_with_a_second_factor_only(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter(second=False)

    refused = await desk.post("/classe/agenda", **a_form(prevenir="1"))
    only_noted = await desk.post("/classe/agenda", **a_form())

    assert refused.status_code == 422
    assert "second facteur" in refused.text
    assert 'value="Marché d’hiver"' in refused.text
    assert only_noted.status_code == 303
    assert (await desk.count("event"), await desk.count("notice")) == (1, 0)


async def test_a_change_counts_up_and_corrects_what_families_have(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()
    form = a_form(pour=str(desk.small.classes["CP A"]), prevenir="1")
    await desk.post("/classe/agenda", **form)

    sheet = (await desk.web.get("/classe/agenda/1")).text
    same = await desk.post("/classe/agenda/1", **{**form, "cle": "k2"})
    moved = await desk.post("/classe/agenda/1", **{**form, "cle": "k3", "du": "2026-12-04"})

    assert same.headers["location"] == "/classe/agenda?mois=2026-11&fait=note"
    assert moved.headers["location"] == "/classe/agenda?mois=2026-12&fait=note&avis=2"
    assert "Pour CP A." in sheet
    assert "annulez cet événement et notez-le de nouveau" in sheet
    assert await desk.small.rows("SELECT sequence, notice_id, starts_on FROM event") == [(1, 2, "2026-12-04")]
    assert await desk.small.rows("SELECT notice_id, before_id, how FROM notice_follow") == [(2, 1, "correction")]


async def test_what_does_not_take_place_leaves_the_page_and_is_told(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()
    await desk.post("/classe/agenda", **a_form(pour=str(desk.small.classes["CP A"]), prevenir="1"))
    await desk.small.write("UPDATE delivery SET state = 'told'")

    answer = await desk.post("/classe/agenda/1/annuler", dire="oui", du=FRIDAY.isoformat(), cle="k2")
    again = await desk.post("/classe/agenda/1/annuler", dire="oui", du=FRIDAY.isoformat(), cle="k2")

    assert answer.headers["location"] == "/classe/agenda?mois=2026-11&fait=efface&avis=2"
    assert again.status_code == 303
    assert await desk.small.rows("SELECT sequence, cancelled_at IS NOT NULL FROM event") == [(1, 1)]
    assert await desk.small.rows("SELECT how FROM notice_follow") == [("withdrawal",)]
    assert "Aucun rendez-vous" in (await desk.web.get("/classe/agenda?mois=2026-11")).text
    assert (await desk.web.get("/classe/agenda/1")).status_code == 404


async def test_meetings_pressed_elsewhere_stand_there_by_themselves(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await invited(desk)
    gone = await invited(desk, subject="Annulée")
    moved = await invited(desk, subject="Comité des fêtes")
    await followed(desk, gone)
    await followed(desk, moved, subject="Comité des fêtes", starts_at=AT_SIX.replace(hour=18), place="Préau")
    await invited(desk, subject="Autre classe", audience="school")

    mine = await seen_by(desk, desk.small.director)
    theirs = await seen_by(desk, desk.small.teacher)

    assert [(one.title, one.place, one.starts_at) for one in mine] == [
        ("Rentrée des parents", "Salle 3", AT_SIX),
        ("Autre classe", "Salle 3", AT_SIX),
        ("Comité des fêtes", "Préau", AT_SIX.replace(hour=18)),
    ]
    assert [one.title for one in theirs] == ["Rentrée des parents", "Comité des fêtes"]


async def test_what_was_told_and_put_right_at_the_desk_stands_once_as_it_is(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()
    form = a_form(genre="meeting", pour=str(desk.small.classes["CP A"]), de="18:00", prevenir="1")
    await desk.post("/classe/agenda", **form)
    await followed(desk, 1, subject="Marché d’hiver", starts_at=AT_SIX.replace(hour=19), place="Préau")

    found = await seen_by(desk, desk.small.director)

    assert [(one.event_id, one.place, one.starts_at) for one in found] == [(1, "Préau", AT_SIX.replace(hour=19))]


async def test_a_teacher_sees_the_school_and_own_classes_and_changes_own_events(desk: Desk) -> None:
    small = desk.small
    for title, label in (("Sortie CP", "CP A"), ("Sortie CE1", "CE1 B"), ("Kermesse", None)):
        class_id = small.classes[label] if label else None
        await noted(small, an_event(title, FRIDAY, class_id=class_id, kind=EventKind.TRIP))
    await desk.enter(TEACHER)

    page = (await desk.web.get("/classe/agenda?mois=2026-11")).text

    assert ("Sortie CP" in page, "Sortie CE1" in page, "Kermesse" in page) == (True, False, True)
    assert re.findall(r'href="/classe/agenda/(\d+)"', page) == ["1"]
    assert (await desk.web.get("/classe/agenda/2")).status_code == 403
    assert (await desk.post("/classe/agenda/3", **a_form())).status_code == 403
    assert (await desk.post("/classe/agenda/2/annuler")).status_code == 403
    assert (await desk.post("/classe/agenda", **a_form())).status_code == 403
    assert (await desk.post("/classe/agenda/1", **a_form(genre="closed", pour="1"))).status_code == 403
    assert await small.rows("SELECT sequence FROM event") == [(0,), (0,), (0,)]


async def test_holidays_and_exceptions_are_on_their_page_and_on_the_month(desk: Desk) -> None:
    await desk.enter()

    await desk.post("/classe/agenda", **a_form(genre="closed", titre="Formation", du="2026-12-03", au="2026-12-04"))
    page = words_of((await desk.web.get("/classe/agenda/vacances")).text)
    month = (await desk.web.get("/classe/agenda?mois=2026-12")).text

    assert "Formation Pas de classe, du jeudi 3 décembre au vendredi 4 décembre 2026" in page
    assert "Vacances de Noël du samedi 19 décembre 2026 au dimanche 3 janvier 2027" in page
    assert "pas publié" not in page
    assert re.search(r'class="off"><a href="#j-2026-12-03">', month)
    assert re.search(r'class="off"><span>4 •', month)
    assert re.search(r"<td><span>2</span>", month)


async def test_beyond_what_is_published_the_page_says_so(desk: Desk) -> None:
    await desk.small.write("UPDATE school_year SET ends_on = '2028-08-31'")
    await desk.enter()

    page = words_of((await desk.web.get("/classe/agenda/vacances")).text)

    assert "Le ministère n’a pas publié les vacances après le jeudi 31 août 2028" in page


async def test_a_month_that_is_none_is_refused_in_words(desk: Desk) -> None:
    await desk.enter()

    for month in ("2026-13", "novembre", "26-1"):
        assert (await desk.web.get(f"/classe/agenda?mois={month}")).status_code == 422


async def test_a_notice_says_what_kind_of_day_it_is(desk: Desk) -> None:
    small = desk.small
    days = {"day": FRIDAY, "last": date(2026, 11, 28)}
    for draft in (
        an_event("Pont", kind=EventKind.CLOSED, **days),
        an_event("Samedi travaillé", date(2026, 11, 28), kind=EventKind.OPEN),
        an_event("Classe de mer", starts=time(8), text="Ciré.", **days),
    ):
        await noted(small, draft)

    found = await seen_by(desk, small.director, TODAY, date(2026, 11, 30))
    texts = {one.title: said(one, "Europe/Paris")[1].text for one in found}

    assert texts == {
        "Pont": "Pas de classe du vendredi 27 novembre au samedi 28 novembre.",
        "Samedi travaillé": "Il y a classe samedi 28 novembre.",
        "Classe de mer": "Classe de mer, du vendredi 27 novembre à 8 h 00 au samedi 28 novembre.\nCiré.",
    }
