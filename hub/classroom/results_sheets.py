"""The assessments of a class: what was judged, when, in which columns; made as a draft, changed, thrown away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.classroom import results_asked as asked
from hub.classroom.classes import Classroom, enter, enter_to_write
from hub.classroom.results_cells import MARK_MOST, Item
from hub.errors import InvalidError, NotFoundError
from hub.models.classroom import Scale
from hub.notices.headlines import Reader
from hub.people.names import name_key
from hub.people.noting import note
from hub.people.schools import school_key
from hub.sealing import Keyring, Seal
from hub.tables import assessment, assessment_item, result
from i18n.slots import clean_line

SUBJECT_MOST, TITLE_MOST, LABEL_MOST, COLUMNS_MOST = 60, 100, 120, 12
A_YEAR = timedelta(days=365)
TITLE = b"assessment.title"
"""What a title is sealed as."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is asked for: a competence of the list, or one's own words. `out_of`: a mark counts to it."""

    label: str
    out_of: int | None = None
    competence_id: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a teacher wants to judge. `dropped`: columns of before to let go, by id."""

    subject: str
    title: str
    day: date
    columns: tuple[Column, ...]
    dropped: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Sheet:
    """An assessment; families see it once `published_at` is set. `notice_id`: what told them of it."""

    assessment_id: int
    classroom: Classroom
    subject: str
    title: str
    day: date
    author: str
    published_at: datetime | None
    notice_id: int | None
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """An assessment in the list of its class: in how many columns, and how many pupils something is noted for."""

    assessment_id: int
    subject: str
    title: str
    day: date
    author: str
    published_at: datetime | None
    columns: int
    noted: int


async def sheets_of(
    session: AsyncSession, keyring: Keyring, *, school_id: int, class_id: int, reader: Reader
) -> tuple[Classroom, tuple[Listed, ...]]:
    """List the assessments of a class, the newest first. Raises NotFoundError, NotAllowedError."""
    classroom = await enter(session, school_id=school_id, class_id=class_id, reader=reader)
    seal = await school_key(session, keyring, school_id)
    rows = await session.execute(asked.assessments_of_class(), {"school": school_id, "class": class_id})
    return classroom, tuple(
        Listed(row.id, row.subject, _title(seal, row), row.day, row.author, row.published_at, row.columns, row.noted)
        for row in rows
    )


async def read_sheet(
    session: AsyncSession, keyring: Keyring, *, school_id: int, assessment_id: int, reader: Reader
) -> Sheet:
    """Read an assessment's head and columns. Raises NotFoundError, NotAllowedError."""
    which = {"school": school_id, "assessment": assessment_id}
    row = (await session.execute(asked.one_assessment(), which)).one_or_none()
    if row is None:
        raise NotFoundError("Cette évaluation n’existe pas.")
    classroom = await enter(session, school_id=school_id, class_id=row.class_id, reader=reader)
    items = await session.execute(asked.items_of(), which)
    return Sheet(
        assessment_id,
        classroom,
        row.subject,
        _title(await school_key(session, keyring, school_id), row),
        row.day,
        row.author,
        row.published_at,
        row.notice_id,
        tuple(Item(one.id, one.label, Scale(one.scale), one.out_of, one.used, one.competence_id) for one in items),
    )


async def sheet_to_write(
    session: AsyncSession, keyring: Keyring, *, school_id: int, assessment_id: int, reader: Reader
) -> Sheet:
    """Read an assessment and keep others from writing in it until the end of the transaction.

    Raises NotFoundError, NotAllowedError; InvalidError where its class is closed.
    """
    kept = select(assessment.c.class_id).where(assessment.c.school_id == school_id, assessment.c.id == assessment_id)
    class_id = (await session.execute(kept.with_for_update())).scalar_one_or_none()
    if class_id is None:
        raise NotFoundError("Cette évaluation n’existe pas.")
    await enter_to_write(session, school_id=school_id, class_id=class_id, reader=reader)
    return await read_sheet(session, keyring, school_id=school_id, assessment_id=assessment_id, reader=reader)


async def make_sheet(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    class_id: int,
    reader: Reader,
    wanted: Asked,
    now: datetime,
) -> int:
    """Begin an assessment as a draft, and give its id; the same one twice is one.

    It is kept until the end of the next school year, for the next teacher and the family see then how far the pupil
    has come since. Raises InvalidError, NotFoundError, NotAllowedError.
    """
    classroom = await enter_to_write(session, school_id=school_id, class_id=class_id, reader=reader)
    wanted = _checked(wanted, classroom, kept=())
    seal = await school_key(session, keyring, school_id)
    alike = await _alike(session, seal, school_id, class_id, wanted)
    if alike is not None:
        return alike
    row = {
        "school_id": school_id,
        "class_id": class_id,
        "author_id": reader.staff_id,
        "subject": wanted.subject,
        "title_sealed": seal.close(wanted.title.encode(), TITLE),
        "day": wanted.day,
        "made_at": now,
        "changed_at": now,
        "keep_until": classroom.ends_on + A_YEAR,
    }
    made = insert(assessment).values(row).returning(assessment.c.id)
    assessment_id = int((await session.execute(made)).scalar_one())
    await _add_columns(session, school_id, assessment_id, wanted.columns, after=0)
    return assessment_id


