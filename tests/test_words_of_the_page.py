"""Words of what stands on the family's page: homework, documents, results, the evening's news, and the page's code."""

import re
from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from hub.ports import LINK_CODE, ChannelName, Follows, News, NoticeKind, SchoolCard, Slots, Wording
from i18n.languages import SPOKEN
from i18n.rendering import FIRST_WORDS, render, render_email, render_sms
from i18n.segments import count
from i18n.tongues import tongue
from web.refusals import SENTENCES

SCHOOL = SchoolCard("École des Trois-Ponts", "École Trois-Ponts", "02 38 00 00 00")
DEAR_SCHOOL = SchoolCard("Collège de la Forêt-Royale", "Collège Forêt-Royale", "02 38 00 00 00")
LINK, LONG_LINK = f"https://x.test/l/{LINK_CODE}", f"https://passerelle.ville.test/l/{LINK_CODE}"
WEDNESDAY = date(2026, 9, 23)
"""The longest day of the week in most languages, in the longest month."""
NEWS = News(homework=3, documents=5, to_sign=2, results=4)
SLOTS = {
    NoticeKind.HOMEWORK: Slots(subject="Maths", day=WEDNESDAY),
    NoticeKind.DOCUMENT: Slots(subject="Sortie", day=WEDNESDAY, signs=True),
    NoticeKind.RESULT: Slots(subject="Calcul"),
    NoticeKind.DIGEST: Slots(news=NEWS),
    NoticeKind.CODE: Slots(code="123456"),
}
POCKETS = (ChannelName.PUSH, ChannelName.CHAT)
FAMILIES = [(), ("Sami",), ("Capucine",), ("سامي",), ("Lina", "Sami"), ("Anne-Charlotte", "Maximilien-Désiré", "Zoë")]


def a_wording(kind: NoticeKind, language: str = "fr", **changes: object) -> Wording:
    wording = Wording(kind, SLOTS[kind], SCHOOL, "Mme Exemple", language, pupils=("Lina",), link=LINK, two_way=True)
    return replace(wording, **changes)  # type: ignore[arg-type]  # a factory names only what matters


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("kind", list(SLOTS))
def test_each_is_said_on_every_channel_with_the_way_to_it(kind: NoticeKind, language: str) -> None:
    for channel, pupils in product((ChannelName.SMS, ChannelName.EMAIL, *POCKETS), FAMILIES):
        body = render(channel, a_wording(kind, language, pupils=pupils))

        said = "\n".join(filter(None, [body.subject, body.text, body.html]))
        assert body.language == language
        assert not re.search(r"[\r\ue000\ue001]|%\(|\{\{|\{%|None", said)
        where = body.link if channel in POCKETS else body.text
        assert (LINK in (where or "")) is (kind is not NoticeKind.CODE)


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("kind", list(SLOTS))
def test_what_we_say_of_it_is_two_sms_at_most_and_a_code_one(kind: NoticeKind, language: str) -> None:
    most = 1 if kind is NoticeKind.CODE else 2
    for school, link, two_way, pupils in product((SCHOOL, DEAR_SCHOOL), (LINK, LONG_LINK), (True, False), FAMILIES):
        wording = a_wording(kind, language, school=school, link=link, two_way=two_way, pupils=pupils)

        text = render_sms(wording).text

        assert count(text).segments <= most
        assert school.short_name in text
        assert (link in text) is (kind is not NoticeKind.CODE)


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("kind", [NoticeKind.HOMEWORK, NoticeKind.RESULT, NoticeKind.DIGEST])
def test_a_child_is_named_where_it_may_be(kind: NoticeKind, language: str) -> None:
    for channel in (ChannelName.SMS, ChannelName.EMAIL, *POCKETS):
        assert "Capucine" in render(channel, a_wording(kind, language, pupils=("Capucine",))).text


def test_homework_gives_its_first_words_and_the_way_to_the_rest() -> None:
    slots = replace(SLOTS[NoticeKind.HOMEWORK], text="Page 12, exercices 3 et 4. " * 20)

    wording = a_wording(NoticeKind.HOMEWORK, slots=slots)
    text = render_sms(wording).text
    whole = render_sms(replace(wording, link=None)).text

    assert text.startswith("École Trois-Ponts : Lina, devoirs pour mercredi 23 septembre.\nMaths\nPage 12, exercices")
    assert text.endswith(f" (...)\nVoir : {LINK}")
    assert len(text.split("\n")[2]) <= FIRST_WORDS + 6
    assert whole.count("Page 12") == 20


