"""The list of pages: every page that the house shows, as staff and as a family see it, and how one gets there."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from desks import digits
from factories import NOW, SINCE, TODAY
from lively import PASSWORD, SHARED, WORDS, Lively, mailbox
from lively_diary import a_year_before
from lively_papers import PDF, a_photo
from playwright.async_api import FilePayload, Page

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


WEEK_ON_PAPER = "semaine=2026-11-23&impression=1"
NOT_PAGES = {
    "GET /classe/resultats/{assessment_id:int}/tableau": "a grid as a table for a spreadsheet",
    "GET /static/{name:path}": "the look itself",
    "GET /suivi/{notice_id:int}/direct": "the stream of a board",
    "GET /healthz": "a word for a proxy",
    "GET /readyz": "the same",
    "GET /sw.js": "the worker behind notifications",
    "GET /messages/direct": "the stream of the inbox",
    "GET /messages/{thread_id:int}/direct": "the stream of a conversation",
    "GET /messages/{thread_id:int}/pieces/{attachment_id:int}": "a file of a family's",
    "GET /presences/sw.js": "the worker that keeps the rolls",
    "GET /famille/agenda/abonnement": "the way back from an address that is shown once",
    "GET /famille/rendez-vous/{school_id:int}/{uid}.ics": "an appointment for a family's own calendar",
    "GET /agenda/{code}.ics": "what a family's own calendar reads",
    "GET /manifest.webmanifest": "how the page installs itself",
    "GET /l/{code}/manifest.webmanifest": "how the page installs itself",
    "GET /classe/fichiers/{file_id:int}": "a file of a document or of the diary",
    "GET /famille/fichiers/{school_id:int}/{file_id:int}": "the same, for a family",
    "GET /l/{code}/fichiers/{file_id:int}": "the same, behind a link",
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


def plan(name: str, end: str = "") -> Where:
    """Go to what is planned, or to what hangs on it."""

    async def where(lively: Lively) -> str:
        return f"/prevus/{lively.plans[name]}{end}"

    return where


def letters(notice: str) -> Where:
    """Go to the letters of a notice."""

    async def where(lively: Lively) -> str:
        return f"/courrier/{lively.notices[notice]}"

    return where


async def on_paper(lively: Lively) -> str:
    """Photograph the square of a letter."""
    return f"/lettre/{lively.letter_code}"


async def answering_on_paper(page: Page, _: Lively) -> None:
    """Say that it was read."""
    await page.locator("button[value=acknowledge]").first.click()


async def typing_a_coupon(page: Page, lively: Lively) -> None:
    """Type the code of a coupon that came back."""
    await page.fill("#code", lively.coupon)
    await page.click("text=Chercher ce coupon")


async def mistyping_a_coupon(page: Page, lively: Lively) -> None:
    """Type it with a sign too few that is right."""
    await page.fill("#code", lively.coupon[::-1])
    await page.click("text=Chercher ce coupon")


def roll(end: str, label: str = "CP A") -> Where:
    """Go to the roll of a class."""

    async def where(lively: Lively) -> str:
        return f"/presences/{lively.small.classes[label]}{end}"

    return where


def document(name: str) -> Where:
    """Go to a document."""

    async def where(lively: Lively) -> str:
        return f"/classe/documents/{lively.papers[name]}"

    return where


def paper(lang: str) -> Where:
    """Go to a document as a family sees it."""

    async def where(lively: Lively) -> str:
        return f"/famille/documents/{lively.small.school.key}/{lively.papers['trip']}?lang={lang}"

    return where


async def read_over_weekly(page: Page, _: Lively) -> None:
    """Ask a class each week, and read over."""
    await page.get_by_role("checkbox", name="CP A").first.check()
    await page.get_by_label("Avec vos mots").fill(WORDS["class"])
    await page.get_by_role("radio", name="chaque semaine").check()
    await page.get_by_role("checkbox", name="jeudi").check()
    await page.get_by_role("radio", name="une réponse par famille").check()
    await page.get_by_label("L’heure du départ").fill("08:00")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Relire avant").click()


async def moved_back(page: Page, _: Lively) -> None:
    """Move a plan to a moment that has passed."""
    await page.get_by_label("Le jour").fill("2026-11-02")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Déplacer").click()


async def a_document(page: Page, _: Lively) -> None:
    """Lay two files ready, and read over."""
    await page.get_by_label("Titre").fill("Photo de classe")
    files: list[FilePayload] = [
        {"name": "devant l’école.jpg", "mimeType": "image/jpeg", "buffer": a_photo()},
        {"name": "bon de commande.pdf", "mimeType": "application/pdf", "buffer": PDF},
    ]
    await page.get_by_label("Fichiers").set_input_files(files)
    await page.get_by_role("checkbox", name="CE1 B").first.check()
    async with page.expect_navigation():
        await page.get_by_role("button", name="Relire").click()


async def a_drawing(page: Page, _: Lively) -> None:
    """Hand in what is no picture under the name of one."""
    drawing: FilePayload = {"name": "logo.png", "mimeType": "image/png", "buffer": b"<svg><script/></svg>"}
    await page.get_by_label("Fichiers").set_input_files(drawing)
    async with page.expect_navigation():
        await page.get_by_role("button", name="Relire").click()


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


def assessment(name: str, end: str = "") -> Where:
    """Go to the grid of an assessment."""

    async def where(lively: Lively) -> str:
        return f"/classe/resultats/{lively.assessments[name]}{end}"

    return where


def diary(end: str = "", who: str = "CP A") -> Where:
    """Go to the diary of a class."""

    async def where(lively: Lively) -> str:
        return f"/classe/{lively.small.classes[who]}/cahier{end}"

    return where


def piece(subject: str) -> Where:
    """Go to a piece of work in the diary of CP A."""

    async def where(lively: Lively) -> str:
        return f"/classe/{lively.small.classes['CP A']}/cahier/{lively.entries[subject]}"

    return where


async def copying(lively: Lively) -> str:
    """Go where a week of the year before is taken up."""
    if not await lively.small.rows("SELECT id FROM class_group WHERE label = 'CP D'"):
        await a_year_before(lively)
    return await diary("/reprendre")(lively)


async def noting_nothing(page: Page, _: Lively) -> None:
    """Note a piece without its words."""
    await page.get_by_label("La matière", exact=True).fill("Chant")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Noter", exact=True).click()


def results_of_class(end: str = "") -> Where:
    """Go to the assessments of CP A."""

    async def where(lively: Lively) -> str:
        return f"/classe/{lively.small.classes['CP A']}/resultats{end}"

    return where


async def judging_nothing(page: Page, _: Lively) -> None:
    """Ask for a grid without saying of what."""
    await page.get_by_label("La matière", exact=True).fill("Français")
    await page.get_by_label("Le titre").fill("Poésie")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Ouvrir la grille").click()


async def marking_too_high(page: Page, _: Lively) -> None:
    """Give more points than there are."""
    await page.locator('td input[inputmode="decimal"]').first.fill("24")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Enregistrer la grille").click()


def bringing(table: str) -> Steps:
    """Give a table to the grid."""

    async def steps(page: Page, _: Lively) -> None:
        file = {"name": "classe.csv", "mimeType": "text/csv", "buffer": table.encode()}
        await page.get_by_label("Donner un tableau rempli").set_input_files(files=[file])  # type: ignore[list-item]  # a payload
        async with page.expect_navigation():
            await page.get_by_role("button", name="Relire le tableau").click()

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


_FILE = "/familles/eleves/1/dossier"


async def opening_a_file(page: Page, _: Lively) -> None:
    """Open a child's file."""
    async with page.expect_navigation():
        await page.get_by_role("button", name="Ouvrir le dossier").click()


