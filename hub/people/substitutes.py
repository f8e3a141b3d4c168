"""Somebody stands in for a teacher: a code on paper opens these classes until a day, and nothing else.

A substitute is a member of staff without mailbox and password. The right ends on its day by itself; the code and the
sessions that it opened can be ended at once.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.database import Database
from hub.errors import InvalidError, NotFoundError
from hub.models.school import Role
from hub.people.links import holds_on
from hub.people.names import read_words
from hub.people.noting import note
from hub.people.sign_in import RefusedError, open_session
from hub.people.tries import counted, forget, network
from hub.people.written_codes import as_typed, grouped, written_code
from hub.routing import class_order, day_at_school
from hub.sealing import Keyring
from hub.tables import class_group, paper_code, school, school_year, staff, staff_right, staff_session

SIGNS = 16
"""80 bits of chance, in groups of four."""
LONGEST = timedelta(days=100)
"""A code on paper is for a replacement; who stays longer gets a mailbox and a password."""


@dataclass(frozen=True, slots=True)
class Substitute:
    """Who stands in: for which classes, until the end of which day, let in by whom. `over`: it has ended."""

    code_id: int
    name: str
    classes: tuple[str, ...]
    from_on: date
    until: date
    made_by: str
    over: bool

    def __repr__(self) -> str:
        return f"Substitute({self.code_id})"


async def let_in(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    by: int,
    name: str,
    classes: Collection[int],
    until: date | None,
    today: date,
    now: datetime,
) -> tuple[Substitute, str]:
    """Let somebody in by a code on paper; gives what the sheet says, and the code in clear, this once.

    Only for director and office, which the caller asks. Raises InvalidError beside the field at fault.
    """
    read = read_words(name, what="le nom")
    if not read:
        raise InvalidError("Donnez le nom de la personne qui remplace.", field="name")
    if until is None or until < today:
        raise InvalidError("Donnez le dernier jour du remplacement, aujourd’hui ou plus tard.", field="until")
    if until > today + LONGEST:
        raise InvalidError(
            "Un code de papier dure cent jours au plus : au-delà, ouvrez un compte à cette personne.", field="until"
        )
    labels = await _labels(session, school_id, classes, today)
    if not classes or len(labels) < len(set(classes)):
        raise InvalidError("Choisissez au moins une classe de cette année.", field="classes")
    staff_id = await _person(session, school_id, read)
    right = {"school_id": school_id, "staff_id": staff_id, "role": Role.TEACHER, "from_on": today, "to_on": until}
    await session.execute(insert(staff_right), [{**right, "class_id": class_id} for class_id in sorted(labels)])
    code = written_code(SIGNS)
    made = {"staff_id": staff_id, "made_by": by, "code_hash": _hash(keyring, code), "made_at": now, "ends_on": until}
    added = await session.execute(insert(paper_code).values(school_id=school_id, **made).returning(paper_code.c.id))
    await note(session, school_id, by, "substitute_in", ("staff", staff_id), now)
    ordered = tuple(sorted(labels.values(), key=class_order))
    return Substitute(added.scalar_one(), read, ordered, today, until, "", over=False), grouped(code, 4)


async def enter_by_paper(database: Database, keyring: Keyring, *, code: str, where: str) -> str:
    """Open a session for who holds a code on paper, and give its token; guesses are counted like passwords.

    `where` is the visitor's network address. Raises RefusedError, TooManyTriesError.
    """
    hashed = _hash(keyring, as_typed(code))
    tries = await counted(database, hashed, keyring.lookup("from", network(where)))
    async with database.engine_reading() as connection:
        now = await database.now(connection)
        wanted = (
            select(paper_code.c.school_id, paper_code.c.staff_id, paper_code.c.ends_on, school.c.timezone)
            .join(school, school.c.id == paper_code.c.school_id)
            .where(paper_code.c.code_hash == hashed, paper_code.c.ended_at.is_(None))
        )
        row = (await connection.execute(wanted)).one_or_none()
    if row is None or row.ends_on < day_at_school(now, row.timezone):
        raise RefusedError("Ce code n’ouvre rien, ou n’ouvre plus : demandez-en un autre à la direction.")
    await forget(database, hashed, tries)
    return await open_session(database, keyring, school_id=row.school_id, staff_id=row.staff_id)


async def substitutes(session: AsyncSession, *, school_id: int, today: date) -> tuple[Substitute, ...]:
    """List who stands in, or did, the newest first, in two questions."""
    author = staff.alias("author")
    rows = (
        await session.execute(
            select(paper_code, staff.c.name, author.c.name.label("author"))
            .join(staff, and_(staff.c.school_id == school_id, staff.c.id == paper_code.c.staff_id))
            .join(author, and_(author.c.school_id == school_id, author.c.id == paper_code.c.made_by))
            .where(paper_code.c.school_id == school_id, staff.c.name != "")
            .order_by(paper_code.c.id.desc())
            .limit(50)
        )
    ).all()
    taught: dict[int, list[tuple[str, date]]] = {row.staff_id: [] for row in rows}
    rights = (
        select(staff_right.c.staff_id, staff_right.c.from_on, class_group.c.label)
        .join(class_group, and_(class_group.c.school_id == school_id, class_group.c.id == staff_right.c.class_id))
        .where(staff_right.c.school_id == school_id, staff_right.c.staff_id.in_(taught))
    )
    for right in await session.execute(rights):
        taught[right.staff_id].append((right.label, right.from_on))
    return tuple(
        Substitute(
            code_id=row.id,
            name=row.name,
            classes=tuple(sorted((label for label, _ in taught[row.staff_id]), key=class_order)),
            from_on=min((begun for _, begun in taught[row.staff_id]), default=today),
            until=row.ends_on,
            made_by=row.author,
            over=row.ended_at is not None or row.ends_on < today,
        )
        for row in rows
    )


async def end_now(session: AsyncSession, *, school_id: int, code_id: int, by: int, today: date, now: datetime) -> None:
    """End a replacement at once: the code, the rights and the open sessions. Raises NotFoundError."""
    mine = and_(paper_code.c.school_id == school_id, paper_code.c.id == code_id, paper_code.c.ended_at.is_(None))
    ended = await session.execute(update(paper_code).where(mine).values(ended_at=now).returning(paper_code.c.staff_id))
    staff_id = ended.scalar_one_or_none()
    if staff_id is None:
        raise NotFoundError("Ce remplacement est déjà fini.")
    theirs = and_(staff_right.c.school_id == school_id, staff_right.c.staff_id == staff_id)
    yesterday = today - timedelta(days=1)
    await session.execute(update(staff_right).where(theirs, holds_on(staff_right, today)).values(to_on=yesterday))
    sessions = and_(staff_session.c.school_id == school_id, staff_session.c.staff_id == staff_id)
    await session.execute(delete(staff_session).where(sessions))
    await note(session, school_id, by, "substitute_out", ("staff", staff_id), now)


async def _labels(session: AsyncSession, school_id: int, classes: Collection[int], today: date) -> dict[int, str]:
    """Read the names of these classes, as far as they are of this year and not closed."""
    rows = await session.execute(
        select(class_group.c.id, class_group.c.label)
        .join(school_year, and_(school_year.c.school_id == school_id, school_year.c.id == class_group.c.year_id))
        .where(
            class_group.c.school_id == school_id,
            class_group.c.id.in_(set(classes)),
            class_group.c.closed_on.is_(None),
            school_year.c.starts_on <= today,
            school_year.c.ends_on >= today,
        )
    )
    return {row.id: row.label for row in rows}


async def _person(session: AsyncSession, school_id: int, name: str) -> int:
    """Add somebody without a mailbox: nobody can sign in with one that does not exist."""
    nobody = {"email_sealed": b"", "email_hash": secrets.token_bytes(16)}
    made = insert(staff).values(school_id=school_id, name=name, **nobody).returning(staff.c.id)
    return int((await session.execute(made)).scalar_one())


def _hash(keyring: Keyring, code: str) -> bytes:
    return keyring.code_hash(f"paper:{code}")
