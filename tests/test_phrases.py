"""Ready phrases: what a school says when minutes count, on every channel, in every language, in few SMS."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from phrase_words import AGAIN, CORRECTIONS, DRILLS, IN_FRENCH, PLACE, REMINDERS, SAID

from hub.errors import InvalidError
from hub.ports import LINK_CODE, Body, ChannelName, Follows, HalfDay, NoticeKind, SchoolCard, Slots, Wording
from i18n.checks import check_slots
from i18n.languages import SPOKEN
from i18n.phrases import PHRASES, phrases_of
from i18n.pocket import render_pocket
from i18n.rendering import render, render_email, render_sms
from i18n.segments import count, dear_characters

SCHOOL = SchoolCard("École de la Fausse-Rivière", "École Fausse-Rivière", "02 38 00 00 00")
LINK = f"https://passerelle.ville.test/l/{LINK_CODE}"
THURSDAY = date(2026, 11, 26)
FILLED: dict[str, dict[str, object]] = {
    "when": {"day": THURSDAY, "half_day": HalfDay.AFTERNOON},
    "until": {"day": THURSDAY},
    "moment": {"starts_at": datetime(2026, 11, 26, 15, 30, tzinfo=UTC)},
    "time": {"starts_at": datetime(2026, 11, 26, 15, 30, tzinfo=UTC)},
    "place": {"place": PLACE},
    "hours": {
        "hours": (
            (datetime(2026, 11, 26, 15, 30, tzinfo=UTC), "Mme Exemple, Salle 2"),
            (datetime(2026, 11, 26, 15, 50, tzinfo=UTC), "M. Second"),
        )
    },
    "days": {"hours": ((datetime(2026, 11, 26, 15, 30, tzinfo=UTC), ""),)},
}
TRANSLATED = ("en", "ar", "tr", "pt", "es", "uk")
URGENT = [name for name, phrase in PHRASES.items() if NoticeKind.URGENT in phrase.kinds]
CRISIS = [name for name, phrase in PHRASES.items() if NoticeKind.CRISIS in phrase.kinds]
TOLD = [name for name, phrase in PHRASES.items() if NoticeKind.REMINDER in phrase.kinds]


def filled(name: str, *blanks: str, **changes: object) -> Slots:
    """Fill in the blanks named of a phrase: all of them when none is."""
    chosen: dict[str, object] = {"phrase": name}
    for blank in blanks or PHRASES[name].blanks:
        chosen |= FILLED[blank]
    return Slots(**(chosen | changes))  # type: ignore[arg-type]  # a factory names only what matters


def needed(name: str) -> Slots:
    """Fill in what a phrase needs and nothing more."""
    return filled(name, *PHRASES[name].needs) if PHRASES[name].needs else Slots(phrase=name)


def a_wording(
    slots: Slots, language: str = "fr", *, kind: NoticeKind | None = None, link: str | None = LINK
) -> Wording:
    kind = kind or PHRASES[slots.phrase or ""].kinds[0]
    return Wording(kind, slots, SCHOOL, "Mme Exemple, directrice", language, link=link, two_way=True)


def sms(slots: Slots, language: str = "fr", *, kind: NoticeKind | None = None, link: str | None = LINK) -> str:
    return render_sms(a_wording(slots, language, kind=kind, link=link)).text


def plain(words: str) -> str:
    """Read print marks as typed ones: mail and notifications are set with ’ and spaces that do not break."""
    return words.replace("’", "'").replace("\u00a0", " ")


def shown(body: Body) -> str:
    return "\n".join(filter(None, (body.subject, body.text, body.html)))


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("name", list(PHRASES))
def test_a_phrase_is_said_on_every_channel_with_what_was_filled_in_and_nothing_else(name: str, language: str) -> None:
    channels = (ChannelName.SMS, ChannelName.EMAIL, ChannelName.PUSH, ChannelName.CHAT)
    for slots, kind, channel in product((filled(name), needed(name)), PHRASES[name].kinds, channels):
        body = render(channel, a_wording(slots, language, kind=kind))

        said = shown(body)
        assert body.language == language
        assert not re.search(r"[\ue000\ue001]|%\(|\{\{|\{%|None", said)
        assert (PLACE in said) is (slots.place is not None)
        assert ("16:30" in plain(said) or "16 h 30" in plain(said)) is (
            bool(slots.starts_at or slots.hours) and name != "evening_cancelled"
        )
        dated = slots.day is not None or not {"moment", "hours", "days"}.isdisjoint(PHRASES[name].needs)
        assert bool(re.search(r"\b26\b", said)) is dated


SCHOOL_DAYS = [
    monday + timedelta(days=later)
    for monday in (date(2026, 9, 28), date(2026, 11, 23), date(2027, 2, 22), date(2027, 6, 21))
    for later in range(6)
]


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("name", URGENT)
def test_an_urgent_phrase_with_its_place_and_link_is_three_sms_at_most(name: str, language: str) -> None:
    assert (len(SCHOOL.short_name), len(PLACE), len(LINK)) == (20, 25, 44)
    for day, half_day in product(SCHOOL_DAYS, HalfDay):
        slots = replace(filled(name), day=day, half_day=half_day)

        assert count(sms(slots, language)).segments <= 3


NEVER_TWO = {("pt", "water"), ("es", "heating")}
"""Phrases whose plainest words are dear: água, calefacción."""
DEAR_IN_THE_MORNING = {("pt", "heating"), ("pt", "snow"), ("pt", "canteen")}
"""« de manhã » has a letter outside GSM-7."""


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("name", URGENT)
def test_an_urgent_phrase_alone_is_two_sms_at_most_where_its_language_allows(name: str, language: str) -> None:
    for half_day in HalfDay:
        slots = needed(name) if PHRASES[name].needs != ("when",) else replace(needed(name), half_day=half_day)
        dear = (language, name) in NEVER_TWO or (
            half_day is HalfDay.MORNING and (language, name) in DEAR_IN_THE_MORNING
        )

        assert count(sms(slots, language, link=None)).segments <= (3 if dear else 2)


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("name", CRISIS)
def test_a_crisis_is_two_sms_at_most_and_three_in_a_drill(name: str, language: str) -> None:
    assert count(sms(filled(name), language)).segments <= 2
    assert count(sms(filled(name, exercise=True), language)).segments <= 3


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("name", TOLD)
def test_news_of_a_new_way_to_be_written_to_is_two_sms_at_most(name: str, language: str) -> None:
    assert count(sms(filled(name), language)).segments <= 2


@pytest.mark.parametrize("name", list(PHRASES))
def test_an_english_phrase_has_no_mark_that_makes_it_dear(name: str) -> None:
    assert dear_characters(sms(filled(name), "en")) == ()
    assert dear_characters(sms(filled(name, exercise=name in CRISIS), "en")) == ()


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("name", CRISIS)
def test_a_crisis_sms_gives_no_number_and_no_link_and_asks_nothing(name: str, language: str) -> None:
    for exercise in (False, True):
        text = sms(filled(name, exercise=exercise), language)

        assert "0238000000" not in text.replace(" ", "")
        assert not re.search(r"http|[?؟]|\n", text)
        assert LINK_CODE not in text


@pytest.mark.parametrize("name", list(PHRASES))
def test_the_french_stands_behind_what_no_native_speaker_has_reviewed(name: str) -> None:
    for say in (render_email, render_pocket):
        for language in TRANSLATED:
            lines = plain(say(a_wording(filled(name), language)).text).splitlines()
            french = [line for line in lines if line.startswith(IN_FRENCH[name])]

            assert len(french) == 1
            assert lines.index(french[0]) > len(PHRASES[name].sentences)

        assert plain(say(a_wording(filled(name))).text).count(IN_FRENCH[name]) == 1


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("name", CRISIS)
def test_a_drill_says_so_first_and_last(name: str, language: str) -> None:
    slots, drill = filled(name, exercise=True), DRILLS[language]
    text = sms(slots, language).split(": ", 1)[1]
    paragraphs = plain(render_email(a_wording(slots, language)).text).split("\n\n")

    pocket = plain(render_pocket(a_wording(slots, language)).text).split("\n")

    assert text.startswith(f"{drill} ")
    assert text.endswith(f" {drill}")
    assert [place for place, words in enumerate(paragraphs) if words == drill] == [2, 3 + len(PHRASES[name].sentences)]
    assert [place for place, words in enumerate(pocket) if words == drill] == [1, 2 + len(PHRASES[name].sentences)]


@pytest.mark.parametrize("name", list(PHRASES))
def test_a_phrase_in_arabic_runs_from_right_to_left(name: str) -> None:
    wording = a_wording(filled(name), "ar")

    assert render_sms(wording).text.startswith("\u200fÉcole Fausse-Rivière")
    assert (render_email(wording).subject or "").startswith("\u200fÉcole de la Fausse-Rivière")
    assert '<html lang="ar" dir="rtl">' in (render_email(wording).html or "")
    assert render_pocket(wording).direction == "rtl"
    assert not sms(filled(name), "tr").startswith("\u200f")


NO_DAY, NO_TIME = ("day", "Il manque le jour et la demi-journée."), ("starts_at", "Il manque l'heure.")
LACKING = dict.fromkeys(("closed", "heating", "strike", "transport", "snow", "water", "power", "canteen"), NO_DAY) | {
    "open_again": NO_DAY,
    "late_return": NO_TIME,
    "collect": NO_TIME,
    "appointments": NO_DAY,
    "time_free": NO_TIME,
    "appointment_cancelled": NO_TIME,
    "appointment_near": NO_TIME,
    "appointment_online": NO_TIME,
    "place_found": NO_TIME,
    "evening_wishes": NO_DAY,
    "evening_cancelled": ("hours", NO_TIME[1]),
    "evening_hours": ("hours", NO_TIME[1]),
    "evening_some": ("hours", NO_TIME[1]),
}


def test_a_phrase_with_an_empty_blank_is_refused_and_the_blank_is_named() -> None:
    assert set(LACKING) == {name for name, phrase in PHRASES.items() if phrase.needs}

    for name, (field, sentence) in LACKING.items():
        with pytest.raises(InvalidError) as refused:
            check_slots(PHRASES[name].kinds[0], Slots(phrase=name, place=PLACE))
        assert (str(refused.value), refused.value.field) == (sentence, field)

        for say in (render_sms, render_email, render_pocket):
            with pytest.raises(InvalidError, match=sentence):
                say(a_wording(Slots(phrase=name, place=PLACE)))


APPOINTMENTS = [
    *("appointments", "time_free", "appointment_cancelled", "appointments_off"),
    *("appointment_near", "appointment_online"),
    *("evening_wishes", "evening_hours", "evening_some", "evening_cancelled", "evening_none"),
]
OF_A_CHILD = [name for name, phrase in PHRASES.items() if phrase.of_a_child]


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("name", OF_A_CHILD)
def test_what_is_said_of_one_child_names_it_on_every_channel_where_that_may_be(name: str, language: str) -> None:
    nobody = a_wording(filled(name), language)
    channels = (ChannelName.SMS, ChannelName.EMAIL, ChannelName.PUSH, ChannelName.CHAT)

    for channel in channels:
        named, unnamed = render(channel, replace(nobody, pupils=("Lina",))), render(channel, nobody)
        assert "Lina" in named.text
        assert "Lina" not in shown(unnamed)
        assert not re.search(r"[\ue000\ue001]|%\(", shown(named))
    most = 3 if nobody.kind is NoticeKind.ANNOUNCEMENT else 2
    assert count(render_sms(replace(nobody, pupils=("Maximilienne",), link=None)).text).segments <= most


def test_all_the_hours_of_a_family_are_said_in_one_message_the_day_before_the_first_of_each() -> None:
    friday = (datetime(2026, 11, 27, 16, 0, tzinfo=UTC), "M. Second")
    slots = filled("evening_some")
    said = render_sms(a_wording(replace(slots, hours=(*slots.hours, friday)))).text

    assert (
        "On vous attend à l'école : jeudi 26 novembre à 16 h 30 (Mme Exemple, Salle 2), 16 h 50 (M. Second) et "
        "vendredi 27 novembre à 17 h 00 (M. Second). "
        "Il n'y a pas d'heure pour toutes vos demandes : l'école vous préviendra." in said
    )


def test_an_evening_of_two_days_that_does_not_take_place_names_both() -> None:
    friday = (datetime(2026, 11, 27, 16, 0, tzinfo=UTC), "")
    slots = filled("evening_cancelled")
    said = render_sms(a_wording(replace(slots, hours=(*slots.hours, friday)))).text

    assert "La rencontre à l'école du jeudi 26 novembre et vendredi 27 novembre n'a pas lieu. Ne venez pas." in said


def test_what_is_said_of_one_child_is_never_offered_to_press() -> None:
    assert ["found", "explained", *APPOINTMENTS] == OF_A_CHILD
    assert not {phrase.name for kind in NoticeKind for phrase in phrases_of(kind)} & set(OF_A_CHILD)


def test_a_drill_of_anything_but_a_crisis_is_refused() -> None:
    with pytest.raises(InvalidError) as refused:
        check_slots(NoticeKind.URGENT, Slots(phrase="call_us", exercise=True))
    assert (str(refused.value), refused.value.field) == ("Un exercice se fait avec les phrases d'alerte.", "exercise")


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize(
    ("kind", "slots", "first"),
    [
        (NoticeKind.ANNOUNCEMENT, Slots(text="Piscine vendredi."), "Piscine vendredi."),
        (NoticeKind.ANNOUNCEMENT, Slots(phrase="disregard"), None),
        (NoticeKind.URGENT, Slots(text="Pas de car."), "Pas de car."),
        (NoticeKind.URGENT, filled("closed"), None),
        (NoticeKind.MEETING, Slots(starts_at=datetime(2026, 11, 26, 15, 30, tzinfo=UTC)), "26"),
    ],
)
def test_what_follows_a_notice_says_so_before_anything_else(
    kind: NoticeKind, slots: Slots, first: str | None, language: str
) -> None:
    reminder = (AGAIN if kind is NoticeKind.MEETING else REMINDERS)[language]
    for follows, opening in ((Follows.CORRECTION, CORRECTIONS[language]), (Follows.REMINDER, reminder)):
        wording = a_wording(replace(slots, follows=follows), language, kind=kind)
        text, mail, pocket = (plain(say(wording).text) for say in (render_sms, render_email, render_pocket))

        if kind is NoticeKind.MEETING:  # by SMS the invitation opens with who writes, and says this below
            assert text.lstrip("\u200f").startswith("École Fausse-Rivière")
            assert text.count(opening) == 1
        else:
            assert re.fullmatch(r"\u200f?École Fausse-Rivière([,،] \w+)? ?: ", text.split(opening)[0])
        assert mail.split("\n\n")[2] == opening
        assert pocket.split("\n")[1] == opening
        for words in (mail, pocket) if first else ():
            assert words.index(opening) < words.index(first or "")


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("name", list(SAID))
def test_what_matters_most_is_said_word_for_word(name: str, language: str) -> None:
    first = sms(filled(name), language).split("\n", 1)[0]

    assert first.split(": ", 1)[1] == SAID[name][language]


ALARMS = {
    "fr": "ALERTE :",
    "en": "ALERT:",
    "ar": "إنذار:",
    "tr": "ALARM:",
    "pt": "ALERTA:",
    "es": "ALERTA:",
    "uk": "ТРИВОГА:",
}


@pytest.mark.parametrize("language", SPOKEN)
def test_an_alarm_is_seen_to_be_one_right_after_the_schools_name(language: str) -> None:
    words = sms(filled("sheltered"), language).removeprefix("\u200f").split()

    assert " ".join(words[2:]).startswith(ALARMS[language])
    assert words[:2] in (["École", "Fausse-Rivière,"], ["École", "Fausse-Rivière،"])
    assert "URGENT" not in render_email(a_wording(filled("sheltered"), language)).text


@pytest.mark.parametrize("name", ["appointment_near", "appointment_online", "place_found"])
def test_the_mail_about_an_hour_or_a_place_does_not_pass_for_one_about_how_the_school_writes(name: str) -> None:
    body = render(ChannelName.EMAIL, a_wording(needed(name), "fr", kind=NoticeKind.REMINDER))

    assert "un message pour vous" in str(body.subject)
