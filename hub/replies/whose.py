"""A mail that bears no token: which copy it says that it answers, else which school it can only be for."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.database import Database
from hub.models.people import AddressState, Medium
from hub.outbox.rungs import LEFT
from hub.people.mailboxes import mailbox_key
from hub.ports import ChannelName
from hub.replies.questions import DAYS
from hub.sealing import Keyring
from hub.tables import address, attempt, copy, sender


def named_copy(keyring: Keyring, message_ids: Sequence[str]) -> int | None:
    """Give the copy that the first of these Message-IDs names which we made ourselves; a forged one names nothing.

    Without angle brackets, as `hub.letters.reading` gives them. What stands behind the @ is not looked at: it changes
    with the settings, the signature before it does not.
    """
    for one in message_ids:
        number = keyring.read_token("m", one.rpartition("@")[0])
        if number is not None:
            return number
    return None


async def school_of_copy(database: Database, copy_id: int) -> int | None:
    """Say which school a copy is of; None when it is gone."""
    async with database.engine_reading() as connection:
        found = await connection.execute(select(copy.c.school_id).where(copy.c.id == copy_id))
        return found.scalar_one_or_none()


async def writes_from(database: Database, mailbox: str) -> bool:
    """Say whether a school writes its mails from this mailbox."""
    async with database.engine_reading() as connection:
        return bool((await connection.execute(_mailers(mailbox))).all())


async def is_known(database: Database, keyring: Keyring, mailbox: str) -> bool:
    """Say whether some school writes to this mailbox."""
    async with database.engine_reading() as connection:
        return bool((await connection.execute(_holding(keyring, mailbox).limit(1))).all())


async def whose(database: Database, keyring: Keyring, *, recipient: str, author: str) -> tuple[int, int] | None:
    """Say which school a mail is for, and by which sender it comes in; None when more than one may be meant.

    The school that writes from the mailbox it was sent to; of several, the one that knows its author's address, or
    alone wrote there within a fortnight.
    """
    async with database.engine_reading() as connection:
        schools = {row.school_id: row.id for row in await connection.execute(_mailers(recipient))}
        if not schools:
            schools = {row.school_id: row.id for row in await connection.execute(_mailers())}
        found = set(schools)
        if len(found) > 1:
            found &= set((await connection.execute(_holding(keyring, author))).scalars())
        if len(found) > 1:
            found &= await _wrote_lately(connection, database, keyring, author)
    return next(((school_id, schools[school_id]) for school_id in found), None) if len(found) == 1 else None


async def _wrote_lately(connection: AsyncConnection, database: Database, keyring: Keyring, mailbox: str) -> set[int]:
    since = await database.now(connection) - timedelta(days=DAYS)
    wrote = (
        select(copy.c.school_id)
        .join(attempt, attempt.c.copy_id == copy.c.id)
        .join(address, address.c.id == copy.c.address_id)
        .where(
            address.c.lookup_hash == keyring.lookup(Medium.MAILBOX, mailbox_key(mailbox)),
            copy.c.channel == ChannelName.EMAIL,
            attempt.c.state.in_(LEFT),
            attempt.c.sending_at > since,
        )
    )
    return set((await connection.execute(wrote.distinct())).scalars())


def _mailers(mailbox: str | None = None) -> Select[tuple[int, int]]:
    """Select the schools that write mails, or write them from this mailbox, each with its first such sender."""
    mails = select(sender.c.school_id, func.min(sender.c.id).label("id")).where(sender.c.channel == ChannelName.EMAIL)
    if mailbox is not None:
        mails = mails.where(func.lower(sender.c.address) == mailbox.lower())
    return mails.group_by(sender.c.school_id)


def _holding(keyring: Keyring, mailbox: str) -> Select[tuple[int]]:
    """Select the schools that write to this mailbox; not those where a stranger answers from it."""
    return select(address.c.school_id).where(
        address.c.medium == Medium.MAILBOX,
        address.c.lookup_hash == keyring.lookup(Medium.MAILBOX, mailbox_key(mailbox)),
        address.c.state != AddressState.WRONG,
    )
