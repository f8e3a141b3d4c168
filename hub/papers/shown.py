"""Documents as staff see them: what was given to whom, who signed and who has not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import NotFoundError
from hub.models.notices import Needs
from hub.notices.headlines import Reader
from hub.papers import asked, signers
from hub.papers.files import FileCard, cards
from hub.papers.words import text_of, title_of
from hub.people.schools import school_key
from hub.sealing import Keyring, Seal

LISTED = 60
"""Documents on a page of the list: those of a year, of a school that gives one or two a week."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A document at a glance. `needed` and `signed`: of signatures; children where one is enough, else adults.

    `for_whom`: names of classes and pupils; empty: the whole school.
    """

    document_id: int
    author_id: int
    author: str
    notice_id: int | None
    title: str
    text: str
    needs: Needs
    due_on: date | None
    published_at: datetime
    withdrawn_at: datetime | None
    reminds: bool = True
    for_whom: tuple[str, ...] = ()
    needed: int = 0
    signed: int = 0

    def __repr__(self) -> str:
        return f"Paper({self.document_id})"

    @property
    def missing(self) -> int:
        """Signatures that are still to come."""
        return self.needed - self.signed


@dataclass(frozen=True, slots=True)
class Signer:
    """An adult beside a child, and when and how he or she signed (`through`: page, link, paper), if at all."""

    guardian_id: int
    name: str
    at: datetime | None = None
    through: str = ""
    typed_by: str | None = None


@dataclass(frozen=True, slots=True)
class SignedFor:
    """A child whom a document is for, with those who sign for it."""

    pupil_id: int
    name: str
    class_label: str
    signers: tuple[Signer, ...]

    def done(self, needs: Needs) -> bool:
        """Whether nothing is missing for this child."""
        kept = [one.at is not None for one in self.signers]
        return all(kept) if needs is Needs.BOTH else any(kept)


@dataclass(frozen=True, slots=True)
class Whole:
    """A document with its files and all signatures that this reader may see."""

    paper: Paper
    files: tuple[FileCard, ...]
    children: tuple[SignedFor, ...] = field(default=())


async def papers(
    session: AsyncSession, keyring: Keyring, *, school_id: int, reader: Reader, page: int = 1
) -> tuple[tuple[Paper, ...], bool]:
    """List the documents that concern this reader's classes, or all, the newest first, and whether there are older.

    `page`: from 1, each of LISTED.
    """
    which = {"school": school_id, **_mine(reader), "limit": LISTED + 1, "offset": LISTED * (page - 1)}
    rows = (await session.execute(asked.listed(of_classes=not reader.rights.whole_school), which)).all()
    return await _papers(session, keyring, rows[:LISTED], school_id, reader), len(rows) > LISTED


async def paper(session: AsyncSession, keyring: Keyring, *, school_id: int, document_id: int, reader: Reader) -> Whole:
    """Show a document. Raises NotFoundError, also for one that concerns none of this reader's classes."""
    which = {"school": school_id, **_mine(reader), "document": document_id}
    own = not reader.rights.whole_school
    rows = (await session.execute(asked.one_document(of_classes=own), which)).all()
    if not rows:
        raise NotFoundError("Ce document n’existe pas.")
    (one,) = await _papers(session, keyring, rows, school_id, reader)
    hung = await files_of(session, keyring, school_id=school_id, documents=[document_id])
    children = await _children(session, which, own=own) if one.needs is not Needs.NONE else ()
    return Whole(one, hung.get(document_id, ()), children)


async def files_of(
    session: AsyncSession, keyring: Keyring, *, school_id: int, documents: Sequence[int]
) -> Mapping[int, tuple[FileCard, ...]]:
    """Give the files of documents, in order."""
    if not documents:
        return {}
    rows = (await session.execute(asked.hanging(), {"school": school_id, "documents": list(documents)})).all()
    known = await cards(session, keyring, school_id=school_id, files=[file_id for _, file_id in rows])
    return {
        document_id: tuple(known[file_id] for file_id in hung if file_id in known)
        for document_id, hung in asked.grouped(rows).items()
    }


def _mine(reader: Reader) -> dict[str, Any]:
    return {"day": reader.day, "classes": list(reader.rights.classes)}


async def _papers(
    session: AsyncSession, keyring: Keyring, rows: Sequence[Any], school_id: int, reader: Reader
) -> tuple[Paper, ...]:
    if not rows:
        return ()
    seal = await school_key(session, keyring, school_id)
    which = {"school": school_id, **_mine(reader), "documents": [row.id for row in rows]}
    counted = await session.execute(signers.tallies(of_classes=not reader.rights.whole_school), which)
    tallies = {row.id: (int(row.needed), int(row.signed)) for row in counted}
    named: dict[int, list[str]] = {}
    for row in await session.execute(asked.targets(), {"school": school_id, "documents": which["documents"]}):
        if row.class_id is not None:
            named.setdefault(row.document_id, []).append(row.label)
        elif row.pupil_id is not None:
            named.setdefault(row.document_id, []).append(f"{row.first_name} {row.usage_name or row.family_name}")
    return tuple(_paper(row, seal, tuple(named.get(row.id, ())), tallies.get(row.id, (0, 0))) for row in rows)


def _paper(row: Any, seal: Seal, for_whom: tuple[str, ...], tally: tuple[int, int]) -> Paper:  # noqa: ANN401 (a row)
    return Paper(
        document_id=row.id,
        author_id=row.author_id,
        author=row.author,
        notice_id=row.notice_id,
        title=title_of(row, seal),
        text=text_of(row, seal),
        needs=Needs(row.needs),
        due_on=row.due_on,
        published_at=row.published_at,
        withdrawn_at=row.withdrawn_at,
        reminds=row.reminds,
        for_whom=for_whom,
        needed=tally[0],
        signed=tally[1],
    )


async def _children(session: AsyncSession, which: Mapping[str, Any], *, own: bool) -> tuple[SignedFor, ...]:
    """Give the children with all who sign for them today, and those who signed while they could."""
    kept = {
        (row.pupil_id, row.guardian_id): Signer(
            row.guardian_id, f"{row.adult_first} {row.adult_family}".strip(), row.at, row.through, row.typed_by
        )
        for row in await session.execute(signers.signatures(), which)
    }
    beside: dict[int, dict[int, Signer]] = {}
    children: dict[int, tuple[str, str]] = {}
    for row in await session.execute(signers.standing(of_classes=own), which):
        children.setdefault(row.pupil_id, (f"{row.first_name} {row.family_name}", row.class_label))
        name = f"{row.adult_first} {row.adult_family}".strip()
        beside.setdefault(row.pupil_id, {}).setdefault(row.guardian_id, Signer(row.guardian_id, name))
    for (pupil_id, guardian_id), signed in kept.items():
        if pupil_id in beside:
            beside[pupil_id][guardian_id] = signed
    return tuple(
        SignedFor(pupil_id, name, label, tuple(beside[pupil_id].values()))
        for pupil_id, (name, label) in children.items()
    )
