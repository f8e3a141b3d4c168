"""Notifications in real browsers: switched on from a notice, shown by the worker, and answered with one tap."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from autopush import FIREFOX, SHOWN, Autopush, Firefox, a_firefox, an_autopush
from factories import by_sms
from playwright.async_api import BrowserContext, Page, Worker, async_playwright, expect
from push_door import PushDoor, a_served_push_door
from test_browser import CHROMIUM, QUIET, fits, on_one_database, with_chromium

from hub.database import Database
from hub.ports import NoticeKind, Slots
from hub.sealing import Keyring
from sandbox.box import Sandbox
from sandbox.config import SandboxConfig
from sandbox.push_service import Browser

with_firefox = pytest.mark.skipif(not FIREFOX.exists(), reason="no Firefox on this machine (Debian: firefox-esr)")

SWITCH_ON = """
const shown = name => !document.querySelector(`[data-when=${name}]`).hidden;
const turned = () => ["done", "failed", "denied"].find(shown);
while (!shown("offer")) await new Promise(done => setTimeout(done, 20));
document.querySelector("[data-when=offer] button").click();
while (!turned()) await new Promise(done => setTimeout(done, 20));
return [turned(), shown("on"), shown("offer")];
"""
SWITCH_OFF = """
const shown = name => !document.querySelector(`[data-when=${name}]`).hidden;
while (!shown("on")) await new Promise(done => setTimeout(done, 20));
document.querySelector("[data-end] button").click();
while (!shown("off")) await new Promise(done => setTimeout(done, 20));
return shown("offer");
"""
STANDING = """
const [worker] = await navigator.serviceWorker.getRegistrations();
let standing;
while (!(standing = await worker.getNotifications()).length) await new Promise(done => setTimeout(done, 20));
return standing.map(({title, body, lang, dir, actions}) => ({title, body, lang, dir, actions}));
"""
# Firefox's own alert, in place of the desktop's: what a finger does to it.
ALERT = """
let alert;
const look = () => alert = Services.wm.getMostRecentWindow("alert:alert");
while (!look()?.gAlertListener) await new Promise(done => setTimeout(done, 20));
const part = name => alert.document.getElementById(name);
const said = [part("alertTitleLabel").value, part("alertTextLabel").textContent];
"""
TAP = f"{ALERT} alert.onAlertClick(); alert.close(); return said;"
PRESS = f"""{ALERT}
const known = ChromeUtils.generateQI(["nsIAlertAction"]);
const action = {{ QueryInterface: known, action: "acknowledge", title: "", iconURL: "" }};
alert.gAlertListener.observe(action, "alertclickcallback", alert.gAlertCookie); alert.close(); return said;"""


async def desktop(firefox: Firefox, script: str) -> Any:
    """Do something outside the page, as only the one before the screen can."""
    tree = await firefox.ask("browsingContext.getTree", **{"moz:scope": "chrome"})
    return await firefox.run(script, context=tree["contexts"][0]["context"])


async def opened(firefox: Firefox, path: str) -> str:
    """The address of the page that a tap opened."""
    look = f"""let tab; while (!(tab = gBrowser.tabs.find(one => one.linkedBrowser.currentURI.spec.includes("{path}")
      && !one.linkedBrowser.webProgress.isLoadingDocument))) await new Promise(done => setTimeout(done, 20));
      return tab.linkedBrowser.currentURI.spec"""
    return str(await desktop(firefox, look))


@with_firefox
@on_one_database
async def test_firefox_shows_what_the_school_presses_and_answers_with_one_tap(
    database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    async with (
        an_autopush() as push,
        a_served_push_door(database, keyring, push_host=push.origin.removeprefix("http://")) as door,
        a_firefox(tmp_path, push) as firefox,
    ):
        await door.small.family(by_sms())
        await door.press()
        notice = f"{door.house.settings.public_url}{door.link}"
        await firefox.goto(f"{notice}/notifications")

        assert await firefox.run(SWITCH_ON) == ["done", True, False]
        await door.drain()
        assert "notification" in door.sms.sent[-1].text
        texts = len(door.sms.sent)

        await a_press_is_shown_and_acknowledged(door, push, firefox)
        await a_tap_opens_the_page(door, push, firefox)
        assert push.posts == [201, 201]
        assert len(door.sms.sent) == texts

        await push.forget()
        assert await door.hears("/push/changed") == 204
        await door.press(slots=Slots(text="Trois."))
        assert await push.acks.get() == SHOWN
        assert push.posts == [201, 201, 201]

        await firefox.goto(f"{notice}/notifications")
        assert await firefox.run(SWITCH_OFF) is True
        assert await door.hears("/push/stopped") == 204
        assert push.channels == {}
        await door.press(slots=Slots(text="Quatre."))
        assert push.posts == [201, 201, 201]
        assert "Quatre." in door.sms.sent[-1].text


async def a_press_is_shown_and_acknowledged(door: PushDoor, push: Autopush, firefox: Firefox) -> None:
    await door.press(NoticeKind.URGENT, slots=Slots(text="Le chauffage est en panne."))

    assert await push.acks.get() == SHOWN
    (shown,) = await firefox.run(STANDING)
    assert shown["title"] == "École des Trois-Ponts"
    assert "Le chauffage est en panne." in shown["body"]
    assert (shown["lang"], shown["dir"]) == ("fr", "ltr")
    assert shown["actions"] == [{"action": "acknowledge", "title": "J’ai lu"}]

    title, text = await desktop(firefox, PRESS)
    assert title == "École des Trois-Ponts"
    assert "Le chauffage est en panne." in text
    assert await door.heard_answer() == 200
    assert (await door.states())[-1] == "acknowledged"
    assert (await door.answers())[-1][2:] == ("acknowledged", "page")


async def a_tap_opens_the_page(door: PushDoor, push: Autopush, firefox: Firefox) -> None:
    await door.press(slots=Slots(text="Deux."))

    assert await push.acks.get() == SHOWN
    await desktop(firefox, TAP)
    assert (await opened(firefox, "/l/")).startswith(str(door.house.settings.public_url))
    assert (await door.states())[-1] != "acknowledged"


@asynccontextmanager
async def a_chromium(browser: Browser, origin: str) -> AsyncIterator[tuple[BrowserContext, Page, list[str]]]:
    """A Chromium whose push service is the box: Google's own cannot be reached from here, and is not asked."""
    subscribed = f"""PushManager.prototype.subscribe = async function (options) {{
      window.subscribedUnder = options.applicationServerKey;
      return {{ toJSON() {{ return {json.dumps(browser.subscription)} }}, unsubscribe: async () => true }};
    }}"""
    complaints: list[str] = []
    async with async_playwright() as player:
        chromium = await player.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        context = await chromium.new_context(viewport={"width": 390, "height": 844})
        await context.grant_permissions(["notifications"], origin=origin)
        await context.add_init_script(subscribed)
        page = await context.new_page()
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        try:
            yield context, page, complaints
        finally:
            await chromium.close()


