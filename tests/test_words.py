"""Words: every kind, on every channel, in every language; short, right way round, and nothing that was not meant."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import product

import pytest
from babel import Locale
from babel.messages.catalog import Catalog

from hub.errors import InvalidError
from hub.models.answers import AnswerKind
from hub.ports import LINK_CODE, ChannelName, HalfDay, News, NoticeKind, SchoolCard, Slots, Wording
from hub.replies.meaning import Meaning, Sense, meaning_of
from i18n import catalogues
from i18n.checks import check_slots
from i18n.languages import LANGUAGES, SPOKEN, best
from i18n.rendering import render, render_email, render_sms
from i18n.segments import count, dear_characters
from i18n.slots import check_school
from i18n.tongues import tongue

SCHOOL = SchoolCard("École des Trois-Ponts", "École Trois-Ponts", "02 38 00 00 00")
LONG_SCHOOL = SchoolCard("École de la Fausse-Rivière", "École Fausse-Rivière", "02 38 00 00 00")
DEAR_SCHOOL = SchoolCard("Collège de la Forêt-Royale", "Collège Forêt-Royale", "02 38 00 00 00")
LINK = f"https://x.test/l/{LINK_CODE}"
LONG_LINK = f"https://passerelle.ville.test/l/{LINK_CODE}"
ENDLESS_LINK = f"https://{'a' * 120}.test/l/{LINK_CODE}"
THURSDAY = Slots(day=date(2026, 11, 26), half_day=HalfDay.AFTERNOON)
SLOTS = {
    NoticeKind.ABSENCE: THURSDAY,
    NoticeKind.ANNOUNCEMENT: Slots(text="La piscine est fermée jeudi."),
    NoticeKind.URGENT: Slots(text="Une canalisation a cédé : pas de classe ce matin.", subject="École fermée"),
    NoticeKind.MEETING: Slots(
        starts_at=datetime(2026, 11, 24, 16, 30, tzinfo=UTC), place="Salle 4", text="Merci de venir."
    ),
}
FAMILIES: list[tuple[str, ...]] = [
    (),
    ("Sami",),
    ("Anaïs",),
    ("Işıl",),
    ("سامي",),
    ("Marie-Françoise",),
    ("Lina", "Sami"),
    ("Anne-Charlotte", "Jean-Christophe", "Maximilien-Désiré", "Zoë"),
]


def a_wording(kind: NoticeKind = NoticeKind.ABSENCE, language: str = "fr", **changes: object) -> Wording:
    wording = Wording(
        kind, SLOTS[kind], SCHOOL, "Mme Exemple, directrice", language, pupils=("Lina",), link=LINK, two_way=True
    )
    return replace(wording, **changes)  # type: ignore[arg-type]  # a factory names only what matters


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("channel", [ChannelName.SMS, ChannelName.EMAIL])
@pytest.mark.parametrize("kind", list(SLOTS))
@pytest.mark.parametrize("pupils", FAMILIES)
def test_every_kind_is_said_on_every_channel_in_every_language(
    kind: NoticeKind, channel: ChannelName, language: str, pupils: tuple[str, ...]
) -> None:
    for two_way in (True, False):
        body = render(channel, a_wording(kind, language, pupils=pupils, two_way=two_way))

        said = "\n".join(filter(None, [body.subject, body.text, body.html]))
        assert body.language == language
        assert not re.search(r"[\r\ue000\ue001]|%\(|\{\{|\{%|None", said)
        if channel is ChannelName.EMAIL or not (two_way and kind is NoticeKind.ABSENCE):
            assert LINK in body.text
        if channel is ChannelName.EMAIL:
            assert f'href="{LINK}"' in (body.html or "")
            assert body.subject
            assert "\n" not in body.subject


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("pupils", FAMILIES)
@pytest.mark.parametrize(("two_way", "link"), [(True, LINK), (False, LONG_LINK), (False, None), (False, ENDLESS_LINK)])
def test_an_absence_alert_is_two_sms_at_most_and_gives_a_number_to_call(
    language: str, pupils: tuple[str, ...], *, two_way: bool, link: str | None
) -> None:
    for day, half_day in product((23, 26, 30), HalfDay):
        slots = Slots(day=date(2026, 9, day), half_day=half_day)
        for school in (SCHOOL, LONG_SCHOOL, replace(SCHOOL, short_name="Ecole qui ne veut pas finir")):
            wording = a_wording(
                language=language, slots=slots, school=school, pupils=pupils, two_way=two_way, link=link
            )

            text = render_sms(wording).text

            assert count(text).segments <= 2
            assert "0238000000" in text.replace(" ", "")
            if two_way:
                assert all(f"{digit} " in text for digit in (1, 2, 3))
            elif link == LONG_LINK:
                assert link in text


@pytest.mark.parametrize("language", SPOKEN)
def test_a_dear_letter_in_the_schools_name_leaves_the_answers_and_the_number(language: str) -> None:
    for pupils, half_day in product(FAMILIES, HalfDay):
        slots = replace(THURSDAY, half_day=half_day)

        text = render_sms(a_wording(language=language, slots=slots, school=DEAR_SCHOOL, pupils=pupils)).text

        assert (count(text).encoding, count(text).segments) == ("UCS-2", 2)
        assert all(f"{digit} " in text for digit in (1, 2, 3))
        assert "0238000000" in text.replace(" ", "")


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("pupils", [(), ("Sami",), ("Capucine",), ("سامي",), ("Lina", "Sami")])
@pytest.mark.parametrize(
    ("kind", "slots"),
    [
        (NoticeKind.ANNOUNCEMENT, Slots(text="La piscine est fermée jeudi.")),
        (NoticeKind.URGENT, Slots(text="Pas de classe ce matin.")),
        (NoticeKind.MEETING, Slots(starts_at=datetime(2026, 9, 23, 16, 30, tzinfo=UTC))),
    ],
)
def test_a_short_notice_with_its_link_is_two_sms_at_most(
    language: str, pupils: tuple[str, ...], kind: NoticeKind, slots: Slots
) -> None:
    for link, two_way, school in product((LINK, LONG_LINK), (True, False), (SCHOOL, LONG_SCHOOL)):
        wording = a_wording(kind, language, pupils=pupils, slots=slots, link=link, two_way=two_way, school=school)

        text = render_sms(wording).text

        assert count(text).segments <= 2
        assert link in text


@pytest.mark.parametrize(
    ("language", "word"),
    [
        ("fr", "J'ai lu : "),
        ("en", "I've read it: "),
        ("tr", "Okudum: "),
        ("pt", "Lido: "),
        ("es", "Visto: "),
        ("uk", "Прочитано: "),
    ],
)
@pytest.mark.parametrize("kind", [NoticeKind.ANNOUNCEMENT, NoticeKind.URGENT])
def test_a_link_in_an_sms_says_what_it_is_for(kind: NoticeKind, language: str, word: str) -> None:
    assert f"\n{word}{LINK}" in render_sms(a_wording(kind, language)).text


@pytest.mark.parametrize(
    ("language", "both", "page"),
    [
        ("fr", "Répondez OUI ou NON, ou ici : ", "Répondre : "),
        ("en", "Reply YES or NO, or here: ", "Reply: "),
        ("tr", "EVET/HAYIR: ", "Cevap: "),
        ("ar", "نعم/لا، أو هنا: ", "الرد: "),
        ("pt", "SIM/NAO ou em: ", "Responder: "),
        ("es", "SI/NO o en: ", "Responder: "),
        ("uk", "ТАК/НІ або тут: ", "Відповісти: "),
    ],
)
def test_an_invitation_asks_whether_one_comes(language: str, both: str, page: str) -> None:
    assert f"\n{both}{LINK}" in render_sms(a_wording(NoticeKind.MEETING, language)).text
    assert f"\n{page}{LINK}" in render_sms(a_wording(NoticeKind.MEETING, language, two_way=False)).text


def test_an_invitation_by_mail_leads_to_its_answer() -> None:
    mail = render_email(a_wording(NoticeKind.MEETING))

    assert f"Pour dire si vous venez\u00a0: {LINK}" in mail.text
    assert "Répondre à l’invitation" in (mail.html or "")
    assert "J’ai lu" not in (mail.html or "")


def test_an_invitation_to_an_appointment_leads_to_its_hours() -> None:
    slots = Slots(phrase="appointments", day=date(2026, 11, 30))
    wording = a_wording(NoticeKind.ANNOUNCEMENT, slots=slots)

    assert f"Choisir : {LINK}" in render_sms(wording).text
    assert f"Pour choisir une heure\u00a0: {LINK}" in render_email(wording).text
    assert "Choisir une heure</a>" in (render_email(wording).html or "")


def test_the_link_of_an_absence_asks_why() -> None:
    assert f"\nDites-nous pourquoi : {LINK}" in render_sms(a_wording(two_way=False)).text


def test_what_an_author_adds_to_an_invitation_does_not_shorten_its_day() -> None:
    slots = replace(SLOTS[NoticeKind.MEETING], text="Venez nombreux. " * 40)

    assert (
        "réunion pour Lina, mardi 24 novembre à 17 h 30." in render_sms(a_wording(NoticeKind.MEETING, slots=slots)).text
    )


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("name", ["Sami", "Capucine", "Anaïs", "François", "سامي", "Işıl"])
def test_a_first_name_is_not_given_up_for_a_long_school_name(language: str, name: str) -> None:
    assert name in render_sms(a_wording(language=language, school=LONG_SCHOOL, pupils=(name,))).text


def test_an_absence_says_what_to_answer() -> None:
    assert render_sms(a_wording()).text == (
        "École Trois-Ponts : Lina n'était pas en classe jeudi 26 novembre après-midi.\n"
        "Répondez 1 malade, 2 autre raison, 3 devrait se trouver à l'école.\n"
        "Tél. 02 38 00 00 00"
    )
    assert render_sms(a_wording(language="en", two_way=False, link=None)).text == (
        "École Trois-Ponts: Lina was not in class on Thursday 26 November (afternoon).\nPlease call 02 38 00 00 00"
    )


ABSENT = {
    "pt": (
        "École Trois-Ponts: Lina faltou às aulas no dia 26 de novembro (quinta-feira) à tarde.\n"
        "Responda 1 doente, 2 outro motivo, 3 devia estar na escola.\n"
        "Tel. 02 38 00 00 00"
    ),
    "es": (
        "École Trois-Ponts: Lina no estaba en clase el jueves 26 de noviembre por la tarde.\n"
        "Responda 1 enfermedad, 2 otro motivo, 3 debe estar en la escuela.\n"
        "Tel. 02 38 00 00 00"
    ),
    "uk": (
        "École Trois-Ponts. Відсутність: Lina, 26.11 після обіду.\n"
        "Відповідь: 1 хворіє, 2 інша причина, 3 має бути в школі.\n"
        "Тел. 02 38 00 00 00"
    ),
}


@pytest.mark.parametrize("language", list(ABSENT))
def test_an_absence_says_what_to_answer_in_the_familys_language(language: str) -> None:
    assert render_sms(a_wording(language=language)).text == ABSENT[language]


BRIEF = {
    "pt": "Collège Forêt-Royale, falta a 26/11 à tarde: Lina.\nEnvie 1 doente, 2 outro, 3 devia estar na aula.\n",
    "es": (
        "Collège Forêt-Royale: ausencia de Lina el 26/11 por la tarde.\n"
        "Envíe 1 enfermedad, 2 otro, 3 debía ir a clase.\n"
    ),
    "uk": (
        "Collège Forêt-Royale. Відсутність: Lina, 26.11 після обіду.\n"
        "Відповідь: 1 хворіє, 2 інше, 3 має бути в школі.\n"
    ),
}


@pytest.mark.parametrize("language", list(BRIEF))
def test_where_letters_are_dear_an_absence_is_said_in_the_fewest_words(language: str) -> None:
    text = render_sms(a_wording(language=language, school=DEAR_SCHOOL)).text

    assert text.startswith(BRIEF[language])
    assert text.endswith(". 0238000000")


BRIEF_LINK = {
    "pt": "École Trois-Ponts, falta a 26/11 de manhã: os seus educandos.\nMotivo: ",
    "uk": "École Trois-Ponts. Відсутність: Ваші діти, 26.11 зранку.\nЧому? ",
}


@pytest.mark.parametrize("language", list(BRIEF_LINK))
def test_a_long_list_of_names_leaves_room_for_the_link(language: str) -> None:
    slots, names = replace(THURSDAY, half_day=HalfDay.MORNING), ("Anne-Charlotte", "Jean-Christophe", "Žofie", "Tomáš")

    said = render_sms(a_wording(language=language, slots=slots, pupils=names, two_way=False, link=LONG_LINK)).text

    assert said.startswith(f"{BRIEF_LINK[language]}{LONG_LINK}\n")


def test_the_words_of_each_answer_are_understood_after_its_digit_in_every_language() -> None:
    asks = (
        "Répondez 1 malade, 2 autre raison, 3 devrait se trouver à l'école.",
        "Répondez 1 malade, 2 autre, 3 devrait y être.",
        "Sinon, répondez à ce mail par un chiffre : 1 malade, 2 autre raison, 3 devrait être à l'école.",
    )
    kinds = (AnswerKind.ILL, AnswerKind.OTHER_REASON, AnswerKind.SHOULD_BE_HERE)
    for language, ask in product(SPOKEN, asks):
        offered = re.findall(r"[123] [^,،.]+", tongue(language).gettext(ask))

        assert [meaning_of(words) for words in offered] == [Meaning(Sense.DIGIT, kind) for kind in kinds]


@pytest.mark.parametrize(
    ("sense", "said"),
    [
        (Sense.ACKNOWLEDGED, ("Já li", "Obrigada!", "Gracias.", "Lo he leído", "Дякую", "Прочитано.")),
        (Sense.STOP, ("Parar", "Darse de baja", "СТОП")),
        (Sense.WRONG_NUMBER, ("Número errado", "Se equivoca de número", "Не той номер")),
        (Sense.YES, ("sim", "sí", "так")),
        (Sense.WORDS, ("engano", "baja", "está de baja", "немає")),
    ],
)
def test_short_answers_in_portuguese_spanish_and_ukrainian_are_understood(sense: Sense, said: tuple[str, ...]) -> None:
    assert [meaning_of(words).sense for words in said] == [sense] * len(said)


INVITED = {
    "pt": "École Trois-Ponts: reunião sobre Lina, 24/11 às 17:30.\nLocal: Salle 4\nMerci de venir.\nSIM/NAO ou em: ",
    "es": "École Trois-Ponts: reunión sobre Lina, el 24/11 a las 17:30.\nLugar: Salle 4\nMerci de venir.\nSI/NO o en: ",
    "uk": "École Trois-Ponts: зустріч (Lina), 24.11, 17:30.\nМісце: Salle 4\nMerci de venir.\nТАК/НІ або тут: ",
}


@pytest.mark.parametrize("language", list(INVITED))
def test_a_meeting_is_told_in_the_familys_language(language: str) -> None:
    assert render_sms(a_wording(NoticeKind.MEETING, language)).text == INVITED[language] + LINK


FRAMES = {
    "pt": [
        "Uma mensagem da escola",
        "Quem escreve: Mme Exemple, directrice",
        f"Para dizer que leu: {LINK}",
        "A escola escreve-lhe a propósito do seu educando: Lina.",
    ],
    "es": [
        "Un mensaje de la escuela",
        "Quién escribe: Mme Exemple, directrice",
        f"Para indicar que lo ha leído: {LINK}",
        "La escuela le escribe acerca de su hijo o hija: Lina.",
    ],
    "uk": [
        "Повідомлення від школи",
        "Від кого: Mme Exemple, directrice",
        f"Щоб повідомити, що Ви прочитали: {LINK}",
        "Школа пише Вам щодо Вашої дитини: Lina.",
    ],
}


@pytest.mark.parametrize("language", list(FRAMES))
def test_an_announcement_stands_in_a_frame_of_the_familys_language(language: str) -> None:
    lines = render_email(a_wording(NoticeKind.ANNOUNCEMENT, language)).text.splitlines()

    assert [line for line in lines if line in FRAMES[language]] == FRAMES[language]
    assert "La piscine est fermée jeudi." in lines


@pytest.mark.parametrize(
    ("language", "word"), [("pt", "URGENTE"), ("es", "URGENTE"), ("uk", "ТЕРМІНОВО"), ("en", "URGENT"), ("tr", "ACİL")]
)
def test_what_is_urgent_says_so_in_capitals_before_anything_else(language: str, word: str) -> None:
    wording = a_wording(NoticeKind.URGENT, language)

    assert render_sms(wording).text.startswith(f"École Trois-Ponts, {word}: Une canalisation a cédé")
    assert render_email(wording).subject == f"École des Trois-Ponts, {word}: École fermée"


def test_no_child_is_named_where_none_may_be() -> None:
    assert render_sms(a_wording(pupils=())).text.startswith("École Trois-Ponts : votre enfant n'était pas en classe")
    assert "Votre enfant n’était pas en classe" in render_email(a_wording(pupils=())).text


def test_one_family_never_reads_another_familys_names() -> None:
    for kind in SLOTS:
        for language in SPOKEN:
            render_sms(a_wording(kind, language, pupils=("Lina",)))
            render_email(a_wording(kind, language, pupils=("Lina",)))

            sms = render_sms(a_wording(kind, language, pupils=("Sami",)))
            mail = render_email(a_wording(kind, language, pupils=("Sami",)))

            assert "Lina" not in sms.text + mail.text + (mail.html or "")
            assert "Sami" in mail.text
            assert "Sami" in (mail.html or "")
            assert "Sami" not in (mail.subject or "")


@pytest.mark.parametrize("kind", list(SLOTS))
def test_a_french_sms_has_no_mark_that_makes_it_dear(kind: NoticeKind) -> None:
    for pupils in ((), ("Lina",), ("Lina", "Sami")):
        for two_way in (True, False):
            text = render_sms(a_wording(kind, pupils=pupils, two_way=two_way)).text

            assert dear_characters(text) == ()


def test_portuguese_and_spanish_spell_most_sms_without_a_dear_letter() -> None:
    afternoons = [NoticeKind.ABSENCE, NoticeKind.ANNOUNCEMENT, NoticeKind.URGENT]
    for language, kind, two_way in product(("pt", "es"), afternoons, (True, False)):
        assert dear_characters(render_sms(a_wording(kind, language, two_way=two_way)).text) == ()
    for half_day in HalfDay:
        text = render_sms(a_wording(language="es", slots=replace(THURSDAY, half_day=half_day))).text
        assert dear_characters(text) == ()


def test_a_french_mail_is_set_as_print_does_but_the_author_keeps_his_marks() -> None:
    text = render_email(a_wording(NoticeKind.ANNOUNCEMENT, slots=Slots(text="L'eau : c'est sûr ?"))).text

    assert "Une question\u00a0? Répondez à ce mail, dans votre langue. Votre réponse arrive à l’école" in text
    assert "L'eau : c'est sûr ?" in text


def test_an_arabic_mail_runs_from_right_to_left_on_html_and_on_its_block() -> None:
    html = render_email(a_wording(language="ar", pupils=("سامي",))).html or ""

    assert '<html lang="ar" dir="rtl">' in html
    assert '<div class="m-ground" lang="ar" dir="rtl"' in html
    assert '<bdi dir="ltr">02\u00a038\u00a000\u00a000\u00a000</bdi>' in html


def test_an_arabic_sms_starts_right_to_left_and_its_number_is_not_turned_round() -> None:
    text = render_sms(a_wording(language="ar")).text

    assert text.startswith("\u200fÉcole Trois-Ponts: غياب Lina يوم 26/11 بعد الظهر.\n")
    assert text.endswith("هاتف 0238000000")


def test_what_was_translated_and_not_reviewed_carries_the_french_below() -> None:
    for language in ("en", "ar", "tr", "pt", "es", "uk"):
        mail = render_email(a_wording(language=language))
        for words in (mail.text, mail.html or ""):
            assert "Lina n’était pas en classe jeudi 26 novembre après-midi." in words
        assert '<div class="m-words" lang="fr" dir="ltr"' in (mail.html or "")

    assert render_email(a_wording()).text.count("n’était pas en classe") == 1


def test_free_words_travel_as_written_under_a_heading_in_the_readers_language() -> None:
    slots = Slots(text="Zəng edin <b>sabah</b>\r\n\r\n- 1\r\n- 2", subject="& co", language="az")
    mail = render_email(a_wording(NoticeKind.ANNOUNCEMENT, "tr", slots=slots))
    html = mail.html or ""

    assert "Okuldan bir mesaj</h1>" in html
    assert '<div class="m-words" lang="az" dir="ltr"' in html
    assert "Zəng edin &lt;b&gt;sabah&lt;/b&gt;</p>" in html
    assert "- 1<br>- 2</p>" in html
    assert "&amp; co</p>" in html
    assert "& co\n\nZəng edin <b>sabah</b>\n\n- 1\n- 2\n" in mail.text
    assert "Fransızca metin" not in mail.text
    assert mail.subject == "École des Trois-Ponts: & co"


def test_words_in_arabic_keep_their_direction_in_a_french_mail() -> None:
    mail = render_email(a_wording(NoticeKind.URGENT, slots=Slots(text="المدرسة مغلقة", language="ar")))

    assert '<div class="m-words" lang="ar" dir="rtl"' in (mail.html or "")
    assert '<html lang="fr" dir="ltr">' in (mail.html or "")


def test_an_announcement_by_sms_is_what_was_written() -> None:
    text = render_sms(a_wording(NoticeKind.ANNOUNCEMENT, two_way=False)).text

    assert text == f"École Trois-Ponts : La piscine est fermée jeudi.\nJ'ai lu : {LINK}\nTél. 02 38 00 00 00"


def test_a_meeting_is_told_in_the_schools_own_time() -> None:
    there = replace(SCHOOL, timezone="Indian/Reunion")

    assert "réunion mardi 24 novembre à 17 h 30." in render_sms(a_wording(NoticeKind.MEETING, pupils=())).text
    assert "à 20 h 30." in render_sms(a_wording(NoticeKind.MEETING, pupils=(), school=there)).text


def test_a_long_text_is_cut_in_an_sms_and_says_where_the_rest_is() -> None:
    slots = Slots(text="voici " * 600)
    text = render_sms(a_wording(NoticeKind.ANNOUNCEMENT, slots=slots)).text
    without_link = render_sms(a_wording(NoticeKind.URGENT, slots=slots, link=None)).text

    assert len(text) < 1_500
    assert text.endswith(f"voici (...)\nLa suite : {LINK}")
    assert without_link.endswith("voici (...)\nLa suite au 02 38 00 00 00")


def test_a_mail_fetches_nothing_and_runs_nothing() -> None:
    for kind in SLOTS:
        html = render_email(a_wording(kind)).html or ""

        assert not re.search(r"<img|<script|<link|<form|src=|url\(|@import|onload", html)
        assert set(re.findall(r'href="([^"]*)"', html)) == {LINK, f"{LINK}/stop"}


def test_nobody_can_write_a_link_code_or_a_control_character() -> None:
    text = f"a {LINK_CODE} b _{LINK_CODE}\x00\x1b[2J\u202ec\ue000d\r\ne"
    wording = a_wording(NoticeKind.ANNOUNCEMENT, slots=Slots(text=text), pupils=(f"Lina{LINK_CODE}",), link=None)
    mail = render_email(wording)

    for words in (render_sms(wording).text, mail.text, mail.html or ""):
        assert LINK_CODE not in words
        assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e\ue000]", words)


def test_a_name_in_html_is_a_name_and_not_markup() -> None:
    html = render_email(a_wording(pupils=("<i>Lina</i>", "O'Nil"))).html or ""

    assert "&lt;i&gt;Lina&lt;/i&gt; et O&#39;Nil" in html


@pytest.mark.parametrize(
    ("kind", "slots", "field", "sentence"),
    [
        (NoticeKind.ANNOUNCEMENT, Slots(), "text", "Il manque le texte du message."),
        (NoticeKind.ANNOUNCEMENT, Slots(text=" \n\t\x00"), "text", "Il manque le texte du message."),
        (NoticeKind.URGENT, Slots(phrase="closed"), "day", "Il manque le jour et la demi-journée."),
        (NoticeKind.CRISIS, Slots(text="x"), "phrase", "Choisissez une phrase prête."),
        (NoticeKind.URGENT, Slots(phrase="sheltered"), "phrase", "Cette phrase n'est pas au recueil."),
        (NoticeKind.CRISIS, Slots(phrase="sheltered", text="x"), "text", "Cette phrase part seule, sans texte ajouté."),
        (NoticeKind.ABSENCE, Slots(half_day=HalfDay.DAY), "day", "Il manque le jour de l'absence."),
        (NoticeKind.ABSENCE, Slots(day=date(2026, 9, 1)), "half_day", "Il manque la demi-journée de l'absence."),
        (NoticeKind.MEETING, Slots(text="Venez"), "starts_at", "Il manque le jour et l'heure de la réunion."),
        (
            NoticeKind.MEETING,
            Slots(starts_at=datetime(2026, 9, 1, 18)),  # noqa: DTZ001 (a naive hour is what is refused)
            "starts_at",
            "L'heure de la réunion n'a pas de fuseau horaire.",
        ),
        (NoticeKind.HOMEWORK, Slots(text="x", day=date(2026, 9, 1)), "subject", "Il manque la matière du devoir."),
        (
            NoticeKind.HOMEWORK,
            Slots(subject="Maths"),
            "day",
            "Il manque le jour pour lequel le devoir est à faire.",
        ),
        (NoticeKind.DOCUMENT, Slots(subject=" ", text="x"), "subject", "Il manque le titre."),
        (NoticeKind.RESULT, Slots(text="x"), "subject", "Il manque le titre."),
        (NoticeKind.DIGEST, Slots(news=News()), "news", "Il n'y a rien de nouveau à dire."),
        (NoticeKind.CODE, Slots(code="12345"), "code", "Il manque les six chiffres du code."),
        (NoticeKind.CODE, Slots(code="١٢٣٤٥٦"), "code", "Il manque les six chiffres du code."),
        (
            NoticeKind.ANNOUNCEMENT,
            Slots(text="x" * 4_000_000),
            "text",
            "Le texte est trop long : 4 000 caractères au plus.",
        ),
        (
            NoticeKind.URGENT,
            Slots(text="x", subject="a\r\nBcc: tous@x.test"),
            "subject",
            "L'objet tient sur une ligne, 150 caractères au plus.",
        ),
        (
            NoticeKind.MEETING,
            Slots(starts_at=datetime(2026, 9, 1, tzinfo=UTC), place="a\nb"),
            "place",
            "Le lieu tient sur une ligne, 150 caractères au plus.",
        ),
        (NoticeKind.URGENT, Slots(text="x", language='fr"><'), "language", "La langue du texte n'est pas connue."),
    ],
)
def test_a_missing_or_impossible_word_is_one_clear_sentence(
    kind: NoticeKind, slots: Slots, field: str, sentence: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        check_slots(kind, slots)
    assert (str(refused.value), refused.value.field) == (sentence, field)

    for say in (render_sms, render_email):
        with pytest.raises(InvalidError, match=re.escape(sentence)):
            say(replace(a_wording(), kind=kind, slots=slots))


def test_a_school_that_families_could_not_call_back_is_refused() -> None:
    check_school(SCHOOL)
    for wrong, field in (
        (replace(SCHOOL, phone=""), "phone"),
        (replace(SCHOOL, short_name="Ecole qui ne veut pas finir"), "short_name"),
        (replace(SCHOOL, name=" "), "name"),
    ):
        with pytest.raises(InvalidError) as refused:
            check_school(wrong)
        assert refused.value.field == field


def test_a_channel_without_words_says_so() -> None:
    with pytest.raises(InvalidError, match="Ce canal n'a pas encore de textes"):
        render(ChannelName.LETTER, a_wording())


def test_every_sentence_is_in_every_catalogue() -> None:
    assert catalogues.check() == []


def test_a_translation_that_lost_a_field_or_a_form_is_found() -> None:
    wanted = Catalog(locale="fr")
    wanted.add("Tél. %(phone)s")
    wanted.add(("%(pupils)s absent", "%(pupils)s absents"))
    arabic = Catalog(locale="ar")
    arabic.add("Tél. %(phone)s", "هاتف")
    arabic.add(("%(pupils)s absent", "%(pupils)s absents"), ("غياب %(pupils)s",) * 5)

    faults = [fault for message in wanted if message.id for fault in catalogues._faults(arabic, message)]

    assert faults == [
        "not the same fields in 'هاتف'",
        "needs 6 forms, all of them: ('%(pupils)s absent', '%(pupils)s absents')",
    ]


def test_plurals_follow_each_language() -> None:
    def children(language: str) -> list[str]:
        return [tongue(language).ngettext("votre enfant", "vos enfants", n) for n in (0, 1, 2, 3, 11, 100)]

    assert children("fr") == ["votre enfant", "votre enfant", *["vos enfants"] * 4]
    assert children("en") == ["your children", "your child", *["your children"] * 4]
    assert children("ar") == ["طفلكم", "طفلكم", "طفليكم", "أطفالكم", "أطفالكم", "أطفالكم"]
    assert children("pt") == ["os seus educandos", "o seu educando", *["os seus educandos"] * 4]
    assert children("es") == ["sus hijos", "su hijo/a", *["sus hijos"] * 4]
    assert children("uk") == ["Ваші діти", "Ваша дитина", *["Ваші діти"] * 4]


def test_the_verb_of_an_absence_follows_the_number_of_children() -> None:
    two = ("Lina", "Sami")

    assert "Lina e Sami faltaram às aulas" in render_sms(a_wording(language="pt", pupils=two)).text
    assert "Lina y Sami no estaban en clase" in render_sms(a_wording(language="es", pupils=two)).text
    assert "Відсутність: Lina і Sami, 26.11" in render_sms(a_wording(language="uk", pupils=two)).text


def test_spanish_says_e_before_the_sound_i() -> None:
    assert tongue("es").names(("Lina", "Inés")) == "Lina e Inés"
    assert tongue("es").names(("Lina", "Sami", "Hilda")) == "Lina, Sami e Hilda"
    assert tongue("es").names(("Inés", "Yasmine")) == "Inés y Yasmine"
    assert tongue("es").names(("Lina", "Hielo")) == "Lina y Hielo"
    assert tongue("pt").names(("Lina", "Inês")) == "Lina e Inês"
    assert tongue("fr").names(("Lina", "Inès")) == "Lina et Inès"


@pytest.mark.parametrize(
    ("tag", "code", "words"),
    [
        ("ar_MA", "ar", "ar"),
        ("ary", "ar", "ar"),
        ("en-GB", "en", "en"),
        ("FR", "fr", "fr"),
        ("ps", "ps", "fr"),
        ("pt-BR", "pt", "pt"),
        ("es_MX", "es", "es"),
        ("uk-UA", "uk", "uk"),
        ("ro-RO", "ro", "fr"),
        ("yo", "yo", "fr"),
        ("", "fr", "fr"),
        ("../etc", "fr", "fr"),
    ],
)
def test_a_language_without_a_catalogue_speaks_french_and_we_know_it(tag: str, code: str, words: str) -> None:
    language = best(tag)

    assert (language.code, language.words, language.has_words) == (code, words, code == words)
    assert render_sms(a_wording(language=tag)).language == words


def test_each_language_runs_the_way_babel_says() -> None:
    assert {code: language.direction for code, language in LANGUAGES.items()} == {
        code: Locale.parse(code).text_direction for code in LANGUAGES
    }
    assert SPOKEN == ("fr", "en", "ar", "tr", "pt", "es", "uk")
    assert [code for code in SPOKEN if LANGUAGES[code].reviewed] == ["fr"]


def test_half_days_are_named_in_each_language() -> None:
    named = {code: [tongue(code).half_day(half_day) for half_day in HalfDay] for code in SPOKEN}

    assert named == {
        "fr": ["matin", "après-midi", "journée"],
        "en": ["morning", "afternoon", "all day"],
        "ar": ["صباحاً", "بعد الظهر", "طوال اليوم"],
        "tr": ["sabah", "öğleden sonra", "tüm gün"],
        "pt": ["manhã", "tarde", "todo o dia"],
        "es": ["por la mañana", "por la tarde", "todo el día"],
        "uk": ["зранку", "після обіду", "увесь день"],
    }


@pytest.mark.parametrize(
    ("language", "days", "shorts", "moment"),
    [
        (
            "pt",
            ["24 de novembro (terça-feira) de manhã", "à tarde", ", todo o dia"],
            ["24/11 de manhã", "24/11 à tarde", "24/11, todo o dia"],
            "24 de novembro (terça-feira) às 09:05",
        ),
        (
            "es",
            ["martes 24 de noviembre por la mañana", "por la tarde", ", mañana y tarde"],
            ["24/11 por la mañana", "24/11 por la tarde", "24/11, mañana y tarde"],
            "martes 24 de noviembre a las 9:05",
        ),
        (
            "uk",
            ["24 листопада (вівторок) зранку", "після обіду", ", увесь день"],
            ["24.11 зранку", "24.11 після обіду", "24.11, увесь день"],
            "24 листопада (вівторок), 09:05",
        ),
    ],
)
def test_days_and_hours_are_written_as_each_language_does(
    language: str, days: list[str], shorts: list[str], moment: str
) -> None:
    speaks, tuesday = tongue(language), date(2026, 11, 24)

    whole = [speaks.half_day_on(tuesday, half_day) for half_day in HalfDay]
    assert whole[0] == days[0]
    assert all(said.endswith(end) for said, end in zip(whole, days, strict=True))
    assert [speaks.half_day_on(tuesday, half_day, short=True) for half_day in HalfDay] == shorts
    assert speaks.moment(datetime(2026, 11, 24, 8, 5, tzinfo=UTC), "Europe/Paris") == moment
    assert speaks.day(date(2026, 9, 6), short=True) == {"pt": "06/09", "es": "6/9", "uk": "06.09"}[language]


def test_the_first_of_a_month_is_an_ordinal_in_french_alone() -> None:
    first = date(2026, 12, 1)
    assert tongue("fr").day(first) == "mardi 1er décembre"
    assert tongue("fr").day(date(2026, 12, 11)) == "vendredi 11 décembre"
    assert tongue("en").day(first) == "Tuesday 1 December"
