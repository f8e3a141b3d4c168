"""The second factor: six digits beside the password, codes on paper, and what they are needed for."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from desks import PASSWORD, TEACHER, Desk, a_browser, a_staffed_school, digits, on_one_database
from factories import NOW, by_sms

from cli.demo import open_demo
from cli.demo_school import DIRECTOR
from cli.demo_school import PASSWORD as DEMO_PASSWORD
from hub.database import Database
from hub.errors import InvalidError
from hub.models.people import Enrolment
from hub.models.school import ClassGroup, SchoolYear
from hub.notices.audience import is_to_many, read_audience
from hub.people.second_factor import SecondNeededError, begin, begun, check_second, confirm, give_second
from hub.people.sign_in import Inside, RefusedError, sign_in, who_is
from hub.people.tries import TooManyTriesError
from hub.sealing import Keyring
from hub.settings import Settings
from web.house import House

SAME = {"Sec-Fetch-Site": "same-origin"}
EMAIL = "direction@ecole.test"


@dataclass
class Clock:
    """The database's clock, moved by hand."""

    now: datetime = NOW


@dataclass
class Phone:
    """The director's telephone with an authenticator in it, and the school whose secret it was given."""

    desk: Desk
    clock: Clock
    keyring: Keyring
    secret: str = ""
    codes: tuple[str, ...] = ()

    def shows(self, *, later: timedelta = timedelta(0)) -> str:
        """What it shows."""
        return digits(self.secret, self.clock.now + later)

    async def enrol(self) -> None:
        """Begin and confirm, through the hub; who is inside already is not asked."""
        small = self.desk.small
        self.clock.now += timedelta(minutes=1)
        async with small.database.school(small.school.key) as session:
            here = {"school_id": small.school.key, "staff_id": await self.director()}
            await begin(session, self.keyring, **here, now=self.clock.now)
            secret = await begun(session, self.keyring, **here, name="Mme Exemple")
            assert secret is not None
            self.secret = secret.typed
            self.codes = await confirm(
                session, self.keyring, **here, session_id=0, code=self.shows(), now=self.clock.now
            )

    async def director(self) -> int:
        return int((await self.desk.small.rows("SELECT max(id) FROM staff WHERE name = 'Mme Exemple'"))[0][0])

    async def password(self) -> str:
        """Give the password at the door; gives the token of a session that waits."""
        self.clock.now += timedelta(minutes=1)
        database = self.desk.small.database
        return await sign_in(database, self.keyring, email=EMAIL, password=PASSWORD, where="192.0.2.7")

    async def give(self, token: str, code: str, where: str = "192.0.2.7") -> str:
        return await give_second(self.desk.small.database, self.keyring, token=token, code=code, where=where)

    async def inside(self, token: str) -> Inside | None:
        return await who_is(self.desk.small.database, self.keyring, token)


@pytest_asyncio.fixture
async def phone(database: Database, keyring: Keyring, hashed: str) -> AsyncIterator[Phone]:
    small, clock = await a_staffed_school(database, keyring, hashed), Clock()
    database._clock = lambda: clock.now
    async with a_browser(House(Settings(public_url=None), database, keyring)) as (app, web):
        yield Phone(Desk(small, app, web), clock, keyring)


async def test_after_the_password_nothing_opens_before_the_digits(phone: Phone) -> None:
    await phone.enrol()
    token = await phone.password()

    assert await phone.inside(token) is None
    whole = await phone.give(token, phone.shows())
    inside = await phone.inside(whole)
    assert inside is not None
    assert inside.second_at == phone.clock.now
    assert inside.enrolled
    assert whole != token
    assert await phone.inside(token) is None