LOOK_OUT = """() => {
  const itself = ServiceWorkerRegistration.prototype;
  self.show ??= itself.showNotification;
  self.shown = null;
  itself.showNotification = function (...said) { return self.shown = self.show.apply(this, said); };
}"""
"""A Chromium that is asked for its notifications while it puts one up forgets that one: wait until it stands."""


async def deliver(context: BrowserContext, page: Page, origin: str, given: str) -> Worker:
    """Give the worker a message, as the browser does once it has opened the envelope."""
    devtools, found = await context.new_cdp_session(page), []
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda said: found.extend(said["registrations"]))
    await devtools.send("ServiceWorker.enable")
    await page.wait_for_function("navigator.serviceWorker.getRegistrations().then(all => all.length)")
    while not found:
        await page.evaluate("0")
    number, worker = found[-1]["registrationId"], context.service_workers[0]
    await worker.evaluate(LOOK_OUT)
    await devtools.send("ServiceWorker.deliverPushMessage", {"origin": origin, "registrationId": number, "data": given})
    await devtools.detach()
    return worker


CLICK = """async action => {
  for (let n = 0; !self.shown; n++) {
    if (n > 1000) throw new Error("nothing was shown");
    await new Promise(done => setTimeout(done, 20));
  }
  await self.shown;
  const standing = await self.registration.getNotifications();
  const opened = [];
  clients.openWindow = async url => { if (self.refuses) throw new Error(); opened.push(url); };
  const click = new NotificationEvent("notificationclick", { notification: standing[0], action });
  let ends = []; click.waitUntil = one => ends.push(one);
  self.dispatchEvent(click);
  await Promise.all(ends);
  return [opened, (await self.registration.getNotifications()).map(one => [one.title, one.actions.length])];
}"""