async def beginning(page: Page, _: Lively) -> None:
    """Begin a second factor."""
    await page.get_by_label("Votre mot de passe, encore une fois").fill(PASSWORD)
    async with page.expect_navigation():
        await page.get_by_role("button", name="Préparer").click()


async def proving(page: Page, lively: Lively) -> None:
    """Begin a second factor, and show that the telephone has it."""
    await beginning(page, lively)
    secret = (await page.locator(".slip .tel").inner_text()).replace(" ", "")
    await page.get_by_label("Ce que le téléphone montre").fill(digits(secret, NOW))
    async with page.expect_navigation():
        await page.get_by_role("button", name="Activer").click()


async def letting_in(page: Page, _: Lively) -> None:
    """Make the sheet of a substitute."""
    await page.get_by_label("Son nom").fill("Mme Relais")
    await page.get_by_role("checkbox", name="CP A").check()
    await page.get_by_label("Jusqu’au soir du").fill(TODAY.isoformat())
    async with page.expect_navigation():
        await page.get_by_role("button", name="Préparer la feuille").click()


async def hurrying(page: Page, _: Lively) -> None:
    """Chase families every minute."""
    await page.get_by_label("Attendre avant la voie suivante").first.fill("1")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Garder ces attentes").click()


async def keeping_silence(page: Page, _: Lively) -> None:
    """Be silent at night."""
    await page.get_by_label("Garder le silence la nuit").check()
    async with page.expect_navigation():
        await page.get_by_role("button", name="Garder ces heures").click()


