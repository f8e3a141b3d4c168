"""Every answer comes home: by each way, with each meaning, from the press to what the director's pages show.

The box is asked whether the message arrived and what was said back; the pages, where the answer is read.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from journeys import WAYS, Family, Town, a_town

from hub.ports import NoticeKind
from hub.sealing import Keyring
from i18n.languages import SPOKEN

in_town = pytest.mark.asyncio(loop_scope="module")
on_sqlite = pytest.mark.parametrize("town", ["sqlite"], indirect=True)
ABSENCE, MEETING, NEWS = NoticeKind.ABSENCE, NoticeKind.MEETING, NoticeKind.ANNOUNCEMENT


@dataclass(frozen=True)
class Meaning:
    """What may be meant: what was pressed before; as what it is written down, and kept; where one reads it.

    `board`: where one reads it when it was a button, which leaves no words. `state`: of the message, in the end.
    """

    kind: NoticeKind
    answer: tuple[str, int | None] | None
    sense: str
    where: str
    shown: str
    board: str = ""
    state: str = ""


SHOULD = "Capucine Exemple CP A, le matin 1 demi-journée ce mois-ci Devrait être à l'école, dit depuis 7 h 12"
ILL = "Capucine Exemple CP A, le matin 1 demi-journée ce mois-ci justifiée malade Odile Exemple, {through}"
KNOWS = "Personne à appeler. ont confirmé 1"
MEANINGS = {
    "reason": Meaning(ABSENCE, ("ill", None), "reason", "register", ILL, state="acknowledged"),
    "should be": Meaning(ABSENCE, ("should_be_here", None), "should_be_here", "register", SHOULD, state="acknowledged"),
    "yes": Meaning(
        MEETING, ("yes", None), "yes", "turn", "Odile Exemple , 7 h 12, par {way} oui {words}", KNOWS, "acknowledged"
    ),
    "no": Meaning(
        MEETING, ("no", None), "no", "turn", "Odile Exemple , 7 h 12, par {way} non {words}", KNOWS, "acknowledged"
    ),
    "number": Meaning(
        MEETING,
        ("count", 3),
        "count",
        "turn",
        "Odile Exemple , 7 h 12, par {way} combien : 3 {words}",
        KNOWS,
        "acknowledged",
    ),
    "seen": Meaning(NEWS, ("acknowledged", None), "acknowledged", "board", KNOWS, KNOWS, "acknowledged"),
    "STOP": Meaning(NEWS, None, "stop", "turn", "ne veut plus de messages ici"),
    "STOP, for a person": Meaning(NEWS, None, "stop", "tray", "{words}"),
    "wrong number": Meaning(NEWS, None, "wrong_number", "tray", "Quelqu'un d'autre répond à cette adresse"),
    "words": Meaning(NEWS, None, "words", "inbox", "Odile Exemple 7 h 12 pour Capucine, CP A {words} nouveau"),
}
THROUGH = {"sms": "par SMS", "mail": "par e-mail", "chat": "par Telegram", "push": "sur la page", "page": "sur la page"}
TITLES = {"sms": "SMS", "mail": "E-mail", "chat": "Telegram", "page": "E-mail"}
ALARMS = {"should be": "to_call"}
BY = {"sms": "sms", "mail": "email", "chat": "chat", "push": "page", "page": "page"}
ALARM_TR = "Okul sizi hemen arıyor. Siz de arayabilirsiniz: 02 61 91 00 00"
ALARM_UK = "Школа зараз же Вам зателефонує. Ви також можете зателефонувати: 02 61 91 00 00"
STOPPED_ES = (
    "Hecho: la escuela no volverá a escribirle aquí y buscará otra forma de contactar con usted."
    " Para volver a recibir aquí sus mensajes: /start"
)

JOURNEYS = [
    # what is meant, by, in, what the family does, what it is told back (nothing by mail: two programs might go on)
    ("reason", "sms", "tr", "Kızım hasta", "Teşekkürler, not edildi."),
    ("reason", "mail", "uk", "Хворіє", ""),
    ("reason", "chat", "ar", "ابنتي مريضة", "شكراً، تم تسجيل ذلك."),
    ("reason", "chat", "pt", "[ill]", "Agradecemos, ficou anotado."),
    ("reason", "push", "es", "[ill]", "Gracias, queda anotado."),
    ("reason", "page", "fr", "[ill]", "Merci, c'est noté."),
    ("reason", "page", "en", "She is ill", "Thank you, noted."),
    (
        "should be",
        "sms",
        "en",
        "She left for school",
        "The school is calling you at once. You can also call it: {phone}",
    ),
    ("should be", "mail", "pt", "Não percebo. A minha filha foi para a escola.", ""),
    ("should be", "chat", "uk", "3", ALARM_UK),
    ("should be", "chat", "tr", "[should_be_here]", ALARM_TR),
    (
        "should be",
        "push",
        "ar",
        "[should_be_here]",
        "شكراً، تم تسجيل ذلك. ستتصل بكم المدرسة فوراً. يمكنكم أيضاً الاتصال بها:",
    ),
    (
        "should be",
        "page",
        "es",
        "[should_be_here]",
        "Gracias, queda anotado. La escuela le llama enseguida. También puede llamar usted:",
    ),
    ("yes", "sms", "es", "Sí, iremos", "Gracias, queda anotado."),
    ("yes", "mail", "tr", "Evet, geleceğiz", ""),
    ("yes", "chat", "en", "yes please", "Thank you, noted."),
    ("yes", "chat", "pt", "[yes]", "Agradecemos, ficou anotado."),
    ("yes", "push", "uk", "[yes]", "noted"),
    ("yes", "page", "ar", "[yes]", "شكراً، تم تسجيل ذلك."),
    ("no", "sms", "ar", "لا شكرا", "شكراً، تم تسجيل ذلك."),
    ("no", "mail", "fr", "Non, désolée", ""),
    ("no", "chat", "pt", "não obrigada", "Agradecemos, ficou anotado."),
    ("no", "push", "tr", "[no]", "noted"),
    ("no", "page", "uk", "[no]", "Дякуємо, записано."),
    ("number", "sms", "uk", "нас буде 3", "Дякуємо, записано."),
    ("number", "mail", "ar", "سنكون 3", ""),
    ("number", "chat", "es", "seremos tres", "Gracias, queda anotado."),
    ("number", "page", "pt", "[count 3]", "Agradecemos, ficou anotado."),
    ("seen", "sms", "pt", "Recebido, obrigada", "Agradecemos, ficou anotado."),
    ("seen", "mail", "es", "Enterada, gracias", ""),
    ("seen", "chat", "tr", "👍", "Teşekkürler, not edildi."),
    ("seen", "push", "en", "[acknowledge]", "noted"),
    ("seen", "page", "uk", "[acknowledge]", "Дякуємо, записано."),
    ("STOP", "sms", "uk", "СТОП", ""),
    ("STOP, for a person", "mail", "fr", "STOP", ""),
    ("STOP", "mail", "en", "[leave]", ""),
    ("STOP", "chat", "es", "/stop", STOPPED_ES),
    ("STOP", "push", "pt", "[stop]", "204"),
    ("STOP", "page", "tr", "[stop]", "Tamamlandı."),
    ("wrong number", "sms", "tr", "yanlış numara", ""),
    ("wrong number", "mail", "en", "Wrong number", ""),
    ("wrong number", "chat", "fr", "mauvais numéro", ""),
    ("wrong number", "push", "ar", "[wrong_number]", "شكراً لإخبارنا بذلك."),
    ("wrong number", "page", "es", "[wrong_number]", "Gracias por avisarnos."),
    ("words", "sms", "fr", "Qui peut l'accompagner ?", ""),
    ("words", "mail", "ar", "متى تعود الحافلة؟", ""),
    ("words", "chat", "uk", "О котрій годині повернення?", ""),
    ("words", "page", "tr", "Kaçta dönüyorlar?", "Teşekkürler, not edildi."),
]
IDS = [f"{meant} {way} {language}" for meant, way, language, *_ in JOURNEYS]
IMPOSSIBLE = {
    ("number", "push"): "a notification has two buttons and no field; the page that its tap opens has one",
    ("words", "push"): "the same",
}
"""What a way cannot say, and why."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, keyring: Keyring, hashed: str
) -> AsyncIterator[Town]:
    async with a_town(request, tmp_path_factory.mktemp("town"), keyring, hashed) as opened:
        yield opened


