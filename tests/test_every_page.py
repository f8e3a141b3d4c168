"""Every page, in a real browser: by day and by night, narrow and wide, larger, without a mouse, and on paper."""

import asyncio
import fcntl
import os
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import httpx
import pytest
import pytest_asyncio
from factories import NOW
from lively import HOMES, PASSWORD, Lively, a_lively_school, mailbox
from pages import NOT_PAGES, PAGES, Listed
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    async_playwright,
    expect,
)
from rights import routes
from test_browser import CHROMIUM, QUIET, with_chromium

from bench.first_load import MOST_BYTES, MOST_REQUESTS, first_load
from hub.database import Database
from hub.sealing import Keyring
from hub.settings import Settings
from web.app import create_app, web_server
from web.house import House

NODE = Path(__file__).parent / "node"
SHOTS = Path(__file__).parents[1] / "var" / "shots"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
KEEP = bool(os.environ.get("PASSERELLE_SHOTS"))
"""Whether to keep pictures in var/shots, for whoever wants to look; axe is then asked in each width and theme."""
WIDTHS = (320, 768, 1280)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
BY_AXE = {(320, "light"), (1280, "dark")}
"""What depends on the width and what depends on the theme; all six would take three times as long."""
FROM_THE_RIGHT = {(320, "light")}
"""What depends on the direction: an Arabic page is the French one, mirrored."""
PAPER = 718
"""CSS pixels of an A4 sheet between margins of a centimetre: 190 mm at 96 to the inch."""
in_one_loop = pytest.mark.asyncio(loop_scope="module")

AXE = """async tags => (await axe.run(document, { runOnly: tags, resultTypes: ["violations"] })).violations
  .flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.target.join(" ")} (${node.failureSummary})`))"""
BESIDE = """() => {
  const found = [], wide = document.documentElement;
  if (wide.scrollWidth > wide.clientWidth) found.push(`the page is ${wide.scrollWidth} wide on ${wide.clientWidth}`);
  for (const one of document.body.querySelectorAll("*")) {
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    if (!box.width || style.clipPath !== "none" || one.closest("svg")?.parentElement?.closest("svg")) continue;
    if (box.right > innerWidth + 1 || box.left < -1) found.push(`${one.tagName}.${one.className} stands beside it`);
    if (one.matches("input, select, textarea, svg, svg *")) continue;
    const cut = style.overflowX !== "visible" || one.matches(".sheet, .btn, .chip, .tag, .note, td, th");
    if (cut && one.scrollWidth > one.clientWidth + 1) found.push(`${one.tagName}.${one.className} is cut`);
  }
  return found;
}"""
STOPS = """() => {
  const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")];
  const chosen = radio => document.querySelector(`input[name="${radio.name}"]:checked`) ?? radio;
  const stops = all.filter(one => one.checkVisibility({ visibilityProperty: true }) && !one.disabled
    && one.tabIndex >= 0 && one.type !== "hidden" && !(one.type === "radio" && chosen(one) !== one));
  const ringed = one => [one, one.parentElement, one.nextElementSibling].some(each => {
    const style = each && getComputedStyle(each);
    return style && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  });
  const parts = { date: 4, time: 4 };
  window.been = [];
  window.stand = () => stops.every(one => one.isConnected && one.checkVisibility({ visibilityProperty: true }));
  document.removeEventListener("focusin", window.watching);
  window.watching = ({ target: one }) => {
    window.been.push(stops.indexOf(one));
    if (!ringed(one)) window.been.push(`no outline: ${one.tagName} ${one.textContent.trim() || one.name}`);
  };
  document.addEventListener("focusin", window.watching);
  document.activeElement?.blur();
  stops[0]?.focus();
  return [stops.length, stops.slice(0, -1).reduce((sum, one) => sum + (parts[one.type] ?? 1), 0)];
}"""
ON_PAPER = """() => {
  const found = [];
  for (const one of document.body.querySelectorAll("*")) {
    const box = one.getBoundingClientRect();
    if (!box.width || one.closest("svg")?.parentElement?.closest("svg")) continue;
    if (one.matches("nav.rooms, .press, .no-print, .skip")) found.push(`${one.tagName}.${one.className} is printed`);
    if (box.right > innerWidth + 1) found.push(`${one.tagName}.${one.className} is wider than the paper`);
  }
  return found;
}"""

GROUND = "getComputedStyle(document.body).backgroundColor"