async def test_digits_open_once_and_a_step_early_or_late_but_not_two(phone: Phone) -> None:
    await phone.enrol()
    half = timedelta(seconds=30)
    early, late = await phone.password(), await phone.password()

    with pytest.raises(RefusedError):
        await phone.give(early, phone.shows(later=-2 * half))
    with pytest.raises(RefusedError):
        await phone.give(early, phone.shows(later=2 * half))
    await phone.give(early, phone.shows(later=-half))
    used = phone.shows()
    await phone.give(late, used)
    again = await phone.password()
    phone.clock.now -= timedelta(minutes=1)
    with pytest.raises(RefusedError):
        await phone.give(again, used)
    await phone.give(again, phone.shows(later=half))


async def test_a_code_on_paper_opens_once_however_it_is_typed(phone: Phone) -> None:
    await phone.enrol()
    assert len(set(phone.codes)) == 10
    kept = await phone.desk.small.rows("SELECT code_hash FROM recovery_code")
    assert not any(code.replace("-", "").encode() in bytes(row[0]) for row in kept for code in phone.codes)

    first, second = await phone.password(), await phone.password()
    await phone.give(first, phone.codes[3].lower().replace("-", " "))
    with pytest.raises(RefusedError):
        await phone.give(second, phone.codes[3])
    await phone.give(second, phone.codes[4])


@on_one_database
async def test_wrong_digits_are_slowed_down_like_wrong_passwords(phone: Phone) -> None:
    await phone.enrol()
    token = await phone.password()

    for number in range(5):
        with pytest.raises(RefusedError):
            await phone.give(token, "000000", where=f"192.0.2.{number}")
    with pytest.raises(TooManyTriesError) as slowed:
        await phone.give(token, phone.shows())
    assert slowed.value.wait == timedelta(seconds=30)
    phone.clock.now += timedelta(seconds=30)
    await phone.give(token, phone.shows())


@on_one_database
async def test_a_session_that_waits_for_the_digits_ends_after_ten_minutes(phone: Phone) -> None:
    await phone.enrol()
    token = await phone.password()
    phone.clock.now += timedelta(minutes=10)

    phone.desk.web.cookies.set("passerelle", token)
    answer = await phone.desk.web.post("/entrer/code", data={"code": phone.shows()}, headers=SAME)

    assert answer.status_code == 404


@on_one_database
async def test_one_enrols_on_one_s_own_page_and_then_comes_in_with_both(phone: Phone) -> None:
    desk = phone.desk
    await desk.enter(second=False)
    wrong = await desk.post("/compte/second", password="deux ponts")
    assert "Ce n’est pas votre mot de passe." in wrong.text
    shown = await desk.web.get((await desk.post("/compte/second", password=PASSWORD)).headers["location"])
    phone.secret = shown.text.partition('class="tel"><strong>')[2].partition("<")[0]
    assert "<svg" in shown.text

    refused = await desk.post("/compte/second/confirmer", code="000000")
    done = await desk.post("/compte/second/confirmer", code=phone.shows())

    assert (refused.status_code, done.status_code) == (422, 200)
    assert done.text.count("<li>") >= 10
    assert phone.secret not in (await desk.web.get("/compte")).text
    assert (await desk.web.get("/compte/second")).headers["location"] == "/compte"
    phone.clock.now += timedelta(minutes=1)
    answer = await desk.enter(second=False, vers="/ecrire")
    assert answer.headers["location"] == "/entrer/code?vers=/ecrire"
    assert (await desk.web.get("/ecrire")).headers["location"] == "/entrer?vers=/ecrire"
    wrong = await desk.web.post("/entrer/code", data={"code": "12345", "vers": "/ecrire"}, headers=SAME)
    assert wrong.status_code == 401
    right = await desk.web.post("/entrer/code", data={"code": phone.shows(), "vers": "/ecrire"}, headers=SAME)
    assert right.headers["location"] == "/ecrire"
    assert (await desk.web.get("/ecrire")).status_code == 200