async def silent_by_day(page: Page, lively: Lively) -> None:
    """Be silent from noon on."""
    await page.get_by_label("À partir de").fill("12:00")
    await keeping_silence(page, lively)


async def read_over_alone(page: Page, lively: Lively) -> None:
    """Write to the whole school from a session without a second factor."""
    await lively.small.write(
        "UPDATE staff_session SET second_at = NULL WHERE staff_id = :id", id=lively.staff["office"]
    )
    await read_over(page, lively)


def event(name: str) -> Where:
    """Go to an event of the calendar."""

    async def where(lively: Lively) -> str:
        return f"/classe/agenda/{lively.events[name]}"

    return where


async def ending_before(page: Page, _: Lively) -> None:
    """Note an event that ends before it begins."""
    await page.get_by_label("Le titre").fill("Kermesse")
    await page.get_by_label("Jusqu’au").fill(SINCE.isoformat())
    async with page.expect_navigation():
        await page.get_by_role("button", name="Mettre à l’agenda").click()


async def subscribing(page: Page, _: Lively) -> None:
    """Ask for the address of one's own calendar."""
    async with page.expect_navigation():
        await page.locator('button[value="ouvrir"]').click()


def appointments(end: str = "") -> Where:
    """Go to the appointments that the teacher of CP A offers."""

    async def where(lively: Lively) -> str:
        return f"/classe/rendez-vous/{lively.appointments['round']}{end}"

    return where


def opening_in(label: str) -> Where:
    """Go to an empty sheet of appointments."""

    async def where(lively: Lively) -> str:
        return f"/classe/rendez-vous/ouvrir?classe={lively.small.classes[label]}"

    return where


NEW_EVENING = "/classe/rendez-vous/soirees/ouvrir"


def evening(more: str = "") -> Where:
    """Go to the evening of the whole school."""

    async def where(lively: Lively) -> str:
        return f"/classe/rendez-vous/soirees/{lively.appointments['evening']}{more}"

    return where


async def opening_for_nobody(page: Page, _: Lively) -> None:
    """Open an evening on a day when the teachers receive already."""
    await page.get_by_label("Durée de chacun").fill("200")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Ouvrir, et demander aux familles").click()


async def adopting_another(page: Page, _: Lively) -> None:
    """Adopt a plan that was proposed anew meanwhile."""
    await page.evaluate("document.querySelector('input[name=plan]').value = '2026-11-24T06:00:00+00:00'")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Retenir ce plan").click()


async def wishing_for_no_day(page: Page, _: Lively) -> None:
    """Ask for an appointment and come on no day."""
    await page.locator('input[name="jour"]').first.uncheck()
    async with page.expect_navigation():
        await page.locator('form[action*="souhait"] button').first.click()


async def offering_nothing(page: Page, _: Lively) -> None:
    """Offer hours that nobody receives in."""
    await page.get_by_label("Durée de chacun").fill("200")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Ouvrir ces rendez-vous").click()


