"""Writing in the homework diary: a piece of work is noted, changed, and taken away again."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.classroom.classes import Classroom, enter_to_write
from hub.classroom.diary import TEXT
from hub.classroom.diary_files import take_off
from hub.errors import InvalidError, NotFoundError
from hub.models.classroom import EntryKind
from hub.notices.headlines import Reader
from hub.notices.wishes import no_news
from hub.people.schools import school_key
from hub.ports import NoticeKind
from hub.sealing import Keyring
from hub.tables import diary_entry, diary_tick, insert_into
from i18n.slots import clean, clean_line

SUBJECT_MAX, TEXT_MAX = 60, 4_000
"""Characters of a subject, and of what is said of it."""
KEY_MAX = 64


@dataclass(frozen=True, slots=True)
class Piece:
    """What somebody types: `day` is when it was done, or when it is due."""

    kind: EntryKind
    subject: str
    day: date
    text: str


async def write_down(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    class_id: int,
    piece: Piece,
    key: str,
    reader: Reader,
    now: datetime,
) -> tuple[int, bool]:
    """Note a piece in a class's diary; gives its id, and whether it is new: the same `key` again writes nothing.

    Raises NotFoundError, NotAllowedError, InvalidError.
    """
    classroom = await enter_to_write(session, school_id=school_id, class_id=class_id, reader=reader)
    checked = check(piece, classroom)
    if piece.kind is EntryKind.DUE and piece.day < reader.day:
        raise InvalidError("Ce jour est passé : donnez un jour à venir.", field="day")
    if not 0 < len(key) <= KEY_MAX:
        raise InvalidError("Cette page est trop ancienne : ouvrez-la de nouveau.")
    seal = await school_key(session, keyring, school_id)
    row = {
        "school_id": school_id,
        "class_id": class_id,
        "author_id": reader.staff_id,
        "key_name": key,
        "kind": checked.kind,
        "subject": checked.subject,
        "day": checked.day,
        "given_on": reader.day if checked.kind is EntryKind.DUE else None,
        "text_sealed": seal.close(checked.text.encode(), TEXT),
        "made_at": now,
        "changed_at": now,
        "keep_until": keep_until(classroom),
    }
    made = insert_into(diary_entry, session).values(row).on_conflict_do_nothing().returning(diary_entry.c.id)
    entry_id = (await session.execute(made)).scalar_one_or_none()
    if entry_id is not None:
        return int(entry_id), True
    before = select(diary_entry.c.id).where(
        diary_entry.c.school_id == school_id, diary_entry.c.key_name == key, diary_entry.c.class_id == class_id
    )
    known = (await session.execute(before)).scalar_one_or_none()
    if known is None:
        raise InvalidError("Cette page est trop ancienne : ouvrez-la de nouveau.")
    return int(known), False


async def change(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    entry_id: int,
    piece: Piece,
    reader: Reader,
    now: datetime,
) -> int:
    """Put another piece in the place of one; what families ticked stays. Gives its class.

    Raises NotFoundError, NotAllowedError, InvalidError.
    """
    class_id = await _class_of(session, school_id, entry_id)
    classroom = await enter_to_write(session, school_id=school_id, class_id=class_id, reader=reader)
    checked = check(piece, classroom)
    seal = await school_key(session, keyring, school_id)
    values = {
        "kind": checked.kind,
        "subject": checked.subject,
        "day": checked.day,
        "text_sealed": seal.close(checked.text.encode(), TEXT),
        "changed_at": now,
    }
    await session.execute(update(diary_entry).where(_this(school_id, entry_id)).values(values))
    return class_id


async def take_away(session: AsyncSession, *, school_id: int, entry_id: int, reader: Reader) -> int:
    """Take a piece out of the diary, with its ticks; what is not said yet is not said. Gives its class.

    Raises NotFoundError, NotAllowedError, InvalidError.
    """
    class_id = await _class_of(session, school_id, entry_id)
    await enter_to_write(session, school_id=school_id, class_id=class_id, reader=reader)
    await take_off(session, school_id=school_id, entry_id=entry_id, day=reader.day)
    ticks = (diary_tick.c.school_id == school_id, diary_tick.c.entry_id == entry_id)
    await session.execute(delete(diary_tick).where(*ticks))
    await no_news(session, school_id=school_id, kind=NoticeKind.HOMEWORK, subject_id=entry_id)
    await session.execute(delete(diary_entry).where(_this(school_id, entry_id)))
    return class_id


def check(piece: Piece, classroom: Classroom) -> Piece:
    """Clean what was typed; refuse what nobody could read, or a day outside the class's year. Raises InvalidError."""
    subject, text = clean_line(piece.subject), clean(piece.text)
    if not subject or len(subject) > SUBJECT_MAX:
        raise InvalidError(f"Donnez la matière, en {SUBJECT_MAX} caractères au plus.", field="subject")
    if not text:
        raise InvalidError("Écrivez ce qui est à faire, ou ce qui a été fait.", field="text")
    if len(text) > TEXT_MAX:
        raise InvalidError("Le texte est trop long : 4 000 caractères au plus.", field="text")
    if not classroom.starts_on <= piece.day <= classroom.ends_on:
        raise InvalidError("Ce jour n’est pas de l’année de cette classe.", field="day")
    return Piece(piece.kind, subject, piece.day, text)


def keep_until(classroom: Classroom) -> date:
    """Say until when an entry is kept: the end of the next school year, so that it can be copied in that year.

    It is content and tells of no person: who ticked it stands elsewhere, and is not kept so long.
    """
    return classroom.ends_on + timedelta(days=366)


async def _class_of(session: AsyncSession, school_id: int, entry_id: int) -> int:
    found = await session.execute(select(diary_entry.c.class_id).where(_this(school_id, entry_id)))
    class_id = found.scalar_one_or_none()
    if class_id is None:
        raise NotFoundError("Ce n’est plus au cahier.")
    return int(class_id)


def _this(school_id: int, entry_id: int) -> ColumnElement[bool]:
    return and_(diary_entry.c.school_id == school_id, diary_entry.c.id == entry_id)