@on_one_database
async def test_words_to_the_whole_school_wait_for_a_second_factor_and_lose_nothing(phone: Phone) -> None:
    desk = phone.desk
    await desk.enter(second=False)

    read, form = await desk.read_over(kind="announcement", to="school", text="Sortie reportée à jeudi.")
    pressed = await desk.web.post("/ecrire", data=form)

    for page in (read, pressed):
        assert "demande un second facteur" in page.text
        assert 'href="/compte"' in page.text
        assert "Sortie reportée à jeudi." in page.text
        assert 'value="press"' not in page.text
    assert await desk.count("notice") == 0
    await phone.enrol()  # in another tab; this session is from before
    asked, form = await desk.read_over(kind="announcement", to="school", text="Sortie reportée à jeudi.")
    assert 'href="/entrer/code?vers=/compte"' in asked.text
    phone.clock.now += timedelta(minutes=1)
    await desk.web.post("/entrer/code", data={"code": phone.shows()}, headers=SAME)
    assert (await desk.web.post("/ecrire", data=form)).headers["location"].startswith("/suivi/")


async def test_a_mass_send_is_known_however_it_is_put(phone: Phone) -> None:
    small = phone.desk.small
    await small.family(by_sms(name="Odile"), children=("Noé", "Capucine", "Léo"))
    await small.family(by_sms("+33639981001", name="Iris"), class_label="CE1 B", children=("Lou", "Sami", "Ana"))
    async with small.database.school(small.school.key) as session:
        year = SchoolYear(
            school_id=small.school.key, label="2027-2028", starts_on=date(2027, 8, 20), ends_on=date(2028, 8, 19)
        )
        session.add(year)
        await session.flush()
        for label, pupils in (("CE1 A", (1, 2)), ("CE2 A", (3, 4, 5, 6)), ("CM1 A", ())):
            room = ClassGroup(school_id=small.school.key, year_id=year.key, label=label)
            session.add(room)
            await session.flush()
            for pupil in pupils:
                here = {"school_id": small.school.key, "class_id": room.key, "from_on": year.starts_on}
                session.add(Enrolment(pupil_id=pupil, **here))
    many = {}
    async with small.database.reading(small.school.key) as session:
        for words in (
            "school",
            "class:CP A,CE1 B",
            "pupil:1,2,3,4",
            "class:CE1 B;pupil:1",
            "class:CE1 A@2027-2028,CE2 A@2027-2028",
            "class:CE1 A@2027-2028,CE2 A@2027-2028,CM1 A@2027-2028",
            "class:CP A",
            "class:CE2 A@2027-2028",
            "pupil:1,2,3",
            "pupil:1,4,5",
        ):
            whom = await read_audience(session, school_id=small.school.key, words=words, day=NOW.date())
            many[words] = await is_to_many(session, school_id=small.school.key, audience=whom, day=NOW.date())

    assert list(many.values()) == [True] * 6 + [False] * 4


@on_one_database
async def test_all_but_one_child_waits_for_a_second_factor_and_half_does_not(phone: Phone) -> None:
    desk = phone.desk
    await desk.small.family(by_sms(name="Odile"), children=("Noé", "Léo"))
    await desk.small.family(by_sms("+33639981001", name="Iris"), class_label="CE1 B", children=("Lou", "Sami"))
    await desk.enter(second=False)

    for to, waits in ((["CP A", "pupil:3"], True), (["pupil:1", "pupil:3"], False)):
        read, _ = await desk.read_over(kind="announcement", to=to, text="Sortie reportée à jeudi.")
        assert ("demande un second facteur" in read.text) == waits


@on_one_database
async def test_a_mass_send_is_said_again_or_put_right_with_a_second_factor_alone(phone: Phone) -> None:
    desk = phone.desk
    await desk.small.family(by_sms(name="Odile"))
    await desk.press()
    await desk.enter(second=False)

    refused = await desk.post("/suivi/1/relancer")
    sheet = dict(
        re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', (await desk.web.get("/suivi/1/corriger")).text)
    )
    typed = {**sheet, "kind": "urgent", "to": "school", "text": "École ouverte.", "step": "read"}
    read = await desk.web.post("/ecrire", data=typed)

    assert (refused.status_code, await desk.count("notice")) == (403, 1)
    assert "demande un second facteur" in refused.text
    assert "demande un second facteur" in read.text
    await desk.enter()
    assert (await desk.post("/suivi/1/relancer")).headers["location"] == "/suivi/2"
    await desk.enter(second=False)
    await desk.small.write("UPDATE staff_session SET second_at = NULL")
    again = await desk.post("/suivi/2/relancer")
    assert (again.status_code, await desk.count("notice")) == (403, 2)
    assert (await desk.post("/suivi/1/retirer")).status_code == 303