async def cancelling_nothing(page: Page, _: Lively) -> None:
    """Cancel without a tick."""
    async with page.expect_navigation():
        await page.get_by_role("button", name="Annuler les heures cochées").click()


def with_all_free(lang: str) -> Where:
    """Go to a family's appointments while nobody else has one."""

    async def where(lively: Lively) -> str:
        await lively.small.write("DELETE FROM booking WHERE uid LIKE 'late%'")
        return f"/famille/rendez-vous?lang={lang}"

    return where


async def coming_too_late(page: Page, lively: Lively) -> None:
    """Choose an hour that was just taken: the page still shows it."""
    taken = lively.appointments["full"]
    await lively.small.write(_TAKES, school=lively.small.school.key, slot=taken, now=NOW.isoformat(sep=" "))
    async with page.expect_navigation():
        await page.locator(f'button[value="{taken}"]').click()


_TAKES = (
    "INSERT INTO booking (school_id, slot_id, round_id, guardian_id, pupil_id, booked_at, uid, sequence) "
    "SELECT :school, id, round_id, 2, 1, :now, 'late' || id, 0 FROM meeting_slot WHERE id = :slot "
    "ON CONFLICT DO NOTHING"
)


def own_message(lang: str) -> Where:
    """Go to the message about the absence of a family's child, on its own page."""

    async def where(lively: Lively) -> str:
        return f"/famille/messages/{lively.small.school.key}/{lively.message}?lang={lang}"

    return where


def giving(address: str) -> Steps:
    """Give another address."""

    async def steps(page: Page, _: Lively) -> None:
        await page.locator('input[name="adresse"]').fill(address)
        async with page.expect_navigation():
            await page.locator('form:has(input[name="adresse"]) button').click()

    return steps


async def class_in_year(lively: Lively) -> str:
    """Go to a class that moves up."""
    return f"/ecole/annee/classes/{lively.small.classes['CP A']}"


async def turning_the_year(page: Page, lively: Lively) -> None:
    """Open the next year, move a class up but for one child, close the classes, and note a departure.

    At the neighbour's, and last of all: nobody else should find the classes closed.
    """
    home = page.url
    async with page.expect_navigation():
        await page.get_by_role("button", name="Ouvrir l’année").click()
    await page.goto(home + f"/classes/{lively.gue.classes['CP A']}")
    await page.locator('input[name="eleves"]').first.uncheck()
    async with page.expect_navigation():
        await page.get_by_role("button", name="Leur donner cette place").click()
    async with page.expect_navigation():
        await page.get_by_role("button", name="Fermer").click()
    await page.locator('input[name="eleves"]').first.check()
    async with page.expect_navigation():
        await page.get_by_role("button", name="Ils partent").click()


