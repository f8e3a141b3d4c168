"""The post counter: hand in a notice, and ask how far it got."""

import sys
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson, AsStaff, DryRun, SchoolSlug
from cli.saying import many, say
from hub.errors import InvalidError
from hub.ports import HalfDay, NoticeKind

if TYPE_CHECKING:
    from cli.desk import Desk
    from cli.press import Pressed
    from hub.notices.reach import Reach

MOST_READ = 1_000_000
"""Bytes of a text on stdin; far more than a notice may hold, and no more is read."""


def furnish(app: typer.Typer) -> None:
    """Put these commands on the front desk."""
    app.command("send", help="Publie un avis : il est écrit en entier, et un relais en marche l'envoie.")(send)
    app.command("reach", help="Dit jusqu'où un avis est allé, par état, voie et langue, et qui reste à appeler.")(reach)


def send(
    kind: Annotated[NoticeKind, typer.Option(help="Ce que dit l'école.")],
    to: Annotated[str, typer.Option(help="school, class:NOM[,NOM] ou pupil:NUMÉRO[,NUMÉRO].")],
    text: Annotated[str | None, typer.Option(help="Vos mots ; - les lit sur stdin.")] = None,
    phrase: Annotated[str | None, typer.Option(help="Une phrase prête, en toutes les langues.")] = None,
    exercise: Annotated[bool, typer.Option("--exercise", help="Un exercice d'alerte.")] = False,
    subject: Annotated[str | None, typer.Option(help="Une ligne au-dessus du texte.")] = None,
    place: Annotated[str | None, typer.Option(help="Où : d'une réunion ou d'une phrase.")] = None,
    starts_at: Annotated[str | None, typer.Option(metavar="QUAND", help="Quand : d'une réunion, d'une phrase.")] = None,
    day: Annotated[
        date | None, typer.Option(parser=date.fromisoformat, metavar="JOUR", help="D'une absence, d'une phrase.")
    ] = None,
    half_day: Annotated[HalfDay | None, typer.Option(help="D'une absence, d'une phrase.")] = None,
    at: Annotated[str | None, typer.Option(metavar="QUAND", help="Pas avant ; 2026-11-25T07:30 à l'école.")] = None,
    question: Annotated[bool, typer.Option("--question", help="Demande oui ou non, à chaque adulte.")] = False,
    by_family: Annotated[
        bool, typer.Option("--by-family", help="D'une question ou d'une réunion : une réponse suffit par famille.")
    ] = False,
    dry_run: DryRun = False,
    key: Annotated[str | None, typer.Option(help="Nom de cet envoi : le même ne part pas deux fois.")] = None,
    seconder: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Qui d'autre l'a relu : sans elle, 60 s pour l'arrêter.")
    ] = None,
    school: SchoolSlug = None,
    acting: AsStaff = None,
    as_json: AsJson = False,
) -> None:
    """Publish a notice: it is written down whole, and a running hub sends it."""
    from cli.desk import at_desk

    if acting is None:
        raise InvalidError("Dites qui écrit : --as EMAIL.")
    words = _from_stdin() if text == "-" else text

    async def press(desk: "Desk") -> "Pressed":
        from cli.press import Order, pressed

        order = Order(
            kind, to, words, subject, place, starts_at, day, half_day, at, key,
            phrase=phrase, exercise=exercise, seconder=seconder, question=question, by_family=by_family,
        )  # fmt: skip
        return await pressed(desk, order, dry_run=dry_run)

    done = at_desk(school, acting, press)
    say(done.as_dict(), *_press_in_words(done), as_json=as_json)


def _press_in_words(done: "Pressed") -> list[str]:
    from cli.words import euros, language_name, way_name

    came, seen = done.published, done.preview
    told = f"{many(came.adults, 'adulte')}, {many(came.copies, 'message')}, {many(came.to_call, 'appel')} à faire"
    if seen is None:
        if came.fresh and done.leaves_later:
            return [f"Avis {came.notice_id} : {told}. Il part à {done.leaves_later}, d'ici là sa page peut l'arrêter."]
        if came.fresh:
            return [f"Avis {came.notice_id} : {told}."]
        return [f"L'avis {came.notice_id} était déjà publié sous ce nom : {told}."]
    lines = [f"Rien n'est parti. Ce serait : {told}."]
    lines += [f"  par {way_name(channel)} : {many(adults, 'adulte')}" for channel, adults in seen.channels]
    lines += [f"  en {language_name(language)} : {many(adults, 'adulte')}" for language, adults in seen.read_in]
    if seen.without_words:
        french = ", ".join(f"{adults} en {language_name(language)}" for language, adults in seen.without_words)
        lines.append(f"  pas encore traduit, ils lisent le français : {french}")
    if seen.segments:
        lines.append(f"  un SMS : {many(seen.segments, 'segment')} au plus ; en tout {euros(seen.cost)} environ")
    lines += [f"  le SMS en {language_name(language)} : {' '.join(text.split())}" for language, text in seen.readings]
    return lines


def reach(
    notice: Annotated[int, typer.Argument(min=1, metavar="AVIS", help="Son numéro.")],
    school: SchoolSlug = None,
    acting: AsStaff = None,
    as_json: AsJson = False,
) -> None:
    """Say how far a notice got: counts per state, channel and language, and who is left."""
    from cli.desk import at_desk
    from hub.notices.reach import reach as reached
    from hub.people.rights import rights_on

    async def ask(desk: "Desk") -> "Reach":
        school_id = desk.school.key
        async with desk.database.reading(school_id) as session:
            classes = None
            if desk.staff_id is not None:
                rights = await rights_on(session, school_id=school_id, staff_id=desk.staff_id, day=desk.today)
                classes = None if rights.whole_school else rights.classes
            return await reached(
                session,
                school_id=school_id,
                notice_id=notice,
                day=desk.today,
                now=desk.now,
                classes=classes,
                keyring=desk.keyring,
            )

    found = at_desk(school, acting, ask)
    say(found.as_dict(), *_reach_in_words(found), as_json=as_json)


def _reach_in_words(found: "Reach") -> list[str]:
    from cli.words import language_name, left_in_words, way_name

    tally = found.tally
    lines = [
        f"Avis {found.notice_id} : {many(tally.adults, 'adulte concerné', 'adultes concernés')}.",
        f"  ont confirmé : {tally.acknowledged} ; l'ont reçu : {tally.told}, dont {found.proved} à coup sûr",
        f"  en chemin : {tally.moving} ; à appeler : {found.calls} ; plus concernés : {tally.gone}",
    ]
    lines += [f"  à remettre sur papier : {many(found.letters, 'lettre')}"] if found.letters else []
    lines += [f"  par {way_name(channel)} : {each.know} sur {each.adults}" for channel, each in found.channels]
    lines += [f"  en {language_name(language)} : {each.know} sur {each.adults}" for language, each in found.languages]
    return lines + [f"  à appeler : {left_in_words(one)}" for one in found.left]


def _from_stdin() -> str:
    """Read a notice's words; what is far too long is not read to its end."""
    raw = sys.stdin.buffer.read(MOST_READ)
    try:
        return raw.decode().strip("\n")
    except UnicodeDecodeError as error:
        if len(raw) == MOST_READ:
            raise InvalidError("Le texte sur stdin est bien trop long.", field="text") from error
        raise InvalidError("Le texte sur stdin n'est pas de l'UTF-8.", field="text") from error
