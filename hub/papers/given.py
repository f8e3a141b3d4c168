"""Documents as a family sees them: those for its children today, and what this adult has signed; never another's."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.notices import Needs
from hub.papers import asked, signers
from hub.papers.files import FileCard
from hub.papers.shown import files_of
from hub.papers.words import text_of, title_of
from hub.people.kin import Child
from hub.people.schools import school_key
from hub.sealing import Keyring

SHOWN = 60
"""Documents that a family finds on its page, the newest first."""


@dataclass(frozen=True, slots=True)
class Beside:
    """An adult of this visit beside one of the children. `decides`: may sign; `signed_at`: has."""

    guardian_id: int
    name: str
    pupil_id: int
    first_name: str
    decides: bool
    signed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GivenPaper:
    """A document for some children of this visit."""

    document_id: int
    title: str
    text: str
    needs: Needs
    due_on: date | None
    published_at: datetime
    beside: tuple[Beside, ...]
    files: tuple[FileCard, ...] = ()

    def __repr__(self) -> str:
        return f"GivenPaper({self.document_id})"

    @property
    def children(self) -> Mapping[int, str]:
        """The children whom it is for: id and first name."""
        return {one.pupil_id: one.first_name for one in self.beside}

    @property
    def to_sign(self) -> tuple[Beside, ...]:
        """For whom an adult of this visit may sign and has not."""
        if self.needs is Needs.NONE:
            return ()
        return tuple(one for one in self.beside if one.decides and one.signed_at is None)

    @property
    def signed(self) -> tuple[Beside, ...]:
        """For whom an adult of this visit has signed."""
        return tuple(one for one in self.beside if one.signed_at is not None)


async def given_papers(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    children: Sequence[Child],
    day: date,
    only: int | None = None,
    most: int = SHOWN,
) -> tuple[GivenPaper, ...]:
    """List the documents for these children, as `children_of` gave them, the newest first. `only`: one of them."""
    if not children:
        return ()
    which = {
        "school": school_id,
        "classes": sorted({one.class_id for one in children}),
        "pupils": sorted({one.pupil_id for one in children}),
        "limit": most,
    }
    rows = (await session.execute(asked.for_children(one=only is not None), {**which, "document": only})).all()
    if not rows:
        return ()
    guardians = sorted({one.guardian_id for one in children})
    adults = await read_adults(session, school_id=school_id, guardians=guardians, day=day)
    documents = list(dict.fromkeys(row.id for row in rows))
    signed = await adults.signed(session, documents)
    files = await files_of(session, keyring, school_id=school_id, documents=documents)
    seal = await school_key(session, keyring, school_id)
    wanted: dict[int, list[Any]] = {}
    for row in rows:
        wanted.setdefault(row.id, []).append(row)
    return tuple(
        GivenPaper(
            document_id=document_id,
            title=title_of(those[0], seal),
            text=text_of(those[0], seal),
            needs=Needs(those[0].needs),
            due_on=those[0].due_on,
            published_at=those[0].published_at,
            beside=adults.beside(document_id, [child for child in children if _is_for(child, those)], signed),
            files=files.get(document_id, ()),
        )
        for document_id, those in wanted.items()
    )


@dataclass(frozen=True, slots=True)
class Adults:
    """The adults of a visit: what they are called and for whom they sign."""

    school_id: int
    names: Mapping[int, str]
    decide: frozenset[tuple[int, int]]

    async def signed(self, session: AsyncSession, documents: Sequence[int]) -> Mapping[tuple[int, int, int], datetime]:
        """Give when they signed, by (document, adult, child)."""
        which = {"school": self.school_id, "guardians": list(self.names), "documents": list(documents)}
        rows = await session.execute(signers.own_signatures(), which)
        return {(row.document_id, row.guardian_id, row.pupil_id): row.at for row in rows}

    def beside(
        self, document_id: int, children: Collection[Child], signed: Mapping[tuple[int, int, int], datetime]
    ) -> tuple[Beside, ...]:
        """Say for whom each of them may sign a document, and has."""
        pairs = {(child.guardian_id, child.pupil_id): child.first_name for child in children}
        return tuple(
            Beside(
                guardian_id=guardian_id,
                name=self.names.get(guardian_id, ""),
                pupil_id=pupil_id,
                first_name=first_name,
                decides=(guardian_id, pupil_id) in self.decide,
                signed_at=signed.get((document_id, guardian_id, pupil_id)),
            )
            for (guardian_id, pupil_id), first_name in pairs.items()
        )


async def read_adults(session: AsyncSession, *, school_id: int, guardians: Sequence[int], day: date) -> Adults:
    """Read what these adults are called, and for whom they may sign today."""
    which = {"school": school_id, "guardians": list(guardians), "day": day}
    named = await session.execute(signers.names_of(), which)
    names = {row.id: row.family_name if row.service else row.first_name or row.family_name for row in named}
    decide = frozenset((row.guardian_id, row.pupil_id) for row in await session.execute(signers.deciding(), which))
    return Adults(school_id, names, decide)


def _is_for(child: Child, rows: Sequence[Any]) -> bool:
    return any(
        (row.class_id is None and row.for_pupil is None)
        or row.class_id == child.class_id
        or row.for_pupil == child.pupil_id
        for row in rows
    )


async def documents_of_notice(session: AsyncSession, *, school_id: int, notice_id: int) -> tuple[int, ...]:
    """Give the documents that a notice tells of, or tells of once more."""
    rows = await session.scalars(asked.of_notice(), {"school": school_id, "notice": notice_id})
    return tuple(rows)
