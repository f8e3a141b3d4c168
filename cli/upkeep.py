"""The caretaker's cupboard: the processes of a deployment, its registers, its backups, and whether all is well."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson
from cli.saying import complain, many, say, say_line
from hub.errors import SettingsError

if TYPE_CHECKING:
    from cli.finding import Finding

BackupFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="À côté se trouvent FILE.keys et FILE.files ; les clés maîtresses ne sont dans aucun d'eux.",
    ),
]


def furnish(app: typer.Typer) -> None:
    """Put these commands on the front desk."""
    for command, words in _HELP.items():
        app.command(command.__name__, help=words)(command)


def demo(
    once: Annotated[bool, typer.Option("--once", help="Finit quand chaque adulte a son compte.")] = False,
    as_json: AsJson = False,
) -> None:
    """Open the whole hub, the outside world in a box, and an invented school with its families, on SQLite."""
    from cli.demo import demo as show
    from cli.logs import keep_logs
    from cli.serve import run_loop

    keep_logs()
    run_loop(show(once=once, as_json=as_json))


def serve(as_json: AsJson = False) -> None:  # noqa: ARG001 (it answers nothing; its log is JSON anyway)
    """Open the doors (pages, webhooks, mail) and run the engine, in one process, until it is stopped."""
    from cli.logs import keep_logs
    from cli.serve import run_loop
    from cli.serve import serve as open_doors

    keep_logs()
    run_loop(open_doors())


def worker(as_json: AsJson = False) -> None:  # noqa: ARG001 (it answers nothing; its log is JSON anyway)
    """Run the engine alone, until it is stopped: any number of them beside `serve`, over PostgreSQL."""
    _works("worker")


def clock(as_json: AsJson = False) -> None:  # noqa: ARG001 (it answers nothing; its log is JSON anyway)
    """Let what is planned happen, until it is stopped: any number of them, each thing happens once."""
    _works("clock")


def mail(as_json: AsJson = False) -> None:  # noqa: ARG001 (it answers nothing; its log is JSON anyway)
    """Take in the mails that the mail server hands over (LMTP), without pages, until it is stopped."""
    _works("mail")


def _works(role: str) -> None:
    from cli.logs import keep_logs
    from cli.serve import run_loop, work
    from hub.models.school import ProgramRole

    keep_logs()
    run_loop(work(ProgramRole(role)))


def migrate(as_json: AsJson = False) -> None:
    """Bring the registers to the shape of this version; as their owner, where PASSERELLE_OWNER_URL names one."""
    import asyncio

    from cli.desk import migrated

    revision = asyncio.run(migrated())
    say({"revision": revision}, f"Les registres en sont à {revision}.", as_json=as_json)


def backup(file: BackupFile, as_json: AsJson = False) -> None:
    """Put the registers away: FILE holds the rows, FILE.keys the sealed keys, FILE.files the sealed documents."""
    import asyncio
    from datetime import UTC, datetime

    from cli.desk import shelves
    from hub.backup import PutAway, files_of, keys_of
    from hub.backup import backup as put_away
    from hub.papers.store import cabinet_of

    async def away() -> PutAway:
        async with shelves() as (settings, database):
            return await put_away(database, cabinet_of(settings), file, now=datetime.now(UTC))

    with _file_trouble(file):
        done = asyncio.run(away())
    keys, crate = keys_of(file), files_of(file)
    say(
        {"file": str(file), "keys": str(keys), "files": str(crate), "rows": done.rows, "documents": done.files},
        f"{many(done.rows, 'ligne')} dans {file} et {keys}, {many(done.files, 'fichier')} dans {crate}.",
        as_json=as_json,
    )


def restore(file: BackupFile, as_json: AsJson = False) -> None:
    """Take a backup out into empty, migrated registers, and forget again whoever was erased since."""
    import asyncio
    from datetime import UTC, datetime

    from cli.desk import registers
    from hub.backup import Restored
    from hub.backup import restore as take_out
    from hub.papers.store import cabinet_of
    from hub.people.erasure import FILE

    async def out() -> Restored:
        async with registers() as (settings, database, keys):
            cabinet, register = cabinet_of(settings), settings.data_dir / FILE
            return await take_out(database, keys, cabinet, file, register=register, now=datetime.now(UTC))

    with _file_trouble(file):
        done = asyncio.run(out())
    answer = {
        "rows": done.rows,
        "documents": done.files,
        "erased_again": done.erased,
        "made_at": done.made_at.isoformat(),
    }
    say(
        answer,
        f"{many(done.rows, 'ligne remise', 'lignes remises')}, {many(done.files, 'fichier')} ; "
        f"oubliées de nouveau : {many(done.erased, 'personne')}.",
        as_json=as_json,
    )


@contextmanager
def _file_trouble(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = next((words for kind, words in _TROUBLES.items() if isinstance(error, kind)), "")
        raise SettingsError(f"{file.name} ne se lit ou ne s'écrit pas{why}.") from error


_TROUBLES: Mapping[type[OSError], str] = {
    FileNotFoundError: " : ce fichier ou ce dossier n'existe pas",
    FileExistsError: " : ce fichier existe déjà",
    PermissionError: " : cela n'est pas permis",
}


def doctor(as_json: AsJson = False) -> None:
    """Say what is configured, what answers, what is missing, and what this installation cannot do."""
    import asyncio

    from cli.checkup import checkup
    from cli.finding import State

    findings = asyncio.run(checkup())
    sick = any(finding.state is State.ERROR for finding in findings)
    if as_json:
        say_line({"well": not sick, "findings": [finding.as_dict() for finding in findings]})
    else:
        say({}, *(_in_words(finding) for finding in findings), as_json=False)
    if sick:
        complain("Cette installation ne peut pas marcher ainsi : voyez les lignes « erreur ».")
        raise typer.Exit(1)


def _in_words(finding: "Finding") -> str:
    return f"{_STATES[finding.state]:<10}{finding.called} : {finding.sentence}"


_STATES = {"ok": "bien", "warning": "attention", "error": "erreur"}
_HELP: Mapping[Callable[..., None], str] = {
    demo: "Ouvre tout : le relais, le monde du dehors en boîte, et une école inventée avec ses familles.",
    serve: "Ouvre les portes (pages, rappels des opérateurs, courrier) ; sans Redis, fait aussi tourner tout le reste.",
    worker: "Fait tourner le moteur seul : autant qu'on veut à côté de serve, sur PostgreSQL.",
    clock: "Fait partir ce qui est prévu, rappels et résumés compris : une fois chacun, même à plusieurs.",
    mail: "Reçoit seul les courriers que remet le serveur de courrier (LMTP, PASSERELLE_MAIL_LISTEN).",
    migrate: "Met les registres à cette version ; en propriétaire, si PASSERELLE_OWNER_URL en nomme un.",
    backup: "Met tout à l'abri : FILE a les lignes, FILE.keys les clés (à garder à part), FILE.files les documents.",
    restore: "Remet une sauvegarde dans des registres vides, et oublie de nouveau qui fut effacé depuis.",
    doctor: "Dit ce qui est réglé, ce qui répond, ce qui manque, et ce que cette installation ne peut pas faire.",
}
