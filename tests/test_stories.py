"""Five families of the demo school whom messages are hard for, each followed from the press or the roll to the answer.

Everything is real but the telephone network and the clock: the school as `passerelle demo` settles it, its pages, the
engine that sends, and Twilio's signed webhook.
"""

import html
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from itertools import count
from typing import Self

import httpx
import pytest
import pytest_asyncio
from desks import Desk, a_browser, on_one_database
from factories import NOW, TODAY, SmallSchool
from family_door import PUBLIC, Door
from sqlalchemy import delete
from test_roll_pages import plain
from twilio.request_validator import RequestValidator

from cli import demo_school
from cli.assembly import Assembly
from cli.demo_school import DEPUTY, OFFICE, PASSWORD, TEACHER, settle_in
from hub.database import Database
from hub.models.school import Role
from hub.people.staff import add_staff
from hub.sealing import Keyring
from hub.settings import Settings
from hub.tables import absence, roll, roll_mark
from sandbox.config import SECRET
from sandbox.families import make_school
from scheduler.tidings import Tidings
from web.house import House

MONDAY = NOW - timedelta(hours=22)
"""When a story begins: twelve past nine in the school, on the day before TODAY."""
ROLL, NUMBER = "/presences/1", "+33937000100"
JEANNE, BASILE = "+33639982309", "+33639984844"  # apart, of Achille EXEMPLE-NOISETTE
MAELLE, LEON = "+33639988384", "+33639989620"  # apart, of the twins; he is barred from Achille, not from Élise
COUPLE, SHARED = "+33639981798", "Téléphone partagé"  # Élise and Achille FICTIF-LILAS, of Anaïs
FOSTER, ON_DUTY, HOME = "+33639986398", "+33639986423", "FOYER DES EXEMPLES"  # two of its phones
ACHILLE_LILAS, ELISE_LILAS, ANAIS, CAPUCINE, ACHILLE_NOISETTE = 1, 2, 3, 4, 10
SUBSTITUTE = "remplacante@trois-ponts.test"
THANKS = "Merci, c'est noté."
pytestmark = on_one_database
_keys = count(1)


class Person(Desk):
    """Somebody of the school, signed in."""

    async def sees(self, path: str) -> str:
        """Read a page, without the list that stands beside it on a desk; of a page that is refused, the number."""
        answer = await self.web.get(path, follow_redirects=True)
        if answer.status_code != 200:
            return str(answer.status_code)
        alone = re.sub(r'<section [^>]*id="liste".*?</section>', " ", answer.text, flags=re.DOTALL)
        return html.unescape(plain(alone))

    async def hears(self, who: str) -> str:
        """Read the conversation with somebody, as the inbox names it."""
        return await self.sees(await self._thread(who))

    async def answers(self, who: str, words: str) -> int:
        """Write back in that conversation; gives the status."""
        return (await self.post(f"{await self._thread(who)}/repondre", words=words, key=f"k{next(_keys)}")).status_code

    async def writes(self, text: str, to: str = "CP A") -> str:
        """Write to families: read over, then press; gives the path of the board."""
        _, form = await self.read_over(kind="announcement", to=to, text=text)
        return (await self.web.post("/ecrire", data=form)).headers["location"]

    async def calls_the_roll(self, *absent: int) -> int:
        """Call this morning's roll; gives the status."""
        marks = {f"e{pupil}": "absent" for pupil in absent}
        day = self.small.database._clock().date().isoformat()
        return (await self.post(ROLL, demi="matin", jour=day, fin="oui", **marks)).status_code

    async def _thread(self, who: str) -> str:
        listed = [(await self.web.get(f"/messages{which}")).text for which in ("", "?voir=clos")]
        [path] = re.findall(
            rf'href="(/messages/\d+)(?:\?[^"]*)?"(?:(?!</a>).)*<strong>{who}</strong>', "".join(listed), re.DOTALL
        )
        return path


