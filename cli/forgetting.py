"""The shredder: forgets an adult or a pupil for good, and says so only once it is done."""

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.options import AsJson, AsStaff, SchoolSlug
from cli.saying import say
from hub.errors import InvalidError, SettingsError

if TYPE_CHECKING:
    from cli.desk import Desk

erase_room = typer.Typer(help="Oublie quelqu'un, pour de bon.")


def furnish(app: typer.Typer) -> None:
    """Put these commands on the front desk."""
    app.add_typer(erase_room, name="erase")


Number = Annotated[int, typer.Argument(metavar="ID", min=1, help="Le numéro dans les registres.")]
Sure = Annotated[bool, typer.Option("--yes", help="Sans demander : cela ne se défait pas.")]


@erase_room.command(
    "guardian",
    help="Oublie un adulte : noms, adresses, paroles ; l'histoire garde des numéros, les sauvegardes oublient aussi.",
)
def erase_guardian(
    number: Number, sure: Sure = False, school: SchoolSlug = None, acting: AsStaff = None, as_json: AsJson = False
) -> None:
    """Forget an adult: names, addresses, and what was said; history keeps numbers, and backups forget too."""
    _erase("guardian", number, school, acting, sure=sure, as_json=as_json)


@erase_room.command(
    "pupil", help="Oublie un élève : noms, classes, absences, et tout texte qui peut le nommer ; les adultes restent."
)
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
    from hub.papers.store import cabinet_of
    from hub.people import erasure

    if not sure and not (
        sys.stdin.isatty() and typer.confirm(f"Oublier {_SUBJECTS[subject]} {number} pour de bon ?", err=True)
    ):
        raise InvalidError("Rien n'a été effacé : ajoutez --yes.")

    erase = erasure.erase_guardian if subject == "guardian" else erasure.erase_pupil

    async def forget(desk: "Desk") -> None:
        who = {f"{subject}_id": number}
        register = desk.settings.data_dir / erasure.FILE
        try:
            async with desk.writing() as session:
                places = await erase(
                    session,
                    desk.keyring,
                    school_id=desk.school.key,
                    **who,
                    register=register,
                    by=desk.staff_id,
                    now=desk.now,
                )
        except OSError as error:
            raise SettingsError("Le registre des effacements ne s'écrit pas (PASSERELLE_DATA_DIR).") from error
        if places:
            await cabinet_of(desk.settings).empty(places)
        await erasure.wipe_traces(desk.database)

    at_desk(school, acting, forget)
    say({"erased": subject, "id": number}, f"C'est oublié : {_SUBJECTS[subject]} {number}.", as_json=as_json)


_SUBJECTS = {"guardian": "l'adulte", "pupil": "l'élève"}
