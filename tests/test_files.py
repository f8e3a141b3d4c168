"""Files are handed out to those whom they are for, as they may be handed out; too heavy a form gets a sentence."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from desks import EMAIL, ORIGIN, PASSWORD, TEACHER, a_browser, a_staffed_school, on_one_database
from factories import NOW, TODAY, FakeChannel, SmallSchool, by_sms
from homes import at_home
from lively_papers import PDF, a_photo

from hub.database import Database
from hub.models.notices import Needs
from hub.notices.headlines import Reader
from hub.outbox.wordings import Wordings
from hub.papers.asking_again import ask_again
from hub.papers.files import Given, keep_files, put_away
from hub.papers.publishing import NewDocument, publish_document
from hub.papers.store import cabinet_of
from hub.papers.sweeping import sweep_orphans
from hub.people.rights import rights_on
from hub.ports import ChannelName, Lane
from hub.sealing import Keyring
from hub.settings import Settings
from i18n.rendering import render
from scheduler.drain import Drain
from web.app import create_app, web_server
from web.house import House

pytestmark = on_one_database
HEAVY = 50_000_000
TITLE = "Classe verte"


@dataclass
class Counter:
    """A school that gives files to families, and a browser before it."""

    small: SmallSchool
    house: House
    web: httpx.AsyncClient

    async def give(self, to: str = "class:CP A", key: str = "k", name: str = "Été «1».pdf") -> int:
        """Give a photo and a paper to families, in this order; gives the document's number."""
        small, settings = self.small, self.house.settings
        files = await put_away(small.keyring, settings, [Given("a.jpg", a_photo()), Given(name, PDF)])
        async with small.database.school(small.school.key) as session:
            kept = await keep_files(session, files, school_id=small.school.key, made_by=small.director, now=NOW)
            new = NewDocument(key, TITLE, "", to, Needs.BOTH, files=tuple(kept))
            return await publish_document(
                session, small.keyring, school=small.school, reader=await self.director(), new=new, now=NOW
            )

    async def director(self) -> Reader:
        """The director of today."""
        small = self.small
        async with small.database.reading(small.school.key) as session:
            rights = await rights_on(session, school_id=small.school.key, staff_id=small.director, day=TODAY)
        return Reader(small.director, rights, TODAY)

    async def links(self) -> list[str]:
        """Let what is due leave; gives the codes of the links, in the order of the adults."""
        sms = FakeChannel()
        wordings = Wordings(self.house.settings, self.small.keyring, render)
        here = self.small.database, self.small.keyring, wordings, self.house.settings
        drain = Drain(*here, {ChannelName.SMS: sms})
        for lane in Lane:
            await drain.drain(lane)
        await drain.idle()
        await drain.stop()
        return [left.link_code for left in sorted(sms.sent, key=lambda left: left.attempt_id)]

    async def statuses(self, *paths: str) -> list[int]:
        """Ask for files; gives how the counter answers."""
        return [(await self.web.get(path)).status_code for path in paths]


@pytest_asyncio.fixture
async def counter(database: Database, keyring: Keyring, hashed: str, tmp_path: Path) -> AsyncIterator[Counter]:
    small = await a_staffed_school(database, keyring, hashed)
    house = House(Settings(public_url=ORIGIN, data_dir=tmp_path), database, keyring)
    async with a_browser(house) as (_, web):
        yield Counter(small, house, web)


async def entered(counter: Counter, email: str) -> None:
    form = {"email": email, "password": PASSWORD}
    await counter.web.post("/entrer", data=form, headers={"Sec-Fetch-Site": "same-origin"})


async def test_a_picture_stands_in_a_page_and_a_paper_is_only_kept(counter: Counter) -> None:
    await counter.small.family(by_sms(name="Odile"))
    await counter.give()
    await entered(counter, EMAIL)

    photo, small, paper = [await counter.web.get(f"/classe/fichiers/{end}") for end in ("1", "1?petit=1", "2")]

    for answer in (photo, small, paper):
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert photo.headers["content-disposition"] == "inline; filename=\"a.jpg\"; filename*=UTF-8''a.jpg"
    assert paper.headers["content-disposition"] == (
        "attachment; filename=\"_t_ _1_.pdf\"; filename*=UTF-8''%C3%89t%C3%A9%20%C2%AB1%C2%BB.pdf"
    )
    assert (photo.headers["content-type"], paper.headers["content-type"]) == ("image/jpeg", "application/pdf")
    assert (paper.content, len(small.content) < len(photo.content)) == (PDF, True)
    assert "content-encoding" not in paper.headers