@pytest.mark.parametrize("language", SPOKEN)
def test_who_is_asked_again_to_sign_reads_so_and_never_more_than_two_sms(language: str) -> None:
    again = replace(SLOTS[NoticeKind.DOCUMENT], follows=Follows.REMINDER)

    for school, link in product((SCHOOL, DEAR_SCHOOL), (LINK, LONG_LINK)):
        wording = a_wording(NoticeKind.DOCUMENT, language, slots=again, school=school, link=link, two_way=False)
        assert count(render_sms(wording).text).segments <= 2

    said = render_email(a_wording(NoticeKind.DOCUMENT, language, slots=again)).text.replace("\u00a0", " ")
    assert "Rappel : votre signature manque encore." in said


SMS = {
    NoticeKind.DOCUMENT: (
        "École Trois-Ponts : document à signer jusqu'au mercredi 23 septembre.\nSortie\n"
        f"Lire et signer : {LINK}\nTél. 02 38 00 00 00"
    ),
    NoticeKind.RESULT: f"École Trois-Ponts : nouveau résultat pour Lina.\nCalcul\nVoir : {LINK}\nTél. 02 38 00 00 00",
    NoticeKind.DIGEST: (
        "École Trois-Ponts, ce soir pour Lina : 3 devoirs, 2 documents à signer, 3 documents et 4 résultats.\n"
        f"Voir : {LINK}\nTél. 02 38 00 00 00"
    ),
    NoticeKind.CODE: "École Trois-Ponts : votre code 123 456. Ne le donnez à personne.",
}


@pytest.mark.parametrize("kind", list(SMS))
def test_an_sms_says_what_it_is_and_where_to_look(kind: NoticeKind) -> None:
    assert render_sms(a_wording(kind, two_way=False)).text == SMS[kind]


@pytest.mark.parametrize(
    ("news", "said"),
    [
        (News(homework=1), "1 devoir."),
        (News(documents=1, to_sign=1), "1 document à signer."),
        (News(documents=2, results=1), "2 documents et 1 résultat."),
    ],
)
def test_a_digest_says_only_what_there_is(news: News, said: str) -> None:
    text = render_sms(a_wording(NoticeKind.DIGEST, slots=Slots(news=news), pupils=())).text

    assert text == f"École Trois-Ponts, ce soir : {said}\nVoir : {LINK}"


THREE = News(
    homework=3,
    documents=2,
    to_sign=1,
    results=2,
    children=((4, News(homework=2, documents=1, to_sign=1)), (7, News(homework=1, documents=1)), (9, News(results=2))),
)


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize(("link", "two_way"), [(LINK, True), (LONG_LINK, False)])
def test_a_digest_of_several_children_says_what_is_whose_in_two_sms_at_most(
    language: str, link: str, *, two_way: bool
) -> None:
    for names in (("Lina", "Adam", "Zoë"), ("Anne-Charlotte", "Maximilien-Désiré", "Zoë"), ("سامي", "Lina", "Олекса")):
        wording = a_wording(
            NoticeKind.DIGEST, language, slots=Slots(news=THREE), pupils=names, link=link, two_way=two_way
        )

        text = render_sms(wording).text
        mail = render_email(wording)
        pocket = render(ChannelName.PUSH, wording).text

        assert count(text).segments <= 2
        assert link in text
        assert all(name in mail.text and f"<bdi>{name}</bdi></h2>" in (mail.html or "") for name in names)
        assert all(name in pocket for name in names)


def test_a_digest_groups_by_child_and_says_totals_where_they_do_not_fit_or_nobody_may_be_named() -> None:
    slots = Slots(news=THREE)

    by_child = render_sms(a_wording(NoticeKind.DIGEST, slots=slots, pupils=("Lina", "Adam", "Zoé"))).text
    nameless = render_sms(a_wording(NoticeKind.DIGEST, slots=slots, pupils=())).text
    too_long = render_sms(
        a_wording(NoticeKind.DIGEST, "ar", slots=slots, pupils=("Anne-Charlotte", "Maximilien-Désiré", "Zoë"))
    ).text

    assert by_child == (
        "École Trois-Ponts, ce soir :\nLina : 2 devoirs et 1 document à signer.\n"
        f"Adam : 1 devoir et 1 document.\nZoé : 2 résultats.\nVoir : {LINK}"
    )
    assert nameless == (
        f"École Trois-Ponts, ce soir : 3 devoirs, 1 document à signer, 1 document et 2 résultats.\nVoir : {LINK}"
    )
    assert too_long.count("\n") == 1