async def opening_it_too_short(page: Page, _: Lively) -> None:
    """Open a year that ends before it begins."""
    await page.get_by_label("Dernier jour").fill(TODAY.isoformat())
    async with page.expect_navigation():
        await page.locator("#annee button").click()


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
        Listed("door of a substitute", "GET /entrer/remplacant", at("/entrer/remplacant"), who=""),
        Listed("door of a digit", "GET /entrer/code", at("/entrer"), entering("director", PASSWORD), who=""),
        Listed("my account", "GET /compte", at("/compte")),
        Listed("my account, without a factor", "GET /compte", at("/compte"), who="office"),
        Listed("second factor", "GET /compte/second", at("/compte"), beginning, who="office"),
        Listed("second factor, on paper", "POST /compte/second/confirmer", at("/compte"), proving, who="teacher"),
        Listed("school", "GET /ecole", at("/ecole")),
        Listed("year", "GET /ecole/annee", at("/ecole/annee")),
        Listed("year at fault", "POST /ecole/annee/ouvrir", at("/ecole/annee"), opening_it_too_short, 422),
        Listed("class that moves up", "GET /ecole/annee/classes/{class_id:int}", class_in_year),
        Listed("team", "GET /ecole/equipe", at("/ecole/equipe")),
        Listed("ladders", "GET /ecole/relances", at("/ecole/relances?q=Exemple&pour=absence")),
        Listed("ladders refused", "POST /ecole/relances", at("/ecole/relances"), hurrying, status=422),
        Listed("silence", "GET /ecole/silence", at("/ecole/silence"), keeping_silence),
        Listed("silence refused", "POST /ecole/silence", at("/ecole/silence"), silent_by_day, status=422),
        Listed("substitutes", "GET /ecole/remplacants", at("/ecole/remplacants")),
        Listed("substitute's sheet", "POST /ecole/remplacants", at("/ecole/remplacants"), letting_in),
        Listed("reading over without a factor", "POST /ecrire", at("/ecrire"), read_over_alone, who="office"),
        Listed("help for teachers", "GET /aide/enseignants", at("/aide/enseignants"), who=""),
        Listed("help for directors", "GET /aide/direction", at("/aide/direction"), who=""),
        Listed("start", "GET /", at("/")),
        Listed("start of another school", "GET /", at("/"), who="foreign_director"),
        Listed("nothing there", "GET /nulle-part", at("/nulle-part"), status=404),
        Listed("no right", "GET /", at("/"), status=403, who="gone"),
        Listed("writing desk", "GET /ecrire", at("/ecrire")),
        Listed("writing desk of a teacher", "GET /ecrire", at("/ecrire"), who="teacher"),
        Listed("writing desk at fault", "POST /ecrire", at("/ecrire"), nothing_written, 422),
        Listed("reading over", "POST /ecrire", at("/ecrire"), read_over),
        Listed("reading over for later", "POST /ecrire", at("/ecrire"), read_over_weekly),
        Listed("planned notices", "GET /prevus", at("/prevus")),
        Listed("nothing planned", "GET /prevus", at("/prevus"), who="other_teacher"),
        Listed("planned notice", "GET /prevus/{plan_id:int}", plan("class")),
        Listed("planned notice that missed its moment", "GET /prevus/{plan_id:int}", plan("late")),
        Listed("changing a planned notice", "GET /prevus/{plan_id:int}/changer", plan("class", "/changer")),
        Listed(
            "moving a planned notice, at fault", "POST /prevus/{plan_id:int}/deplacer", plan("school"), moved_back, 422
        ),
        Listed("classes", "GET /classe", at("/classe")),
        Listed("classes of another school", "GET /classe", at("/classe"), who="foreign_director"),
        Listed("diary", "GET /classe/{class_id:int}/cahier", diary(), who="teacher"),
        Listed("diary of another week", "GET /classe/{class_id:int}/cahier", diary("?semaine=2026-12-21")),
        Listed("diary at fault", "POST /classe/{class_id:int}/cahier", diary(), noting_nothing, 422),
        Listed("diary, a piece", "GET /classe/{class_id:int}/cahier/{entry_id:int}", piece("Lecture")),
        Listed("diary, no year before", "GET /classe/{class_id:int}/cahier/reprendre", diary("/reprendre")),
        Listed("diary, a year before", "GET /classe/{class_id:int}/cahier/reprendre", copying),
        Listed("results of a class", "GET /classe/{class_id:int}/resultats", results_of_class(), who="teacher"),
        Listed("new assessment", "GET /classe/{class_id:int}/resultats/nouveau", results_of_class("/nouveau")),
        Listed(
            "new assessment at fault",
            "POST /classe/{class_id:int}/resultats/nouveau",
            results_of_class("/nouveau"),
            judging_nothing,
            422,
        ),
        Listed("grid", "GET /classe/resultats/{assessment_id:int}", assessment("told"), who="teacher"),
        Listed("grid of twelve columns", "GET /classe/resultats/{assessment_id:int}", assessment("wide")),
        Listed(
            "grid at fault",
            "POST /classe/resultats/{assessment_id:int}",
            assessment("small"),
            marking_too_high,
            422,
        ),
        Listed(
            "table at fault",
            "POST /classe/resultats/{assessment_id:int}/tableau",
            assessment("small"),
            bringing("Nom;Prénom;Nager\nExemple;Apolline;A\nExemple;Personne;2\n"),
            422,
        ),
        Listed(
            "table looked over",
            "POST /classe/resultats/{assessment_id:int}/tableau",
            assessment("small"),
            bringing("Nom;Prénom;Nager\nExemple;Apolline;4\n"),
        ),
        Listed("assessment", "GET /classe/resultats/{assessment_id:int}/modifier", assessment("draft", "/modifier")),
        Listed("publishing", "GET /classe/resultats/{assessment_id:int}/publier", assessment("draft", "/publier")),
        Listed("competences", "GET /classe/competences", at("/classe/competences")),
        Listed("competences, none", "GET /classe/competences", at("/classe/competences"), who="foreign_director"),
        Listed("calendar", "GET /classe/agenda", at("/classe/agenda")),
        Listed("calendar of a teacher", "GET /classe/agenda", at("/classe/agenda"), who="teacher"),
        Listed("calendar of an empty month", "GET /classe/agenda", at("/classe/agenda?mois=2027-06")),
        Listed("holidays of the zone", "GET /classe/agenda/vacances", at("/classe/agenda/vacances")),
        Listed("new event", "GET /classe/agenda/ajouter", at("/classe/agenda/ajouter")),
        Listed("new event at fault", "POST /classe/agenda", at("/classe/agenda/ajouter"), ending_before, 422),
        Listed("event", "GET /classe/agenda/{event_id:int}", event("trip"), who="teacher"),
        Listed("appointments", "GET /classe/rendez-vous", at("/classe/rendez-vous")),
        Listed("appointments, none", "GET /classe/rendez-vous", at("/classe/rendez-vous"), who="foreign_director"),
        Listed("opening appointments", "GET /classe/rendez-vous/ouvrir", opening_in("CP A")),
        Listed(
            "opening appointments at fault",
            "POST /classe/rendez-vous/ouvrir",
            opening_in("CP A"),
            offering_nothing,
            422,
        ),
        Listed("appointments of a class", "GET /classe/rendez-vous/{round_id:int}", appointments(), who="teacher"),
        Listed(
            "appointments, none ticked",
            "POST /classe/rendez-vous/{round_id:int}/annuler",
            appointments(),
            cancelling_nothing,
            409,
        ),
        Listed(
            "opening an evening", "GET /classe/rendez-vous/soirees/ouvrir", at("/classe/rendez-vous/soirees/ouvrir")
        ),
        Listed(
            "opening an evening at fault",
            f"POST {NEW_EVENING}",
            at(NEW_EVENING),
            opening_for_nobody,
            422,
        ),
        Listed("evening of the school", "GET /classe/rendez-vous/soirees/{evening_id:int}", evening()),
        Listed("evening, a family has called", "GET /classe/rendez-vous/soirees/{evening_id:int}", evening("?qui=2")),
        Listed(
            "evening, another plan than the one that was read",
            "POST /classe/rendez-vous/soirees/{evening_id:int}/retenir",
            evening(),
            adopting_another,
            409,
        ),
        Listed("plan for the door", "GET /classe/rendez-vous/{round_id:int}/porte", appointments("/porte")),
        Listed("alarm", "GET /alerte", at("/alerte"), who="deputy"),
        Listed("alarm read over", "POST /alerte", at("/alerte?exercice=1"), pressing("sheltered")),
        Listed("families", "GET /familles", at("/familles")),
        Listed("families of a name", "GET /familles", at("/familles?q=exemple")),
        Listed("families of no letter", "GET /familles", at("/familles?q=."), status=422),
        Listed("families of a teacher", "GET /familles", at("/familles"), who="teacher"),
        Listed("an adult of a dead number", "GET /familles/{guardian_id:int}", at("/familles/6")),
        Listed("invitation to print", "POST /familles/{guardian_id:int}/invitation", at("/familles/1"), printing_one),
        Listed("a child's file to open", "GET /familles/eleves/{pupil_id:int}/dossier", at(_FILE)),
        Listed("a child's file", "POST /familles/eleves/{pupil_id:int}/dossier", at(_FILE), opening_a_file),
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
        Listed("post", "GET /courrier", at("/courrier")),
        Listed("post with nothing", "GET /courrier", at("/courrier"), who="foreign_director"),
        Listed("letters printed", "GET /courrier/{notice_id:int}", letters("class")),
        Listed("letters to print", "GET /courrier/{notice_id:int}", letters("meeting"), who="teacher"),
        Listed("coupon", "POST /courrier/coupon", at("/courrier"), typing_a_coupon),
        Listed("coupon at fault", "POST /courrier/coupon", at("/courrier"), mistyping_a_coupon, 422),
        Listed("letter", "GET /lettre/{code}", on_paper, who=""),
        Listed("letter answered", "POST /lettre/{code}", on_paper, answering_on_paper, who=""),
        Listed("call list with nobody", "GET /appeler", at("/appeler"), who="foreign_director"),
        *(
            Listed(f"board of {notice}", "GET /suivi/{notice_id:int}", board(notice))
            for notice in ("urgent", "absence", "meeting", "question", "cancelled", "held", "crisis")
        ),
        Listed("list for the door", "GET /suivi/{notice_id:int}/porte", board("meeting", end="/porte")),
        Listed("board of a deputy", "GET /suivi/{notice_id:int}", board("crisis"), who="deputy"),
        Listed("documents", "GET /classe/documents", at("/classe/documents")),
        Listed("documents of a teacher", "GET /classe/documents", at("/classe/documents"), who="other_teacher"),
        Listed("document", "GET /classe/documents/{document_id:int}", document("trip")),
        Listed("new document", "GET /classe/documents/nouveau", at("/classe/documents/nouveau")),
        Listed("new document read over", "POST /classe/documents/nouveau", at("/classe/documents/nouveau"), a_document),
        Listed(
            "new document at fault", "POST /classe/documents/nouveau", at("/classe/documents/nouveau"), a_drawing, 422
        ),
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
        family("homework", show, link("homework", lang=lang)),
        family("appointments behind a link", show, link("appointments", lang=lang)),
        family("appointments to choose behind a link", show, link("appointments", "Noureddine", lang=lang)),
        family("evening behind a link", show, link("evening", lang=lang)),
        family("evening answered behind a link", show, link("evening", "Noureddine", lang=lang)),
        family("meeting", show, link("meeting", lang=lang)),
        family("question", show, link("question", lang=lang)),
        family("crisis", show, link("crisis", lang=lang)),
        family("result", show, link("result", lang=lang)),
        family("digest", show, link("digest", "Noureddine", lang=lang)),
        family("absence", show, link("absence", lang=lang)),
        family("absence answered", show, link("absence", "Noureddine", lang=lang)),
        family("document behind a link", show, link("document", lang=lang)),
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