async def comes_home(town: Town, meant: str, way: str, language: str, does: str, back: str) -> None:
    meaning, pressed = MEANINGS[meant], does.startswith("[")
    family, waiting = await town.told(meaning.kind, way, language), await town.count("tray_item")

    told = await town.says(family, does)

    assert told == back.replace("{phone}", "02 61 91 00 00")
    assert does not in told
    assert await town.answers(family) == ([] if meaning.answer is None else [(*meaning.answer, BY[way])])
    assert await town.senses(family) == ([] if pressed else [meaning.sense])
    assert await town.stands(family) == (meaning.state or stands(meant, way))
    assert await town.calls(family) == (1 if "to_call" in (await town.stands(family), ALARMS.get(meant)) else 0)
    assert await town.count("tray_item") - waiting == (1 if meaning.where == "tray" else 0)
    where = "board" if pressed and meaning.board else meaning.where
    if not (pressed and where == "turn"):
        shown = (meaning.board or meaning.shown) if where == "board" else meaning.shown
        shown = shown.format(words=does, way=TITLES.get(way), through=THROUGH[way])
        assert shown.lower() in (await town.sees(where, family)).lower()
    if meant == "STOP":
        assert "ne veut plus de messages" in await town.sees("card", family)
        await written_again_otherwise(town, way, family)


