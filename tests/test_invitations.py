"""Invitations to Telegram: a family asks for one on a notice's page, the school prints them; both by a press."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from factories import NOW, SINCE, Adult, SmallSchool, a_school, by_sms
from family_door import Door, a_door, plain

from hub.database import Database
from hub.models.people import LinkKind
from hub.models.school import Role
from hub.people.joining import find_invitation
from hub.people.schools import add_sender
from hub.people.staff import add_staff
from hub.ports import ChannelName
from hub.replies.chats import join_chat
from hub.sealing import Keyring
from hub.settings import Settings
from sandbox.config import BOT
from web import invitations
from web.app import create_app
from web.house import House

DEEP = re.compile(r"https://t\.me/trois_ponts_bot\?start=([A-Za-z0-9]{12})\b")
EMAIL, PASSWORD = "direction@ecole.test", "trois ponts sur la Loire"
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def add_bot(small: SmallSchool) -> int:
    async with small.database.school(small.school.key) as session:
        return await add_sender(
            session,
            small.keyring,
            small.school.key,
            channel=ChannelName.CHAT,
            provider="telegram",
            address="trois_ponts_bot",
            secret=BOT,
            two_way=True,
        )


@pytest_asyncio.fixture
async def door(database: Database, keyring: Keyring) -> AsyncIterator[Door]:
    async with a_door(database, keyring) as opened:
        opened.web._transport.app.include_router(invitations.router)
        await add_bot(opened.small)
        yield opened


async def test_the_page_offers_telegram_and_a_press_gives_a_link_for_one_hour(door: Door) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()
    page = await door.web.get(door.link)

    asked = await door.web.post(f"{door.link}/telegram", data={"guardian": str(odile)})

    assert "Recevoir aussi sur Telegram" in plain(page.text)
    assert await door.count("invitation") == 1
    codes = DEEP.findall(asked.text)
    assert len(set(codes)) == 1
    assert asked.text.count('class="qr"') == 1
    assert "style=" not in asked.text
    assert f'href="{door.link}?lang=tr"' in asked.text
    database, keyring = door.small.database, door.small.keyring
    invited = await find_invitation(database, keyring, codes[0], now=NOW)
    assert invited is not None
    assert (invited.guardian_id, invited.invited_by) == (odile, door.small.director)
    assert await find_invitation(database, keyring, codes[0], now=NOW + timedelta(hours=1, seconds=1)) is None


async def test_a_family_whose_child_starts_next_year_joins_as_any_other(door: Door) -> None:
    [odile] = await door.small.family(by_sms())
    await door.small.write("UPDATE enrolment SET from_on = '2027-09-01'")
    await door.press(audience="class:CP A")
    asked = await door.web.post(f"{door.link}/telegram", data={"guardian": str(odile)})

    invited = await find_invitation(door.small.database, door.small.keyring, DEEP.findall(asked.text)[0], now=NOW)
    assert invited is not None
    async with door.small.database.school(door.small.school.key) as session:
        await join_chat(session, door.small.keyring, invited, "7001", now=NOW)

    assert await door.small.rows("SELECT medium FROM address ORDER BY id") == [("phone",), ("chat",)]
    assert await door.small.rows("SELECT count(*) FROM notice WHERE kind = 'reminder'") == [(1,)]


async def test_looking_at_the_page_invites_nobody(door: Door) -> None:
    await door.small.family(by_sms())
    await door.press()

    await door.web.get(door.link)
    refused = await door.web.get(f"{door.link}/telegram")

    assert refused.status_code == 405
    assert await door.count("invitation") == 0


async def test_each_adult_who_shares_a_telephone_has_a_button(door: Door) -> None:
    _, tiago = await door.small.family(by_sms(name="Odile"), by_sms(name="Tiago"))
    await door.press()

    words = plain((await door.web.get(door.link)).text)
    nobody = await door.web.post(f"{door.link}/telegram")
    asked = await door.web.post(f"{door.link}/telegram", data={"guardian": str(tiago)})

    assert "Recevoir aussi sur Telegram (Odile)" in words
    assert "Recevoir aussi sur Telegram (Tiago)" in words
    assert (nobody.status_code, asked.status_code) == (400, 200)
    assert await door.small.rows("SELECT guardian_id FROM invitation") == [(tiago,)]


@pytest.mark.parametrize("who", ["0", "999999", "x", "-1", "1" * 40])
async def test_nobody_else_is_invited_through_a_link(door: Door, who: str) -> None:
    await door.small.family(by_sms())
    await door.press()

    answer = await door.web.post(f"{door.link}/telegram", data={"guardian": who})

    assert answer.status_code == 400
    assert await door.count("invitation") == 0


async def test_a_form_of_another_site_an_old_link_and_a_withdrawn_notice_invite_nobody(door: Door) -> None:
    [odile] = await door.small.family(by_sms())
    notice = await door.press()
    form = {"guardian": str(odile)}

    foreign = await door.web.post(f"{door.link}/telegram", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    unknown = await door.web.post("/l/abcdefghijkl/telegram", data=form)
    await door.small.write("UPDATE notice SET state = 'cancelled' WHERE id = :n", n=notice)
    withdrawn = await door.web.post(f"{door.link}/telegram", data=form)

    assert (foreign.status_code, unknown.status_code, withdrawn.status_code) == (403, 404, 400)
    assert await door.count("invitation") == 0


async def test_without_a_bot_or_with_a_stopped_one_nothing_is_offered(door: Door) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()
    await door.small.write("UPDATE sender SET stopped_at = '2026-10-01 06:00:00' WHERE channel = 'chat'")

    page = await door.web.get(door.link)
    asked = await door.web.post(f"{door.link}/telegram", data={"guardian": str(odile)})

    assert "Telegram" not in page.text
    assert asked.status_code == 400


class Desk:
    """A school on the web, and somebody of its staff in front of it."""

    def __init__(self, small: SmallSchool, web: httpx.AsyncClient) -> None:
        self.small, self.web = small, web

    async def enter(self, role: Role = Role.DIRECTOR, classes: tuple[str, ...] = ()) -> None:
        async with self.small.database.school(self.small.school.key) as session:
            await add_staff(
                session, self.small.keyring, self.small.school.key, email=EMAIL, role=role, from_on=SINCE,
                classes=classes, password=PASSWORD,
            )  # fmt: skip
        form = {"email": EMAIL, "password": PASSWORD}
        await self.web.post("/entrer", data=form, headers={"Sec-Fetch-Site": "same-origin"})

    async def print_for(self, *labels: str, csrf: bool = True) -> httpx.Response:
        page = (await self.web.get("/familles/invitations")).text
        token = re.findall(r'name="csrf" value="([0-9a-f]+)"', page)
        chosen = [str(self.small.classes[label]) for label in labels]
        return await self.web.post("/familles/invitations", data={"csrf": token[0] if csrf else "", "classes": chosen})


@pytest_asyncio.fixture
async def desk(database: Database, keyring: Keyring) -> AsyncIterator[Desk]:
    small = await a_school(database, keyring)
    app = create_app(House(Settings(public_url="http://hub.test"), database, keyring))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub.test") as web:
        await add_bot(small)
        yield Desk(small, web)


async def test_the_school_prints_a_sheet_for_each_adult_of_a_class_in_the_adults_language_and_french(
    desk: Desk,
) -> None:
    [odile, amina] = await desk.small.family(
        by_sms("+33639981001"), by_sms("+33639981002", name="Amina", language="ar"), children=("Capucine", "Sami")
    )
    await desk.small.family(by_sms("+33639981003", name="Ailleurs"), class_label="CE1 B")
    await desk.enter()

    answer = await desk.print_for("CP A")

    assert answer.status_code == 200
    codes = DEEP.findall(answer.text)
    assert len(codes) == len(set(codes)) == 2
    assert answer.text.count('class="qr"') == 2
    assert "Ailleurs" not in answer.text
    assert 'lang="ar" dir="rtl"' in answer.text
    assert plain(answer.text).count("Photographiez ce carré avec votre téléphone") >= 2
    assert await desk.small.rows("SELECT guardian_id FROM invitation ORDER BY guardian_id") == [(odile,), (amina,)]
    invited = await find_invitation(desk.small.database, desk.small.keyring, codes[0], now=NOW + timedelta(days=29))
    assert invited is not None
    late = NOW + timedelta(days=30, seconds=1)
    assert await find_invitation(desk.small.database, desk.small.keyring, codes[0], now=late) is None
    assert await desk.small.rows("SELECT act, count FROM audit WHERE act = 'invite'") == [("invite", 2)]


async def test_an_adult_whose_child_starts_next_year_gets_a_sheet(desk: Desk) -> None:
    [odile] = await desk.small.family(by_sms("+33639981001"))
    await desk.small.write("UPDATE enrolment SET from_on = '2027-09-01'")
    await desk.enter()
    [token, *_] = re.findall(r'name="csrf" value="([0-9a-f]+)"', (await desk.web.get(f"/familles/{odile}")).text)

    answer = await desk.web.post(f"/familles/{odile}/invitation", data={"csrf": token})

    assert answer.status_code == 200
    assert len(set(DEEP.findall(answer.text))) == 1


async def test_who_has_telegram_gets_no_sheet(desk: Desk) -> None:
    await desk.small.family(by_sms("+33639981001"))
    await desk.enter()
    await desk.small.write("UPDATE address SET medium = 'chat'")

    answer = await desk.print_for("CP A")

    assert "Chacun a déjà Telegram." in plain(answer.text)
    assert await desk.small.rows("SELECT count(*) FROM invitation") == [(0,)]


@on_one_database
async def test_a_barred_adult_gets_no_sheet(desk: Desk) -> None:
    await desk.small.family(by_sms("+33639981001"), Adult(name="Barré", kind=LinkKind.BARRED))
    await desk.enter()

    answer = await desk.print_for("CP A")

    assert "Odile" in answer.text
    assert "Barré" not in answer.text


@on_one_database
async def test_a_teacher_prints_for_the_own_class_and_no_other(desk: Desk) -> None:
    await desk.small.family(by_sms("+33639981001"))
    await desk.small.family(by_sms("+33639981003", name="Ailleurs"), class_label="CE1 B")
    await desk.enter(Role.TEACHER, ("CP A",))

    page = await desk.web.get("/familles/invitations")
    mine, other = await desk.print_for("CP A"), await desk.print_for("CE1 B")
    both = await desk.print_for("CP A", "CE1 B")

    assert "CE1 B" not in page.text
    assert [answer.status_code for answer in (mine, other, both)] == [200, 403, 403]
    assert await desk.small.rows("SELECT count(*) FROM invitation") == [(1,)]


@on_one_database
@pytest.mark.parametrize("role", [Role.DEPUTY, Role.TEACHER])
async def test_who_has_neither_school_nor_class_prints_nothing(desk: Desk, role: Role) -> None:
    await desk.enter(role)

    assert (await desk.web.get("/familles/invitations")).status_code == 403


@on_one_database
async def test_nobody_signed_in_no_word_of_the_form_and_no_class_print_nothing(desk: Desk) -> None:
    await desk.small.family(by_sms("+33639981001"))
    outside = await desk.web.get("/familles/invitations")
    posted = await desk.web.post("/familles/invitations", data={"classes": "1"})
    await desk.enter()

    foreign = await desk.print_for("CP A", csrf=False)
    nothing = await desk.print_for()

    assert (outside.status_code, outside.headers["location"]) == (303, "/entrer?vers=/familles/invitations")
    assert (posted.status_code, foreign.status_code, nothing.status_code) == (401, 403, 422)
    assert await desk.small.rows("SELECT count(*) FROM invitation") == [(0,)]


@on_one_database
async def test_a_school_without_a_bot_is_told_how_to_add_one(desk: Desk) -> None:
    await desk.small.write("DELETE FROM sender WHERE channel = 'chat'")
    await desk.enter()

    page = await desk.web.get("/familles/invitations")

    assert "passerelle sender add" in page.text
    assert 'name="classes"' not in page.text
