"""The list of pages: every page that the house shows, as staff and as a family see it, and how one gets there."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lively import PASSWORD, WORDS, Lively, mailbox
from playwright.async_api import Page

Steps = Callable[[Page, Lively], Awaitable[None]]
Where = Callable[[Lively], Awaitable[str]]


@dataclass(frozen=True)
class Listed:
    """A page. `route`: what shows it, as the app names it. `steps`: what one does at `where` before one is there.

    `status`: of the page itself. `who`: whose session the browser holds, "" for nobody. `client`: the network address
    that the browser seems to come from.
    """

    name: str
    route: str
    where: Where
    steps: Steps | None = None
    status: int = 200
    who: str = "director"
    client: str = ""

    def __str__(self) -> str:
        return self.name


NOT_PAGES = {
    "GET /static/{name:path}": "the look itself",
    "GET /suivi/{notice_id:int}/direct": "the stream of a board",
    "GET /sw.js": "the worker behind notifications",
    "GET /messages/direct": "the stream of the inbox",
    "GET /messages/{thread_id:int}/direct": "the stream of a conversation",
    "GET /messages/{thread_id:int}/pieces/{attachment_id:int}": "a file of a family's",
    "GET /presences/sw.js": "the worker that keeps the rolls",
    "GET /manifest.webmanifest": "how the page installs itself",
    "GET /l/{code}/manifest.webmanifest": "how the page installs itself",
}
"""What is asked for with GET and is no page."""


def at(path: str) -> Where:
    """Go straight to an address."""

    async def where(_: Lively) -> str:
        return path

    return where


def board(notice: str, end: str = "") -> Where:
    """Go to the board of a notice, or to what hangs on it."""

    async def where(lively: Lively) -> str:
        return f"/suivi/{lively.notices[notice]}{end}"

    return where


def roll(end: str, label: str = "CP A") -> Where:
    """Go to the roll of a class."""

    async def where(lively: Lively) -> str:
        return f"/presences/{lively.small.classes[label]}{end}"

    return where


def link(notice: str, adult: str = "Odalys", *, lang: str = "fr", end: str = "") -> Where:
    """Open a family's link."""

    async def where(lively: Lively) -> str:
        return f"{lively.link(notice, adult)}{end}?lang={lang}"

    return where


def spare(lang: str, end: str = "") -> Where:
    """Open a link that nobody has used."""

    async def where(lively: Lively) -> str:
        return f"{lively.spare()}{end}?lang={lang}"

    return where


def pressing(value: str) -> Steps:
    """Press the button of this value."""

    async def steps(page: Page, _: Lively) -> None:
        button = page.locator(f'button[value="{value}"]').first
        await button.evaluate("button => button.closest('details')?.setAttribute('open', '')")
        async with page.expect_navigation():
            await button.click()

    return steps


def entering(visitor: str, password: str) -> Steps:
    """Fill in the door."""

    async def steps(page: Page, _: Lively) -> None:
        await page.get_by_label("Votre adresse professionnelle").fill(mailbox(visitor))
        await page.get_by_label("Votre mot de passe").fill(password)
        async with page.expect_navigation():
            await page.get_by_role("button", name="Entrer").click()

    return steps


async def in_two_schools(page: Page, lively: Lively) -> None:
    """Come in with a mailbox that two schools know."""
    small = lively.small
    await small.write(
        "UPDATE staff SET email_hash = (SELECT email_hash FROM staff WHERE id = :other) WHERE id = :mine",
        mine=lively.staff["deputy"],
        other=lively.staff["foreign_director"],
    )
    await entering("foreign_director", PASSWORD)(page, lively)


async def typing_nonsense(page: Page, _: Lively) -> None:
    """Post a form that is not ours."""
    await page.locator('button[name="act"]').first.evaluate("button => button.value = 'nonsense'")
    async with page.expect_navigation():
        await page.locator('button[value="nonsense"]').click()


async def guessing(page: Page, _: Lively) -> None:
    """Try codes until one must wait."""
    house = page.url.partition("/l/")[0]
    here = {"X-Forwarded-For": "192.0.2.7"}
    await asyncio.gather(*(page.request.get(f"{house}/l/{number:012}", headers=here) for number in range(60)))
    await page.reload()


async def nothing_written(page: Page, _: Lively) -> None:
    """Ask to read over an empty sheet."""
    async with page.expect_navigation():
        await page.get_by_role("button", name="Relire").click()


async def read_over(page: Page, _: Lively) -> None:
    """Write to the whole school, and read it over."""
    await page.get_by_role("checkbox", name="école").first.check()
    await page.get_by_label("Avec vos mots").fill(f"{WORDS['announcement']} Prévenez-nous de ce qui « gêne ».")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Relire").click()


