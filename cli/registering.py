"""The register office: schools, staff, what is sent from, pupils and their adults."""

import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.options import AsJson, AsStaff, DryRun, SchoolSlug
from cli.saying import say
from hub.errors import InvalidError, SettingsError

if TYPE_CHECKING:
    from cli.desk import Desk
    from hub.people.difference import Difference

SECRET = "PASSERELLE_SENDER_SECRET"  # noqa: S105 (the name of a variable, not what it holds)

PROVIDERS = {"sms": "twilio", "voice": "twilio", "email": "smtp", "push": "webpush", "chat": "telegram"}

school_room = typer.Typer(help="Les écoles.")
staff_room = typer.Typer(help="Qui travaille dans une école.")
sender_room = typer.Typer(help="D'où une école envoie.")
import_room = typer.Typer(help="Reprend les registres qu'une école tient ailleurs.")


def furnish(app: typer.Typer) -> None:
    """Put these commands on the front desk."""
    app.add_typer(school_room, name="school")
    app.add_typer(staff_room, name="staff")
    app.add_typer(sender_room, name="sender")
    app.add_typer(import_room, name="import")


@school_room.command("add", help="Ouvre une école, avec l'année scolaire d'aujourd'hui.")
def school_add(
    slug: Annotated[str, typer.Option(help="Son nom dans les adresses : minuscules, chiffres, tirets.")],
    name: Annotated[str, typer.Option(help="Son nom entier.")],
    short_name: Annotated[str, typer.Option(help="Ce qui ouvre un SMS ; 20 signes au plus.")],
    phone: Annotated[str, typer.Option(help="Où les familles appellent, comme on le lit à voix haute.")],
    zone: Annotated[str, typer.Option(help="Zone de vacances : A, B ou C.")] = "B",
    timezone: Annotated[str, typer.Option(help="Comme Europe/Paris ou Indian/Reunion.")] = "Europe/Paris",
    as_json: AsJson = False,
) -> None:
    """Open a school, with the school year that today is in."""
    import asyncio
    from datetime import UTC, datetime

    from cli.desk import registers
    from hub.people.schools import open_school
    from hub.routing import day_at_school
    from i18n.slots import check_timezone

    check_timezone(timezone)
    today = day_at_school(datetime.now(UTC), timezone)

    async def opened() -> int:
        async with registers() as (_, database, keys), database.engine() as connection:
            made = await open_school(
                connection,
                keys,
                slug=slug,
                name=name,
                short_name=short_name,
                phone=phone,
                zone=zone,
                timezone=timezone,
                day=today,
            )
            return made.key

    school_id = asyncio.run(opened())
    say({"school": school_id, "slug": slug}, f"L'école {slug} est ouverte (numéro {school_id}).", as_json=as_json)


@staff_room.command("add", help="Donne à quelqu'un un droit dans l'école dès aujourd'hui, à côté de ceux qu'il a.")
def staff_add(
    email: Annotated[str, typer.Option(help="La boîte avec laquelle cette personne entre.")],
    role: Annotated[
        Literal["director", "office", "teacher", "deputy"], typer.Option(help="Ce que cette personne est à l'école.")
    ],
    name: Annotated[str, typer.Option(help="Comme les familles le lisent.")] = "",
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="Une classe de l'enseignant ; peut se répéter.")
    ] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Lit un mot de passe sur stdin.")] = False,
    school: SchoolSlug = None,
    acting: AsStaff = None,
    as_json: AsJson = False,
) -> None:
    """Give somebody a right in the school from today on; somebody who is known gets it beside what they have."""
    from cli.desk import at_desk
    from hub.models.school import Role
    from hub.people.staff import add_staff

    password = _line_from_stdin() if password_stdin else None

    async def add(desk: "Desk") -> int:
        async with desk.writing() as session:
            return await add_staff(
                session,
                desk.keyring,
                desk.school.key,
                email=email,
                role=Role(role),
                from_on=desk.today,
                name=name,
                classes=classes or (),
                password=password,
            )

    staff_id = at_desk(school, acting, add)
    without = "" if password else " Il n'y a pas encore de mot de passe : donnez-en un par --password-stdin."
    say({"staff": staff_id, "role": role}, f"Membre {staff_id} de l'équipe, {_ROLES[role]}.{without}", as_json=as_json)