def asking(address: str) -> Steps:
    """Ask for a code at the family's door."""

    async def steps(page: Page, _: Lively) -> None:
        await page.locator("#address").fill(address)
        async with page.expect_navigation():
            await page.locator("main form .btn").click()

    return steps


def giving_back(address: str, code: str = "123456") -> Steps:
    """Ask for a code at the family's door, which is then 123456, and give one back."""

    async def steps(page: Page, lively: Lively) -> None:
        await asking(address)(page, lively)
        kept = {cookie["name"]: cookie["value"] for cookie in await page.context.cookies()}
        hashed = lively.house.keyring.code_hash(f"{kept['passerelle-code']}:123456")
        await lively.small.write(
            "UPDATE family_code SET code_hash = :hash WHERE id = (SELECT max(id) FROM family_code)", hash=hashed
        )
        await page.locator("#code").fill(code)
        async with page.expect_navigation():
            await page.locator("main form .btn").click()

    return steps


def _door(lang: str) -> list[Listed]:
    """List what one sees before a family's page is open."""

    def door(name: str, route: str, steps: Steps | None = None, status: int = 200) -> Listed:
        return Listed(f"{name}, {lang}", route, at(f"/famille/entrer?lang={lang}"), steps, status, "")

    return [
        door("family door", "GET /famille/entrer"),
        door("family door at fault", "POST /famille/entrer", asking("0639"), 422),
        door("code", "GET /famille/code", asking("06 39 98 00 01")),
        door("wrong code", "POST /famille/code", giving_back("06 39 98 00 02", "654321"), 422),
        door("who of two", "GET /famille/qui", giving_back(SHARED)),
    ]