@dataclass
class Story(Door):
    """The demo school: its engine driven by hand, its families on the telephone, its staff before their pages."""

    doors: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def enters(self, email: str) -> Person:
        """Let somebody of the school sign in."""
        person = Person(self.small, *await self.doors.enter_async_context(a_browser(self.house, PUBLIC)))
        assert (await person.enter(email, PASSWORD)).status_code == 303
        return person

    async def later(self, **more: float) -> list[tuple[str, str]]:
        """Let time pass; gives what leaves by SMS in it, each as (number, text)."""
        now = self.small.database._clock() + timedelta(**more)
        self.small.database._clock = lambda: now
        await Tidings(self.small.database, self.small.keyring).look()
        before = len(self.sms.sent)
        await self.drain()
        return [(one.to, one.text) for one in self.sms.sent[before:]]

    async def texts(self, number: str, words: str) -> str:
        """Let a family write by SMS; gives what it is told back."""
        sent = {"MessageSid": f"SM{next(_keys)}", "From": number, "To": NUMBER, "Body": words, "NumMedia": "0"}
        answer = await self._posted("inbound", sent)
        assert answer.status_code == 200
        return html.unescape(re.sub(r"<[^>]+>", "", answer.text)).strip()

    async def bounces(self, number: str) -> None:
        """Let the network say of the last text to a number that nobody has it."""
        token = [one.token for one in self.sms.sent if one.to == number][-1]
        await self._posted(f"status/{token}", {"MessageStatus": "undelivered", "ErrorCode": "30005", "To": number})

    async def reads(self, number: str) -> str:
        """Open each link that a number was sent, as a family reads it."""
        pages = [await self.web.get(f"/l/{one.link_code}") for one in self.sms.sent if one.to == number]
        return "\n".join(html.unescape(plain(page.text)) for page in pages)

    async def taps(self, number: str, act: str) -> set[int]:
        """Press a button on each of those pages; gives the statuses."""
        mine = [f"/l/{one.link_code}" for one in self.sms.sent if one.to == number]
        return {(await self.web.post(link, data={"act": act})).status_code for link in mine}

    async def _posted(self, path: str, fields: dict[str, str]) -> httpx.Response:
        path = f"/webhooks/twilio/demo-sms/{path}"
        signed = RequestValidator(SECRET).compute_signature(f"{PUBLIC}{path}", fields)
        return await self.web.post(path, data=fields, headers={"X-Twilio-Signature": signed})


def ill(child: str, told_by: str) -> str:
    """What the register says of a child whom this adult said ill by SMS."""
    return f"{child} CP A, le matin 1 demi-journée ce mois-ci justifiée malade {told_by}, par SMS"


