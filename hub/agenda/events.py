"""What the staff notes on the calendar: an event, a trip, a day without class; noted, changed, cancelled, told."""

from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.agenda.checking import EventDraft, check, moments
from hub.errors import NotAllowedError, NotFoundError
from hub.models.agenda import EventKind
from hub.models.school import School
from hub.notices.headlines import Reader
from hub.people.rights import Rights
from hub.people.schools import school_key
from hub.routing import KEEP
from hub.sealing import Keyring, Seal
from hub.tables import class_group, event, insert_into, school_year

WORDS = ("title", "text", "place")
"""The words of an event, each sealed as event.NAME."""
_COMPARED = ("kind", "starts_on", "ends_on", "starts_at", "ends_at")


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of a press: `changed` is False when it was pressed before, or nothing is other than it was.

    `for_all`: it is for the whole school.
    """

    event_id: int
    changed: bool
    notice_id: int | None
    for_all: bool


def may_write(rights: Rights, class_id: int | None, kind: EventKind) -> bool:
    """Whether somebody may note this here: the director and the office all, a teacher what is of his or her classes.

    Whether there is class is not a teacher's to say.
    """
    if rights.whole_school:
        return True
    return class_id in rights.classes and kind not in (EventKind.CLOSED, EventKind.OPEN)


async def note(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    reader: Reader,
    draft: EventDraft,
    key: str,
    now: datetime,
) -> Kept:
    """Note something; `key` names the press: the same key again changes nothing.

    Raises InvalidError, NotAllowedError, NotFoundError.
    """
    check(draft, reader.day)
    _require(reader, draft.class_id, draft.kind)
    await _check_class(session, school.key, draft.class_id, reader.day)
    uid = blake2b(f"event:{school.key}:{reader.staff_id}:{key}".encode(), digest_size=16).hexdigest()
    seal = await school_key(session, keyring, school.key)
    row = {
        **_row(draft, seal, school.timezone),
        "school_id": school.key,
        "class_id": draft.class_id,
        "author_id": reader.staff_id,
        "uid": uid,
        "sequence": 0,
        "made_at": now,
        "changed_at": now,
        "keep_until": _keep_until(draft, now),
    }
    made = insert_into(event, session).values(row).on_conflict_do_nothing().returning(event.c.id)
    event_id = (await session.execute(made)).scalar_one_or_none()
    if event_id is not None:
        return Kept(int(event_id), changed=True, notice_id=None, for_all=draft.class_id is None)
    mine = and_(event.c.school_id == school.key, event.c.uid == uid)
    before = (await session.execute(select(event.c.id, event.c.notice_id).where(mine))).one()
    return Kept(before.id, changed=False, notice_id=before.notice_id, for_all=draft.class_id is None)


async def change(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school: School,
    reader: Reader,
    event_id: int,
    draft: EventDraft,
    now: datetime,
) -> Kept:
    """Say anew what was noted; its class stays. A calendar that has it moves it, for it is counted up.

    Raises InvalidError, NotAllowedError, NotFoundError.
    """
    check(draft, reader.day)
    row = await _standing(session, school.key, event_id)
    _require(reader, row.class_id, EventKind(row.kind))
    _require(reader, row.class_id, draft.kind)
    seal = await school_key(session, keyring, school.key)
    wanted = _row(draft, seal, school.timezone)
    same = opened(row, seal) == (draft.title, draft.text, draft.place)
    if same and all(getattr(row, name) == wanted[name] for name in _COMPARED):
        return Kept(event_id, changed=False, notice_id=row.notice_id, for_all=row.class_id is None)
    values = {**wanted, "sequence": event.c.sequence + 1, "changed_at": now, "keep_until": _keep_until(draft, now)}
    await session.execute(update(event).where(_here(school.key, event_id)).values(values))
    return Kept(event_id, changed=True, notice_id=row.notice_id, for_all=row.class_id is None)


async def cancel(session: AsyncSession, *, school_id: int, reader: Reader, event_id: int, now: datetime) -> Kept:
    """Take something off the calendar; the row stays, so that families' calendars take it off too.

    Raises NotAllowedError, NotFoundError.
    """
    row = await _standing(session, school_id, event_id, cancelled=True)
    _require(reader, row.class_id, EventKind(row.kind))
    if row.cancelled_at is not None:
        return Kept(event_id, changed=False, notice_id=row.notice_id, for_all=row.class_id is None)
    values = {"cancelled_at": now, "changed_at": now, "sequence": event.c.sequence + 1}
    await session.execute(update(event).where(_here(school_id, event_id)).values(values))
    return Kept(event_id, changed=True, notice_id=row.notice_id, for_all=row.class_id is None)


async def tied(session: AsyncSession, *, school_id: int, event_id: int, notice_id: int) -> None:
    """Write down by which notice families were told."""
    await session.execute(update(event).where(_here(school_id, event_id)).values(notice_id=notice_id))


def opened(row: Any, seal: Seal) -> tuple[str, str, str]:  # noqa: ANN401 (a row)
    """Read title, text and place of an event."""
    title, text, place = (_open(getattr(row, f"{name}_sealed"), name, seal) for name in WORDS)
    return title, text, place


def _open(sealed: bytes | None, name: str, seal: Seal) -> str:
    return seal.open(sealed, f"event.{name}".encode()).decode() if sealed else ""


def _row(draft: EventDraft, seal: Seal, timezone: str) -> dict[str, Any]:
    starts_at, ends_at = moments(draft, timezone)
    sealed = {
        f"{name}_sealed": seal.close(words.encode(), f"event.{name}".encode()) if words else None
        for name, words in zip(WORDS, (draft.title, draft.text, draft.place), strict=True)
    }
    return {
        "kind": draft.kind,
        "starts_on": draft.first,
        "ends_on": draft.last,
        "starts_at": starts_at,
        "ends_at": ends_at,
        **sealed,
    }


def _keep_until(draft: EventDraft, now: datetime) -> date:
    return max(draft.last, now.date()) + KEEP


def _here(school_id: int, event_id: int) -> Any:  # noqa: ANN401 (a condition)
    return and_(event.c.school_id == school_id, event.c.id == event_id)


async def _standing(session: AsyncSession, school_id: int, event_id: int, *, cancelled: bool = False) -> Any:  # noqa: ANN401 (a row)
    """Read an event; a colleague who changes it at once waits for us. Raises NotFoundError."""
    row = (await session.execute(select(event).where(_here(school_id, event_id)).with_for_update())).one_or_none()
    if row is None or (row.cancelled_at is not None and not cancelled):
        raise NotFoundError("Cet événement n’est plus à l’agenda.")
    return row


def _require(reader: Reader, class_id: int | None, kind: EventKind) -> None:
    if may_write(reader.rights, class_id, kind):
        return
    if kind in (EventKind.CLOSED, EventKind.OPEN):
        raise NotAllowedError("La direction et le secrétariat disent quand il y a classe.")
    raise NotAllowedError("Vous ne pouvez noter à l’agenda que pour les classes qui sont les vôtres aujourd’hui.")


async def _check_class(session: AsyncSession, school_id: int, class_id: int | None, day: date) -> None:
    """Refuse a class that is not of this school, or of a year that is over. Raises NotFoundError."""
    if class_id is None:
        return
    known = (
        select(class_group.c.id)
        .join(
            school_year,
            and_(school_year.c.school_id == class_group.c.school_id, school_year.c.id == class_group.c.year_id),
        )
        .where(class_group.c.school_id == school_id, class_group.c.id == class_id, school_year.c.ends_on >= day)
    )
    if (await session.execute(known)).scalar_one_or_none() is None:
        raise NotFoundError("Cette classe n’existe pas cette année.")
