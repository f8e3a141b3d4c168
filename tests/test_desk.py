"""The desk, the alarm and what follows a press, as the staff use them in the browser."""

import re
from typing import Any

import pytest
from desks import PASSWORD, TEACHER, Desk, on_one_database
from factories import NOW, Adult, by_mail, by_sms

from hub.models.school import Role
from hub.people.staff import add_staff
from hub.ports import ChannelName

CLOSED = {"kind": "urgent", "to": "school", "phrase": "closed", "on_day": "2026-11-24", "on_half": "morning"}
SECOND = "secretariat@ecole.test"


async def enter_as(desk: Desk, role: Role, email: str = SECOND) -> None:
    async with desk.small.database.school(desk.small.school.key) as session:
        await add_staff(
            session,
            desk.small.keyring,
            desk.small.school.key,
            email=email,
            role=role,
            name="Mme Seconde",
            password=PASSWORD,
            from_on=NOW.date(),
        )
    await desk.enter(email)


async def held(desk: Desk) -> int:
    """Press own words to everybody through the desk; they wait a minute."""
    _, form = await desk.read_over(kind="announcement", to="school", text="Piscine jeudi.")
    return int((await desk.web.post("/ecrire", data=form)).headers["location"].rpartition("/")[2])


async def test_a_ready_phrase_is_read_over_in_the_languages_of_the_families_and_waits_for_nobody(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms("+33639981001"), by_sms("+33639981002", name="Nour", language="ar"))

    read, form = await desk.read_over(**CLOSED, text="")
    pressed = await desk.web.post("/ecrire", data=form)

    assert "Trois-Ponts, URGENT : L&#39;école est fermée mardi 24 novembre matin." in read.text
    assert 'lang="ar" dir="rtl"' in read.text
    assert "Part tout de suite." in read.text
    assert pressed.headers["location"] == "/suivi/1"
    assert "L’école est fermée mardi 24 novembre matin" in (await desk.web.get("/suivi/1")).text


@on_one_database
async def test_a_blank_that_is_missing_is_said_beside_its_field(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms())

    read, _ = await desk.read_over(kind="urgent", to="school", phrase="late_return", hour="", text="")

    assert read.status_code == 422
    assert "Il manque l’heure." in read.text
    assert await desk.count("notice") == 0


async def test_some_pupils_and_a_class_are_written_to_together(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms("+33639981001"), children=["Elif"])
    await desk.small.family(by_sms("+33639981002"), children=["Sami"], class_label="CE1 B")
    await desk.small.family(by_sms("+33639981003"), children=["Lina"], class_label="CE1 B")
    sami = (await desk.small.rows("SELECT id FROM pupil WHERE first_name = 'Sami'"))[0][0]

    read, form = await desk.read_over(kind="announcement", to=["CP A", f"pupil:{sami}"], text="Sortie vendredi.")
    await desk.web.post("/ecrire", data=form)

    assert "Prévenir 2 adultes" in read.text
    assert await desk.small.rows("SELECT audience FROM notice") == [(f"class:CP A;pupil:{sami}",)]
    assert await desk.count("delivery") == 2


async def test_one_reads_it_as_a_chosen_family_will_on_each_of_its_ways(desk: Desk) -> None:
    await desk.enter()
    ways = ((ChannelName.SMS, "+33639981001"), (ChannelName.EMAIL, "deniz@familles.test"))
    (deniz,) = await desk.small.family(Adult(name="Deniz", reached_by=ways, language="tr"), children=["Elif"])

    read, _ = await desk.read_over(**CLOSED, text="", reader=str(deniz))

    assert f'<option value="{deniz}" selected>' in read.text
    assert read.text.count('<figcaption class="row apart small">') == 2
    assert "SMS en turc" in read.text
    assert "E-mail en turc" in read.text


