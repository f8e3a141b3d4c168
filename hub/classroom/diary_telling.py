"""Telling families of homework, in the press that notes it or later: each adult hears of it as he or she wishes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.classroom.classes import enter_to_write
from hub.classroom.diary import Entry, read_entries
from hub.classroom.diary_asked import entries_not_told
from hub.errors import InvalidError
from hub.models.classroom import EntryKind
from hub.models.school import School
from hub.notices.audience import Audience, members
from hub.notices.headlines import Reader
from hub.notices.publish import Draft
from hub.notices.wishes import Wished, as_wished, tell_as_wished
from hub.ports import NoticeKind, Slots
from hub.sealing import Keyring
from hub.tables import diary_entry, digest_item
from i18n.checks import TEXT_MAX
from i18n.slots import LINE_MAX
from i18n.tongues import tongue


@dataclass(frozen=True, slots=True)
class Telling:
    """A press that tells a class's families of some pieces. `key` names it: the same key again tells nobody twice."""

    class_id: int
    entries: tuple[int, ...]
    key: str


async def would_hear(session: AsyncSession, *, school_id: int, class_id: int, day: date) -> Wished:
    """Say how the families of a class would hear of homework. Changes nothing."""
    who = _families(school_id, class_id, day)
    return await as_wished(session, school_id=school_id, kind=NoticeKind.HOMEWORK, who=who)


async def not_told(session: AsyncSession, *, school_id: int, class_id: int, reader: Reader) -> tuple[int, ...]:
    """List what this reader set today for a class without telling anybody."""
    which = {"school": school_id, "class": class_id, "author": reader.staff_id, "day": reader.day}
    return tuple(await session.scalars(entries_not_told(), which))


async def tell_families(
    session: AsyncSession, keyring: Keyring, telling: Telling, *, school: School, reader: Reader, now: datetime
) -> Wished:
    """Tell a class's families of pieces that are still due, in one notice whatever their number.

    Who was told before is told again: a change is news. Raises NotFoundError, NotAllowedError, InvalidError.
    """
    classroom = await enter_to_write(session, school_id=school.key, class_id=telling.class_id, reader=reader)
    found = await read_entries(session, keyring, school_id=school.key, entries=telling.entries, today=reader.day)
    due = [
        entry
        for entry in found
        if entry.class_id == telling.class_id and entry.kind is EntryKind.DUE and entry.day >= reader.day
    ]
    if not due:
        raise InvalidError("Il n’y a rien à annoncer : ce n’est plus à faire.")
    subjects = [entry.entry_id for entry in due]
    await _forget_what_was_said(session, school.key, subjects)
    draft = Draft(kind=NoticeKind.HOMEWORK, audience=f"class:{classroom.label}", slots=_slots(due), key=telling.key)
    wished = await tell_as_wished(
        session,
        keyring,
        school=school,
        author_id=reader.staff_id,
        draft=draft,
        who=_families(school.key, telling.class_id, reader.day),
        subjects=subjects,
        now=now,
    )
    if wished.notice_id is not None:
        told = update(diary_entry).where(diary_entry.c.school_id == school.key, diary_entry.c.id.in_(subjects))
        await session.execute(told.values(notice_id=wished.notice_id))
    return wished


def _families(school_id: int, class_id: int, day: date) -> Select[Any]:
    return members(school_id, Audience(classes=frozenset({class_id})), day)


async def _forget_what_was_said(session: AsyncSession, school_id: int, entries: Collection[int]) -> None:
    """Let these pieces stand in an evening's digest again; one that waits for it waits on."""
    said = (
        digest_item.c.school_id == school_id,
        digest_item.c.kind == NoticeKind.HOMEWORK,
        digest_item.c.subject_id.in_(entries),
        digest_item.c.notice_id.is_not(None),
    )
    await session.execute(delete(digest_item).where(*said))


def _slots(due: Sequence[Entry]) -> Slots:
    """Say it in one notice: the words of one piece, or a line for each of several."""
    day = min(entry.day for entry in due)
    if len(due) == 1:
        return Slots(subject=due[0].subject, text=due[0].text, day=day)
    subjects, lines = ", ".join(dict.fromkeys(entry.subject for entry in due)), [_line(entry, day) for entry in due]
    return Slots(subject=_cut(subjects, LINE_MAX), text=_cut("\n".join(lines), TEXT_MAX), day=day)


def _line(entry: Entry, first: date) -> str:
    when = "" if entry.day == first else f" (pour {tongue('fr').day(entry.day)})"
    return f"{entry.subject}{when} : {entry.text}"


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"
