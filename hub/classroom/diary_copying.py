"""Taking up last year's diary: a week of an earlier class, on the same weekdays; never who learnt it."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.classroom.classes import Classroom, enter_to_write
from hub.classroom.diary import TEXT, WEEK, Entry, monday_of, opened
from hub.classroom.diary_asked import earlier_classes, entries_of_class, names_in_class
from hub.classroom.diary_files import files_of, keep_longer
from hub.classroom.diary_writing import KEY_MAX, keep_until
from hub.errors import InvalidError, NotFoundError
from hub.models.classroom import EntryKind
from hub.notices.headlines import Reader
from hub.papers.files import FileCard
from hub.people.names import name_key
from hub.people.schools import school_key
from hub.sealing import Keyring
from hub.tables import diary_entry, diary_file, insert_into

A_YEAR_OF_WEEKS = timedelta(weeks=52)
SHORTEST_NAME = 3
"""Letters of a name's part; « de » or « le » would mark every sentence."""
_WORD = re.compile(r"\w+(?:['’-]\w+)*")


@dataclass(frozen=True, slots=True)
class Earlier:
    """A class of an earlier year whose diary still stands."""

    class_id: int
    label: str
    year: str


@dataclass(frozen=True, slots=True)
class Found:
    """An entry of then. `pieces`: its words, each with whether it is a name of that class; `named`: some are."""

    entry: Entry
    pieces: tuple[tuple[str, bool], ...]
    files: tuple[FileCard, ...]

    @property
    def named(self) -> bool:
        """Whether it may tell of a child."""
        return any(is_name for _, is_name in self.pieces)


@dataclass(frozen=True, slots=True)
class Copying:
    """What somebody chose: entries of an earlier class, with those of their files that were ticked by hand.

    `monday`: of the week that they go into. `key` names the press: the same key again copies nothing.
    """

    from_class: int
    entries: frozenset[int]
    files: frozenset[int]
    monday: date
    key: str


async def classes_before(session: AsyncSession, *, school_id: int, classroom: Classroom) -> tuple[Earlier, ...]:
    """List the classes of earlier years, those of the same level first, then by name."""
    rows = (await session.execute(earlier_classes(), {"school": school_id, "day": classroom.starts_on})).all()

    def far(level: str, label: str) -> tuple[bool, bool]:
        return not (level and level == classroom.level), _stem(label) != _stem(classroom.label)

    near = sorted(rows, key=lambda row: far(row.level, row.label))
    return tuple(Earlier(row.id, row.label, row.year) for row in near)


async def week_before(
    session: AsyncSession, keyring: Keyring, *, school_id: int, classroom: Classroom, from_class: int, monday: date
) -> tuple[Found, ...]:
    """Read a week of an earlier class, with the names that stand in it. Raises NotFoundError.

    Whoever may write in a class of today may look there: it is what the school taught. Names of children who were
    forgotten since are known no more, and are not marked.
    """
    await _require_earlier(session, school_id, classroom, from_class)
    which = {"school": school_id, "class": from_class}
    days = {"first": monday, "last": monday + WEEK, "day": monday}
    rows = (await session.execute(entries_of_class(), which | days)).all()
    entries = await opened(session, keyring, school_id, rows)
    files = await files_of(session, keyring, school_id=school_id, entries=[entry.entry_id for entry in entries])
    people = (await session.execute(names_in_class(), which)).all()
    names = _names(part for row in people for part in row)
    return tuple(Found(entry, marked(entry.text, names), files.get(entry.entry_id, ())) for entry in entries)


