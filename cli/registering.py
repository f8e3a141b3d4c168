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

school_room = typer.Typer(help="Schools.")
staff_room = typer.Typer(help="Who works in a school.")
sender_room = typer.Typer(help="What a school sends from.")
import_room = typer.Typer(help="Take over the registers that a school has elsewhere.")
erase_room = typer.Typer(help="Forget somebody, for good.")


def furnish(app: typer.Typer) -> None:
    """Put these commands on the front desk."""
    app.add_typer(school_room, name="school")
    app.add_typer(staff_room, name="staff")
    app.add_typer(sender_room, name="sender")
    app.add_typer(import_room, name="import")
    app.add_typer(erase_room, name="erase")


@school_room.command("add")
def school_add(
    slug: Annotated[str, typer.Option(help="Its name in addresses: small letters, digits, dashes.")],
    name: Annotated[str, typer.Option(help="Its whole name.")],
    short_name: Annotated[str, typer.Option(help="How an SMS opens; at most 20 characters.")],
    phone: Annotated[str, typer.Option(help="Where families call, as one reads it aloud.")],
    zone: Annotated[str, typer.Option(help="Holiday zone: A, B or C.")] = "B",
    timezone: Annotated[str, typer.Option(help="Such as Europe/Paris or Indian/Reunion.")] = "Europe/Paris",
    as_json: AsJson = False,
) -> None:
    """Open a school, with the school year that today is in."""
    import asyncio
    from datetime import UTC, datetime

    from cli.desk import registers
    from hub.people.schools import open_school
    from hub.routing import day_at_school

    try:
        today = day_at_school(datetime.now(UTC), timezone)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidError("This time zone does not exist.", field="timezone") from error

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
    say({"school": school_id, "slug": slug}, f"School {slug} is open (number {school_id}).", as_json=as_json)