@staff_room.command("reset-second", help="Enlève le second facteur de quelqu'un qui a perdu téléphone et codes.")
def staff_reset_second(
    email: Annotated[str, typer.Option(help="La boîte avec laquelle cette personne entre.")],
    school: SchoolSlug = None,
    acting: AsStaff = None,
    as_json: AsJson = False,
) -> None:
    """Take somebody's second factor, at the machine itself: for the director, whom nobody else can help."""
    from cli.desk import at_desk
    from hub.people.second_factor import reset
    from hub.people.staff import find_staff

    async def taken(desk: "Desk") -> int:
        async with desk.writing() as session:
            staff_id = await find_staff(session, desk.keyring, desk.school.key, email)
            await reset(session, school_id=desk.school.key, staff_id=staff_id, by=desk.staff_id, now=desk.now)
        return staff_id

    staff_id = at_desk(school, acting, taken)
    say({"staff": staff_id}, f"Membre {staff_id} de l'équipe : plus de second facteur.", as_json=as_json)


@sender_room.command(
    "add", help="Ajoute une ligne d'envoi. Les secrets viennent de stdin ou de l'environnement, jamais des mots."
)
def sender_add(
    channel: Annotated[Literal["sms", "voice", "email", "push", "chat"], typer.Option(help="La voie.")],
    address: Annotated[
        str,
        typer.Option(
            help="Ce que voient les familles : un numéro, un nom de 11 lettres, une boîte. Pour push, qui en répond ; "
            "pour chat, le nom du bot, demandé à Telegram si rien n'est dit."
        ),
    ] = "",
    provider: Annotated[str, typer.Option(help="twilio, smtp, webpush ou telegram, si rien d'autre n'est dit.")] = "",
    name: Annotated[str, typer.Option(help="Ce qui se lit à côté d'une boîte.")] = "",
    login: Annotated[
        str, typer.Option(help="Le compte : le SID de Twilio, un utilisateur du serveur de courrier.")
    ] = "",
    secret_stdin: Annotated[
        bool, typer.Option("--secret-stdin", help=f"Lit son secret sur stdin ; sinon {SECRET}.")
    ] = False,
    dkim_file: Annotated[Path | None, typer.Option(help="Fichier de la clé privée qui signe les mails.")] = None,
    two_way: Annotated[bool, typer.Option("--two-way", help="Les familles peuvent y répondre.")] = False,
    receipts: Annotated[bool, typer.Option(help="L'opérateur dit ce qui est arrivé.")] = True,
    rate: Annotated[float | None, typer.Option(min=0.01, help="Messages par seconde ; 10 pour les SMS.")] = None,
    price: Annotated[int, typer.Option(min=0, help="Centièmes de centime par segment.")] = 0,
    school: SchoolSlug = None,
    acting: AsStaff = None,
    as_json: AsJson = False,
) -> None:
    """Add what the school sends from. Secrets come from stdin or the environment, never from the command's words."""
    from cli.bots import bot_name
    from cli.desk import at_desk
    from hub.people.schools import add_sender
    from hub.ports import ChannelName

    key_name = secrets.token_hex(8)
    secret = _line_from_stdin() if secret_stdin else os.environ.get(SECRET, "")
    dkim = _text_of(dkim_file) if dkim_file else ""

    async def add(desk: "Desk") -> int:
        named = address.removeprefix("@")
        if channel == "chat" and not named:
            named = await bot_name(desk.settings, secret)
        async with desk.writing() as session:
            return await add_sender(
                session,
                desk.keyring,
                desk.school.key,
                channel=ChannelName(channel),
                provider=provider or PROVIDERS[channel],
                address=named if channel == "chat" else address,
                key_name=key_name,
                name=name,
                login=login,
                secret=secret,
                dkim=dkim,
                two_way=two_way or channel == "chat",
                receipts=receipts,
                rate=rate,
                price=price,
            )

    sender_id = at_desk(school, acting, add)
    at = f"/webhooks/twilio/{key_name}"
    answers = f"{at}/inbound" if channel == "sms" and two_way else None
    rings = f"{at}/voice" if answers or channel == "voice" else None
    sentences = [f"La ligne d'envoi {sender_id} ({channel}) est prête."]
    if rings:
        both = f"les réponses des familles à PASSERELLE_PUBLIC_URL suivi de {answers}, et leurs appels"
        sentences.append(
            f"Faites poster par Twilio {both if answers else 'les appels des familles'} à PASSERELLE_PUBLIC_URL "
            f"suivi de {rings} : personne ne décroche, l'école rappelle."
        )
    answer = {"sender": sender_id, "channel": channel, "key": key_name, "inbound": answers, "voice": rings}
    say(answer, *sentences, as_json=as_json)


