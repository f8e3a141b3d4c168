"""What a few families of the demo write by themselves, and the answers that its office keeps ready."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from cli.assembly import Assembly
from cli.demo_school import DIRECTOR
from hub.inbox.canned import keep_canned
from hub.models.school import School
from hub.notices.headlines import Reader
from hub.people.rights import rights_on
from hub.people.staff import find_staff
from hub.routing import day_at_school
from sandbox.box import Sandbox
from sandbox.families import FictionalAdult, FictionalPupil, FictionalSchool, Trouble
from sandbox.habits import Habit

STRANGER = "+33639980000"
"""A telephone that the school does not know; when the invented school has given it to somebody, the next one is."""
SOON = 2.0
"""Seconds until a family has found its words, after it confirmed."""

_Words = Callable[[FictionalPupil], str]


@dataclass(frozen=True, slots=True)
class Voice:
    """An adult who reads `language` and is reached by telephone, by mail or by chat (`way`) writes this."""

    language: str
    way: str
    words: _Words


def _turkish(child: FictionalPupil) -> str:
    return f"Merhaba, {child.first_name} bugün hasta."


def _arabic(child: FictionalPupil) -> str:
    return f"صباح الخير، {child.first_name} {'مريضة' if child.girl else 'مريض'} اليوم."


def _french(child: FictionalPupil) -> str:
    return f"Bonjour, {child.first_name} est malade aujourd’hui.\n\nPouvez-vous garder ses leçons ? Merci beaucoup."


VOICES = (
    Voice("tr", "sms", _turkish),
    Voice("ar", "sms", _arabic),
    Voice("fr", "mail", _french),
    Voice("fr", "sms", lambda _: "Bonjour, la cantine sera-t-elle ouverte à midi ?"),
    Voice("uk", "chat", lambda _: "Дякую! Чи потрібно взяти з собою обід?"),
    Voice("fr", "sms", lambda _: "STOP"),
)
READY = (
    ("C’est noté", "Bonjour, c’est noté, merci de nous avoir prévenus."),
    ("Bon rétablissement", "Merci de nous avoir prévenus. Bon rétablissement à votre enfant."),
    ("Appelez-nous", "Bonjour, merci d’appeler l’école. Nous préférons vous répondre de vive voix."),
)


async def keep_ready(hub: Assembly, school: School) -> None:
    """Keep the ready answers, as the director."""
    now = datetime.now(UTC)
    day = day_at_school(now, school.timezone)
    async with hub.database.school(school.key) as session:
        director = await find_staff(session, hub.keyring, school.key, DIRECTOR)
        rights = await rights_on(session, school_id=school.key, staff_id=director, day=day)
        reader = Reader(director, rights, day)
        for label, text in READY:
            await keep_canned(session, school_id=school.key, label=label, text=text, reader=reader, now=now)


def give_voice(invented: FictionalSchool, box: Sandbox) -> None:
    """Let some of those who confirm also write, each once: so nobody's place in the figures changes."""
    taken: set[FictionalAdult] = set()
    for voice in VOICES:
        adult = next((one for one in _confirming(invented, voice) if one not in taken), None)
        if adult is not None:
            taken.add(adult)
            box.families.then(_address(adult, voice.way), voice.words(adult.children[0]), delay=SOON)


async def a_stranger_writes(invented: FictionalSchool, box: Sandbox) -> None:
    """Let somebody whom the school does not know write to it: it goes to the office's tray."""
    known = {number for adult in invented.adults for number in (adult.mobile, adult.work)}
    number = next(each for each in (f"+{int(STRANGER) + n}" for n in range(len(known) + 1)) if each not in known)
    child = invented.pupils[0]
    words = f"Bonjour, je suis la mamie de {child.first_name}, c’est moi qui viens ce soir. Est-ce possible ?"
    await box.phones.write(number, box.config.number, words)


def _confirming(invented: FictionalSchool, voice: Voice) -> Iterator[FictionalAdult]:
    """Find those who read the language, whom this way reaches first, and who confirm; of one child, and not sharing."""
    phones = Counter(adult.mobile for adult in invented.adults)
    for adult in invented.adults:
        way = "chat" if adult.chat else "push" if adult.notified else "sms" if adult.mobile else "mail"
        confirms = adult.trouble is Trouble.NONE and (way != "sms" or adult.habit is Habit.ACKNOWLEDGE)
        plain = len(adult.children) == 1 and not adult.is_service and (not adult.mobile or phones[adult.mobile] == 1)
        if (way, adult.language) == (voice.way, voice.language) and confirms and plain and _address(adult, way):
            yield adult


def _address(adult: FictionalAdult, way: str) -> str:
    return {"sms": adult.mobile, "mail": adult.mailbox, "chat": adult.chat}.get(way) or ""