async def test_staff_of_another_class_and_nobody_get_no_file(counter: Counter) -> None:
    await counter.small.family(by_sms(name="Odile"))
    await counter.small.family(by_sms("+33639981001"), class_label="CE1 B", children=("Lou",))
    await counter.give()
    await counter.give("class:CE1 B", "other")
    await counter.give("pupil:1", "pupil")
    await counter.give("school", "school")

    assert await counter.statuses("/classe/fichiers/2") == [303]
    await entered(counter, TEACHER)
    found = await counter.statuses(*(f"/classe/fichiers/{number}" for number in (2, 4, 6, 8, 99, 2**62)))

    assert found == [200, 404, 200, 200, 404, 404]


async def test_a_teacher_reads_what_hangs_on_the_diary_of_his_class_and_a_family_too(counter: Counter) -> None:
    small = counter.small
    (odile,) = await small.family(by_sms(name="Odile"))
    (iris,) = await small.family(by_sms("+33639981001", name="Iris"), class_label="CE1 B", children=("Lou",))
    files = await put_away(small.keyring, counter.house.settings, [Given("a.pdf", PDF)])
    async with small.database.school(small.school.key) as session:
        await keep_files(session, files, school_id=small.school.key, made_by=small.director, now=NOW)
    loose = [await counter.web.get("/famille/fichiers/1/1")]
    await small.write(_ENTRY, school=small.school.key, group=small.classes["CP A"], staff=small.director, now=str(NOW))
    await small.write("INSERT INTO diary_file (school_id, entry_id, file_id, position) VALUES (1, 1, 1, 1)")

    await entered(counter, TEACHER)
    assert await counter.statuses("/classe/fichiers/1") == [200]
    async with at_home(small, odile, house=counter.house) as home:
        hers = await home.look("/famille/fichiers/1/1")
    async with at_home(small, iris, house=counter.house) as home:
        others = await home.look("/famille/fichiers/1/1")
    assert [answer.status_code for answer in (*loose, hers, others)] == [303, 200, 404]


_ENTRY = (
    "INSERT INTO diary_entry (school_id, class_id, author_id, kind, subject, day, text_sealed, made_at, changed_at) "
    "VALUES (:school, :group, :staff, 'due', 'Maths', '2026-11-25', 'x', :now, :now)"
)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE diary_entry SET kind = 'done', day = '2026-11-26'", 404),
        ("UPDATE diary_entry SET kind = 'done', day = '2026-11-20'", 200),
        ("UPDATE diary_entry SET day = '2026-11-13'", 404),
    ],
)
async def test_a_family_gets_no_file_of_the_diary_that_it_does_not_read_there(
    counter: Counter, change: str, found: int
) -> None:
    small = counter.small
    (odile,) = await small.family(by_sms(name="Odile"))
    await small.write("UPDATE enrolment SET from_on = '2026-11-16'")
    files = await put_away(small.keyring, counter.house.settings, [Given("a.pdf", PDF)])
    async with small.database.school(small.school.key) as session:
        await keep_files(session, files, school_id=small.school.key, made_by=small.director, now=NOW)
    await small.write(_ENTRY, school=small.school.key, group=small.classes["CP A"], staff=small.director, now=str(NOW))
    await small.write("INSERT INTO diary_file (school_id, entry_id, file_id, position) VALUES (1, 1, 1, 1)")
    await small.write(change)

    async with at_home(small, odile, house=counter.house) as home:
        answer = await home.look("/famille/fichiers/1/1")

    assert answer.status_code == found