@staff_room.command("add")
def staff_add(
    email: Annotated[str, typer.Option(help="The mailbox that this person signs in with.")],
    role: Annotated[Literal["director", "office", "teacher"], typer.Option(help="What this person is to the school.")],
    name: Annotated[str, typer.Option(help="As families read it.")] = "",
    classes: Annotated[list[str] | None, typer.Option("--class", help="A teacher's class; may be repeated.")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read a password from stdin.")] = False,
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
    without = "" if password else " There is no password yet: give one with --password-stdin."
    say({"staff": staff_id, "role": role}, f"{role} is member {staff_id} of the staff.{without}", as_json=as_json)


@sender_room.command("add")
def sender_add(
    channel: Annotated[Literal["sms", "email"], typer.Option(help="The way out.")],
    address: Annotated[str, typer.Option(help="What families see: a number, a name of 11 letters, a mailbox.")],
    provider: Annotated[str, typer.Option(help="twilio or smtp, if not said otherwise.")] = "",
    name: Annotated[str, typer.Option(help="What stands beside a mailbox.")] = "",
    login: Annotated[str, typer.Option(help="The account: Twilio's SID, a user of the mail server.")] = "",
    secret_stdin: Annotated[
        bool, typer.Option("--secret-stdin", help=f"Read its secret from stdin; else {SECRET}.")
    ] = False,
    dkim_file: Annotated[Path | None, typer.Option(help="File of the private key that signs mails.")] = None,
    two_way: Annotated[bool, typer.Option("--two-way", help="Families can answer to it.")] = False,
    receipts: Annotated[bool, typer.Option(help="The provider says what arrived.")] = True,
    rate: Annotated[float | None, typer.Option(min=0.01, help="Messages a second.")] = None,
    price: Annotated[int, typer.Option(min=0, help="Hundredths of a cent a segment.")] = 0,
    school: SchoolSlug = None,
    acting: AsStaff = None,
    as_json: AsJson = False,
) -> None:
    """Add what the school sends from. Secrets come from stdin or the environment, never from the command's words."""
    from cli.desk import at_desk
    from hub.people.schools import add_sender
    from hub.ports import ChannelName

    key_name = secrets.token_hex(8)
    secret = _line_from_stdin() if secret_stdin else os.environ.get(SECRET, "")
    dkim = _text_of(dkim_file) if dkim_file else ""

    async def add(desk: "Desk") -> int:
        async with desk.writing() as session:
            return await add_sender(
                session,
                desk.keyring,
                desk.school.key,
                channel=ChannelName(channel),
                provider=provider or {"sms": "twilio", "email": "smtp"}[channel],
                address=address,
                key_name=key_name,
                name=name,
                login=login,
                secret=secret,
                dkim=dkim,
                two_way=two_way,
                receipts=receipts,
                rate=rate,
                price=price,
            )

    sender_id = at_desk(school, acting, add)
    answers = f"/webhooks/twilio/{key_name}/inbound" if channel == "sms" and two_way else None
    sentences = [f"Sender {sender_id} ({channel}) is ready."]
    if answers:
        sentences.append(f"Have Twilio post what families answer to PASSERELLE_PUBLIC_URL followed by {answers}")
    answer = {"sender": sender_id, "channel": channel, "key": key_name, "inbound": answers}
    say(answer, *sentences, as_json=as_json)


@import_room.command("onde")
def import_onde(
    pupils: Annotated[Path, typer.Option(metavar="FILE", help="ONDE's file of pupils.")],
    guardians: Annotated[Path, typer.Option(metavar="FILE", help="ONDE's file of those who answer for them.")],
    full: Annotated[
        bool, typer.Option("--full", help="The files are of the whole school: who is missing left?")
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
    counts = {what.replace("_", " "): number for what, number in found.counts().items() if number}
    lines = ["Nothing was changed; the files would say:" if dry_run else "Taken over:"]
    lines += [f"  {number:>6} {what}" for what, number in counts.items()]
    for word, remarks in (("refused", found.refused), ("doubt", found.doubts)):
        lines += [f"  {word}: {remark.file}, line {remark.line}: {remark.reason}" for remark in remarks]
    return lines


Number = Annotated[int, typer.Argument(metavar="ID", min=1, help="The number in the registers.")]
Sure = Annotated[bool, typer.Option("--yes", help="Do not ask: it cannot be undone.")]


@erase_room.command("guardian")
def erase_guardian(
    number: Number, sure: Sure = False, school: SchoolSlug = None, acting: AsStaff = None, as_json: AsJson = False
) -> None:
    """Forget an adult: names, addresses, and what was said; history keeps numbers, and backups forget too."""
    _erase("guardian", number, school, acting, sure=sure, as_json=as_json)


@erase_room.command("pupil")
def erase_pupil(
    number: Number, sure: Sure = False, school: SchoolSlug = None, acting: AsStaff = None, as_json: AsJson = False
) -> None:
    """Forget a pupil: names, classes, absences, and every text that may name the child; the adults stay."""
    _erase("pupil", number, school, acting, sure=sure, as_json=as_json)


def _erase(
    subject: Literal["guardian", "pupil"],
    number: int,
    school: str | None,
    acting: str | None,
    *,
    sure: bool,
    as_json: bool,
) -> None:
    from cli.desk import at_desk
    from hub.people import erasure

    if not sure and not (sys.stdin.isatty() and typer.confirm(f"Forget {subject} {number} for good?", err=True)):
        raise InvalidError("Nothing was erased: say --yes.")

    erase = erasure.erase_guardian if subject == "guardian" else erasure.erase_pupil

    async def forget(desk: "Desk") -> None:
        who = {f"{subject}_id": number}
        register = desk.settings.data_dir / erasure.FILE
        try:
            async with desk.writing() as session:
                await erase(
                    session,
                    desk.keyring,
                    school_id=desk.school.key,
                    **who,
                    register=register,
                    by=desk.staff_id,
                    now=desk.now,
                )
        except OSError as error:
            raise SettingsError("The register of erasures cannot be written (PASSERELLE_DATA_DIR).") from error
        await erasure.wipe_traces(desk.database)

    at_desk(school, acting, forget)
    say({"erased": subject, "id": number}, f"{subject} {number} is forgotten.", as_json=as_json)


def _line_from_stdin() -> str:
    """Read one line: a password or a secret, which must not stand in a list of processes."""
    try:
        line = sys.stdin.buffer.readline(4096).decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InvalidError("What stdin gives is not UTF-8.") from error
    if not line:
        raise InvalidError("Stdin gives nothing.")
    return line


def _text_of(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file.name} cannot be read.") from error


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{file.name} cannot be read.") from error
