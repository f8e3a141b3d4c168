"""Ready answers: what a school says to families again and again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.notices.headlines import Reader
from hub.people.names import read_words
from hub.people.noting import note
from hub.tables import canned_answer, insert_into

MOST = 40
"""Ready answers of one school; with more, nobody finds the right one."""
LABEL_MAX, TEXT_MAX = 60, 1000


@dataclass(frozen=True, slots=True)
class Canned:
    """A ready answer; `label` is what its button says."""

    answer_id: int
    label: str
    text: str


async def canned_answers(session: AsyncSession, *, school_id: int) -> tuple[Canned, ...]:
    """List the ready answers of a school, by label."""
    asked = select(canned_answer.c.id, canned_answer.c.label, canned_answer.c.text)
    rows = await session.execute(asked.where(canned_answer.c.school_id == school_id).order_by(canned_answer.c.label))
    return tuple(Canned(row.id, row.label, row.text) for row in rows)


async def keep_canned(
    session: AsyncSession, *, school_id: int, label: str, text: str, reader: Reader, now: datetime
) -> None:
    """Keep a ready answer; one of the same label gets the new text. For the director and the office.

    Raises InvalidError, NotAllowedError.
    """
    _require(reader)
    name, words = read_words(label, what="le nom"), text.strip().replace("\r\n", "\n")
    if not name or len(name) > LABEL_MAX:
        raise InvalidError(f"Donnez-lui un nom, de {LABEL_MAX} caractères au plus.", field="label")
    if not words or len(words) > TEXT_MAX or "\x00" in words:
        raise InvalidError(f"Écrivez la réponse, en {TEXT_MAX} caractères au plus.", field="text")
    known = {one.label for one in await canned_answers(session, school_id=school_id)}
    if name not in known and len(known) >= MOST:
        raise InvalidError(f"Une école garde {MOST} réponses prêtes : enlevez-en une.", field="label")
    kept = insert_into(canned_answer, session).values(school_id=school_id, label=name, text=words)
    await session.execute(
        kept.on_conflict_do_update(index_elements=["label", "school_id"], set_={"text": kept.excluded.text})
    )
    await note(session, school_id, reader.staff_id, "canned_kept", ("canned_answer", None), now)


async def drop_canned(session: AsyncSession, *, school_id: int, answer_id: int, reader: Reader, now: datetime) -> None:
    """Take a ready answer away. For the director and the office. Raises NotAllowedError, NotFoundError."""
    _require(reader)
    mine = (canned_answer.c.school_id == school_id, canned_answer.c.id == answer_id)
    gone = await session.execute(delete(canned_answer).where(*mine).returning(canned_answer.c.id))
    if gone.scalar_one_or_none() is None:
        raise NotFoundError("Cette réponse n’est plus là.")
    await note(session, school_id, reader.staff_id, "canned_dropped", ("canned_answer", answer_id), now)


def _require(reader: Reader) -> None:
    if not reader.rights.whole_school:
        raise NotAllowedError("Seuls la direction et le secrétariat changent les réponses prêtes.")