async def test_a_link_hands_out_the_files_of_its_own_notice_and_no_other(counter: Counter) -> None:
    await counter.small.family(by_sms(name="Odile"))
    await counter.small.family(by_sms("+33639981001"), class_label="CE1 B", children=("Lou",))
    await counter.give()
    (code,) = await counter.links()
    await counter.give("class:CE1 B", "other")
    await counter.give("class:CP A", "second")
    theirs, second = await counter.links()
    await entered(counter, EMAIL)
    ends = [f"/l/{each}/fichiers/{number}" for each in (code, theirs, second) for number in (2, 4, 6)]

    found = await counter.statuses(*ends, f"/l/{'a' * 12}/fichiers/2")

    assert found == [200, 404, 404, 404, 200, 404, 404, 404, 200, 404]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE link SET kind = 'barred'",
        "UPDATE enrolment SET to_on = '2026-11-23'",
        "UPDATE document SET withdrawn_at = published_at",
        "UPDATE notice SET state = 'cancelled'",
        "DELETE FROM document_file",
    ],
)
async def test_a_link_hands_out_nothing_that_is_not_theirs_any_more(counter: Counter, change: str) -> None:
    await counter.small.family(by_sms(name="Odile"))
    await counter.give()
    (code,) = await counter.links()
    assert await counter.statuses(f"/l/{code}/fichiers/2") == [200]

    await counter.small.write(change)

    assert (await counter.statuses(f"/l/{code}/fichiers/2"))[0] in (404, 410)