async def calling(page: Page, _: Lively) -> None:
    """Take the first call that one may."""
    async with page.expect_navigation():
        await page.locator('[formaction*="/prendre"]').first.click()


async def taking(page: Page, _: Lively) -> None:
    """Take the roll: one is absent."""
    await page.locator(".pupil").first.get_by_label("absent").check()
    async with page.expect_navigation():
        await page.get_by_role("button", name="Valider").click()


async def inviting(page: Page, _: Lively) -> None:
    """Ask for the chat."""
    button = page.locator('form[action*="/telegram"] button').first
    await button.evaluate("button => button.closest('details')?.setAttribute('open', '')")
    async with page.expect_navigation():
        await button.click()


async def printing(page: Page, _: Lively) -> None:
    """Make the invitations of a class."""
    await page.get_by_role("checkbox", name="CE1 B").check()
    async with page.expect_navigation():
        await page.get_by_role("button", name="Préparer les feuilles").click()


async def printing_one(page: Page, _: Lively) -> None:
    """Make the invitation of one adult."""
    async with page.expect_navigation():
        await page.get_by_role("button", name="Imprimer une invitation").click()


def thread(end: str = "") -> Where:
    """Go to the conversation of the lively school."""

    async def where(lively: Lively) -> str:
        return f"/messages/{lively.thread}{end}"

    return where


async def answering_nothing(page: Page, _: Lively) -> None:
    """Answer with blanks."""
    await page.get_by_label("À Odalys").fill("  ")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Répondre").click()


async def keeping_nothing(page: Page, _: Lively) -> None:
    """Keep a ready answer without a name."""
    async with page.expect_navigation():
        await page.get_by_role("button", name="Garder cette réponse").click()


async def looking_closer(page: Page, _: Lively) -> None:
    """Ask for the whole number of a stranger."""
    async with page.expect_navigation():
        await page.get_by_role("button", name="Voir le numéro entier").first.click()


async def looking_for_the_family(page: Page, _: Lively) -> None:
    """Look for the family of a stranger's message."""
    await page.get_by_text("Chercher sa famille").first.click()
    await page.get_by_label("Nom ou prénom").first.fill("exemple")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Chercher").first.click()


def _staff() -> list[Listed]:
    return [
        Listed("door", "GET /entrer", at("/entrer"), who=""),
        Listed("door refused", "POST /entrer", at("/entrer"), entering("teacher", "wrong"), 401, who=""),
        Listed("door of two schools", "POST /entrer", at("/entrer"), in_two_schools, who=""),
        Listed("start", "GET /", at("/")),
        Listed("start of another school", "GET /", at("/"), who="foreign_director"),
        Listed("nothing there", "GET /nulle-part", at("/nulle-part"), status=404),
        Listed("no right", "GET /", at("/"), status=403, who="gone"),
        Listed("writing desk", "GET /ecrire", at("/ecrire")),
        Listed("writing desk of a teacher", "GET /ecrire", at("/ecrire"), who="teacher"),
        Listed("writing desk at fault", "POST /ecrire", at("/ecrire"), nothing_written, 422),
        Listed("reading over", "POST /ecrire", at("/ecrire"), read_over),
        Listed("alarm", "GET /alerte", at("/alerte"), who="deputy"),
        Listed("alarm read over", "POST /alerte", at("/alerte?exercice=1"), pressing("sheltered")),
        Listed("families", "GET /familles", at("/familles")),
        Listed("families of a name", "GET /familles", at("/familles?q=exemple")),
        Listed("families of no letter", "GET /familles", at("/familles?q=."), status=422),
        Listed("families of a teacher", "GET /familles", at("/familles"), who="teacher"),
        Listed("an adult of a dead number", "GET /familles/{guardian_id:int}", at("/familles/6")),
        Listed("invitation to print", "POST /familles/{guardian_id:int}/invitation", at("/familles/1"), printing_one),
        Listed("an adult", "GET /familles/{guardian_id:int}", at("/familles/1")),
        Listed("first word", "GET /familles/{guardian_id:int}/ecrire", at("/familles/1/ecrire")),
        Listed("invitations", "GET /familles/invitations", at("/familles/invitations")),
        Listed("invitations to print", "POST /familles/invitations", at("/familles/invitations"), printing),
        Listed("messages", "GET /messages", at("/messages")),
        Listed("messages of a teacher", "GET /messages", at("/messages?voir=a-moi"), who="teacher"),
        Listed("messages of nobody", "GET /messages", at("/messages"), who="foreign_director"),
        Listed("messages searched", "GET /messages", at("/messages?q=heures")),
        Listed("messages of no letter", "GET /messages", at("/messages?q=."), status=422),
        Listed("ready answers", "GET /messages/modeles", at("/messages/modeles")),
        Listed("ready answers at fault", "POST /messages/modeles", at("/messages/modeles"), keeping_nothing, 422),
        Listed("conversation", "GET /messages/{thread_id:int}", thread()),
        Listed("conversation of a teacher", "GET /messages/{thread_id:int}", thread("?pret=1"), who="teacher"),
        Listed("long message", "GET /messages/{thread_id:int}/mots/{reply_id:int}", thread("/mots/1")),
        Listed("answer at fault", "POST /messages/{thread_id:int}/repondre", thread(), answering_nothing, 422),
        Listed("office tray", "GET /bac", at("/bac")),
        Listed("office tray, empty", "GET /bac", at("/bac"), who="foreign_director"),
        Listed("office tray, whose", "GET /bac", at("/bac"), looking_for_the_family),
        Listed("office tray, number", "POST /bac/{item_id:int}/numero", at("/bac"), looking_closer),
        Listed("rolls", "GET /presences", at("/presences")),
        Listed("roll", "GET /presences/{class_id:int}", roll("?demi=matin"), who="teacher"),
        Listed("roll taken", "POST /presences/{class_id:int}", roll("?demi=matin", "CE1 B"), taking),
        Listed("absences", "GET /absences", at("/absences")),
        Listed("absences of no name", "POST /absences", at("/absences"), pressing("gate"), 422),
        Listed("absences of a month", "GET /absences/mois", at("/absences/mois")),
        Listed("call list", "GET /appeler", at("/appeler")),
        Listed("call list of somebody", "POST /appeler/{task_id:int}/prendre", at("/appeler"), calling),
        Listed("call list with nobody", "GET /appeler", at("/appeler"), who="foreign_director"),
        *(
            Listed(f"board of {notice}", "GET /suivi/{notice_id:int}", board(notice))
            for notice in ("urgent", "absence", "meeting", "cancelled", "held", "crisis")
        ),
        Listed("board of a deputy", "GET /suivi/{notice_id:int}", board("crisis"), who="deputy"),
        Listed("correcting", "GET /suivi/{notice_id:int}/corriger", board("announcement", end="/corriger")),
    ]