@on_one_database
async def test_signs_that_make_it_dear_are_named_with_what_a_plain_spelling_saves(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms())
    words = "Fête de l’école samedi à la salle des fêtes, venez nombreux, apportez un gâteau et une boisson."

    dear, _ = await desk.read_over(kind="announcement", to="CP A", text=words)
    plain, form = await desk.read_over(kind="announcement", to="CP A", text=words, plain="1")
    await desk.web.post("/ecrire", data=form)

    assert "<mark>ê</mark>" in dear.text
    assert re.search(r"Sans eux, 0,07.€ de moins", dear.text)
    assert "UCS-2" in dear.text
    assert "Fete de l&#39;école samedi à la salle des fetes" in plain.text
    assert "GSM-7" in plain.text


async def test_who_cannot_be_reached_is_named_with_the_reason_and_mended_in_one_step(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms())
    (cyd,) = await desk.small.family(Adult(name="Cyd"), children=["Sami"])

    read, _ = await desk.read_over(**CLOSED, text="")
    page = await desk.web.get(f"/familles/{cyd}")
    refused = await desk.post(f"/familles/{cyd}", address="06 39")
    added = await desk.post(f"/familles/{cyd}", address="06 39 98 10 77")
    again, _ = await desk.read_over(**CLOSED, text="")

    assert "Ni numéro ni e-mail au dossier." in read.text
    assert f'href="/familles/{cyd}"' in read.text
    assert "Rien au dossier" in page.text
    assert (refused.status_code, added.status_code) == (422, 303)
    assert 'value="06 39"' in refused.text
    assert "Chacun a une voie." in again.text
    assert await desk.small.rows("SELECT act FROM audit WHERE act = 'address_added'") == [("address_added",)]


@on_one_database
async def test_a_number_that_is_somebody_elses_is_not_put_on_file_again(desk: Desk) -> None:
    await desk.enter()
    (ada,) = await desk.small.family(by_sms("+33639981001", name="Ada"))
    (cyd,) = await desk.small.family(Adult(name="Cyd"), children=["Sami"])
    await desk.small.write("UPDATE address SET state = 'wrong'")

    refused = await desk.post(f"/familles/{cyd}", address="0639981001")
    twice = await desk.post(f"/familles/{ada}", address="ada@familles.test")
    twice = await desk.post(f"/familles/{ada}", address="ADA@familles.test")

    assert "Quelqu’un d’autre répond à cette adresse" in refused.text
    assert "déjà au dossier" in twice.text


@on_one_database
async def test_a_teacher_changes_no_address(desk: Desk) -> None:
    (ada,) = await desk.small.family(by_sms())
    await desk.enter(TEACHER)

    assert (await desk.web.get(f"/familles/{ada}")).status_code == 403
    assert (await desk.post(f"/familles/{ada}", address="0639981002")).status_code == 403
    assert await desk.count("contact_point") == 1


async def test_a_second_person_lets_it_go_and_the_author_cannot(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms())
    notice = await held(desk)

    own = await desk.post(f"/suivi/{notice}/laisser-partir")
    await enter_as(desk, Role.OFFICE)
    second = await desk.post(f"/suivi/{notice}/laisser-partir")

    assert (own.status_code, second.status_code) == (403, 303)
    assert await desk.small.rows("SELECT count(*) FROM notice WHERE due_at = created_at") == [(1,)]


async def test_a_notice_is_corrected_from_its_own_sheet(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms())
    _, form = await desk.read_over(kind="announcement", to="CP A", text="Piscine mardi.")
    await desk.web.post("/ecrire", data=form)

    sheet = (await desk.web.get("/suivi/1/corriger")).text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', sheet))
    typed: dict[str, Any] = {**hidden, "kind": "announcement", "to": "school", "text": "Piscine jeudi.", "step": "read"}
    read = (await desk.web.post("/ecrire", data=typed)).text
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', read)
    pressed = await desk.web.post("/ecrire", data={**typed, "step": "press", "seen": seen[1] if seen else ""})

    assert "Piscine mardi." in sheet
    assert "Ce message corrige et remplace le précédent." in read
    assert pressed.headers["location"] == "/suivi/2"
    assert await desk.small.rows("SELECT audience, state FROM notice ORDER BY id") == [
        ("class:CP A", "cancelled"),
        ("class:CP A", "published"),
    ]


