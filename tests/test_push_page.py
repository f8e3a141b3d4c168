"""Where a family switches notifications on and off: the page, who may, and what a browser may tell us."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from desks import on_one_database
from factories import NOW, Adult, by_mail, by_sms
from family_door import Door, a_door, plain
from push_door import FOREIGN, PushDoor, a_push_door

from hub.database import Database
from hub.models.people import Medium
from hub.people.joining import invite
from hub.ports import ChannelName, NoticeKind, Slots
from hub.sealing import Keyring
from hub.settings import Settings
from sandbox.push_service import Browser
from web.house import House

PHONE = "+33639981000"


@pytest_asyncio.fixture
async def door(database: Database, keyring: Keyring) -> AsyncIterator[PushDoor]:
    async with a_push_door(database, keyring) as opened:
        yield opened


async def addresses(door: Door) -> list[tuple]:
    return await door.small.rows("SELECT medium, state FROM address ORDER BY id")


async def test_the_page_of_a_notice_offers_notifications(door: PushDoor) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()

    notice = await door.web.get(door.link)
    page = await door.web.get(f"{door.link}/notifications")

    assert f'href="{door.link}/notifications?lang=fr"' in notice.text
    assert "<script" not in notice.text
    assert page.status_code == 200
    assert f'data-key="{await door.public_key()}"' in page.text
    assert 'data-scope="/push/trois-ponts-push/"' in page.text
    assert page.text.count('name="guardian"') == 1
    assert f'value="{odile}"' in page.text
    assert "Activer les notifications ici" in plain(page.text)
    assert "set-cookie" not in page.headers
    assert page.headers["cache-control"] == "no-store"
    assert "worker-src 'self'; manifest-src 'self'" in page.headers["content-security-policy"]


async def test_looking_at_the_page_changes_nothing(door: PushDoor) -> None:
    await door.small.family(by_sms())
    await door.press()

    for path in (f"{door.link}/notifications", f"{door.link}/manifest.webmanifest", f"/arrivee{door.link[2:]}"):
        assert (await door.web.get(path)).status_code == 200

    assert await door.count("invitation") == 0
    assert await addresses(door) == [("phone", "active")]
    assert await door.states() == ["on_the_way"]


async def test_each_adult_who_shares_the_phone_has_a_button_of_his_own(door: PushDoor) -> None:
    odile, paul = await door.small.family(by_sms(), by_sms(name="Paul"))
    await door.press()

    page = await door.web.get(f"{door.link}/notifications")
    browser = await door.joined(paul)

    assert "Activer les notifications ici (Odile)" in plain(page.text)
    assert "Activer les notifications ici (Paul)" in plain(page.text)
    points = await door.small.rows(
        "SELECT guardian_id, channel, position FROM contact_point ORDER BY guardian_id, position"
    )
    assert points == [(odile, "sms", 1), (paul, "push", 1), (paul, "sms", 2)]
    assert browser.endpoint not in page.text


async def test_who_joins_is_notified_first_and_answers_with_one_tap(door: PushDoor) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()
    browser = await door.joined(odile)
    await door.drain()
    assert "notification" in door.sms.sent[-1].text  # the old way is told
    before = len(door.sms.sent)

    await door.press(NoticeKind.URGENT, slots=Slots(text="Le chauffage est en panne."))

    (shown,) = door.box.record.arrived(browser.value)
    assert len(door.sms.sent) == before
    assert shown.subject == "École des Trois-Ponts"
    assert "Le chauffage est en panne." in shown.text
    assert shown.buttons == (("acknowledge", "J’ai lu"),)
    tapped = await door.web.post(
        str(shown.link), data={"act": "acknowledge"}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert tapped.headers["passerelle-taken"] == "noted"
    again = await door.web.post(str(shown.link), data={"act": "acknowledge"})
    assert again.headers["passerelle-taken"] == "already"
    assert (await door.states())[-1] == "acknowledged"


async def test_an_absence_by_notification_names_the_child_and_asks_on_the_page(door: PushDoor) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()
    browser = await door.joined(odile)
    await door.press(NoticeKind.ABSENCE)

    shown = door.box.record.arrived(browser.value)[-1]
    page = await door.web.get(str(shown.link))
    assert "Capucine" in shown.text
    assert shown.buttons == ()
    assert 'value="should_be_here"' in page.text


async def test_two_adults_on_one_browser_are_asked_who_speaks(door: PushDoor) -> None:
    odile, paul = await door.small.family(by_sms(), by_sms(name="Paul"))
    await door.press()
    browser = await door.joined(odile)
    code = (await door.invitation(paul)).json()["invitation"]
    assert (await door.tell("subscriptions", invitation=code, subscription=browser.subscription)).status_code == 204
    await door.press()

    (shown,) = door.box.record.arrived(browser.value)
    tapped = await door.web.post(str(shown.link), data={"act": "acknowledge"})

    assert tapped.headers["passerelle-taken"] == "who"
    assert await door.answers() == []


async def test_a_page_opened_from_a_notification_shows_no_address(door: PushDoor) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()
    browser = await door.joined(odile)
    await door.press()

    link = str(door.box.record.arrived(browser.value)[-1].link)
    for path in (link, f"{link}/stop"):
        page = await door.web.get(path)
        assert page.status_code == 200
        for secret in (browser.endpoint, "endpoint", "p256dh", "127.0.0.1"):
            assert secret not in page.text
    assert "Lien envoyé" not in plain((await door.web.get(link)).text)


async def test_without_a_sender_or_a_public_address_nothing_is_offered(database: Database, keyring: Keyring) -> None:
    async with a_push_door(database, keyring, sender=False) as door:
        await door.small.family(by_sms())
        await door.press()
        assert "/notifications" not in (await door.web.get(door.link)).text
        assert (await door.web.get(f"{door.link}/notifications")).status_code == 410
        assert (await door.invitation(1)).status_code == 410
        assert await door.count("invitation") == 0


async def test_a_hub_that_nobody_reaches_offers_none(door: PushDoor) -> None:
    await door.small.family(by_sms())
    await door.press()
    transport: Any = door.web._transport
    transport.app.state.house = House(Settings(public_url=None), door.house.database, door.house.keyring)

    assert "/notifications" not in (await door.web.get(door.link)).text
    assert (await door.web.get(f"{door.link}/notifications")).status_code == 410


async def test_a_stopped_sender_offers_none(door: PushDoor) -> None:
    await door.small.family(by_sms())
    await door.press()
    await door.small.write("UPDATE sender SET stopped_at = CURRENT_TIMESTAMP WHERE channel = 'push'")

    assert (await door.web.get(f"{door.link}/notifications")).status_code == 410


async def test_only_the_adults_of_the_link_are_invited_and_only_from_our_own_page(door: PushDoor) -> None:
    [odile] = await door.small.family(by_sms())
    [stranger] = await door.small.family(by_mail(), children=["Basile"], class_label="CE1 B")
    await door.press(audience="class:CP A")

    assert (await door.invitation(stranger)).status_code == 400
    for who in ("", "x", "0", "9" * 30, "-1", "१"):
        answer = await door.web.post(f"{door.link}/notifications", data={"guardian": who})
        assert answer.status_code == 400
    assert (await door.invitation(odile, **FOREIGN)).status_code == 403
    assert (await door.invitation(odile, **{"Sec-Fetch-Site": "same-site"})).status_code == 403
    assert (await door.web.post("/l/AAAAAAAAAAAA/notifications", data={"guardian": str(odile)})).status_code == 404
    assert await door.count("invitation") == 0


async def test_a_withdrawn_notice_invites_nobody(door: PushDoor) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()
    await door.small.write("UPDATE notice SET state = 'cancelled'")

    assert (await door.web.get(f"{door.link}/notifications")).status_code == 410
    assert (await door.invitation(odile)).status_code == 410
    assert await door.count("invitation") == 0


async def test_an_adult_who_was_barred_meanwhile_does_not_join(door: PushDoor) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()
    code = (await door.invitation(odile)).json()["invitation"]
    await door.small.write("UPDATE link SET kind = 'barred', may_be_told = false")

    browser = await door.browser()
    answer = await door.tell("subscriptions", invitation=code, subscription=browser.subscription)

    assert answer.status_code == 404
    assert await addresses(door) == [("phone", "active")]


async def test_an_invitation_serves_once_for_notifications_and_not_for_ever(door: PushDoor) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()
    code = (await door.invitation(odile)).json()["invitation"]
    one, other = await door.browser(), await door.browser()
    assert (await door.tell("subscriptions", invitation=code, subscription=one.subscription)).status_code == 204
    async with door.house.database.school(door.small.school.key) as session:
        chat = await invite(
            session,
            door.house.keyring,
            school_id=door.small.school.key,
            guardian_id=odile,
            medium=Medium.CHAT,
            made_by=door.small.director,
            now=NOW,
        )
    late = (await door.invitation(odile)).json()["invitation"]
    await door.small.write("UPDATE invitation SET expires_at = made_at WHERE used_at IS NULL AND medium = 'push'")

    for bad in (code, chat, late, "", "AAAAAAAAAAAA", "x" * 5000, None, 7, ["a"]):
        answer = await door.tell("subscriptions", invitation=bad, subscription=other.subscription)
        assert answer.status_code == 404, bad
    assert await addresses(door) == [("phone", "active"), ("push", "active")]


@on_one_database
@pytest.mark.parametrize(
    "endpoint",
    [
        "https://127.0.0.1/x",
        "http://127.0.0.1:1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://evil.test/x",
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com@evil.test/x",
        "https://fcm.googleapis.com:8443/x",
        "",
        7,
        None,
    ],
)
async def test_a_browser_cannot_send_us_anywhere_else(door: PushDoor, endpoint: object) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()
    code = (await door.invitation(odile)).json()["invitation"]
    subscription = {**(await door.browser()).subscription, "endpoint": endpoint}

    answer = await door.tell("subscriptions", invitation=code, subscription=subscription)

    assert answer.status_code == 422
    assert await addresses(door) == [("phone", "active")]
    assert await door.count("invitation", "used_at IS NULL") == 1


@pytest.mark.parametrize("path", ["subscriptions", "changed", "stopped"])
async def test_what_another_site_or_nobody_posts_changes_nothing(door: PushDoor, path: str) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()
    browser, code = await door.joined(odile), (await door.invitation(odile)).json()["invitation"]
    fresh = await door.browser()
    said = {
        "invitation": code,
        "subscription": fresh.subscription,
        "old": browser.subscription,
        "new": fresh.subscription,
    }

    assert (await door.tell(path, FOREIGN, **said)).status_code == 403
    assert (await door.tell(path, {}, **said)).status_code == 403
    assert (await door.tell(path, {"Origin": "https://evil.test"}, **said)).status_code == 403

    assert await addresses(door) == [("phone", "active"), ("push", "active")]
    assert await door.count("stop") == 0
    assert (await door.tell(path, {"Origin": "https://hub.test"}, **said)).status_code == 204


@on_one_database
@pytest.mark.parametrize("path", ["subscriptions", "changed", "stopped"])
@pytest.mark.parametrize("body", [b"", b"[]", b"x", b"\xff", b"{}", b'{"old":{}}', b'"' + b"x" * 20_000 + b'"'])
async def test_what_cannot_be_read_is_refused_in_one_sentence(door: PushDoor, path: str, body: bytes) -> None:
    answer = await door.web.post(f"/push/{path}", content=body, headers={"Sec-Fetch-Site": "same-origin"})

    assert answer.status_code == 422
    assert "navigateur" in plain(answer.text)


async def test_who_stops_here_is_reached_otherwise_and_may_come_back(door: PushDoor) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()
    browser = await door.joined(odile)
    await door.drain()

    assert (await door.tell("stopped", old=browser.subscription)).status_code == 204
    assert (await door.tell("stopped", old=browser.subscription)).status_code == 204
    before = len(door.sms.sent)
    await door.press(slots=Slots(text="Une."))
    assert len(door.sms.sent) == before + 1
    assert door.box.record.arrived(browser.value) == []

    code = (await door.invitation(odile)).json()["invitation"]
    assert (await door.tell("subscriptions", invitation=code, subscription=browser.subscription)).status_code == 204
    await door.press(slots=Slots(text="Deux."))
    assert [message.text for message in door.box.record.arrived(browser.value)][-1].endswith("Deux.")
    assert await door.count("stop") == 0


async def test_a_browser_that_ended_by_itself_is_dead_and_the_phone_is_next(door: PushDoor) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()
    browser = await door.joined(odile)
    await door.drain()
    door.box.push.unsubscribe(browser)
    before = len(door.sms.sent)

    await door.press(slots=Slots(text="Une."))
    await door.drain()

    assert len(door.sms.sent) == before + 1
    assert await addresses(door) == [("phone", "active"), ("push", "dead")]


async def test_a_browser_that_moves_keeps_its_place(door: PushDoor) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()
    browser, fresh = await door.joined(odile), await door.browser()
    door.box.push.unsubscribe(browser)

    answer = await door.tell("changed", old=browser.subscription, new=fresh.subscription)
    await door.press(slots=Slots(text="Une."))

    assert answer.status_code == 204
    assert [message.text for message in door.box.record.arrived(fresh.value)][-1].endswith("Une.")
    assert await addresses(door) == [("phone", "active"), ("push", "active")]
    assert (await door.tell("changed", old=browser.subscription, new=fresh.subscription)).status_code == 404


def other_secret(browser: Browser) -> dict[str, Any]:
    given: dict[str, Any] = json.loads(json.dumps(browser.subscription))
    given["keys"]["auth"] = "A" * 22
    return given


async def test_nobody_moves_or_stops_a_browser_without_its_secret(door: PushDoor) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()
    browser, thief = await door.joined(odile), await door.browser()

    stolen = other_secret(browser)
    assert (await door.tell("changed", old=stolen, new=thief.subscription)).status_code == 404
    assert (await door.tell("stopped", old=stolen)).status_code == 404
    assert (await door.tell("changed", old=thief.subscription, new=browser.subscription)).status_code == 404
    elsewhere = {**thief.subscription, "endpoint": "https://fcm.googleapis.com/fcm/send/x"}
    assert (await door.tell("changed", old=browser.subscription, new=elsewhere)).status_code == 422
    private = {**thief.subscription, "endpoint": "https://10.0.0.1/x"}
    assert (await door.tell("changed", old=browser.subscription, new=private)).status_code == 422

    await door.press(slots=Slots(text="Une."))
    assert len(door.box.record.arrived(browser.value)) == 1
    assert door.box.record.arrived(thief.value) == []
    assert await door.count("stop") == 0


async def test_a_browser_that_stopped_or_was_called_wrong_is_not_moved(door: PushDoor) -> None:
    [odile] = await door.small.family(by_sms())
    await door.press()
    browser, fresh = await door.joined(odile), await door.browser()
    await door.small.write("UPDATE address SET state = 'wrong' WHERE medium = 'push'")

    assert (await door.tell("changed", old=browser.subscription, new=fresh.subscription)).status_code == 204

    assert await addresses(door) == [("phone", "active"), ("push", "wrong")]
    assert (await door.tell("changed", old=fresh.subscription, new=browser.subscription)).status_code == 404


async def test_who_tries_invitations_is_soon_made_to_wait(door: PushDoor) -> None:
    subscription = (await door.browser()).subscription

    async def tried() -> int:
        return (await door.tell("subscriptions", invitation="AAAAAAAAAAAA", subscription=subscription)).status_code

    assert [await tried() for _ in range(61)] == [404] * 60 + [429]
    door.clock.seconds += 61
    assert await tried() == 404


async def test_the_worker_is_always_fresh_and_holds_no_word(door: PushDoor) -> None:
    worker = await door.web.get("/sw.js?key=x")
    script = await door.web.get("/static/push.js")

    assert worker.headers["content-type"].startswith("text/javascript")
    assert worker.headers["cache-control"] == "no-cache"
    for text in (worker.text, script.text):
        code = re.sub(r"//.*|/\*.*?\*/", "", text)
        assert not re.search(r"[^\x00-\x7f]", code)
        said = re.findall(r'"([^"]*)"', code)
        assert [words for words in said if " " in words and words != "use strict"] == []


async def test_the_page_installs_itself_and_opens_where_notifications_are_switched_on(door: PushDoor) -> None:
    await door.small.family(by_sms())
    await door.press()
    code = door.link.removeprefix("/l/")

    page = await door.web.get(f"{door.link}/notifications")
    said = (await door.web.get(f"{door.link}/manifest.webmanifest")).json()
    harmless = (await door.web.get("/manifest.webmanifest")).json()

    assert f'<link rel="manifest" href="/l/{code}/manifest.webmanifest">' in page.text
    assert said["start_url"] == f"/arrivee/{code}"
    assert harmless["start_url"] == said["id"] == harmless["id"] == "/arrivee"
    assert said["display"] == "standalone"
    assert {icon.get("purpose") for icon in said["icons"]} == {None, "maskable"}
    for icon in said["icons"]:
        answer = await door.web.get(icon["src"])
        assert (answer.status_code, answer.headers["content-type"]) == (200, icon["type"])
    start = await door.web.get(said["start_url"])
    assert f'href="/l/{code}/notifications?lang=fr"' in start.text


async def test_the_icon_of_an_old_link_opens_a_page_that_gives_nothing_away(door: PushDoor) -> None:
    for path in ("/arrivee", "/arrivee/AAAAAAAAAAAA", "/arrivee/x"):
        page = await door.web.get(path, headers={"Accept-Language": "fr"})
        assert page.status_code == 200
        assert "Les messages de l’école arrivent ici." in plain(page.text)
        assert "Activer" not in page.text


async def test_a_sender_of_notifications_has_a_key_of_its_own_and_its_secret_is_sealed(door: PushDoor) -> None:
    rows = await door.small.rows("SELECT address, login, secret_sealed FROM sender WHERE channel = 'push'")

    ((address, public, sealed),) = rows
    assert address == "mailto:ecole@trois-ponts.test"
    assert len(public) == 87
    assert len(sealed) > 43
    assert public == await door.public_key()


async def test_the_page_of_a_school_without_notifications_is_as_it_was(database: Database, keyring: Keyring) -> None:
    async with a_door(database, keyring) as door:
        await door.small.family(Adult(reached_by=((ChannelName.SMS, PHONE),)))
        await door.press()
        page = await door.web.get(door.link)
        assert "/notifications" not in page.text
        assert "Lien envoyé au numéro" in plain(page.text)
