"""What a month of absences adds up to, pupil by pupil: read on the page, and printed for the inspection."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Response

from hub.absences.asked import LEGAL
from hub.absences.register import PupilMonth, month_of
from hub.models.answers import AnswerKind
from web.absence_words import NO_REASON, REASONS, VERDICTS
from web.pages import date_words, page
from web.staff_visit import ReadingDep, WriterDep
from web.staff_words import HALVES

router = APIRouter()


@router.get("/absences/mois")
async def the_month(
    visit: WriterDep,
    session: ReadingDep,
    mois: Annotated[str, Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")] = "",
) -> Response:
    """For the director and the office, all classes; for teachers, theirs: what each pupil missed, to be printed."""
    first = date.fromisoformat(f"{mois}-01") if mois else visit.reader.day.replace(day=1)
    found = await month_of(session, school_id=visit.school_id, year=first.year, month=first.month, reader=visit.reader)
    by_class = [(label, list(those)) for label, those in groupby(found, key=lambda one: one.class_label)]
    return page(
        "staff/absences_month.html",
        visit=visit,
        classes=[(label, pupils, _by_reason(pupils)) for label, pupils in by_class],
        marked=sum(one.marked for one in found),
        month=date_words(first).split(" ", 2)[2],
        before=(first - timedelta(days=1)).strftime("%Y-%m"),
        after=(first + timedelta(days=31)).strftime("%Y-%m") if first < visit.reader.day.replace(day=1) else "",
        year=first.year,
        today=f"{date_words(visit.reader.day)} {visit.reader.day.year}",
        day_of=date_words,
        halves=HALVES,
        reasons=REASONS,
        unsaid=NO_REASON,
        verdicts=VERDICTS,
        room="absences",
    )


def _by_reason(pupils: Iterable[PupilMonth]) -> list[tuple[str, int]]:
    """Count the half-days of a class by what was said of them, in the order of the law; what nobody said comes last."""
    counted: Counter[AnswerKind | None] = Counter()
    for one in pupils:
        for missing in one.missed:
            counted[missing.reason] += missing.half_days
    order: tuple[AnswerKind | None, ...] = (*LEGAL, AnswerKind.OTHER_REASON, None)
    return [(REASONS[reason] if reason else NO_REASON, counted[reason]) for reason in order if counted[reason]]