@on_one_database
async def test_a_class_and_an_alarm_wait_for_no_second_factor(phone: Phone) -> None:
    desk = phone.desk
    await desk.enter(second=False)

    _, form = await desk.read_over(kind="announcement", to="CP A", text="Piscine jeudi.")
    assert (await desk.web.post("/ecrire", data=form)).headers["location"].startswith("/suivi/")
    alarm = await desk.post("/alerte", phrase="sheltered", exercise="1", step="press", after="0")
    assert alarm.headers["location"].startswith("/suivi/")


@on_one_database
async def test_the_director_resets_a_colleague_and_every_session_of_theirs_ends(phone: Phone) -> None:
    desk, small = phone.desk, phone.desk.small
    await phone.enrol()
    waiting = await phone.password()
    other = (await small.rows("SELECT max(id) FROM staff WHERE name = 'M. Modèle'"))[0][0]
    await small.write("UPDATE staff_right SET role = 'director', class_id = NULL WHERE staff_id = :id", id=other)
    await desk.enter(TEACHER)

    assert (await desk.post("/ecole/equipe/second", colleague=await phone.director())).status_code == 303

    assert await phone.inside(waiting) is None
    assert await desk.count("staff_factor") == await desk.count("recovery_code") == 0
    audited = await small.rows("SELECT staff_id, subject_id FROM audit WHERE act = 'second_factor_reset'")
    assert audited == [(other, await phone.director())]
    whole = await phone.inside(await phone.password())
    assert whole is not None
    assert whole.second_at is None


@on_one_database
async def test_a_password_alone_takes_nobodys_second_factor(phone: Phone) -> None:
    desk, small = phone.desk, phone.desk.small
    await phone.enrol()
    other = (await small.rows("SELECT max(id) FROM staff WHERE name = 'M. Modèle'"))[0][0]
    await small.write("UPDATE staff_right SET role = 'director', class_id = NULL WHERE staff_id = :id", id=other)
    await desk.enter(TEACHER, second=False)

    refused = await desk.post("/ecole/equipe/second", colleague=await phone.director())

    assert (refused.status_code, await desk.count("staff_factor")) == (403, 1)


@on_one_database
async def test_only_the_director_resets_and_never_the_own(phone: Phone) -> None:
    desk = phone.desk
    await phone.enrol()
    await desk.enter(TEACHER)
    assert (await desk.post("/ecole/equipe/second", colleague=await phone.director())).status_code == 403
    await desk.small.write("UPDATE staff_right SET role = 'office' WHERE class_id IS NULL")
    await desk.enter(second=True)
    assert (await desk.post("/ecole/equipe/second", colleague=await phone.director())).status_code in {303, 401, 403}
    assert await desk.count("staff_factor") == 1


@on_one_database
async def test_whoever_takes_it_off_gives_it_once_more(phone: Phone) -> None:
    desk = phone.desk
    await desk.enter()
    await phone.enrol()
    phone.clock.now += timedelta(minutes=1)

    refused = await desk.post("/compte/second/enlever", code="000000")
    assert refused.status_code == 422
    assert await desk.count("staff_factor") == 1
    fresh = await desk.post("/compte/second/codes", code=phone.shows())
    assert fresh.status_code == 200
    assert phone.codes[0] not in fresh.text
    phone.clock.now += timedelta(minutes=1)
    assert (await desk.post("/compte/second/enlever", code=phone.shows())).status_code == 303
    assert await desk.count("staff_factor") == 0
    read, _ = await desk.read_over(kind="announcement", to="school", text="Piscine jeudi.")
    assert "demande un second facteur" in read.text