def _home(lang: str) -> list[Listed]:
    """List the pages of a family that has opened its own."""

    def home(name: str, route: str, where: Where, steps: Steps | None = None, status: int = 200) -> Listed:
        return Listed(f"{name}, {lang}", route, where, steps, status, "parent")

    return [
        home("my children", "GET /famille", at(f"/famille?lang={lang}")),
        home("another school", "GET /famille/entrer", at(f"/famille/entrer?ajouter=1&lang={lang}")),
        home("devices", "GET /famille/appareils", at(f"/famille/appareils?lang={lang}")),
        home("nothing at home", "GET /famille/nulle-part", at(f"/famille/nulle-part?lang={lang}"), None, 404),
        home("documents", "GET /famille/documents", at(f"/famille/documents?lang={lang}")),
        home("document", "GET /famille/documents/{school_id:int}/{document_id:int}", paper(lang)),
        home("diary", "GET /famille/devoirs", at(f"/famille/devoirs?lang={lang}")),
        home("diary of a week", "GET /famille/devoirs", at(f"/famille/devoirs?semaine=2026-11-23&lang={lang}")),
        home("diary on paper", "GET /famille/devoirs", at(f"/famille/devoirs?{WEEK_ON_PAPER}&lang={lang}")),
        home("results", "GET /famille/resultats", at(f"/famille/resultats?lang={lang}")),
        home("a copy to take along", "GET /famille/export", at(f"/famille/export?lang={lang}")),
        *(
            home(
                f"help, {topic}",
                "GET /aide/{topic}" if topic else "GET /aide",
                at(f"/aide{topic and '/'}{topic}?lang={lang}"),
            )
            for topic in ("", "repondre", "canal", "donnees", "accessibilite")
        ),
        home("messages", "GET /famille/messages", at(f"/famille/messages?lang={lang}")),
        home("one message", "GET /famille/messages/{school_id:int}/{delivery_id:int}", own_message(lang)),
        home("settings", "GET /famille/reglages", at(f"/famille/reglages?lang={lang}")),
        home(
            "settings at fault",
            "POST /famille/reglages/{school_id:int}/{guardian_id:int}/adresses",
            at(f"/famille/reglages?lang={lang}"),
            giving("personne"),
            422,
        ),
        home(
            "settings, the code",
            "GET /famille/reglages/{school_id:int}/{guardian_id:int}/code/{demande}",
            at(f"/famille/reglages?lang={lang}"),
            giving("odalys@familles.test"),
        ),
        home("appointments", "GET /famille/rendez-vous", at(f"/famille/rendez-vous?lang={lang}")),
        home(
            "appointments, too late",
            "POST /famille/rendez-vous",
            with_all_free(lang),
            coming_too_late,
            409,
        ),
        home(
            "evening, no day",
            "POST /famille/rendez-vous/souhait",
            at(f"/famille/rendez-vous?lang={lang}"),
            wishing_for_no_day,
            409,
        ),
        home("calendar", "GET /famille/agenda", at(f"/famille/agenda?lang={lang}")),
        home("own calendar", "POST /famille/agenda/abonnement", at(f"/famille/agenda?lang={lang}"), subscribing),
    ]


def _by_mail(lang: str) -> Where:
    async def where(lively: Lively) -> str:
        return f"/u/{lively.mail_token}?lang={lang}"

    return where


def _arrival(lang: str) -> Where:
    async def where(lively: Lively) -> str:
        return f"/arrivee/{lively.links['announcement', 'Odalys']}?lang={lang}"

    return where


PAGES = (
    *_staff(),
    *(page for lang in ("fr", "ar") for part in (_family, _door, _home) for page in part(lang)),
)