@on_one_database
async def test_a_teacher_corrects_withdraws_and_follows_up_own_notices_only(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.press()
    await desk.enter(TEACHER)

    answers = [
        await desk.web.get("/suivi/1/corriger"),
        await desk.post("/suivi/1/retirer", dire="1"),
        await desk.post("/suivi/1/relancer"),
        await desk.post("/suivi/1/laisser-partir"),
    ]

    assert [answer.status_code for answer in answers] == [403] * 4
    assert await desk.small.rows("SELECT state FROM notice") == [("published",)]


async def test_those_who_have_it_are_told_that_it_does_not_count(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms())
    await desk.press()
    await desk.small.write("UPDATE delivery SET state = 'told'")

    answer = await desk.post("/suivi/1/retirer", dire="1", key="k")
    twice = await desk.post("/suivi/1/retirer", dire="1", key="k")

    assert (answer.headers["location"], twice.headers["location"]) == ("/suivi/2", "/suivi/2")
    assert "ne vaut plus" in (await desk.web.get("/suivi/2")).text
    assert '<p class="num">retiré</p>' in (await desk.web.get("/")).text
    assert "Avis retiré" in (await desk.web.get("/suivi/1")).text


async def test_those_who_have_not_answered_are_asked_again(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms("+33639981001"), by_mail())
    await desk.press()
    await desk.small.write("UPDATE delivery SET state = 'acknowledged' WHERE guardian_id = 1")

    board = (await desk.web.get("/suivi/1")).text
    answer = await desk.post("/suivi/1/relancer")

    assert "Relancer 1 adulte sans réponse" in board
    assert "/suivi/1/corriger" in board
    assert "/suivi/2/corriger" not in (await desk.web.get("/suivi/2")).text
    refused = await desk.web.get("/suivi/2/corriger")
    assert (refused.status_code, "corrigez celui d’origine" in refused.text) == (422, True)
    assert answer.headers["location"] == "/suivi/2"
    assert await desk.small.rows("SELECT guardian_id FROM delivery WHERE notice_id = 2") == [(2,)]


async def alarm(desk: Desk, **fields: Any) -> Any:
    """Tap a phrase, read, tap to send; gives the page that was read and the answer."""
    after = re.search(r'name="after" value="(\d+)"', (await desk.web.get("/alerte")).text)
    form = {"after": after[1] if after else "", **fields}
    read = await desk.post("/alerte", **form)
    return read, await desk.post("/alerte", **form, step="press")


async def test_an_alarm_is_three_taps_and_asks_nothing(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms("+33639981001"), by_mail(language="tr"))

    assert 'href="/alerte"' in (await desk.web.get("/")).text
    read, pressed = await alarm(desk, phrase="sheltered")

    assert "2 adultes lisent ceci, par tous les canaux à la fois." in read.text
    assert "Trois-Ponts, ALERTE : Les enfants sont à l&#39;abri" in read.text
    assert "Tél." not in read.text
    assert "Prévenir 2 adultes" in read.text
    assert pressed.headers["location"] == "/suivi/1"
    assert await desk.count("call_task") == 0


async def test_two_who_press_the_same_alarm_press_once_and_other_words_are_the_next(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms())
    form = {"after": "0", "phrase": "sheltered", "step": "press"}
    first = await desk.post("/alerte", **form)
    await enter_as(desk, Role.OFFICE)

    second = await desk.post("/alerte", **form)
    third = await desk.post("/alerte", **{**form, "phrase": "evacuated"})

    assert first.headers["location"] == second.headers["location"] != third.headers["location"]
    assert await desk.small.rows("SELECT state FROM notice ORDER BY id") == [("cancelled",), ("published",)]


@on_one_database
async def test_a_drill_says_so_in_the_sentence_and_in_every_message(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms())

    read, _ = await alarm(desk, phrase="sheltered", exercise="1")

    assert "EXERCICE&nbsp;: 1 adulte" in read.text
    assert read.text.count("EXERCICE : ce n&#39;est pas une vraie alerte.") == 2
    board = (await desk.web.get("/suivi/1")).text
    assert "EXERCICE\u00a0: Les enfants sont à l’abri" in board


async def test_a_deputy_sounds_the_alarm_and_does_nothing_else(desk: Desk) -> None:
    await desk.small.family(by_sms(), children=["Capucine"])
    other = await desk.press()
    await enter_as(desk, Role.DEPUTY, "suppleant@circonscription.test")

    start = await desk.web.get("/")
    _, pressed = await alarm(desk, phrase="sheltered")
    board = await desk.web.get(pressed.headers["location"])

    assert "/ecrire" not in start.text
    assert pressed.status_code == 303
    assert board.status_code == 200
    assert "Capucine" not in board.text
    assert (await desk.web.get(f"/suivi/{other}")).status_code == 403
    for path in ("/ecrire", "/appeler", "/familles/1"):
        assert (await desk.web.get(path)).status_code == 403
    assert (await desk.post("/ecrire", **CLOSED, text="")).status_code == 403


@on_one_database
async def test_a_teacher_sounds_no_alarm(desk: Desk) -> None:
    await desk.small.family(by_sms())
    await desk.enter(TEACHER)

    assert (await desk.web.get("/alerte")).status_code == 403
    assert (await desk.post("/alerte", phrase="sheltered", step="press")).status_code == 403
    assert "/alerte" not in (await desk.web.get("/")).text
    assert await desk.count("notice") == 0


@on_one_database
async def test_the_same_words_to_the_same_people_are_warned_about(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms())
    _, form = await desk.read_over(kind="announcement", to="CP A", text="Piscine jeudi.")
    await desk.web.post("/ecrire", data=form)

    again, _ = await desk.read_over(kind="announcement", to="CP A", text="Piscine jeudi.")

    assert "Le même avis est parti aux mêmes familles" in again.text
    assert 'href="/suivi/1"' in again.text


@on_one_database
async def test_names_on_the_desk_are_set_as_words(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms(), children=['"><b>Elif'])

    page = (await desk.web.get("/ecrire")).text

    assert "<b>" not in page
    assert page.count("Exemple &quot;&gt;&lt;b&gt;Elif") == 2


@on_one_database
async def test_the_first_page_says_when_a_held_notice_leaves_and_asks_a_second_person_to_read_it(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms())
    await held(desk)
    author = (await desk.web.get("/")).text
    await enter_as(desk, Role.OFFICE)
    second = (await desk.web.get("/")).text

    assert re.search("part à \\d+\u00a0h\u00a0\\d\\d", author)
    assert "relisez-le, et laissez-le partir" not in author
    assert "relisez-le, et laissez-le partir" in second


@on_one_database
async def test_an_alarm_that_leaves_out_or_adds_the_word_of_a_drill_is_pointed_out(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms("+33639981001"), Adult(name="Cyd"))
    await alarm(desk, phrase="sheltered", exercise="1")

    read = (await desk.post("/alerte", after="1", phrase="over")).text
    drill = (await desk.post("/alerte", after="1", phrase="over", exercise="1")).text

    assert "1 adulte sur 2 lit ceci" in read
    assert "Un exercice est en cours, et ces mots ne disent pas que c’en est un" in read
    assert "est en cours, et ces mots" not in drill


@on_one_database
async def test_what_was_taken_back_is_not_offered_to_be_put_right(desk: Desk) -> None:
    await desk.enter()
    await desk.small.family(by_sms())
    await desk.press()
    await desk.small.write("UPDATE delivery SET state = 'told'")
    before = (await desk.web.get("/suivi/1")).text
    await desk.post("/suivi/1/retirer", dire="1")
    after = (await desk.web.get("/suivi/1")).text

    assert "/suivi/1/corriger" in before
    assert "/suivi/1/corriger" not in after


@on_one_database
@pytest.mark.parametrize("act", ["relancer", "retirer"])
async def test_the_buttons_under_a_board_press_with_the_key_that_it_printed(desk: Desk, act: str) -> None:
    await desk.enter()
    await desk.small.family(by_sms())
    await desk.press()
    await desk.small.write("UPDATE delivery SET state = 'told'")
    board = (await desk.web.get("/suivi/1")).text
    (key,) = re.findall(rf'action="/suivi/1/{act}">.*?name="key" value="([^"]+)"', board, re.DOTALL)

    answer = await desk.post(f"/suivi/1/{act}", key=key, dire="1")

    assert answer.headers["location"] == "/suivi/2"