@pytest_asyncio.fixture
async def story(database: Database, keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Story]:
    class OnMonday(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:  # noqa: ARG003 (inherited)
            return cls.fromisoformat(MONDAY.isoformat())

    monkeypatch.setattr(demo_school, "datetime", OnMonday)  # the demo settles in on the day when it is opened
    database._clock = lambda: MONDAY
    house = House(Settings(public_url=PUBLIC, mail_domain="hub.test"), database, keyring)
    school = await settle_in(Assembly(house.settings, database, keyring), make_school(pupils=12))
    async with database.school(school.key) as session:  # a story calls its rolls itself
        for table in (roll_mark, roll, absence):
            await session.execute(delete(table))
    small = SmallSchool(database, keyring, school, director=1, teacher=2, office=3, classes={"CP A": 1}, senders={})
    async with AsyncExitStack() as doors, a_browser(house, PUBLIC) as (_, web):
        yield Story(small, house, web, doors=doors)


async def test_two_parents_apart_are_both_told_and_neither_reads_a_word_of_the_other(story: Story) -> None:
    teacher, office = await story.enters(TEACHER), await story.enters(OFFICE)
    board = await teacher.writes("Piscine jeudi.")
    await story.later(minutes=1)
    for parent in (JEANNE, BASILE):
        assert await story.texts(parent, "Bien reçu") == THANKS
    assert "2 adultes sur 18 savent" in await teacher.sees(board)
    assert await teacher.calls_the_roll(ACHILLE_NOISETTE) == 303
    assert await story.later(minutes=9) == []  # a latecomer may still come in
    alerts = [(number, "Achille n'était pas en classe" in text) for number, text in await story.later(minutes=2)]
    assert sorted(alerts) == [(JEANNE, True), (BASILE, True)]

    assert await story.texts(BASILE, "Il est malade") == THANKS
    assert await story.texts(JEANNE, "Il est chez son père, demandez-lui") == ""
    [(number, news)] = await story.later(minutes=2)
    assert (number, "est expliquée. Vous n'avez plus rien à faire." in news) == (JEANNE, True)
    assert not [words for words in ("malade", "Basile") if words in news]

    his, hers = await teacher.hears("Basile EXEMPLE-NOISETTE"), await teacher.hears("Jeanne EXEMPLE-NOISETTE")
    assert ("Il est malade" in his, "chez son père" in his) == (True, False)
    assert ("Il est malade" in hers, "chez son père" in hers) == (False, True)
    assert await teacher.answers("Jeanne EXEMPLE-NOISETTE", "Merci de nous le dire.") == 303
    assert await story.later(minutes=1) == [(JEANNE, "Mme Modèle, Trois-Ponts, vous répond :\nMerci de nous le dire.")]

    assert ill("Achille EXEMPLE-NOISETTE", "Basile EXEMPLE-NOISETTE") in await office.sees("/absences")
    she, he = await story.reads(JEANNE), await story.reads(BASILE)
    assert "Merci de nous le dire." in she
    assert not [words for words in ("Il est malade", "Basile") if words in she]
    assert not [words for words in ("chez son père", "Merci de nous le dire.", "Jeanne") if words in he]
    deputy = await story.enters(DEPUTY)
    assert [await deputy.sees(page) for page in ("/messages", "/messages/1", "/absences")] == ["403"] * 3


async def test_a_father_barred_from_one_twin_hears_of_the_other_alone_and_then_of_none(story: Story) -> None:
    teacher, office = await story.enters(TEACHER), await story.enters(OFFICE)
    await teacher.writes("Piscine jeudi.")
    await story.later(minutes=1)
    for parent in (MAELLE, LEON):
        await story.texts(parent, "Bien reçu")

    await teacher.calls_the_roll(ACHILLE_LILAS, ELISE_LILAS)
    told = [(number, text.split()[2]) for number, text in await story.later(minutes=11)]
    assert sorted(told) == [(MAELLE, "Achille"), (MAELLE, "Élise"), (LEON, "Élise")]

    assert await story.texts(LEON, "Achille est malade") == ""
    assert await story.texts(LEON, "Pourquoi Achille est-il absent ?") == ""
    assert "2 enfants manquent" in await office.sees("/absences")  # what he says of Achille explains nothing
    assert "Achille est malade" in await teacher.hears("Léon EXEMPLE-LILAS")
    assert await story.texts(LEON, "malade") == THANKS
    register = await office.sees("/absences")
    assert "1 enfant manque sans que l’on sache pourquoi" in register
    assert ill("Élise EXEMPLE-LILAS", "Léon EXEMPLE-LILAS") in register
    assert {number for number, _ in await story.later(minutes=2)} == {MAELLE}

    board = await teacher.writes("Achille a oublié son cartable.", to=f"pupil:{ACHILLE_LILAS}")
    assert [number for number, _ in await story.later(minutes=1)] == [MAELLE]
    assert "0 adulte sur 1 sait" in await teacher.sees(board)  # the mother: he is not among those to be told
    assert "Élise n’était pas en classe" in await story.reads(LEON)
    assert "Achille" not in await story.reads(LEON)

    await teacher.writes("Sortie vendredi.")  # and before it leaves, a judge bars him from Élise too
    await story.small.write("UPDATE link SET kind = 'barred', may_be_told = 0 WHERE guardian_id = 2")
    after = {number for number, _ in await story.later(minutes=1)}
    assert (MAELLE in after, LEON in after) == (True, False)
    assert "Élise" not in await story.reads(LEON)
    assert await story.taps(LEON, "should_be_here") == {410}
    assert await story.texts(LEON, "Où est ma fille ?") == ""
    listed = [await person.sees("/messages") for person in (office, teacher)]
    assert ["Où est ma fille ?" in page for page in listed] == [True, False]
    assert await teacher.answers("Léon EXEMPLE-LILAS", "Elle est là.") == 422
    assert await story.later(minutes=1) == []
    assert "devrait être à l’école" not in await office.sees("/absences")


async def test_what_a_shared_phone_says_is_of_both_until_it_says_who(story: Story) -> None:
    teacher, office = await story.enters(TEACHER), await story.enters(OFFICE)
    board = await teacher.writes("Piscine jeudi.")
    assert [number for number, _ in await story.later(minutes=1)].count(COUPLE) == 1

    assert await story.texts(COUPLE, "Bien reçu") == ""
    seen = await teacher.sees(board)  # the phone has it; who read it nobody knows
    assert ("ont confirmé 0 " in seen, "ont reçu 2 " in seen) == (True, True)
    assert await story.texts(COUPLE, "Achille : bien reçu") == THANKS
    assert "ont confirmé 1 " in await teacher.sees(board)

    await story.texts(COUPLE, "Faut-il un bonnet ?")
    await story.texts(COUPLE, "Élise : je viendrai aider")
    both, she = await teacher.hears(SHARED), await teacher.hears("Élise FICTIF-LILAS")
    assert "Téléphone partagé, Achille FICTIF-LILAS ou Élise FICTIF-LILAS, pour Anaïs, CP A" in both
    assert ("Faut-il un bonnet ?" in both, "je viendrai aider" in both) == (True, False)
    assert ("Faut-il un bonnet ?" in she, "je viendrai aider" in she) == (False, True)
    assert "bien reçu" in await teacher.hears("Achille FICTIF-LILAS")
    assert await teacher.answers(SHARED, "Oui, un bonnet.") == 303
    assert await story.later(minutes=1) == [(COUPLE, "Mme Modèle, Trois-Ponts, vous répond :\nOui, un bonnet.")]

    await teacher.calls_the_roll(ANAIS)
    assert [number for number, _ in await story.later(minutes=11)] == [COUPLE]
    assert await story.texts(COUPLE, "Élise : malade") == THANKS
    assert ill("Anaïs FICTIF-LILAS", "Élise FICTIF-LILAS") in await office.sees("/absences")
    assert await story.later(minutes=2) == []  # the other reads the same phone


async def test_a_shared_phone_that_gives_no_name_is_not_told_its_own_news(story: Story) -> None:
    teacher, office = await story.enters(TEACHER), await story.enters(OFFICE)
    await teacher.calls_the_roll(ANAIS)
    assert [number for number, _ in await story.later(minutes=11)] == [COUPLE]

    await story.texts(COUPLE, "malade")

    assert "Anaïs FICTIF-LILAS" in await office.sees("/absences")
    assert await story.later(minutes=2) == []


async def test_a_foster_home_answers_by_whichever_phone_is_on_duty_and_as_nobody_in_person(story: Story) -> None:
    teacher, office = await story.enters(TEACHER), await story.enters(OFFICE)
    board = await teacher.writes("Piscine jeudi.")
    first = [number for number, _ in await story.later(minutes=1)]
    assert (first.count(FOSTER), first.count(ON_DUTY)) == (1, 0)  # one text for the two children, on one phone
    await story.bounces(FOSTER)
    assert [number for number, _ in await story.later(minutes=1)] == [ON_DUTY]
    assert await story.texts(ON_DUTY, "Bien reçu") == THANKS
    assert "ont confirmé 1 " in await teacher.sees(board)

    await teacher.calls_the_roll(CAPUCINE)
    [(number, alert)] = await story.later(minutes=11)
    assert (number, "Capucine" in alert, "Noël" in alert) == (ON_DUTY, True, False)
    assert await story.texts(ON_DUTY, "Capucine est malade") == THANKS
    register = await office.sees("/absences")
    assert ill("Capucine ÉCHANTILLON-LILAS", HOME) in register
    assert "Noël" not in register

    await story.texts(FOSTER, "Noël viendra avec un autre éducateur")
    listed = await teacher.sees("/messages")
    assert listed.count(HOME) == 2
    assert "pour Capucine, CP A Capucine est malade" in listed
    assert "pour Capucine, CP A ; Noël, CP A Noël viendra avec un autre éducateur" in listed
    assert await story.small.rows("SELECT DISTINCT guardian_id FROM reply") == [(None,)]
    thread = (await story.small.rows("SELECT id FROM thread WHERE pupil_id IS NULL"))[0][0]
    assert (await teacher.post(f"/messages/{thread}/repondre", words="C'est noté.", key="once")).status_code == 303
    [(number, answer)] = await story.later(minutes=1)  # once, on one of its phones
    assert (number in (FOSTER, ON_DUTY), answer.endswith("C'est noté.")) == (True, True)


async def test_a_substitute_takes_up_yesterdays_conversation_and_the_teacher_reads_no_more_of_it(story: Story) -> None:
    teacher, school = await story.enters(TEACHER), story.small.school.key
    async with story.small.database.school(school) as session:
        who = {"email": SUBSTITUTE, "name": "Mme Relève", "password": PASSWORD}
        await add_staff(session, story.small.keyring, school, role=Role.TEACHER, classes=["CP A"], from_on=TODAY, **who)
    monday = MONDAY.date().isoformat()
    await story.small.write("UPDATE staff_right SET to_on = :day WHERE staff_id = :who", day=monday, who=2)
    board = await teacher.writes("Piscine jeudi.")
    await story.later(minutes=1)
    await story.texts(JEANNE, "Faut-il un bonnet ?")
    assert "Faut-il un bonnet ?" in await teacher.hears("Jeanne EXEMPLE-NOISETTE")
    pages = ("/messages", "/messages/1", board, ROLL, "/absences")
    early = await story.enters(SUBSTITUTE)
    assert [await early.sees(page) for page in pages] == ["403"] * len(pages)

    await story.later(days=1)
    former, substitute = await story.enters(TEACHER), await story.enters(SUBSTITUTE)
    assert [await former.sees(page) for page in pages] == ["403"] * len(pages)
    assert (await former.post("/messages/1/repondre", words="Oui.", key="late")).status_code == 403
    assert await former.calls_the_roll(ACHILLE_NOISETTE) == 403
    assert "1 message à lire" in await substitute.sees("/messages")
    assert "Faut-il un bonnet ?" in await substitute.hears("Jeanne EXEMPLE-NOISETTE")
    assert await substitute.answers("Jeanne EXEMPLE-NOISETTE", "Oui, un bonnet.") == 303
    assert await story.later(minutes=1) == [(JEANNE, "Mme Relève, Trois-Ponts, vous répond :\nOui, un bonnet.")]

    await story.texts(JEANNE, "Et une serviette ?")
    heard = await substitute.hears("Jeanne EXEMPLE-NOISETTE")
    assert ("Et une serviette ?" in heard, "C’est à vous de répondre." in heard) == (True, True)
    assert "Mme Modèle répond" not in heard
    assert "Piscine jeudi." in await substitute.sees(board)
    assert await substitute.calls_the_roll(ACHILLE_NOISETTE) == 303
    assert {number for number, _ in await story.later(minutes=11)} == {JEANNE, BASILE}
    assert await story.texts(BASILE, "malade") == THANKS
    assert ill("Achille EXEMPLE-NOISETTE", "Basile EXEMPLE-NOISETTE") in await substitute.sees("/absences")