async def change_sheet(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    assessment_id: int,
    reader: Reader,
    wanted: Asked,
    now: datetime,
) -> None:
    """Change what an assessment is about; a column in which something is noted stays.

    Raises InvalidError, NotFoundError, NotAllowedError.
    """
    which = {"school_id": school_id, "assessment_id": assessment_id}
    sheet = await sheet_to_write(session, keyring, **which, reader=reader)
    dropped = frozenset(item.item_id for item in sheet.items if item.item_id in wanted.dropped)
    if any(item.used for item in sheet.items if item.item_id in dropped):
        raise InvalidError("Des résultats sont notés dans cette colonne : effacez-les d’abord.", field="columns")
    kept = [item for item in sheet.items if item.item_id not in dropped]
    wanted = _checked(wanted, sheet.classroom, kept=[item.label for item in kept])
    seal = await school_key(session, keyring, school_id)
    await session.execute(
        update(assessment)
        .where(assessment.c.school_id == school_id, assessment.c.id == assessment_id)
        .values(
            subject=wanted.subject,
            title_sealed=seal.close(wanted.title.encode(), TITLE),
            day=wanted.day,
            changed_at=now,
        )
    )
    if dropped:
        mine = (assessment_item.c.school_id == school_id, assessment_item.c.id.in_(dropped))
        await session.execute(delete(assessment_item).where(*mine))
    await _add_columns(session, school_id, assessment_id, wanted.columns, after=len(sheet.items))


async def drop_sheet(
    session: AsyncSession, keyring: Keyring, *, school_id: int, assessment_id: int, reader: Reader, now: datetime
) -> Sheet:
    """Throw a draft away with what is noted in it. Raises InvalidError, NotFoundError, NotAllowedError."""
    which = {"school_id": school_id, "assessment_id": assessment_id}
    sheet = await sheet_to_write(session, keyring, **which, reader=reader)
    if sheet.published_at is not None:
        raise InvalidError("Les familles voient cette évaluation : retirez-la d’abord.")
    mine = (assessment_item.c.school_id == school_id, assessment_item.c.assessment_id == assessment_id)
    await session.execute(delete(result).where(result.c.item_id.in_(select(assessment_item.c.id).where(*mine))))
    await session.execute(delete(assessment_item).where(*mine))
    await session.execute(
        delete(assessment).where(assessment.c.school_id == school_id, assessment.c.id == assessment_id)
    )
    await note(session, school_id, reader.staff_id, "results_dropped", ("assessment", assessment_id), now)
    return sheet


def _title(seal: Seal, row: Any) -> str:  # noqa: ANN401 (a row with a title)
    return seal.open(row.title_sealed, TITLE).decode()


def _checked(wanted: Asked, classroom: Classroom, *, kept: Sequence[str]) -> Asked:
    """Refuse what no family could read, and what would not fit on the sheet. Raises InvalidError."""
    subject, title = clean_line(wanted.subject), clean_line(wanted.title)
    if not 0 < len(subject) <= SUBJECT_MOST:
        raise InvalidError(f"Il faut une matière, de {SUBJECT_MOST} signes au plus.", field="subject")
    if not 0 < len(title) <= TITLE_MOST:
        raise InvalidError(f"Il faut un titre, de {TITLE_MOST} signes au plus.", field="title")
    if not classroom.starts_on <= wanted.day <= classroom.ends_on:
        raise InvalidError("Ce jour n’est pas de l’année de cette classe.", field="day")
    columns = tuple(
        Column(clean_line(one.label), one.out_of, one.competence_id) for one in wanted.columns if one.label.strip()
    )
    if not 0 < len(columns) + len(kept) <= COLUMNS_MOST:
        raise InvalidError(f"Choisissez de 1 à {COLUMNS_MOST} choses à évaluer.", field="columns")
    if any(len(one.label) > LABEL_MOST or not name_key(one.label) for one in columns):
        raise InvalidError(f"Ce qui est évalué se dit en {LABEL_MOST} signes au plus.", field="columns")
    if any(one.out_of is not None and not 1 <= one.out_of <= MARK_MOST for one in columns):
        raise InvalidError(f"Une note compte de 1 à {MARK_MOST} points.", field="columns")
    keys = [name_key(label) for label in (*kept, *(one.label for one in columns))]
    if len(set(keys)) < len(keys):
        raise InvalidError("Deux colonnes portent le même nom : on ne les distinguerait pas.", field="columns")
    return Asked(subject, title, wanted.day, columns, wanted.dropped)


async def _alike(session: AsyncSession, seal: Seal, school_id: int, class_id: int, wanted: Asked) -> int | None:
    """Find the same assessment: who comes back and presses again means it."""
    rows = await session.execute(
        select(assessment.c.id, assessment.c.title_sealed).where(
            assessment.c.school_id == school_id,
            assessment.c.class_id == class_id,
            assessment.c.day == wanted.day,
            assessment.c.subject == wanted.subject,
        )
    )
    return next((int(row.id) for row in rows if _title(seal, row) == wanted.title), None)


async def _add_columns(
    session: AsyncSession, school_id: int, assessment_id: int, columns: Sequence[Column], *, after: int
) -> None:
    rows = [
        {
            "school_id": school_id,
            "assessment_id": assessment_id,
            "competence_id": one.competence_id,
            "label": one.label,
            "scale": Scale.LEVELS if one.out_of is None else Scale.MARKS,
            "out_of": one.out_of,
            "position": after + place,
        }
        for place, one in enumerate(columns, 1)
    ]
    if rows:
        await session.execute(insert(assessment_item).values(rows))
