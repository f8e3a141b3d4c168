"""Who signs a document on the page has read the notice that told of it: nobody calls for that."""

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models.answers import AnswerKind
from hub.models.base import BigId
from hub.replies.answers import answer
from hub.replies.links import HOME
from hub.tables import copy_delivery, delivery, document, notice_follow


async def read_with_it(
    session: AsyncSession, *, school_id: int, document_id: int, guardian_id: int, now: datetime
) -> None:
    """Note that this adult has read what was sent about a document, if anything was."""
    which = {"school": school_id, "document": document_id, "guardian": guardian_id}
    for copy_id in (await session.scalars(_copies(), which)).all():
        await answer(
            await session.connection(),
            school_id=school_id,
            copy_id=copy_id,
            kind=AnswerKind.ACKNOWLEDGED,
            guardian_id=guardian_id,
            through=HOME,
            now=now,
        )


@cache
def _copies() -> Select[Any]:
    """Ask for the newest copy of each notice about a document to an adult: parameters school, document, guardian."""
    again = and_(notice_follow.c.school_id == document.c.school_id, notice_follow.c.before_id == document.c.notice_id)
    about = or_(delivery.c.notice_id == document.c.notice_id, delivery.c.notice_id == notice_follow.c.notice_id)
    return (
        select(func.max(copy_delivery.c.copy_id))
        .select_from(document)
        .outerjoin(notice_follow, again)
        .join(delivery, and_(delivery.c.school_id == document.c.school_id, about))
        .join(
            copy_delivery,
            and_(copy_delivery.c.school_id == delivery.c.school_id, copy_delivery.c.delivery_id == delivery.c.id),
        )
        .where(
            document.c.school_id == bindparam("school", type_=BigId()),
            document.c.id == bindparam("document", type_=BigId()),
            delivery.c.guardian_id == bindparam("guardian", type_=BigId()),
        )
        .group_by(delivery.c.id)
    )