async def copy_over(
    session: AsyncSession,
    keyring: Keyring,
    copying: Copying,
    *,
    school_id: int,
    class_id: int,
    reader: Reader,
    now: datetime,
) -> int:
    """Copy chosen entries onto the same weekdays of a week; gives how many are new.

    Words and subjects go over, and the files that were ticked by hand; nothing of pupils, and no tick. Raises
    NotFoundError, NotAllowedError, InvalidError.
    """
    classroom = await enter_to_write(session, school_id=school_id, class_id=class_id, reader=reader)
    await _require_earlier(session, school_id, classroom, copying.from_class)
    chosen = await _chosen(session, keyring, school_id, copying)
    if not 0 < len(copying.key) <= KEY_MAX - 20:
        raise InvalidError("Cette page est trop ancienne : ouvrez-la de nouveau.")
    seal = await school_key(session, keyring, school_id)
    until = keep_until(classroom)
    rows = [
        {
            "school_id": school_id,
            "class_id": class_id,
            "author_id": reader.staff_id,
            "key_name": f"{copying.key}:{entry.entry_id}",
            "kind": entry.kind,
            "subject": entry.subject,
            "day": day,
            "given_on": reader.day if entry.kind is EntryKind.DUE else None,
            "text_sealed": seal.close(entry.text.encode(), TEXT),
            "made_at": now,
            "changed_at": now,
            "keep_until": until,
        }
        for entry, day in _moved(chosen, classroom, copying.monday)
    ]
    made = insert_into(diary_entry, session).values(rows).on_conflict_do_nothing()
    new = (await session.execute(made.returning(diary_entry.c.id, diary_entry.c.key_name))).all()
    copies = {int(row.key_name.rpartition(":")[2]): int(row.id) for row in new}
    await _hang_files(session, keyring, school_id, copying.files, copies, until)
    return len(copies)


def marked(text: str, names: Collection[str]) -> tuple[tuple[str, bool], ...]:
    """Cut a text into pieces, each with whether it is one of these names (as `name_key` gives their parts)."""
    pieces: list[tuple[str, bool]] = []
    at = 0
    for word in _WORD.finditer(text):
        if any(part in names for part in name_key(word[0]).split()):
            pieces += [(text[at : word.start()], False), (word[0], True)]
            at = word.end()
    return tuple(piece for piece in (*pieces, (text[at:], False)) if piece[0])


async def _require_earlier(session: AsyncSession, school_id: int, classroom: Classroom, class_id: int) -> None:
    before = await classes_before(session, school_id=school_id, classroom=classroom)
    if class_id not in {one.class_id for one in before}:
        raise NotFoundError("Cette classe n’est pas d’une année passée.")


async def _chosen(session: AsyncSession, keyring: Keyring, school_id: int, copying: Copying) -> Sequence[Entry]:
    """Read what was chosen, of that class alone. Raises InvalidError when it is nothing, or of several weeks."""
    everything = {"first": date.min, "last": date.max, "day": copying.monday}
    rows = await session.execute(
        entries_of_class().where(diary_entry.c.id.in_(copying.entries)),
        {"school": school_id, "class": copying.from_class} | everything,
    )
    chosen = await opened(session, keyring, school_id, rows.all())
    if not chosen:
        raise InvalidError("Cochez ce qui est à reprendre.", field="entries")
    if len({monday_of(entry.day) for entry in chosen}) > 1:
        raise InvalidError("Reprenez une semaine à la fois.", field="entries")
    return chosen


def _moved(chosen: Iterable[Entry], classroom: Classroom, monday: date) -> list[tuple[Entry, date]]:
    """Give each entry its day in the new week. Raises InvalidError where the class's year has no such day."""
    moved = [(entry, monday_of(monday) + timedelta(days=entry.day.weekday())) for entry in chosen]
    if not all(classroom.starts_on <= day <= classroom.ends_on for _, day in moved):
        raise InvalidError("Cette semaine n’est pas de l’année de cette classe.", field="entries")
    return moved


async def _hang_files(
    session: AsyncSession,
    keyring: Keyring,
    school_id: int,
    wanted: Collection[int],
    copies: Mapping[int, int],
    until: date,
) -> None:
    """Hang the files that were ticked on the copies of what they hung on."""
    if not wanted or not copies:
        return
    hanging = await files_of(session, keyring, school_id=school_id, entries=copies)
    rows = [
        {"school_id": school_id, "entry_id": copies[old], "file_id": file.file_id, "position": position}
        for old, files in hanging.items()
        for position, file in enumerate(files, start=1)
        if file.file_id in wanted
    ]
    if rows:
        await session.execute(insert(diary_file), rows)
        await keep_longer(session, school_id=school_id, files={row["file_id"] for row in rows}, until=until)


def _names(names: Iterable[str]) -> frozenset[str]:
    """Give the parts of names that mark a sentence."""
    parts = (part for name in names for part in name_key(name).split())
    return frozenset(part for part in parts if len(part) >= SHORTEST_NAME)


def _stem(label: str) -> str:
    return label.strip().upper().partition(" ")[0]