async def test_behind_a_link_one_reads_and_signs_and_the_notice_is_answered(counter: Counter) -> None:
    await counter.small.family(by_sms(name="Odile"))
    number = await counter.give()
    (code,) = await counter.links()

    page = (await counter.web.get(f"/l/{code}")).text
    assert f'src="/l/{code}/fichiers/1?petit=1"' in page
    assert "J’ai lu et je signe" in page
    assert "J’ai lu<" not in page
    form = {"act": "sign", "guardian": 1, "document": number, "pupil": 1}
    pressed = await counter.web.post(f"/l/{code}", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    after = (await counter.web.get(f"/l/{code}")).text

    assert pressed.status_code == 303
    assert "Votre signature est notée" in after
    assert "je signe" not in after
    assert await counter.small.rows("SELECT guardian_id, pupil_id, through FROM signature") == [(1, 1, "link")]
    assert await counter.small.rows("SELECT state FROM delivery") == [("acknowledged",)]


async def test_on_a_shared_telephone_each_signs_for_herself(counter: Counter) -> None:
    await counter.small.family(by_sms(name="Odile"), by_sms(name="Noé"))
    number = await counter.give()
    (code,) = await counter.links()
    page = (await counter.web.get(f"/l/{code}")).text
    form = {"act": "sign", "document": number, "pupil": 1}
    same = {"Sec-Fetch-Site": "same-origin"}

    who = await counter.web.post(f"/l/{code}", data=form, headers=same)
    signed = await counter.web.post(f"/l/{code}", data={**form, "guardian": 2}, headers=same)
    foreign = await counter.web.post(
        f"/l/{code}", data={**form, "guardian": 2}, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert ("J’ai lu et je signe (Odile)" in page, "J’ai lu et je signe (Noé)" in page) == (True, True)
    assert [answer.status_code for answer in (who, signed, foreign)] == [400, 303, 403]
    assert await counter.small.rows("SELECT guardian_id FROM signature") == [(2,)]


async def test_a_link_signs_nothing_but_its_own_document_for_its_own_children(counter: Counter) -> None:
    await counter.small.family(by_sms(name="Odile"))
    await counter.small.family(by_sms("+33639981001"), class_label="CE1 B", children=("Lou",))
    mine = await counter.give()
    (code,) = await counter.links()
    other = await counter.give("class:CE1 B", "other")
    tries = [(other, 1), (mine, 2), (mine, ""), ("x", 1), ("²", 1), (10**30, 1)]

    answers = [
        await counter.web.post(
            f"/l/{code}",
            data={"act": "sign", "guardian": 1, "document": document, "pupil": pupil},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        for document, pupil in tries
    ]

    assert [answer.status_code for answer in answers] == [400] * len(tries)
    assert await counter.small.rows("SELECT count(*) FROM signature") == [(0,)]


async def test_asking_again_leads_to_the_same_paper(counter: Counter) -> None:
    small = counter.small
    await small.family(by_sms(name="Odile"))
    number = await counter.give()
    await counter.links()
    async with small.database.school(small.school.key) as session:
        await ask_again(
            session, small.keyring, school=small.school, document_id=number, reader=await counter.director(), now=NOW
        )

    (code,) = await counter.links()

    assert "J’ai lu et je signe" in (await counter.web.get(f"/l/{code}")).text
    assert await counter.statuses(f"/l/{code}/fichiers/2") == [200]


async def test_what_no_register_knows_is_swept_away_but_not_what_is_on_its_way(counter: Counter) -> None:
    small, settings = counter.small, counter.house.settings
    await small.family(by_sms(name="Odile"))
    await counter.give()
    orphans = await put_away(small.keyring, settings, [Given("a.jpg", a_photo())])
    really = datetime.now(UTC)

    young = await sweep_orphans(small.database, settings, now=really)
    old = [await sweep_orphans(small.database, settings, now=really + timedelta(hours=2)) for _ in range(2)]

    assert (young, old) == (0, [1, 0])
    assert len(await cabinet_of(settings).lying()) == 3
    assert await cabinet_of(settings).take(orphans[0].place) is None


async def test_a_file_that_is_gone_from_the_cabinet_is_a_sentence(counter: Counter) -> None:
    await counter.small.family(by_sms(name="Odile"))
    await counter.give()
    await entered(counter, EMAIL)
    await cabinet_of(counter.house.settings).empty(
        place for (place,) in await counter.small.rows("SELECT place FROM stored_file")
    )

    answer = await counter.web.get("/classe/fichiers/2")

    assert (answer.status_code, "n’existe pas, ou il a été retiré" in answer.text) == (404, True)


async def test_fifty_megabytes_get_one_clear_sentence_and_change_nothing(counter: Counter) -> None:
    await entered(counter, EMAIL)
    line = socket.create_server(("127.0.0.1", 0))
    server = web_server(create_app(counter.house))
    serving = asyncio.create_task(server.serve(sockets=[line]))
    heavy = {"files": ("film.pdf", b"\0" * HEAVY, "application/pdf")}
    cookies = dict(counter.web.cookies)
    address = "http://{}:{}".format(*line.getsockname())
    async with httpx.AsyncClient(base_url=address, cookies=cookies, headers={"Host": "hub.test"}) as web:
        announced = await web.post("/classe/documents/nouveau", data={"title": "Film"}, files=heavy)
        elsewhere = await web.post("/ecrire", data={"text": "a" * 1_100_000})
    server.should_exit = True
    await asyncio.wait_for(serving, 5)

    assert [answer.status_code for answer in (announced, elsewhere)] == [413, 413]
    assert "Ces fichiers pèsent plus de 40 Mo ensemble\u00a0: rien n’a été pris" in announced.text
    assert "raccourcissez" in elsewhere.text
    assert await counter.small.rows("SELECT count(*) FROM stored_file") == [(0,)]
    assert list(counter.house.settings.files_dir.rglob("*")) == []


async def test_what_does_not_say_its_weight_is_weighed_while_it_is_read(counter: Counter) -> None:
    await entered(counter, EMAIL)
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n'
        for _ in range(200):
            read += 1
            yield b"\0" * 1_000_000

    headers = {"Content-Type": "multipart/form-data; boundary=x", "Sec-Fetch-Site": "same-origin"}
    answer = await counter.web.post("/classe/documents/nouveau", content=endless(), headers=headers)

    assert (answer.status_code, read) == (413, 45)


async def test_nobody_hands_in_files_without_having_come_in(counter: Counter) -> None:
    sent = {"files": ("a.pdf", PDF, "application/pdf")}

    nobody = await counter.web.post("/classe/documents/nouveau", files=sent)
    await entered(counter, EMAIL)
    foreign = await counter.web.post("/classe/documents/nouveau", files=sent)

    assert (nobody.status_code, foreign.status_code) == (401, 403)
    assert await counter.small.rows("SELECT count(*) FROM stored_file") == [(0,)]
