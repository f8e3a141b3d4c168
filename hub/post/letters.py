"""The letters of a notice: who is told on paper, what waits to be printed, and what became of each."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import NotAllowedError, NotFoundError
from hub.models.notices import DeliveryState, NoticeState
from hub.notices import left_asked
from hub.notices.headlines import Headline, Reader, may_see, own_labels, read_headline
from hub.notices.left import Child
from hub.people.names import full_name
from hub.ports import NoticeKind
from hub.post import asked
from hub.post.asked import NEVER, Whom
from hub.sealing import Keyring


@dataclass(frozen=True, slots=True)
class LetterFor:
    """One adult who may be told on paper. `children`: those whom the reader may name; `by_hand`: not by the schoolbag.

    `waits`: nothing reached this adult, who wants paper; `unwritten`: has no address that words can be sent to.
    """

    delivery_id: int
    name: str
    civility: str
    language: str
    children: tuple[Child, ...]
    waits: bool
    unwritten: bool
    by_hand: bool
    knows: bool
    salt: int = field(repr=False)
    printed_at: datetime | None
    printed_by: str | None
    handed_at: datetime | None
    handed_by: str | None

    @property
    def listed(self) -> bool:
        """Whether it stands on the page of its notice unasked: it is to be printed, or it was."""
        return self.waits or self.printed_at is not None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice whose letters wait. `to_print`: adults without one yet; `lying`: printed, not handed over."""

    headline: Headline
    to_print: int
    lying: int


async def waiting(
    session: AsyncSession, keyring: Keyring, *, school_id: int, reader: Reader, now: datetime
) -> tuple[Waiting, ...]:
    """List the notices with letters to print or to hand over for this reader, the newest first, in three questions."""
    which = _which(school_id, reader, now)
    counted = {row.notice_id: row for row in await session.execute(asked.waiting(of_classes=_narrow(reader)), which)}
    if not counted:
        return ()
    labels = await own_labels(session, school_id, reader)
    rows = await session.execute(asked.titles(), {"school": school_id, "notices": list(counted)})
    found = {row.id: read_headline(row, keyring) for row in rows}
    return tuple(
        Waiting(found[number], int(row.to_print), int(row.lying))
        for number, row in counted.items()
        if number in found and _may_print(reader, labels, found[number])
    )


async def how_many_to_print(
    session: AsyncSession, keyring: Keyring, *, school_id: int, reader: Reader, now: datetime
) -> int:
    """Count the letters that nobody has printed yet and that this reader may print."""
    return sum(one.to_print for one in await waiting(session, keyring, school_id=school_id, reader=reader, now=now))


async def notice_to_print(
    session: AsyncSession, keyring: Keyring, *, school_id: int, notice_id: int, reader: Reader
) -> Headline:
    """Read the notice that letters are printed of. Raises NotFoundError, NotAllowedError.

    Whoever may read it prints it; what went to the whole school also each teacher, for the own classes.
    """
    row = (await session.execute(asked.titles(), {"school": school_id, "notices": [notice_id]})).one_or_none()
    if row is None:
        raise NotFoundError("Cet avis n’existe pas.")
    found = read_headline(row, keyring)
    if not _may_print(reader, await own_labels(session, school_id, reader), found):
        raise NotAllowedError("Cet avis n’est pas à vous : il concerne d’autres classes que les vôtres.")
    if found.slots.word or found.kind in NEVER or found.state is not NoticeState.PUBLISHED:
        raise NotFoundError("Cet avis ne s’imprime pas : il a été arrêté, ou il n’est pas fait pour le papier.")
    return found


async def letters_of(
    session: AsyncSession, *, school_id: int, notice_id: int, reader: Reader, now: datetime
) -> tuple[LetterFor, ...]:
    """List all adults of a notice who may be told on paper, by name; a teacher: those of pupils of the own classes."""
    which = {**_which(school_id, reader, now), "notice": notice_id}
    narrow = _narrow(reader)
    rows = (await session.execute(asked.letters(of_classes=narrow), which)).all()
    if not rows:
        return ()
    young = await _children(session, {**which, "ids": [row.id for row in rows]}, of_classes=narrow)
    return tuple(_letter(row, tuple(young[row.id])) for row in rows if young[row.id])


def chosen(letters: Sequence[LetterFor], whom: Whom) -> tuple[LetterFor, ...]:
    """Give those who get a letter by a choice; who has answered gets none, by whatever way the answer came."""
    match whom:
        case Whom.WAITING:
            wanted = [one for one in letters if one.waits]
        case Whom.UNWRITTEN:
            wanted = [one for one in letters if one.unwritten or one.waits]
        case Whom.ALL:
            wanted = list(letters)
    return tuple(one for one in wanted if not one.knows)


def _letter(row: Any, children: tuple[Child, ...]) -> LetterFor:  # noqa: ANN401 (a row)
    return LetterFor(
        delivery_id=row.id,
        name=full_name(row.first_name, row.usage_name, row.family_name),
        civility=row.civility,
        language=row.language,
        children=children,
        waits=bool(row.waits),
        unwritten=bool(row.unwritten),
        by_hand=bool(row.by_hand),
        knows=row.state == DeliveryState.ACKNOWLEDGED,
        salt=row.salt or 0,
        printed_at=row.printed_at,
        printed_by=row.printed_by,
        handed_at=row.handed_at,
        handed_by=row.handed_by,
    )


async def _children(session: AsyncSession, which: Mapping[str, object], *, of_classes: bool) -> dict[int, list[Child]]:
    found: dict[int, dict[int, Child]] = defaultdict(dict)
    for row in await session.execute(left_asked.children(of_classes=of_classes), which):
        found[row.delivery_id].setdefault(row.id, Child(row.id, row.first_name, row.label or ""))
    return defaultdict(list, {number: list(each.values()) for number, each in found.items()})


def _may_print(reader: Reader, own: frozenset[str], seen: Headline) -> bool:
    return may_see(reader, own, seen) or (seen.audience == "school" and seen.kind is not NoticeKind.CRISIS)


def _narrow(reader: Reader) -> bool:
    return not reader.rights.whole_school


def _which(school_id: int, reader: Reader, now: datetime) -> dict[str, object]:
    return {"school": school_id, "day": reader.day, "now": now, "classes": list(reader.rights.classes)}
