"""The post counter: hand in a notice, and ask how far it got."""

import sys
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson, AsStaff, DryRun, SchoolSlug
from cli.saying import say
from hub.errors import InvalidError
from hub.ports import HalfDay, NoticeKind

if TYPE_CHECKING:
    from cli.desk import Desk
    from hub.notices.publish import Published
    from hub.notices.reach import Reach

MOST_READ = 1_000_000
"""Bytes of a text on stdin; far more than a notice may hold, and no more is read."""


def furnish(app: typer.Typer) -> None:
    """Put these commands on the front desk."""
    app.command("send")(send)
    app.command("reach")(reach)


def send(
    kind: Annotated[NoticeKind, typer.Option(help="What the school says.")],
    to: Annotated[str, typer.Option(help="school, class:NAME[,NAME] or pupil:ID[,ID].")],
    text: Annotated[str | None, typer.Option(help="Your own words; - reads them from stdin.")] = None,
    phrase: Annotated[str | None, typer.Option(help="A prepared phrase (a later version).")] = None,
    subject: Annotated[str | None, typer.Option(help="One line above the text.")] = None,
    place: Annotated[str | None, typer.Option(help="Where a meeting is.")] = None,
    starts_at: Annotated[str | None, typer.Option(metavar="WHEN", help="When a meeting begins.")] = None,
    day: Annotated[date | None, typer.Option(parser=date.fromisoformat, metavar="DAY", help="Of an absence.")] = None,
    half_day: Annotated[HalfDay | None, typer.Option(help="Of an absence.")] = None,
    at: Annotated[str | None, typer.Option(metavar="WHEN", help="Not before; 2026-11-25T07:30 at the school.")] = None,
    dry_run: DryRun = False,
    key: Annotated[str | None, typer.Option(help="Name of this press: the same again sends nothing twice.")] = None,
    school: SchoolSlug = None,
    acting: AsStaff = None,
    as_json: AsJson = False,
) -> None:
    """Publish a notice: it is written down whole, and a running hub sends it."""
    from cli.desk import at_desk

    if phrase is not None:
        raise InvalidError("Prepared phrases come with a later version: use --text.")
    if acting is None:
        raise InvalidError("Say who writes: --as EMAIL.")
    words = _from_stdin() if text == "-" else text

    async def press(desk: "Desk") -> "Published":
        from cli.press import Order, pressed

        order = Order(kind, to, words, subject, place, starts_at, day, half_day, at, key)
        return await pressed(desk, order, dry_run=dry_run)

    done = at_desk(school, acting, press)
    told = f"{done.adults} adults, {done.copies} messages, {done.to_call} to call"
    if dry_run:
        sentence = f"Nothing was sent; it would be {told}."
    elif done.fresh:
        sentence = f"Notice {done.notice_id}: {told}."
    else:
        sentence = f"Notice {done.notice_id} was already published under this key: {told}."
    answer = {
        "notice": None if dry_run else done.notice_id,
        "adults": done.adults,
        "copies": done.copies,
        "to_call": done.to_call,
        "fresh": done.fresh,
        "dry_run": dry_run,
    }
    say(answer, sentence, as_json=as_json)


def reach(
    notice: Annotated[int, typer.Argument(min=1, help="Its number.")],
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
                session, school_id=school_id, notice_id=notice, day=desk.today, classes=classes, keyring=desk.keyring
            )

    found = at_desk(school, acting, ask)
    say(found.as_dict(), *_reach_in_words(found), as_json=as_json)


def _reach_in_words(found: "Reach") -> list[str]:
    tally = found.tally
    lines = [
        f"Notice {found.notice_id}: {tally.adults} adults concerned.",
        f"  {tally.acknowledged} acknowledged, {tally.told} told ({found.proved} of them surely)",
        f"  {tally.moving} on the way, {tally.to_call} to call, {tally.gone} no longer concerned",
    ]
    lines += [f"  by {channel or 'no way'}: {each.know} of {each.adults}" for channel, each in found.channels]
    lines += [f"  in {language}: {each.know} of {each.adults}" for language, each in found.languages]
    for one in found.left:
        children = ", ".join(child.first_name for child in one.children)
        lines.append(f"  to call: {one.name} ({children})")
    return lines


def _from_stdin() -> str:
    """Read a notice's words; what is far too long is not read to its end."""
    raw = sys.stdin.buffer.read(MOST_READ)
    try:
        return raw.decode().strip("\n")
    except UnicodeDecodeError as error:
        if len(raw) == MOST_READ:
            raise InvalidError("The text on stdin is far too long.", field="text") from error
        raise InvalidError("The text on stdin is not UTF-8.", field="text") from error
