"""How the office ends a matter of its tray: it says whose words these are, stops writing, or closes it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.errors import InvalidError, NotAllowedError, NotFoundError
from hub.notices.headlines import Reader
from hub.outbox.stopping import stop_writing
from hub.people.noting import note
from hub.people.schools import school_key
from hub.replies.keeping import DETAIL
from hub.replies.speakers import adults_at
from hub.replies.tying import tie
from hub.sealing import Keyring, UnreadableError
from hub.tables import reply, tray_item


def require(reader: Reader) -> None:
    """Let in the director and the office alone. Raises NotAllowedError."""
    if not reader.rights.whole_school:
        raise NotAllowedError("Le bac se règle à la direction et au secrétariat.")


async def show_address(session: AsyncSession, *, school_id: int, item_id: int, reader: Reader, now: datetime) -> None:
    """Write down that somebody reads the number or mailbox of a matter. Raises NotAllowedError, NotFoundError."""
    await _one(session, school_id, item_id, reader)
    await note(session, school_id, reader.staff_id, "read_number", ("tray_item", item_id), now)


async def close(session: AsyncSession, *, school_id: int, item_id: int, reader: Reader, now: datetime) -> None:
    """End a matter: it is settled, or not for us. Raises NotAllowedError, NotFoundError."""
    row = await _one(session, school_id, item_id, reader)
    await _end(session, school_id, reader, f"tray_{row.matter}", item_id, now)


async def say_who(
    session: AsyncSession,
    keyring: Keyring,
    *,
    school_id: int,
    item_id: int,
    guardian_id: int,
    reader: Reader,
    now: datetime,
) -> None:
    """Say which adult wrote: an unknown address becomes that adult's; of several who share one, the reply says who.

    Never one who is told about no pupil today. Raises InvalidError, NotAllowedError, NotFoundError.
    """
    row = await _one(session, school_id, item_id, reader)
    detail = await _detail(session, keyring, school_id, row)
    if detail.get("from"):
        await tie(
            session, keyring,
            school_id=school_id, tray_item_id=item_id, guardian_id=guardian_id, reader=reader, now=now,
        )  # fmt: skip
        return
    connection = await session.connection()
    using = (await adults_at(connection, school_id=school_id, addresses=[row.address_id], day=reader.day))[
        row.address_id
    ]
    if guardian_id not in {adult.guardian_id for adult in using}:
        raise InvalidError("Cet adulte n’utilise pas cette adresse, ou n’est prévenu d’aucun élève.", field="guardian")
    mine = (reply.c.school_id == school_id, reply.c.id == detail.get("reply"), reply.c.address_id == row.address_id)
    await session.execute(update(reply).where(*mine).values(guardian_id=guardian_id))
    await _end(session, school_id, reader, "sender_named", item_id, now)


async def stop_here(
    session: AsyncSession, keyring: Keyring, *, school_id: int, item_id: int, reader: Reader, now: datetime
) -> None:
    """Do as a mail wished that asked to be left alone: what it answered writes there no more, as after STOP.

    Raises InvalidError for what wished nothing of the kind, NotAllowedError, NotFoundError.
    """
    row = await _one(session, school_id, item_id, reader)
    detail = await _detail(session, keyring, school_id, row)
    asked = select(reply.c.sender_id).where(reply.c.school_id == school_id, reply.c.id == detail.get("reply"))
    sender_id = (await session.execute(asked)).scalar_one_or_none()
    if not detail.get("leaves") or sender_id is None or row.address_id is None:
        raise InvalidError("Ce message ne demande pas de ne plus écrire.")
    await stop_writing(
        await session.connection(), school_id=school_id, address_id=row.address_id, sender_id=sender_id, now=now
    )
    await _end(session, school_id, reader, "tray_stopped", item_id, now)


async def _one(session: AsyncSession, school_id: int, item_id: int, reader: Reader) -> Any:  # noqa: ANN401 (a row)
    """Read a matter that still waits, and keep it until the end of the transaction."""
    require(reader)
    asked = select(tray_item.c.matter, tray_item.c.address_id, tray_item.c.detail_sealed).where(
        tray_item.c.school_id == school_id, tray_item.c.id == item_id, tray_item.c.closed_at.is_(None)
    )
    row = (await session.execute(asked.with_for_update())).one_or_none()
    if row is None:
        raise NotFoundError("Ceci est déjà réglé.")
    return row


async def _detail(session: AsyncSession, keyring: Keyring, school_id: int, row: Any) -> Mapping[str, Any]:  # noqa: ANN401 (a row)
    """Open what was noted beside a matter. Raises InvalidError where there is nothing."""
    try:
        seal = await school_key(session, keyring, school_id)
        found: Mapping[str, Any] = orjson.loads(seal.open(row.detail_sealed or b"", DETAIL))
    except UnreadableError as error:
        raise InvalidError("On ne sait plus qui a écrit ceci.") from error
    return found


async def _end(session: AsyncSession, school_id: int, reader: Reader, act: str, item_id: int, now: datetime) -> None:
    """Close a matter, and write down by which act."""
    await session.execute(
        update(tray_item)
        .where(tray_item.c.school_id == school_id, tray_item.c.id == item_id)
        .values(closed_at=now, closed_by=reader.staff_id)
    )
    await note(session, school_id, reader.staff_id, act, ("tray_item", item_id), now)