async def written_again_otherwise(town: Town, way: str, family: Family) -> None:
    """Who stopped a way is reached by the next one, else called; the board says why."""
    before = len(town.box.record.taken(family.address))
    await town.press(family)
    assert len(town.box.record.taken(family.address)) == before
    if way in ("chat", "push"):
        assert await town.stands(family) == "told"  # by the telephone, which is their next way
    else:
        assert "A demandé de ne plus recevoir" in await town.sees("board", family)


def stands(meant: str, way: str) -> str:
    """How a message stands that nobody answered: only a handset proves that it came; a stranger's proves nothing."""
    if meant == "wrong number":
        return "on_the_way" if way in ("chat", "push") else "to_call"  # by the telephone, which is their next way
    return "told" if way == "sms" else "on_the_way"


@in_town
@on_sqlite
@pytest.mark.parametrize(("meant", "way", "language", "does", "back"), JOURNEYS, ids=IDS)
async def test_from_the_press_to_the_page_where_it_is_read(
    town: Town, meant: str, way: str, language: str, does: str, back: str
) -> None:
    await comes_home(town, meant, way, language, does, back)


@in_town
@pytest.mark.parametrize("town", ["postgresql"], indirect=True)
@pytest.mark.parametrize("way", WAYS)
async def test_it_is_the_same_on_the_other_database(town: Town, way: str) -> None:
    await comes_home(town, *next(journey for journey in JOURNEYS if journey[:2] == ("reason", way)))


@in_town
@pytest.mark.parametrize("town", ["sqlite", "postgresql"], indirect=True)
async def test_what_is_brought_four_times_at_once_is_kept_once_and_thanked_once(town: Town) -> None:
    for way in WAYS:
        family = await town.told(MEETING, way)
        before = len(town.box.record.taken(family.address))

        told = await asyncio.gather(*(town.brings(family, "yes" if way == "push" else "oui") for _ in range(4)))

        assert await town.answers(family) == [("yes", None, BY[way])]
        assert await town.senses(family) == ([] if way == "push" else ["yes"])
        assert sum(map(bool, told)) == 1 or way != "sms"
        assert len(town.box.record.taken(family.address)) - before == (1 if way == "chat" else 0)


def test_every_way_says_every_meaning_or_it_is_said_why_not() -> None:
    ways = {(meant.partition(",")[0], way) for meant, way, *_ in JOURNEYS}

    assert ways | set(IMPOSSIBLE) == {(meant, way) for meant in MEANINGS if "," not in meant for way in WAYS}
    assert {language for _, _, language, *_ in JOURNEYS} == set(SPOKEN)


@in_town
@on_sqlite
@pytest.mark.parametrize(
    ("way", "does", "shown"), [("chat", "[yes]", "oui"), ("push", "[no]", "non"), ("page", "[count 3]", "3")]
)
async def test_who_asked_reads_whether_one_comes(town: Town, way: str, does: str, shown: str) -> None:
    family = await town.told(MEETING, way)

    await town.says(family, does)

    assert f"Odile Exemple {shown}" in await town.sees("board", family)
