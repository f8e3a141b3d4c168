"""What the school keeps of a pupil, put together to be taken along: for one of the adults, or for the next school.

RGPD art. 15 and 20: an adult gets what he or she may see, in words and in a form that machines read; never what
another adult said, signed or answered. The next school gets results and absences, and nothing of any adult.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.absences.register import Verdict, verdict
from hub.classroom.diary_home import ForPupil, diary_for
from hub.classroom.results import Outcome, results_of
from hub.errors import NotFoundError
from hub.models.answers import AnswerKind
from hub.models.rolls import AbsenceState
from hub.notices.headlines import Reader
from hub.papers.files import FileCard
from hub.papers.given import GivenPaper, given_papers
from hub.people.kin import Child
from hub.people.names import full_name
from hub.people.noting import note
from hub.people.schools import read_school
from hub.ports import HalfDay
from hub.routing import day_at_school
from hub.sealing import Keyring
from hub.tables import absence, class_group, enrolment, pupil, school_year
from hub.years.turning import require

MOST = 5_000
"""Documents of one pupil: those of a school year, many times over."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A class that the pupil was in."""

    label: str
    year: str
    from_on: date
    to_on: date | None


@dataclass(frozen=True, slots=True)
class Away:
    """A half-day or day that the pupil missed. `reason`: only where the adult whose dossier it is gave it."""

    day: date
    half_day: HalfDay
    verdict: Verdict
    reason: AnswerKind | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What the school sent to this adult, as it was said to him or her, with the answers."""

    at: datetime
    heading: str
    text: str
    answers: tuple[str, ...]
    written: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dossier:
    """All of it. `of_adult`: it is an adult's own; else the next school's. `files` lie beside it, in this order."""

    school: str
    timezone: str
    first_name: str
    family_name: str
    born_on: date | None
    made_at: datetime
    of_adult: bool
    stays: tuple[Stay, ...]
    results: tuple[Outcome, ...]
    absences: tuple[Away, ...]
    documents: tuple[GivenPaper, ...] = ()
    homework: tuple[ForPupil, ...] = ()
    messages: tuple[Message, ...] = ()

    def __repr__(self) -> str:
        return "Dossier()"

    @property
    def files(self) -> tuple[FileCard, ...]:
        """The files of its documents and homework, each once."""
        hung = [card for paper in self.documents for card in paper.files]
        hung += [card for piece in self.homework for card in piece.files]
        return tuple({card.file_id: card for card in hung}.values())

    def place(self, card: FileCard) -> str:
        """Say under which name a file lies beside the dossier; numbered, so that two of one name are told apart."""
        number = [one.file_id for one in self.files].index(card.file_id) + 1
        return f"fichiers/{number:03}-{card.name}"

    def as_json(self) -> bytes:
        """Write it for machines: the same as the words, with days as ISO 8601 has them."""
        whole: dict[str, Any] = {
            "school": self.school,
            "made_at": self.made_at,
            "pupil": {"first_name": self.first_name, "family_name": self.family_name, "born_on": self.born_on},
            "classes": [asdict(one) for one in self.stays],
            "results": [_result(one) for one in self.results],
            "absences": [asdict(one) for one in self.absences],
        }
        if self.of_adult:
            whole["documents"] = [self._document(one) for one in self.documents]
            whole["homework"] = [
                {
                    "kind": one.kind,
                    "day": one.day,
                    "subject": one.subject,
                    "text": one.text,
                    "files": [self.place(card) for card in one.files],
                }
                for one in self.homework
            ]
            whole["messages"] = [asdict(one) for one in self.messages]
        return orjson.dumps(whole, option=orjson.OPT_INDENT_2)

    def _document(self, one: GivenPaper) -> dict[str, Any]:
        return {
            "title": one.title,
            "text": one.text,
            "published_at": one.published_at,
            "signature": one.needs,
            "signed_at": [signed.signed_at for signed in one.signed],
            "files": [self.place(card) for card in one.files],
        }


async def for_next_school(
    session: AsyncSession, keyring: Keyring, *, school_id: int, pupil_id: int, reader: Reader, now: datetime
) -> Dossier:
    """Put together what a pupil takes to the next school: classes, results, absences. It is written down who asked.

    Raises NotAllowedError, NotFoundError for a pupil who is not here or was forgotten.
    """
    require(reader)
    dossier = await _of_pupil(session, keyring, school_id, pupil_id, told_by=(), day=reader.day, now=now)
    await note(session, school_id, reader.staff_id, "export", ("pupil", pupil_id), now)
    return dossier


async def for_family(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    pupil_id: int,
    children: Collection[Child],
    messages: Collection[Message],
    day: date,
    now: datetime,
) -> Dossier:
    """Put together what one adult may see of a child; `children` as `children_of` gave them. It is written down.

    `messages` were sent to this adult, in his or her language. Raises NotFoundError for a child that is not theirs.
    """
    mine = [child for child in children if child.pupil_id == pupil_id]
    if not mine:
        raise NotFoundError("Il n’y a rien à cette adresse.")
    adults = {child.guardian_id for child in mine}
    dossier = await _of_pupil(session, keyring, school_id, pupil_id, told_by=adults, day=day, now=now)
    here: dict[str, Any] = {"school_id": school_id}
    documents = await _documents(session, keyring, school_id, mine, dossier.timezone, day)
    homework = await diary_for(
        session, keyring, pupils=[pupil_id], first=date(2000, 1, 1), last=date(2999, 12, 31), today=day, **here
    )
    await note(session, school_id, None, "export", ("pupil", pupil_id), now)
    return replace(dossier, of_adult=True, documents=documents, homework=homework, messages=tuple(messages))


async def _of_pupil(
    session: AsyncSession,
    keyring: Keyring,
    school_id: int,
    pupil_id: int,
    *,
    told_by: Collection[int],
    day: date,
    now: datetime,
) -> Dossier:
    asked = select(pupil.c.first_name, pupil.c.usage_name, pupil.c.family_name, pupil.c.born_on).where(
        pupil.c.school_id == school_id, pupil.c.id == pupil_id, pupil.c.name_key != ""
    )
    row = (await session.execute(asked)).one_or_none()
    if row is None:
        raise NotFoundError("Cet élève n’existe pas.")
    school = await read_school(session, school_id)
    return Dossier(
        school=school.name,
        timezone=school.timezone,
        first_name=row.first_name,
        family_name=full_name("", row.usage_name, row.family_name),
        born_on=row.born_on,
        made_at=now,
        of_adult=False,
        stays=await _stays(session, school_id, pupil_id),
        results=await results_of(session, keyring, school_id=school_id, pupils=[pupil_id]),
        absences=await _absences(session, school_id, pupil_id, told_by, day),
    )


async def _stays(session: AsyncSession, school_id: int, pupil_id: int) -> tuple[Stay, ...]:
    rows = await session.execute(
        select(class_group.c.label, school_year.c.label.label("year"), enrolment.c.from_on, enrolment.c.to_on)
        .join(class_group, and_(class_group.c.school_id == school_id, class_group.c.id == enrolment.c.class_id))
        .join(school_year, and_(school_year.c.school_id == school_id, school_year.c.id == class_group.c.year_id))
        .where(enrolment.c.school_id == school_id, enrolment.c.pupil_id == pupil_id)
        .order_by(enrolment.c.from_on, enrolment.c.id)
    )
    return tuple(Stay(*row) for row in rows)


async def _absences(
    session: AsyncSession, school_id: int, pupil_id: int, told_by: Collection[int], day: date
) -> tuple[Away, ...]:
    """Read what the register has of a pupil; a child that was found was not away."""
    rows = await session.execute(
        select(absence.c.day, absence.c.half_day, absence.c.reason, absence.c.told_by)
        .where(absence.c.school_id == school_id, absence.c.pupil_id == pupil_id)
        .where(absence.c.state != AbsenceState.FOUND)
        .order_by(absence.c.day, absence.c.id)
    )
    return tuple(
        Away(
            day=row.day,
            half_day=row.half_day,
            verdict=verdict(row.reason, row.day, day),
            reason=row.reason if row.told_by in told_by else None,
        )
        for row in rows
    )


async def _documents(
    session: AsyncSession, keyring: Keyring, school_id: int, mine: Sequence[Child], timezone: str, day: date
) -> tuple[GivenPaper, ...]:
    """List what a child has on its page, and what each class that it has left got while it was in it."""
    which: dict[str, Any] = {"school_id": school_id, "day": day, "most": MOST}
    found = {one.document_id: one for one in await given_papers(session, keyring, children=mine, **which)}
    left = select(enrolment.c.class_id, enrolment.c.from_on, enrolment.c.to_on).where(
        enrolment.c.school_id == school_id, enrolment.c.pupil_id == mine[0].pupil_id, enrolment.c.to_on < day
    )
    for stay in (await session.execute(left)).all():
        there = [replace(child, class_id=stay.class_id) for child in mine]
        for one in await given_papers(session, keyring, children=there, **which):
            if stay.from_on <= day_at_school(one.published_at, timezone) <= stay.to_on:
                found.setdefault(one.document_id, one)
    return tuple(sorted(found.values(), key=lambda one: (one.published_at, one.document_id), reverse=True))


def _result(one: Outcome) -> dict[str, Any]:
    return {
        "day": one.day,
        "subject": one.subject,
        "title": one.title,
        "words": one.words,
        "judged": [
            {
                "label": item.label,
                "level": item.cell.level,
                "mark": None if item.cell.mark is None else item.cell.mark / 100,
                "out_of": item.out_of,
                "absent": item.cell.absent,
            }
            for item in one.judged
        ],
    }