@import_room.command(
    "onde", help="Reprend les deux fichiers d'ONDE et dit ce qu'ils changent. Les mêmes encore ne changent rien."
)
def import_onde(
    pupils: Annotated[Path, typer.Option(metavar="FILE", help="Le fichier des élèves d'ONDE.")],
    guardians: Annotated[Path, typer.Option(metavar="FILE", help="Le fichier des responsables d'ONDE.")],
    full: Annotated[
        bool, typer.Option("--full", help="Les fichiers sont de toute l'école : qui manque est-il parti ?")
    ] = False,
    dry_run: DryRun = False,
    school: SchoolSlug = None,
    acting: AsStaff = None,
    as_json: AsJson = False,
) -> None:
    """Take over ONDE's two files, and say what they change. The same files again change nothing."""
    from cli.desk import at_desk
    from hub.people.importing import import_onde as take_over

    files = {"pupils": _bytes_of(pupils), "guardians": _bytes_of(guardians)}

    async def take(desk: "Desk") -> "Difference":
        async with desk.writing(keep=not dry_run) as session:
            return await take_over(
                session, desk.keyring, desk.school, **files, full=full, now=desk.now, by=desk.staff_id
            )

    found = at_desk(school, acting, take)
    say({"dry_run": dry_run, **found.as_dict()}, *_difference_in_words(found, dry_run=dry_run), as_json=as_json)


def _difference_in_words(found: "Difference", *, dry_run: bool) -> list[str]:
    lines = ["Rien n'a été changé ; les fichiers diraient :" if dry_run else "Repris :"]
    lines += [f"  {_COUNTED[what]} : {number}" for what, number in found.counts().items() if number]
    for word, remarks in (("refusé", found.refused), ("douteux", found.doubts)):
        lines += [f"  {word} : {_FILES[remark.file]}, ligne {remark.line} : {remark.reason}" for remark in remarks]
    return lines


_COUNTED = {
    "new_pupils": "élèves de plus",
    "changed_pupils": "élèves changés",
    "unchanged_pupils": "élèves comme avant",
    "new_adults": "adultes de plus",
    "changed_adults": "adultes changés",
    "known_adults": "adultes déjà connus",
    "new_links": "liens de plus entre un adulte et un élève",
    "joined": "entrées en classe",
    "ended": "sorties de classe",
    "new_addresses": "numéros et boîtes de plus",
    "old_addresses": "numéros et boîtes qui ne sont plus au fichier, gardés derrière",
    "refused": "lignes refusées",
    "doubts": "lignes reprises sans un détail",
    "matters": "affaires au panier du secrétariat",
    "left": "élèves absents du fichier, peut-être partis",
}
_FILES = {"pupils": "élèves", "guardians": "responsables"}
_ROLES = {"director": "direction", "office": "secrétariat", "teacher": "enseignant", "deputy": "suppléance"}


def _line_from_stdin() -> str:
    """Read one line: a password or a secret, which must not stand in a list of processes."""
    try:
        line = sys.stdin.buffer.readline(4096).decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InvalidError("Ce que donne stdin n'est pas de l'UTF-8.") from error
    if not line:
        raise InvalidError("Stdin ne donne rien.")
    return line


def _text_of(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file.name} ne se lit pas.") from error


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{file.name} ne se lit pas.") from error