@dataclass
class Walk:
    """A browser before a lively school: a page for each visitor, which remembers what it has loaded."""

    lively: Lively
    address: str
    browser: Browser
    axe: str
    pages: dict[tuple[str, str], Page] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    status: int = 0

    async def open(self, listed: Listed) -> Page:
        """Open a page of the list, and do there what leads to it."""
        page = await self._page(listed.who, listed.client)
        await page.emulate_media(color_scheme="light", media="screen")
        await page.goto(self.address + await listed.where(self.lively))
        if listed.steps:
            await listed.steps(page, self.lively)
        await page.wait_for_load_state("load")
        await page.evaluate(f"{self.axe};0")
        return page

    async def _page(self, who: str, client: str) -> Page:
        if (who, client) not in self.pages:
            context = await self.context(who, client)
            self.pages[who, client] = page = await context.new_page()
            page.on("pageerror", lambda error: self.complaints.append(str(error)))
            page.on("console", self._said)
            page.on("request", self._asked)
            page.on("response", self._answered)
        return self.pages[who, client]

    async def context(self, who: str, client: str = "") -> BrowserContext:
        """Open a browser that has seen nothing of us yet, and holds the visitor's session."""
        headers = {"X-Forwarded-For": client} if client else {}
        context = await self.browser.new_context(extra_http_headers=headers, locale="fr-FR")
        context.set_default_timeout(10_000)
        if who:
            session = self.lively.sessions[who]
            await context.add_cookies([{"name": cookie_of(who), "value": session, "url": self.address}])
        return context

    def _said(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            self.complaints.append(said.text)

    def _asked(self, request: Request) -> None:
        if request.is_navigation_request():
            self.complaints.clear()

    def _answered(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self.status = response.status


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def walk(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, keyring: Keyring
) -> AsyncIterator[Walk]:
    path = shutil.copy(sqlite_template, tmp_path_factory.mktemp("pages") / "hub.db")
    database = Database(f"sqlite+aiosqlite:///{path}", clock=lambda: NOW)
    line = socket.create_server(("127.0.0.1", 0))
    address = "http://{}:{}".format(*line.getsockname())
    settings = Settings(public_url=address, data_dir=Path(path).parent)
    lively = await a_lively_school(database, keyring, settings)
    server = web_server(create_app(lively.house))
    serving = asyncio.create_task(server.serve(sockets=[line]))
    async with async_playwright() as player:
        browser = await player.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield Walk(lively, address, browser, fetched_axe().read_text("utf-8"))
        await browser.close()
    server.should_exit = True
    await asyncio.wait_for(serving, 5)
    await database.close()


def cookie_of(who: str) -> str:
    """Name the cookie that a visitor's session is kept in."""
    return "passerelle-famille" if who in HOMES else "passerelle"


def fetched_axe() -> Path:
    """The rules of axe-core; the package is fetched once, by its lock file."""
    assert shutil.which("npm"), "node and npm are needed: apt-get install nodejs npm"
    with (NODE / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (NODE / "node_modules" / "axe-core").is_dir():
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=NODE, check=True, capture_output=True, timeout=120)
    return NODE / "node_modules" / "axe-core" / "axe.min.js"


def test_every_page_is_in_the_list() -> None:
    app = create_app(House(Settings(), None, None))  # type: ignore[arg-type]  # nobody comes in
    shown = {f"{method} {path}" for method, path, _ in routes(app) if method == "GET"}

    assert shown - {listed.route for listed in PAGES} - set(NOT_PAGES) == set()
    assert set(NOT_PAGES) <= shown


@with_chromium
@in_one_loop
@pytest.mark.parametrize("listed", PAGES, ids=str)
async def test_everybody_can_use_every_page(walk: Walk, listed: Listed) -> None:
    page = await walk.open(listed)

    assert walk.status == listed.status
    found = await by_eye(page, listed) + await by_keyboard(page) + await on_paper(page)
    found += [line for line in walk.complaints if f"status of {listed.status} " not in line]
    assert not found, "\n".join(found)


@with_chromium
@in_one_loop
@pytest.mark.parametrize("listed", [listed for listed in PAGES if not listed.steps], ids=str)
async def test_the_first_load_of_every_page_is_light(walk: Walk, listed: Listed) -> None:
    headers = {"Accept-Encoding": "gzip"} | ({"X-Forwarded-For": listed.client} if listed.client else {})
    cookies = {cookie_of(listed.who): walk.lively.sessions[listed.who]} if listed.who else {}
    async with httpx.AsyncClient(base_url=walk.address, headers=headers, cookies=cookies) as web:
        parts = await first_load(web, await listed.where(walk.lively))

    assert len(parts) <= MOST_REQUESTS
    assert sum(parts.values()) <= MOST_BYTES


async def by_eye(page: Page, listed: Listed) -> list[str]:
    """Look at it in every width, by day and by night, and in letters twice as large."""
    found: list[str] = []
    by_axe = FROM_THE_RIGHT if listed.name.endswith(", ar") else BY_AXE
    for theme in THEMES:
        await page.emulate_media(color_scheme=theme)
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            faults = await page.evaluate(AXE, list(RULES)) if (width, theme) in by_axe or KEEP else []
            faults += await page.evaluate(BESIDE) if theme == "light" else []
            found += [f"{theme}, {width}: {fault}" for fault in faults]
            await keep(page, listed, f"{width}-{theme}")
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size({"width": 320, "height": 640})
    await page.evaluate("document.documentElement.style.fontSize = '200%'")
    found += [f"twice as large: {fault}" for fault in await page.evaluate(BESIDE)]
    await keep(page, listed, "320-large")
    await page.evaluate("document.documentElement.style.fontSize = ''")
    return found


async def by_keyboard(page: Page) -> list[str]:
    """Go round with Tab: each stop once, in the order of reading, and one sees where one is.

    A live page may bring new stops while one goes, or hide one: then one goes round again.
    """
    await page.set_viewport_size({"width": 1280, "height": 900})
    for _ in range(3):
        stops, tabs = await page.evaluate(STOPS)
        for _ in range(tabs):  # the parts of a date are stops too
            await page.keyboard.press("Tab")
        been: list[int | str] = await page.evaluate("window.been")
        if -1 not in been and await page.evaluate("window.stand()"):
            break
    round_once = [number for number in been if isinstance(number, int)][:stops] == list(range(stops))
    return [fault for fault in been if isinstance(fault, str)] + ([] if round_once else [f"Tab: {been} of {stops}"])


async def on_paper(page: Page) -> list[str]:
    """Print it."""
    await page.set_viewport_size({"width": PAPER, "height": 1000})
    await page.emulate_media(media="print")
    return [f"on paper: {fault}" for fault in await page.evaluate(ON_PAPER)]


async def keep(page: Page, listed: Listed, how: str) -> None:
    """Keep a picture."""
    if KEEP:
        name = re.sub(r"\W+", "-", listed.name).strip("-")
        await page.screenshot(path=SHOTS / f"{name}-{how}.png", full_page=True)


@with_chromium
@in_one_loop
async def test_a_faulty_page_is_found_out(walk: Walk) -> None:
    page = await (await walk.context("")).new_page()
    await page.set_viewport_size({"width": 320, "height": 640})
    await page.set_content(
        "<style>* { outline: none !important } b { display: block; width: 900px }</style><img src=x><input>"
        "<p style='color: #aaa; background: #fff'>faible</p><b>large</b><nav class=rooms>ici</nav><a href=#>vers</a>"
    )
    await page.evaluate(f"{walk.axe};0")

    rules = {fault.partition(":")[0] for fault in await page.evaluate(AXE, list(RULES))}
    assert rules >= {"image-alt", "label", "color-contrast", "document-title", "html-has-lang"}
    assert "B. stands beside it" in await page.evaluate(BESIDE)
    assert {"B. is wider than the paper", "NAV.rooms is printed"} <= set(await page.evaluate(ON_PAPER))
    assert await by_keyboard(page) == ["no outline: INPUT ", "no outline: A vers"]
    await page.context.close()


@with_chromium
@in_one_loop
async def test_a_notice_is_pressed_without_a_mouse(walk: Walk) -> None:
    page = await (await walk.context("")).new_page()
    await page.goto(f"{walk.address}/ecrire")

    await tab_to(page, page.get_by_label("Votre adresse professionnelle"), mailbox("office"))
    await tab_to(page, page.get_by_label("Votre mot de passe"), PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/ecrire")
    await tab_to(page, page.locator('input[name="kind"]:checked'))
    while not await page.get_by_role("radio", name="urgent").is_checked():
        await page.keyboard.press("ArrowRight")
    await tab_to(page, page.get_by_role("checkbox", name="CE1 B"))
    await page.keyboard.press("Space")
    await tab_to(page, page.get_by_label("Avec vos mots"), "Le car a du retard.")
    await tab_to(page, page.get_by_role("button", name="Relire"))
    await page.keyboard.press("Enter")
    await tab_to(page, page.get_by_role("button", name="Prévenir 1 adulte"))
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/suivi/*")

    await expect(page.get_by_role("heading", level=1)).to_contain_text("Le car a du retard")
    await page.context.close()


@with_chromium
@in_one_loop
async def test_the_lamp_is_switched_in_the_room_and_stays_so(walk: Walk) -> None:
    context = await walk.context("director")
    page = await context.new_page()
    await page.emulate_media(color_scheme="light")
    await page.goto(f"{walk.address}/appeler?avis={walk.lively.notices['urgent']}")
    by_day = await page.evaluate(GROUND)

    await page.get_by_role("button", name="Sombre").click()
    await expect(page).to_have_url(f"{walk.address}/appeler?avis={walk.lively.notices['urgent']}")
    by_night = await page.evaluate(GROUND)
    await page.goto(f"{walk.address}/entrer")
    at_the_door = await page.evaluate(GROUND)
    await page.goto(walk.address)
    await page.get_by_role("button", name="Comme l’appareil").click()
    await expect(page.get_by_role("button", name="Comme l’appareil")).to_have_attribute("aria-pressed", "true")

    assert (by_day, by_night, at_the_door) == ("rgb(249, 238, 237)", "rgb(14, 29, 24)", "rgb(14, 29, 24)")
    assert await page.evaluate(GROUND) == by_day
    assert [cookie["name"] for cookie in await context.cookies()] == ["passerelle"]
    await context.close()


async def tab_to(page: Page, wanted: Locator, words: str = "") -> None:
    """Go on with Tab until one is there, and type."""
    for _ in range(80):
        if await wanted.evaluate("one => one === document.activeElement"):
            await page.keyboard.press("ControlOrMeta+a") if words else None
            await page.keyboard.type(words)
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {wanted}")
