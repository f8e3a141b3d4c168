"""What a class writes and shows about one pupil, written straight into the registers: a row of everything."""

from datetime import timedelta
from typing import Any

from factories import NOW, SINCE, TODAY, SmallSchool
from sqlalchemy import insert

from hub.models.agenda import EventKind
from hub.models.answers import AnswerKind
from hub.models.classroom import EntryKind, Level, Scale
from hub.models.home import How
from hub.models.notices import Needs
from hub.models.rolls import AbsenceState
from hub.papers.files import Given, keep_files, put_away
from hub.people.schools import school_key
from hub.ports import HalfDay, NoticeKind
from hub.settings import Settings
from hub.tables import (
    absence,
    assessment,
    assessment_item,
    booking,
    booking_wait,
    calendar_feed,
    diary_entry,
    diary_file,
    diary_tick,
    digest_item,
    document,
    document_file,
    document_for,
    evening_round,
    evening_wish,
    event,
    meeting_evening,
    meeting_round,
    meeting_slot,
    result,
    signature,
    stored_file,
    wish,
)

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
OF_A_YEAR = (assessment, diary_entry, document, event, digest_item, meeting_round, stored_file)
"""What has a last day; the rest hangs on it."""


async def filled(
    small: SmallSchool, settings: Settings, *, pupil: int, adults: list[int], alone: bool = False
) -> list[str]:
    """Write a result, two absences, a document and homework with a file each, signatures, a tick, an event, wishes.

    `alone`: the document is for this pupil and nobody else. Gives where the files lie.
    """
    school, keyring = small.school.key, small.keyring
    files = await put_away(keyring, settings, [Given("sortie.pdf", PDF), Given("carte.pdf", PDF)])
    async with small.database.school(school) as session:
        seal = await school_key(session, keyring, school)
        paper_id, map_id = await keep_files(session, files, school_id=school, made_by=small.teacher, now=NOW)

        async def row(table: Any, **values: Any) -> int:
            made = insert(table).values(school_id=school, **values).returning(table.c.id)
            return int((await session.execute(made)).scalar_one())

        moments = {"made_at": NOW, "changed_at": NOW}
        of_class = {"class_id": small.classes["CP A"], "author_id": small.teacher}
        sheet = await row(
            assessment, **of_class, **moments, subject="Français", day=TODAY, published_at=NOW,
            title_sealed=seal.close("Lecture à voix haute".encode(), b"assessment.title"),
        )  # fmt: skip
        item = await row(assessment_item, assessment_id=sheet, label="Lire un texte", scale=Scale.LEVELS)
        await row(result, item_id=item, pupil_id=pupil, level=Level.REACHED, typed_by=small.teacher, at=NOW)
        paper = await row(
            document, author_id=small.teacher, published_at=NOW, needs=Needs.BOTH,
            title_sealed=seal.close("Sortie au musée".encode(), b"document.title"),
        )  # fmt: skip
        await row(document_for, document_id=paper, **({"pupil_id": pupil} if alone else of_class_only(small)))
        await row(document_file, document_id=paper, file_id=paper_id)
        entry = await row(
            diary_entry, **of_class, **moments, kind=EntryKind.DUE, subject="Maths", day=TODAY, given_on=SINCE,
            text_sealed=seal.close(b"Exercice 3", b"diary_entry.text"), key_name=f"k{pupil}",
        )  # fmt: skip
        await row(diary_file, entry_id=entry, file_id=map_id)
        await row(diary_tick, entry_id=entry, pupil_id=pupil, guardian_id=adults[0], at=NOW)
        await row(
            event, **of_class, **moments, kind=EventKind.TRIP, title_sealed=b"", starts_on=TODAY, ends_on=TODAY,
            uid=f"u{pupil}",
        )  # fmt: skip
        offered = await row(
            meeting_round, **of_class, key_name=f"r{pupil}", title_sealed=seal.close(b"Bilan", b"meeting_round.title"),
            closes_at=NOW, made_at=NOW,
        )  # fmt: skip
        evening = await row(
            meeting_evening, author_id=small.teacher, key_name=f"e{pupil}", seed=1, closes_at=NOW, made_at=NOW,
            title_sealed=seal.close(b"Bilan", b"meeting_evening.title"),
        )  # fmt: skip
        await row(evening_round, evening_id=evening, round_id=offered)
        for days, adult in enumerate(adults):
            begins = NOW + timedelta(days=pupil, hours=days)
            slot = await row(
                meeting_slot, round_id=offered, staff_id=small.teacher, room="", starts_at=begins, ends_at=begins
            )
            here = {"round_id": offered, "guardian_id": adult, "pupil_id": pupil}
            await row(booking, **here, slot_id=slot, booked_at=NOW, uid=f"b{pupil}-{adult}")
            await row(booking_wait, **here, asked_at=NOW)
            await row(evening_wish, **here, evening_id=evening, comes=True, windows=[], said_at=NOW, slot_id=slot)
            at = NOW + timedelta(days=days)
            await row(signature, document_id=paper, pupil_id=pupil, guardian_id=adult, at=at, through="page")
            await row(
                absence, pupil_id=pupil, day=TODAY - timedelta(days=20 + days), half_day=HalfDay.MORNING,
                state=AbsenceState.EXPLAINED, told_by=adult, opened_at=NOW,
                reason=(AnswerKind.ILL, AnswerKind.FAMILY_GATHERING)[days],
            )  # fmt: skip
            await row(wish, guardian_id=adult, kind=NoticeKind.RESULT, how=How.PAGE)
            await row(calendar_feed, guardian_id=adult, code_hash=f"feed{adult}".encode(), made_at=NOW)
            await row(
                digest_item, guardian_id=adult, pupil_id=pupil, kind=NoticeKind.HOMEWORK, subject_id=entry,
                on_day=TODAY, made_at=NOW,
            )  # fmt: skip
    return [one.place for one in files]


def of_class_only(small: SmallSchool) -> dict[str, int]:
    return {"class_id": small.classes["CP A"]}
