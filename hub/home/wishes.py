"""In which language and when one adult wants to be written to: set at the family's own page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError
from hub.models.home import How
from hub.people.noting import note
from hub.ports import NoticeKind
from hub.routing import USUAL
from hub.tables import guardian, insert_into, wish
from i18n.languages import LANGUAGES
from i18n.slots import N_


@dataclass(frozen=True, slots=True)
class Wishes:
    """How an adult wants to be written to: `how` by kind; quiet hours by the school's clock, or None."""

    language: str
    quiet_from: time | None
    quiet_to: time | None
    how: Mapping[NoticeKind, How]


async def wishes_of(session: AsyncSession, *, school_id: int, guardian_id: int) -> Wishes:
    """Read how an adult wants to be written to; what was never said is as usual."""
    asked = select(guardian.c.language, guardian.c.quiet_from, guardian.c.quiet_to)
    one = (await session.execute(asked.where(guardian.c.school_id == school_id, guardian.c.id == guardian_id))).one()
    said = select(wish.c.kind, wish.c.how).where(wish.c.school_id == school_id, wish.c.guardian_id == guardian_id)
    how = dict(USUAL) | {NoticeKind(row.kind): How(row.how) for row in await session.execute(said)}
    return Wishes(one.language, one.quiet_from, one.quiet_to, how)


async def set_wishes(session: AsyncSession, *, school_id: int, guardian_id: int, wishes: Wishes, now: datetime) -> None:
    """Keep in which language and when an adult wants to be written to. Raises InvalidError for an unknown language."""
    if wishes.language not in LANGUAGES:
        raise InvalidError(N_("Choisissez une langue de la liste."), field="language")
    if (wishes.quiet_from is None) != (wishes.quiet_to is None):
        raise InvalidError(N_("Donnez les deux heures, ou aucune."), field="quiet_from")
    if wishes.quiet_from is not None and wishes.quiet_to is not None and _long(wishes.quiet_from, wishes.quiet_to):
        raise InvalidError(N_("Laissez au moins huit heures par jour où l'école peut vous écrire."), field="quiet_from")
    here = (guardian.c.school_id == school_id, guardian.c.id == guardian_id)
    quiet = {"quiet_from": wishes.quiet_from, "quiet_to": wishes.quiet_to}
    await session.execute(update(guardian).where(*here).values(language=wishes.language, **quiet))
    rows = [
        {"school_id": school_id, "guardian_id": guardian_id, "kind": kind, "how": how}
        for kind, how in wishes.how.items()
    ]
    put = insert_into(wish, session)
    same = [wish.c.guardian_id, wish.c.kind, wish.c.school_id]
    await session.execute(put.on_conflict_do_update(index_elements=same, set_={"how": put.excluded.how}), rows)
    await note(session, school_id, None, "wishes_set", ("guardian", guardian_id), now)


def _long(begins: time, ends: time) -> bool:
    """Whether less than eight hours of the day are left; from an hour to the same hour is the whole day."""
    minutes = (ends.hour * 60 + ends.minute - begins.hour * 60 - begins.minute) % 1440 or 1440
    return minutes > 16 * 60
