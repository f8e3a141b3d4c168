"""What the demo's classes do: diary, a document to sign, results, calendar. No family is told: the news adds up."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw
from sqlalchemy.ext.asyncio import AsyncSession

from cli.assembly import Assembly
from hub.agenda.checking import EventDraft
from hub.agenda.events import note
from hub.agenda.school_days import next_school_days
from hub.classroom.classes import classes_today
from hub.classroom.competences import begin_with_the_livret
from hub.classroom.diary_writing import Piece, write_down
from hub.classroom.results_grid import Typed
from hub.classroom.results_saving import save_grid
from hub.classroom.results_sheets import Asked, Column, make_sheet, read_sheet
from hub.classroom.results_telling import publish_sheet
from hub.models.agenda import EventKind
from hub.models.classroom import EntryKind
from hub.models.notices import Needs
from hub.models.school import School
from hub.notices.choices import pupil_choices
from hub.notices.headlines import Reader
from hub.papers.files import Given, keep_files, put_away
from hub.papers.publishing import NewDocument, publish_document
from hub.people.rights import rights_on
from hub.routing import day_at_school

DONE = (
    ("Français", "Dictée de mots avec « on » et « om ». Lecture de l’album du renard."),
    ("Mathématiques", "Additions posées, problèmes du fichier page 31."),
)
DUE: Sequence[tuple[int, str, str]] = (
    (0, "Français", "Relire l’album à voix haute."),
    (0, "Mathématiques", "Fichier page 32, exercices 1 et 2."),
    (1, "Français", "Apprendre les mots de la dictée : mouton, bonbon, ombre, pompe."),
    (3, "Sport", "Apporter des chaussures propres."),
)
"""What is due: in how many days of class, the subject, and what."""
LEVELS = "3324132314"
"""The levels of a class, pupil by pupil, again and again."""


async def live(hub: Assembly, opened: School, *, staff_id: int, now: datetime) -> None:
    """Fill the diaries, hand out a document, judge a dictation and note what comes, by a director."""
    day = day_at_school(now, opened.timezone)
    drawn = await put_away(hub.keyring, hub.settings, [Given("sortie au musée.jpg", _poster())])
    async with hub.database.school(opened.key) as session:
        reader = Reader(staff_id, await rights_on(session, school_id=opened.key, staff_id=staff_id, day=day), day)
        here: dict[str, Any] = {"reader": reader, "now": now}
        classes = await classes_today(session, school_id=opened.key, reader=reader)
        coming = await next_school_days(session, opened, day, 10)
        for one in classes[:3]:
            await _diary(session, hub, opened, one.class_id, coming, here)
        files = await keep_files(session, drawn, school_id=opened.key, made_by=staff_id, now=now)
        await _document(session, hub, opened, classes[0].label, files, coming, here)
        await _results(session, hub, opened, classes[0].class_id, here)
        await _calendar(session, hub, opened, classes[0].class_id, coming, here)


async def _diary(
    session: AsyncSession, hub: Assembly, opened: School, class_id: int, coming: Sequence[date], here: dict[str, Any]
) -> None:
    pieces = [Piece(EntryKind.DONE, subject, here["reader"].day, text) for subject, text in DONE]
    pieces += [
        Piece(EntryKind.DUE, subject, coming[after], text) for after, subject, text in DUE if after < len(coming)
    ]
    for number, piece in enumerate(pieces):
        where: dict[str, Any] = {"school_id": opened.key, "class_id": class_id}
        await write_down(session, hub.keyring, **where, piece=piece, key=f"demo:{class_id}:{number}", **here)


async def _document(
    session: AsyncSession,
    hub: Assembly,
    opened: School,
    label: str,
    files: Sequence[int],
    coming: Sequence[date],
    here: dict[str, Any],
) -> None:
    new = NewDocument(
        key="demo:museum",
        title="Sortie au musée de la Batellerie",
        text="Le car part à 8 h 45 et revient à 16 h. Pique-nique et bottes. Merci de signer.",
        audience=f"class:{label}",
        needs=Needs.ONE,
        due_on=coming[min(4, len(coming) - 1)] if coming else None,
        files=tuple(files),
        tells=False,
    )
    await publish_document(session, hub.keyring, school=opened, new=new, **here)


async def _results(session: AsyncSession, hub: Assembly, opened: School, class_id: int, here: dict[str, Any]) -> None:
    """Judge two dictations, six weeks apart, so that one sees how a child comes along."""
    reader, now = here["reader"], here["now"]
    await begin_with_the_livret(session, school_id=opened.key, reader=reader)
    choices = await pupil_choices(session, school_id=opened.key, rights=reader.rights, day=reader.day)
    for back, shift in ((42, 1), (3, 0)):
        wanted = Asked(
            subject="Français",
            title="Dictée de mots",
            day=reader.day - timedelta(days=back),
            columns=(Column("Écrire des mots sous la dictée"), Column("Note", 20)),
        )
        which: dict[str, Any] = {"school_id": opened.key}
        sheet_id = await make_sheet(session, hub.keyring, **which, class_id=class_id, wanted=wanted, **here)
        sheet = await read_sheet(session, hub.keyring, **which, assessment_id=sheet_id, reader=reader)
        texts = {}
        for number, pupil in enumerate(choices):
            level = int(LEVELS[(number + shift * 3) % len(LEVELS)])
            texts[sheet.items[0].item_id, pupil.pupil_id] = str(level)
            texts[sheet.items[1].item_id, pupil.pupil_id] = str(6 + 3 * level)
        await save_grid(
            session, hub.keyring, **which, assessment_id=sheet_id, reader=reader, typed=Typed(texts), now=now
        )
        await publish_sheet(
            session, hub.keyring, school=opened, assessment_id=sheet_id, reader=reader, tell=False, now=now
        )


async def _calendar(
    session: AsyncSession, hub: Assembly, opened: School, class_id: int, coming: Sequence[date], here: dict[str, Any]
) -> None:
    if len(coming) < 8:
        return
    drafts = (
        EventDraft(
            EventKind.TRIP, "Sortie au musée de la Batellerie", coming[5], coming[5], time(8, 45), time(16),
            place="Musée de la Batellerie", text="Pique-nique et bottes.", class_id=class_id,
        ),
        EventDraft(
            EventKind.EVENT, "Photos de classe", coming[2], coming[2], text="Chaque classe passe dans la matinée."
        ),
        EventDraft(EventKind.EVENT, "Marché d’hiver", coming[7], coming[7], time(16, 30), time(19), place="Préau"),
    )  # fmt: skip
    for number, draft in enumerate(drafts):
        await note(session, hub.keyring, school=opened, draft=draft, key=f"demo:{number}", **here)


def _poster() -> bytes:
    """Draw the poster of the trip: a boat, water, a sun."""
    drawn = Image.new("RGB", (900, 600), "#fffdfb")
    pen = ImageDraw.Draw(drawn)
    pen.rectangle((0, 420, 900, 600), fill="#8fb8c9")
    pen.polygon(((220, 380), (680, 380), (600, 470), (300, 470)), fill="#7a4a2b")
    pen.rectangle((440, 140, 452, 380), fill="#4c3a2f")
    pen.polygon(((456, 150), (456, 360), (640, 360)), fill="#c82d45")
    pen.ellipse((720, 60, 820, 160), fill="#f2c14e")
    out = BytesIO()
    drawn.save(out, "JPEG", quality=85)
    return out.getvalue()
