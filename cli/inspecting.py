"""The reading glass: what a text weighs as SMS, what a telephone number is, what a mail says. Writes nothing."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.options import AsJson
from cli.saying import say_line
from hub.errors import InvalidError

app = typer.Typer(help="Regarde des textes, des numéros et des mails ; une réponse JSON par ligne.")

Answer = Mapping[str, Any]


@app.command(
    "sms", help='Compte des textes : sur stdin une chaîne JSON par ligne ; rend {"encoding","units","segments"}.'
)
def inspect_sms(as_json: AsJson = True) -> None:  # noqa: ARG001 (the answer is JSON with or without --json)
    """Count texts as the networks do."""
    from i18n.segments import count

    def counted(line: str) -> Answer:
        text = _json_string(line)
        segments = count(text)
        return {"encoding": segments.encoding, "units": segments.units, "segments": segments.segments}

    _each_line(counted)


@app.command("phone", help='Lit des numéros : sur stdin un par ligne ; rend {"e164","kind"} ou {"error"}.')
def inspect_phone(
    region: Annotated[str, typer.Option(metavar="XX", help="Pays de l'école, deux lettres.")] = "FR",
    as_json: AsJson = True,  # noqa: ARG001 (the answer is JSON with or without --json)
) -> None:
    """Read telephone numbers as the school's country writes them."""
    from hub.people.phones import inspect

    if len(region) != 2 or not (region.isascii() and region.isalpha()):
        raise typer.BadParameter("un pays s'écrit en deux lettres, comme FR.", param_hint="--region")
    _each_line(lambda line: inspect(line, region.upper()))


@app.command(
    "email", help='Lit des mails : rend {"file","reply","auto_reply","bounce","token"} ; notre adresse est dans To.'
)
def inspect_email(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Des messages RFC 5322.")],
    as_json: AsJson = True,  # noqa: ARG001 (the answer is JSON with or without --json)
) -> None:
    """Read mails as the letter slot does; our own address is taken from To."""
    unread = 0
    for file in files:
        try:
            answer = _mail(file.read_bytes())
        except OSError:
            unread, answer = unread + 1, {"error": "Ce fichier ne se lit pas."}
        say_line({"file": str(file)} | dict(answer))
    if unread:
        raise InvalidError(f"Des fichiers ne se lisent pas : {unread} sur {len(files)}.")


def _mail(raw: bytes) -> Answer:
    from hub.letters.reading import read_mail

    mail = read_mail(raw)
    bounce = mail.bounce and {"address": mail.bounce.address, "permanent": mail.bounce.permanent}
    return {"reply": mail.reply, "auto_reply": mail.auto_reply, "bounce": bounce, "token": mail.token}


def _each_line(read: Callable[[str], Answer]) -> None:
    """Answer each line before the next is read; a line that cannot be taken gets its error and stops nothing."""
    for line in _lines():
        try:
            answer = read(line)
        except InvalidError as error:
            answer = {"error": str(error)}
        say_line(answer)


def _lines() -> Iterator[str]:
    """Give stdin's lines, cut at line feeds alone; what is not UTF-8 shows as �."""
    for number, raw in enumerate(sys.stdin.buffer):
        line = raw.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "replace")
        yield line.removeprefix("\ufeff") if number == 0 else line


def _json_string(line: str) -> str:
    try:
        text = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidError("Cette ligne n'est pas une chaîne JSON.") from error
    if not isinstance(text, str):
        raise InvalidError("Cette ligne n'est pas une chaîne JSON.")
    return text
