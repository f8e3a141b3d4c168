"""What a family wishes of our writing itself: to stop, to begin again, another language."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.models.people import AddressState
from hub.outbox.stopping import stop_writing
from hub.tables import address, attempt, copy, stop


async def stop_copy(connection: AsyncConnection, *, school_id: int, copy_id: int, now: datetime) -> bool:
    """Stop the sender of a copy from writing to its address; False when nothing ever left."""
    row = (
        await connection.execute(
            select(attempt.c.sender_id, copy.c.address_id)
            .join(copy, copy.c.id == attempt.c.copy_id)
            .where(attempt.c.school_id == school_id, attempt.c.copy_id == copy_id)
            .order_by(attempt.c.n.desc())
            .limit(1)
        )
    ).one_or_none()
    if row is None:
        return False
    await stop_writing(connection, school_id=school_id, address_id=row.address_id, sender_id=row.sender_id, now=now)
    return True


async def write_again(
    connection: AsyncConnection, *, school_id: int, address_id: int, sender_id: int, now: datetime
) -> bool:
    """Lift the stop of this sender: whoever stopped us, or seemed gone, has just spoken. False for a stranger's."""
    alive = await connection.execute(
        update(address)
        .where(address.c.school_id == school_id, address.c.id == address_id, address.c.state != AddressState.WRONG)
        .values(state=AddressState.ACTIVE, state_at=now, last_sign_of_life=now)
        .returning(address.c.id)
    )
    if alive.scalar_one_or_none() is None:
        return False
    await connection.execute(
        delete(stop).where(
            stop.c.school_id == school_id, stop.c.address_id == address_id, stop.c.sender_id == sender_id
        )
    )
    return True


async def write_in(connection: AsyncConnection, *, school_id: int, address_id: int, language: str) -> None:
    """Write to this address in another language from the next message on."""
    await connection.execute(
        update(address).where(address.c.school_id == school_id, address.c.id == address_id).values(language=language)
    )