def test_what_is_said_of_a_child_whose_link_has_ended_is_taken_off() -> None:
    assert THREE.of({4, 7, 9}) == THREE
    assert THREE.of({4, 9}) == News(
        homework=2, documents=1, to_sign=1, results=2, children=(THREE.children[0], THREE.children[2])
    )


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [
        ("uk", 1, "1 завдання"),
        ("uk", 5, "5 завдань"),
        ("ar", 2, "واجبان"),
        ("ar", 3, "3 واجبات"),
        ("en", 2, "2 homework tasks"),
    ],
)
def test_a_digest_counts_as_each_language_does(language: str, number: int, said: str) -> None:
    assert said in render_sms(a_wording(NoticeKind.DIGEST, language, slots=Slots(news=News(homework=number)))).text


def test_in_arabic_the_digits_of_a_code_stay_in_their_order() -> None:
    assert "123456" in render_sms(a_wording(NoticeKind.CODE, "ar")).text
    assert "123\u00a0456" in render_email(a_wording(NoticeKind.CODE, "ar")).text


def test_a_mail_with_a_code_shows_it_neither_in_the_subject_nor_in_the_list_of_mails() -> None:
    mail = render_email(a_wording(NoticeKind.CODE))

    shown = re.search(r'class="m-pre"[^>]*>([^<]*)<', mail.html or "")
    assert mail.subject == "École des Trois-Ponts : votre code"
    assert shown is not None
    assert "123" not in shown[1]
    assert "Votre code : 123 456" in mail.text.replace("\u00a0", " ")
    assert not re.search("Mme Exemple|Répondez|02.38|J’ai lu|http", mail.text)


def test_a_mail_about_a_result_says_neither_child_nor_title_in_its_subject() -> None:
    mail = render_email(a_wording(NoticeKind.RESULT))

    assert mail.subject == "École des Trois-Ponts : un nouveau résultat"
    assert "Un nouveau résultat pour Lina." in mail.text
    assert "Calcul" in (mail.html or "")


def test_a_title_without_a_text_stands_in_both_halves_of_a_mail() -> None:
    mail = render_email(a_wording(NoticeKind.DOCUMENT))

    assert mail.subject == "École des Trois-Ponts, à signer : Sortie"
    assert "Sortie" in mail.text
    assert "Sortie" in (mail.html or "").partition("</h1>")[2]
    assert f'href="{LINK}"' in (mail.html or "")


def test_where_nobody_has_reviewed_our_words_the_french_stands_below() -> None:
    mail = render_email(a_wording(NoticeKind.HOMEWORK, "ar", pupils=("Lina", "Sami")))

    assert "Lina et Sami : pour mercredi 23 septembre." in mail.text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("kind", "slots", "acts"),
    [
        (NoticeKind.HOMEWORK, SLOTS[NoticeKind.HOMEWORK], ["acknowledge"]),
        (NoticeKind.DOCUMENT, Slots(subject="Menu"), ["acknowledge"]),
        (NoticeKind.DOCUMENT, SLOTS[NoticeKind.DOCUMENT], []),
        (NoticeKind.DIGEST, SLOTS[NoticeKind.DIGEST], ["acknowledge"]),
        (NoticeKind.CODE, SLOTS[NoticeKind.CODE], []),
    ],
)
def test_one_tap_in_a_pocket_reads_but_never_signs(kind: NoticeKind, slots: Slots, acts: list[str]) -> None:
    assert [button.act for button in render(ChannelName.PUSH, a_wording(kind, slots=slots)).buttons] == acts


@pytest.mark.parametrize("lang", [code for code in SPOKEN if code != "fr"])
def test_what_goes_wrong_on_any_page_is_said_in_every_language(lang: str) -> None:
    assert [sentence for sentence in SENTENCES.values() if tongue(lang).gettext(sentence) == sentence] == []
