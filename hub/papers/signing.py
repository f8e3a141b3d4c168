"""Lu et signé: by an adult who decides for a child, on the family's page, behind a link, or on a sheet of paper."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.models.notices import Needs
from hub.notices.headlines import Reader
from hub.papers.signers import one, signers
from hub.people.noting import note
from hub.tables import document, insert_into, signature
from i18n.slots import N_

PAGE, LINK, PAPER = "page", "link", "paper"
"""How a signature came."""
WITHDRAWN = N_("L'école a retiré ce document : il n'y a plus rien à signer.")
NOT_YOURS = N_("Cette signature revient à un autre adulte : parlez-en avec l'école.")


async def sign(
    session: AsyncSession,
    *,
    school_id: int,
    document_id: int,
    guardian_id: int,
    pupils: Collection[int],
    through: str,
    day: date,
    now: datetime,
) -> int:
    """Sign for these pupils, as far as this adult decides for them today; twice changes nothing. Gives how many.

    Raises NotFoundError, InvalidError where nothing is to be signed any more, NotAllowedError where it is not this
    adult's to sign.
    """
    await _signable(session, school_id, document_id)
    who = _whose(school_id, document_id, guardian_id, pupils, day)
    return await _signed(session, school_id, document_id, who, through=through, by=None, now=now)


async def sign_on_paper(
    session: AsyncSession,
    *,
    school_id: int,
    document_id: int,
    guardian_id: int,
    pupils: Collection[int],
    reader: Reader,
    now: datetime,
) -> None:
    """Note what an adult signed on a sheet, for those of these pupils who are this reader's. Raises as `sign`."""
    await _signable(session, school_id, document_id)
    who = _whose(school_id, document_id, guardian_id, pupils, reader.day, reader=reader)
    await _signed(session, school_id, document_id, who, through=PAPER, by=reader.staff_id, now=now)
    await note(session, school_id, reader.staff_id, "signature_typed", ("document", document_id), now)


async def _signable(session: AsyncSession, school_id: int, document_id: int) -> None:
    mine = (document.c.school_id == school_id, document.c.id == document_id)
    asked = select(document.c.needs, document.c.withdrawn_at).where(*mine)
    row = (await session.execute(asked)).one_or_none()
    if row is None:
        raise NotFoundError("Ce document n’existe pas.")
    if row.withdrawn_at is not None or row.needs == Needs.NONE:
        raise InvalidError(WITHDRAWN)


def _whose(
    school_id: int,
    document_id: int,
    guardian_id: int,
    pupils: Collection[int],
    day: date,
    *,
    reader: Reader | None = None,
) -> Select[Any]:
    who = signers(school_id, day, one(school_id, document_id)).subquery("signers")
    chosen = (
        select(who.c.guardian_id, who.c.pupil_id)
        .where(who.c.guardian_id == guardian_id, who.c.pupil_id.in_(pupils))
        .distinct()
    )
    if reader is not None and not reader.rights.whole_school:
        chosen = chosen.where(who.c.class_id.in_(reader.rights.classes))
    return chosen


async def _signed(
    session: AsyncSession,
    school_id: int,
    document_id: int,
    who: Select[Any],
    *,
    through: str,
    by: int | None,
    now: datetime,
) -> int:
    rows = (await session.execute(who)).all()
    if not rows:
        raise NotAllowedError(NOT_YOURS)
    one = {"school_id": school_id, "document_id": document_id, "at": now, "through": through, "typed_by": by}
    kept = [{**one, "guardian_id": row.guardian_id, "pupil_id": row.pupil_id} for row in rows]
    await session.execute(insert_into(signature, session).on_conflict_do_nothing(), kept)
    return len(kept)
