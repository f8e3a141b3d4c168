"""Writing for later: the sheet says when it leaves, nothing typed is lost, and what is planned is seen and changed."""

import re
from datetime import timedelta
from typing import Any

from desks import TEACHER, Desk, on_one_database
from factories import NOW, by_sms

from scheduler.clock import Clock

WORDS = "Le carnet rose revient jeudi."
LATER = {
    "kind": "announcement",
    "to": "CP A",
    "text": WORDS,
    "when": "once",
    "leaves_on": "2026-12-01",
    "leaves_time": "08:00",
}
WEEKLY = {
    **LATER,
    "when": "weekly",
    "leaves_on": "",
    "weekdays": ["1", "3"],
    "every": "1",
    "until": "2027-01-31",
    "in_term": "1",
}


async def pressed(desk: Desk, **fields: Any) -> str:
    """Read over and press; gives where one is led."""
    read, form = await desk.read_over(**fields)
    assert read.status_code == 200, re.findall(r'class="error"[^>]*>(.*?)</p>', read.text, re.DOTALL)
    answer = await desk.web.post("/ecrire", data=form)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text).replace("&nbsp;", " ").replace("&#8239;", " "))


@on_one_database
async def test_the_sheet_offers_now_first_and_without_a_choice_it_leaves_at_once(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()

    page = (await desk.web.get("/ecrire")).text
    there = await pressed(desk, kind="announcement", to="CP A", text=WORDS)

    assert 'name="when" value="now" checked' in page
    assert there.startswith("/suivi/")
    assert await desk.count("planned_notice") == 0


@on_one_database
async def test_reading_over_says_when_it_leaves_and_the_press_keeps_it_for_then(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()

    read, form = await desk.read_over(**LATER)
    there = (await desk.web.post("/ecrire", data=form)).headers["location"]
    again = (await desk.web.post("/ecrire", data=form)).headers["location"]

    assert "Part le mardi 1er décembre à 8 h 00." in flat(read.text)
    assert "Prévoir cet avis" in read.text
    assert there == again == "/prevus/1"
    assert await desk.count("notice") == 0
    assert "part le mardi 1er décembre à 8 h 00." in flat((await desk.web.get(there)).text)


@on_one_database
async def test_every_week_says_the_next_three_moments_by_the_calendar_of_the_school(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()

    read, _ = await desk.read_over(**{**WEEKLY, "since": "2026-12-15"})

    said = flat(read.text)
    assert "Part chaque mardi et jeudi à 8 h 00, jusqu’au dimanche 31 janvier 2027, les jours de classe." in said
    assert "D’abord mardi 15 décembre à 8 h 00, puis jeudi 17 décembre à 8 h 00, puis mardi 5 janvier à 8 h 00." in said


@on_one_database
async def test_an_hour_that_the_night_leaves_out_is_said_before_the_press(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()

    read, _ = await desk.read_over(**{**LATER, "leaves_on": "2027-03-28", "leaves_time": "02:30"})

    assert "l’heure change et 2 h 30 n’existe pas : l’avis part à 3 h 30." in flat(read.text)


@on_one_database
async def test_bad_input_is_one_sentence_beside_its_field_and_loses_nothing_typed(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({"leaves_on": ""}, "leaves_on", "Dites quel jour."),
        ({"leaves_on": "2026-02-31"}, "leaves_on", "Ce jour n’existe pas au calendrier."),
        ({"leaves_on": "2026-11-23"}, "leaves_on", "Ce moment est passé"),
        ({"leaves_on": "9999-12-31"}, "leaves_on", "à plus d’un an"),
        ({"leaves_on": "0001-01-01"}, "leaves_on", "passé depuis longtemps"),
        ({"leaves_time": ""}, "leaves_time", "Dites à quelle heure."),
        ({"leaves_time": "25:00"}, "leaves_time", "Cette heure n’existe pas."),
        ({"when": "weekly"}, "weekdays", "Dites quels jours de la semaine."),
        ({"when": "weekly", "weekdays": "9"}, "weekdays", "Ce jour de la semaine n’existe pas."),
        ({"when": "weekly", "weekdays": "1", "every": "x"}, "every", "toutes les 1 à 8 semaines"),
        ({"when": "weekly", "weekdays": "1", "until": "2030-01-01"}, "until", "avec l’année scolaire"),
        ({"when": "weekly", "weekdays": "6", "in_term": "1"}, "weekdays", "Rien ne partirait"),
        ({"when": "weekly", "weekdays": "1", "kind": "meeting", "meeting_day": "2026-12-03", "meeting_time": "18:00"},
         "when", "Une réunion n’a lieu qu’une fois"),
        ({"kind": "meeting", "meeting_day": "2026-12-01", "meeting_time": "07:00"}, "leaves_on", "déjà commencé"),
    ]  # fmt: skip

    for fields, field, sentence in wrong:
        answer, _ = await desk.read_over(**{**LATER, **fields})
        assert answer.status_code == 422, (fields, answer.status_code)
        said = re.search(rf'id="e-{field}">(.*?)</p>', answer.text, re.DOTALL)
        assert said is not None, fields
        assert sentence in flat(said[1]), (fields, said[1])
        assert WORDS in answer.text
        assert f'value="{fields.get("when", "once")}" checked' in answer.text
    assert await desk.count("planned_notice") == 0


@on_one_database
async def test_what_presses_leaves_at_once_whatever_the_sheet_says_of_later(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()

    read, _ = await desk.read_over(**{**LATER, "kind": "urgent"})

    assert "Part tout de suite." in flat(read.text)


@on_one_database
async def test_without_a_second_factor_nobody_plans_for_the_whole_school(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.small.family(by_sms("+33639981002"), children=["Basile"], class_label="CE1 B")
    await desk.enter(second=False)

    read, form = await desk.read_over(**{**LATER, "to": "school"})
    answer = await desk.web.post("/ecrire", data=form)

    assert "demande un second facteur" in read.text
    assert answer.status_code == 200
    assert await desk.count("planned_notice") == 0


@on_one_database
async def test_what_is_planned_is_changed_on_its_sheet_and_the_second_of_two_is_told(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()
    await pressed(desk, **WEEKLY)
    sheet = (await desk.web.get("/prevus/1/changer")).text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', sheet))

    assert WORDS in sheet
    assert re.findall(r'name="weekdays" value="(\d)" checked', sheet) == ["1", "3"]
    assert 'value="now"' not in sheet
    first = await pressed(desk, **{**WEEKLY, **hidden, "text": "Le carnet bleu.", "leaves_time": "09:00"})
    second, form = await desk.read_over(**{**WEEKLY, **hidden, "text": "Le carnet vert."})
    late = await desk.web.post("/ecrire", data=form)
    newer = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', late.text))

    assert first == "/prevus/1"
    assert second.status_code == 200
    assert late.status_code == 422
    assert "Quelqu’un d’autre a changé cet avis prévu" in late.text
    assert "Le carnet vert." in late.text
    assert (hidden["version"], newer["version"]) == ("1", "2")
    assert await pressed(desk, **{**WEEKLY, **newer, "text": "Le carnet vert."}) == "/prevus/1"
    assert "Le carnet vert." in (await desk.web.get("/prevus/1")).text
    assert await desk.count("planned_notice") == 1


@on_one_database
async def test_a_sheet_that_was_planned_is_not_sent_at_once_as_well(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()
    _, form = await desk.read_over(**LATER)
    await desk.web.post("/ecrire", data=form)

    _, now = await desk.read_over(**{**form, "when": "now"})
    answer = await desk.web.post("/ecrire", data=now)

    assert answer.status_code == 422
    assert "le recevraient deux fois" in answer.text
    assert await desk.count("notice") == 0


@on_one_database
async def test_a_plan_is_moved_and_cancelled_from_its_page(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()
    there = await pressed(desk, **LATER)

    wrong = await desk.post(f"{there}/deplacer", jour="2026-11-01", heure="10:15", version="1")
    await desk.post(f"{there}/deplacer", jour="2026-12-02", heure="10:15", version="1")
    moved = flat((await desk.web.get(there)).text)
    stale = await desk.post(f"{there}/deplacer", jour="2026-12-03", heure="10:15", version="1")
    await desk.post(f"{there}/annuler")

    assert wrong.status_code == 422
    assert 'value="2026-11-01"' in wrong.text
    assert "Ce moment est passé" in wrong.text
    assert "part le mercredi 2 décembre à 10 h 15." in moved
    assert stale.status_code == 422
    assert "est annulé." in flat((await desk.web.get(there)).text)
    assert "Aucun avis n’attend son moment." in flat((await desk.web.get("/prevus")).text)


@on_one_database
async def test_what_did_not_leave_stands_on_the_first_page_until_somebody_has_seen_it(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter()
    there = await pressed(desk, **LATER)
    now = NOW + timedelta(days=30)
    desk.small.database._clock = lambda: now
    await Clock(desk.small.database, desk.small.keyring).look()
    desk.small.database._clock = lambda: NOW

    start, page = (await desk.web.get("/")).text, flat((await desk.web.get(there)).text)
    sheet = (await desk.web.get(f"{there}/changer")).text
    await desk.post(f"{there}/vu")

    assert "1 avis prévu n’est pas parti" in start
    assert "plus de 6 heures après" in page
    assert "L’écrire de nouveau" in page
    assert WORDS in sheet
    assert 'name="plan"' not in sheet
    assert "n’est pas parti" not in (await desk.web.get("/")).text


@on_one_database
async def test_a_teacher_sees_what_is_planned_for_her_classes_and_nothing_else(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.small.family(by_sms("+33639981002"), children=["Basile"], class_label="CE1 B")
    await desk.enter()
    await pressed(desk, **LATER)
    await pressed(desk, **{**LATER, "to": "CE1 B", "text": "Un mot aux grands."})
    await desk.enter(TEACHER)

    page = (await desk.web.get("/prevus")).text
    refused = await desk.web.get("/prevus/2")

    assert WORDS.removesuffix(".") in page
    assert "grands" not in page
    assert refused.status_code == 403
    assert (await desk.post("/prevus/1/annuler")).status_code == 403
    assert "Déplacer" not in (await desk.web.get("/prevus/1")).text


@on_one_database
async def test_what_is_planned_in_the_schools_silence_says_when_it_leaves_instead(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.small.write("UPDATE school SET silent_from = '20:00:00.000000', silent_to = '07:00:00.000000'")
    await desk.enter()

    read, _ = await desk.read_over(**LATER | {"leaves_on": "2026-12-05"})  # a Saturday
    there = await pressed(desk, **LATER | {"leaves_on": "2026-12-05"})
    sheet, listed = flat((await desk.web.get(there)).text), flat((await desk.web.get("/prevus")).text)
    urgent = await pressed(desk, **LATER | {"kind": "urgent", "leaves_on": "2026-12-05"})

    said = "Le samedi 5 décembre à 8 h 00, l’école est en silence : l’avis part le lundi 7 décembre à 7 h 00."
    assert said in flat(read.text)
    assert said in sheet
    assert "» part le lundi 7 décembre à 7 h 00." in sheet
    assert "lundi 7 décembre à 7 h 00" in listed
    assert "en silence" not in flat((await desk.web.get(urgent)).text)