@on_one_database
async def test_a_session_elsewhere_can_be_seen_and_ended_and_nobody_else_s(phone: Phone) -> None:
    desk = phone.desk
    await desk.enter(TEACHER)
    left_open = dict(desk.web.cookies)
    desk.web.cookies.clear()
    phone.clock.now += timedelta(hours=1)
    await desk.enter()
    [(theirs,)] = await desk.small.rows("SELECT id FROM staff_session ORDER BY id LIMIT 1")
    assert (await desk.post("/compte/sessions", number=theirs)).status_code == 404
    desk.web.cookies.clear()
    await desk.enter(TEACHER)

    page = await desk.web.get("/compte")
    assert "Ailleurs" in page.text
    assert (await desk.post("/compte/sessions", number=theirs)).status_code == 303
    assert "Ailleurs" not in (await desk.web.get("/compte")).text
    assert await phone.inside(left_open["passerelle"]) is None


@on_one_database
async def test_a_new_password_asks_for_the_present_one_and_ends_the_other_sessions(phone: Phone) -> None:
    desk, new = phone.desk, "quatre ponts sur le Cher"
    elsewhere = await phone.password()
    await desk.enter()

    wrong = await desk.post("/compte/mot-de-passe", present="deux ponts", new=new, again=new)
    short = await desk.post("/compte/mot-de-passe", present=PASSWORD, new="court", again="court")
    unlike = await desk.post("/compte/mot-de-passe", present=PASSWORD, new=new, again="autre")
    done = await desk.post("/compte/mot-de-passe", present=PASSWORD, new=new, again=new)

    assert [page.status_code for page in (wrong, short, unlike, done)] == [422, 422, 422, 303]
    assert "ne sont pas les mêmes" in unlike.text
    assert await phone.inside(elsewhere) is None
    assert (await desk.web.get("/compte?fait=1")).status_code == 200
    assert (await desk.enter(password=PASSWORD)).status_code == 401
    assert (await desk.enter(password=new)).status_code == 303


async def test_a_second_factor_is_begun_anew_until_it_counts(phone: Phone) -> None:
    small = phone.desk.small
    here = {"school_id": small.school.key, "staff_id": await phone.director()}
    async with small.database.school(small.school.key) as session:
        await begin(session, phone.keyring, **here, now=NOW)
        first = await begun(session, phone.keyring, **here, name="Mme Exemple")
        await begin(session, phone.keyring, **here, now=NOW)
        second = await begun(session, phone.keyring, **here, name="Mme Exemple")
    assert first != second
    await phone.enrol()
    async with small.database.school(small.school.key) as session:
        with pytest.raises(InvalidError):
            await begin(session, phone.keyring, **here, now=NOW)


@on_one_database
async def test_the_refusal_says_what_to_do(phone: Phone) -> None:
    await phone.desk.enter(second=False)
    who = await phone.inside(phone.desk.web.cookies["passerelle"])
    assert who is not None

    check_second(who, many=False)
    with pytest.raises(SecondNeededError, match="Mon compte"):
        check_second(who, many=True)


async def test_the_demo_s_director_reads_the_digits_on_the_wall(tmp_path: Path) -> None:
    async with open_demo(tmp_path, pupils=10) as show:
        page, wall = str(show.hub.settings.public_url), str(show.box.wall_url)
        async with httpx.AsyncClient(base_url=page, headers=SAME) as web, httpx.AsyncClient(base_url=wall) as phones:
            entered = await web.post("/entrer", data={"email": DIRECTOR, "password": DEMO_PASSWORD})
            shown = re.search(r"digits.*?>(\d{3}) (\d{3})<", (await phones.get("/")).text)
            assert shown is not None
            answer = await web.post("/entrer/code", data={"code": shown[1] + shown[2]})
            start = await web.get("/")

    assert entered.headers["location"] == "/entrer/code?vers=/"
    assert answer.headers["location"] == "/"
    assert start.status_code == 200