@with_chromium
@on_one_database
async def test_chromium_shows_the_buttons_and_a_press_acknowledges(database: Database, keyring: Keyring) -> None:
    async with (
        Sandbox(SandboxConfig(allow=True)) as box,
        a_served_push_door(database, keyring, push_host=box.push_host, box=box) as door,
    ):
        origin = str(door.house.settings.public_url)
        await door.small.family(by_sms(), by_sms(name="Paul"))
        await door.press()
        browser = await door.browser()
        async with a_chromium(browser, origin) as (context, page, complaints):
            await page.goto(f"{origin}{door.link}")
            await page.get_by_role("link", name="Recevoir aussi par notification").click()
            await expect(page.get_by_role("button", name="Activer les notifications ici (Odile)")).to_be_visible()
            assert await fits(page)
            await expect(page.locator(".note:visible")).to_have_count(0)
            await page.get_by_role("button", name="Activer les notifications ici (Paul)").click()
            await expect(page.get_by_role("status")).to_contain_text("C’est fait.")
            await expect(page.get_by_text("Cet appareil reçoit les notifications de l’école.")).to_be_visible()
            await expect(page.locator(".note:visible")).to_have_count(1)
            await expect(page.get_by_role("button", name="Activer")).to_have_count(0)
            assert await page.evaluate("subscribedUnder") == await door.public_key()

            await door.press(NoticeKind.URGENT, slots=Slots(text="Le chauffage est en panne."))
            worker = await deliver(context, page, origin, box.record.posts[-1].body)
            assert await worker.evaluate(CLICK, "acknowledge") == [[], []]
            assert await door.heard_answer() == 200
            assert (await door.states())[-1] == "acknowledged"

            await door.press(slots=Slots(text="Deux."))
            link = json.loads(box.record.posts[-1].body)["url"]
            await deliver(context, page, origin, box.record.posts[-1].body)
            assert await worker.evaluate(CLICK, "") == [[link], []]

            await door.press(slots=Slots(text="Trois."))
            link = json.loads(box.record.posts[-1].body)["url"]
            await deliver(context, page, origin, box.record.posts[-1].body)
            await door.small.write("UPDATE notice SET state = 'cancelled'")
            assert await worker.evaluate(CLICK, "acknowledge") == [[link], []]  # it was not taken: the page says why

            await deliver(context, page, origin, box.record.posts[-1].body)
            await worker.evaluate("self.refuses = true")
            assert await worker.evaluate(CLICK, "acknowledge") == [[], [["École des Trois-Ponts", 0]]]
            assert complaints == []


@with_chromium
@on_one_database
async def test_a_browser_that_refuses_or_cannot_is_told_what_to_do(database: Database, keyring: Keyring) -> None:
    async with (
        Sandbox(SandboxConfig(allow=True)) as box,
        a_served_push_door(database, keyring, push_host=box.push_host, box=box) as door,
    ):
        origin = str(door.house.settings.public_url)
        await door.small.family(by_sms())
        await door.press()
        async with a_chromium(await door.browser(), origin) as (context, page, complaints):
            await page.add_init_script("Notification.requestPermission = async () => 'denied'")
            await page.goto(f"{origin}{door.link}/notifications")
            await page.get_by_role("button", name="Activer les notifications ici").click()
            await expect(page.get_by_role("status")).to_contain_text("Cet appareil refuse les notifications")

            other = await context.new_page()
            await other.add_init_script("delete window.PushManager")
            await other.goto(f"{origin}{door.link}/notifications")
            await expect(other.get_by_text("Sur l’écran d’accueil")).to_be_visible()
            await expect(other.locator(".note:visible")).to_have_count(1)
            await expect(other.get_by_role("button")).to_have_count(0)

            away = await context.new_page()
            await away.route("**/push/subscriptions", lambda route: route.abort())
            await away.goto(f"{origin}{door.link}/notifications")
            await away.get_by_role("button", name="Activer les notifications ici").click()
            await expect(away.get_by_role("status")).to_contain_text("Cela n’a pas marché")
            await expect(away.get_by_role("button", name="Activer les notifications ici")).to_be_visible()
        assert complaints == []
    assert await door.count("address") == 1