def _family(lang: str) -> list[Listed]:
    def family(
        name: str, route: str, where: Where, steps: Steps | None = None, status: int = 200, client: str = ""
    ) -> Listed:
        return Listed(f"{name}, {lang}", route, where, steps, status, "", client)

    show, act = "GET /l/{code}", "POST /l/{code}"
    return [
        family("announcement", show, link("announcement", lang=lang)),
        family("announcement answered", show, link("announcement", "Noureddine", lang=lang)),
        family("announcement on a shared phone", show, link("announcement", "Isaure", lang=lang)),
        family("urgent", show, link("urgent", lang=lang)),
        family("meeting", show, link("meeting", lang=lang)),
        family("crisis", show, link("crisis", lang=lang)),
        family("absence", show, link("absence", lang=lang)),
        family("absence answered", show, link("absence", "Noureddine", lang=lang)),
        family("withdrawn", show, link("cancelled", lang=lang), status=410),
        family("over", show, at(f"/l/{'a' * 12}?lang={lang}"), status=404),
        family("too many tries", show, at(f"/l/{'b' * 12}?lang={lang}"), guessing, 429, "192.0.2.7"),
        family("thanks", act, spare(lang), pressing("acknowledge")),
        family("thanks, we call", act, link("absence", lang=lang), pressing("should_be_here")),
        family("who answers", act, link("shared_absence", "Isaure", lang=lang), pressing("ill")),
        family("not understood", act, spare(lang), typing_nonsense, 400),
        family("wrong number", act, spare(lang), pressing("wrong_number")),
        family("stop?", "GET /l/{code}/stop", link("announcement", lang=lang, end="/stop")),
        family("stopped", "POST /l/{code}/stop", spare(lang, "/stop"), pressing("stop")),
        family("stop by mail?", "GET /u/{token}", _by_mail(lang)),
        family("notifications", "GET /l/{code}/notifications", link("announcement", lang=lang, end="/notifications")),
        family("Telegram", "POST /l/{code}/telegram", link("announcement", lang=lang), inviting),
        family("arrival", "GET /arrivee", at(f"/arrivee?lang={lang}")),
        family("arrival with a link", "GET /arrivee/{code}", _arrival(lang)),
    ]


def _by_mail(lang: str) -> Where:
    async def where(lively: Lively) -> str:
        return f"/u/{lively.mail_token}?lang={lang}"

    return where


def _arrival(lang: str) -> Where:
    async def where(lively: Lively) -> str:
        return f"/arrivee/{lively.links['announcement', 'Odalys']}?lang={lang}"

    return where


PAGES = (*_staff(), *_family("fr"), *_family("ar"))
